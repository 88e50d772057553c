"""Records as plain data: to cross from one process to another, and for machines to read."""

from collections.abc import Mapping
from typing import Any, cast

from elixirml.contracts.contribution import Contribution
from elixirml.plugins.records import HookCall, Notice, PluginCandidate, PluginRecord, PluginStatus

__all__ = ["candidate_from", "candidate_to", "record_from", "record_to"]


def candidate_to(candidate: PluginCandidate) -> dict[str, str]:
    """Return a candidate as plain data."""
    return {
        "name": candidate.entry_name,
        "distribution": candidate.distribution,
        "version": candidate.version,
        "target": candidate.target,
    }


def candidate_from(data: Mapping[str, str]) -> PluginCandidate:
    """Return the candidate that `candidate_to` was given."""
    return PluginCandidate(data["name"], data["distribution"], data["version"], data["target"])


def record_to(record: PluginRecord) -> dict[str, Any]:
    """Return a record as plain data; only the options of contributions may hold something that JSON cannot."""
    return {
        **candidate_to(record.candidate),
        "status": str(record.status),
        "reason": record.reason,
        "hint": record.hint,
        "ms": record.load_ms,
        "hooks": list(record.hooks),
        "contributions": {kind: [_offered(each) for each in found] for kind, found in record.contributions.items()},
        "calls": [
            {"hook": each.hook, "results": each.results, "ms": each.ms, "error": each.error} for each in record.calls
        ],
        "notices": [{"message": each.message, "mend": each.mend} for each in record.notices],
    }


def record_from(data: Mapping[str, Any]) -> PluginRecord:
    """Return the record that `record_to` was given."""
    return PluginRecord(
        candidate_from(cast("Mapping[str, str]", data)),
        PluginStatus(data["status"]),
        data["reason"],
        data["hint"],
        data["ms"],
        {kind: tuple(Contribution(**each) for each in found) for kind, found in data["contributions"].items()},
        tuple(data["hooks"]),
        tuple(HookCall(**each) for each in data["calls"]),
        tuple(Notice(**each) for each in data["notices"]),
    )


def _offered(contribution: Contribution) -> dict[str, Any]:
    return {
        "name": contribution.name,
        "target": contribution.target,
        "summary": contribution.summary,
        "options": dict(contribution.options),
    }
