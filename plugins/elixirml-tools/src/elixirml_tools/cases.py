"""What this plugin makes of rows of case tables: addresses to fetch, and functions to be made tools of.

The rows of functions hold Python source. It is run, as a program file named on the command line is.
"""

from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any, Final

from elixirml.errors import DeclarationError
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError
from elixirml_tools.guard import Refused, check_redirects
from elixirml_tools.signatures import describe

__all__ = ["judged"]

_ASSUMED: Final = "from typing import *\nfrom dataclasses import dataclass, field\nfrom enum import Enum\n"
_MODULE: Final = "tool_of_a_case"


def judged(name: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return whether an address may be fetched; how a function looks to models; or what it is called with."""
    if name == "fetch" and "url" in asked:
        return _allowed(asked)
    return _tool(asked) if "source" in asked else None


def _allowed(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    found = check_redirects(asked["url"], asked.get("redirects", []), lambda host: asked["resolves"].get(host, ()))
    return {"allowed": False, "reason": found.reason} if isinstance(found, Refused) else {"allowed": True}


def _tool(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        described = describe(_function(asked["source"]))
        if "arguments" in asked:
            return {"call": checked(described.parameters, asked["arguments"])}
    except DeclarationError as error:
        return {"error": error.code.replace("-", "_")}
    except ArgumentsError as error:
        return {"error": error.code, **({"path": list(error.path)} if error.path else {})}
    return {"name": described.name, "description": described.description, "parameters": described.parameters}


def _function(source: str) -> FunctionType:
    """Return the last function of a source."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{_MODULE}.py"
        path.write_text(_ASSUMED + source, "utf-8")
        spec = spec_from_file_location(_MODULE, path)
        assert spec is not None  # noqa: S101 - the file is there, and is Python by its name
        assert spec.loader is not None  # noqa: S101
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    own = [each for each in vars(module).values() if isinstance(each, FunctionType) and each.__module__ == _MODULE]
    return own[-1]
