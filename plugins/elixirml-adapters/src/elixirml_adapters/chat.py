"""What all chat formats let tune: where demos stand, how much is explained, in which words and order."""

from collections.abc import Collection
from functools import cache
from typing import Final

from attrs import evolve

from elixirml.contracts import Field, Signature
from elixirml.variables import Boolean, Choice, Variable
from elixirml_adapters.conversation import DEMO_LAYOUTS
from elixirml_adapters.options import Domains
from elixirml_adapters.parsing import is_free_text

__all__ = ["CHAT_DOMAINS", "chat_variables", "ordered"]

CHAT_DOMAINS: Final[Domains] = {
    "demo_layout": DEMO_LAYOUTS,
    "field_notes": (True, False),
    "wording": ("full", "brief"),
    "field_order": ("declared", "texts_first"),
}
"""What the options of `chat_variables` may be."""


def chat_variables(signature: Signature, *, free: Collection[str] = ()) -> tuple[Variable, ...]:
    """Return the variables of a chat format; `field_order` only where it makes a difference.

    Args:
        signature: The task.
        free: Which of them a search may choose unasked. The others are freed by name: variables that seldom matter
            cost a search more candidates than they win.
    """
    return _variables(tuple(free), mixed=ordered(signature, "texts_first") != signature)


@cache
def _variables(free: tuple[str, ...], *, mixed: bool) -> tuple[Variable, ...]:
    """Return the variables, made once: every stage of every program asks for them."""
    variables: tuple[Variable, ...] = (
        Choice("demo_layout", default=DEMO_LAYOUTS[0], options=DEMO_LAYOUTS, hint="where demos stand"),
        Boolean("field_notes", default=True, hint="explain each field's type and meaning"),
        Choice("wording", default="full", options=CHAT_DOMAINS["wording"], hint="how the format is asked for"),
    )
    if mixed:
        order = Choice(
            "field_order",
            default="declared",
            options=CHAT_DOMAINS["field_order"],
            hint="the order of the outputs: as declared, or free texts first, so that reasons come before verdicts",
        )
        variables = (*variables, order)
    return tuple(each if each.name in free else each.freeze() for each in variables)


def ordered(signature: Signature, order: str) -> Signature:
    """Return the signature with its outputs in the order in which they are to be asked for."""
    if order == "declared":
        return signature
    return evolve(signature, outputs=tuple(sorted(signature.outputs, key=_is_settled)))


def _is_settled(field: Field) -> bool:
    return not is_free_text(field.schema)
