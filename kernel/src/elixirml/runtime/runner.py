"""One program, ready to be run many times with different values."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from attrs import field, frozen

from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.language_model import LanguageModel, ModelRequest
from elixirml.errors import BudgetExceeded, ElixirError, ValidationError
from elixirml.identity import Json
from elixirml.programs.assigning import Assigned, assigned
from elixirml.programs.compiled import CompiledProgram, PredictNode
from elixirml.programs.program import Program
from elixirml.runtime.budget import Meter
from elixirml.runtime.context import RunContext, Wrap
from elixirml.runtime.equipping import models_asked
from elixirml.runtime.events import Span
from elixirml.runtime.listening import Listener
from elixirml.runtime.models import Models
from elixirml.runtime.ordering import Strategy
from elixirml.runtime.pipeline import Pipeline, awaited
from elixirml.runtime.plain import field_of, shown
from elixirml.runtime.previewing import previewed
from elixirml.runtime.recent import Recent
from elixirml.runtime.result import Result, StageRecord
from elixirml.variables import Assignment, Banked, Space

__all__ = ["Runner"]

_KEPT = 16
"""Assignments whose values are kept ready: those of the examples under way."""


@frozen
class _Ready:
    """An assignment, ready for use; the space and the assignment are held so that their identities stay theirs.

    Values of the kernel's own variables are `around` the models, beside being among all values.
    """

    space: Space
    assignment: Assignment
    values: Mapping[str, Json] = field(hash=False)
    around: Mapping[str, Json] = field(hash=False)


@frozen(eq=False)
class Runner:
    """Runs one compiled program; made by `Kernel.runner`.

    Attributes:
        program: The instance whose stages run.
        compiled: Its checked form.
        capabilities: What is installed.
        models: The models of its kernel.
    """

    program: Program[Any, Any]
    compiled: CompiledProgram
    capabilities: Capabilities
    models: Models
    _own: Recent[Assigned] = field(init=False, factory=lambda: Recent[Assigned](1), repr=False)
    _ready: Recent[_Ready] = field(init=False, factory=lambda: Recent[_Ready](_KEPT), repr=False)

    def assigned(self) -> Assigned:
        """Return the program's space and the values it has there; see `elixirml.programs.assigning.assigned`."""
        return self._own.get("own", lambda: assigned(self.program, self.compiled, around=self.models.space))

    def open_model(self, name: str) -> tuple[LanguageModel, Any]:
        """Return the model of a name as the program has it, and the limiter of its concurrency."""
        own = self.assigned()
        return self.models.open(name, values=self._prepared(own.space, own.assignment).around)

    def models_asked(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of the models that the program may ask, each once.

        Args:
            values: Of its active variables, by path.

        Raises:
            PluginError: A strategy, or a tool, is not installed or cannot be used.
        """

        def value(path: str) -> Any:
            return values[path] if path in values else _default(self.compiled.space, path)

        return models_asked(self.compiled, value, self.capabilities)

    async def run(
        self,
        inputs: Any,
        *,
        meter: Meter,
        seed: str,
        span: Span,
        assignment: Assignment | None = None,
        space: Space | None = None,
        wrap: Wrap | None = None,
        listener: Listener | None = None,
        strategy: Strategy = Strategy.SEQUENTIAL,
        predicted: Callable[[StageRecord], None] | None = None,
    ) -> Result[Any]:
        """Run the program once.

        Args:
            inputs: A value of its input type, or a mapping.
            meter: What may be used; may be shared with other runs.
            seed: Where sampling seeds come from.
            span: Where events belong.
            assignment: Values to run with; the program's own when not given.
            space: The space the assignment is of, with its banks.
            wrap: Puts every model into another.
            listener: Who listens to what its stages answer, as it arrives; the result is the same.
            strategy: Whether stages that do not wait for each other run at once.
            predicted: Told of each predict stage that has answered.

        Raises:
            ValidationError: The inputs do not fit; lists every problem.
            BudgetExceeded: A limit was reached; `partial` is the trace so far.
            ElixirError: A stage failed; see `elixirml.errors`.
        """
        context = self._context(assignment, space, meter=meter, seed=seed, span=span, wrap=wrap, listener=listener)
        context.predicted = predicted
        typed = self.inputs(inputs)
        for name in self.models_asked(context.values):
            context.open_model(name)  # before the first call, not after some
        pipeline = Pipeline(
            self.compiled,
            self.program,
            context=context,
            capabilities=self.capabilities,
            span=context.span,
            strategy=strategy,
        )
        try:
            output = await pipeline.run(typed)
        except ElixirError as error:
            error.trace = error.trace or context.trace()
            if isinstance(error, BudgetExceeded):
                error.partial = error.partial or context.trace()
            raise
        fields = self.compiled.output.dump(output)
        if self.compiled.rule.bare is not None:
            output = field_of(output, self.compiled.rule.bare)
        result = Result(output, fields, context.usage, context.trace())
        after = getattr(self.program, "after_prediction", None)
        if after is not None:
            await awaited(after(result, context))
        return result

    def inputs(self, inputs: Any) -> dict[str, Any]:
        """Return typed input fields by name.

        Raises:
            ValidationError: They do not fit; lists every problem.
        """
        schema = self.compiled.inputs
        if not isinstance(inputs, Mapping):
            try:
                inputs = schema.dump(inputs)
            except (AttributeError, TypeError, ValidationError) as error:
                problems = error.problems if isinstance(error, ValidationError) else ()
                raise ValidationError(
                    f"{shown(inputs)} is not an input of {self.compiled.name}.",
                    problems=problems,
                    hint=f"Give a {schema.name} or a mapping with: {', '.join(each.name for each in schema.fields)}.",
                ) from error
        typed = schema.validate(cast("Mapping[str, object]", inputs))
        return {each.name: field_of(typed, each.name, each.default) for each in schema.fields}

    def preview(
        self, inputs: Any, *, assignment: Assignment | None = None, space: Space | None = None
    ) -> list[tuple[PredictNode, ModelRequest]]:
        """Return the requests as they would be sent; asks nothing.

        Only predict stages that wait for no reply are shown; Python stages before them run.
        """
        context = self._context(assignment, space, meter=Meter(), seed="", span=Span.nowhere())
        typed = self.inputs(inputs)
        return previewed(self.compiled, self.program, typed, context=context, capabilities=self.capabilities)

    def _context(
        self,
        assignment: Assignment | None,
        space: Space | None,
        *,
        meter: Meter,
        seed: str,
        span: Span,
        wrap: Wrap | None = None,
        listener: Listener | None = None,
    ) -> RunContext:
        if assignment is None or space is None:
            own = self.assigned()
            space, assignment = own.space, own.assignment
        where, ready = space, self._prepared(space, assignment)
        return RunContext(
            values=ready.values,
            meter=meter,
            seed=seed,
            span=span,
            open_model=partial(self.models.open, values=ready.around),
            withheld=partial(self.models.withheld, values=ready.around),
            wrap=wrap,
            idle=lambda path: _default(where, path),
            listener=listener,
        )

    def _prepared(self, space: Space, assignment: Assignment) -> _Ready:
        return self._ready.get((id(space), id(assignment)), lambda: self._newly_prepared(space, assignment))

    def _newly_prepared(self, space: Space, assignment: Assignment) -> _Ready:
        values, own = space.resolve(assignment), self.compiled.space
        return _Ready(space, assignment, values, {path: value for path, value in values.items() if path not in own})


def _default(space: Space, path: str) -> Any:
    """Return what a variable holds that is not active: its default, entries in place of their ids."""
    variable = space[path]
    if not isinstance(variable, Banked):
        return variable.default
    bank, ids = space.banks[variable.bank_name], variable.default
    return [bank[str(each)].value for each in ids] if isinstance(ids, list) else bank[str(ids)].value
