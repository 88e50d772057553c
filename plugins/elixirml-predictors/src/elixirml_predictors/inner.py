"""The strategy inside a strategy: how each single answer is asked for."""

from typing import Final

from elixirml.contracts import Signature
from elixirml.variables import Variable, variable
from elixirml_predictors.chain_of_thought import ChainOfThought

__all__ = ["INNER", "answered", "draws", "task_of", "warmth"]

INNER: Final = ("direct", "chain_of_thought")


def answered(default: str = "chain_of_thought") -> Variable:
    """Return the variable `inner`: how each answer is asked for."""
    return variable(default, choices=list(INNER), name="inner", hint="how each single answer is asked for")


def draws(default: int, *, most: int = 16) -> Variable:
    """Return the variable `n`: how many answers are drawn."""
    return variable(default, low=2, high=most, name="n", hint="how many answers are drawn")


def warmth(default: float = 0.7) -> Variable:
    """Return the variable `temperature` of the draws."""
    return variable(default, low=0.1, high=2.0, name="temperature", hint="how much the drawn answers differ")


def task_of(inner: str, signature: Signature) -> Signature:
    """Return what the model is asked for by an inner strategy."""
    return ChainOfThought().extend(signature) if inner == "chain_of_thought" else signature
