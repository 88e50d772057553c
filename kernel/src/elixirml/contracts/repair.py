"""What repair is: what becomes of a reply that does not hold the outputs it was asked for.

A stage has one policy, its setting `repair`, and each costs what it says: `fail` and `local` make no call, the others
make one more. Every repair is recorded, whether it succeeded or not.
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from elixirml.contracts.adapter import Adapter

__all__ = ["FAIL", "LOCAL", "POLICIES", "RESEND", "UNREPAIRED", "Repair", "RepairPolicy"]

FAIL: Final = "fail"
"""The error is raised; no call."""

RESEND: Final = "resend"
"""The same is asked once more, with the refused reply and the reason as quoted data; one call."""

LOCAL: Final = "local"
"""The adapter mends the reply where it can say what it changed; see `RepairingAdapter`; no call."""

POLICIES: Final = (FAIL, RESEND, LOCAL)
"""The policies that need no adapter; any other is the name of the adapter that asks once more, in its format."""


@frozen
class RepairPolicy:
    """What is done about a reply that does not hold the outputs.

    Attributes:
        name: One of `POLICIES`, or the name of an adapter.
        adapter: The adapter of that name, which asks once more; None for one of `POLICIES`.
        options: Values of its own variables, by their short names.

    .. versionadded:: 0.1
    """

    name: str = FAIL
    adapter: Adapter | None = None
    options: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)


UNREPAIRED: Final = RepairPolicy()
"""The policy of a stage that names none."""


@frozen
class Repair:
    """One reply that did not hold the outputs, and what became of it.

    Attributes:
        stage: The path of the stage that asked.
        policy: What was done: one of `POLICIES`, or the name of the adapter that asked once more.
        failure: The stable code of the parse error, such as `missing_field`.
        path: The field concerned, from the outside in; empty for the whole reply.
        message: Why the reply was refused.
        changes: What a local repair changed, in words.
        succeeded: Whether the outputs were found in the end.

    .. versionadded:: 0.1
    """

    stage: str
    policy: str
    failure: str
    path: tuple[str | int, ...]
    message: str
    changes: tuple[str, ...] = ()
    succeeded: bool = False

    def __str__(self) -> str:
        outcome = "repaired" if self.succeeded else "not repaired"
        how = f"{self.policy}: {'; '.join(self.changes)}" if self.changes else self.policy
        return f"{self.stage}: a reply was refused ({self.failure}: {self.message}) and {outcome} ({how})"
