"""Saved programs: a declaration's name and digests, and values for its variables, as JSON.

A file holds no code and no secret. It names the plugins it needs and never causes one to be imported or installed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from elixirml.errors import StateError
from elixirml.files import write_atomically
from elixirml.identity import Json, short
from elixirml.variables import Assignment, Bank

__all__ = ["SCHEMA_VERSION", "SavedProgram", "read_saved"]

SCHEMA_VERSION = 1
_KEYS = ("schema", "program", "digest", "structure", "space", "assignment", "banks", "requires")


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
    about: Mapping[str, Json] = field(factory=dict[str, Json], hash=False)

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

    def check(self, *, name: str, digest: str, structure: str) -> None:
        """Refuse any program but the one that was saved.

        Raises:
            StateError: The name, the structure or the source of a stage differs; says which.
        """
        self.check_name(name)
        if structure != self.structure:
            raise StateError(
                f"`{name}` has changed since this state was saved: its fields, stages or variables differ "
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
            StateError: It is no saved program, or of a version this installation does not know.
        """
        if not isinstance(data, dict) or any(key not in data for key in _KEYS):
            raise StateError(f"{where} is not a saved program.", hint="Save one with `elixirml optimize --out FILE`.")
        plain: dict[str, Any] = data
        if plain["schema"] != SCHEMA_VERSION:
            raise StateError(
                f"{where} has schema version {plain['schema']!r}; this installation reads version {SCHEMA_VERSION}.",
                hint="Upgrade with `pip install --upgrade elixirml`.",
                code="state-version",
            )
        try:
            return cls(
                program=str(plain["program"]),
                digest=str(plain["digest"]),
                structure=str(plain["structure"]),
                space=str(plain["space"]),
                assignment=Assignment.from_json(plain["assignment"]),
                banks={path: Bank.from_json(bank) for path, bank in plain["banks"].items()},
                requires=dict(plain["requires"]),
                about=dict(plain.get("about", {})),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StateError(f"{where} is damaged: {error}", hint="Save it again.") from error

    def save(self, path: str | Path) -> Path:
        """Write the state to a file, whole or not at all, and return its path."""
        target = Path(path)
        write_atomically(target, json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        return target


def _readable(value: Json, texts: Mapping[str, Json]) -> str:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return f"{len(value)} of a bank"
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
        data: object = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StateError(
            f"There is no file {source}.", hint="Save a program with `elixirml optimize --out FILE`."
        ) from None
    except (OSError, ValueError) as error:
        raise StateError(f"{source} cannot be read as JSON: {error}") from error
    return SavedProgram.from_json(data, where=str(source))
