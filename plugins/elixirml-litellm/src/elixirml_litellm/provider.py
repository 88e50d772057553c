"""The provider behind `litellm/`: from the name of a model to what asks litellm for it."""

from weakref import WeakKeyDictionary

from attrs import define, field

from elixirml.contracts import ModelHost, ModelInfo
from elixirml.errors import ModelUnavailable
from elixirml_litellm.config import LiteLlmConfig
from elixirml_litellm.library import Library
from elixirml_litellm.loop import AsyncioThread
from elixirml_litellm.model import LiteLlmModel
from elixirml_litellm.place import Place
from elixirml_litellm.prices import ModelFacts

__all__ = ["LiteLlm"]

_THREADS = 512


@define(eq=False)
class LiteLlm:
    """`litellm/PROVIDER/MODEL`: whatever litellm can reach."""

    library: Library = field(factory=Library)
    _loops: WeakKeyDictionary[ModelHost, AsyncioThread] = field(
        factory=WeakKeyDictionary[ModelHost, AsyncioThread], init=False
    )

    def models(self) -> tuple[ModelInfo, ...]:
        """Return no names: litellm knows thousands, and which of them the user may use is not known."""
        return ()

    def open(self, model: str, host: ModelHost) -> LiteLlmModel:
        """Return a model; litellm is not imported, and nothing is asked of the network.

        Raises:
            ModelUnavailable: The name has no provider, or litellm is not installed, or is too old.
        """
        provider, slash, rest = model.partition("/")
        if not slash or not rest:
            raise ModelUnavailable(
                f"`litellm/{model}` names no provider.",
                hint="Write litellm/PROVIDER/MODEL, as in litellm/openai/gpt-5.",
            )
        config = host.configuration("litellm")
        assert isinstance(config, LiteLlmConfig)  # noqa: S101 - the section is of the class this plugin contributes
        key, url = config.keys.get(provider), config.addresses.get(provider)
        place = Place(model, key, url, config.timeout, config.concurrency)
        facts = ModelFacts.of(model, self.library.table, config.prices.get(place.model))
        loop = self._loops.get(host)
        if loop is None:
            loop = self._loops[host] = AsyncioThread(host, _THREADS, self.library.close_clients)
        return LiteLlmModel(place, self.library, facts, loop)
