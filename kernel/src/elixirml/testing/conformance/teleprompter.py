"""What every teleprompter promises a study: pure steps that stay within bounds and come to an end."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from elixirml.contracts.metric import Direction
from elixirml.contracts.teleprompter import Candidate, Evaluate, Propose, Stop, Teleprompter
from elixirml.errors import ConfigError
from elixirml.testing.conformance.studies import PretendStudy, World
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect
from elixirml.variables import Banked, Choice, Space

__all__ = ["TeleprompterConformance"]

_ACTIONS: Final = (Evaluate, Propose, Stop)
_SOURCES: Final = ("labelled", "bootstrapped")


class TeleprompterConformance(Conformance[Teleprompter]):
    """What is promised by `elixirml.contracts.Teleprompter`.

    Example:
        >>> class TestClimber(TeleprompterConformance):
        ...     def subject(self):
        ...         return Climber()

    .. versionadded:: 0.1
    """

    def world(self, seed: int = 0, *, examples: int = 24) -> World:
        """Return where it is tried; override it for a teleprompter of other spaces."""
        return World(seed, examples)

    def options(self) -> Mapping[str, Any]:
        """Return settings that keep it quick."""
        return {}

    def options_without_limit(self) -> Mapping[str, Any]:
        """Return settings for a study whose calls are not limited, and that ends all the same."""
        return self.options()

    def test_the_same_study_is_searched_in_the_same_way(self) -> None:
        """All randomness comes from the generator the study hands over."""
        one, other = self._study(seed=5).run(), self._study(seed=5).run()
        expect(one.log == other.log, "The same study had other actions: use the generator handed over, and no other.")
        expect(
            one.proposal == other.proposal,
            "The same study had another ranking: let `finalize` look at the state alone.",
        )

    def test_a_killed_study_continues_where_it_was(self) -> None:
        """Replaying any prefix of the events gives the actions an uninterrupted study takes next."""
        whole = self._study(seed=1).run()
        for killed in range(1, len(whole.log), max(1, len(whole.log) // 4)):
            expect(
                tuple(whole.replay(killed)) == whole.log[killed],
                f"Resumed before step {killed}, other actions came: keep all that is remembered in the state.",
            )

    def test_a_state_is_never_changed_in_place(self) -> None:
        """An old state, stepped again after the study went on, does what it did the first time."""
        study, states = self._study(seed=2), list[Any]()
        while study.stopped is None and len(states) < 100:
            states.append(study.state)
            study.step()
        for step, state in enumerate(states):
            _, actions = study.teleprompter.optimize_step(state, study.events[step], study.generator(step))
            expect(
                tuple(actions) == study.log[step],
                f"The state before step {step} was changed later: return a new state, and leave the old one alone.",
            )

    def test_actions_are_well_formed(self) -> None:
        """Steps return actions that a study can carry out, and nothing after the end."""
        study = self._study().run()
        for step in study.log:
            for each in step:
                expect(isinstance(each, _ACTIONS), f"{each!r} is no action: return Evaluate, Propose or Stop.")
            stops = [at for at, each in enumerate(step) if isinstance(each, Stop)]
            expect(not stops or stops == [len(step) - 1], "Something stands beside `Stop`: let it be the last action.")
        for each in study.actions:
            if isinstance(each, Propose):
                self._check_proposal(each, study.space)

    def test_the_baseline_is_candidate_zero(self) -> None:
        """The first evaluation is of the program as declared."""
        study = self._study().run()
        first = study.evaluations[0].candidate
        expect(
            first.id == study.context().baseline.id,
            f"The first evaluation is of {dict(first.assignment)}: begin with `context.baseline`.",
        )

    def test_assignments_are_valid(self) -> None:
        """Every candidate lies in the space as it is at its time, and is named by its canonical assignment."""
        study = self._study()
        while study.stopped is None and len(study.log) < 500:
            space = study.space
            study.step()
            for each in study.log[-1]:
                if isinstance(each, Evaluate):
                    self._check_candidate(each.candidate, space)

    def test_only_examples_of_the_study_are_asked_for(self) -> None:
        """Every evaluation names some examples of the context, each once."""
        study = self._study().run()
        known = set(study.world.ids)
        for each in study.evaluations:
            expect(each.examples, "An evaluation names no examples: leave it out.")
            other = [name for name in each.examples if name not in known]
            expect(not other, f"Examples {other} are not of the study: choose from `context.examples`.")
            expect(len(set(each.examples)) == len(each.examples), "An evaluation names an example twice: name it once.")

    def test_what_does_not_vary_is_left_alone(self) -> None:
        """A variable that is frozen, or has one value, is no dimension of the search."""
        world = self.world()
        fixed = [each.name for each in world.space if not each.varies() and not isinstance(each, Banked)]
        for each in self._study().run().evaluations:
            moved = [name for name in fixed if each.candidate.assignment[name] != world.space.defaults()[name]]
            expect(not moved, f"{', '.join(moved)} was changed: search `context.space.searchable` alone.")

    def test_no_more_calls_are_planned_than_there_are(self) -> None:
        """Whatever the limit and the number of stages, the study has nothing to refuse."""
        for calls, stages, examples in ((0, 1, 24), (3, 2, 24), (17, 1, 5), (95, 3, 24), (120, 1, 40)):
            study = self._study(calls=calls, stages=stages, examples=examples).run()
            expect(
                study.spent <= calls and not study.refused,
                f"With {calls} calls and {stages} a run, an evaluation was refused: count `remaining` and "
                "`calls_per_example`, and stop in time.",
            )

    def test_the_ranking_is_of_what_was_evaluated(self) -> None:
        """`finalize` ranks candidates that were told of, each once, the best first."""
        study = self._study().run()
        ranking = study.proposal.ranking
        ids = [each.candidate.id for each in ranking]
        expect(ids, "The ranking is empty after a study: rank what was evaluated.")
        strange = [each for each in ids if each not in study.told]
        expect(not strange, "A candidate is ranked that was never evaluated: rank what was told of.")
        expect(len(set(ids)) == len(ids), "A candidate is ranked twice: rank each once.")
        told = [study.mean(each.candidate) for each in ranking]
        expect(
            told[0] >= sum(told) / len(told), "The first of the ranking is worse than the average: put the best first."
        )

    def test_less_can_be_better(self) -> None:
        """With `Direction.MINIMIZE` the first of the ranking is one that scored low."""
        study = self._study(direction=Direction.MINIMIZE, score=_missed).run()
        told = [study.mean(each.candidate) for each in study.proposal.ranking]
        expect(told[0] <= sum(told) / len(told), "Less is better, and a high score won: heed `context.direction`.")

    def test_one_score_for_everything_does_no_harm(self) -> None:
        """Scores without any spread give finite beliefs."""
        ranking = self._study(score=_flat).run().proposal.ranking
        wrong = [each for each in ranking if not isfinite(each.estimate) or not 0 <= each.deviation < float("inf")]
        expect(not wrong, f"Equal scores gave the belief {wrong[:1]}: guard divisions by a spread of 0.")

    def test_estimates_are_told_in_the_unit_of_the_metric(self) -> None:
        """The estimate of the winner lies among the scores that were given."""
        best = self._study(score=_large).run().proposal.ranking[0]
        expect(
            3000.0 <= best.estimate <= 3500.0,
            f"Scores from 3000 to 3500 gave an estimate of {best.estimate:g}: tell it in the metric's own unit.",
        )

    def test_lost_examples_are_not_waited_for(self) -> None:
        """Outcomes lost to the infrastructure are missing, and the search still ends with a ranking."""
        lost = frozenset(self.world().ids[3:6])
        ranking = self._study(lost=lost).run().proposal.ranking
        expect(ranking, "Nothing is ranked since three examples were lost: go on with those that came back.")

    def test_losing_every_example_ends_the_search(self) -> None:
        """A study that tells of no outcome at all gets an end, and nothing is ranked."""
        study = self._study(lost=frozenset(self.world().ids)).run()
        expect(not study.proposal.ranking, "Candidates without any outcome are ranked: leave them out.")

    def test_a_study_that_refuses_everything_is_left(self) -> None:
        """Refusals end the search after a few attempts, and nothing is ranked."""
        study = self._study(refusing=True).run(steps=50)
        expect(not study.proposal.ranking, "Candidates are ranked that were refused: leave them out.")

    def test_the_search_ends_without_a_limit(self) -> None:
        """Calls without limit do not mean a search without end."""
        study = self._study(calls=None, examples=12, options=self.options_without_limit()).run()
        expect(study.proposal.ranking, "A search without a limit ranked nothing: evaluate before you stop.")

    def test_no_examples_are_refused(self) -> None:
        """There is nothing to race on: that is a `ConfigError` at the start."""
        self._check_refused(lambda: self._study(examples=0), "A study without examples")

    def test_nothing_to_search_is_refused(self) -> None:
        """A space without a searchable variable is a `ConfigError` at the start."""
        space = Space([Choice("only", default="one", options=("one",))])
        world = World(space=space)
        self._check_refused(
            lambda: PretendStudy(self.subject(), world, options=self.options()), "A space with nothing to search"
        )

    def test_an_unknown_option_is_refused(self) -> None:
        """A typing mistake in an option never passes in silence."""
        options = {**self.options(), "no_such_option": 1}
        self._check_refused(lambda: self._study(options=options), "The option `no_such_option`")

    def _study(
        self, *, examples: int = 24, seed: int = 0, options: Mapping[str, Any] | None = None, **how: Any
    ) -> PretendStudy:
        world = self.world(seed, examples=examples)
        return PretendStudy(
            self.subject(), world, seed=seed, options=self.options() if options is None else options, **how
        )

    def _check_refused(self, begin: Callable[[], PretendStudy], what: str) -> None:
        try:
            begin()
        except ConfigError:
            return
        except NotApplicable:
            raise
        except Exception as error:
            raise AssertionError(
                f"{what} raised {type(error).__name__}: raise a ConfigError with what to do."
            ) from error
        raise AssertionError(f"{what} was accepted: let `initialize` raise a ConfigError that says what to do.")

    def _check_candidate(self, candidate: Candidate, space: Space) -> None:
        problems = space.problems(candidate.assignment)
        expect(not problems, f"An assignment does not fit the space: {'; '.join(map(str, problems))}")
        made = Candidate.of(space, candidate.assignment, origin=candidate.origin)
        expect(candidate.id == made.id, "A candidate has an id of its own: make candidates with `Candidate.of`.")

    def _check_proposal(self, action: Propose, space: Space) -> None:
        banked: bool = action.variable in space and isinstance(space[action.variable], Banked)
        expect(banked, f"`Propose` names {action.variable!r}, which has no bank: name a text or subset variable.")
        expect(action.n >= 1, f"`Propose` asks for {action.n} entries: ask for at least one.")
        expect(action.source in _SOURCES, f"`Propose` names the source {action.source!r}: use {' or '.join(_SOURCES)}.")


def _missed(value: float) -> float:
    return 1.0 - value


def _flat(_value: float) -> float:
    return 0.25


def _large(value: float) -> float:
    return 3000.0 + 500.0 * value
