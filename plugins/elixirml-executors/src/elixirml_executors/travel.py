"""Bundles, items and results as plain data, for the lines between an executor and its workers."""

from collections.abc import Mapping
from typing import Any

from elixirml.contracts import Bundle, WorkFailure, WorkItem, WorkResult

__all__ = ["bundle_from", "bundle_to", "item_from", "item_to", "result_from", "result_to"]


def bundle_to(bundle: Bundle) -> dict[str, Any]:
    """Return a bundle as plain data."""
    return {
        "digest": bundle.digest,
        "target": bundle.target,
        "setup": dict(bundle.setup),
        "sources": dict(bundle.sources),
    }


def bundle_from(data: Mapping[str, Any]) -> Bundle:
    """Return the bundle that `bundle_to` gave."""
    return Bundle(data["digest"], data["target"], data["setup"], data["sources"])


def item_to(item: WorkItem) -> dict[str, Any]:
    """Return an item as plain data."""
    return {"id": item.id, "payload": item.payload}


def item_from(data: Mapping[str, Any]) -> WorkItem:
    """Return the item that `item_to` gave."""
    return WorkItem(data["id"], data["payload"])


def result_to(result: WorkResult) -> dict[str, Any]:
    """Return a result as plain data."""
    failure = result.failure
    return {
        "item": result.id,
        "digest": result.digest,
        "value": result.value,
        "failure": None if failure is None else [failure.code, failure.message],
    }


def result_from(data: Mapping[str, Any]) -> WorkResult:
    """Return the result that `result_to` gave; a worker that tells of a failure is alive."""
    failure = data["failure"]
    return WorkResult(
        str(data["item"]), str(data["digest"]), data["value"], None if failure is None else WorkFailure(*failure)
    )
