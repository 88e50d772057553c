"""What went wrong, in the kernel's words: one tree of errors over both providers, with the provider's own message."""

import email.utils
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import httpx
from attrs import frozen

from elixirml.contracts import RateLimits
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
from elixirml_http.reading import BadJson, parsed, section, text

__all__ = ["Place", "broken_off", "limits_of", "refused", "retry_after", "unreachable"]

_CONTEXT: Final = re.compile(
    r"context.{0,20}(length|window|size)|maximum.{0,20}tokens|prompt is too long|exceeds?.{0,30}context", re.IGNORECASE
)
_REFUSED: Final = frozenset({"content_filter", "content_policy_violation", "moderation_blocked", "refusal"})
_QUOTA: Final = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"})
_RATE: Final = frozenset({"rate_limit_error", "rate_limit_exceeded", "requests", "tokens"})
_OVERLOADED: Final = frozenset({"overloaded_error", "server_error", "api_error", "overloaded", "internal_server_error"})
_AUTH: Final = frozenset({"invalid_api_key", "authentication_error", "permission_error"})
_LONGEST_WORDS = 500


@frozen
class Place:
    """Where a model is, for messages: never with a key.

    Attributes:
        model: The full name.
        url: The base URL.
        key: The reference to the key, such as `env:OPENAI_API_KEY`; empty without one.
    """

    model: str
    url: str
    key: str = ""


@frozen
class _Said:
    """The provider's own words on an error."""

    code: str
    message: str
    parameter: str = ""


def refused(
    place: Place, status: int, headers: Mapping[str, str], body: bytes, *, now: datetime, hide: Callable[[str], str]
) -> ModelError:
    """Return the error that a reply with an error status stands for.

    Args:
        place: Where it came from.
        status: Its status.
        headers: Its headers.
        body: Its body.
        now: What a date in the headers is compared with.
        hide: Takes the key out of words: some servers repeat it, and messages are shown and kept.
    """
    said = _said(body.decode("utf-8", "replace"), hide)
    words = f"{place.model}: {said.message or f'the endpoint answered with status {status}'}"
    error = _classified(place, status, said, words)
    error.status = status
    error.retry_after = retry_after(headers, now=now)
    error.should_retry = {"true": True, "false": False}.get(headers.get("x-should-retry", "").lower())
    return error


def broken_off(place: Place, code: str, message: str | None, *, partial: str) -> ModelError:
    """Return the error of a stream that told of one, or ended without its end."""
    if code in {"truncated", "bad_json"}:
        what = "ended before it was whole" if code == "truncated" else "sent what is no reply of this protocol"
        return ModelDisconnected(
            f"{place.model}: the stream from {place.url} {what}.",
            hint="Try again; what had arrived is in `partial`.",
            code="stream-broken",
            partial=partial,
        )
    error = _classified(place, 0, _Said(code, message or ""), f"{place.model}: {message or code}")
    error.partial = partial
    return error


def unreachable(place: Place, error: httpx.HTTPError, *, partial: str = "") -> ModelError:
    """Return the error of a call that got no reply."""
    name = type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        waiting = "a connection" if isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)) else "the reply"
        return ModelTimeout(
            f"{place.model}: {place.url} let us wait too long for {waiting} ({name}).",
            hint="Allow more: `timeout` or `connect_timeout` under [plugins.http] in elixirml.toml.",
            partial=partial,
        )
    if isinstance(error, httpx.ConnectError):
        return ModelDisconnected(
            f"{place.model}: no connection to {place.url} ({error}).",
            hint="Check the address, the network, and that the server runs.",
        )
    return ModelDisconnected(f"{place.model}: the connection to {place.url} broke ({name}: {error}).", partial=partial)


def _said(body: str, hide: Callable[[str], str]) -> _Said:
    try:
        found = parsed(body)
    except BadJson:
        return _Said("", " ".join(hide(body).split())[:_LONGEST_WORDS])
    error = section(found, "error") or found
    code = error.get("code")
    words = text(error, "message") or text(found, "detail") or text(found, "error")
    told = code if isinstance(code, str) and code else text(error, "type")
    return _Said(hide(told), hide(words)[:_LONGEST_WORDS], hide(text(error, "param")))


def _classified(place: Place, status: int, said: _Said, words: str) -> ModelError:  # noqa: PLR0911 - a table
    if said.code in _QUOTA:
        hint = "Add credit at the provider, or use another model."
        return ModelRateLimited(words, hint=hint, code="model-quota")
    if status in {401, 403} or said.code in _AUTH:
        return ModelAccessDenied(words, hint=_key_hint(place))
    if status == 404 or said.code in {"model_not_found", "not_found_error"}:
        return ModelUnavailable(words, hint=f"Check the name of the model, and the address {place.url}.")
    if said.code == "context_length_exceeded" or (status in {400, 413} and _CONTEXT.search(said.message)):
        return ContextLengthExceeded(words, hint="Use fewer or shorter demos, or a model with more context.")
    if said.code in _REFUSED:
        return ModelRefused(words, hint="Change the instruction or the inputs, or use another model.")
    if status == 429 or said.code in _RATE:
        return ModelRateLimited(words, hint="Wait, or use the middlewares `retry` and `rate_limit`.")
    if status == 408:
        return ModelTimeout(words)
    if status >= 500 or status in {409, 425} or said.code in _OVERLOADED:
        return ModelOverloaded(words, hint="Try again later, or use the middleware `retry`.")
    if 400 <= status < 500:
        setting = f"`{said.parameter}`" if said.parameter else "that the provider's words name"
        return ModelRequestInvalid(words, hint=f"Change the setting {setting}.")
    return ModelError(words, hint=f"Check the address {place.url}.")


def _key_hint(place: Place) -> str:
    kind, _, name = place.key.partition(":")
    if kind == "env":
        return f"Check the key: export {name}=..."
    return f"Check the key in {name}." if name else "Name a key for the endpoint in elixirml.toml: key = 'env:NAME'."


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds a server wants to be left alone; None when it says nothing that can be read.

    `retry-after-ms` first, then `retry-after` as seconds or as an HTTP date; a date in the past is 0.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = _plain(found.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = found.get("retry-after", "")
    seconds = _plain(value)
    return seconds if seconds is not None else _until(value, now)


def _plain(value: str) -> float | None:
    return float(value) if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) else None


def _until(value: str, now: datetime) -> float | None:
    """Return the seconds until an IMF-fixdate."""
    if not re.fullmatch(r"\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT", value, re.ASCII):
        return None
    try:
        then = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (then.replace(tzinfo=UTC) - now).total_seconds())


def limits_of(headers: Mapping[str, str]) -> RateLimits | None:
    """Return what a reply's headers say is left; None when they say nothing."""
    found = {name.lower(): value for name, value in headers.items() if "ratelimit" in name.lower()}
    if not found:
        return None

    def count(what: str) -> int | None:
        value = found.get(f"x-ratelimit-remaining-{what}", found.get(f"anthropic-ratelimit-{what}-remaining", ""))
        return int(value) if value.isascii() and value.isdecimal() else None

    def reset(what: str) -> float | None:
        return _span(found.get(f"x-ratelimit-reset-{what}", ""))

    limits = RateLimits(count("requests"), reset("requests"), count("tokens"), reset("tokens"))
    return None if limits == RateLimits() else limits


_UNITS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _span(value: str) -> float | None:
    """Return the seconds of a text such as `1m30s`, `250ms` or `2`."""
    if _plain(value) is not None:
        return float(value)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[dhms])", value, re.ASCII)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
