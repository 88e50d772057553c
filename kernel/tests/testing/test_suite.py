"""What all suites share: rules are found, tried and told of, with or without a test framework."""

import subprocess
import sys

import anyio
import pytest

from elixirml.errors import ConfigError
from elixirml.testing.conformance import SUITES, Conformance, NotApplicable, Outcome, Status, checked, expect, kind_of
from elixirml.testing.conformance.suite import leaving_nothing, promise_of, rules_of
from elixirml.testing.conformance.suites import suite_class

NAMES = sorted(SUITES)


class Counts(Conformance[int]):
    """A suite of numbers."""

    patience = 0.1

    def test_it_is_even(self) -> None:
        """The number is even.

        More words that are not the promise.
        """
        expect(self.subject() % 2 == 0, "Choose an even number.")

    def test_it_is_small(self) -> None:
        """The number is small."""
        if self.subject() < 0:
            raise NotApplicable("It is negative.")
        expect(self.subject() < 10, "Choose a small number.")

    def test_it_ends(self) -> None:
        """Nothing hangs on it."""

        async def check() -> None:
            await anyio.sleep(60 if self.subject() == 60 else 0)

        self.on_every_loop(check)


def of(number: int) -> type[Counts]:
    return type("Of", (Counts,), {"subject": lambda _: number})


def test_rules_are_found_in_order_with_their_promise() -> None:
    """Rules are the methods named `test_`, in the order in which they are written, inherited ones first."""
    assert rules_of(of(2)) == ("test_it_is_even", "test_it_is_small", "test_it_ends")
    assert promise_of(Counts, "test_it_is_even") == "The number is even."


def test_outcomes_tell_what_to_do() -> None:
    """Each rule has passed, failed with a message, or was skipped with a reason."""
    assert [each.status for each in checked(of(2))] == [Status.PASSED] * 3
    assert checked(of(-1)) == (
        Outcome("test_it_is_even", "The number is even.", Status.FAILED, "Choose an even number."),
        Outcome("test_it_is_small", "The number is small.", Status.SKIPPED, "It is negative."),
        Outcome("test_it_ends", "Nothing hangs on it.", Status.PASSED),
    )


def test_what_hangs_has_failed() -> None:
    """Patience ends, and the author is told."""
    [found] = checked(of(60), rules=["test_it_ends"])
    assert found.status is Status.FAILED
    assert "0.1 seconds" in found.message


def test_a_suite_without_a_subject_says_so() -> None:
    """Whoever forgets `subject` is told what is missing."""
    found = checked(Counts)
    assert all("let `subject` return" in each.message for each in found)


def test_what_is_left_running_is_told() -> None:
    """A task that outlives a block is found, and one that ends in time is not."""

    async def check(seconds: float) -> None:
        async with anyio.create_task_group() as group:
            async with leaving_nothing("The block"):
                group.start_soon(anyio.sleep, seconds)
            group.cancel_scope.cancel()

    anyio.run(check, 0.05)
    with pytest.raises(ExceptionGroup) as caught:
        anyio.run(check, 60.0)
    assert caught.group_contains(AssertionError, match="The block left something running")


@pytest.mark.parametrize("kind", NAMES)
def test_every_rule_says_what_it_promises(kind: str) -> None:
    """Each rule has one line for people, and every suite has rules."""
    suite = suite_class(kind)
    promises = [promise_of(suite, rule) for rule in rules_of(suite)]
    assert len(promises) >= 6
    assert all(each.endswith(".") and len(each) > 15 for each in promises)
    assert len(set(promises)) == len(promises)


@pytest.mark.parametrize(
    ("word", "kind"), [("adapter", "adapters"), ("language-model", "language_models"), ("Metrics", "metrics")]
)
def test_kinds_are_named_as_people_do(word: str, kind: str) -> None:
    """One or many, with a dash or without."""
    assert kind_of(word) == kind


def test_an_unknown_kind_is_told_with_the_nearest() -> None:
    """A typing mistake is answered with what was meant."""
    with pytest.raises(ConfigError, match="Did you mean `adapter`"):
        kind_of("adaptor")


@pytest.mark.parametrize("module", ["pytest", "hypothesis"])
def test_suites_need_no_test_framework(module: str) -> None:
    """The kernel does not require what tests are run with: every suite is imported, and one is used, without it."""
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from elixirml.testing.conformance import SUITES, checked\n"
        "from elixirml.testing.conformance.suites import suite_class, suite_of\n"
        "from elixirml.testing.conformance.junk import for_all_texts\n"
        "from elixirml.testing.conformance.predictor import PlainAdapter\n"
        "for kind in SUITES: suite_class(kind)\n"
        "texts = []; for_all_texts(texts.append, good='good'); assert len(texts) > 100\n"
        "print([each.name for each in checked(suite_of('adapters', PlainAdapter)) if each.status == 'failed'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "test_junk_is_a_parse_error" not in done.stdout
