"""Datasets for ElixirML programs: files of JSON lines, JSON and CSV, and a named set of real sentences."""

__all__: list[str] = []
