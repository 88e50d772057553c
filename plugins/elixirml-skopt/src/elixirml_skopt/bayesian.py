"""Bayesian optimization by scikit-optimize: expected improvement over plain numbers, on paired pulls of examples."""

from collections.abc import Sequence
from random import Random
from typing import ClassVar

from attrs import evolve, field, frozen

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
from elixirml.variables import Space, Subset
from elixirml_skopt.dimensions import Dimensions
from elixirml_skopt.gaussian import believe, suggest
from elixirml_skopt.options import Options
from elixirml_skopt.rows import told_rows

__all__ = ["Bayesian", "BayesianState"]

REFUSALS = 4
TRIES = 50
"""Random points to draw for one that constraints allow."""


@frozen(eq=False)
class BayesianState:
    """The state of `bayesian`.

    Attributes:
        context: The study's context.
        options: The options.
        space: The space, with the banks grown so far.
        standings: Everything that was told.
        dimensions: The space as plain numbers; None until the demos are there.
        opened: Whether demos were asked for.
        pulls: Pulls made after the start.
    """

    context: Context
    options: Options
    space: Space
    standings: Standings
    dimensions: Dimensions | None = None
    opened: bool = False
    pulls: int = field(default=0)


class Bayesian:
    """Searches all variables with a Gaussian process and expected improvement, by scikit-optimize.

    Strong on numbers and small mixed spaces. Subsets of a bank are searched through their size and a few random orders
    of the bank. Repeated suggestions take the candidate's next examples.

    Options:
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
    """

    name: ClassVar[str] = "bayesian"

    def initialize(self, context: Context) -> BayesianState:
        """Return the first state.

        Raises:
            ConfigError: An option is wrong, there are no examples, or there is nothing to search.
        """
        options = options_of(Options, context.options, teleprompter="bayesian")
        if not context.examples:
            raise ConfigError(
                "teleprompter `bayesian` has no examples to race on.",
                hint="Give the study more examples, or a smaller confirmation share.",
                code="no-examples",
            )
        if not context.space.searchable and not (context.training and _empty_banks(context.space)):
            raise ConfigError(
                "teleprompter `bayesian` has nothing to search: every variable is frozen or single-valued.",
                hint="Free a variable with `--free PATH`, or declare one with `ml.variable(...)`.",
                code="nothing-to-search",
            )
        return BayesianState(context, options, context.space, Standings.of(context))

    def optimize_step(
        self, state: BayesianState, events: Sequence[StudyEvent], rng: Random
    ) -> tuple[BayesianState, Sequence[Action]]:
        """Return the next state and what to do next: demos, the first candidates, then what the process suggests."""
        spaces = [event.space for event in events if isinstance(event, Proposed)]
        space = spaces[-1] if spaces else state.space
        state = evolve(state, standings=state.standings.after(events), space=space)
        if not state.opened:
            openings = _openings(state)
            state = evolve(state, opened=True)
            if openings:
                return state, openings
        if state.dimensions is None:
            return _start(state, rng)
        reason = _over(state)
        if reason:
            return state, (Stop(reason),)
        ending = state.standings.left <= _reserve(state)
        due = _due(state, rng) if ending else []
        candidates = due or _suggested(state, state.dimensions, rng)
        return _pull(evolve(state, pulls=state.pulls + 1), candidates)

    def finalize(self, state: BayesianState) -> Proposal:
        """Return the ranking by posterior mean, never by the best observation; finalists first."""
        rng = Random(0)
        ranking = _judged(state, rng)
        counts = {entry.candidate.id: len(entry.scores) for entry in state.standings.scored}
        needed = min(state.options.finalist, max(counts.values(), default=0))
        ranking.sort(key=lambda one: (counts[one.candidate.id] < needed, -state.standings.sign * one.estimate))
        return Proposal(tuple(ranking))


def _empty_banks(space: Space) -> tuple[str, ...]:
    """Return the path of the first free subset variable of each bank that holds nothing."""
    first: dict[str, str] = {}
    for variable in space.variables:
        if isinstance(variable, Subset) and not variable.frozen and variable.maximum > 0:
            first.setdefault(variable.bank_name, variable.name)
    return tuple(path for bank, path in first.items() if not len(space.banks[bank]))


def _openings(state: BayesianState) -> tuple[Propose, ...]:
    """Return what to ask for so that no demo bank is empty; bootstrapping may take a fifth of the calls."""
    context, source = state.context, state.options.demos
    if source == "none" or context.training < 1:
        return ()
    rate = max(1, context.calls_per_example)
    chosen = ("labelled" if rate == 1 else "bootstrapped") if source == "auto" else source
    most = min(state.options.bank, context.training)
    if chosen == "bootstrapped" and context.calls is not None:
        most = min(most, context.calls // (5 * rate))
    return tuple(Propose(path, chosen, most) for path in _empty_banks(state.space)) if most > 0 else ()


def _start(state: BayesianState, rng: Random) -> tuple[BayesianState, Sequence[Action]]:
    """Return the pulls of the baseline and of random points, as many as half of the calls pay for."""
    base = state.context.baseline.assignment
    dimensions = Dimensions.of(state.space, base, rng=rng, orders=state.options.orders)
    state = evolve(state, dimensions=dimensions)
    count = state.options.initial
    if state.context.calls is not None:
        count = min(count, max(1, state.context.calls // (2 * _pull_size(state) * state.standings.rate)))
    found = [Candidate.of(state.space, base, origin="baseline")]
    for _ in range(TRIES * count if dimensions.parts else 0):
        if len(found) >= count:
            break
        candidate = _candidate(state, dimensions.random_point(rng), dimensions, origin="initial")
        if candidate is not None and candidate.id not in {one.id for one in found}:
            found.append(candidate)
    return _pull(state, found)


def _candidate(
    state: BayesianState, point: Sequence[int | float], dimensions: Dimensions, *, origin: str
) -> Candidate | None:
    assignment = dimensions.assignment(point)
    return None if assignment is None else Candidate.of(state.space, assignment, origin=origin)


def _pull_size(state: BayesianState) -> int:
    """Return how many examples a pull has: fewer than asked for when the calls would not pay for four pulls."""
    if state.context.calls is None:
        return state.options.pull
    return max(1, min(state.options.pull, state.context.calls // (4 * state.standings.rate)))


def _reserve(state: BayesianState) -> float:
    return 0.0 if state.context.calls is None else state.options.reserve * state.context.calls


def _over(state: BayesianState) -> str | None:
    """Return why the search is over, if it is."""
    if not state.standings.scored:
        return "no candidate could be scored"
    if state.dimensions is not None and not state.dimensions.parts:
        return "there is nothing to compare the baseline with"
    if state.standings.refusals >= REFUSALS:
        return f"the study refused {state.standings.refusals} candidates in a row"
    if state.pulls >= state.options.pulls:
        return f"{state.pulls} pulls were made"
    return None


def _suggested(state: BayesianState, dimensions: Dimensions, rng: Random) -> list[Candidate]:
    """Return what the process suggests; then, should that be done with, the best and something random."""
    rows = told_rows(state.standings, rng)
    points = [dimensions.point(candidate.assignment) for candidate, _ in rows]
    found = suggest(
        dimensions.dimensions,
        points,
        [mean for _, mean in rows],
        count=state.options.batch,
        seed=rng.getrandbits(31),
    )
    asked = [_candidate(state, point, dimensions, origin="expected-improvement") for point in found]
    ready = [one for one in asked if one is not None and state.standings.open(one)]
    if ready:
        return ready
    for _ in range(TRIES):
        drawn = _candidate(state, dimensions.random_point(rng), dimensions, origin="random")
        if drawn is not None and state.standings.open(drawn):
            return [drawn]
    return _finalists(state, rng)


def _judged(state: BayesianState, rng: Random) -> list[Ranked]:
    """Return what the process believes of everybody in its rows, in the metric's own unit."""
    rows = told_rows(state.standings, rng)
    if state.dimensions is None or not rows:
        return []
    sign, values = state.standings.sign, [mean for _, mean in rows]
    if len(rows) < 2 or not state.dimensions.parts:
        return [Ranked(candidate, sign * mean, 0.5) for candidate, mean in rows]
    points = [state.dimensions.point(candidate.assignment) for candidate, _ in rows]
    belief = believe(state.dimensions.dimensions, points, values, seed=0)
    return [
        Ranked(candidate, sign * mean, deviation)
        for (candidate, _), mean, deviation in zip(rows, belief.means, belief.deviations, strict=True)
    ]


def _due(state: BayesianState, rng: Random) -> list[Candidate]:
    """Return the best candidate as long as it has not seen a finalist's examples."""
    wanted = min(state.options.finalist, len(state.standings.examples))
    return [one for one in _finalists(state, rng) if state.standings.entry(one).asked < wanted]


def _finalists(state: BayesianState, rng: Random) -> list[Candidate]:
    """Return the best of those with examples left, if any."""
    ranking = sorted(_judged(state, rng), key=lambda one: -state.standings.sign * one.estimate)
    return [one.candidate for one in ranking if state.standings.open(one.candidate)][:1]


def _pull(state: BayesianState, candidates: Sequence[Candidate]) -> tuple[BayesianState, Sequence[Action]]:
    """Send out as many of the candidates as the calls pay for."""
    standings, actions, planned = state.standings, list[Evaluate](), 0
    for candidate in candidates:
        sent, action = standings.pulling(candidate, _pull_size(state))
        planned += standings.rate * len(action.examples)
        if planned > standings.left:
            break
        standings = sent
        actions.append(action)
    ready = tuple(action for action in actions if action.examples)
    return evolve(state, standings=standings), ready or (Stop("the calls left do not pay for another pull"),)
