"""The configuration: one checked object a section, and where each value came from."""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Self, TypeVar, cast

from attrs import field, frozen

from elixirml.config.compounds import Union
from elixirml.config.kernel import KernelConfig
from elixirml.config.kinds import Kind, Number, SecretKind, TruthValue, first_origin
from elixirml.config.layers import KERNEL, OWN, PROGRAMS, Layer, Schemas, nested, value_layer
from elixirml.config.options import Option
from elixirml.config.origins import Fault, Given, Keys, LayerName, Node, Origin, Tree, is_table, refusal
from elixirml.errors import ConfigError, did_you_mean
from elixirml.identity import Json
from elixirml.variables import Variable, variable

__all__ = ["Configuration", "Setting", "read_sections"]

T = TypeVar("T")

_DEFAULT: Final = Origin(LayerName.DEFAULT, "default")


@frozen
class Setting:
    """One value of the configuration.

    Attributes:
        keys: Its section and its names in it.
        value: The checked value.
        origin: Where it was given.
        kind: What it may hold.
    """

    keys: Keys
    value: object
    origin: Origin
    kind: Kind = field(repr=False)

    @property
    def name(self) -> str:
        """How the command line calls it: `http.timeout`."""
        return ".".join(self.keys)

    @property
    def path(self) -> str:
        """Its path in files and among variables: `plugins.http.timeout`, `kernel.model`."""
        return self.name if self.keys[0] in OWN else f"plugins.{self.name}"

    @property
    def option(self) -> Option:
        """What the plugin says about it."""
        return self.kind.option

    @property
    def json(self) -> Json:
        """The value as JSON; of a secret, the reference."""
        return self.kind.plain(self.value)

    @property
    def is_secret(self) -> bool:
        """Whether it holds a secret."""
        kinds = self.kind.kinds if isinstance(self.kind, Union) else (self.kind,)
        return any(isinstance(each, SecretKind) for each in kinds)

    def variable(self) -> Variable:
        """Return it as a variable whose default is the configured value."""
        kind, option, hint = self.kind, self.option, self.option.help or None
        if isinstance(kind, TruthValue):
            return variable(cast("bool", self.value), hint=hint, name=self.path)
        if isinstance(kind, Number) and option.choices is None:
            low, high = cast("float", option.low), cast("float", option.high)
            ends = (math.ceil(low), math.floor(high)) if kind.number is int else (float(low), float(high))
            return variable(cast("float", self.value), low=ends[0], high=ends[1], hint=hint, name=self.path)
        return variable(self.json, choices=kind.variants, hint=hint, name=self.path)


@frozen
class Configuration:
    """One state of all settings, checked and immutable; a change makes another one.

    Attributes:
        sections: The checked object of each section, an instance of the plugin's class.
        unread: Sections that somebody wrote and nobody reads, and where.

    Example:
        >>> from elixirml.config import Sources, load_configuration
        >>> configuration = load_configuration({}, sources=Sources(environ={"ELIXIRML_KERNEL__MODEL": "local/smollm2"}))
        >>> configuration.kernel.model, str(configuration.origin("kernel.model"))
        ('local/smollm2', 'ELIXIRML_KERNEL__MODEL')

    .. versionadded:: 0.1
    """

    sections: Mapping[str, Any]
    unread: Mapping[str, Origin | None]
    _schemas: Schemas = field(repr=False, eq=False)
    _layer: Layer = field(repr=False, eq=False)

    @classmethod
    def of(cls, schemas: Schemas, layer: Layer) -> Self:
        """Return the configuration of a layer.

        Raises:
            ConfigError: Something does not fit; lists all of it.
        """
        sections, faults = read_sections(schemas, layer)
        if faults:
            raise refusal(faults)
        unread = {name: first_origin(node) for name, node in layer.trees.items() if name not in schemas}
        return cls(MappingProxyType(sections), MappingProxyType(unread), schemas, layer)

    def __getitem__(self, section: str) -> Any:
        if section not in self.sections:
            raise ConfigError(
                f"There is no section `{section}`.", hint=did_you_mean(section, self.sections), code="config-section"
            )
        return self.sections[section]

    def section(self, name: str, cls: type[T]) -> T:
        """Return a section whose class is known to the caller, for type checkers.

        Raises:
            ConfigError: There is no such section, or it is of another class.
        """
        found = self[name]
        if not isinstance(found, cls):
            raise ConfigError(f"The section `{name}` is a {type(found).__qualname__}, no {cls.__qualname__}.")
        return found

    @property
    def kernel(self) -> KernelConfig:
        """The kernel's own section."""
        return self.section(KERNEL, KernelConfig)

    @property
    def programs(self) -> Mapping[str, str]:
        """The programs by the names they were given."""
        return cast("Mapping[str, str]", self[PROGRAMS])

    def settings(self, section: str | None = None) -> tuple[Setting, ...]:
        """Return every value with its origin.

        Args:
            section: Only of this section.

        Raises:
            ConfigError: There is no such section.
        """
        values = self.sections if section is None else {section: self[section]}
        found = (
            _settings((name,), self._schemas[name], value, self._layer.trees.get(name))
            for name, value in values.items()
        )
        return tuple(each for settings in found for each in settings)

    def origin(self, name: str) -> Origin:
        """Return where a value came from.

        Args:
            name: The setting: `http.timeout`; `plugins.` may stand before it.

        Raises:
            ConfigError: There is no such setting.
        """
        known = {each.name: each.origin for each in self.settings()}
        inner = name.removeprefix("plugins.")
        if inner not in known:
            raise ConfigError(f"There is no setting `{name}`.", hint=did_you_mean(inner, known), code="config-setting")
        return known[inner]

    def variables(self) -> tuple[Variable, ...]:
        """Return the settings that may be tuned, as variables whose defaults are the configured values."""
        return tuple(each.variable() for each in self.settings() if each.option.tunable)

    def with_values(self, values: Mapping[str, Json]) -> "Configuration":
        """Return the configuration with other values for variables.

        Args:
            values: By the path of the variable: `plugins.http.timeout`.

        Raises:
            ConfigError: A path is that of no variable, or a value does not fit; lists all that is wrong.
        """
        known = {each.path: each.keys for each in self.settings() if each.option.tunable}
        lost = [each for each in values if each not in known]
        if lost:
            hint = did_you_mean(lost[0], known)
            raise ConfigError(f"No setting that may be tuned is called `{lost[0]}`.", hint=hint, code="config-setting")
        origin = Origin(LayerName.ARGUMENT, "assignment")
        layer = self._layer
        for path, value in values.items():
            layer = Layer(nested(known[path], Given(value, origin))).over(layer)
        return Configuration.of(self._schemas, layer)

    def changed(self, values: Mapping[str, Mapping[str, object]], *, source: str = "argument") -> "Configuration":
        """Return the configuration with values laid over it.

        Args:
            values: Keys and values by section; tables are merged.
            source: What messages and listings call the place they come from.

        Raises:
            ConfigError: Something does not fit; lists all of it.
        """
        return Configuration.of(self._schemas, value_layer(values, self._schemas, source=source).over(self._layer))


def read_sections(schemas: Schemas, layer: Layer) -> tuple[dict[str, Any], Sequence[Fault]]:
    """Return the object of each section, and all that is wrong; with faults, the objects mean nothing."""
    faults = list(layer.faults)
    sections: dict[str, Any] = {}
    for name, schema in schemas.items():
        found: list[Fault] = []
        empty: Tree = {}
        sections[name] = schema.read(layer.trees.get(name, empty), found)
        faults += [each.within(name) for each in found]
    return sections, faults


def _settings(keys: Keys, kind: Kind, value: object, node: Node | None) -> Iterator[Setting]:
    parts = kind.parts(value)
    if not parts and len(keys) > 1:  # a section without settings is none itself
        yield Setting(keys, value, (None if node is None else first_origin(node)) or _DEFAULT, kind)
    for key, (inner, each) in parts.items():
        yield from _settings((*keys, key), inner, each, _below(node, key))


def _below(node: Node | None, key: str) -> Node | None:
    """Return what was given under a key: of a table what is there, of an instance all."""
    if isinstance(node, Given) and not is_table(node.value):
        return node
    return node.get(key) if isinstance(node, Mapping) else None
