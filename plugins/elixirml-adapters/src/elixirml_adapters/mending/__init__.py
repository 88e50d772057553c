"""Mends replies that the parsers refuse, and says what was changed: the means of `repair = local`."""

from elixirml_adapters.mending.replies import Reading, mend
from elixirml_adapters.mending.values import mended_value

__all__ = ["Reading", "mend", "mended_value"]
