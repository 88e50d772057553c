"""Whether the strategies a stage may choose can do its work here: found out before any run, and told in words."""

from collections.abc import Iterable
from typing import Final

from attrs import frozen

from elixirml.contracts.predictor import refusal_of
from elixirml.contracts.signature import Signature
from elixirml.errors import DeclarationError
from elixirml.programs.installed import Installed

__all__ = ["UNASKED", "Obstacle", "ask_model", "obstacle_to"]

UNASKED: Final = "none"
"""What stands for the model, or the adapter, of a stage that asks no model where none is there."""


@frozen
class Obstacle:
    """Why a strategy cannot be used.

    Attributes:
        why: In words, with the strategy as their subject.
        hint: The next command or edit.
        code: The code of the error it is where the strategy has to be used.
    """

    why: str
    hint: str
    code: str

    def error(self, stage: str, predictor: str) -> DeclarationError:
        """Return the error for a stage that cannot do without."""
        return DeclarationError(
            f"Stage `{stage}`: the predictor `{predictor}` {self.why}.", hint=self.hint, code=self.code
        )

    def note(self, stage: str, predictor: str) -> str:
        """Return what is told of a stage that can do without."""
        return f"stage `{stage}` cannot use the predictor `{predictor}`: it {self.why}. {self.hint}"


def obstacle_to(predictor: str, signature: Signature, *, given: Iterable[str], installed: Installed) -> Obstacle | None:
    """Return why a strategy cannot do a stage's work here; None where it can.

    Args:
        predictor: Its name; it is installed.
        signature: The stage's task.
        given: The names of the stage's tools.
        installed: What is installed.

    Raises:
        PluginError: It cannot be used at all.
    """
    found = installed.predictor(predictor)
    there = {*given, *installed.names("tools")}
    lacking = {tool: home for tool, home in installed.needs(predictor).tools.items() if tool not in there}
    if lacking:
        named = " and ".join(f"the tool `{each}`" for each in lacking)
        are = "is" if len(lacking) == 1 else "are"
        homes = " ".join(sorted(set(lacking.values())))
        why = f"needs {named}, which {are} not installed"
        return Obstacle(why, f"pip install {homes}", code="capability-missing")
    refusal = refusal_of(found, signature)
    if refusal is not None:
        return Obstacle(f"cannot do its task: {refusal}", "Choose another predictor.", code="predictor-unsuited")
    return None


def ask_model(predictors: Iterable[str], installed: Installed) -> bool:
    """Return whether any of these strategies asks a model."""
    return any(installed.needs(each).model for each in predictors)
