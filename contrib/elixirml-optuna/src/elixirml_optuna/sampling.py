"""The wrapper around Optuna: a study in memory is built from what was told, asked, and dropped.

So nothing needs to be saved, and the same rows with the same seed give the same suggestions in any process. The options
are those that did well on noisy mixed functions with conditions: parameters are modelled together, in groups that are
active together, and suggestions that are still out count as bad ones.

Bergstra, Bardenet, Bengio, Kegl, "Algorithms for Hyper-Parameter Optimization", 2011; Falkner, Klein, Hutter, "BOHB",
2018, for the joint model.
"""

import logging
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from threading import get_ident
from typing import Any, Final

from elixirml.identity import Json
from elixirml.variables import Assignment
from elixirml_optuna.parameters import Drawn, Index, Kind, Parameters

__all__ = ["suggest"]

TRIES: Final = 50
"""Suggestions to ask for one that constraints allow."""


def suggest(
    parameters: Parameters,
    rows: Sequence[tuple[Mapping[str, Json], float]],
    *,
    sampler: str,
    count: int,
    seed: int,
) -> tuple[Assignment, ...]:
    """Return the assignments to evaluate next; fewer where constraints leave too few.

    Args:
        parameters: What an assignment is made of.
        rows: What was evaluated, with its score; higher is better, finite.
        sampler: `tpe` or `random`.
        count: How many to suggest.
        seed: The only source of randomness.
    """
    with _quiet():
        study = _study(_sampler(sampler, seed))
        kinds = {name: _distribution(kind) for name, kind in parameters.kinds.items()}
        study.add_trials([_trial(parameters.drawn(values), score, kinds) for values, score in rows])
        found = (_asked(study, parameters) for _ in range(count))
        return tuple(each for each in found if each is not None)


def _asked(study: Any, parameters: Parameters) -> Assignment | None:
    """Return one suggestion; the study remembers that it is out."""
    failed: Any = import_module("optuna.trial").TrialState.FAIL
    for _ in range(TRIES):
        trial = study.ask()
        found = parameters.assignment(partial(_draw, trial))
        if found is not None:
            return found
        study.tell(trial, state=failed)
    return None


def _draw(trial: Any, name: str, kind: Kind) -> Drawn:
    """Draw one parameter; the trial knows the sampler and what was drawn before."""
    if isinstance(kind, Index):
        return int(trial.suggest_categorical(name, list(range(kind.count))))
    if kind.whole:
        return int(trial.suggest_int(name, int(kind.low), int(kind.high), step=int(kind.step or 1), log=kind.log))
    return float(trial.suggest_float(name, kind.low, kind.high, step=kind.step, log=kind.log))


def _distribution(kind: Kind) -> Any:
    distributions: Any = import_module("optuna.distributions")
    if isinstance(kind, Index):
        return distributions.CategoricalDistribution(list(range(kind.count)))
    if kind.whole:
        return distributions.IntDistribution(int(kind.low), int(kind.high), step=int(kind.step or 1), log=kind.log)
    return distributions.FloatDistribution(kind.low, kind.high, step=kind.step, log=kind.log)


def _trial(drawn: Mapping[str, Drawn], score: float, kinds: Mapping[str, Any]) -> Any:
    trial: Any = import_module("optuna.trial")
    return trial.create_trial(params=dict(drawn), distributions={name: kinds[name] for name in drawn}, value=score)


def _study(sampler: Any) -> Any:
    """Return a study in memory; it has a name, since Optuna would draw one from the system's randomness."""
    optuna: Any = import_module("optuna")
    return optuna.create_study(study_name="elixirml", direction="maximize", sampler=sampler)


def _sampler(name: str, seed: int) -> Any:
    samplers: Any = import_module("optuna.samplers")
    if name == "random":
        return samplers.RandomSampler(seed=seed)
    return samplers.TPESampler(seed=seed, n_startup_trials=0, multivariate=True, group=True, constant_liar=True)


class _OtherThreads(logging.Filter):
    """Lets through what other threads log."""

    def __init__(self) -> None:
        super().__init__()
        self._own = get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        return record.thread != self._own


@contextmanager
def _quiet() -> Generator[None]:
    """Keep in what Optuna logs and warns of here; studies of others, and their settings, are left as they are."""
    import_module("optuna")  # its loggers exist from here on
    silence = _OtherThreads()
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "optuna"]
    loggers = [logging.getLogger(name) for name in names]
    for logger in loggers:
        logger.addFilter(silence)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `group` is called experimental since 2020
            yield
    finally:
        for logger in loggers:
            logger.removeFilter(silence)
