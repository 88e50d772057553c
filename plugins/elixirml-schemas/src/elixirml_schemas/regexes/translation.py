"""Writes the tree of a regular expression as one of Python's `re`."""

from elixirml_schemas.regexes.syntax import Group, Look, Node, OneOf, Repeat, Sequence

__all__ = ["translated"]


def translated(node: Node) -> str:
    r"""Return the expression for Python, to be compiled with `re.ASCII`.

    Example:
        >>> from elixirml_schemas.regexes.syntax import parse
        >>> translated(parse("^a+$"))
        '\\Aa{1,}\\Z'
    """
    match node:
        case Sequence(parts=parts):
            return "".join(translated(each) for each in parts)
        case OneOf(options=options):
            return "|".join(translated(each) for each in options)
        case Repeat(body=body, low=low, high=high, lazy=lazy):
            return f"{translated(body)}{{{low},{'' if high is None else high}}}{'?' if lazy else ''}"
        case Group(opening=opening, body=body) | Look(opening=opening, body=body):
            return f"{opening}{translated(body)})"
        case _:
            return node.source
