"""What this plugin makes of rows of case tables that are of no metric: texts to be normalised."""

from collections.abc import Mapping
from typing import Any

from elixirml_metrics.text import normalize

__all__ = ["judged"]


def judged(name: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a text as the SQuAD metrics compare it; other rows are scored."""
    if asked.get("metric") == "normalize" and name.startswith("squad"):
        return {"value": normalize(asked["text"])}
    return None
