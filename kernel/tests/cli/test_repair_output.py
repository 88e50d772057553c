"""What the command line says of replies that cannot be read, and of formats that ask twice."""

import pytest

PROGRAM = '''
"""A program of two fields."""

from attrs import frozen

import elixirml as ml


@frozen
class Text:
    text: str


@frozen
class Topic:
    topic: str
    words: int


class Describe(ml.Program[Text, Topic]):
    """What is the text about?"""

    reply = ml.predict(Topic, model="scripted/m", adapter="json")
'''
ODD = """'{"topic": "film", "words": "2 words"}'"""


@pytest.fixture
def describing(project):
    """A project whose model writes a unit after its number."""
    provider = project.site / "planted_provider.py"
    provider.write_text(provider.read_text().replace("    return answer", f"    return {ODD}"))
    project.write("describe.py", PROGRAM)
    project.write("rows.jsonl", '{"text": "a movie", "topic": "film", "words": 2}\n')
    return project


def test_run_says_what_was_repaired(describing) -> None:
    """A note for people, a record for machines."""
    run = ("run", "describe.py", "--input", "question.json", "--set", "reply.repair=local")
    said = describing.say(*run)

    assert (said.code, said.out) == (0, "topic: film\nwords: 2\n")
    assert "note: reply: a reply was refused (wrong_type: " in said.err
    (repair,) = describing.say(*run, "--json").json["trace"]["repairs"]
    assert repair.pop("message")
    assert repair == {
        "stage": "reply",
        "policy": "local",
        "failure": "wrong_type",
        "path": ["words"],
        "changes": ["`words`: 2 was taken from '2 words'"],
        "succeeded": True,
    }


def test_evaluate_counts_repaired_replies(describing) -> None:
    """In a line, where there are any, and always in JSON."""
    evaluate = ("evaluate", "describe.py", "--data", "rows.jsonl")

    assert "1 reply repaired" in describing.say(*evaluate, "--set", "reply.repair=local").out
    assert "repaired" not in describing.say(*evaluate).out
    assert describing.say(*evaluate, "--json").json["repaired"] == 0


def test_show_says_that_a_second_request_follows(describing) -> None:
    """The first is shown; the second is made of a reply that nobody has yet."""
    show = ("show", "describe.py", "--input", "question.json")
    twice = PROGRAM.replace('adapter="json"', 'adapter="two_step"')

    assert "second request" not in describing.say(*show).out
    describing.write("twice.py", twice)
    said = describing.say("show", "twice.py", "--input", "question.json").out
    assert "answer in plain words" in said
    assert said.endswith("[then]\na second request, made of the reply\n")
