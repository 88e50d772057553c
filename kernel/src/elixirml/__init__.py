"""ElixirML."""
