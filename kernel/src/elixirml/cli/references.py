"""PROGRAM on the command line: a file and class, a module and class, a registered name, or a saved JSON file."""

import re
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from elixirml.cli.failures import PROGRAM_MODULE, own_line
from elixirml.config import registered_programs
from elixirml.errors import ConfigError, DeclarationError, ModelUnavailable, closest, did_you_mean
from elixirml.identity import Json
from elixirml.programs.program import Program, as_program
from elixirml.programs.stages import PredictStage
from elixirml.programs.state import read_saved
from elixirml.runtime.kernel import Kernel

_NAME = re.compile(r"[A-Za-z0-9_-]+")

__all__ = ["check_models", "prepared", "resolved_program"]

_FORMS = (
    "Write file.py:Class, package.module:Class, a name of [programs] in elixirml.toml, or a saved file.json with "
    "--program file.py:Class."
)


def resolved_program(reference: str, declared: str | None = None) -> Program[Any, Any]:
    """Return the program a reference names.

    Args:
        reference: `file.py:Class`, `package.module:Class`, a name of the table `[programs]` of the configuration, or a
            saved JSON file; the class may be left out when there is one program.
        declared: The declaration of a saved JSON file, written in the same way.

    Raises:
        ConfigError: There is no such file, module or program; names the nearest.
        DeclarationError: The file raised while it was read.
        StateError: The JSON file is not a saved program, or is one of another program.
    """
    reference = _registered(reference)
    if reference.endswith(".json"):
        if declared is None:
            raise ConfigError(
                f"{reference} holds values, not a declaration.",
                hint=f"Name the declaration too: {reference} --program file.py:Class",
            )
        saved = read_saved(reference)
        return resolved_program(declared).with_saved(saved)
    if declared is not None:
        raise ConfigError(
            f"`--program {declared}` goes with a saved JSON file, and {reference} is none.",
            hint=f"Name one of them: a declaration, or FILE.json --program {declared}.",
        )
    target, colon, name = reference.rpartition(":")
    if not colon:
        target, name = reference, ""
    module = _from_file(Path(target)) if target.endswith(".py") else _from_name(target)
    return _chosen(module, name, target)


def _registered(reference: str) -> str:
    """Return what a registered name stands for; anything else as it is."""
    if not _NAME.fullmatch(reference):
        return reference
    known = registered_programs()
    return str(known[reference].value) if reference in known else reference


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        nearby = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        near = closest(path.name, nearby)
        raise ConfigError(
            f"There is no file {path}.", hint=f"Did you mean {path.with_name(near)}?" if near else "Check the path."
        )
    name = f"{PROGRAM_MODULE}{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file.", hint=_FORMS)
    module = module_from_spec(spec)
    sys.modules[name] = module
    _importable(path.resolve().parent)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise _raised(str(path), error) from error
    return module


def _from_name(name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise ConfigError(f"`{name}` is not a program.", hint=_FORMS)
    _importable(Path.cwd())
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise _raised(f"The module `{name}`", error) from error
        known = registered_programs()
        near = f"Did you mean `{found}`? " if (found := closest(name, known)) else ""
        raise ConfigError(
            f"There is no module `{name}`, and no program is registered under that name.",
            hint=f"{near}For a file, write file.py:Class; for a name, [programs] in elixirml.toml.",
        ) from error
    except (Exception, SystemExit) as error:
        raise _raised(f"The module `{name}`", error) from error


def _importable(folder: Path) -> None:
    """Let a program import what lies beside it, as `python file.py` does."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _raised(what: str, error: BaseException) -> DeclarationError:
    """Return the error of a file that cannot be read, with the line of the user's own that it came to."""
    if isinstance(error, SyntaxError):
        return DeclarationError(
            f"{what} is not valid Python: {error.msg}",
            hint=f"at {error.filename}:{error.lineno}: {(error.text or '').strip()}",
            code="program-syntax",
        )
    detail = f": {error}" if str(error) else ""
    return DeclarationError(
        f"{what} raised {type(error).__name__} while it was read{detail}", hint=own_line(error), code="program-raised"
    )


def _chosen(module: ModuleType, name: str, target: str) -> Program[Any, Any]:
    known = _programs_of(module)
    if name:
        found = getattr(module, name, None)
        if found is None:
            raise ConfigError(f"{target} has no program `{name}`.", hint=did_you_mean(name, known))
        if not _is_program(found):
            raise ConfigError(f"{target}:{name} is not a program.", hint=did_you_mean(name, known))
        return as_program(found)
    if len(known) == 1:
        return as_program(getattr(module, known[0]))
    if not known:
        raise ConfigError(
            f"{target} holds no program.",
            hint="Declare one: class QA(ml.Program[Inputs, Outputs]), or name a function.",
        )
    raise ConfigError(
        f"{target} holds {len(known)} programs.", hint=f"Name one: {', '.join(f'{target}:{each}' for each in known)}"
    )


def _is_program(found: object) -> bool:
    """Whether something stands for a program: a class, an instance, a predict stage or a typed function."""
    if isinstance(found, type):
        return issubclass(found, Program)
    return isinstance(found, (Program, PredictStage)) or callable(found)


def _programs_of(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if (isinstance(value, type) and issubclass(value, Program) and value.__module__ == module.__name__)
        or isinstance(value, (Program, PredictStage))
    ]


def prepared(
    kernel: Kernel, program: Program[Any, Any], *, values: Sequence[str], model: str | None
) -> Program[Any, Any]:
    """Return the program with values as they are written in `--set path=value`.

    Args:
        kernel: Where it will run.
        program: The program.
        values: Texts `path=value`.
        model: What `--model` says; it is for stages that name none.

    Raises:
        ConfigError: A value has no `=`, a path names no variable, or no stage takes the model.
        ValidationError: A text is no value of its variable.
    """
    texts: dict[str, str] = {}
    for each in values:
        path, equals, text = each.partition("=")
        if not equals:
            raise ConfigError(f"`--set {each}` has no value.", hint="Write --set path=value.")
        texts[path.strip()] = text
    made = program.with_values(_parsed(kernel, program, texts)) if texts else program
    if model is not None and model not in _models(kernel, made):
        paths = dict.fromkeys(node.settings["model"] for node in kernel.compile(made).predict_nodes())
        raise ConfigError(
            f"`--model {model}` has no effect: every stage of {program.name} names its own model.",
            hint=f"Set it: {' '.join(f'--set {path}={model}' for path in paths)}",
        )
    return made


def _parsed(kernel: Kernel, program: Program[Any, Any], texts: Mapping[str, str]) -> dict[str, Json]:
    """Return values for variables of the program, and for those of what surrounds it."""
    own, around = kernel.runner(program).assigned().space, kernel.space()
    names = [each.name for space in (own, around) for each in space]
    for path in texts:
        if path not in names:
            near = closest(path, names)
            hint = f"Did you mean `{near}`? " if near else ""
            raise ConfigError(
                f"{program.name} has no variable `{path}`.", hint=f"{hint}`elixirml show PROGRAM --space` lists them."
            )
    return {
        **own.parse({path: text for path, text in texts.items() if path in own}),
        **around.parse({path: text for path, text in texts.items() if path not in own}),
    }


def check_models(kernel: Kernel, program: Program[Any, Any]) -> None:
    """Refuse a program whose models are not there, before its data is read and its first call is made.

    Raises:
        ConfigError: A model is not known, or not installed.
        PluginMissing: No installed plugin offers a model's provider.
    """
    for name in _models(kernel, program):
        try:
            kernel.model(name)
        except ModelUnavailable as error:
            raise ConfigError(error.message, hint=error.hint, code=error.code) from error


def _models(kernel: Kernel, program: Program[Any, Any]) -> list[str]:
    """Return the names of the models that a program uses."""
    runner = kernel.runner(program)
    own = runner.assigned()
    return list(runner.models_asked(own.space.resolve(own.assignment)))
