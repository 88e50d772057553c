"""The installed capabilities of one kernel, as its compiler and its pipelines see them."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from elixirml.contracts.adapter import Adapter
from elixirml.contracts.language_model import LanguageModelProvider
from elixirml.contracts.predictor import Predictor
from elixirml.contracts.schema import Field, FieldDeclaration, RecordDeclaration, Schema, SchemaEngine
from elixirml.contracts.tool import Tool
from elixirml.errors import DeclarationError, PluginError, PluginMissing
from elixirml.plugins import Registry
from elixirml.plugins.records import HOST

__all__ = ["InstalledCapabilities"]


class InstalledCapabilities:
    """Looks capabilities up in a registry, each resolved once.

    Args:
        registry: What is installed.
        model: The default model, when the user has named one.
    """

    def __init__(self, registry: Registry, *, model: str | None = None) -> None:
        self._registry = registry
        self.model = model
        self._schemas: dict[Any, Schema] = {}

    def schema(self, declared: Any) -> Schema:
        """Return the schema of a declared record type, read by the first engine that supports it."""
        if not isinstance(declared, Hashable):
            return self._read(declared)
        known = self._schemas.get(declared)
        if known is None:
            known = self._schemas[declared] = self._read(declared)
        return known

    def _read(self, declared: Any) -> Schema:
        if isinstance(declared, RecordDeclaration):
            return self.record(declared.name, declared.fields)
        return self._engine(declared).schema(declared)

    def field(self, declaration: FieldDeclaration) -> Field:
        """Return one field, read by the default engine."""
        return next(self._engines()).field(declaration)

    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> Schema:
        """Return the schema of a record made at run time by the default engine."""
        return next(self._engines()).record(name, fields)

    def dump(self, value: Any) -> Any:
        """Return a record as plain data, as the engine of its class writes it; its text when no engine knows it."""
        try:
            return self.schema(type(value)).dump(value)
        except DeclarationError:
            return str(value)

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the installed names of a kind."""
        return self._registry.names(kind)

    def adapter(self, name: str) -> Adapter:
        """Return an adapter by name."""
        return self._registry.resolve("adapters", name)

    def predictor(self, name: str) -> Predictor:
        """Return a predictor by name."""
        return self._registry.resolve("predictors", name)

    def tool(self, name: str) -> Tool:
        """Return a tool by name."""
        return self._registry.resolve("tools", name)

    def provider(self, name: str) -> LanguageModelProvider:
        """Return a language-model provider by its prefix."""
        return self._registry.resolve("language_models", name)

    def models(self) -> tuple[str, ...]:
        """Return the models that can be used at once, the default first."""
        found = [] if self.model is None else [self.model]
        for prefix in self.names("language_models"):
            try:
                known = self.provider(prefix).models()
            except PluginError:
                continue
            found.extend(f"{prefix}/{each.name}" for each in known if each.installed)
        return tuple(dict.fromkeys(found))

    def requires(self, used: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return the distributions, with versions, that offer the names used of each kind."""
        found: dict[str, str] = {}
        for kind, names in used.items():
            for name in names:
                origin = self._registry.origin(kind, name)
                if origin.distribution != HOST:  # an object the application offers itself is in no distribution
                    found[origin.distribution] = origin.version
        return dict(sorted(found.items()))

    def _engines(self) -> Iterator[SchemaEngine]:
        """Yield the schema engines, the default one first; each is imported when it is its turn.

        An engine that cannot be had is passed over as long as another one takes its place.

        Raises:
            PluginMissing: None is installed.
            PluginError: None can be had.
        """
        names = self.names("schemas")
        if not names:
            raise PluginMissing(
                "No schema engine is installed, so no program can be read.", hint="pip install elixirml-schemas"
            )
        broken: PluginError | None = None
        whole = 0
        for name in sorted(names, key=lambda name: (not self._is_default(name), name)):
            try:
                engine = self._registry.resolve("schemas", name)
            except PluginError as error:
                broken = broken or error
                continue
            whole += 1
            yield engine
        if broken is not None and not whole:
            raise broken

    def _is_default(self, engine: str) -> bool:
        return self._registry.options("schemas", engine).get("default") is True

    def _engine(self, declared: Any) -> SchemaEngine:
        for engine in self._engines():
            if engine.supports(declared):
                return engine
        raise DeclarationError(
            f"No installed schema engine reads {declared!r} (asked: {', '.join(self.names('schemas'))}).",
            hint="Declare an attrs class, a dataclass or a TypedDict.",
            code="type-unknown",
        )
