"""The providers: from the name of a model to an endpoint and a client."""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from attrs import define, field

from elixirml.contracts import ModelHost, ModelInfo
from elixirml.errors import ModelUnavailable, did_you_mean
from elixirml_http.config import KNOWN, EndpointConfig, HttpConfig
from elixirml_http.connection import Connection
from elixirml_http.model import HttpModel
from elixirml_http.prices import Prices
from elixirml_http.protocols import speech

__all__ = ["Anthropic", "Endpoints", "OpenAI"]


@define(eq=False)
class _Provider:
    """What the providers share: one connection an endpoint and kernel."""

    prefix: str = ""
    _connections: WeakKeyDictionary[ModelHost, dict[str, Connection]] = field(
        factory=WeakKeyDictionary[ModelHost, dict[str, Connection]], init=False
    )

    def models(self) -> tuple[ModelInfo, ...]:
        """Return no names: endpoints know their own, and asking them is a call the user did not ask for."""
        return ()

    def _opened(self, name: str, model: str, place: str, endpoint: EndpointConfig, host: ModelHost) -> HttpModel:
        kept = self._connections.setdefault(host, {})
        connection = kept.get(place)
        if connection is None or connection.endpoint != endpoint:
            connection = kept[place] = Connection(f"http {place}", endpoint, host)
        prices = Prices.known(_section(host).prices)
        return HttpModel(name, model, connection, speech(endpoint), prices)


def _section(host: ModelHost) -> HttpConfig:
    found = host.configuration("http")
    assert isinstance(found, HttpConfig)  # noqa: S101 - the section is of the class this plugin contributes
    return found


@define(eq=False)
class OpenAI(_Provider):
    """`openai/MODEL`: OpenAI itself, or whatever `OPENAI_BASE_URL` points to."""

    prefix: str = "openai"

    def open(self, model: str, host: ModelHost) -> HttpModel:
        """Return a model; nothing is asked of the network."""
        config = _section(host)
        own = config.openai_url.startswith("https://api.openai.com")
        endpoint = EndpointConfig(
            config.openai_url,
            config.openai_key,
            config.openai_protocol,
            config.timeout,
            config.connect_timeout,
            config.concurrency,
            "max_completion_tokens" if own else "max_tokens",
        )
        return self._opened(f"openai/{model}", model, "openai", endpoint, host)


@define(eq=False)
class Anthropic(_Provider):
    """`anthropic/MODEL`: the Claude models."""

    prefix: str = "anthropic"

    def open(self, model: str, host: ModelHost) -> HttpModel:
        """Return a model; nothing is asked of the network."""
        config = _section(host)
        endpoint = EndpointConfig(
            config.anthropic_url,
            config.anthropic_key,
            "anthropic",
            config.timeout,
            config.connect_timeout,
            config.concurrency,
        )
        return self._opened(f"anthropic/{model}", model, "anthropic", endpoint, host)


@define(eq=False)
class Endpoints(_Provider):
    """`http/ENDPOINT/MODEL`: servers of the configuration, and the usual ones on this machine."""

    prefix: str = "http"

    def open(self, model: str, host: ModelHost) -> HttpModel:
        """Return a model; nothing is asked of the network.

        Raises:
            ModelUnavailable: There is no such endpoint.
        """
        config = _section(host)
        name, slash, rest = model.partition("/")
        known: Mapping[str, EndpointConfig] = {
            **{each: EndpointConfig(url, timeout=config.timeout) for each, url in KNOWN.items()},
            **config.endpoints,
        }
        if not slash or not rest or name not in known:
            raise ModelUnavailable(
                f"`http/{model}` names no endpoint that is known. {did_you_mean(name, known)}",
                hint="Write http/ENDPOINT/MODEL, and url = '...' under [plugins.http.endpoints.ENDPOINT].",
            )
        return self._opened(f"http/{model}", rest, name, known[name], host)
