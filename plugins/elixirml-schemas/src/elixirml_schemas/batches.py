"""What many values at once come to."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from elixirml.errors import Problem, ValidationError

__all__ = ["Batch", "Checked"]


@frozen
class Checked:
    """One of many: a typed value, or what is wrong.

    Attributes:
        index: Its place among the others, from 0.
        value: The typed value; None when there are problems.
        problems: Everything that is wrong; empty when it fits.

    .. versionadded:: 0.1
    """

    index: int
    value: Any = None
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it fits."""
        return not self.problems


@frozen
class Batch:
    """Many values.

    Attributes:
        values: The typed values of those that fit, in order.
        errors: The problems of the others, by their places among all.

    .. versionadded:: 0.1
    """

    values: tuple[Any, ...]
    errors: Mapping[int, tuple[Problem, ...]] = field(factory=lambda: MappingProxyType({}), hash=False)

    @property
    def ok(self) -> bool:
        """Whether all fit."""
        return not self.errors

    def unwrap(self) -> tuple[Any, ...]:
        """Return the values.

        Raises:
            ValidationError: Some do not fit; each problem's path begins with the place of its value.
        """
        if self.ok:
            return self.values
        problems = [each.within(index) for index, found in self.errors.items() for each in found]
        total = len(self.values) + len(self.errors)
        raise ValidationError(f"{len(self.errors)} of {total} values do not fit:", problems=problems)
