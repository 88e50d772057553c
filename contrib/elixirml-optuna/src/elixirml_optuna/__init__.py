"""Optuna samplers over the variables of ElixirML programs."""

__all__: list[str] = []
