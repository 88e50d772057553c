"""One program, ready to be run many times with different values."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, frozen

from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.language_model import LanguageModel, ModelRequest
from elixirml.errors import ValidationError
from elixirml.programs.assigning import Assigned, assigned
from elixirml.programs.compiled import CompiledProgram, PredictNode
from elixirml.programs.program import Program
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.context import RunContext, Wrap
from elixirml.runtime.events import Span
from elixirml.runtime.pipeline import Pipeline, awaited
from elixirml.runtime.predicting import format_call
from elixirml.runtime.result import Result, Trace
from elixirml.variables import Assignment, Space

__all__ = ["Runner"]


@frozen(eq=False)
class Runner:
    """Runs one compiled program; made by `Kernel.runner`.

    Attributes:
        program: The instance whose stages run.
        compiled: Its checked form.
        capabilities: What is installed.
        open_model: Returns the model of a name, and the limiter of its concurrency.
    """

    program: Program[Any, Any]
    compiled: CompiledProgram
    capabilities: Capabilities
    open_model: Callable[[str], tuple[LanguageModel, Any]]

    def assigned(self) -> Assigned:
        """Return the program's space and the values it has there; see `elixirml.programs.assigning.assigned`."""
        return assigned(self.program, self.compiled)

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

        Raises:
            ValidationError: The inputs do not fit; lists every problem.
            ElixirError: A stage failed; see `elixirml.errors`.
        """
        if assignment is None or space is None:
            own = self.assigned()
            space, assignment = own.space, own.assignment
        context = RunContext(
            values=space.resolve(assignment), meter=meter, seed=seed, span=span, open_model=self.open_model, wrap=wrap
        )
        pipeline = Pipeline(self.compiled, self.program, context=context, capabilities=self.capabilities)
        output = await pipeline.run(self.inputs(inputs))
        fields = self.compiled.output.dump(output)
        if self.compiled.rule.bare is not None:
            output = fields[self.compiled.rule.bare]
        trace = Trace(tuple(context.stages), tuple(context.lapses))
        result = Result(output, fields, context.usage, trace)
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
            except (AttributeError, TypeError) as error:
                raise ValidationError(
                    f"{inputs!r} is not an input of {self.compiled.name}.",
                    problems=(),
                    hint=f"Give a {schema.name} or a mapping with: {', '.join(each.name for each in schema.fields)}.",
                ) from error
        typed = schema.validate(inputs)
        if isinstance(typed, Mapping):
            return dict(typed)
        return {each.name: getattr(typed, each.name) for each in schema.fields}

    def preview(
        self, inputs: Any, *, assignment: Assignment | None = None, space: Space | None = None
    ) -> list[tuple[PredictNode, ModelRequest]]:
        """Return the requests as they would be sent; asks nothing.

        Only predict stages that depend on the inputs alone are shown: others wait for replies.
        """
        if assignment is None or space is None:
            own = self.assigned()
            space, assignment = own.space, own.assignment
        context = RunContext(
            values=space.resolve(assignment),
            meter=Meter(Budget()),
            seed="",
            span=Span.nowhere(),
            open_model=self.open_model,
        )
        typed = self.inputs(inputs)
        shown: list[tuple[PredictNode, ModelRequest]] = []
        for node in self.compiled.nodes:
            if isinstance(node, PredictNode) and all(slot.startswith("input.") for slot in node.arguments.values()):
                given = {name: typed[slot.partition(".")[2]] for name, slot in node.arguments.items()}
                predictor = self.capabilities.predictor(str(context.value(node.settings["predictor"])))
                call = format_call(node, given, context)
                call = evolve(call, signature=predictor.extend(call.signature))
                adapter = self.capabilities.adapter(str(context.value(node.settings["adapter"])))
                shown.append((node, adapter.format(call)))
        return shown
