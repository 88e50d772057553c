"""One predict stage, once: values and variables to a typed value."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from attrs import define, evolve, field

from elixirml.contracts.adapter import Demo, Feedback, FormatCall
from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.language_model import Capability, LanguageModel
from elixirml.contracts.predictor import Prediction, PredictorCall
from elixirml.contracts.repair import FAIL, POLICIES, RESEND, UNREPAIRED, Repair, RepairPolicy
from elixirml.errors import ParseError, ValidationError
from elixirml.programs.compiled import PredictNode
from elixirml.runtime.asking import Asking
from elixirml.runtime.beside import set_aside
from elixirml.runtime.context import RunContext
from elixirml.runtime.equipping import Equipment, equipped
from elixirml.runtime.events import Span
from elixirml.runtime.plain import plain
from elixirml.runtime.result import StageRecord
from elixirml.runtime.watching import Watch

__all__ = ["predict_once", "prepared"]


async def predict_once(
    node: PredictNode,
    inputs: Mapping[str, Any],
    *,
    context: RunContext,
    capabilities: Capabilities,
    span: Span,
    feedback: Feedback | None = None,
    watch: Watch | None = None,
) -> tuple[Any, StageRecord]:
    """Return the typed value of a predict stage and the record of how it came about.

    Raises:
        ReplyRefused: What watches the replies has refused one.
        ParseError: No reply held the declared fields, or their values do not fit the declared types.
        ModelError: No reply came.
        BudgetExceeded: A limit was reached.
    """
    given = {name: plain(value, capabilities.dump) for name, value in inputs.items()}
    equipment = equipped(node, context.value, capabilities)
    asking = _asking(node, equipment, context, span)
    listener = None if context.listener is None else context.listener.to(node.path)
    policy = _policy(node, context, capabilities)
    repairs = _Repairs(context, span)
    call = prepared(node, given, equipment, context=context, capabilities=capabilities, feedback=feedback)
    typed_as = partial(_typed, node, call.thoughts)
    asked = evolve(
        call,
        ask=equipment.refuse if asking is None else asking.ask,
        stream=None if asking is None or (listener is None and watch is None) else asking.heard_by(listener),
        tell=None if listener is None else listener.hear,
        watch=None if watch is None else watch.begin,
        repair=policy,
        check=typed_as,
        note=repairs.note,
        span=span,
    )
    try:
        prediction = await equipment.predictor.predict(asked)
        typed = typed_as(prediction)
    except ParseError as error:
        error.hint = error.hint or _way_out(node, context)
        raise
    if listener is not None:
        await listener.conclude(prediction, mended=repairs.mended)
    return typed, StageRecord(node.path, given, prediction.fields, prediction.exchanges)


def _asking(node: PredictNode, equipment: Equipment, context: RunContext, span: Span) -> Asking | None:
    """Return what a stage asks with; None where its strategy asks no model."""
    if not equipment.needs.model:
        return None
    return context.asking(str(context.value(node.settings["model"])), node.path, span)


def prepared(
    node: PredictNode,
    given: Mapping[str, Any],
    equipment: Equipment,
    *,
    context: RunContext,
    capabilities: Capabilities,
    feedback: Feedback | None = None,
) -> PredictorCall:
    """Return what the strategy of a stage is asked for, with nobody to ask yet."""
    call, carry = _format_call(node, given, context, asks=equipment.needs.model, feedback=feedback), None
    if node.sets_aside and equipment.needs.model:
        call, beside = set_aside(call, node.path)
        carry = beside.on
    thoughts = _thoughts(node, call)
    if thoughts:
        outputs = tuple(each for each in call.signature.outputs if each.name not in thoughts)
        call = evolve(call, signature=evolve(call.signature, outputs=outputs))
    return PredictorCall(
        signature=call.signature,
        format=call,
        adapter=equipment.adapter(str(context.value(node.settings["adapter"])), capabilities),
        ask=equipment.refuse,
        options=_options(node, equipment.name, context),
        stage=node.path,
        tools=equipment.tools,
        carry=carry,
        thoughts=thoughts,
    )


def _thoughts(node: PredictNode, call: FormatCall) -> tuple[str, ...]:
    """Return the outputs that need not be asked for: the model thinks by itself, and something else is asked for."""
    thinks = Capability.REASONING in call.capabilities and len(node.thoughts) < len(node.signature.outputs)
    return node.thoughts if thinks else ()


def _way_out(node: PredictNode, context: RunContext) -> str:
    """Return what a user can do about replies of a stage that cannot be read."""
    model, adapter, repair = (node.settings[each] for each in ("model", "adapter", "repair"))
    resend = "" if context.value(repair) == RESEND else f" Have it asked again: --set {repair}={RESEND}."
    return (
        f"Stage `{node.path}` asked {context.value(model)} in the format `{context.value(adapter)}`.{resend} "
        f"Try another format: --set {adapter}=NAME; `elixirml plugins list --kind adapters` lists them."
    )


@define(eq=False)
class _Repairs:
    """Takes note of what becomes of the refused replies of one prediction.

    Attributes:
        context: The run that is to know.
        span: Where the events belong.
        mended: Whether a reply was changed to be read.
    """

    context: RunContext
    span: Span
    mended: bool = field(default=False, init=False)

    def note(self, repair: Repair) -> None:
        """Take note of one."""
        self.context.repairs.append(repair)
        self.mended = self.mended or bool(repair.changes)
        told = {"failure": repair.failure, "policy": repair.policy, "repaired": repair.succeeded}
        self.span.tell("reply.refused", stage=repair.stage, **told)


def _policy(node: PredictNode, context: RunContext, capabilities: Capabilities) -> RepairPolicy:
    """Return what the stage does about a reply that does not hold its outputs."""
    name = str(context.value(node.settings["repair"]))
    if name == FAIL:
        return UNREPAIRED
    if name in POLICIES:
        return RepairPolicy(name)
    return RepairPolicy(name, capabilities.adapter(name), _options(node, name, context))


def _format_call(
    node: PredictNode, given: Mapping[str, Any], context: RunContext, *, asks: bool, feedback: Feedback | None
) -> FormatCall:
    """Return what the stage's adapter is asked to format."""
    demos: Any = context.value(node.settings["demos"])
    temperature: Any = context.value(node.settings["temperature"])
    max_tokens: Any = context.value(node.settings["max_tokens"])
    return FormatCall(
        signature=evolve(node.signature, instruction=str(context.value(node.settings["instruction"]))),
        values=given,
        demos=tuple(Demo(demo["inputs"], demo["outputs"]) for demo in demos),
        options=_options(node, str(context.value(node.settings["adapter"])), context),
        capabilities=_model(node, context).capabilities if asks else frozenset(),
        temperature=float(temperature),
        max_tokens=int(max_tokens),
        feedback=feedback,
    )


def _model(node: PredictNode, context: RunContext) -> LanguageModel:
    return context.open_model(str(context.value(node.settings["model"])))[0]


def _options(node: PredictNode, name: str, context: RunContext) -> dict[str, Any]:
    """Return the values of a capability's own variables, by their short names; inactive ones are left out."""
    paths = node.options.get(name, {})
    return {short: context.values[path] for short, path in paths.items() if path in context.values}


def _typed(node: PredictNode, thoughts: tuple[str, ...], prediction: Prediction) -> Any:
    declared = {each.name for each in node.output.fields}
    fields: dict[str, Any] = dict.fromkeys(thoughts, "")
    fields |= {name: value for name, value in prediction.fields.items() if name in declared}
    try:
        return node.output.validate(fields)
    except ValidationError as error:
        reply = prediction.exchanges[-1].response.text if prediction.exchanges else ""
        path = error.problems[0].path if error.problems else ()
        raise ParseError(str(error), failure="wrong_type", path=path, reply=reply) from error
