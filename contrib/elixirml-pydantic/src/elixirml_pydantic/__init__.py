"""Pydantic models as inputs and outputs of ElixirML programs."""

__all__: list[str] = []
