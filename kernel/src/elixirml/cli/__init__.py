"""The command line: `elixirml`. Verbs first; one module a verb, imported when it is used."""

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; the entry point of the `elixirml` script."""
    try:
        from elixirml.cli.app import elixirml

        elixirml(prog_name="elixirml")
    except KeyboardInterrupt:  # while modules are still being imported; later ones are reported by the verb
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
