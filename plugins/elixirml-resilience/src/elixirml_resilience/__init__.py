"""Middlewares of ElixirML: what stands between a program and a model that may be slow, full, or gone."""
