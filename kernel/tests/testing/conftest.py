"""What the tests of suites share: who fails what."""

from collections.abc import Mapping
from typing import Any

import pytest

from elixirml.testing.conformance import Conformance, Status, checked
from elixirml.testing.conformance.suite import rules_of

Suite = type[Conformance[Any]]


class Judge:
    """Goes through suites, and says what their subjects keep and break."""

    def failing(self, suite: Suite) -> dict[str, str]:
        """Return the rules a subject fails, each with what its author is told."""
        return {each.name: each.message for each in checked(suite) if each.status is Status.FAILED}

    def passes(self, suite: Suite) -> None:
        """Expect that every rule was tried and kept."""
        left = {each.name: each.message for each in checked(suite) if each.status is not Status.PASSED}
        assert left == {}

    def fails_alone(self, suite: Suite, rule: str) -> None:
        """Expect that one rule is broken, that no other is, and that the author is told what to do."""
        found = self.failing(suite)
        assert set(found) == {rule}, found
        assert len(found[rule].split()) > 3

    def is_complete(self, wrong: Mapping[str, Suite], suite: Suite) -> None:
        """Expect that there is somebody who breaks each rule."""
        assert set(wrong) == set(rules_of(suite))


@pytest.fixture
def judge() -> Judge:
    return Judge()
