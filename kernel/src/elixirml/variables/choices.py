"""One of several given values as a variable: Boolean, Choice and Capability."""

import json
import random
from collections.abc import Iterable
from typing import ClassVar, Self, cast

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError, Problem, closest, did_you_mean
from elixirml.identity import Json, canonical_json
from elixirml.variables._json import is_json, show
from elixirml.variables.bank import Bank
from elixirml.variables.base import Variable

__all__ = ["Boolean", "Capability", "Choice"]

_TRUE = frozenset({"true", "yes", "on", "y", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "0"})


@frozen
class Boolean(Variable):
    """True or false.

    Example:
        >>> Boolean("stream", default=False).parse("yes")
        True
    """

    kind: ClassVar[str] = "boolean"
    closed: ClassVar[bool] = True

    def _problems_of(self, value: object, _bank: Bank | None, /) -> tuple[Problem, ...]:
        if isinstance(value, bool):
            return ()
        return (self._problem("type", f"expected true or false, got {show(value)}"),)

    def _size(self, _bank: Bank | None, /) -> float:
        return 2

    def _draw(self, rng: random.Random, _bank: Bank | None, /) -> Json:
        return rng.random() < 0.5

    def _moves(self, value: Json, _rng: random.Random, _bank: Bank | None, /) -> tuple[Json, ...]:
        return (not value,)

    def _encode(self, value: Json, _bank: Bank | None, /) -> tuple[float, ...]:
        return (1.0 if value else 0.0,)

    def _read(self, text: str, _bank: Bank | None, /) -> object:
        folded = text.strip().casefold()
        return True if folded in _TRUE else False if folded in _FALSE else text


def _options(options: Iterable[Json]) -> tuple[Json, ...]:
    if isinstance(options, str):
        raise DeclarationError(
            f"the options of a choice are a list, not the text {options!r}.", hint=f'Write options=("{options}", ...).'
        )
    return tuple(options)


@frozen
class Choice(Variable):
    """One of several JSON scalars, told apart by canonical JSON: True is not 1, and 1.0 is not 1.

    Attributes:
        options: The values, in the order in which they are shown.
        ordered: They form a scale: neighbours are next to each other, and the encoding is one number instead of one
            per option.

    Example:
        >>> Choice("format", default="json", options=("json", "xml")).encode("xml")
        (0.0, 1.0)
    """

    kind: ClassVar[str] = "choice"
    closed: ClassVar[bool] = True

    options: tuple[Json, ...] = field(kw_only=True, converter=_options, eq=canonical_json)
    ordered: bool = field(default=False, kw_only=True)
    _written: tuple[str, ...] = field(init=False, eq=False, repr=False)  # the canonical JSON of each option

    def _check(self) -> None:
        if not self.options:
            raise DeclarationError(f"{self.where} has no options.", hint='Write options=("first", "second").')
        for option in self.options:
            if isinstance(option, (list, dict, tuple)) or not is_json(option):
                raise DeclarationError(
                    f"{self.where} has the option {option!r}, which is no JSON scalar.",
                    hint="Options are null, truth values, finite numbers and texts; name larger things by a text.",
                )
        self._write()

    def _write(self) -> None:
        """Keep how each option is written, and refuse two that are written alike."""
        written = tuple(canonical_json(option) for option in self.options)
        if len(set(written)) < len(written):
            twice = next(text for text in written if written.count(text) > 1)
            raise DeclarationError(f"{self.where} has the option {twice} twice.", hint="Name each option once.")
        object.__setattr__(self, "_written", written)

    def _index(self, value: object) -> int:
        return self._written.index(canonical_json(value))

    def _problems_of(self, value: object, _bank: Bank | None, /) -> tuple[Problem, ...]:
        if is_json(value) and canonical_json(value) in self._written:
            return ()
        near = closest(str(value), [str(option) for option in self.options])
        message = f"{show(value)} is not one of {', '.join(self._written)}"
        return (self._problem("choice", message + (f". Did you mean {near}?" if near else "")),)

    def _size(self, _bank: Bank | None, /) -> float:
        return len(self.options)

    def _domain(self) -> dict[str, Json]:
        return {"options": list(self.options), "ordered": self.ordered}

    def _draw(self, rng: random.Random, _bank: Bank | None, /) -> Json:
        return rng.choice(self.options)

    def _moves(self, value: Json, rng: random.Random, _bank: Bank | None, /) -> tuple[Json, ...]:
        index = self._index(value)
        if self.ordered:
            return tuple(self.options[other] for other in (index - 1, index + 1) if 0 <= other < len(self.options))
        others = list(self.options[:index] + self.options[index + 1 :])
        rng.shuffle(others)
        return tuple(others)

    def _encode(self, value: Json, _bank: Bank | None, /) -> tuple[float, ...]:
        index = self._index(value)
        if self.ordered:
            return (index / max(1, len(self.options) - 1),)
        return tuple(float(other == index) for other in range(len(self.options)))

    def _read(self, text: str, _bank: Bank | None, /) -> object:
        """Return the option of exactly this text, else what the text means as JSON, else the text."""
        if text in self.options:
            return text
        try:
            return cast("object", json.loads(text))
        except ValueError:
            return text


@frozen
class Capability(Choice):
    """One of the installed things of a kind, by name: an adapter, a predictor, a model.

    Attributes:
        capability: Which kind of thing, in the singular: `adapter`, `predictor`, `model`, `tool`, ...
        options: The names it may have. Empty means whatever is installed and fits: it takes any name, and search
            leaves it alone until it is `narrowed`.

    Example:
        >>> Capability("adapter", default="json", capability="adapter").narrowed(["json", "xml"]).options
        ('json', 'xml')
    """

    kind: ClassVar[str] = "capability"
    closed: ClassVar[bool] = False

    capability: str = field(kw_only=True)
    options: tuple[Json, ...] = field(default=(), kw_only=True, converter=_options, eq=canonical_json)

    def _check(self) -> None:
        if not self.capability:
            raise DeclarationError(
                f"{self.where} does not say what it names.", hint='Write capability="adapter", "predictor" or "model".'
            )
        for option in self.options:
            if not isinstance(option, str) or not option:
                raise DeclarationError(
                    f"{self.where} has the option {option!r}, which is no name.", hint="Name installed things by text."
                )
        self._write()

    def _problems_of(self, value: object, bank: Bank | None, /) -> tuple[Problem, ...]:
        if not isinstance(value, str) or not value:
            return (self._problem("type", f"expected the name of a {self.capability}, got {show(value)}"),)
        return super()._problems_of(value, bank) if self.options else ()

    def _domain(self) -> dict[str, Json]:
        return {"capability": self.capability, "options": list(self.options)}

    def _encode(self, value: Json, bank: Bank | None, /) -> tuple[float, ...]:
        return super()._encode(value, bank) if self.options else ()

    def _read(self, text: str, _bank: Bank | None, /) -> object:
        return text

    def narrowed(self, names: Iterable[str]) -> Self:
        """Return the variable with only those of its options that are among `names`; with all of them if it had none.

        Raises:
            DeclarationError: The default is not among what is left.
        """
        known = tuple(dict.fromkeys(names))
        options = tuple(option for option in self.options if option in known) if self.options else known
        if self.default not in options:
            raise DeclarationError(
                f"{self.where} wants the {self.capability} `{self.default}`, which is not available.",
                hint=did_you_mean(str(self.default), known),
                code="name-not-found",
            )
        return evolve(self, options=options)
