"""`python -m elixirml`: the command line, where the script `elixirml` is not on the path."""

from elixirml.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
