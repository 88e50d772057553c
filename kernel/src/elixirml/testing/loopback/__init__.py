"""A server on this machine that speaks the providers' wire formats, and fails as it is told.

For tests of clients, of middlewares, and of programs that are to be tried against a provider's faults at no cost.
"""

from elixirml.testing.loopback.script import Answer, Fault
from elixirml.testing.loopback.server import LoopbackServer, Received

__all__ = ["Answer", "Fault", "LoopbackServer", "Received"]
