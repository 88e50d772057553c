"""What a setting may hold: one class a kind of type, each of which reads a given value or says what is wrong with it.

Reading is strict: a number is never made of a text, nor a truth value of a number. Only what TOML cannot say otherwise
is converted: a text to a path, a member of an enumeration or a secret's reference, a list to a tuple, a whole number to
a float.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import ClassVar, Final, cast

from attrs import field, frozen

from elixirml.config.options import Option
from elixirml.config.origins import Fault, Given, LayerName, Node, Origin, called, node_of, shown
from elixirml.config.secret import Secret, is_reference
from elixirml.identity import Json

__all__ = [
    "Choices",
    "Faults",
    "Kind",
    "Number",
    "PathKind",
    "SecretKind",
    "Text",
    "TruthValue",
    "Unchecked",
    "first_origin",
    "from_toml",
    "sized",
    "sizes",
]

Faults = list[Fault]

_NUMBERS: Final[Mapping[type, str]] = {int: "a whole number", float: "a number"}


@frozen
class Kind(ABC):
    """A type that settings may have, with the limits of one field."""

    option: Option = field(factory=Option, kw_only=True)

    @property
    def repeats(self) -> bool:
        """Whether messages may repeat a wrong value: not where a table was expected, which might have held a secret."""
        return True

    @property
    @abstractmethod
    def expected(self) -> str:
        """What messages say was expected."""

    @abstractmethod
    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node; what is wrong is added to `faults`, and then the value returned means nothing."""

    def from_text(self, text: str, origin: Origin) -> Node:
        """Return what a text means that somebody typed: itself where it fits, else what it says as TOML."""
        raw = Given(text, origin)
        if self.fits(raw):
            return raw
        said = from_toml(text, origin)
        return raw if said is None else said

    def plain(self, value: object) -> Json:
        """Return a value of this kind as JSON, for people and for variables."""
        return cast("Json", value)

    @property
    def variants(self) -> tuple[Json, ...] | None:
        """All values there are, when they are few."""
        return self.option.choices

    @property
    def names(self) -> tuple[str, ...]:
        """The keys a table of this kind may have, when they are known."""
        return ()

    def child(self, key: str) -> "Kind | None":
        """Return the kind of what stands under a key; None when nothing may."""
        _ = key
        return None

    def parts(self, value: object) -> "Mapping[str, tuple[Kind, object]]":
        """Return what a value consists of that is a setting of its own, by key; nothing for a single setting."""
        _ = value
        return {}

    def fits(self, node: Node) -> bool:
        """Return whether nothing is wrong with a node."""
        faults: Faults = []
        self.read(node, faults)
        return not faults

    def _refuse(self, node: Node, faults: Faults, *, code: str = "type", got: str | None = None) -> object:
        value, origin = (node.value, node.origin) if isinstance(node, Given) else (node, first_origin(node))
        faults.append(
            Fault(
                (),
                code,
                f"expected {self.expected}, got {got or (shown(value) if self.repeats else called(value))}",
                origin,
            )
        )
        return None


def first_origin(node: Node) -> Origin | None:
    """Return an origin of a node: its own, or that of the first thing in it."""
    if isinstance(node, Given):
        return node.origin
    return next((found for each in node.values() if (found := first_origin(each)) is not None), None)


def from_toml(text: str, origin: Origin) -> Node | None:
    """Return what a text says as one value of TOML; None when it is none."""
    import tomllib

    try:
        found = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return None
    return node_of(found["value"], origin) if found.keys() == {"value"} else None


@frozen
class _Scalar(Kind):
    """One value, not a list or table; the limit to a few choices is the same for all."""

    noun: ClassVar[str]

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        if self.option.choices is not None:
            return _one_of(self.option.choices)
        return f"{self._noun()}{self._limits()}"

    def _noun(self) -> str:
        return self.noun

    def _limits(self) -> str:
        return ""

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        if not isinstance(node, Given):
            return self._refuse(node, faults)
        value = self._converted(node)
        if value is None:
            return self._refuse(node, faults)
        code = self._breach(value)
        return value if code is None else self._refuse(node, faults, code=code)

    def _breach(self, value: object) -> str | None:
        """Return the code of the limit that a value breaks."""
        choices = self.option.choices
        return "choice" if choices is not None and self.plain(value) not in choices else self._beyond(value)

    def _beyond(self, value: object, /) -> str | None:
        _ = value
        return None

    @abstractmethod
    def _converted(self, node: Given) -> object:
        """Return the value of the right type, or None."""


@frozen
class TruthValue(_Scalar):
    """`bool`."""

    noun: ClassVar[str] = "true or false"

    @property
    def variants(self) -> tuple[Json, ...]:
        """Both."""
        return (False, True)

    def _converted(self, node: Given) -> object:
        return node.value if isinstance(node.value, bool) else None


@frozen
class Number(_Scalar):
    """`int` or `float`, within bounds; infinities and NaN are none."""

    number: type[int] | type[float]

    def _noun(self) -> str:
        return _NUMBERS[self.number]

    def _limits(self) -> str:
        low, high = self.option.low, self.option.high
        if low is not None and high is not None:
            return f" from {low} to {high}"
        return f" of at least {low}" if low is not None else f" of at most {high}" if high is not None else ""

    def _converted(self, node: Given) -> object:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, (int, self.number)):
            return None
        try:
            number = self.number(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None

    def _beyond(self, value: object, /) -> str | None:
        number, low, high = cast("float", value), self.option.low, self.option.high
        return "range" if (low is not None and number < low) or (high is not None and number > high) else None


@frozen
class Text(_Scalar):
    """`str`."""

    noun: ClassVar[str] = "a text"

    def _limits(self) -> str:
        length = sizes(self.option, "signs")
        return length + (f" in which {self.option.pattern} is found" if self.option.pattern is not None else "")

    def _converted(self, node: Given) -> object:
        return str.__str__(node.value) if isinstance(node.value, str) else None

    def _beyond(self, value: object, /) -> str | None:
        text, option = cast("str", value), self.option
        if not sized(option, len(text)):
            return "length"
        return "pattern" if option.pattern is not None and not re.search(option.pattern, text) else None


@frozen
class PathKind(_Scalar):
    """`pathlib.Path`; `~` is the home of the user, and what a file says is relative to its folder."""

    noun: ClassVar[str] = "a path"

    def _converted(self, node: Given) -> object:
        value = node.value
        if isinstance(value, Path):
            return value
        if not isinstance(value, str) or not value or "\0" in value:
            return None
        try:
            path = Path(value).expanduser()
        except RuntimeError:
            return None
        return path if node.origin.folder is None else node.origin.folder / path

    def plain(self, value: object) -> Json:
        """Return the path as a text."""
        return str(value)


@frozen
class SecretKind(Kind):
    """`Secret`: a reference, never the secret itself; what was given instead is not shown."""

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        return "a reference, env:NAME or file:PATH"

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        if isinstance(node, Given) and isinstance(node.value, Secret):
            return node.value
        if isinstance(node, Given) and isinstance(node.value, str) and is_reference(node.value):
            return Secret(node.value, folder=node.origin.folder)
        return self._refuse(node, faults, code="secret-literal", got="something else, which is not shown")

    def from_text(self, text: str, origin: Origin) -> Node:
        """Return a reference as it is; any other text in an environment variable is the secret, found there."""
        variable = f"env:{origin.source}"
        literal = origin.layer is LayerName.ENVIRONMENT and not is_reference(text)
        return Given(Secret(variable) if literal and is_reference(variable) else text, origin)

    def plain(self, value: object) -> Json:
        """Return the reference."""
        return str(value)


@frozen
class Choices(Kind):
    """A `Literal`, or the values of an enumeration."""

    members: Mapping[Json, object]
    """The value a file holds, and what it stands for."""

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        return _one_of(self.variants)

    @property
    def variants(self) -> tuple[Json, ...]:
        """The values, those that `choices` leaves out left out."""
        allowed = self.option.choices
        return tuple(each for each in self.members if allowed is None or each in allowed)

    def plain(self, value: object) -> Json:
        """Return what a file holds for it."""
        return cast("Json", value.value) if isinstance(value, Enum) else cast("Json", value)

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        if isinstance(node, Given):
            given = self.plain(node.value) if node.value in self.members.values() else node.value
            for value in self.variants:
                if type(given) is type(value) and given == value:
                    return self.members[value]
        return self._refuse(node, faults, code="choice")


@frozen
class Unchecked(Kind):
    """`Any`: whatever TOML holds."""

    @property
    def expected(self) -> str:
        """What a value of this kind is, in words."""
        return "anything"

    def read(self, node: Node, faults: Faults) -> object:
        """Return the value of a node, or add what is wrong with it."""
        if isinstance(node, Given):
            return node.value
        return {key: self.read(each, faults) for key, each in node.items()}

    def from_text(self, text: str, origin: Origin) -> Node:
        """Return what a text says as TOML, else the text."""
        said = from_toml(text, origin)
        return Given(text, origin) if said is None else said


def _one_of(values: Sequence[Json]) -> str:
    return " or ".join(map(shown, values))


def sizes(option: Option, noun: str) -> str:
    """Return the limits of a length, in words."""
    most = "" if option.maximum is None else f", at most {option.maximum} {noun}"
    return (f", at least {option.minimum} {noun}" if option.minimum else "") + most


def sized(option: Option, length: int) -> bool:
    """Return whether a length is within its limits."""
    return option.minimum <= length and (option.maximum is None or length <= option.maximum)
