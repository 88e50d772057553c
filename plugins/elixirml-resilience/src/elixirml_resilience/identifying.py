"""When two calls are the same call, and whether it has one reply."""

import json
from hashlib import sha256
from typing import Final, Self

from attrs import evolve, frozen

from elixirml.contracts import LanguageModel, ModelRequest, ModelResponse, Usage
from elixirml.identity import canonical_json

__all__ = ["Call", "Caller", "at_hand", "is_repeatable"]

_VERSION: Final = 1
"""Of what a key is made of and how a reply is written down; another one finds nothing of this one."""

# The kernel's own first makes plain data of what it is given, which requests are already; that is most of its time.
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

_NOTHING: Final = Usage()


@frozen
class Call:
    """One request to one model.

    Attributes:
        key: 64 hexadecimal digits.
        request: The canonical JSON of the request.
    """

    key: str
    request: bytes


@frozen
class Caller:
    """Tells the calls to one model apart.

    A key is the SHA-256 of the canonical JSON of version, model, fingerprint, request and tenant; never of a secret.
    """

    _before: bytes
    _behind: bytes

    @classmethod
    def of(cls, model: LanguageModel, *, fingerprint: str, tenant: str = "") -> Self:
        """Return what tells calls to a model apart, for somebody."""
        head = canonical_json([_VERSION, model.name, fingerprint])
        return cls(
            head[:-1].encode("utf-8", "surrogatepass") + b",",
            f",{canonical_json(tenant)}]".encode("utf-8", "surrogatepass"),
        )

    def call(self, request: ModelRequest) -> Call:
        """Return the identity of a call."""
        asked = _canonical(request).encode("utf-8", "surrogatepass")
        return Call(sha256(self._before + asked + self._behind).hexdigest(), asked)


def _canonical(request: ModelRequest) -> str:
    said = request.to_json()
    try:
        return _ENCODER.encode(said)
    except TypeError:  # a schema may be a mapping of another kind than dict
        return canonical_json(said)


def is_repeatable(request: ModelRequest) -> bool:
    """Tell whether the request has one reply: nothing is sampled, or with a given seed."""
    return request.temperature == 0 or request.seed is not None


def at_hand(response: ModelResponse) -> ModelResponse:
    """Return a reply as one that nobody was asked for now: it costs nothing."""
    return evolve(response, usage=_NOTHING, attempts=0, cached=True)
