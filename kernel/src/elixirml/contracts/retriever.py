"""What a retriever is: passages that fit a question, best first.

Retrievers are contributed through `elixirml.hookspecs.register_retrievers`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from attrs import field, frozen

from elixirml.identity import Json

__all__ = ["Passage", "Retriever"]


@frozen
class Passage:
    """A piece of text that can be found.

    Attributes:
        id: Stable and unique in its retriever.
        text: What is read.
        score: How well it fits the question; comparable within one search. 0 when it was not searched for.
        metadata: Where it comes from, and the like.
    """

    id: str
    text: str
    score: float = 0.0
    metadata: Mapping[str, Json] = field(factory=dict[str, Json], hash=False)


class Retriever(Protocol):
    """Finds passages."""

    async def search(self, query: str, k: int) -> Sequence[Passage]:
        """Return at most `k` passages, the best first; equal scores in order of id."""
        ...

    async def add(self, passages: Sequence[Passage]) -> None:
        """Take passages in; one with an id that is there replaces it."""
        ...

    async def remove(self, ids: Sequence[str]) -> None:
        """Take passages out; unknown ids do no harm."""
        ...
