"""Values that search never chooses: Computed (from other variables) and Fitted (from data, by a study)."""

import json
from collections.abc import Callable, Iterable
from typing import ClassVar, Self, cast

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError, ValidationError
from elixirml.identity import Json, canonical_json
from elixirml.variables._json import is_json, plain
from elixirml.variables.bank import Bank
from elixirml.variables.base import Variable
from elixirml.variables.conditions import Condition

__all__ = ["Computed", "Fitted"]


def _inputs(inputs: Iterable[str]) -> tuple[str, ...]:
    return (inputs,) if isinstance(inputs, str) else tuple(inputs)


@frozen
class Computed(Variable):
    """A value that follows from other variables; it is worked out when an assignment is resolved, never set.

    Attributes:
        compute: Called with the value of each input, in order: canonical JSON, entry ids for text and subset
            variables, the default for an input that is inactive. Pure.
        inputs: The paths it depends on.

    Example:
        >>> Computed("tokens", compute=lambda steps: steps * 64, inputs=("steps",)).compute_from([3])
        192
    """

    kind: ClassVar[str] = "computed"

    default: Json = field(default=None, kw_only=True, eq=canonical_json)
    compute: Callable[..., Json] = field(kw_only=True)
    inputs: tuple[str, ...] = field(kw_only=True, converter=_inputs)

    def _check(self) -> None:
        if not self.inputs or not callable(self.compute):
            raise DeclarationError(
                f"{self.where} needs a function and the paths of its inputs.",
                hint='Write compute=lambda steps: steps * 64, inputs=("steps",).',
            )

    def compute_from(self, values: Iterable[Json]) -> Json:
        """Return the value that follows from the values of the inputs, in their order.

        Raises:
            DeclarationError: The function failed, or its result is not JSON.
        """
        try:
            result: object = self.compute(*values)
        except Exception as error:
            raise DeclarationError(
                f"{self.where} could not be computed: {type(error).__name__}: {error}.",
                hint=f"Its function is called with the values of {', '.join(self.inputs)}, in this order.",
                code="compute-failed",
            ) from error
        if not is_json(result):
            raise DeclarationError(
                f"{self.where} was computed as {result!r}, which is not JSON.",
                hint="Return null, a truth value, a finite number, a text, or lists and maps of them.",
                code="compute-failed",
            )
        return plain(result)

    def within(self, prefix: str, *, also: Condition | None = None) -> Self:
        """Return the same variable below `prefix`, with its inputs."""
        inputs = tuple(f"{prefix}.{path}" for path in self.inputs)
        return evolve(super().within(prefix, also=also), inputs=inputs)

    def _domain(self) -> dict[str, Json]:
        name = getattr(self.compute, "__qualname__", type(self.compute).__qualname__)
        return {"compute": str(name), "inputs": list(self.inputs)}

    def _read(self, text: str, _bank: Bank | None, /) -> object:
        raise ValidationError(
            f"{self.where} cannot be set to {text!r}: it is computed.",
            problems=[self._problem("computed", f"follows from {', '.join(self.inputs)}")],
            hint=f"Set {', '.join(self.inputs)} instead.",
        )


@frozen
class Fitted(Variable):
    """A value that a study estimates from data, such as the biases of labels; null until then, never sampled."""

    kind: ClassVar[str] = "fitted"

    default: Json = field(default=None, kw_only=True, eq=canonical_json)

    def _read(self, text: str, _bank: Bank | None, /) -> object:
        try:
            return cast("object", json.loads(text))
        except ValueError:
            return text
