"""Evaluation, optimization and the statistics behind their verdicts."""
