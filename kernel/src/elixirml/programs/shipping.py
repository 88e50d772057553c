"""How a declaration travels to a worker: by the name of an installed module, or as the text of its file.

Nothing is pickled. A worker reads the text under a name made of its digest, so that two versions of one file never mix.
"""

import linecache
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.abc import ExecutionLoader
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import field, frozen

from elixirml.errors import DeclarationError
from elixirml.identity import Json, digest
from elixirml.programs.program import Program, as_program

__all__ = ["Shipment", "received", "shipped"]

_NAMES = "elixirml_shipped_"


@frozen
class Shipment:
    """Where a worker finds a declaration.

    Attributes:
        module: The module that declares it.
        name: What it is called there.
        file: The module's file; modules beside it can be imported. Empty for an installed module.
        sources: The text of the module, by its name; empty for an installed one.
    """

    module: str
    name: str
    file: str = ""
    sources: Mapping[str, str] = field(factory=dict[str, str], hash=False)

    def to_json(self) -> dict[str, Json]:
        """Return where it is found, without its text."""
        return {"module": self.module, "name": self.name, "file": self.file}


def shipped(program: Program[Any, Any]) -> Shipment:
    """Return how the declaration of a program travels.

    Raises:
        DeclarationError: It is not at the top of a module: made at run time, inside a function or at a prompt.
    """
    module = sys.modules.get(type(program).__module__)
    found = None if module is None else _home(program, module)
    if found is None:
        found = next(filter(None, (_home(program, each) for each in _user_modules())), None)
    if found is None:
        raise DeclarationError(
            f"The program {program.name} cannot be sent to workers: it is not at the top of a file.",
            hint="Declare it, or name what makes it, at the top level of a module or a file.",
            code="program-unshippable",
        )
    return found


def received(shipment: Mapping[str, Any], sources: Mapping[str, str]) -> Program[Any, Any]:
    """Return the declaration on the side of a worker.

    Args:
        shipment: What `Shipment.to_json` gave.
        sources: The text of modules that are not installed.

    Raises:
        DeclarationError: The module cannot be read, or has no such program.
    """
    module, name = str(shipment["module"]), str(shipment["name"])
    home = _read(module, sources[module], Path(shipment["file"])) if module in sources else import_module(module)
    try:
        return as_program(getattr(home, name))
    except AttributeError as error:
        raise DeclarationError(f"The module {module} has no program `{name}`.", code="name-not-found") from error


def _home(program: Program[Any, Any], module: ModuleType) -> Shipment | None:
    """Return a program's place in a module, or None when it is not at its top."""
    name = next((name for name, value in vars(module).items() if _declares(value, program)), None)
    file = getattr(module, "__file__", None)
    if name is None:
        return None
    spelled = module.__name__
    if spelled != "__main__" and _is_installed(spelled):
        return Shipment(spelled, name)
    if file is None or not Path(file).is_file():
        return None
    path = Path(file).resolve()
    return Shipment(spelled, name, str(path), {spelled: path.read_text(encoding="utf-8")})


def _declares(value: object, program: Program[Any, Any]) -> bool:
    of_program = issubclass(value, Program) if isinstance(value, type) else isinstance(value, Program)
    return of_program and getattr(value, "declaration", None) is program.declaration


def _is_installed(module: str) -> bool:
    """Return whether another process would find the module by its name."""
    try:
        return find_spec(module) is not None and "site-packages" in str(getattr(find_spec(module), "origin", ""))
    except (ImportError, ValueError):
        return False


def _user_modules() -> list[ModuleType]:
    return [each for name, each in list(sys.modules.items()) if name.partition(".")[0] != "elixirml"]


class _TextLoader(ExecutionLoader):
    """Makes a module of a text, as Python's own loaders make one of a file."""

    def __init__(self, text: str, file: Path, tag: str) -> None:
        self._text = text
        self._where = f"{file}@{tag}"

    def get_source(self, fullname: str) -> str:
        """Return the text, whatever the module is called."""
        _ = fullname
        return self._text

    def get_filename(self, fullname: str) -> str:
        """Return what tracebacks and `inspect` call the text: no file, since the file may be another by now."""
        _ = fullname
        return self._where

    def is_package(self, fullname: str) -> bool:
        """Return False: one text is one module."""
        _ = fullname
        return False


def _read(name: str, text: str, file: Path) -> ModuleType:
    """Return the module a text makes, read once a digest."""
    tag = digest([name, text])[:16]
    known = f"{_NAMES}{tag}"
    if known in sys.modules:
        return sys.modules[known]
    if str(file.parent) not in sys.path:
        sys.path.insert(0, str(file.parent))
    loader = _TextLoader(text, file, tag)
    made = module_from_spec(ModuleSpec(known, loader, origin=str(file)))
    made.__file__ = str(file)
    sys.modules[known] = made
    # Where `inspect` finds the source of stages, of which the program's digest is made.
    linecache.lazycache(loader.get_filename(known), vars(made))
    try:
        loader.exec_module(made)
    except BaseException:
        del sys.modules[known]
        raise
    return made
