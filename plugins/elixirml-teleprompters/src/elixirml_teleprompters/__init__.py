"""Optimizers for ElixirML programs: auto, random_search and bootstrap_fewshot."""
