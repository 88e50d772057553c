"""The predictor: a stage answered by a scikit-learn estimator that has learnt from the stage's demos."""

from collections import OrderedDict
from threading import Lock
from typing import Final

from anyio import to_thread

from elixirml.contracts import FormatCall, Needs, Prediction, PredictorCall, Signature
from elixirml.errors import ParseError
from elixirml.identity import Json, digest
from elixirml.variables import Choice, Float, Integer, Variable, when
from elixirml_sklearn.estimators import FAMILIES, FOR_LABELS_ONLY
from elixirml_sklearn.estimators import Choice as Chosen
from elixirml_sklearn.features import has_texts
from elixirml_sklearn.fitting import Fitted, fit
from elixirml_sklearn.targets import Labels, targets_of, unanswerable

__all__ = ["KEPT", "SklearnPredictor"]

KEPT: Final = 32
"""How many fitted estimators a predictor keeps: those of the candidates under way."""


class SklearnPredictor:
    """Answers by an estimator instead of a language model: choices, truth values and numbers.

    It learns from the demos of the stage, once for each set of demos and options, and makes no model call. Equal demos
    in another order, or in another process, give the same answers.

    .. versionadded:: 0.1
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Fitted] = OrderedDict()
        self._lock = Lock()

    @property
    def kept(self) -> int:
        """How many fits are kept; at most `KEPT`."""
        return len(self._kept)

    def needs(self) -> Needs:
        """Return nothing: no model is asked."""
        return Needs(model=False)

    def refuses(self, signature: Signature) -> str | None:
        """Return which output it cannot estimate, where that has to be given."""
        missing = unanswerable(signature)
        return _only(missing[0]) if missing else None

    def extend(self, signature: Signature) -> Signature:
        """Return the task unchanged: an estimator gives no reasons."""
        return signature

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return the estimator, what its texts are made of, and its settings; nothing where it cannot answer."""
        targets = targets_of(signature)
        if not targets or unanswerable(signature):
            return ()
        labels = all(isinstance(each, Labels) for each in targets)
        families = tuple(each for each in FAMILIES if labels or each not in FOR_LABELS_ONLY)
        text = (Choice("text", default="words", options=("words", "characters")),) if has_texts(signature) else ()
        return (
            Choice("estimator", default=families[0], options=families),
            *text,
            Float(
                "strength", default=1.0, low=0.01, high=100.0, scale="log", active_if=when("estimator").equals("linear")
            ),
            Integer("neighbours", default=3, low=1, high=15, active_if=when("estimator").equals("neighbours")),
        )

    async def predict(self, call: PredictorCall) -> Prediction:
        """Return the estimates of the outputs; those that cannot be estimated and need not be given are left out.

        Raises:
            ParseError: An output can neither be estimated nor left out, or no demo holds it.
        """
        missing = unanswerable(call.signature)
        if missing:
            said = f"`{call.signature.name}`: {_only(missing[0])}."
            raise ParseError(said, failure="missing_field", path=(missing[0],))
        return Prediction(await to_thread.run_sync(self._answer, call))

    def _answer(self, call: PredictorCall) -> dict[str, Json]:
        return self._fitted(call).answer(call.format.values)

    def _fitted(self, call: PredictorCall) -> Fitted:
        """Return the estimators of a call; calls that need the same wait for one fit."""
        key = _identity(call)
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                demos = sorted(call.format.demos, key=lambda demo: digest([demo.inputs, demo.outputs]))
                found = self._kept[key] = fit(call.signature, demos, Chosen.of(call.options))
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return found


def _only(missing: str) -> str:
    return f"an estimator answers with choices, truth values and numbers, not with `{missing}`"


def _identity(call: PredictorCall) -> str:
    """Return what the estimators of a call depend on: fields, demos whatever their order, and options."""
    return digest(
        {
            "fields": [each.to_json() for each in (*call.signature.inputs, *call.signature.outputs)],
            "demos": _demos(call.format),
            "options": dict(call.options),
        }
    )


def _demos(call: FormatCall) -> list[str]:
    return sorted(digest([demo.inputs, demo.outputs]) for demo in call.demos)
