"""The decisions of a supervisor, pure: what an exit stops, what it starts again, and when enough is enough.

The rules are those of Erlang/OTP (Supervisor Behaviour, OTP Design Principles). Nothing here waits, reads a clock or
draws from a shared generator, so the same exits always lead to the same decisions.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from random import Random

from attrs import evolve, frozen

from elixirml.errors import ConfigError

__all__ = [
    "Backoff",
    "CountedRestart",
    "Decision",
    "Entry",
    "Exit",
    "Restart",
    "Rules",
    "Simulation",
    "State",
    "Strategy",
    "simulate",
]


class Strategy(StrEnum):
    """Who is started again with a child that ended."""

    ONE_FOR_ONE = "one_for_one"
    ONE_FOR_ALL = "one_for_all"
    REST_FOR_ONE = "rest_for_one"


class Restart(StrEnum):
    """Which ends of a child call for a new start."""

    PERMANENT = "permanent"  # every end
    TRANSIENT = "transient"  # a crash only
    TEMPORARY = "temporary"  # none; the child is forgotten, also when a sibling's crash sweeps it away


class Exit(StrEnum):
    """How a child ended by itself."""

    NORMAL = "normal"
    SHUTDOWN = "shutdown"  # on purpose, though not because its work was done
    CRASH = "crash"


@frozen
class Entry:
    """One supervised child, as far as decisions need it.

    Attributes:
        id: Unique in its supervisor.
        restart: When it is started again.
        running: Whether it runs; an entry without a running child waits for a restart, its own or a sibling's.
    """

    id: str
    restart: Restart = Restart.PERMANENT
    running: bool = False


@frozen
class CountedRestart:
    """A restart that counts against the limit: when, and whose end caused it."""

    at: float
    child: str


@frozen
class State:
    """What a supervisor knows between two events.

    Attributes:
        entries: In start order.
        restarts: Counted restarts, oldest first; those out of the window are dropped at the next one.
        escalated: Whether the limit was passed; such a supervisor has stopped and ignores everything.
    """

    entries: tuple[Entry, ...] = ()
    restarts: tuple[CountedRestart, ...] = ()
    escalated: bool = False

    def __contains__(self, child: str) -> bool:
        return any(entry.id == child for entry in self.entries)

    def running(self) -> tuple[str, ...]:
        """Return the ids of the running children, in start order."""
        return tuple(entry.id for entry in self.entries if entry.running)

    def with_entry(self, entry: Entry) -> "State":
        """Return this state with one more entry at the end."""
        return evolve(self, entries=(*self.entries, entry))

    def without(self, child: str) -> "State":
        """Return this state without the child's entry."""
        return evolve(self, entries=tuple(entry for entry in self.entries if entry.id != child))

    def started(self, child: str) -> "State":
        """Return this state with the child running."""
        entries = (evolve(entry, running=True) if entry.id == child else entry for entry in self.entries)
        return evolve(self, entries=tuple(entries))

    def ended(self, children: Iterable[str]) -> "State":
        """Return this state after the children ended: temporary ones are gone, others keep their entry."""
        gone = set(children)
        kept = [entry for entry in self.entries if entry.id not in gone or entry.restart is not Restart.TEMPORARY]
        entries = (evolve(entry, running=entry.running and entry.id not in gone) for entry in kept)
        return evolve(self, entries=tuple(entries))


@frozen
class Decision:
    """What to do about an exit; first the stops, then the starts, each in order.

    Attributes:
        stops: Children to stop, last started first.
        starts: Children to start, in start order.
        attempt: How many restarts the child has caused in the window, this one included; 0 when it is not restarted.
        escalated: The limit was passed: after the stops the supervisor fails.
    """

    stops: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    attempt: int = 0
    escalated: bool = False


@frozen
class Rules:
    """Strategy and limit of a supervisor.

    Attributes:
        strategy: Who is started again with the child that ended.
        max_restarts: How many restarts a window may hold; one more makes the supervisor give up.
        window_s: Length of the sliding window in seconds; a restart exactly that old still counts.
    """

    strategy: Strategy = Strategy.ONE_FOR_ONE
    max_restarts: int = 3
    window_s: float = 5.0

    def __attrs_post_init__(self) -> None:
        if self.max_restarts < 0 or not self.window_s > 0:
            raise ConfigError(
                "a supervisor allows max_restarts >= 0 in a window of window_s > 0, "
                f"found {self.max_restarts} in {self.window_s} s"
            )

    def after_exit(self, state: State, child: str, exit_: Exit, *, at: float) -> tuple[State, Decision]:
        """Decide about a running child that ended by itself.

        Args:
            state: Before the exit.
            child: Its id; an unknown id or one that does not run changes nothing.
            exit_: How it ended.
            at: When, in seconds of any clock that only goes forward.

        Returns:
            The state in which the child and all that the decision stops no longer run, and the decision. Report each
            start that succeeds with `State.started` and each that fails to `after_failed_start`.
        """
        entry = next((entry for entry in state.entries if entry.id == child and entry.running), None)
        if entry is None or state.escalated:
            return state, Decision()
        if entry.restart is Restart.TEMPORARY or (entry.restart is Restart.TRANSIENT and exit_ is not Exit.CRASH):
            return state.ended([child]), Decision()
        return self._restarted(state.ended([child]), child, at=at)

    def after_failed_start(self, state: State, child: str, *, at: float) -> tuple[State, Decision]:
        """Decide about a child whose restart failed before it was ready: that counts as one more restart."""
        if child not in state or state.escalated:
            return state, Decision()
        return self._restarted(state, child, at=at)

    def restarts_in_window(self, state: State, *, at: float, child: str | None = None) -> int:
        """Count the restarts in the window that ends at `at`, of all children or of one."""
        counted = self._recent(state.restarts, at=at)
        return sum(child in (None, restart.child) for restart in counted)

    def _recent(self, restarts: Sequence[CountedRestart], *, at: float) -> tuple[CountedRestart, ...]:
        return tuple(restart for restart in restarts if at - restart.at <= self.window_s)

    def _restarted(self, state: State, child: str, *, at: float) -> tuple[State, Decision]:
        """Count the restart, then sweep and start again whom the strategy names."""
        recent = (*self._recent(state.restarts, at=at), CountedRestart(at, child))
        state = evolve(state, restarts=recent)
        if len(recent) > self.max_restarts:
            stops = state.running()[::-1]
            return evolve(state.ended(stops), escalated=True), Decision(stops=stops, escalated=True)
        scope = self._scope(state, child)
        stops = tuple(other for other in state.running()[::-1] if other in scope)
        state = state.ended(stops)
        starts = tuple(entry.id for entry in state.entries if entry.id in scope)
        attempt = sum(restart.child == child for restart in recent)
        return state, Decision(stops=stops, starts=starts, attempt=attempt)

    def _scope(self, state: State, child: str) -> tuple[str, ...]:
        """Return the children that go down and up together with `child`."""
        ids = tuple(entry.id for entry in state.entries)
        match self.strategy:
            case Strategy.ONE_FOR_ONE:
                return (child,)
            case Strategy.ONE_FOR_ALL:
                return ids
            case Strategy.REST_FOR_ONE:
                return ids[ids.index(child) :]


@frozen
class Backoff:
    """How long to wait before a restart, so that a cause that lasts does not use up the limit at once.

    OTP has no such wait. Jitter keeps children that fell together from coming back together.

    Attributes:
        initial_s: Wait before the first restart in a window; 0 restarts at once, always.
        factor: By how much each further restart of the same child in the window waits longer.
        cap_s: No wait is longer.
        jitter: The share of the wait that is drawn at random: 0 none, 0.5 between half and all of it.
    """

    initial_s: float = 0.1
    factor: float = 2.0
    cap_s: float = 30.0
    jitter: float = 0.5

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.jitter <= 1 or self.initial_s < 0 or self.factor < 1 or self.cap_s < 0:
            raise ConfigError(
                f"a back-off needs initial_s and cap_s >= 0, factor >= 1 and a jitter between 0 and 1, found {self}"
            )

    def delay(self, attempt: int, rng: Random) -> float:
        """Return the wait in seconds before the given attempt, counted from 1.

        Example:
            >>> Backoff(initial_s=1, jitter=0).delay(3, Random(0))
            4.0
        """
        # The exponent is bounded because 2.0 ** 1024 overflows; the cap has won long before.
        wait = min(self.cap_s, self.initial_s * self.factor ** min(attempt - 1, 100))
        return wait * (1 - self.jitter * rng.random())


@frozen
class Simulation:
    """What a supervisor did over a list of exits.

    Attributes:
        starts: How often each child was started.
        log: `("start" | "exit" | "stop", child)` in order.
        running: Who runs at the end, in start order.
        escalated: Whether the supervisor gave up.
    """

    starts: dict[str, int]
    log: tuple[tuple[str, str], ...]
    running: tuple[str, ...]
    escalated: bool


def simulate(rules: Rules, children: Sequence[Entry], exits: Iterable[tuple[float, str, Exit]]) -> Simulation:
    """Run the policy over exits as if every start succeeded at once; exits of children that do not run are ignored.

    Args:
        rules: Strategy and limit.
        children: In start order.
        exits: When, who, how; times must not decrease.
    """
    state = State(tuple(children))
    log: list[tuple[str, str]] = []

    def start(ids: Iterable[str]) -> None:
        nonlocal state
        for child in ids:
            state = state.started(child)
            log.append(("start", child))

    start(entry.id for entry in children)
    for at, child, exit_ in exits:
        if child in state.running() and not state.escalated:
            log.append(("exit", child))
            state, decision = rules.after_exit(state, child, exit_, at=at)
            log.extend(("stop", other) for other in decision.stops)
            start(decision.starts)
    starts = {entry.id: log.count(("start", entry.id)) for entry in children}
    return Simulation(starts, tuple(log), state.running(), state.escalated)
