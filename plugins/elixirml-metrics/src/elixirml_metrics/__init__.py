"""Metrics for ElixirML programs: exact match, token F1 and number match."""
