"""What a middleware remembers from call to call: apart for each kernel, and gone with it."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from attrs import define, field

from elixirml.contracts import ModelHost

__all__ = ["Kept"]

T = TypeVar("T")


@define(eq=False)
class Kept(Generic[T]):
    """Things by kernel and key; kernels that share a registry share middlewares, but never what these remember."""

    _by_host: WeakKeyDictionary[ModelHost, dict[Hashable, T]] = field(
        factory=WeakKeyDictionary[ModelHost, dict[Hashable, T]], init=False
    )

    def get(self, host: ModelHost, key: Hashable, make: Callable[[], T]) -> T:
        """Return what is kept under a key, making it at the first time."""
        kept = self._by_host.setdefault(host, {})
        if key not in kept:
            kept[key] = make()
        return kept[key]
