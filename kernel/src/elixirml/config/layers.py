"""The layers of configuration: files, environment variables and explicit values, each as one tree a section.

From the weakest: defaults, the user's file, the project's file, the environment, explicit values.

    [kernel]                settings of the kernel           ELIXIRML_KERNEL__MODEL=local/smollm2
    [programs]              programs by name                 ELIXIRML_PROGRAMS__QA=qa.py:QA
    [plugins.http]          settings of the plugin `http`    ELIXIRML_HTTP__TIMEOUT=30
    [plugins.http.retry]    a table within them              ELIXIRML_HTTP__RETRY__ATTEMPTS=3
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from attrs import field, frozen

from elixirml.config.compounds import Record
from elixirml.config.files import SettingsFile, sub_table
from elixirml.config.kinds import Kind
from elixirml.config.origins import Fault, Given, Keys, LayerName, Node, Origin, Tree, is_table, laid_over, tree
from elixirml.errors import did_you_mean

__all__ = [
    "KERNEL",
    "OWN",
    "PROGRAMS",
    "Layer",
    "Placed",
    "Schemas",
    "environment_layer",
    "file_layer",
    "nested",
    "placed_text",
    "text_layer",
    "value_layer",
]

Schemas: TypeAlias = Mapping[str, Kind]

KERNEL: Final = "kernel"
PROGRAMS: Final = "programs"
OWN: Final = (KERNEL, PROGRAMS)
"""The sections of the kernel itself, which stand outside of `[plugins]`."""

_PLUGINS: Final = "plugins"
_PREFIX: Final = "ELIXIRML_"


Spelling: TypeAlias = Callable[[Kind, str], str]
"""From a word to the key it stands for, inside a kind of table."""


@frozen
class Placed:
    """A value with its place.

    Attributes:
        keys: The section and the names in it.
        kind: What may stand there.
        node: What does.
    """

    keys: Keys
    kind: Kind
    node: Node

    def faults(self) -> list[Fault]:
        """Return what is wrong with the value."""
        found: list[Fault] = []
        self.kind.read(self.node, found)
        for key in reversed(self.keys):
            found = [each.within(key) for each in found]
        return found


@frozen
class Layer:
    """What one source says.

    Attributes:
        trees: What it says about each section.
        faults: What in it cannot be placed.
    """

    trees: Tree = field(factory=dict[str, Node])
    faults: tuple[Fault, ...] = ()

    def over(self, weak: "Layer") -> "Layer":
        """Return both layers as one, this one being the stronger."""
        return Layer(laid_over(self.trees, weak.trees), (*weak.faults, *self.faults))


def _as_it_is(_: Kind, word: str) -> str:
    return word


def file_layer(file: SettingsFile, name: LayerName) -> Layer:
    """Return what a file says about the kernel, programs and plugins; lists of plugins are not settings.

    Raises:
        ConfigError: `plugins` is no table.
    """
    source = str(file.path)
    known = (*OWN, _PLUGINS)
    own = {key: file.content[key] for key in OWN if key in file.content}
    plugins = sub_table(file.content, _PLUGINS, source=source)
    trees = {key: _placed(file, value, (key,), name) for key, value in own.items()}
    for key, value in plugins.items():
        if is_table(value):
            trees[key] = _placed(file, value, (_PLUGINS, key), name)
    faults = [
        Fault((key,), "unknown", "there is no such table", _origin(file, (key,), name), did_you_mean(key, known))
        for key in file.content
        if key not in known
    ]
    return Layer(trees, tuple(faults))


def _placed(file: SettingsFile, value: object, keys: Keys, name: LayerName) -> Node:
    if not is_table(value) or not value:
        return Given(value, _origin(file, keys, name))
    return {key: _placed(file, each, (*keys, key), name) for key, each in value.items()}


def _origin(file: SettingsFile, keys: Keys, name: LayerName) -> Origin:
    return Origin(name, str(file.path), file.line(keys), file.path.parent)


def environment_layer(environ: Mapping[str, str], schemas: Schemas) -> Layer:
    """Return what environment variables say: those of fields that name their own, and `ELIXIRML_SECTION__KEY`."""
    layer = Layer()
    for variable, section, keys in _own_variables(schemas):
        if environ.get(variable):
            origin = Origin(LayerName.ENVIRONMENT, variable)
            layer = _written(section, keys, environ[variable], origin, schemas).over(layer)
    for variable in sorted(environ):
        word, double, rest = variable.upper().removeprefix(_PREFIX).partition("__")
        if variable.upper().startswith(_PREFIX) and double and word:
            section = next((each for each in schemas if _word(each) == word), word.lower())
            origin = Origin(LayerName.ENVIRONMENT, variable)
            said = _written(section, rest.split("__"), environ[variable], origin, schemas, spelled=_from_capitals)
            layer = said.over(layer)
    return layer


def text_layer(texts: Mapping[str, str], schemas: Schemas, *, source: str) -> Layer:
    """Return what texts say that somebody typed.

    Args:
        texts: By `SECTION.KEY`; `plugins.` may stand before a plugin's section.
        schemas: What sections may hold.
        source: What messages call the place they were typed at.
    """
    layer = Layer()
    for path, text in texts.items():
        section, keys = _parted(path, schemas)
        layer = _written(section, keys, text, Origin(LayerName.ARGUMENT, source), schemas).over(layer)
    return layer


def placed_text(path: str, text: str, schemas: Schemas, *, source: str) -> Placed | Fault:
    """Return where one text that somebody typed belongs and what it means, or what is wrong with its path."""
    section, keys = _parted(path, schemas)
    return _place(section, keys, text, Origin(LayerName.ARGUMENT, source), schemas, spelled=_as_it_is)


def value_layer(values: Mapping[str, Mapping[str, object]], schemas: Schemas, *, source: str) -> Layer:
    """Return what the host says, in values of Python.

    Args:
        values: Keys and values by section.
        schemas: What sections may hold.
        source: What messages call the host.
    """
    origin = Origin(LayerName.ARGUMENT, source)
    faults = tuple(_no_section(each, origin, schemas) for each in values if each not in schemas)
    return Layer(tree(values, origin), faults)


def _written(
    section: str, words: Sequence[str], text: str, origin: Origin, schemas: Schemas, *, spelled: Spelling = _as_it_is
) -> Layer:
    """Return what one text says; in the environment, also about sections nobody reads."""
    if section not in schemas and origin.layer is LayerName.ENVIRONMENT:
        return Layer({section: nested([each.lower() for each in words], Given(text, origin))})
    found = _place(section, words, text, origin, schemas, spelled=spelled)
    return Layer(faults=(found,)) if isinstance(found, Fault) else Layer(nested(found.keys, found.node))


def _place(
    section: str, words: Sequence[str], text: str, origin: Origin, schemas: Schemas, *, spelled: Spelling
) -> Placed | Fault:
    """Return the place of a text told by words, each spelled as its surroundings demand."""
    if section not in schemas:
        return _no_section(section, origin, schemas)
    keys: Keys = (section,)
    kind = schemas[section]
    for word in words:
        keys = (*keys, spelled(kind, word))
        below = kind.child(keys[-1])
        if below is None:
            hint = did_you_mean(keys[-1], kind.names) if kind.names else f"It is {kind.expected}."
            return Fault(keys, "unknown", "there is no such setting", origin, hint)
        kind = below
    return Placed(keys, kind, kind.from_text(text, origin))


def _no_section(section: str, origin: Origin, schemas: Schemas) -> Fault:
    return Fault((section,), "unknown", "there is no such section", origin, did_you_mean(section, schemas))


def _parted(path: str, schemas: Schemas) -> tuple[str, Sequence[str]]:
    """Return the section of a path, which may hold dots itself, and the keys in it."""
    inner = path.removeprefix(f"{_PLUGINS}.")
    found = [each for each in schemas if inner.startswith(f"{each}.")]
    section = max(found, key=len, default=inner.partition(".")[0])
    return section, inner[len(section) + 1 :].split(".")


def nested(keys: Sequence[str], node: Node) -> Tree:
    """Return a tree in which one node stands under some keys, of which there is one at least."""
    found: Tree = {keys[-1]: node}
    for key in reversed(keys[:-1]):
        found = {key: found}
    return found


def _word(section: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", section.upper())


def _from_capitals(around: Kind, word: str) -> str:
    return next((each for each in around.names if each.upper() == word), word.lower())


def _own_variables(schemas: Schemas) -> Iterator[tuple[str, str, Keys]]:
    for section, schema in schemas.items():
        if isinstance(schema, Record):
            yield from ((variable, section, keys) for keys, variable in schema.own_variables())
