"""PROGRAM on the command line: `file.py:Class`, `package.module:Class`, or a saved JSON file with its declaration."""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from elixirml.errors import ConfigError, DeclarationError, closest, did_you_mean
from elixirml.programs.program import Program, as_program
from elixirml.programs.stages import PredictStage
from elixirml.programs.state import read_saved
from elixirml.runtime.kernel import Kernel

__all__ = ["resolved_program", "with_set_values"]


def resolved_program(reference: str, declared: str | None = None) -> Program[Any, Any]:
    """Return the program a reference names.

    Raises:
        ConfigError: There is no such file, module or program; names the nearest.
        DeclarationError: The file raised while it was read.
        StateError: The JSON file is not a saved program, or is one of another program.
    """
    if reference.endswith(".json"):
        if declared is None:
            raise ConfigError(
                f"{reference} holds values, not a declaration.",
                hint=f"Name the declaration too: {reference} --program file.py:Class",
            )
        return resolved_program(declared).with_saved(read_saved(reference))
    target, colon, name = reference.rpartition(":")
    if not colon:
        target, name = reference, ""
    module = _from_file(Path(target)) if target.endswith(".py") else _from_name(target)
    return _chosen(module, name, target)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        nearby = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        near = closest(path.name, nearby)
        raise ConfigError(
            f"There is no file {path}.", hint=f"Did you mean {path.with_name(near)}?" if near else "Check the path."
        )
    name = f"elixirml_program_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file.")
    module = module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise DeclarationError(
            f"{path} raised while it was read: {_last_line(error)}", code="program-raised"
        ) from error
    return module


def _last_line(error: Exception) -> str:
    trace, line = error.__traceback__, None
    while trace is not None:
        line, trace = trace.tb_lineno, trace.tb_next
    return f"{type(error).__name__}: {error} (line {line})"


def _from_name(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(
            f"`{name}` is not a program.", hint="Write file.py:Class, package.module:Class or a saved file.json."
        )
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"The module `{name}` cannot be imported: {error}.", hint="For a file, write file.py:Class."
        ) from error


def _chosen(module: ModuleType, name: str, target: str) -> Program[Any, Any]:
    known = _programs_of(module)
    if name:
        found = getattr(module, name, None)
        if found is None:
            raise ConfigError(f"{target} has no program `{name}`.", hint=did_you_mean(name, known))
        return as_program(found)
    if len(known) == 1:
        return as_program(getattr(module, known[0]))
    raise ConfigError(
        f"{target} holds {len(known) or 'no'} programs.",
        hint=f"Name one: {target}:{known[0]}" if known else "Declare one: class QA(ml.Program[Inputs, Outputs]).",
    )


def _programs_of(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if (isinstance(value, type) and issubclass(value, Program) and value.__module__ == module.__name__)
        or isinstance(value, (Program, PredictStage))
    ]


def with_set_values(kernel: Kernel, program: Program[Any, Any], values: Sequence[str]) -> Program[Any, Any]:
    """Return the program with values as they are written in `--set path=value`.

    Raises:
        ConfigError: A value has no `=`.
        DeclarationError: A path names no variable.
        ValidationError: A text is no value of its variable.
    """
    texts: dict[str, str] = {}
    for each in values:
        path, equals, text = each.partition("=")
        if not equals:
            raise ConfigError(f"`--set {each}` has no value.", hint="Write --set path=value.")
        texts[path.strip()] = text
    if not texts:
        return program
    space = kernel.runner(program).assigned().space
    return program.with_values(space.parse(texts))
