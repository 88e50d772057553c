"""What every tool promises: arguments that a model can be told of, and a result whatever happens."""

import re
from collections.abc import Mapping
from typing import Final, cast

import anyio

from elixirml.contracts.tool import Tool, ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.identity import Json, canonical_json
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect, leaving_nothing

__all__ = ["ToolConformance"]

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ToolConformance(Conformance[Tool]):
    """What is promised by `elixirml.contracts.Tool`. Its examples are called.

    Example:
        >>> class TestAdd(ToolConformance):
        ...     def subject(self):
        ...         return Add()
        ...
        ...     def failing(self):
        ...         return {"a": "one", "b": 2}

    .. versionadded:: 0.1
    """

    def failing(self) -> Mapping[str, Json]:
        """Return arguments that fit the parameters and make the tool fail."""
        raise NotApplicable("No call is known to fail: let `failing` return its arguments.")

    def test_the_name_can_be_called_by_models(self) -> None:
        """Providers take letters, digits, `_` and `-`, at most 64."""
        name: object = self.subject().name
        fits = isinstance(name, str) and _NAME.fullmatch(name)
        expect(fits, f"The name is {name!r}: use letters, digits, `_` and `-`, at most 64.")

    def test_it_says_what_it_does(self) -> None:
        """A model chooses by the description."""
        text: object = self.subject().description
        expect(isinstance(text, str) and text.strip(), "It has no description: say what it does and when to use it.")

    def test_the_parameters_are_an_object_schema(self) -> None:
        """The arguments are described as JSON Schema of type object, with properties, as plain JSON."""
        schema = self.subject().parameters
        expect(schema.get("type") == "object", f"The parameters are of type {schema.get('type')!r}: make it 'object'.")
        canonical_json(dict(schema))
        properties = schema.get("properties", {})
        unknown = [each for each in schema.get("required", ()) if each not in properties]
        expect(not unknown, f"{', '.join(unknown)} is required and no property: describe it in `properties`.")

    def test_the_parameters_hold_no_references(self) -> None:
        """Many providers read no `$ref`."""
        found = _references(self.subject().parameters)
        expect(not found, f"The parameters refer to {', '.join(found)}: write the schema there instead.")

    def test_the_flags_are_declared(self) -> None:
        """What it may do to the world is a set of `ToolFlag`s."""
        flags: object = self.subject().flags
        fits = isinstance(flags, frozenset) and all(isinstance(each, ToolFlag) for each in self.subject().flags)
        expect(fits, f"`flags` is {flags!r}: return a frozenset of ToolFlag.")

    def test_examples_fit_the_parameters(self) -> None:
        """Each example names arguments that there are, and all that are required."""
        schema = self.subject().parameters
        known, required = set(schema.get("properties", {})), set(schema.get("required", ()))
        for each in self._examples():
            given = set(each.arguments)
            expect(required <= given, f"An example lacks {', '.join(sorted(required - given))}: give it.")
            closed = schema.get("additionalProperties") is False
            expect(not closed or given <= known, f"An example has {', '.join(sorted(given - known))}: leave it out.")

    def test_examples_work(self) -> None:
        """Each example gives the result it tells, and no error."""

        async def check() -> None:
            for each in self._examples():
                found = await self._called(each.arguments)
                expect(found.error is None, f"The example {dict(each.arguments)} failed: {found.error}")
                expect(
                    each.result is None or found.content == each.result,
                    f"The example {dict(each.arguments)} gave {found.content!r}, and tells {each.result!r}: mend one.",
                )

        self.on_every_loop(check)

    def test_results_are_plain_data(self) -> None:
        """What is returned can be shown to a model and journalled."""

        async def check() -> None:
            for each in self._examples():
                found = await self.subject().call(each.arguments, ToolContext())
                expect(isinstance(found, ToolResult), f"`call` returned {found!r}: return a ToolResult.")
                try:
                    canonical_json(found.content)
                except (TypeError, ValueError) as error:
                    raise AssertionError(
                        f"The result is no JSON: {error}. Return texts, numbers, lists, objects."
                    ) from error

        self.on_every_loop(check)

    def test_only_tools_that_read_outside_taint(self) -> None:
        """A result is tainted exactly when the tool says that it reads words of strangers."""

        async def check() -> None:
            reads = ToolFlag.READS_OUTSIDE in self.subject().flags
            for each in self._examples():
                found = await self._called(each.arguments)
                expect(
                    found.error is not None or found.tainted == reads,
                    f"A result has tainted={found.tainted} and READS_OUTSIDE is {'' if reads else 'not '}among the "
                    "flags: let both say the same.",
                )

        self.on_every_loop(check)

    def test_a_failure_is_a_result(self) -> None:
        """What goes wrong inside the tool is told in words that a model can act on, not raised."""

        async def check() -> None:
            arguments = self.failing()
            try:
                found = await self._called(arguments)
            except Exception as error:
                raise AssertionError(
                    f"{dict(arguments)} raised {type(error).__name__}: {error}. Return a ToolResult with `error`."
                ) from error
            words: object = found.error
            expect(isinstance(words, str) and words.strip(), f"{dict(arguments)} gave no `error`: say what went wrong.")

        self.on_every_loop(check)

    def test_calls_beside_each_other_do_not_mix(self) -> None:
        """One instance serves many calls at once."""

        async def check() -> None:
            tool = self.subject()
            examples = [each for each in self._examples() if each.result is not None] * 4
            found: list[tuple[ToolExample, ToolResult]] = []

            async def call(example: ToolExample) -> None:
                found.append((example, await tool.call(example.arguments, ToolContext())))

            async with anyio.create_task_group() as group:
                for each in examples:
                    group.start_soon(call, each)
            alone = [(each, await self._called(each.arguments)) for each, _ in found]
            same = [result.content for _, result in found] == [result.content for _, result in alone]
            expect(same, "Calls at the same time got other results: keep nothing on the instance.")

        self.on_every_loop(check)

    def test_nothing_is_left_of_a_call(self) -> None:
        """When a call has ended, nothing of it goes on."""

        async def check() -> None:
            for each in self._examples():
                async with leaving_nothing("A call"):
                    await self._called(each.arguments)

        self.on_every_loop(check)

    def _examples(self) -> tuple[ToolExample, ...]:
        examples = self.subject().examples
        expect(isinstance(examples, tuple), f"`examples` is {examples!r}: return a tuple of ToolExample.")
        if not examples:
            raise NotApplicable("It has no examples: return calls that work anywhere, and they will be tried.")
        return examples

    async def _called(self, arguments: Mapping[str, Json]) -> ToolResult:
        return await self.subject().call(arguments, ToolContext())


def _references(schema: object) -> list[str]:
    if isinstance(schema, Mapping):
        members = cast("Mapping[str, object]", schema)
        own = [str(members["$ref"])] if isinstance(members.get("$ref"), str) else []
        return own + [each for value in members.values() for each in _references(value)]
    if isinstance(schema, list):
        return [each for value in cast("list[object]", schema) for each in _references(value)]
    return []
