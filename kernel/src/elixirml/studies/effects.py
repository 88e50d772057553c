"""Which variables mattered: the spread between candidates that goes with each variable's values."""

from collections.abc import Mapping, Sequence

from elixirml.contracts.metric import Direction
from elixirml.identity import Json, canonical_json
from elixirml.studies.report import Effect
from elixirml.variables import Space, Subset, Text, Variable

__all__ = ["effects"]

_FEWEST = 4


def effects(
    space: Space,
    scored: Sequence[tuple[Mapping[str, Json], float, float]],
    *,
    direction: Direction = Direction.MAXIMIZE,
) -> tuple[Effect, ...]:
    """Return how much each variable mattered, the strongest first.

    The share is omega squared of a one-way analysis of variance, weighted by how much each candidate was seen: the part
    of the spread between all candidates that goes with the variable's values, its bias by the number of values removed.
    A variable that is only active in some candidates explains no more than the spread among those. It describes the
    candidates tried; it proves no cause.

    Args:
        space: The space.
        scored: Active values, estimate and weight of each candidate.
        direction: Which estimates are better.
    """
    if len(scored) < _FEWEST:
        return ()
    whole = _spread([(score, weight) for _, score, weight in scored])
    found: list[Effect] = []
    for variable in space.searchable:
        pairs = [
            (_level(space, variable, values[variable.name]), score, weight)
            for values, score, weight in scored
            if variable.name in values
        ]
        effect = _effect(variable.name, pairs, whole, direction=direction)
        if effect is not None:
            found.append(effect)
    return tuple(sorted(found, key=lambda each: -each.share))


def _level(space: Space, variable: Variable, value: Json) -> str:
    """Return the value as people read it; subsets go by their size."""
    if isinstance(variable, Subset) and isinstance(value, list):
        return _size_class(len(value))
    if isinstance(variable, Text) and isinstance(value, str):
        value = space.banks[variable.bank_name][value].value
    return value if isinstance(value, str) else canonical_json(value)


def _size_class(size: int) -> str:
    return "none" if size == 0 else "1-4" if size <= 4 else "5-8" if size <= 8 else "9 and more"


def _mean(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(score * weight for score, weight in pairs) / sum(weight for _, weight in pairs)


def _spread(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the weighted sum of squares around the weighted mean."""
    mean = _mean(pairs)
    return sum(weight * (score - mean) ** 2 for score, weight in pairs)


def _effect(
    path: str, pairs: Sequence[tuple[str, float, float]], whole: float, *, direction: Direction
) -> Effect | None:
    groups: dict[str, list[tuple[float, float]]] = {}
    for level, score, weight in pairs:
        groups.setdefault(level, []).append((score, weight))
    if len(groups) < 2 or len(pairs) <= len(groups) or whole <= 0:
        return None
    inside = sum(_spread(group) for group in groups.values())
    between = _spread([(score, weight) for _, score, weight in pairs]) - inside
    noise = inside / (len(pairs) - len(groups))
    share = max(0.0, (between - (len(groups) - 1) * noise) / (whole + noise))
    sign = 1 if direction is Direction.MAXIMIZE else -1
    return Effect(path, round(share, 4), max(sorted(groups), key=lambda level: sign * _mean(groups[level])))
