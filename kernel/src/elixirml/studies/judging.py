"""Judging: one run of a program on one example, made into a scored row, faults included."""

import inspect
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import anyio
from attrs import field, frozen

from elixirml.contracts.metric import Example, Metric
from elixirml.contracts.usage import Usage
from elixirml.errors import (
    BudgetExceeded,
    ContextLengthExceeded,
    ElixirError,
    ModelError,
    ParseError,
    PluginError,
    PluginFailed,
    StateError,
)
from elixirml.runtime.result import Result, Trace
from elixirml.studies.ledger import Evidence, Row

__all__ = ["INFRASTRUCTURE", "Judge", "patiently"]

INFRASTRUCTURE = (ModelError, BudgetExceeded, PluginError, StateError)
"""Errors that say nothing of the candidate: no row is made of them."""

_RETRIES = 2


async def patiently(run: Callable[[], Awaitable[Result[Any]]]) -> Result[Any]:
    """Run a program; a model that gives no reply is asked anew, twice.

    Raises:
        ModelError: The model gave no reply, three times.
    """
    for attempt in range(_RETRIES + 1):
        try:
            return await run()
        except ContextLengthExceeded:
            raise
        except ModelError:
            if attempt == _RETRIES:
                raise
            await anyio.sleep(0.2 * 2**attempt)
    raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises


@frozen
class Judge:
    """Makes rows.

    Attributes:
        metrics: Metric name to metric.
    """

    metrics: Mapping[str, Metric] = field(hash=False)

    async def row(self, example: Example, run: Callable[[], Awaitable[Result[Any]]], used: Callable[[], Usage]) -> Row:
        """Return the scored row of one run.

        Args:
            example: What the program is run on.
            run: Runs it.
            used: Returns what the run was charged, when it has come to its end.

        Raises:
            ModelError: The model gave no reply.
            BudgetExceeded: A limit was reached.
            PluginFailed: A metric failed.
        """
        try:
            result = await run()
        except ContextLengthExceeded as error:  # too long a prompt is the candidate's doing
            return self.fault(example, error, used())
        except INFRASTRUCTURE:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the program raises is this candidate's fault
            return self.fault(example, error, used())
        scores: dict[str, float] = {}
        words: list[str] = []
        for name, metric in self.metrics.items():
            scores[name], feedback = await _judged(name, metric, example, result)
            words.extend(filter(None, [feedback]))
        return Row(
            example.id,
            scores,
            None,
            "; ".join([*words, *_told(result.trace)]) or None,
            result.fields,
            used(),
            _evidence(result),
            repaired=sum(each.succeeded for each in result.trace.repairs),
            lapses=_counted(result.trace),
        )

    def fault(self, example: Example, error: Exception, used: Usage) -> Row:
        """Return the row of a run that gave no output: every metric scores a failure."""
        code = error.code if isinstance(error, ElixirError) else type(error).__name__
        scores = {name: metric.failure for name, metric in self.metrics.items()}
        trace = getattr(error, "trace", None)
        known = trace if isinstance(trace, Trace) else Trace()
        message = "; ".join([error.message if isinstance(error, ParseError) else str(error), *_told(known)])
        return Row(example.id, scores, code, message, usage=used, lapses=_counted(known))


async def _judged(name: str, metric: Metric, example: Example, result: Result[Any]) -> tuple[float, str | None]:
    """Return a metric's value and feedback.

    Raises:
        PluginFailed: It raised, or its value is not a number.
    """
    try:
        judged = metric.score(example, result.prediction())
        score = await judged if inspect.isawaitable(judged) else judged
        value = float(score.value)
    except ElixirError:
        raise
    except Exception as error:
        raise PluginFailed(
            f"The metric `{name}` failed on example {example.id}: {type(error).__name__}: {error}",
            hint="Mend the metric; replies that are here are not asked for again.",
        ) from error
    if not math.isfinite(value):
        raise PluginFailed(
            f"The metric `{name}` scored example {example.id} as {value}, which is no finite number.",
            hint="Mend the metric; replies that are here are not asked for again.",
        )
    return value, score.feedback


def _counted(trace: Trace) -> dict[str, int]:
    """Return assertion to how often it failed."""
    return dict(Counter(each.assertion for each in trace.lapses))


def _told(trace: Trace) -> Iterator[str]:
    """Yield a sentence for each assertion that failed, for those who can change what it judged."""
    for name, times in _counted(trace).items():
        last = next(each for each in reversed(trace.lapses) if each.assertion == name)
        often = "" if times == 1 else f" {times} times"
        yield f"assertion `{name}` failed{often}{', then held' if last.mended else ''}: {last.message}"


def _evidence(result: Result[Any]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(each.stage, each.response.text, each.response.label_logprobs)
        for each in result.trace.exchanges()
        if each.response.label_logprobs
    )
