"""Datasets for ElixirML programs: JSON lines, CSV and real sample data from the package index."""
