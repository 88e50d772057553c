"""What a validation found."""

from attrs import field, frozen

from elixirml.errors import Problem
from elixirml.identity import Json

__all__ = ["Outcome"]


@frozen
class Outcome:
    """The value that was judged, after defaults and coercion, and everything that is wrong with it.

    Attributes:
        value: The value as given, or a copy where an option changed it.
        errors: Each with its path, the keyword that failed as code, and what was expected and found.
    """

    value: Json = field(hash=False)
    errors: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.errors

    def to_json(self) -> dict[str, Json]:
        """Return the value, or code and path of every error."""
        if self.ok:
            return {"ok": True, "value": self.value}
        return {"ok": False, "errors": [{"code": each.code, "path": list(each.path)} for each in self.errors]}
