"""From the parsers' failures to the error that users see."""

from collections.abc import Generator
from contextlib import contextmanager

from elixirml.errors import ParseError
from elixirml_adapters.parsing import ParseFailure

__all__ = ["reading"]


@contextmanager
def reading(reply: str, *, field: str | None = None) -> Generator[None]:
    """Raise a `ParseError` with the whole reply for every `ParseFailure` of the parser inside.

    Args:
        reply: What was parsed.
        field: The field whose value the whole reply is, for formats that ask for one value only.

    Raises:
        ParseError: The parser refused the reply.
    """
    try:
        yield
    except ParseFailure as failure:
        path = (() if field is None else (field,)) + tuple(failure.path)
        raise ParseError(failure.message, failure=failure.code, path=path, reply=reply) from failure
