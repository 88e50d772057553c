"""What fuzzing begins with, and what it has found before."""

import pytest
from tests.fuzz.parsers import PARSERS, answered, seeds


@pytest.mark.parametrize("name", PARSERS)
def test_every_parser_answers_the_replies_of_every_table(name: str) -> None:
    """Whatever format a reply is of, each parser gives a value or a `ParseFailure`."""
    for seed in seeds():
        answered(name, seed)
