"""The compiler: from a declaration to a checked graph and one space, before any model call.

Members are read in the order they are written. A parameter names an input field or an earlier stage; the latest binding
of that name wins. Every mistake is collected, so that one compilation reports all of them.
"""

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any, cast

from attrs import evolve

from elixirml.contracts.attached import holds_attachment
from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.history import is_history
from elixirml.contracts.schema import Field, FieldDeclaration, Schema
from elixirml.contracts.signature import Signature
from elixirml.contracts.tool import Tool
from elixirml.errors import DeclarationError, PluginError, did_you_mean
from elixirml.programs.asserting import early_schema, field_holders, lacking, latest_judged, unusable
from elixirml.programs.bindings import Binding, Names
from elixirml.programs.compiled import (
    AssertionNode,
    CompiledProgram,
    Fallback,
    FunctionNode,
    Node,
    OutputRule,
    PredictNode,
    ProgramNode,
    input_slot,
    stage_slot,
)
from elixirml.programs.deciding import decided, verdict_of
from elixirml.programs.installed import Installed
from elixirml.programs.mistakes import placed
from elixirml.programs.ordering import checks_first, loose_ends, producer
from elixirml.programs.program import Declaration, Program, SingleOutput
from elixirml.programs.settings import narrowed, stage_variables
from elixirml.programs.signature_text import parse_signature
from elixirml.programs.stages import Assertion, AssertionKind, FunctionStage, PredictStage, Then
from elixirml.programs.wiring import annotations_of, calls_of, may_fit, needs_of, word
from elixirml.variables import Constraint, Space, Variable

__all__ = ["compile_program"]

_RESERVED = frozenset(name for name in vars(Program) if not name.startswith("_")) | {"declaration", "after_prediction"}


def compile_program(declaration: Declaration, capabilities: Capabilities) -> CompiledProgram:
    """Return the checked, runnable form of a declaration.

    Args:
        declaration: What to compile.
        capabilities: What is installed.

    Raises:
        DeclarationError: Something is declared wrongly; every mistake is listed.
        PluginError: All that is wrong is that one plugin cannot be used.
    """
    return _Compiler(declaration, Installed(capabilities)).compile()


class _Compiler(Names):
    """The compilation of one declaration; `prefix` is the path below which all its variables are placed."""

    def __init__(self, declaration: Declaration, installed: Installed, prefix: str = "") -> None:
        super().__init__(declaration)
        self.installed = installed
        self.prefix = prefix
        self.inputs: dict[str, Field] = {}
        self.variables: list[Variable] = []
        self.constraints: list[Constraint] = []
        self.declared: dict[int, Variable] = {}
        self.named: list[str] = []
        self.nodes: list[Node] = []
        self.broken = False
        self.notes: list[str] = []

    def compile(self) -> CompiledProgram:
        inputs = self._inputs()
        self._declare()
        declared = len(self.mistakes)
        for name in self.named:
            self._member(name, self.declaration.members[name])
        self.broken = len(self.mistakes) > 0
        rule, output = self._output()
        # Variables of a stage that is wrong are missing, so the space says something only where every stage is right.
        space = self._space() if len(self.mistakes) == declared else None
        self.mistakes.stop()
        assert output is not None and space is not None  # noqa: S101, PT018 - else a mistake
        return CompiledProgram(
            declaration=self.declaration,
            inputs=inputs,
            output=output,
            nodes=checks_first(self.nodes),
            rule=rule,
            space=space,
            warnings=(*self.notes, *loose_ends(self.nodes, self.declaration, output=rule.slots())),
            prefix=self.prefix,
            answers=producer(self.nodes, rule.slots()),
        )

    def _inputs(self) -> Schema:
        """Read the inputs; without them no name means anything, so a mistake here is told alone."""
        try:
            inputs = self._schema(self.declaration.inputs, what="inputs")
        except (DeclarationError, PluginError) as error:
            placed(error, self.declaration.where)
            raise
        for each in inputs.fields:
            self.inputs[each.name] = each
            self.bind(each.name, Binding(input_slot(each.name), each.annotation, each))
        return inputs

    def _declare(self) -> None:
        """Check every name, and take over the program's own variables, which stages before them may use."""
        for name, member in self.declaration.members.items():
            with self.mistakes.noted():
                self._name(name)
                self.named.append(name)
                if isinstance(member, Variable):
                    self._variable(name, member)

    def _path(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name

    def _schema(self, declared: Any, *, what: str) -> Schema:
        name = self.declaration.name
        if declared is None:
            raise DeclarationError(
                f"The program {name} does not say what its {what} are.",
                hint=f"Write `class {name}(ml.Program[Inputs, Outputs])` with two record types.",
                code="types-missing",
            )
        if isinstance(declared, tuple):
            return self.installed.record(f"{name}_{what}", cast("tuple[FieldDeclaration, ...]", declared))
        return self.installed.schema(declared)

    def _name(self, name: str) -> None:
        if name in _RESERVED or not name.isidentifier():
            why = "every program has it already" if name in _RESERVED else "it is not a name in Python"
            raise DeclarationError(
                f"`{name}` cannot name a part of {self.declaration.name}: {why}.",
                hint="Choose another name.",
                code="name-reserved" if name in _RESERVED else "name-invalid",
            )

    def _variable(self, name: str, member: Variable) -> None:
        bound = narrowed(member.bound(name), self.installed)
        placed = bound.within(self.prefix) if self.prefix else bound
        self.declared[id(member)] = placed
        self.variables.append(placed)

    def _member(self, name: str, member: Any) -> None:
        if isinstance(member, Variable):
            return
        where = self.declaration.where if isinstance(member, Program) else member.where
        with self.mistakes.at(where).noted():
            self._reader(member)(name, member)
            return
        # A stage that is wrong still provides its name: one mistake is told once.
        if name not in self.bindings:
            self.bind(name, Binding(stage_slot(name), Any))

    def _reader(self, member: Any) -> Callable[[str, Any], None]:
        """Return what reads a stage, a sub-program or an assertion."""
        match member:
            case FunctionStage():
                return self._function
            case PredictStage():
                return self._predict
            case Program():
                return self._program
            case _:
                return self._assertion

    def _function(self, name: str, member: FunctionStage) -> None:
        hints = annotations_of(member.function)
        arguments = self.arguments(name, member.function, member.where, known=hints)
        self.nodes.append(FunctionNode(name, arguments, member.function, self._calls(member.function)))
        self.bind(name, Binding(stage_slot(name), hints.get("return", Any)))

    def _calls(self, function: Any) -> tuple[str, ...]:
        return calls_of(function, self.declaration.members, self.declaration.helpers)

    def _assertion(self, name: str, member: Assertion) -> None:
        if self._is_broken(member.on):
            return
        known = annotations_of(member.function)
        needs = needs_of(member.function, name, known=self.bindings)
        fields = field_holders(name, member, needs, bound=self.bindings, outputs=self.outputs)
        arguments = self.arguments(name, member.function, member.where, known=known, fields=fields)
        retries = producer(self.nodes, arguments.values())
        calls = self._calls(member.function)
        if member.kind is AssertionKind.CHECK and (retries is not None or calls):
            raise DeclarationError(
                f"the check `{name}` of {self.declaration.name} depends on the reply of `{retries or calls[0]}`, but "
                "checks are made before any model call.",
                hint="Use @ml.ensure for replies.",
                code="check-after-call",
            )
        if not (needs.names or calls):
            self._decide(name, member)
        node = AssertionNode(
            name,
            arguments,
            member.function,
            member.kind,
            member.message,
            Then.FALLBACK if member.fallback and retries is None else member.then,
            member.attempts,
            retries,
            fields={each: each for each in fields},
            fallback=self._fallback(name, member, arguments.values()) if member.fallback else None,
            calls=calls,
        )
        self.nodes.append(evolve(node, early=early_schema(node, self.nodes, self.installed)))

    def _is_broken(self, stage: str) -> bool:
        """Return whether a stage that has output fields, were it not wrong, has none: that has been told."""
        has_fields = isinstance(self.declaration.members.get(stage), (PredictStage, Program))
        return has_fields and stage in self.bindings and stage not in self.outputs

    def _decide(self, name: str, member: Assertion) -> None:
        """Judge an assertion that takes nothing: what it says of the declaration needs no run."""
        said = decided(self.declaration, member.function)
        if said is None or verdict_of(said, kind=member.kind, name=name):
            return
        failed = f"the {member.kind} `{name}` of {self.declaration.name} fails as declared: {member.message}"
        if member.kind is AssertionKind.SUGGEST or member.then is Then.RECORD:
            self.notes.append(f"{failed}\n  at {member.where}")
        else:
            raise DeclarationError(
                failed, hint="Change the declared values it looks at, or the condition.", code="assertion-declared"
            )

    def _fallback(self, name: str, member: Assertion, judged: Iterable[str]) -> Fallback:
        """Return what stands in for the latest stage an assertion judges."""
        called, replaced = member.fallback, latest_judged(self.nodes, judged)
        what = f"the fallback of `{name}` in {self.declaration.name}"
        if replaced is None:
            raise DeclarationError(
                f"{what} has nothing to replace: `{name}` judges inputs alone.",
                hint="Take the name of a stage, or leave the fallback out.",
                code="fallback",
            )
        found = self.declaration.members.get(called, self.declaration.helpers.get(called))
        node = next((each for each in self.nodes if each.name == called), None)
        match node:
            case PredictNode(manual=True):
                arguments = self.wired(called, node.signature.inputs)
            case ProgramNode():
                arguments = self.wired(called, node.compiled.inputs.fields)
            case None if isinstance(found, FunctionType):
                known = annotations_of(found)
                arguments = self.arguments(called, found, member.where, known=known)
                self._fit_in(called, replaced, known.get("return", Any))
                return Fallback(called, replaced, arguments, found, self._calls(found))
            case None if isinstance(found, (Program, PredictStage)):
                raise DeclarationError(
                    f"{what} is `{called}`, which is declared after it.",
                    hint=f"Move `{called}` above `{name}`.",
                    code="name-later",
                )
            case _:
                usable = [each for each, value in self.declaration.helpers.items() if isinstance(value, FunctionType)]
                raise DeclarationError(
                    f"{what} is `{called}`, {unusable(found)}.",
                    hint=did_you_mean(called, usable),
                    code="name-not-found" if found is None else "fallback",
                )
        lacks = lacking(next(each for each in self.nodes if each.name == replaced), node)
        if lacks:
            raise DeclarationError(
                f"{what} is `{called}`, which gives no `{lacks[0]}`, but `{replaced}` does.",
                hint="Let both have the same output.",
                code="type-mismatch",
            )
        return Fallback(called, replaced, arguments)

    def _fit_in(self, fallback: str, replaced: str, found: Any) -> None:
        wanted = self.bindings[replaced].annotation if replaced in self.bindings else Any
        if not may_fit(found, wanted):
            raise DeclarationError(
                f"the fallback `{fallback}` of {self.declaration.name} is {word(found)}, "
                f"but `{replaced}`, for which it stands in, is {word(wanted)}.",
                hint="Change one of the two types.",
                code="type-mismatch",
            )

    def _program(self, name: str, member: Program[Any, Any]) -> None:
        compiled = _Compiler(member.declaration, self.installed, self._path(name)).compile()
        self.variables.extend(compiled.space.variables)
        self.constraints.extend(compiled.space.constraints)
        if self.is_fallback(name):
            self.nodes.append(ProgramNode(name, {}, compiled, manual=True))
            return
        self.nodes.append(ProgramNode(name, self.wired(name, compiled.inputs.fields), compiled))
        self.outputs[name] = compiled.output
        declared = member.declaration.outputs
        self.bind(name, Binding(stage_slot(name), declared if isinstance(declared, type) else Any))

    def _predict(self, name: str, member: PredictStage[Any]) -> None:
        wanted, output, annotation = self._sides(name, member)
        bound: dict[str, Binding] = {}
        fields: list[Field] = []
        for each, declared in wanted.items():
            with self.mistakes.at(member.where).noted():
                if not member.manual:
                    bound[each] = self.bound(each, name)
                    self.fit(name, each, bound[each].annotation, declared)
                fields.append(self._input_field(each, declared))
        for made in output.fields:
            if holds_attachment(made.schema) or is_history(made.annotation):
                self.mistakes.at(member.where).note(_no_output(name, made))
        signature = Signature(name, self.declaration.instruction, tuple(fields), output.fields)
        tools = self._tools(name, member)
        found = stage_variables(
            signature,
            member.settings,
            path=name,
            prefix=self.prefix,
            declared=self.declared,
            tools=tools,
            installed=self.installed,
            mistakes=self.mistakes.at(member.where),
        )
        self.notes.extend(found.notes)
        self.variables.extend(found.variables)
        self.constraints.extend(found.constraints)
        self.nodes.append(
            PredictNode(
                name=name,
                arguments={each: binding.slot for each, binding in bound.items()},
                path=self._path(name),
                signature=signature,
                output=output,
                settings=found.settings,
                manual=member.manual,
                options=found.options,
                tools=tools,
            )
        )
        if not member.manual:
            self.outputs[name] = output
            self.bind(name, Binding(stage_slot(name), annotation))

    def _tools(self, name: str, member: PredictStage[Any]) -> dict[str, Tool | None]:
        """Return what the model of a stage may call, by name."""
        found: dict[str, Tool | None] = {}
        for tool in member.tools:
            with self.mistakes.at(member.where).noted():
                called = tool if isinstance(tool, str) else _tool_name(name, tool)
                if called in found:
                    raise DeclarationError(
                        f"Stage `{name}` is given two tools called `{called}`.", hint="Give one of them another name."
                    )
                known = self.installed.names("tools")
                if isinstance(tool, str) and tool not in known:
                    raise DeclarationError(
                        f"Stage `{name}` is given the tool `{tool}`, which is not installed.",
                        hint=did_you_mean(tool, known),
                        code="name-not-found",
                    )
                found[called] = None if isinstance(tool, str) else tool
        return found

    def _sides(self, name: str, member: PredictStage[Any]) -> tuple[dict[str, Any], Schema, Any]:
        """Return the names a predict stage takes with their declared types, its output, and the type of its value."""
        wanted: dict[str, Any] = dict.fromkeys(self.inputs, Any)
        annotation: Any = Any
        if isinstance(member.output, str):
            sides = parse_signature(member.output)
            typed = {each.name: each.annotation for each in sides.inputs}
            # A field of the text without a type is a `str` only where nothing else says what it is.
            wanted = {each: typed[each] if typed[each] is not str else Any for each in typed}
            output = self.installed.record(f"{name}_output", sides.outputs)
        elif isinstance(member.output, SingleOutput):
            output = self.installed.record(f"{name}_output", member.output)
        else:
            output, annotation = self.installed.schema(member.output), member.output
        if member.inputs is not None:
            wanted = {each: wanted.get(each, Any) for each in member.inputs}
        return wanted, output, annotation

    def _input_field(self, name: str, declared: Any) -> Field:
        """Return an input of a predict stage: typed as its latest binding is, described as the input field is."""
        known, binding = self.inputs.get(name), self.bindings.get(name)
        if binding is not None and binding.field is not None:
            return binding.field
        annotation = next(
            (each for each in (binding.annotation if binding else Any, declared) if each is not Any),
            known.annotation if known is not None else str,
        )
        made = self.installed.field(FieldDeclaration(name, annotation))
        return made if known is None else evolve(made, description=known.description)

    def _output(self) -> tuple[OutputRule, Schema | None]:
        declared = self.declaration.outputs
        if declared is None:
            made = next((each for each in reversed(self.bindings) if each in self.outputs), None)
            if made is not None:
                return OutputRule(whole=stage_slot(made), bare=self.declaration.bare), self.outputs[made]
            with self.mistakes.noted(follows=self.broken):
                raise DeclarationError(
                    f"The program {self.declaration.name} has no predict stage.",
                    hint='Add one: reply = ml.predict("question -> answer: str").',
                    code="output-missing",
                )
            return OutputRule(), None
        with self.mistakes.noted():
            output = self._schema(declared, what="outputs")
            whole = [each.slot for each in self.bindings.values() if each.annotation is declared and each.field is None]
            return (OutputRule(whole=whole[-1]) if whole else OutputRule(fields=self._gathered(output))), output
        return OutputRule(), None

    def _gathered(self, output: Schema) -> dict[str, tuple[str, str | None]]:
        """Return where each output field comes from: what has its name, else the latest reply with such a field."""
        gathered: dict[str, tuple[str, str | None]] = {}
        for each in output.fields:
            holders = [
                (name, held.annotation)
                for name, schema in self.outputs.items()
                for held in schema.fields
                if held.name == each.name
            ]
            with self.mistakes.noted(follows=self.broken):
                if each.name in self.bindings:
                    gathered[each.name] = (self.bindings[each.name].slot, None)
                    self.fit("output", each.name, self.bindings[each.name].annotation, each.annotation)
                elif holders:
                    gathered[each.name] = (stage_slot(holders[-1][0]), each.name)
                    self.fit("output", each.name, holders[-1][1], each.annotation)
                elif each.required:
                    raise DeclarationError(
                        f"nothing in {self.declaration.name} provides the output field `{each.name}`.",
                        hint=did_you_mean(each.name, self.bindings),
                        code="output-missing",
                    )
        return gathered

    def _space(self) -> Space | None:
        with self.mistakes.noted():
            return Space(self.variables, constraints=self.constraints)
        return None


def _tool_name(stage: str, tool: Tool) -> str:
    name = getattr(tool, "name", None)
    if not isinstance(name, str) or not callable(getattr(tool, "call", None)):
        raise DeclarationError(
            f"Stage `{stage}` is given {tool!r} as a tool, which is none.",
            hint="Name an installed tool, or make one of a function: elixirml_tools.tool(function).",
        )
    return name


def _no_output(stage: str, field: Field) -> DeclarationError:
    return DeclarationError(
        f"Stage `{stage}`: the output `{field.name}` is an attachment or a history, and models reply in text.",
        hint="Ask for a text, and make the value of it in a Python stage that trusts it.",
        code="output-attached",
    )
