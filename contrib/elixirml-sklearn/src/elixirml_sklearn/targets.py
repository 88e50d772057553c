"""Targets: which output fields an estimator can answer, and how their values become numbers and back."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from attrs import frozen

from elixirml.contracts import Field, Signature
from elixirml.identity import Json

__all__ = ["Labels", "Quantity", "Target", "target_of", "targets_of", "unanswerable"]


@frozen
class Labels:
    """A field that takes one of a list of values; as numbers, their positions."""

    name: str
    options: tuple[Json, ...]

    def number(self, value: object) -> float | None:
        """Return a value as a number, or None where it is none of the options."""
        same = (at for at, known in enumerate(self.options) if type(known) is type(value) and known == value)
        return next(same, None)

    def value(self, number: float) -> Json:
        """Return the option of a number."""
        return self.options[int(number)]


@frozen
class Quantity:
    """A number; estimates are moved into its range and, where it is whole, to the nearest whole number."""

    name: str
    whole: bool
    low: float | None
    high: float | None

    def number(self, value: object) -> float | None:
        """Return a value as a number, or None where it is none."""
        return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None

    def value(self, number: float) -> Json:
        """Return the estimate as a value of the field."""
        bounded = max(number, number if self.low is None else self.low)
        bounded = min(bounded, bounded if self.high is None else self.high)
        return round(bounded) if self.whole else float(bounded)


Target: TypeAlias = Labels | Quantity


def target_of(field: Field) -> Target | None:
    """Return how a field is estimated, or None where its values are neither labels nor numbers.

    Example:
        >>> target_of(Field("label", str, {"enum": ["good", "bad"]}))
        Labels(name='label', options=('good', 'bad'))
    """
    schema: Mapping[str, Any] = field.schema
    options: Sequence[Json] = schema.get("enum", (False, True) if schema.get("type") == "boolean" else ())
    if options:
        return Labels(field.name, tuple(options))
    if schema.get("type") in {"number", "integer"}:
        return Quantity(field.name, schema["type"] == "integer", schema.get("minimum"), schema.get("maximum"))
    return None


def targets_of(signature: Signature) -> tuple[Target, ...]:
    """Return the targets of a task: its outputs that can be estimated; the others are left to their defaults."""
    found = (target_of(each) for each in signature.outputs)
    return tuple(each for each in found if each is not None)


def unanswerable(signature: Signature) -> tuple[str, ...]:
    """Return the outputs that have to be given and cannot be estimated, such as free text."""
    return tuple(each.name for each in signature.outputs if each.required and target_of(each) is None)
