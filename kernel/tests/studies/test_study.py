"""Tests of `elixirml.studies.study`: a search keeps to its budget, its space and its examples, and comes to an end."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, Literal

import pytest
from attrs import evolve, frozen

import elixirml as ml
from elixirml.contracts import (
    Action,
    Candidate,
    Context,
    Evaluate,
    ModelRequest,
    ModelResponse,
    Proposal,
    Propose,
    Proposed,
    Ranked,
    Refused,
    Stop,
    StudyEvent,
    Told,
    Usage,
)
from elixirml.errors import ConfigError
from elixirml.studies.report import Verdict

PLAIN, CLEVER, DULL = "Be plain.", "Be clever.", "Be dull."


@frozen
class Text:
    text: str


@frozen
class Label:
    label: Literal["film", "book"]


# What a teleprompter is told


def test_a_teleprompter_is_told_the_race_and_nothing_of_the_confirmation(lab: Any) -> None:
    """It knows the space, the baseline, the race examples in their order, the calls of the search, and its options."""
    lab.optimize(budget=ml.Budget(calls=200), options={"depth": 3}, seed=4)
    (context,) = lab.steps.contexts

    assert len(context.examples) == len(set(context.examples)) == 55
    assert (context.training, context.calls, context.calls_per_example) == (20, 150, 1)
    assert context.options == {"depth": 3}
    assert context.baseline.origin == "baseline"
    assert context.space["reply.instruction"].kind == "text"


def test_a_pull_tells_all_outcomes_of_a_candidate_and_costs_only_the_new_ones(lab: Any) -> None:
    """Examples seen before are not run again, within a pull, between pulls, or by a candidate of the same values."""

    def again(context: Context, _: Sequence[StudyEvent]) -> Sequence[Action]:
        twin = evolve(lab.instructed(context, CLEVER), origin="twin")
        return [Evaluate(twin, (*context.examples[:8], *context.examples[:2], *context.examples[6:9]))]

    lab.optimize(lab.evaluate(CLEVER, upto=5), again)
    first, second = lab.steps.told

    assert isinstance(first, Told)
    assert isinstance(second, Told)
    assert [len(first.outcomes), len(second.outcomes)] == [5, 9]
    assert (first.calls, second.calls) == (5, 4)
    assert first.remaining - second.remaining == 4  # type: ignore[operator]
    assert [each.example for each in second.outcomes] == list(lab.steps.contexts[0].examples[:9])


def test_siblings_that_differ_only_in_how_a_reply_is_read_cost_nothing(lab: Any) -> None:
    """Calibration reads the same replies again: the second candidate is scored for no call."""

    def siblings(context: Context, _: Sequence[StudyEvent]) -> Sequence[Action]:
        return [
            Evaluate(
                lab.instructed(
                    context, CLEVER, reply__choice__decoding="likelihood", reply__choice__calibration=calibration
                ),
                context.examples[:20],
            )
            for calibration in ("none", "batch", "fitted")
        ]

    lab.optimize(siblings)

    assert [each.calls for each in lab.steps.told] == [20, 0, 0]
    means = [sum(one.score for one in each.outcomes) / 20 for each in lab.steps.told]
    assert means[1] > means[0]


# What is refused


def refused(lab: Any, step: Any, **settings: Any) -> str:
    lab.optimize(lab.evaluate(PLAIN, upto=5), step, **settings)
    last = lab.steps.told[-1]
    assert isinstance(last, Refused)
    return last.reason


def test_an_example_that_is_not_in_the_race_is_refused(lab: Any) -> None:
    """A teleprompter cannot reach for the confirmation or the training rows, not even by guessing ids."""
    hidden = {f"row-{at}" for at in range(100)}

    def guess(context: Context, _: Sequence[StudyEvent]) -> Sequence[Action]:
        unseen = sorted(hidden - set(context.examples))
        return [Evaluate(context.baseline, (*context.examples[:3], unseen[0]))]

    assert "no race example is called 'row-" in refused(lab, guess)
    assert len(lab.world.seen) == 5


def test_values_outside_the_space_are_refused(lab: Any) -> None:
    """Every candidate is checked before anything is spent on it."""

    def wild(context: Context, _: Sequence[StudyEvent]) -> Sequence[Action]:
        assignment = context.baseline.assignment.with_values({"reply.choice.layout": "sideways"})
        return [Evaluate(Candidate("wild", assignment, "test"), context.examples[:5])]

    assert "sideways" in refused(lab, wild)
    assert len(lab.world.seen) == 5


def test_a_variable_that_is_kept_as_declared_cannot_be_moved(lab: Any) -> None:
    """`freeze` is a promise to the user, whatever a teleprompter asks for."""
    reason = refused(lab, lab.evaluate(CLEVER, upto=5), freeze=["reply.instruction"])

    assert "reply.instruction: is frozen at" in reason


def test_what_is_no_action_is_told(lab: Any) -> None:
    """A teleprompter of a third party that returns something else is named as the one at fault."""
    with pytest.raises(ConfigError, match="'evaluate' is not an action of a teleprompter"):
        lab.optimize(lambda context, events: ["evaluate"])

    with lab.ledger() as ledger:
        assert ledger.studies()[0].status == "failed"


# Budgets


@pytest.mark.parametrize("calls", [1, 7, 8, 30, 61, 100])
@pytest.mark.parametrize("latency", [0.0, 0.002])
def test_the_calls_of_search_and_confirmation_together_are_never_passed(lab: Any, calls: int, latency: float) -> None:
    """Whatever is asked for, the model gets no more calls than allowed, and every one it gets is on the meter."""
    lab.latency = latency
    everything = [lab.evaluate(CLEVER, PLAIN, DULL)] * 3
    report = lab.optimize(lab.evaluate(PLAIN, upto=1), *everything, budget=ml.Budget(calls=calls))

    assert len(lab.model.requests) == report.usage.calls == report.search_calls + report.confirm_calls
    assert report.usage.calls <= calls


def test_the_confirmation_always_has_its_share(lab: Any) -> None:
    """A search that spends all it may leaves exactly the calls of the confirmation, and they are enough for it."""
    steps = [lab.evaluate(PLAIN, upto=20), lab.evaluate(CLEVER, upto=20), *[lab.evaluate(DULL, PLAIN, CLEVER)] * 4]
    report = lab.optimize(*steps, budget=ml.Budget(calls=100), seed=2)

    assert report.search_calls == 76
    assert report.confirm_calls == 24
    assert report.comparison is not None
    assert report.comparison.n == 12


@pytest.mark.parametrize("budget", [ml.Budget(tokens=400), ml.Budget(money=40.0)])
def test_limits_of_another_kind_leave_the_confirmation_its_share_too(lab: Any, budget: ml.Budget) -> None:
    """Tokens and money are shared as calls are: the search ends at three quarters, the rest judges what it can."""
    lab.model.script = lambda request: ModelResponse(
        lab.world(request), usage=Usage(calls=1, tokens_in=9, tokens_out=1, money=1.0)
    )
    steps = [lab.evaluate(PLAIN, upto=10), lab.evaluate(CLEVER, upto=15), lab.evaluate(DULL)]
    report = lab.optimize(*steps, budget=budget)

    assert 30 <= report.search_calls <= 30 + lab.model.concurrency
    assert report.search_calls < report.usage.calls <= 40 + lab.model.concurrency


def test_a_confirmation_that_runs_out_says_so_and_judges_what_it_saw(lab: Any) -> None:
    """Replies that are sent back cost more calls than planned: the examples that were finished still count."""
    sent_back: Counter[str] = Counter()

    class Strict(ml.Program[Text, Label]):
        """Sort the text."""

        reply = ml.predict(
            Label, model="scripted/m", adapter="choice", instruction=ml.variable(PLAIN, bank=[CLEVER, DULL])
        )

        @ml.ensure("think again", then="retry", attempts=2)
        def second(self, text: str, reply: Label) -> bool:
            sent_back[text] += 1
            return sent_back[text] % 2 == 0

    report = lab.optimize(
        lab.evaluate(PLAIN, CLEVER, upto=10), program=Strict, budget=ml.Budget(calls=70), data=lab.rows(60), seed=1
    )

    assert report.usage.calls == 70
    assert report.comparison is not None
    n = report.comparison.n
    assert 0 < n == report.baseline.n == report.tuned.n < 8
    assert report.notes[0] == f"The budget ended after {n} of the 8 examples kept for confirmation."


def test_a_refused_pull_leaves_no_half_scored_candidate(lab: Any) -> None:
    """What could not be paid for in full is not told at all; the next pull finds what was paid for."""
    lab.optimize(
        lab.evaluate(PLAIN, upto=20),
        lab.evaluate(CLEVER, upto=40),
        lab.evaluate(CLEVER, upto=10),
        budget=ml.Budget(calls=50),
    )
    told = lab.steps.told

    assert [type(each) for each in told] == [Told, Refused, Told]
    assert told[1].reason == "The budget of 38 calls is used up (38)."
    assert (told[2].calls, len(told[2].outcomes), told[2].remaining) == (0, 10, 0)


# Ends


class Endless:
    """A teleprompter that never stops, and asks for the same over and over."""

    def __init__(self, actions: Any) -> None:
        self.actions = actions

    def initialize(self, context: Context) -> Context:
        return context

    def optimize_step(self, state: Context, events: Sequence[StudyEvent], rng: Random) -> tuple[Context, Any]:
        return state, self.actions(state)

    def finalize(self, state: Context) -> Proposal:
        return Proposal((Ranked(state.baseline, 0.5, 0.1),))


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        (lambda context: [], "nothing more to try"),
        (lambda context: [Evaluate(context.baseline, context.examples[:4])], "nothing more to try"),
        (lambda context: [Evaluate(context.baseline, ("x",))], "nothing more can be tried: no race example is called"),
        (lambda context: [Stop("")], "the teleprompter is done"),
        (lambda context: [Stop("enough")], "enough"),
    ],
)
def test_a_search_that_brings_nothing_new_comes_to_an_end(lab: Any, actions: Any, reason: str) -> None:
    """A teleprompter that does nothing, repeats itself, or is refused again and again cannot run for ever."""
    lab.teleprompters["steps"] = Endless(actions)

    assert lab.optimize().stop.startswith(reason)


def test_a_search_at_its_limit_ends_with_the_limit_as_reason(lab: Any) -> None:
    """A teleprompter that does not notice that its calls are used up is stopped with the words of the budget."""
    names = itertools.cycle([CLEVER, DULL, PLAIN])
    lab.teleprompters["steps"] = Endless(
        lambda context: [Evaluate(lab.instructed(context, next(names)), context.examples)]
    )
    report = lab.optimize(budget=ml.Budget(calls=40))

    assert report.stop == "nothing more can be tried: The budget of 30 calls is used up (30)."


# Banks


def demos(source: str, *, variable: str = "reply.demos", n: int = 8) -> Any:
    return lambda context, events: [Propose(variable, source, n)]


def test_labelled_rows_become_demos_that_candidates_may_show(lab: Any) -> None:
    """The bank grows by training rows, at no call; a candidate with them is shown them."""

    def shown(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        (grown,) = events
        assert isinstance(grown, Proposed)
        assignment = context.baseline.assignment.with_values({"reply.demos": list(grown.entries[:3])})
        return [Evaluate(Candidate.of(grown.space, assignment, origin="demos"), context.examples[:2])]

    lab.optimize(demos("labelled"), shown)
    grown, told = lab.steps.told

    assert len(grown.entries) == 8
    assert told.calls == 2
    assert all(value["outputs"]["label"] in value["inputs"]["text"] for value in grown.values.values())
    request = lab.model.requests[0]
    assert all(grown.values[each]["inputs"]["text"] in lab.shown(request) for each in grown.entries[:3])


def test_bootstrapped_demos_are_what_the_program_did_where_it_was_right(lab: Any) -> None:
    """Runs on training rows are charged to the search once; wrong ones show nothing."""
    lab.optimize(demos("bootstrapped", n=50), demos("bootstrapped", n=50))
    grown, again = lab.steps.told

    assert 0 < len(grown.entries) < 20
    assert all(value["outputs"]["label"] in value["inputs"]["text"] for value in grown.values.values())
    assert isinstance(again, Refused)
    assert again.reason == "there is nothing new for the bank of `reply.demos`"
    assert len(lab.model.requests) == 20


class Stages(ml.Program[Text, Label]):
    """Look, then sort."""

    look = ml.predict("text -> clue: str", model="scripted/m", adapter="json")

    @ml.stage
    def clue(self, look: Any) -> str:
        return look.clue

    sort = ml.predict("clue -> label: Literal['film', 'book']", model="scripted/m", adapter="json")


def stages(request: ModelRequest) -> str:
    """Reply as both stages; every third text is misread."""
    kind, number = re.findall(r"(film|book)-(\d+)", "".join(each.content for each in request.messages))[-1]
    other = {"film": "book", "book": "film"}
    return f'{{"clue": "{kind}-{number}", "label": "{other[kind] if int(number) % 3 == 0 else kind}"}}'


def test_every_stage_of_a_program_bootstraps_and_the_runs_are_paid_for_once(lab: Any) -> None:
    """Stages in the middle, for which there are no labels, learn from runs whose end was right."""
    lab.model.script = stages
    report = lab.optimize(
        demos("bootstrapped", variable="look.demos"), demos("bootstrapped", variable="sort.demos"), program=Stages
    )
    look, sort = lab.steps.told

    assert lab.steps.contexts[0].calls_per_example == 2
    assert [set(value["outputs"]) for value in look.values.values()] == [{"clue"}] * len(look.entries)
    assert [set(value["outputs"]) for value in sort.values.values()] == [{"label"}] * len(sort.entries)
    assert all(int(value["inputs"]["text"].split("-")[1]) % 3 for value in look.values.values())
    assert len(lab.model.requests) == report.search_calls == 40


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (demos("dreamt"), "`dreamt` is no source of demos. Known here: bootstrapped, labelled."),
        (demos("labelled", variable="reply.demo"), "`reply.demo` holds no demos."),
        (demos("labelled", n=0), "there is nothing new for the bank of `reply.demos`"),
    ],
)
def test_a_proposal_that_cannot_be_carried_out_is_refused(lab: Any, step: Any, reason: str) -> None:
    """A source, a variable or a number that leads nowhere is told, and nothing is spent."""
    lab.optimize(step)
    (told,) = lab.steps.told

    assert isinstance(told, Refused)
    assert told.reason == reason
    assert lab.world.seen == []


@pytest.mark.parametrize("reply", ["never a label", "wrong"])
def test_where_no_run_is_right_there_is_nothing_to_learn_from(lab: Any, reply: str) -> None:
    """Runs that all fail, or are all wrong, make no demos: the proposal is refused and the study goes on."""
    other = {"film": "book", "book": "film"}
    lab.model.script = lambda request: reply if reply != "wrong" else other[lab.asked(request).partition("-")[0]]
    report = lab.optimize(demos("bootstrapped"), lab.evaluate(PLAIN, upto=3))

    assert isinstance(lab.steps.told[0], Refused)
    assert isinstance(lab.steps.told[1], Told)
    assert report.verdict is Verdict.BASELINE_KEPT


def test_runs_for_demos_that_cannot_be_paid_for_are_refused(lab: Any) -> None:
    """Bootstrapping is part of the search and of its budget."""
    report = lab.optimize(demos("bootstrapped"), budget=ml.Budget(calls=12))

    assert isinstance(lab.steps.told[0], Refused)
    assert "used up" in lab.steps.told[0].reason
    assert report.usage.calls <= 12


def test_where_less_is_better_the_runs_with_the_lowest_scores_are_good(lab: Any) -> None:
    """Demos come of runs without errors when errors are counted."""
    lab.optimize(demos("bootstrapped", n=50), metric="errors")
    (grown,) = lab.steps.told

    assert all(value["outputs"]["label"] in value["inputs"]["text"] for value in grown.values.values())
