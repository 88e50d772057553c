"""Hooks of elixirml-predictors. Imports nothing but the kernel's marks: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_predictors"]


@hookimpl
def register_predictors() -> list[Contribution]:
    """Offer the strategies."""
    offered = {
        "direct": ("direct:Direct", "asks once for the outputs alone"),
        "chain_of_thought": ("chain_of_thought:ChainOfThought", "asks once, for the reasoning before the outputs"),
        "majority": ("majority:Majority", "draws several answers and takes the most frequent one"),
        "best_of_n": ("best_of_n:BestOfN", "draws several answers and lets the model choose one"),
        "refine": ("refine:Refine", "has the answer criticised and answers anew"),
        "multi_chain_comparison": (
            "multi_chain_comparison:MultiChainComparison",
            "draws several chains of thought and answers with all in view",
        ),
        "program_of_thought": (
            "program_of_thought:ProgramOfThought",
            "has a program written and run, and answers in view of what it printed",
        ),
        "recursive_exploration": (
            "recursive_exploration:RecursiveExploration",
            "explores inputs of any length by code that may ask the model about parts",
        ),
        "react": ("react:React", "calls tools, one after the other, and then answers"),
    }
    return [Contribution(name, f"elixirml_predictors.{where}", summary) for name, (where, summary) in offered.items()]
