"""Fitting: demos to a model of each output."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from elixirml.contracts import Demo, Signature
from elixirml.errors import ParseError
from elixirml.identity import Json
from elixirml_sklearn.estimators import Choice, estimator
from elixirml_sklearn.features import Features, Row, has_numbers
from elixirml_sklearn.targets import Labels, Target, targets_of

__all__ = ["Fitted", "fit"]


@frozen(eq=False)
class Fitted:
    """Estimators that have learnt from demos, one an output.

    Attributes:
        parts: By output: its features, its estimator, and how a number becomes a value.
    """

    parts: Mapping[str, Callable[[Row], Json]]

    def answer(self, values: Row) -> dict[str, Json]:
        """Return the outputs for the inputs of one call."""
        return {name: estimate(values) for name, estimate in self.parts.items()}


def fit(signature: Signature, demos: Sequence[Demo], choice: Choice) -> Fitted:
    """Return estimators fitted to the demos; an output is learnt from those that hold it.

    Raises:
        ParseError: No demo holds an output.
    """
    return Fitted({each.name: _learnt(each, signature, demos, choice) for each in targets_of(signature)})


def _learnt(target: Target, signature: Signature, demos: Sequence[Demo], choice: Choice) -> Callable[[Row], Json]:
    shown = [(demo.inputs, target.number(demo.outputs.get(target.name))) for demo in demos]
    pairs = [(inputs, number) for inputs, number in shown if number is not None]
    if not pairs:
        raise ParseError(
            f"No demo of `{signature.name}` holds its output `{target.name}`, so there is nothing to learn it from.",
            failure="missing_field",
            path=(target.name,),
        )
    rows, numbers = [inputs for inputs, _ in pairs], [number for _, number in pairs]
    if len(set(numbers)) == 1:
        return _always(target.value(numbers[0]))
    return _estimating(target, signature, rows, numbers, choice)


def _always(value: Json) -> Callable[[Row], Json]:
    def estimate(_: Row) -> Json:
        return value

    return estimate


def _estimating(
    target: Target, signature: Signature, rows: Sequence[Row], numbers: Sequence[float], choice: Choice
) -> Callable[[Row], Json]:
    features = Features.of(signature, unit=choice.text)
    matrix = features.fit(rows)
    model: Any = estimator(
        choice, labels=isinstance(target, Labels), rows=len(rows), signed=has_numbers(signature)
    ).fit(matrix, list(numbers))

    def estimate(values: Row) -> Json:
        return target.value(float(model.predict(features.transform([values]))[0]))

    return estimate
