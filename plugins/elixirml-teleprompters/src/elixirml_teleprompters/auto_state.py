"""What `auto` knows between two steps."""

from attrs import field, frozen

from elixirml.contracts import Context
from elixirml.studies.options import share, whole, word
from elixirml_teleprompters.contest import Contest
from elixirml_teleprompters.demos import SOURCES
from elixirml_teleprompters.features import Point
from elixirml_teleprompters.plan import Plan
from elixirml_teleprompters.pool import Pool
from elixirml_teleprompters.surrogate import Shape

__all__ = ["AutoOptions", "AutoState"]


@frozen(kw_only=True)
class AutoOptions:
    """Options of `auto`; see there."""

    pull: int = field(default=8, validator=whole(low=1))
    initial: int = field(default=8, validator=whole(low=2))
    finalist: int = field(default=40, validator=whole(low=1))
    reserve: float = field(default=0.15, validator=share())
    pool: int = field(default=80, validator=whole(low=1))
    near: int = field(default=6, validator=whole(low=1))
    pulls: int = field(default=300, validator=whole(low=1))
    demos: str = field(default="auto", validator=word(*SOURCES))
    bank: int = field(default=60, validator=whole(low=1))
    gain: float = field(default=0.01, validator=share())


@frozen(eq=False)
class AutoState:
    """The state of `auto`.

    Attributes:
        context: The study's context.
        options: The options.
        plan: How far the calls go.
        contest: Who has seen what.
        pool: Who may come next.
        opened: Whether demos were asked for.
        steps: Pulls made one by one.
        shape: The surrogate's shape as last fitted.
        leaders: The best of the last judgement.
        quiet: Calls spent when it first looked as if nothing better would come.
    """

    context: Context
    options: AutoOptions
    plan: Plan
    contest: Contest
    pool: Pool = field(factory=Pool)
    opened: bool = False
    steps: int = 0
    shape: Shape = field(factory=Shape)
    leaders: tuple[Point, ...] = ()
    quiet: int | None = None
