"""Mistakes of one declaration: noted one by one, told together."""

from types import TracebackType

from attrs import field, frozen

from elixirml.errors import DeclarationError, ElixirError, PluginError, located

__all__ = ["Mistakes", "Noting", "placed"]


@frozen
class Mistakes:
    """Collects what is wrong with a declaration.

    Attributes:
        program: Its name.
        where: File and line of mistakes that say none.
    """

    program: str
    where: str
    _errors: list[ElixirError] = field(factory=list[ElixirError])

    def __len__(self) -> int:
        return len(self._errors)

    def at(self, where: str) -> "Mistakes":
        """Return the same collection, for mistakes at another place."""
        return Mistakes(self.program, where, self._errors)

    def note(self, error: ElixirError) -> None:
        """Add a mistake."""
        self._errors.append(placed(error, self.where))

    def noted(self, *, follows: bool = False) -> "Noting":
        """Return a block that notes an error raised inside, and goes on after itself.

        Args:
            follows: Pass over it: it may only follow from what is wrong already.
        """
        return Noting(self, follows)

    def stop(self) -> None:
        """Raise one error for all mistakes, if there are any.

        Raises:
            DeclarationError: Lists every mistake.
            PluginError: All that is wrong is that one plugin cannot be used.
        """
        match self._errors:
            case []:
                return
            case [single]:
                raise single
            case several:
                lines = "\n".join(f"{number}. {each}" for number, each in enumerate(several, 1))
                raise DeclarationError(
                    f"The program {self.program} has {len(several)} mistakes:\n{lines}", code=several[0].code
                )


@frozen
class Noting:
    """A block whose declaration and plugin errors are noted; made by `Mistakes.noted`."""

    mistakes: Mistakes
    follows: bool

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Note the error, if it is one of a declaration or a plugin; any other goes on."""
        if not isinstance(error, (DeclarationError, PluginError)):
            return False
        if not self.follows:
            self.mistakes.note(error)
        return True


def placed(error: ElixirError, where: str) -> ElixirError:
    """Return the error with its file and line, unless it says them."""
    if "\n  at " not in f"\n  {error}":
        error.hint = located(error.hint, where)
    return error
