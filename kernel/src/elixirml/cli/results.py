"""What `elixirml run` prints: the result of a run, or its fields as they arrive."""

import json
from collections.abc import Iterable, Mapping
from typing import IO, Any, Protocol

import click

from elixirml.cli.output import value_text
from elixirml.identity import Json
from elixirml.programs.compiled import CompiledProgram
from elixirml.runtime.listening import RunDelta
from elixirml.runtime.result import Result
from elixirml.runtime.streaming import RunEnd

__all__ = ["JsonLines", "Shown", "Typewriter", "followed", "print_fields", "result_json"]


class Shown(Protocol):
    """Shows a run while it goes on."""

    def tell(self, delta: RunDelta) -> None:
        """Show a piece of a field."""
        ...

    def close(self) -> None:
        """End the line that is under way, whatever the run has come to."""
        ...

    def end(self, result: Result[Any]) -> None:
        """Show what is left to show when the run has ended well."""
        ...


def followed(deltas: Iterable[RunDelta | RunEnd[Any]], shown: Shown) -> Result[Any]:
    """Show a run as it goes on, and return its result."""
    result: Result[Any] | None = None
    try:
        for delta in deltas:
            if isinstance(delta, RunDelta):
                shown.tell(delta)
            else:
                result = delta.result
    finally:
        shown.close()
    assert result is not None  # noqa: S101 - a stream that raises nothing has an end
    shown.end(result)
    return result


class JsonLines:
    """One JSON object a line: each piece of a field, and at last the result.

    Args:
        out: Where to print.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def tell(self, delta: RunDelta) -> None:
        """Print a piece."""
        place: dict[str, Json] = {"stage": delta.stage, "field": delta.field, "attempt": delta.attempt}
        self._print({**place, "text": delta.text, "last": delta.last})

    def close(self) -> None:
        """Do nothing: every line is whole."""

    def end(self, result: Result[Any]) -> None:
        """Print the result."""
        self._print(result_json(result))

    def _print(self, data: dict[str, Json]) -> None:
        click.echo(json.dumps(data, ensure_ascii=False), file=self._out)


class Typewriter:
    """The declared fields of all predict stages, each after its name where there are several.

    A strategy's own fields, such as `reasoning`, are no part of the answer and are left out.

    Args:
        out: Where to print.
        compiled: The program that runs.
    """

    def __init__(self, out: IO[str], compiled: CompiledProgram) -> None:
        nodes = compiled.predict_nodes()
        self._out = out
        self._names = {
            (node.path, each.name): each.name if len(nodes) == 1 else f"{node.path}.{each.name}"
            for node in nodes
            for each in node.signature.outputs
        }
        self._line: tuple[str, str, int] | None = None

    def tell(self, delta: RunDelta) -> None:
        """Print a piece."""
        name = self._names.get((delta.stage, delta.field))
        if name is None or not (delta.text or delta.last):
            return
        line = (delta.stage, delta.field, delta.attempt)
        if line != self._line:
            self.close()
            self._line = line
            if len(self._names) > 1:
                click.echo(_head(name), file=self._out, nl=False)
        click.echo(delta.text, file=self._out, nl=False)

    def close(self) -> None:
        """End the line that is under way."""
        if self._line is not None:
            click.echo(file=self._out)
            self._line = None

    def end(self, result: Result[Any]) -> None:
        """Print what of the output no predict stage has said."""
        said = [each.outputs for each in result.trace.stages]
        left = {
            name: value for name, value in result.fields.items() if not any(_holds(each, name, value) for each in said)
        }
        print_fields(left, out=self._out)


def print_fields(fields: Mapping[str, Json], *, out: IO[str]) -> None:
    """Print fields, each after its name."""
    for name, value in fields.items():
        click.echo(f"{_head(name)}{value_text(value)}", file=out)


def result_json(result: Result[Any]) -> dict[str, Json]:
    """Return a result as plain data: its output, what it used, and how it came about."""
    return {
        "output": dict(result.fields),
        "usage": dict(result.usage.to_json()),
        "trace": {
            "stages": [
                {
                    "stage": each.path,
                    "inputs": dict(each.inputs),
                    "outputs": dict(each.outputs),
                    **({"refused": True} if each.refused else {}),
                }
                for each in result.trace.stages
            ],
            "lapses": [each.to_json() for each in result.trace.lapses],
            "repairs": [
                {
                    "stage": each.stage,
                    "policy": each.policy,
                    "failure": each.failure,
                    "path": list(each.path),
                    "message": each.message,
                    "changes": list(each.changes),
                    "succeeded": each.succeeded,
                }
                for each in result.trace.repairs
            ],
        },
    }


def _head(name: str) -> str:
    return f"{click.style(name, bold=True)}: "


def _holds(fields: Mapping[str, Json], name: str, value: Json) -> bool:
    return name in fields and fields[name] == value
