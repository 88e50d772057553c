"""litellm as it is installed: found by its metadata, imported late, and with nothing fetched while it is imported."""

import json
import os
import re
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from inspect import isawaitable
from threading import Lock
from typing import Any, Final, cast

import anyio
from attrs import define, field

from elixirml.errors import ModelUnavailable
from elixirml_litellm.place import speaks_of_a_secret

__all__ = ["Library"]

_FLOOR: Final = (1, 83, 7)
"""What is older can be made to run the code of strangers (CVE-2026-37004), and two versions were made to."""

_TABLE: Final = "litellm/model_prices_and_context_window_backup.json"
_WHILE_IMPORTED: Final = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
_KEY: Final = "_API_KEY"
_PATIENCE: Final = 2.0
"""Seconds that connections may take to close."""

_HINT: Final = "pip install 'elixirml-litellm[litellm]'"


@define(eq=False)
class Library:
    """The installed litellm."""

    _importing: Lock = field(factory=Lock, init=False)
    _table: Mapping[str, Mapping[str, Any]] | None = field(default=None, init=False)

    @property
    def version(self) -> str:
        """Its version, without importing it.

        Raises:
            ModelUnavailable: It is not installed, or too old.
        """
        return self._distribution().version

    @property
    def table(self) -> Mapping[str, Mapping[str, Any]]:
        """Its table of prices and abilities by model, read from its files without importing it; empty without one."""
        if self._table is None:
            self._table = _read(self._distribution())
        return self._table

    def module(self) -> Any:
        """Return the module, imported at the first call, which takes seconds.

        Raises:
            ModelUnavailable: It is not installed, too old, or cannot be imported.
        """
        version = self.version
        with self._importing:
            found = sys.modules.get("litellm")  # an application that uses it itself has set it up as it likes
            return _imported(version) if found is None else found

    def missing_keys(self, model: str) -> tuple[str, ...]:
        """Return litellm's variables for the key of a model when none of them is set; it is imported for that.

        Empty also where that is not sure: some providers take their credentials from elsewhere, or from other
        variables of theirs.

        Args:
            model: As litellm calls it, `provider/model`.

        Raises:
            ModelUnavailable: It is not installed, too old, or cannot be imported.
        """
        found: Mapping[str, Any] = self.module().validate_environment(model)
        missing = tuple(str(each) for each in found.get("missing_keys") or ())
        theirs = tuple(each.removesuffix(_KEY) for each in missing)
        sure = all(each.endswith(_KEY) for each in missing)
        return missing if sure and not any(speaks_of_a_secret(name, owners=theirs) for name in os.environ) else ()

    async def close_clients(self) -> None:
        """Close the connections that litellm keeps for the loop this runs on; those of other loops go on."""
        module = sys.modules.get("litellm")
        kept: Any = getattr(module, "in_memory_llm_clients_cache", None)
        if kept is None:
            return
        mine = kept.update_cache_key_with_event_loop("")  # ends the keys of this loop
        clients = [kept.cache_dict.pop(key) for key in list(kept.cache_dict) if key.endswith(mine)]
        with anyio.move_on_after(_PATIENCE):
            for client in clients:
                close = getattr(client, "aclose", None) or getattr(client, "close", None)
                with suppress(Exception):  # whatever it says, its connections are of no use any more
                    found = None if close is None else close()
                    if isawaitable(found):
                        await found

    def _distribution(self) -> Distribution:
        try:
            found = distribution("litellm")
        except PackageNotFoundError as error:
            raise ModelUnavailable("litellm is not installed.", hint=_HINT) from error
        if _numbers(found.version) < _FLOOR:
            floor = ".".join(map(str, _FLOOR))
            raise ModelUnavailable(f"litellm {found.version} is not safe: {floor} is the oldest that is.", hint=_HINT)
        return found


def _imported(version: str) -> Any:
    with _environment(_WHILE_IMPORTED):
        try:
            module: Any = import_module("litellm")
        except Exception as error:
            raise ModelUnavailable(
                f"litellm {version} cannot be imported ({type(error).__name__}: {error}).", hint=_HINT
            ) from error
    module.suppress_debug_info = True  # it prints where to get help with every error, on standard output
    return module


def _read(found: Distribution) -> Mapping[str, Mapping[str, Any]]:
    try:
        with open(str(found.locate_file(_TABLE)), encoding="utf-8") as stream:  # noqa: PTH123 - it may be no path
            table: object = json.load(stream)
    except (OSError, ValueError):
        return {}
    return cast("Mapping[str, Mapping[str, Any]]", table) if isinstance(table, dict) else {}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version)[:3])


@contextmanager
def _environment(values: Mapping[str, str]) -> Generator[None]:
    """Set variables for the length of a block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
