"""Saved programs: a declaration's name and digests, and values for its variables, as JSON.

A file holds no code and no secret. It names the plugins it needs and never causes one to be imported or installed.
"""

import json
import math
import re
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NoReturn, cast

from attrs import evolve, field, frozen

from elixirml.errors import PluginMissing, StateError
from elixirml.files import write_atomically
from elixirml.identity import Json, short
from elixirml.variables import Assignment, Bank

__all__ = ["SCHEMA_VERSION", "SavedProgram", "read_saved"]

SCHEMA_VERSION = 1
_TEXTS = ("program", "digest", "structure", "space")
_MAPPINGS = ("assignment", "banks", "requires")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RELEASE = re.compile(r"[A-Za-z0-9.+!_-]*")


def _finite(notes: Mapping[str, Json]) -> dict[str, Json]:
    """Return notes that JSON can hold: null in place of what is no number."""

    def cleaned(value: Json) -> Json:
        if isinstance(value, dict):
            return {key: cleaned(item) for key, item in value.items()}
        if isinstance(value, list):
            return [cleaned(item) for item in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {key: cleaned(value) for key, value in notes.items()}


@frozen
class SavedProgram:
    """A tuned program, as it is written to disk.

    Attributes:
        program: The declaration's name.
        digest: Digest of the whole declaration, stage source included; empty when any source is accepted.
        structure: Digest of signatures, graph and space only.
        space: Digest of the space.
        assignment: Values of every active variable.
        banks: The bank entries those values refer to.
        requires: Distributions it needs, with their versions.
        about: Notes for people: scores, study, date. Never read back into a decision.
    """

    program: str
    digest: str
    structure: str
    space: str
    assignment: Assignment
    banks: Mapping[str, Bank] = field(hash=False)
    requires: Mapping[str, str] = field(factory=dict[str, str], hash=False)
    about: Mapping[str, Json] = field(factory=dict[str, Json], hash=False, converter=_finite)

    def check_name(self, name: str) -> None:
        """Refuse a program of another name.

        Raises:
            StateError: The names differ.
        """
        if name != self.program:
            raise StateError(
                f"The saved state is of the program `{self.program}`, not of `{name}`.",
                hint=f"Load it with its own declaration: ml.load(path, {self.program}).",
                code="state-other-program",
            )

    def check_installed(self) -> None:
        """Refuse the state where a distribution it needs is not installed; nothing is imported.

        Raises:
            PluginMissing: Names all that are missing, with the command that installs them.
        """
        missing = [name for name in self.requires if not _is_installed(name)]
        if missing:
            raise PluginMissing(
                f"The saved state of `{self.program}` needs {', '.join(missing)}, which "
                f"{'is' if len(missing) == 1 else 'are'} not installed.",
                hint="pip install " + " ".join(f"{name}=={self.requires[name]}".removesuffix("==") for name in missing),
            )

    def check(self, *, name: str, digest: str, structure: str) -> None:
        """Refuse any program but the one that was saved.

        Raises:
            StateError: The name, the structure or the source of a stage differs; says which.
        """
        self.check_name(name)
        if structure != self.structure:
            raise StateError(
                f"`{name}` has changed since this state was saved: its instruction, fields, stages or variables differ "
                f"(saved {short(self.structure)}, now {short(structure)}).",
                hint="Tune it again with `elixirml optimize`, or go back to the declaration it was saved from.",
                code="state-structure",
            )
        if self.digest and digest != self.digest:
            raise StateError(
                f"The Python source of a stage of `{name}` has changed since this state was saved "
                f"(saved {short(self.digest)}, now {short(digest)}).",
                hint="Tune it again, or accept the change knowingly: ml.load(path, declaration, accept_source=True).",
                code="state-source",
            )

    def with_any_source(self) -> "SavedProgram":
        """Return the state for a declaration whose stage source may have changed."""
        return evolve(self, digest="")

    def with_about(self, about: Mapping[str, Json]) -> "SavedProgram":
        """Return the state with other notes for people."""
        return evolve(self, about=dict(about))

    def readable(self) -> dict[str, str]:
        """Return the values as people read them: texts of banks in place of their ids, demos by their number."""
        texts = {entry.id: entry.value for bank in self.banks.values() for entry in bank.entries}
        return {path: _readable(value, texts) for path, value in sorted(self.assignment.items())}

    def to_json(self) -> dict[str, Json]:
        """Return the state as plain data, in a fixed order."""
        return {
            "schema": SCHEMA_VERSION,
            "program": self.program,
            "digest": self.digest,
            "structure": self.structure,
            "space": self.space,
            "assignment": self.assignment.to_json(),
            "banks": {path: bank.to_json() for path, bank in self.banks.items()},
            "requires": dict(self.requires),
            "about": dict(self.about),
        }

    @classmethod
    def from_json(cls, data: object, *, where: str = "the saved state") -> "SavedProgram":
        """Read plain data.

        Raises:
            StateError: It is no saved program, is damaged, or is of a version this installation does not know.
        """
        plain = _checked(data, where)
        try:
            banks = {path: Bank.from_json(bank) for path, bank in plain["banks"].items()}
            assignment = Assignment.from_json(plain["assignment"])
        except (TypeError, ValueError, RecursionError) as error:
            raise _damaged(where, str(error)) from error
        for path, bank in banks.items():
            if bank.name != path:
                raise _damaged(where, f"the bank `{path}` calls itself `{bank.name}`")
        return cls(
            program=plain["program"],
            digest=plain["digest"],
            structure=plain["structure"],
            space=plain["space"],
            assignment=assignment,
            banks=banks,
            requires=plain["requires"],
            about=plain["about"],
        )

    def save(self, path: str | Path) -> Path:
        """Write the state to a file, whole or not at all, and return its path."""
        target = Path(path)
        text = json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n"
        # Half a surrogate pair, as models write now and then, is no UTF-8; escaped, it is the same JSON.
        write_atomically(target, text.encode("utf-8", "backslashreplace").decode("utf-8"))
        return target


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return False
    return True


def _checked(data: object, where: str) -> dict[str, Any]:
    """Return plain data of which every part is of its type."""
    if not isinstance(data, dict) or "schema" not in data:
        raise StateError(f"{where} is not a saved program.", hint="Save one with `elixirml optimize --out FILE`.")
    plain: dict[str, Any] = {"about": dict[str, Any](), **cast("dict[str, Any]", data)}
    _refuse_version(plain["schema"], where)
    for key in _TEXTS:
        if not isinstance(plain.get(key), str) or not plain[key]:
            raise _damaged(where, f"`{key}` is not a text")
    for key in (*_MAPPINGS, "about"):
        if not isinstance(plain.get(key), dict):
            raise _damaged(where, f"`{key}` is not an object")
    for name, release in plain["requires"].items():
        if not (_NAME.fullmatch(name) and isinstance(release, str) and _RELEASE.fullmatch(release)):
            raise _damaged(where, f"`requires` names no distribution with its version: {name!r}: {release!r}")
    return plain


def _refuse_version(version: object, where: str) -> None:
    if type(version) is not int or version != SCHEMA_VERSION:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        raise StateError(
            f"{where} has schema version {version!r}; this installation reads version {SCHEMA_VERSION}.",
            hint="Upgrade with `pip install --upgrade elixirml`." if newer else "Save it again from its study.",
            code="state-version",
        )


def _damaged(where: str, why: str) -> StateError:
    return StateError(f"{where} is damaged: {why}.", hint="Save it again from its study, or from a copy.")


def _readable(value: Json, texts: Mapping[str, Json]) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return f"{len(value)} entries" if value else "none"
    if isinstance(value, str):
        return str(texts.get(value, value))
    return json.dumps(value, ensure_ascii=False)


def read_saved(path: str | Path) -> SavedProgram:
    """Read a saved program.

    Raises:
        StateError: There is no such file, or it is not a saved program.
    """
    source = Path(path)
    try:
        data: object = json.loads(source.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except FileNotFoundError:
        raise StateError(
            f"There is no file {source}.", hint="Save a program with `elixirml optimize --out FILE`."
        ) from None
    except OSError as error:
        raise StateError(
            f"{source} cannot be read: {error.strerror or error}", hint="Check the path and its permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise StateError(f"{source} cannot be read as JSON: {error}", hint="Save it again from its study.") from error
    return SavedProgram.from_json(data, where=str(source))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")
