"""Scikit-learn estimators as predictors of ElixirML programs: answers without a language model."""

__all__: list[str] = []
