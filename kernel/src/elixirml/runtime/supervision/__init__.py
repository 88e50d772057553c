"""Supervision: long-lived children that are started in order, restarted by rule and stopped in reverse.

`policy` decides and touches nothing, `supervisor` carries out on asyncio or trio, `process` makes a child of another
program.
"""

from elixirml.runtime.supervision._beside import beside
from elixirml.runtime.supervision._lives import alongside
from elixirml.runtime.supervision.children import (
    ChildShutdown,
    ChildSpec,
    ChildStartFailed,
    ChildState,
    ChildStatus,
    RestartLimitReached,
    Transition,
)
from elixirml.runtime.supervision.policy import Backoff, Exit, Restart, Rules, Strategy
from elixirml.runtime.supervision.process import ChildProcess, ChildProcessDied, ChildProcessTimeout
from elixirml.runtime.supervision.supervisor import Supervisor

__all__ = [
    "Backoff",
    "ChildProcess",
    "ChildProcessDied",
    "ChildProcessTimeout",
    "ChildShutdown",
    "ChildSpec",
    "ChildStartFailed",
    "ChildState",
    "ChildStatus",
    "Exit",
    "Restart",
    "RestartLimitReached",
    "Rules",
    "Strategy",
    "Supervisor",
    "Transition",
    "alongside",
    "beside",
]
