"""The command line: `elixirml`. Verbs first; one module a verb, imported when it is used."""

__all__ = ["main"]


def main() -> None:
    """Run the command line; the entry point of the `elixirml` script."""
    from elixirml.cli.app import elixirml

    elixirml(prog_name="elixirml")
