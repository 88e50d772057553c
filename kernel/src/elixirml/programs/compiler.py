"""The compiler: from a declaration to a checked graph and one space, before any model call.

Members are read in the order they are written. A parameter names an input field or an earlier stage; the latest binding
of that name wins. Every mistake is collected, so that one compilation reports all of them.
"""

import inspect
from collections.abc import Mapping
from typing import Any, get_origin, get_type_hints

from attrs import frozen

from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.schema import Field, FieldDeclaration, Schema
from elixirml.contracts.signature import Signature
from elixirml.errors import DeclarationError, ElixirError, PluginError, did_you_mean
from elixirml.programs.compiled import (
    AssertionNode,
    CompiledProgram,
    FunctionNode,
    Node,
    OutputRule,
    PredictNode,
    ProgramNode,
    input_slot,
    stage_slot,
)
from elixirml.programs.program import Declaration, Program, SingleOutput
from elixirml.programs.settings import stage_variables
from elixirml.programs.signature_text import parse_signature
from elixirml.programs.stages import Assertion, AssertionKind, FunctionStage, PredictStage
from elixirml.variables import Constraint, Space, Variable

__all__ = ["compile_program"]


def compile_program(declaration: Declaration, capabilities: Capabilities, *, prefix: str = "") -> CompiledProgram:
    """Return the checked, runnable form of a declaration.

    Args:
        declaration: What to compile.
        capabilities: What is installed.
        prefix: The path below which all its variables are placed; empty at the top.

    Raises:
        DeclarationError: Something is declared wrongly; every mistake is listed.
    """
    return _Compiler(declaration, capabilities, prefix).compile()


@frozen
class _Binding:
    """What a name means at one point of the program."""

    slot: str
    annotation: Any
    field: Field | None = None


class _Compiler:
    """One compilation."""

    def __init__(self, declaration: Declaration, capabilities: Capabilities, prefix: str) -> None:
        self.declaration = declaration
        self.capabilities = capabilities
        self.prefix = prefix
        self.mistakes: list[str] = []
        self.codes: list[str] = []
        self.bindings: dict[str, _Binding] = {}
        self.variables: list[Variable] = []
        self.constraints: list[Constraint] = []
        self.declared: dict[int, str] = {}
        self.nodes: list[Node] = []
        self.outputs: dict[str, Schema] = {}

    def compile(self) -> CompiledProgram:
        inputs = self._schema(self.declaration.inputs, what="inputs")
        for each in inputs.fields:
            self.bindings[each.name] = _Binding(input_slot(each.name), each.annotation, each)
        self._declare_variables()
        for name, member in self.declaration.members.items():
            self._try(name, member)
        rule, output = self._output()
        self._stop_at_mistakes()
        return CompiledProgram(
            declaration=self.declaration,
            inputs=inputs,
            output=output,
            nodes=_checks_first(self.nodes),
            rule=rule,
            space=self._space(),
            warnings=self._unused(rule),
            prefix=self.prefix,
        )

    def _path(self, name: str) -> str:
        return f"{self.prefix}.{name}" if self.prefix else name

    def _schema(self, declared: Any, *, what: str) -> Schema:
        if declared is None:
            raise DeclarationError(
                f"The program {self.declaration.name} does not say what its {what} are.\n  at {self.declaration.where}",
                hint=f"Write `class {self.declaration.name}(ml.Program[Inputs, Outputs])` with two record types.",
                code="types-missing",
            )
        if isinstance(declared, tuple):
            return self.capabilities.record(f"{self.declaration.name}_{what}", declared)
        return self.capabilities.schema(declared)

    def _declare_variables(self) -> None:
        for name, member in self.declaration.members.items():
            if isinstance(member, Variable):
                self.declared[id(member)] = self._path(name)
                bound = member.bound(name)
                self.variables.append(bound.within(self.prefix) if self.prefix else bound)

    def _try(self, name: str, member: Any) -> None:
        try:
            match member:
                case FunctionStage():
                    self._function(name, member)
                case PredictStage():
                    self._predict(name, member)
                case Program():
                    self._program(name, member)
                case Assertion():
                    self._assertion(name, member)
                case _:
                    pass
        except (DeclarationError, PluginError) as error:
            self._mistake(error)
            self.bindings.setdefault(name, _Binding(stage_slot(name), Any))

    def _mistake(self, error: ElixirError) -> None:
        self.mistakes.append(str(error))
        self.codes.append(error.code)

    def _stop_at_mistakes(self) -> None:
        if not self.mistakes:
            return
        if len(self.mistakes) == 1:
            raise DeclarationError(self.mistakes[0], code=self.codes[0])
        lines = "\n".join(f"{number}. {text}" for number, text in enumerate(self.mistakes, 1))
        raise DeclarationError(
            f"The program {self.declaration.name} has {len(self.mistakes)} mistakes:\n{lines}", code=self.codes[0]
        )

    def _bound(self, name: str, stage: str, where: str) -> _Binding:
        binding = self.bindings.get(name)
        if binding is None:
            later = name in self.declaration.members and not isinstance(self.declaration.members[name], Variable)
            why = "which is declared after it" if later else "which no input field and no earlier stage provides"
            raise DeclarationError(
                f"stage `{stage}` of {self.declaration.name} needs `{name}`, {why}.\n  at {where}",
                hint=f"Move `{name}` above `{stage}`." if later else did_you_mean(name, self.bindings),
                code="name-later" if later else "name-not-found",
            )
        return binding

    def _arguments(self, name: str, function: Any, where: str) -> tuple[dict[str, str], Any]:
        hints = _hints(function)
        arguments: dict[str, str] = {}
        for parameter in list(inspect.signature(function).parameters)[1:]:
            binding = self._bound(parameter, name, where)
            wanted = hints.get(parameter, Any)
            if not _may_fit(binding.annotation, wanted):
                raise DeclarationError(
                    f"stage `{name}` of {self.declaration.name} takes `{parameter}` as {_word(wanted)}, but it is "
                    f"{_word(binding.annotation)}.\n  at {where}",
                    code="type-mismatch",
                )
            arguments[parameter] = binding.slot
        return arguments, hints.get("return", Any)

    def _function(self, name: str, member: FunctionStage) -> None:
        arguments, returned = self._arguments(name, member.function, member.where)
        self.nodes.append(FunctionNode(name, arguments, member.function))
        self.bindings[name] = _Binding(stage_slot(name), returned)

    def _assertion(self, name: str, member: Assertion) -> None:
        arguments, _ = self._arguments(name, member.function, member.where)
        retries = self._producer(arguments.values())
        if member.kind is AssertionKind.CHECK and retries is not None:
            raise DeclarationError(
                f"the check `{name}` of {self.declaration.name} depends on the reply of `{retries}`, but checks are "
                f"made before any model call.\n  at {member.where}",
                hint="Use @ml.ensure for replies.",
                code="check-after-call",
            )
        self.nodes.append(
            AssertionNode(
                name, arguments, member.function, member.kind, member.message, member.then, member.attempts, retries
            )
        )

    def _producer(self, slots: Any) -> str | None:
        """Return the latest predict stage or sub-program that the slots depend on."""
        wanted = set(slots)
        for node in reversed(self.nodes):
            if isinstance(node, AssertionNode) or stage_slot(node.name) not in wanted:
                continue
            if not isinstance(node, FunctionNode):
                return node.name
            wanted |= set(node.arguments.values())
        return None

    def _program(self, name: str, member: Program[Any, Any]) -> None:
        compiled = compile_program(member.declaration, self.capabilities, prefix=self._path(name))
        where = member.declaration.where
        arguments = {
            each.name: self._bound(each.name, name, where).slot
            for each in compiled.inputs.fields
            if each.required or each.name in self.bindings
        }
        self.nodes.append(ProgramNode(name, arguments, compiled))
        self.variables.extend(compiled.space.variables)
        self.constraints.extend(compiled.space.constraints)
        self.outputs[name] = compiled.output
        self.bindings[name] = _Binding(stage_slot(name), member.declaration.outputs or Any)

    def _predict(self, name: str, member: PredictStage[Any]) -> None:
        names, output, annotation = self._sides(name, member)
        bound = {each: self._bound(each, name, member.where) for each in names if not member.manual}
        fields = tuple(self._input_field(each, bound.get(each), member) for each in names)
        signature = Signature(name, self.declaration.instruction, fields, output.fields)
        found = stage_variables(
            signature, member.settings, path=self._path(name), declared=self.declared, capabilities=self.capabilities
        )
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
            )
        )
        self.outputs[name] = output
        if not member.manual:
            self.bindings[name] = _Binding(stage_slot(name), annotation)

    def _sides(self, name: str, member: PredictStage[Any]) -> tuple[tuple[str, ...], Schema, Any]:
        """Return the names a predict stage takes, the schema of its value, and the type of that value."""
        everything = tuple(
            binding.field.name for binding in _inputs_of(self.bindings) if binding.field is not None
        ) or tuple(self.bindings)
        if isinstance(member.output, str):
            sides = parse_signature(member.output)
            names = member.inputs or tuple(each.name for each in sides.inputs)
            return names, self.capabilities.record(f"{name}_output", sides.outputs), Any
        if isinstance(member.output, SingleOutput):
            return member.inputs or everything, self.capabilities.record(f"{name}_output", member.output), Any
        return member.inputs or everything, self.capabilities.schema(member.output), member.output

    def _input_field(self, name: str, binding: _Binding | None, member: PredictStage[Any]) -> Field:
        if binding is not None and binding.field is not None and binding.field.name == name:
            return binding.field
        annotation: Any = binding.annotation if binding is not None else str
        if binding is None and isinstance(member.output, str):
            annotation = next(
                (each.annotation for each in parse_signature(member.output).inputs if each.name == name), str
            )
        return self.capabilities.field(FieldDeclaration(name, annotation))

    def _output(self) -> tuple[OutputRule, Schema]:
        declared, bare = self.declaration.outputs, self.declaration.bare
        stages = [node for node in self.nodes if isinstance(node, (PredictNode, ProgramNode))]
        if declared is None:
            made = next((node for node in reversed(stages) if not getattr(node, "manual", False)), None)
            if made is None:
                self._mistake(DeclarationError(f"The program {self.declaration.name} has no predict stage."))
                return OutputRule(), self._schema(self.declaration.inputs, what="inputs")
            return OutputRule(whole=stage_slot(made.name), bare=bare), self.outputs[made.name]
        output = self._schema(declared, what="outputs")
        whole = [binding.slot for binding in self.bindings.values() if binding.annotation is declared]
        if whole:
            return OutputRule(whole=whole[-1]), output
        return OutputRule(fields=self._gathered(output)), output

    def _gathered(self, output: Schema) -> dict[str, tuple[str, str | None]]:
        gathered: dict[str, tuple[str, str | None]] = {}
        for each in output.fields:
            holders = [name for name, schema in self.outputs.items() if each.name in {f.name for f in schema.fields}]
            if each.name in self.bindings:
                gathered[each.name] = (self.bindings[each.name].slot, None)
            elif holders:
                gathered[each.name] = (stage_slot(holders[-1]), each.name)
            elif each.required and not self.mistakes:
                self._mistake(
                    DeclarationError(
                        f"nothing in {self.declaration.name} provides the output field `{each.name}`.\n"
                        f"  at {self.declaration.where}",
                        hint=did_you_mean(each.name, self.bindings),
                        code="output-missing",
                    )
                )
        return gathered

    def _space(self) -> Space:
        return Space(self.variables, constraints=self.constraints)

    def _unused(self, rule: OutputRule) -> tuple[str, ...]:
        used = {rule.whole, *(slot for slot, _ in rule.fields.values())}
        for node in self.nodes:
            used |= set(node.arguments.values())
        return tuple(
            f"stage `{node.name}` of {self.declaration.name} leads nowhere: nothing uses its value."
            for node in self.nodes
            if not isinstance(node, AssertionNode)
            and stage_slot(node.name) not in used
            and not getattr(node, "manual", False)
        )


def _inputs_of(bindings: Mapping[str, _Binding]) -> list[_Binding]:
    return [binding for binding in bindings.values() if binding.field is not None]


def _hints(function: Any) -> dict[str, Any]:
    """Return the annotations of a function; those that cannot be read are left out."""
    try:
        return get_type_hints(function)
    except (NameError, TypeError, AttributeError):
        return {}


def _may_fit(found: Any, wanted: Any) -> bool:
    """Return False only when two plain classes cannot have a value in common."""
    if not (_is_plain_class(found) and _is_plain_class(wanted)):
        return True
    return issubclass(found, wanted) or issubclass(wanted, found) or (found is int and wanted is float)


def _is_plain_class(annotation: Any) -> bool:
    """Return whether an annotation is a class whose instances can be told from others; since Python 3.11 Any is one."""
    return isinstance(annotation, type) and annotation not in {Any, object} and get_origin(annotation) is None


def _word(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _checks_first(nodes: list[Node]) -> tuple[Node, ...]:
    """Return the nodes with every check, and what it depends on, before the rest; otherwise in their order."""
    early: set[str] = set()
    wanted: set[str] = set()
    for node in reversed(nodes):
        is_check = isinstance(node, AssertionNode) and node.kind is AssertionKind.CHECK
        if is_check or (not isinstance(node, AssertionNode) and stage_slot(node.name) in wanted):
            early.add(node.name)
            wanted |= set(node.arguments.values())
    return tuple(sorted(nodes, key=lambda node: node.name not in early))
