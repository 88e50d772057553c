"""Metrics for ElixirML programs.

The rules are pure functions, one module an idea: `text`, `number`, `overlap`, `rouge`. The metrics made of them compare
an example's expected fields with a prediction's: `exact`, `squad`, `numeric`, `items`, `summary`; `spent` holds those
that look at what a prediction cost.
"""

__all__: list[str] = []
