"""Constraints: named predicates across variables that every assignment must satisfy."""

from collections.abc import Callable, Iterable, Mapping

from attrs import evolve, field, frozen

from elixirml.errors import DeclarationError
from elixirml.identity import Json

__all__ = ["Constraint"]


def _paths(paths: Iterable[str]) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else tuple(paths)


@frozen
class _Relative:
    """A predicate written for paths without a prefix, used where they have one."""

    prefix: str
    inner: Callable[[Mapping[str, Json]], bool]

    def __call__(self, values: Mapping[str, Json]) -> bool:
        return self.inner({path.removeprefix(f"{self.prefix}."): value for path, value in values.items()})


@frozen
class Constraint:
    """A rule across variables.

    It is judged only where all its paths are active and valid by themselves, and it sees the canonical values of
    exactly these paths (entry ids for text and subset variables).

    Attributes:
        name: Short and stable; part of the digest of the space.
        message: What a violation means, in words for people.
        paths: The variables it speaks of.
        holds: The predicate; pure, and true when the values are fine.
    """

    name: str
    message: str = field(kw_only=True)
    paths: tuple[str, ...] = field(kw_only=True, converter=_paths)
    holds: Callable[[Mapping[str, Json]], bool] = field(kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not self.name or not self.paths:
            raise DeclarationError(
                f"constraint `{self.name}` needs a name and the paths it speaks of.",
                hint='Write Constraint("short", message="...", paths=("a", "b"), holds=lambda values: ...).',
            )

    def satisfied(self, values: Mapping[str, Json]) -> bool:
        """Return whether the rule holds for the active `values`.

        Raises:
            DeclarationError: The predicate itself failed.
        """
        try:
            return bool(self.holds({path: values[path] for path in self.paths}))
        except Exception as error:
            raise DeclarationError(
                f"constraint `{self.name}` raised {type(error).__name__}: {error}.",
                hint=f"A constraint returns true or false and reads only its own paths: {', '.join(self.paths)}.",
                code="constraint-failed",
            ) from error

    def within(self, prefix: str) -> "Constraint":
        """Return the same rule about the paths below `prefix`."""
        return evolve(
            self,
            name=f"{prefix}.{self.name}",
            paths=tuple(f"{prefix}.{path}" for path in self.paths),
            holds=_Relative(prefix, self.holds),
        )

    def describe(self) -> dict[str, Json]:
        """Return the constraint as JSON, for display; the predicate itself is code and is left out."""
        return {"name": self.name, "message": self.message, "paths": list(self.paths)}
