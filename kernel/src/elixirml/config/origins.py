"""Where a value was given, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeAlias, TypeGuard, Union

from attrs import evolve, field, frozen

from elixirml.errors import ConfigError

__all__ = [
    "Fault",
    "Given",
    "Keys",
    "LayerName",
    "Node",
    "Origin",
    "Tree",
    "laid_over",
    "node_of",
    "refusal",
    "shown",
    "tree",
]

Keys: TypeAlias = tuple[str, ...]
"""Names from the outside in; the first is the section."""

_WIDEST: Final = 60
_CALLED: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (Mapping, "a table"),
    ((list, tuple), "a list"),
    (bool, "a truth value"),
    (str, "a text"),
    ((int, float), "a number"),
)


class LayerName(StrEnum):
    """Who speaks, the weakest first."""

    DEFAULT = "default"
    USER = "user"
    PROJECT = "project"
    ENVIRONMENT = "environment"
    ARGUMENT = "argument"


@frozen
class Origin:
    """Where a value was given.

    Attributes:
        layer: Who spoke.
        source: The file, the environment variable, or what else messages call it.
        line: The line of the file, where it is known.
        folder: What relative paths are relative to; the current folder when None.
    """

    layer: LayerName
    source: str
    line: int | None = None
    folder: Path | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@frozen
class Given:
    """A value with its origin. The value is not shown: it may be a secret that somebody wrote in the wrong place."""

    value: object = field(repr=False)
    origin: Origin


Node: TypeAlias = Union["Tree", Given]
Tree: TypeAlias = Mapping[str, Node]


def tree(table: Mapping[str, object], origin: Origin) -> Tree:
    """Return a table as a tree, all of it from one origin."""
    return {key: node_of(value, origin) for key, value in table.items()}


def node_of(value: object, origin: Origin) -> Node:
    """Return a value as a node: a table as a tree, everything else, also an empty table, as it is."""
    return tree(value, origin) if is_table(value) and value else Given(value, origin)


def is_table(value: object) -> TypeGuard[Mapping[str, object]]:
    """Return whether a value is a table: its keys are texts, as in TOML they always are."""
    return isinstance(value, Mapping)


def bare(node: Node) -> object:
    """Return what a node holds, without origins."""
    return node.value if isinstance(node, Given) else {key: bare(each) for key, each in node.items()}


def laid_over(strong: Tree, weak: Tree) -> Tree:
    """Return both trees as one: tables are merged key by key, of everything else the strong one wins.

    Example:
        >>> told = {name: Given(name, Origin(LayerName.USER, name)) for name in ("a", "b")}
        >>> [found.value for found in laid_over({"x": told["a"]}, {"x": told["b"], "y": told["b"]}).values()]
        ['a', 'b']
    """
    merged = dict(weak)
    for key, node in strong.items():
        merged[key] = _over(node, merged[key]) if key in merged else node
    return merged


def _over(strong: Node, weak: Node) -> Node:
    if isinstance(strong, Mapping) and isinstance(weak, Mapping):
        return laid_over(strong, weak)
    empty = isinstance(strong, Given) and isinstance(strong.value, Mapping) and isinstance(weak, Mapping)
    return weak if empty else strong


@frozen
class Fault:
    """One thing that is wrong in the configuration.

    Attributes:
        keys: The section, and the names within it.
        code: Stable and short: `type`, `range`, `length`, `pattern`, `choice`, `unknown`, `missing`, `secret-literal`,
            `invalid`; of a file that cannot be read, the code of its error.
        message: What was expected and what was found; never a secret.
        origin: Where it was given; None where nothing was.
        hint: The edit that mends it.
    """

    keys: Keys
    code: str
    message: str
    origin: Origin | None = None
    hint: str | None = None

    @property
    def path(self) -> str:
        """The names joined by dots."""
        return ".".join(self.keys)

    def __str__(self) -> str:
        where = "" if self.origin is None else f" ({self.origin})"
        text = f"{self.path}: {self.message}{where}" if self.keys else f"{self.message}{where}"
        return text if self.hint is None else f"{text}\n    {self.hint}"

    def within(self, section: str) -> "Fault":
        """Return the fault with a name put before its others."""
        return evolve(self, keys=(section, *self.keys))


def refusal(faults: Sequence[Fault]) -> ConfigError:
    """Return one error that lists every fault."""
    count = "A setting is" if len(faults) == 1 else f"{len(faults)} settings are"
    lines = "".join(f"\n  - {fault}" for fault in faults)
    return ConfigError(
        f"{count} wrong:{lines}",
        hint="Mend what is listed; `elixirml config check` tells whether all is well.",
        code="config-invalid",
    )


def called(value: object) -> str:
    """Return what a value is, without repeating it."""
    other = f"a {type(value).__name__}"
    return next((word for kind, word in _CALLED if isinstance(value, kind)), other)


def shown(value: object) -> str:
    """Return a value as messages show it: scalars as in a file, of everything else only what it is."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            text = f'"{value}"'
        case int() | float():
            text = str(value)
        case _:
            return called(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
