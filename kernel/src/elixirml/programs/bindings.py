"""What names mean at one point of a program: inputs, stages above it, and fields of their outputs."""

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from elixirml.contracts.schema import Field, Schema
from elixirml.errors import DeclarationError, did_you_mean
from elixirml.programs.compiled import stage_slot
from elixirml.programs.mistakes import Mistakes
from elixirml.programs.program import Declaration, Program
from elixirml.programs.stages import Assertion, PredictStage
from elixirml.programs.wiring import circle, may_fit, needs_of, word
from elixirml.variables import Variable

__all__ = ["Binding", "Names"]


@frozen
class Binding:
    """What a name means at one point of the program.

    Attributes:
        slot: Where its value is.
        annotation: Its type, as far as it is known.
        field: The input field it is, if it is one.
    """

    slot: str
    annotation: Any
    field: Field | None = None


class Names:
    """The names of one program, as they are read from top to bottom.

    Args:
        declaration: The program.

    Attributes:
        declaration: The program.
        mistakes: What is wrong with it.
        bindings: What each name means by now.
        outputs: Stage to the schema of its output, where it has one.
    """

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.mistakes = Mistakes(declaration.name, declaration.where)
        self.bindings: dict[str, Binding] = {}
        self.outputs: dict[str, Schema] = {}

    def bind(self, name: str, binding: Binding) -> None:
        """Let a name mean something else from here on; the latest binding comes last."""
        self.bindings.pop(name, None)
        self.bindings[name] = binding

    def bound(self, name: str, stage: str) -> Binding:
        """Return what a name means to a stage.

        Raises:
            DeclarationError: It means nothing here; says why.
        """
        binding = self.bindings.get(name)
        if binding is not None:
            return binding
        why, hint, code = self._absence(name, stage)
        raise DeclarationError(
            f"stage `{stage}` of {self.declaration.name} needs `{name}`, {why}.", hint=hint, code=code
        )

    def _absence(self, name: str, stage: str) -> tuple[str, str, str]:
        """Return why a name means nothing, what to do about it, and the code of the mistake."""
        found = "which no input field and no earlier stage provides"
        hint, code = did_you_mean(name, self.bindings), "name-not-found"
        match self.declaration.members.get(name):
            case Variable():
                found, hint = "which is a variable", f"Read it as `self.{name}`."
            case Program() if self.is_fallback(name):
                found, hint = "which runs only as a fallback", f"Call it as `await self.{name}(...)`."
            case PredictStage(manual=True):
                found, hint = "which runs only when it is called", f"Call it as `await self.{name}(...)`."
            case Assertion():
                found = "which is an assertion and has no value"
            case None:
                if isinstance(self.declaration.helpers.get(name), type):
                    found, hint = "which is a class", f"Make a sub-program of it: `{name} = {name}()`."
            case _:
                way = circle(stage, name, self.declaration.members)
                if way:
                    return f"and so needs itself: {' -> '.join(way)}", "Break the circle.", "cycle"
                return "which is declared after it", f"Move `{name}` above `{stage}`.", "name-later"
        return found, hint, code

    def is_fallback(self, name: str) -> bool:
        """Return whether an assertion names this as its fallback."""
        return any(isinstance(each, Assertion) and each.fallback == name for each in self.declaration.members.values())

    def arguments(
        self, name: str, function: Any, where: str, *, known: Mapping[str, Any], fields: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Return parameter name to slot; each parameter that names nothing is a mistake of its own.

        Args:
            name: The stage's name.
            function: What it calls.
            where: Where it is declared.
            known: Its annotations.
            fields: Parameters that take a field, with the stage of whose output it is one.
        """
        needs = needs_of(function, name, known=self.bindings)
        held = {each: self.field(stage, each) for each, stage in (fields or {}).items()}
        arguments: dict[str, str] = {}
        for parameter in needs.names:
            if parameter in held or parameter in self.bindings or parameter not in needs.optional:
                with self.mistakes.at(where).noted():
                    binding = held[parameter] if parameter in held else self.bound(parameter, name)
                    self.fit(name, parameter, binding.annotation, known.get(parameter, Any))
                    arguments[parameter] = binding.slot
        return arguments

    def field(self, stage: str, name: str) -> Binding:
        """Return what a field of a stage's output is."""
        annotation = next(each.annotation for each in self.outputs[stage].fields if each.name == name)
        return Binding(stage_slot(stage), annotation)

    def wired(self, stage: str, fields: Iterable[Field]) -> dict[str, str]:
        """Return input field to slot; an optional field is only given what has its name."""
        arguments: dict[str, str] = {}
        for each in fields:
            if each.required or each.name in self.bindings:
                with self.mistakes.noted():
                    binding = self.bound(each.name, stage)
                    self.fit(stage, each.name, binding.annotation, each.annotation)
                    arguments[each.name] = binding.slot
        return arguments

    def fit(self, stage: str, name: str, found: Any, wanted: Any) -> None:
        """Check that what a stage is given under a name may be of the type it takes.

        Raises:
            DeclarationError: No value can be of both types.
        """
        if not may_fit(found, wanted):
            raise DeclarationError(
                f"stage `{stage}` of {self.declaration.name} takes `{name}` as {word(wanted)}, "
                f"but it is {word(found)}.",
                hint="Change one of the two types.",
                code="type-mismatch",
            )
