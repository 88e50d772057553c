"""Which variables mattered: the spread between candidates that goes with each variable's values."""

from collections.abc import Mapping, Sequence

from elixirml.identity import Json, canonical_json
from elixirml.studies.report import Effect
from elixirml.variables import Space, Subset

__all__ = ["effects"]

_FEWEST = 4


def effects(space: Space, scored: Sequence[tuple[Mapping[str, Json], float, float]]) -> tuple[Effect, ...]:
    """Return how much each variable mattered, the strongest first.

    The share is eta squared of a one-way analysis of variance, weighted by how much each candidate was seen, with its
    bias by the number of levels removed (omega squared). It describes the candidates tried; it proves no cause.

    Args:
        space: The space.
        scored: Active values, estimate and weight of each candidate.
    """
    if len(scored) < _FEWEST:
        return ()
    found: list[Effect] = []
    for variable in space.searchable:
        pairs = [
            (_level(variable.name, values, subset=isinstance(variable, Subset)), score, weight)
            for values, score, weight in scored
            if variable.name in values
        ]
        effect = _effect(variable.name, pairs)
        if effect is not None:
            found.append(effect)
    return tuple(sorted(found, key=lambda each: -each.share))


def _level(path: str, values: Mapping[str, Json], *, subset: bool) -> str:
    value = values[path]
    if subset and isinstance(value, list):
        return _size_class(len(value))
    return value if isinstance(value, str) else canonical_json(value)


def _size_class(size: int) -> str:
    return "none" if size == 0 else "1-4" if size <= 4 else "5-8" if size <= 8 else "9 and more"


def _effect(path: str, pairs: Sequence[tuple[str, float, float]]) -> Effect | None:
    levels = sorted({level for level, _, _ in pairs})
    if len(levels) < 2 or len(pairs) <= len(levels):
        return None
    total = sum(weight for _, _, weight in pairs)
    mean = sum(score * weight for _, score, weight in pairs) / total
    spread = sum(weight * (score - mean) ** 2 for _, score, weight in pairs)
    if spread <= 0:
        return None
    between = 0.0
    means: dict[str, float] = {}
    for level in levels:
        inside = [(score, weight) for each, score, weight in pairs if each == level]
        weight = sum(each for _, each in inside)
        means[level] = sum(score * each for score, each in inside) / weight
        between += weight * (means[level] - mean) ** 2
    freedom = len(levels) - 1
    within = (spread - between) / (len(pairs) - len(levels))
    share = max(0.0, (between - freedom * within) / (spread + within))
    return Effect(path, round(share, 4), max(means, key=lambda level: means[level]))
