"""Reasoning strategies for ElixirML programs: direct and chain_of_thought."""
