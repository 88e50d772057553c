"""What a teleprompter is: an optimizer that proposes assignments and learns from trials.

Teleprompters are contributed through `elixirml.hookspecs.register_teleprompters`. A teleprompter is pure: it never sees
a prompt, a client or a clock, and all its randomness comes from the generator it is handed. It returns actions; the
study carries them out, journals them and tells what came of them. Because of that, resuming a study is replaying it.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from elixirml.contracts.metric import Direction
from elixirml.identity import Json
from elixirml.variables import Assignment, Space

__all__ = [
    "Action",
    "Candidate",
    "Context",
    "Evaluate",
    "Outcome",
    "Proposal",
    "Propose",
    "Proposed",
    "Ranked",
    "Refused",
    "Stop",
    "StudyEvent",
    "Teleprompter",
    "Told",
]


@frozen
class Candidate:
    """An assignment with its origin.

    Attributes:
        id: Digest of the canonical assignment; equal assignments are one candidate.
        assignment: Values of every variable.
        origin: Which operation made it: `baseline`, `initial`, `thompson`, `neighbour`, ...
    """

    id: str
    assignment: Assignment
    origin: str

    @classmethod
    def of(cls, space: Space, assignment: Assignment, *, origin: str) -> "Candidate":
        """Return the candidate of a valid assignment."""
        return cls(Assignment(space.canonical(assignment)).digest, assignment, origin)


@frozen
class Outcome:
    """What one candidate did on one example.

    Attributes:
        example: The example's id.
        score: The metric's value; the metric's failure score when the reply could not be used.
        fault: The error code when the reply could not be used; None otherwise.
        feedback: The metric's words.
    """

    example: str
    score: float
    fault: str | None = None
    feedback: str | None = None


@frozen
class Evaluate:
    """Run a candidate on these examples."""

    candidate: Candidate
    examples: tuple[str, ...]


@frozen
class Propose:
    """Grow a bank.

    Attributes:
        variable: The path of the variable whose bank grows, such as `reply.demos`.
        source: `labelled` (training rows as they are) or `bootstrapped` (the traces of runs that scored well).
        n: How many entries at most.
    """

    variable: str
    source: str
    n: int


@frozen
class Stop:
    """End the search; the study confirms the best candidate."""

    reason: str


Action: TypeAlias = Evaluate | Propose | Stop


@frozen
class Told:
    """What came of `Evaluate`.

    Attributes:
        candidate: The candidate.
        outcomes: All its outcomes so far, not only the new ones; they replace what was told before, since fitted values
            (calibration) are fitted anew with every pull.
        calls: Model calls this pull used.
        remaining: Calls left for the search; None when calls are not limited.
    """

    candidate: Candidate
    outcomes: tuple[Outcome, ...]
    calls: int
    remaining: int | None


@frozen
class Proposed:
    """What came of `Propose`.

    Attributes:
        variable: The path of the variable whose bank has grown.
        entries: Ids of the new entries, in order.
        space: The space with the grown bank.
        values: The new entries' values by id.
    """

    variable: str
    entries: tuple[str, ...]
    space: Space
    values: Mapping[str, Json] = field(hash=False)


@frozen
class Refused:
    """An action that could not be carried out, with the reason; nothing was spent."""

    action: Action
    reason: str


StudyEvent: TypeAlias = Told | Proposed | Refused


@frozen
class Context:
    """What a teleprompter may know at the start.

    Attributes:
        space: The searchable variables and their banks.
        baseline: The program as declared: candidate 0.
        examples: Ids of the examples to race on, in a fixed random order. Confirmation examples are never shown.
        training: How many labelled rows demos may be made of.
        calls: Limit on model calls for the search; None when not limited.
        direction: Which way the metric is better.
        calls_per_example: Predict stages of the program: what one outcome costs at least.
        options: The teleprompter's own settings, as given by the user.
    """

    space: Space
    baseline: Candidate
    examples: tuple[str, ...]
    training: int
    calls: int | None
    direction: Direction = Direction.MAXIMIZE
    calls_per_example: int = 1
    options: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)


@frozen
class Ranked:
    """A candidate's place in the final ranking.

    Attributes:
        candidate: The candidate.
        estimate: What its mean score is believed to be, shrunk; never the best raw mean.
        deviation: Standard deviation of that belief.
    """

    candidate: Candidate
    estimate: float
    deviation: float


@frozen
class Proposal:
    """What a teleprompter found, best first."""

    ranking: tuple[Ranked, ...]


class Teleprompter(Protocol):
    """An optimizer: three pure functions over an opaque state."""

    def initialize(self, context: Context) -> Any:
        """Return the first state.

        Raises:
            ConfigError: An option is wrong, or the space holds nothing this teleprompter can search.
        """
        ...

    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Sequence[Action]]:
        """Return the next state and what to do next.

        Args:
            state: As returned before; never changed in place.
            events: What came of the last step's actions, in their order; empty at first.
            rng: Seeded by study and step: the same step always draws the same numbers.
        """
        ...

    def finalize(self, state: Any) -> Proposal:
        """Return the ranking of what was evaluated."""
        ...
