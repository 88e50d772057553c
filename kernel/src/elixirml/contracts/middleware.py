"""What a middleware is: a language model around a language model.

Middlewares are contributed through `elixirml.hookspecs.register_middlewares` and named by the kernel that uses them;
see `elixirml.Kernel`. They compose by their declared order, whatever order they were named in.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

from elixirml.contracts.language_model import LanguageModel, ModelHost
from elixirml.variables import Variable

__all__ = ["ORDERS", "Middleware"]

ORDERS: Final[Mapping[str, int]] = {
    "record": 10,
    "cache": 20,
    "coalesce": 30,
    "fallback": 40,
    "hedge": 50,
    "retry": 60,
    "breaker": 70,
    "rate_limit": 80,
    "gate": 90,
}
"""Where the usual ones stand; the smaller the number, the further out, and the closer to who asks.

A cached reply is thus neither counted nor limited, every attempt of a retry waits for the rate limit, and a fallback
model has limits of its own.
"""


class Middleware(Protocol):
    """Puts models into others. One instance serves a kernel: what it remembers, it remembers for all of its models."""

    @property
    def order(self) -> int:
        """Where it stands among others; see `ORDERS`."""
        ...

    def variables(self) -> tuple[Variable, ...]:
        """Return what may be tuned, by short names; they become `middlewares.<name>.<variable>` in `Kernel.space`."""
        ...

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return the model inside another; cheap, since a run may wrap with options of its own.

        Args:
            model: What to call; it may itself be wrapped. See `WrappedModel` for what to delegate.
            options: Values of the middleware's own variables that are set for this kernel or run, by short names; what
                is absent is for the configuration to say.
            host: Where long-lived things are started and files are kept.
        """
        ...
