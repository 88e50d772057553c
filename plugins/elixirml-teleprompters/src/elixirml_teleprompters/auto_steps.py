"""The steps of `auto`: the first candidates, then one pull after another."""

from collections.abc import Sequence
from random import Random

import numpy as np
from attrs import evolve

from elixirml.contracts import Action, Stop
from elixirml_teleprompters._arrays import Floats
from elixirml_teleprompters.auto_state import AutoState
from elixirml_teleprompters.features import Point, distinct
from elixirml_teleprompters.judgement import Judgement, judge, learned_shape
from elixirml_teleprompters.moves import crossed, scattered, stepped, without_demos
from elixirml_teleprompters.pool import Pool, spread_out

__all__ = ["first_pulls", "next_pull"]

DRAWS = 64
LEADERS = 6
REFUSALS = 4
SURE = 0.05
CHECKS_APART = 5
REFIT_EVERY = 5
FEW = 20
ROWS = 260
FEWEST_STRANGERS = 60
OUTBRED = 0.3


def first_pulls(state: AutoState, rng: Random) -> tuple[AutoState, Sequence[Action]]:
    """Return the first pulls: the baseline, one more without demos, and points that cover every dimension evenly."""
    features, plan = state.contest.features, state.plan
    baseline = features.point(state.context.baseline.assignment, origin="baseline")
    scatter: tuple[Point, ...] = ()
    if features.space.searchable:
        scatter = scattered(features, baseline.assignment, rng, count=state.options.pool, origin="initial")
    bare = without_demos(features, scatter[0]) if scatter else None
    given = distinct((baseline, *((bare,) if bare else ())))
    strangers = Pool(scatter).strangers({point.key for point in given})
    first = (*given, *spread_out(strangers, count=max(0, plan.initial - len(given)), after=given))
    race = state.contest.race
    payable = plan.initial if race.remaining is None else min(plan.initial, race.remaining // race.price(plan.pull))
    contest, actions = state.contest.pulling_all(first[:payable], upto=plan.pull)
    return evolve(state, contest=contest, pool=Pool(scatter)), actions


def next_pull(state: AutoState, rng: Random) -> tuple[AutoState, Sequence[Action]]:
    """Return the pull of the candidate that is best in one draw from the belief, or the end."""
    race = state.contest.race
    reason = _over(state)
    if reason:
        return state, (Stop(reason),)
    ending = race.left <= state.plan.reserve
    state = _refitted(state if ending else _with_near(state, rng))
    strangers = () if ending else state.pool.strangers(state.contest.points, most=_room(state))
    judgement = judge(state.contest, strangers, state.shape)
    draws = judgement.belief.draws(np.random.default_rng(rng.getrandbits(64)), count=DRAWS)
    state, sure = _assured(evolve(state, leaders=judgement.leaders(LEADERS), steps=state.steps + 1), judgement, draws)
    if sure:
        return state, (Stop(f"a candidate better by {state.options.gain} is unlikely to be found"),)
    order = [*(judgement.order[:1] if ending else ()), *(int(at) for at in np.argsort(-draws[0], kind="stable"))]
    return _pull_first_open(state, [judgement.points[at] for at in order], ending=ending)


def _room(state: AutoState) -> int:
    """Return how many strangers are judged: fewer as the race fills, so that a step stays quick."""
    return max(FEWEST_STRANGERS, ROWS - len(state.contest.points))


def _over(state: AutoState) -> str | None:
    """Return why the search is over, if it is."""
    race = state.contest.race
    if not state.contest.scorers():
        return "no candidate could be scored"
    if race.refusals >= REFUSALS:
        return f"the study refused {race.refusals} candidates in a row"
    if state.steps >= state.options.pulls:
        return f"{state.steps} pulls were made"
    if race.left < race.price(1):
        return "the calls are used up"
    return None


def _with_near(state: AutoState, rng: Random) -> AutoState:
    """Return the state with a few more points near the leaders in its pool."""
    if not state.leaders:
        return state
    features, everybody = state.contest.features, list(state.contest.points.values())
    found: list[Point | None] = []
    for _ in range(state.options.near):
        found.append(stepped(features, rng.choice(state.leaders), rng))
        other = rng.choice(everybody if rng.random() < OUTBRED else state.leaders)
        found.append(crossed(features, rng.choice(state.leaders), other, rng))
    return evolve(state, pool=state.pool.with_near(point for point in found if point is not None))


def _refitted(state: AutoState) -> AutoState:
    if len(state.contest.points) > FEW and state.steps % REFIT_EVERY:
        return state
    return evolve(state, shape=learned_shape(state.contest))


def _assured(state: AutoState, judgement: Judgement, draws: Floats) -> tuple[AutoState, bool]:
    """Return whether two checks, some pulls apart, found that nothing better is likely to come."""
    spent, plan = state.contest.race.spent, state.plan
    seen_enough = judgement.counts[judgement.order[0]] >= plan.finalist
    if not seen_enough or judgement.chance_of_better(draws, gain=state.options.gain) >= SURE:
        return evolve(state, quiet=None), False
    if state.quiet is None:
        return evolve(state, quiet=spent), False
    return state, spent - state.quiet >= CHECKS_APART * state.contest.race.price(plan.pull)


def _pull_first_open(state: AutoState, points: Sequence[Point], *, ending: bool) -> tuple[AutoState, Sequence[Action]]:
    """Pull the first of these points that has examples left and can be paid for.

    At the end the leader comes first, as long as it is no finalist.
    """
    contest, plan = state.contest, state.plan
    race, fronts = contest.race, contest.fronts()
    for at, point in enumerate(points):
        front = max(fronts.get(point.request, 0), contest.asked(point))
        finalist = ending and at == 0 and front >= plan.finalist
        upto = min(front + plan.pull, len(race.examples))
        if finalist or upto <= front or contest.done(point):
            continue
        if race.price(upto - contest.asked(point)) > race.left:
            continue
        ahead, action = contest.pulling(point, upto=upto)
        return evolve(state, contest=ahead), (action,)
    return state, (Stop("every candidate has seen every example, or the calls left do not pay for another pull"),)
