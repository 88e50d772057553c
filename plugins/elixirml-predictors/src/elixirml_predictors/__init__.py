"""Reasoning strategies for ElixirML programs: direct and chain_of_thought."""

__all__: list[str] = []
