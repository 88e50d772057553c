"""Tests of `elixirml.studies.optimization`: an honest verdict, the same for the same seed, and nothing lost."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import elixirml as ml
from elixirml.contracts import Action, Context, Evaluate, ModelRequest, Proposal, Propose, StudyEvent
from elixirml.errors import ConfigError, DeclarationError, ModelError, StateError
from elixirml.programs.state import read_saved
from elixirml.studies.report import Verdict
from elixirml.studies.splitting import split

PLAIN, CLEVER, DULL = "Be plain.", "Be clever.", "Be dull."


def instruction(report: Any) -> str:
    """The instruction of the program a study ends with."""
    return str(report.best.banks["reply.instruction"][report.best.assignment["reply.instruction"]].value)


def told(report: Any) -> dict[str, Any]:
    """A report's JSON without what differs from run to run: the study's id, the time, and what was reused."""
    data = json.loads(json.dumps(report.to_json()))
    data["usage"] = {name: data["usage"][name] for name in ("calls", "search_calls", "confirm_calls", "tokens_in")}
    data["best"].pop("about")
    return {name: value for name, value in data.items() if name not in {"study", "seconds"}}


def race(lab: Any) -> list[Any]:
    """Steps that race three instructions."""
    return [lab.evaluate(PLAIN, CLEVER, DULL, upto=10), lab.evaluate(PLAIN, CLEVER, upto=30)]


# Verdicts


def test_a_better_candidate_is_confirmed_on_examples_nobody_has_seen(lab: Any) -> None:
    """A large true difference wins: the tuned program is the result, with the paired test that says so."""
    report = lab.optimize(*race(lab), data=lab.rows(150))

    assert report.verdict is Verdict.CONFIRMED
    assert instruction(report) == CLEVER
    assert report.comparison is not None
    assert report.comparison.p_value < 0.05
    assert report.comparison.wins > report.comparison.losses
    assert report.tuned.mean > report.baseline.mean
    assert report.tuned.n == report.baseline.n == report.comparison.n == 60
    assert report.notes == ()
    assert report.best.about["score"] == report.tuned.mean


def test_the_confirmed_program_is_saved_and_does_as_it_did(lab: Any, tmp_path: Path) -> None:
    """What is saved is what was confirmed: the loaded program shows the winning instruction."""
    report = lab.optimize(*race(lab), data=lab.rows(150)).save(tmp_path / "best.json")
    loaded = ml.load(tmp_path / "best.json", lab.Sorter)
    with ml.BlockingKernel(lab.kernel()) as door:
        door.run(loaded, {"text": "film-9999"})

    assert read_saved(tmp_path / "best.json") == report.best
    assert CLEVER in lab.shown(lab.model.requests[-1])


def test_no_difference_is_not_confirmed(lab: Any) -> None:
    """Instructions that are equally good, over many seeds: luck alone is (nearly) never sold as a gain."""
    lab.world.chances = {}
    verdicts = [lab.optimize(*race(lab), seed=seed, budget=ml.Budget(calls=200)).verdict for seed in range(12)]

    assert verdicts.count(Verdict.CONFIRMED) <= 2
    assert set(verdicts) <= set(Verdict)


def test_an_unconfirmed_finalist_is_told_and_the_declared_program_kept(lab: Any) -> None:
    """A difference too small to show: the scores are both told, and what is returned is the program as declared."""
    lab.world.chances = {PLAIN: 0.5, CLEVER: 0.58, DULL: 0.2}
    report = next(
        found
        for found in (lab.optimize(*race(lab), seed=seed) for seed in range(20))
        if found.verdict is Verdict.UNCONFIRMED
    )

    assert instruction(report) == PLAIN
    assert report.comparison is not None
    assert report.comparison.p_value >= 0.05
    assert report.notes[0].startswith(
        f"The finalist was not confirmed (p = {report.comparison.p_value:.3g} on 35 unseen"
    )
    assert report.best.about["score"] == report.baseline.mean


def test_a_baseline_that_is_best_is_kept_without_a_confirmation(lab: Any) -> None:
    """When nothing better is found, no confirmation example is opened, and the report says so."""
    lab.world.chances = {PLAIN: 0.95, CLEVER: 0.5, DULL: 0.2}
    report = lab.optimize(*race(lab))

    assert report.verdict is Verdict.BASELINE_KEPT
    assert instruction(report) == PLAIN
    assert (report.comparison, report.confirm_calls) == (None, 0)
    assert report.baseline == report.tuned
    assert report.baseline.n == 30
    assert "Tuning is unlikely to pay here" in report.notes[0]


def test_with_few_examples_nothing_is_confirmed(lab: Any) -> None:
    """Under 40 examples none are set aside: the finalist is named, its scores are called flattering."""
    report = lab.optimize(*race(lab), data=lab.rows(30))

    assert report.verdict is Verdict.UNCONFIRMED
    assert instruction(report) == PLAIN
    assert (report.comparison, report.confirm_calls) == (None, 0)
    assert report.tuned.mean > report.baseline.mean
    assert "none are kept for confirmation" in report.notes[0]


def test_calls_too_few_for_a_confirmation_confirm_nothing(lab: Any) -> None:
    """A budget of a handful of calls can show nothing, and says so."""
    lab.world.chances = {PLAIN: 0.0, CLEVER: 1.0}
    report = lab.optimize(lab.evaluate(PLAIN, CLEVER, upto=3), budget=ml.Budget(calls=7), seed=2)

    assert (report.verdict, report.comparison) == (Verdict.UNCONFIRMED, None)
    assert report.usage.calls <= 7


def test_a_search_that_scored_nothing_says_why(lab: Any) -> None:
    """When not even the baseline could be scored, the report does not pretend that it was judged."""
    report = lab.optimize(lab.evaluate(PLAIN), budget=ml.Budget(calls=8))

    assert report.verdict is Verdict.BASELINE_KEPT
    assert report.baseline.n == 0
    assert report.notes[0].startswith("The program as declared could not be scored")


def test_metrics_where_less_is_better_are_minimized(lab: Any) -> None:
    """Fewer errors win: ranking, test, interval and verdict all know the direction."""
    report = lab.optimize(*race(lab), data=lab.rows(150), metric="errors")

    assert report.verdict is Verdict.CONFIRMED
    assert instruction(report) == CLEVER
    assert report.tuned.mean < report.baseline.mean
    assert report.comparison is not None
    assert report.comparison.difference < 0
    assert report.comparison.wins > report.comparison.losses


def test_a_worse_finalist_is_never_confirmed(lab: Any) -> None:
    """A teleprompter that ranks the worst first gets nowhere: the test is one-sided."""

    class Wrong(lab.Steps):  # type: ignore[name-defined,misc]
        def finalize(self, state: Any) -> Proposal:
            return Proposal(tuple(reversed(super().finalize(state).ranking)))

    for metric in ("exact_match", "errors"):
        lab.teleprompters["steps"] = Wrong(*race(lab))
        report = lab.optimize(data=lab.rows(150), metric=metric)
        assert report.verdict is Verdict.UNCONFIRMED
        assert instruction(report) == PLAIN


def test_a_ranking_of_strangers_keeps_the_baseline(lab: Any) -> None:
    """Candidates that were never scored, or scored on nothing, cannot win."""

    def on_nothing(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        return [Evaluate(lab.instructed(context, CLEVER), ()), Evaluate(context.baseline, context.examples[:5])]

    class Stranger(lab.Steps):  # type: ignore[name-defined,misc]
        def finalize(self, state: Any) -> Proposal:
            ranking = super().finalize(state).ranking
            return Proposal(tuple(each for each in ranking if each.candidate.origin == "test"))

    lab.teleprompters["steps"] = Stranger(on_nothing)
    report = lab.optimize()

    assert report.verdict is Verdict.BASELINE_KEPT
    assert [each.origin for each in report.candidates] == ["baseline"]
    assert report.baseline.n == 5


# What nobody may see


@pytest.mark.parametrize("teleprompter", ["auto", "random_search", "bootstrap_fewshot", "steps"])
def test_confirmation_examples_are_seen_by_nothing_but_the_confirmation(lab: Any, teleprompter: str) -> None:
    """No search, demo or fit ever shows the model a confirmation example: the split is recomputed and compared."""
    data = lab.rows(60)
    examples = [ml.Example(each["id"], {"text": each["text"]}, {"label": each["label"]}) for each in data]
    parts = split(examples, seed=5, most_confirmation=15)
    hidden = {each.inputs["text"] for each in parts.confirm}

    def grow(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        return [Propose("reply.demos", source, 99) for source in ("labelled", "bootstrapped")]

    lab.teleprompters["steps"] = lab.Steps(grow, *race(lab))
    report = lab.optimize(
        data=data, teleprompter=teleprompter, budget=ml.Budget(calls=120), seed=5, free=["reply.choice.decoding"]
    )
    search, confirmation = lab.model.requests[: report.search_calls], lab.model.requests[report.search_calls :]

    assert len(hidden) == 15
    assert len(search) > 30
    assert not [text for text in hidden for request in search if text in lab.shown(request)]
    assert {lab.asked(each) for each in confirmation} <= hidden
    assert len(confirmation) == report.confirm_calls


# The same again


@pytest.mark.parametrize("teleprompter", ["steps", "auto", "random_search"])
def test_equal_seeds_find_the_same_winner_with_the_same_calls(lab: Any, tmp_path: Path, teleprompter: str) -> None:
    """Everything but the clock is the same in two runs of one seed, in folders of their own."""
    lab.teleprompters["steps"] = lab.Steps(*race(lab))
    settings = {"teleprompter": teleprompter, "budget": ml.Budget(calls=160), "seed": 3}
    first, asked = lab.optimize(**settings), len(lab.model.requests)
    lab.home = tmp_path / "other"
    second = lab.optimize(**settings)

    assert told(first) == told(second)
    assert len(lab.model.requests) == 2 * asked


def test_another_seed_draws_other_examples(lab: Any) -> None:
    """Seeds are not decoration: they change what is raced on, and may change the winner."""
    lab.optimize(*race(lab), seed=0)
    first, lab.world.seen = set(lab.world.seen), []
    lab.optimize(*race(lab), seed=1)

    assert first != set(lab.world.seen)


def test_the_winner_does_not_depend_on_how_fast_replies_come(lab: Any, tmp_path: Path) -> None:
    """One at a time or many at once, at once or late: the same decisions."""
    settings = {"teleprompter": "auto", "budget": ml.Budget(calls=120), "seed": 1, "data": lab.rows(60)}
    first = lab.optimize(**settings)
    lab.home, lab.latency, lab.model.concurrency = tmp_path / "other", 0.001, 3

    assert told(lab.optimize(**settings)) == told(first)


# Resuming


def test_a_finished_study_resumed_is_told_again_for_nothing(lab: Any) -> None:
    """Resume of what is done asks no model and tells the same, with every call marked as reused."""
    first = lab.optimize(*race(lab), seed=2)
    asked = len(lab.model.requests)
    again = lab.optimize(*race(lab), seed=2, resume=True)

    assert told(again) == told(first)
    assert again.study == first.study
    assert len(lab.model.requests) == asked
    assert again.reused_calls == first.usage.calls
    assert first.reused_calls == 0


@pytest.mark.parametrize("after", [1, 9, 33, 61, 75])
def test_an_outage_ends_the_study_as_failed_and_resuming_goes_on(lab: Any, tmp_path: Path, after: int) -> None:
    """The model goes away in the search or the confirmation: the resumed study ends as if nothing had been."""
    whole = lab.optimize(*race(lab), seed=2, data=lab.rows(60), budget=ml.Budget(calls=120))
    total, world = len(lab.model.requests), lab.world
    lab.home, lab.model.requests = tmp_path / "other", []

    def away(request: ModelRequest) -> str:
        if len(lab.model.requests) > after:
            raise ModelError("the server is away")
        return world(request)

    lab.model.script = away
    settings = {"seed": 2, "data": lab.rows(60), "budget": ml.Budget(calls=120)}
    with pytest.raises(ModelError, match="the server is away") as caught:
        lab.optimize(*race(lab), **settings)
    with lab.ledger() as ledger:
        (entry,) = ledger.studies()
    lab.model.script, lab.model.requests = world, []
    resumed = lab.optimize(*race(lab), resume=True, **settings)

    assert entry.status == "failed"
    assert entry.seconds > 0
    assert caught.value.hint == "Nothing scored is lost: run the same command with --resume."
    assert told(resumed) == told(whole)
    assert len(lab.model.requests) == total - resumed.reused_calls
    assert resumed.reused_calls == after
    with lab.ledger() as ledger:
        assert [each.status for each in ledger.studies()] == ["done"]


def test_an_outage_keeps_the_hint_of_its_own(lab: Any) -> None:
    """A model that says what to do is not talked over."""

    def away(request: ModelRequest) -> str:
        raise ModelError("no model", hint="elixirml models get m")

    lab.model.script = away
    with pytest.raises(ModelError) as caught:
        lab.optimize(*race(lab))

    assert caught.value.hint == "elixirml models get m"


def test_a_fault_in_a_teleprompter_ends_the_study_as_failed(lab: Any) -> None:
    """Whatever is raised, the ledger does not go on calling the study running."""

    def broken(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lab.optimize(broken)

    with lab.ledger() as ledger:
        assert ledger.studies()[0].status == "failed"


def test_a_ledger_that_breaks_in_the_study_is_told_once(lab: Any) -> None:
    """A disk that is full is told as what it is, not hidden by the failure to write down the failure."""

    def full(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        import sqlite3

        other = sqlite3.connect(lab.home / "ledger.sqlite3", isolation_level=None)
        other.execute("CREATE TRIGGER full BEFORE INSERT ON rows BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        other.execute("CREATE TRIGGER full2 BEFORE UPDATE ON studies BEGIN SELECT RAISE(ABORT, 'full, too'); END")
        other.close()
        return lab.evaluate(PLAIN, upto=3)(context, events)

    with pytest.raises(StateError, match="cannot be written: disk is full") as caught:
        lab.optimize(full)

    assert caught.value.hint
    assert "--resume" in caught.value.hint


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"metric": "errors"},
        {"budget": ml.Budget(calls=99)},
        {"options": {"a": 1}},
        {"freeze": ["reply.choice.*"]},
        {"teleprompter": "random_search"},
        {"data": "fewer"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_question_is_not_resumed(lab: Any, change: dict[str, Any]) -> None:
    """A study answers one question: with anything else changed there is nothing to go on with, and the hint says so."""
    lab.optimize(*race(lab), data=lab.rows(40))
    settings = {"data": lab.rows(40), **change}
    if change.get("data"):
        settings["data"] = lab.rows(41)

    with pytest.raises(ConfigError, match="There is no study of this question to resume") as caught:
        lab.optimize(*race(lab), resume=True, **settings)
    assert caught.value.hint
    assert "plugins must be the same" in caught.value.hint


def test_without_resume_a_study_is_a_new_one(lab: Any) -> None:
    """Asking again without `resume` measures again, under another id."""
    first = lab.optimize(*race(lab), data=lab.rows(40))
    asked = len(lab.model.requests)
    second = lab.optimize(*race(lab), data=lab.rows(40))

    assert first.study != second.study
    assert len(lab.model.requests) == 2 * asked
    with lab.ledger() as ledger:
        assert [each.id for each in ledger.studies()] == [second.study, first.study]


# What is refused before any call


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"data": 9}, ConfigError, "9 examples are too few to tune on"),
        ({"free": ["reply.temprature"]}, DeclarationError, "fits no variable"),
        ({"freeze": ["nothing.*"]}, DeclarationError, "fits no variable"),
        ({"metric": "exactmatch"}, LookupError, "exact_match"),
        ({"teleprompter": "autoo"}, LookupError, "auto"),
    ],
)
def test_a_wrong_setting_is_told_before_any_call(
    lab: Any, settings: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Nothing is spent on a question that makes no sense."""
    settings = {**settings, "data": lab.rows(settings.get("data", 50))}
    with pytest.raises(error, match=words):
        lab.optimize(*race(lab), **settings)

    assert lab.model.requests == []


# What a report tells


def test_a_report_tells_of_every_candidate_and_the_variable_that_mattered(lab: Any) -> None:
    """Candidates with their values and raw means, effects with the instruction first, all calls accounted for."""

    def grid(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        return [
            Evaluate(lab.instructed(context, each, reply__choice__decoding=decoding), context.examples[:20])
            for each in (PLAIN, CLEVER, DULL)
            for decoding in ("grammar", "free")
        ]

    report = lab.optimize(grid)
    by_id = {each.id: each for each in report.candidates}

    assert len(by_id) == 6
    assert all(each.n == 20 for each in report.candidates)
    assert [each.values for each in report.candidates if each.values == {}] == [{}]
    assert (report.effects[0].variable, report.effects[0].best) == ("reply.instruction", CLEVER)
    assert report.search_calls == max(each.calls for each in report.candidates)
    assert report.stop == "the steps are done"
    with lab.ledger() as ledger:
        assert ledger.studies()[0].result == json.loads(json.dumps(report.to_json()))


def test_observers_follow_a_study(lab: Any) -> None:
    """Start, phases, trials, banks and end are told as they happen, with the calls spent so far."""
    kernel, seen = lab.kernel(), []

    class Watch:
        def notify(self, event: Any) -> None:
            seen.append((event.name, dict(event.data)))

    kernel.events.add(Watch())
    kernel.plugins.registry.offer(
        "teleprompters", "steps", lab.Steps(lambda *_: [Propose("reply.demos", "labelled", 3)], *race(lab))
    )
    with ml.BlockingKernel(kernel) as door:
        report = door.optimize(lab.Sorter, lab.rows(60), teleprompter="steps", budget=ml.Budget(calls=150))

    names = [name for name, _ in seen if name.startswith("study")]
    trials = [data for name, data in seen if name == "study.trial"]
    assert names[:3] == ["study.start", "study.phase", "study.bank"]
    assert names[-1] == "study.end"
    assert [data["phase"] for name, data in seen if name == "study.phase"] == ["search", "confirm"]
    assert len(trials) == 5
    assert [each["calls"] for each in trials] == sorted(each["calls"] for each in trials)
    assert trials[-1]["calls"] == report.search_calls
