"""What an embedding model is: texts in, vectors out.

Opened by the language-model providers under the same names: a model may embed, write, or both.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from attrs import field, frozen

from elixirml.contracts.usage import Usage

__all__ = ["EmbeddingModel", "Embeddings"]


@frozen
class Embeddings:
    """The vectors of some texts.

    Attributes:
        vectors: One a text, in their order, all of one length.
        usage: What the call used.
        model: The model that answered, in the provider's words.
    """

    vectors: tuple[tuple[float, ...], ...] = field(repr=False)
    usage: Usage = field(factory=Usage)
    model: str = ""


@runtime_checkable
class EmbeddingModel(Protocol):
    """Turns texts into vectors."""

    async def embed(self, texts: Sequence[str], *, dimensions: int | None = None) -> Embeddings:
        """Return the vectors of texts.

        Args:
            texts: None of them empty.
            dimensions: The length of the vectors, where the model can be told.

        Raises:
            ModelError: No answer came.
        """
        ...
