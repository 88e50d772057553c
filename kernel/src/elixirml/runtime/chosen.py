"""Values that a run has chosen for the kernel's own variables, as middlewares, providers and journals see them.

Nothing here changes the kernel: two candidates with different values run beside each other.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import field, frozen

from elixirml.contracts.language_model import LanguageModel, ModelHost, ModelRequest, ModelResponse
from elixirml.contracts.stream import ModelDelta, streamed
from elixirml.contracts.wrapping import WrappedModel
from elixirml.errors import BudgetExceeded
from elixirml.identity import Json, digest

if TYPE_CHECKING:
    from elixirml.config import Configuration

__all__ = ["HostApart", "HostWithValues", "ModelWithValues", "Withheld"]


@frozen(eq=False)
class HostApart:
    """A kernel with other values, to providers: what they keep for it is kept apart from what they keep for the kernel.

    Attributes:
        kernel: What long-lived things live in.
        configured: The kernel's configuration, with those of the values that are settings.
        open_model: Returns a model of the kernel by name, with the same values.
        name: What tells these values from others.
    """

    kernel: ModelHost
    configured: "Configuration"
    open_model: Callable[[str], LanguageModel]
    name: str = ""

    @property
    def cache_dir(self) -> Path:
        """Where downloads are kept."""
        return self.kernel.cache_dir

    def configuration(self, section: str) -> Any:
        """Return the configuration of a section, with the chosen values."""
        return self.configured[section]

    def language_model(self, name: str) -> LanguageModel:
        """Return another model, with the same values."""
        return self.open_model(name)

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        """Start a service beside that of the kernel."""
        await self.kernel.supervise(f"{name} ({self.name})", run)


@frozen(eq=False)
class HostWithValues(HostApart):
    """A kernel with other values, to middlewares: what they remember for the kernel, they remember for it.

    A provider's limit is one limit, and a cache one cache, whichever candidate asks. So this equals its kernel.
    """

    def __eq__(self, other: object) -> bool:
        return other is self.kernel or (isinstance(other, HostWithValues) and other.kernel is self.kernel)

    def __hash__(self) -> int:
        return hash(self.kernel)

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        """Start a service of the kernel's."""
        await self.kernel.supervise(name, run)


@frozen(eq=False)
class ModelWithValues(WrappedModel):
    """A model inside middlewares with chosen values; a journal tells its replies from those under other values.

    Attributes:
        values: The values, by path.
    """

    values: Mapping[str, Json] = field(repr=False)
    _fingerprint: str = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_fingerprint", digest([self.model.fingerprint, dict(self.values)]))

    @property
    def fingerprint(self) -> str:
        """What the replies depend on: the model, and the values."""
        return self._fingerprint

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the model's reply."""
        return await self.model.complete(request)

    def stream(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelDelta]]:
        """Give the model's reply as it arrives."""
        return streamed(self.model, request)


@frozen(eq=False)
class Withheld(WrappedModel):
    """A model that may not be asked any more: what is at hand in the middlewares around it is all that is to be had.

    Attributes:
        why: The limit that is reached.
    """

    why: BudgetExceeded

    async def complete(self, request: ModelRequest) -> NoReturn:
        """Refuse.

        Raises:
            BudgetExceeded: Always.
        """
        _ = request
        raise self.why
