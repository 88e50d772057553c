"""Bayesian search over ElixirML variables by scikit-optimize."""
