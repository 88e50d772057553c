"""Search by Optuna: suggestions of its samplers on paired pulls of examples."""

from collections.abc import Sequence
from random import Random
from typing import ClassVar, Final

from attrs import evolve, frozen

from elixirml.contracts import (
    Action,
    Candidate,
    Context,
    Evaluate,
    Proposal,
    Propose,
    Proposed,
    Ranked,
    Stop,
    StudyEvent,
)
from elixirml.errors import ConfigError
from elixirml.studies.options import options_of
from elixirml.studies.standings import Standings
from elixirml.variables import Assignment, Space, Subset
from elixirml_optuna.options import Options
from elixirml_optuna.parameters import Parameters
from elixirml_optuna.sampling import suggest

__all__ = ["OptunaSearch", "SearchState"]

_REFUSALS: Final = 4
_ROWS: Final = 300
"""The most rows that a sampler is told: the newest."""


@frozen(eq=False)
class SearchState:
    """The state of `optuna`.

    Attributes:
        context: The study's context.
        options: The options.
        space: The space, with the banks grown so far.
        standings: Everything that was told.
        parameters: The space as Optuna sees it; None until the demos are there.
        opened: Whether demos were asked for.
        pulls: Pulls made after the start.
    """

    context: Context
    options: Options
    space: Space
    standings: Standings
    parameters: Parameters | None = None
    opened: bool = False
    pulls: int = 0


class OptunaSearch:
    """Searches all variables with a sampler of Optuna; conditions of the space are its branches.

    Options:
        sampler: `tpe` (tree-structured Parzen estimator) or `random`. Default: tpe.
        pull: How many examples a candidate takes at a time. Default: 10.
        initial: How many candidates start, the baseline included. Default: 10.
        batch: How many candidates are pulled at once. Default: 1.
        finalist: How many examples the winner should have seen. Default: 40.
        reserve: Share of the calls kept for that. Default: 0.2.
        pulls: The most pulls after the start. Default: 200.
        orders: How many random orders of a bank its subsets are cut from. Default: 4.
        demos: How to fill demo banks that are empty: `labelled`, `bootstrapped`, `none`, or `auto` (labelled where the
            program has one predict stage, else bootstrapped). Default: auto.
        bank: The most entries of such a bank. Default: 60.

    .. versionadded:: 0.1
    """

    name: ClassVar[str] = "optuna"

    def initialize(self, context: Context) -> SearchState:
        """Return the first state.

        Raises:
            ConfigError: An option is wrong, there are no examples, or there is nothing to search.
        """
        options = options_of(Options, context.options, teleprompter="optuna")
        if not context.examples:
            raise ConfigError(
                "teleprompter `optuna` has no examples to race on.",
                hint="Give the study more examples, or a smaller confirmation share.",
                code="no-examples",
            )
        if not context.space.searchable and not (context.training and _empty_banks(context.space)):
            raise ConfigError(
                "teleprompter `optuna` has nothing to search: every variable is frozen or has a single value "
                f"({', '.join(context.space.paths) or 'there is none'}).",
                hint="Free a variable with `--free PATH`, or declare one with `ml.variable(...)`.",
                code="nothing-to-search",
            )
        return SearchState(context, options, context.space, Standings.of(context))

    def optimize_step(
        self, state: SearchState, events: Sequence[StudyEvent], rng: Random
    ) -> tuple[SearchState, Sequence[Action]]:
        """Return the next state and what to do next: demos, the first candidates, then what the sampler suggests."""
        spaces = [event.space for event in events if isinstance(event, Proposed)]
        state = evolve(state, standings=state.standings.after(events), space=spaces[-1] if spaces else state.space)
        if not state.opened:
            openings = _openings(state)
            state = evolve(state, opened=True)
            if openings:
                return state, openings
        if state.parameters is None:
            return _start(state, rng)
        reason = _over(state, state.parameters)
        if reason:
            return state, (Stop(reason),)
        candidates = _due(state) or _suggested(state, state.parameters, rng)
        return _pull(evolve(state, pulls=state.pulls + 1), candidates)

    def finalize(self, state: SearchState) -> Proposal:
        """Return the ranking by shrunk means; those who have seen a finalist's examples first."""
        counts = {entry.candidate.id: len(entry.scores) for entry in state.standings.scored}
        needed = min(state.options.finalist, max(counts.values(), default=0))
        ranking = state.standings.ranking()
        return Proposal(tuple(sorted(ranking, key=lambda one: counts[one.candidate.id] < needed)))


def _empty_banks(space: Space) -> tuple[str, ...]:
    """Return the path of the first free subset variable of each bank that holds nothing."""
    first: dict[str, str] = {}
    for variable in space.variables:
        if isinstance(variable, Subset) and not variable.frozen and variable.maximum > 0:
            first.setdefault(variable.bank_name, variable.name)
    return tuple(path for bank, path in first.items() if not len(space.banks[bank]))


def _openings(state: SearchState) -> tuple[Propose, ...]:
    """Return what to ask for so that no demo bank is empty; bootstrapping may take a fifth of the calls."""
    context, source = state.context, state.options.demos
    if source == "none" or context.training < 1:
        return ()
    rate = state.standings.rate
    chosen = ("labelled" if rate == 1 else "bootstrapped") if source == "auto" else source
    most = min(state.options.bank, context.training)
    if chosen == "bootstrapped" and context.calls is not None:
        most = min(most, context.calls // (5 * rate))
    return tuple(Propose(path, chosen, most) for path in _empty_banks(state.space)) if most > 0 else ()


def _start(state: SearchState, rng: Random) -> tuple[SearchState, Sequence[Action]]:
    """Return the pulls of the baseline and of random candidates, as many as half of the calls pay for."""
    base = state.context.baseline.assignment
    parameters = Parameters.of(state.space, base, rng=rng, orders=state.options.orders)
    count = state.options.initial
    if state.context.calls is not None:
        count = min(count, max(1, state.context.calls // (2 * _pull_size(state) * state.standings.rate)))
    drawn = suggest(parameters, (), sampler="random", count=count - 1, seed=rng.getrandbits(31))
    baseline = Candidate.of(state.space, base, origin="baseline")
    return _pull(evolve(state, parameters=parameters), [baseline, *_candidates(state, drawn, origin="initial")])


def _candidates(state: SearchState, assignments: Sequence[Assignment], *, origin: str) -> list[Candidate]:
    return [Candidate.of(state.space, each, origin=origin) for each in assignments]


def _pull_size(state: SearchState) -> int:
    """Return how many examples a pull has: fewer than asked for when the calls would not pay for four pulls."""
    if state.context.calls is None:
        return state.options.pull
    return max(1, min(state.options.pull, state.context.calls // (4 * state.standings.rate)))


def _over(state: SearchState, parameters: Parameters) -> str | None:
    """Return why the search is over, if it is."""
    if not state.standings.scored:
        return "no candidate could be scored"
    if not parameters.parts:
        return "there is nothing to compare the baseline with"
    if state.standings.refusals >= _REFUSALS:
        return f"the study refused {state.standings.refusals} candidates in a row"
    if state.pulls >= state.options.pulls:
        return f"{state.pulls} pulls were made"
    return None


def _suggested(state: SearchState, parameters: Parameters, rng: Random) -> list[Candidate]:
    """Return what the sampler suggests and has examples left; else something random, else the best."""
    rows = [(candidate.assignment, mean) for candidate, mean in state.standings.rows()[-_ROWS:]]
    for sampler in dict.fromkeys((state.options.sampler, "random")):
        found = suggest(parameters, rows, sampler=sampler, count=state.options.batch, seed=rng.getrandbits(31))
        ready = [one for one in _candidates(state, found, origin=sampler) if state.standings.open(one)]
        if ready:
            return ready
    return [one.candidate for one in _open(state)][:1]


def _open(state: SearchState) -> list[Ranked]:
    """Return those with examples left, the best first."""
    return [one for one in state.standings.ranking() if state.standings.open(one.candidate)]


def _due(state: SearchState) -> list[Candidate]:
    """Return, once only the reserve is left, the best as long as it has not seen a finalist's examples."""
    calls = state.context.calls
    if calls is None or state.standings.left > state.options.reserve * calls:
        return []
    wanted = min(state.options.finalist, len(state.standings.examples))
    best = [one.candidate for one in _open(state)][:1]
    return [one for one in best if state.standings.entry(one).asked < wanted]


def _pull(state: SearchState, candidates: Sequence[Candidate]) -> tuple[SearchState, Sequence[Action]]:
    """Send out as many of the candidates as the calls pay for, each once."""
    standings, actions, planned = state.standings, list[Evaluate](), 0
    for candidate in {one.id: one for one in candidates}.values():
        sent, action = standings.pulling(candidate, _pull_size(state))
        planned += standings.rate * len(action.examples)
        if planned > standings.left:
            break
        standings = sent
        actions.append(action)
    ready = tuple(action for action in actions if action.examples)
    return evolve(state, standings=standings), ready or (Stop("the calls left do not pay for another pull"),)
