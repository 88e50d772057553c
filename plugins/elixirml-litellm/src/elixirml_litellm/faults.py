"""What went wrong, in the kernel's words: litellm's classes of errors to ours, with the provider's own message."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from elixirml.errors import (
    ContextLengthExceeded,
    ModelAccessDenied,
    ModelDisconnected,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from elixirml_litellm.place import Place

__all__ = ["told"]

_KEY: Final = (
    'Set the key as litellm expects it, or {provider} = "env:NAME" under [plugins.litellm.keys] in elixirml.toml.'
)
_ADDRESS: Final = (
    'Check the network, that the server runs, and {provider} = "https://..." under [plugins.litellm.addresses].'
)
_NAME: Final = "Check the name: litellm/PROVIDER/MODEL, as litellm's documentation of {provider} has it."
_TIME: Final = "Allow more: `timeout` under [plugins.litellm] in elixirml.toml."
_WAIT: Final = "Wait, or use the middlewares `retry` and `rate_limit`."
_LATER: Final = "Try again later, or use the middleware `retry`."
_SETTING: Final = "Change the setting {setting}."
_CLASSES: Final[Mapping[str, tuple[type[ModelError], str]]] = {
    "AuthenticationError": (ModelAccessDenied, _KEY),
    "PermissionDeniedError": (ModelAccessDenied, _KEY),
    "ContextWindowExceededError": (
        ContextLengthExceeded,
        "Use fewer or shorter demos, or a model with more context.",
    ),
    "ContentPolicyViolationError": (ModelRefused, "Change the instruction or the inputs, or use another model."),
    "NotFoundError": (ModelUnavailable, _NAME),
    "LiteLLMUnknownProvider": (ModelUnavailable, _NAME),
    "MidStreamFallbackError": (ModelDisconnected, "Try again; what had arrived is in `partial`."),
    "PaymentRequiredError": (ModelRateLimited, "Add credit at the provider, or use another model."),
    "RateLimitError": (ModelRateLimited, _WAIT),
    "Timeout": (ModelTimeout, _TIME),
    "APITimeoutError": (ModelTimeout, "Allow more: `timeout` under [plugins.litellm] in elixirml.toml."),
    "BadRequestError": (ModelRequestInvalid, _SETTING),
    "UnprocessableEntityError": (ModelRequestInvalid, _SETTING),
    "APIConnectionError": (ModelDisconnected, _ADDRESS),
    "ServiceUnavailableError": (ModelOverloaded, _LATER),
    "BadGatewayError": (ModelOverloaded, _LATER),
    "InternalServerError": (ModelOverloaded, _LATER),
    "APIError": (ModelOverloaded, _LATER),
}
"""By the names of litellm's classes, the narrowest first found: naming them needs no import."""

_CODES: Final = {"PaymentRequiredError": "model-quota", "MidStreamFallbackError": "stream-broken"}
_WORDS: Final = (
    ("LiteLLMUnknownProvider", re.compile("LLM Provider NOT provided")),
    (
        "ContextWindowExceededError",
        re.compile(r"context.{0,20}(length|window)|prompt is too long|exceeds?.{0,30}context", re.IGNORECASE),
    ),
    ("ContentPolicyViolationError", re.compile(r"content.{0,3}(filter|policy)", re.IGNORECASE)),
)
"""What a refused request is when its class does not say it: servers that are not the provider's own word it freely."""

_VAGUE: Final = frozenset({"APIConnectionError", "APIError", "InternalServerError"})
_NO_KEY: Final = re.compile(r"missing .{0,30}(api.?key|credentials)", re.IGNORECASE)
_NO_REPLY: Final = frozenset({"ConnectError", "ReadError", "WriteError", "RemoteProtocolError", "JSONDecodeError"})
"""What is behind an error that litellm takes for one of the server, although no server gave a reply."""

_STATUSES: Final = {
    401: "AuthenticationError",
    402: "PaymentRequiredError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    408: "Timeout",
    429: "RateLimitError",
}
"""What an error is by its status: litellm gives some of them no class of their own with some providers."""

_LONGEST_WORDS: Final = 500


def told(place: Place, error: Exception, *, partial: str = "") -> ModelError:
    """Return the error that one of litellm's stands for.

    Args:
        place: Who was asked.
        error: What was raised.
        partial: The text that had arrived.
    """
    said, _, _ = place.hidden(str(getattr(error, "message", "") or error)).partition("Traceback (most recent call")
    known = _named(error, said)
    parameter = _told_of(error, "param")
    setting = f"`{parameter}`" if parameter else "that the provider's words name"
    kind, hint = _CLASSES.get(known, (ModelError, "Look the message up in litellm's documentation."))
    words = " ".join(said.split())[:_LONGEST_WORDS]
    hint = hint.format(provider=place.provider, setting=setting)
    made = kind(f"{place.model}: {words}", hint=hint, code=_CODES.get(known))
    status: object = getattr(error, "status_code", None)
    made.status = status if isinstance(status, int) else None
    made.retry_after = _retry_after(error)
    made.partial = partial
    return made


def _named(error: Exception, said: str) -> str:
    """Return the class of an error, or a narrower one where what is behind it tells it; empty when unknown."""
    known = next((each.__name__ for each in type(error).__mro__ if each.__name__ in _CLASSES), "")
    if known in _VAGUE and _NO_KEY.search(said):
        return "AuthenticationError"
    if known in _VAGUE and not _NO_REPLY.isdisjoint(type(each).__name__ for each in _behind(error)):
        return "APIConnectionError"
    if known == "APIError":
        return _STATUSES.get(getattr(error, "status_code", 0), known)
    if known == "BadRequestError":
        told_apart = f"{_told_of(error, 'code')} {said}"
        return next((name for name, words in _WORDS if words.search(told_apart)), known)
    return known


def _told_of(error: Exception, what: str) -> str:
    """Return what a provider told of an error beside its words; the client that litellm stands on keeps it."""
    found: list[object] = [getattr(each, what, None) for each in _behind(error)]
    return next((each for each in found if isinstance(each, str)), "")


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield what an error was raised from, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _retry_after(error: Exception) -> float | None:
    """Return the seconds the provider wants to be left alone, where it says so in seconds."""
    response = getattr(error, "response", None)
    for headers in (getattr(error, "litellm_response_headers", None), getattr(response, "headers", None)):
        if not isinstance(headers, Mapping):
            continue
        found = cast("Mapping[str, object]", headers).get("retry-after")
        if isinstance(found, str) and re.fullmatch(r"\d+(\.\d+)?", found, re.ASCII):
            return float(found)
    return None
