"""Write the reference pages that follow from the source: hooks, command line, plugins, the list of errors.

    python docs/generate.py            # write them
    python docs/generate.py --check    # exit code 1 when one of them is stale

The pages of single errors are written by hand; the list takes its sentences from them.
"""

import ast
import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import click

from elixirml import hookspecs
from elixirml.cli.app import elixirml as top
from elixirml.plugins import Contribution

ROOT: Final = Path(__file__).parents[1]
REFERENCE: Final = ROOT / "docs" / "reference"
NOTE: Final = "<!-- Written by docs/generate.py; changes here are lost. -->\n\n"


def main(arguments: Sequence[str]) -> int:
    """Write or check every generated page."""
    pages = {
        REFERENCE / "hooks.md": hooks(),
        REFERENCE / "command-line.md": command_line(),
        REFERENCE / "plugins.md": plugins(),
        REFERENCE / "plugin-directory.md": directory(),
        REFERENCE / "errors" / "index.md": errors(),
    }
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: python docs/generate.py")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path], "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


# Hooks


def hooks() -> str:
    """Return the page of every hook, from the docstrings of the hook specifications."""
    parts = [f"# Hooks\n\n{NOTE}{inspect.getdoc(hookspecs)}\n\nThe level of the contract is {hookspecs.HOOK_API}."]
    for kind in hookspecs.KINDS:
        name = f"register_{kind}"
        parts.append(f"## {name}\n\n{_google(inspect.getdoc(getattr(hookspecs, name)) or '')}")
    return "\n\n".join(parts) + "\n"


def _google(doc: str) -> str:
    """Return a docstring as Markdown: its sections as bold words, its examples as code."""
    lines: list[str] = []
    for block in re.split(r"\n\n(?=\S)", doc):
        head, _, rest = block.partition("\n")
        if added := re.fullmatch(r"\.\. versionadded:: (\S+)", block):
            lines.append(f"*New in version {added[1]}.*")
        elif head == "Example:":
            lines.append(f"**Example**\n\n```python\n{_code(dedent(rest))}\n```")
        elif head.endswith(":") and head[:-1].isalpha() and rest.startswith(" "):
            lines.append(f"**{head[:-1]}** {' '.join(rest.split())}")
        else:
            lines.append(block)
    return "\n\n".join(lines)


def _code(example: str) -> str:
    """Return the statements of an interactive example, with the blank lines the formatter wants."""
    code = "\n".join(re.sub(r"^(>>>|\.\.\.) ?", "", line) for line in example.splitlines())
    return re.sub(r"^(from .+|import .+)\n@", r"\1\n\n\n@", code, flags=re.MULTILINE)


# Command line


def command_line() -> str:
    """Return the page of every verb of the kernel and of the plugins in this repository, as `--help` shows it."""
    head = (
        f"# Command line\n\n{NOTE}"
        "PROGRAM is `file.py:Class`, `package.module:Class`, or a saved JSON file with `--program` naming its\n"
        "declaration; where a file holds one program, `:Class` may be left out.\n\n"
        "| exit code | meaning |\n|---|---|\n| 0 | done |\n| 1 | a check failed, or a budget ended first |\n"
        "| 2 | the user's input is at fault |\n| 3 | a model or plugin failed |\n| 130 | interrupted |\n\n"
        "Every verb has `--help`. With `--json` standard output holds one JSON object and nothing else; progress and\n"
        "warnings are on standard error."
    )
    parts = [head]
    for name in _kernel_verbs():
        parts += _helped(top.get_command(click.Context(top), name), ("elixirml", name))
    for distribution, entry in _verbs_of_plugins():
        parts += _helped(entry.load(), ("elixirml", entry.name), origin=distribution)
    return "\n\n".join(parts) + "\n"


def _kernel_verbs() -> list[str]:
    offered = {entry.name for _, entry in _verbs_of_plugins()}
    return [name for name in top.list_commands(click.Context(top)) if name not in offered and _is_own(name)]


def _is_own(name: str) -> bool:
    command = top.get_command(click.Context(top), name)
    callback = None if command is None else command.callback
    return callback is None or callback.__module__.startswith("elixirml.")


def _verbs_of_plugins() -> Iterator[tuple[str, EntryPoint]]:
    for project in projects():
        for name, target in project.get("entry-points", {}).get("elixirml.commands", {}).items():
            yield project["name"], EntryPoint(name, target, "elixirml.commands")


def _helped(command: click.Command | None, path: tuple[str, ...], *, origin: str | None = None) -> Iterator[str]:
    """Yield the description of a command and of those below it."""
    assert command is not None  # noqa: S101 - its name was just listed
    called = " ".join(path)
    arguments = [each.metavar or str(each.name).upper() for each in command.params if isinstance(each, click.Argument)]
    options = [each for each in command.params if isinstance(each, click.Option)]
    inner = dict(command.commands) if isinstance(command, click.Group) else {}
    usage = " ".join([called, *arguments, *(["[OPTIONS]"] if options else []), *(["VERB"] if inner else [])])
    parts = [f"{'#' * len(path)} {called}", f"`{usage}`" + (f" from {origin}" if origin else "")]
    parts += [_example(each) for each in (inspect.cleandoc(command.help or ""), command.epilog or "") if each]
    if options:
        parts.append("| option | meaning |\n|---|---|\n" + "\n".join(_option(each) for each in options))
    yield "\n\n".join(parts)
    for name, below in inner.items():
        yield from _helped(below, (*path, name))


def _example(text: str) -> str:
    return re.sub(r"^Example: (.+)$", r"Example: `\1`", text, flags=re.MULTILINE)


def _option(option: click.Option) -> str:
    """Return the row of an option."""
    value = "" if option.is_flag else f" {option.metavar or option.type.name.upper().removesuffix(' RANGE')}"
    notes = ["required"] if option.required else []
    if option.show_default and option.default is not None and not callable(option.default):
        notes.append(f"default: {option.default}")
    text = " ".join([option.help or "", *(f"[{each}]" for each in notes)]).replace("|", "\\|")
    return f"| `{'`, `'.join(option.opts)}{value}` | {text} |"


# Plugins


def projects() -> list[dict[str, Any]]:
    """Return the `[project]` tables of every plugin in this repository, in the order of their folders."""
    files = sorted(path for folder in ("plugins", "contrib") for path in ROOT.glob(f"{folder}/*/pyproject.toml"))
    return [{**tomllib.loads(path.read_text("utf-8"))["project"], "folder": path.parent} for path in files]


def plugins() -> str:
    """Return the page of what every distribution offers, as its hooks say."""
    head = (
        f"# Plugins\n\n{NOTE}What each distribution offers. `elixirml plugins list` shows what is installed,\n"
        "`elixirml plugins show NAME` one of them."
    )
    parts = [head]
    for project in projects():
        folder = project["folder"].relative_to(ROOT)
        rows = [f"| {kind} | `{each.name}` | {each.summary} |" for kind, each in _offered(project)]
        rows += [
            f"| commands | `elixirml {name}` | a verb of the command line |"
            for name in project.get("entry-points", {}).get("elixirml.commands", {})
        ]
        needs = ", ".join(f"`{each}`" for each in project["dependencies"])
        parts.append(
            f"## {project['name']}\n\n{project['description']} [README](../../{folder}/README.md)\n\n"
            "| kind | name | what |\n|---|---|---|\n" + "\n".join(rows) + f"\n\nNeeds {needs}."
        )
    return "\n\n".join(parts) + "\n"


def directory() -> str:
    """Return the page of the distributions there are, by who answers for them."""
    head = (
        f"# Plugin directory\n\n{NOTE}Distributions with an entry point in the group `elixirml`. Each is installed by\n"
        "itself: `pip install NAME`. [What each of them offers](plugins.md), name by name."
    )
    yours = (
        "## Yours\n\n[Write your first plugin](../tutorials/first-plugin.md): `elixirml plugins new NAME --kind KIND`\n"
        "writes one of any kind that works from the start. What a plugin may count on is in\n"
        "[what versions promise](../explanation/versions.md)."
    )
    supported = "Part of every release, under the [same promises](../explanation/versions.md) as the kernel."
    contributed = "They work and are tested; settings and names may still change with any version."
    shelves = [_shelf("Supported", "plugins", supported), _shelf("Contributed", "contrib", contributed)]
    return "\n\n".join([head, *shelves, yours]) + "\n"


def _shelf(title: str, folder: str, promise: str) -> str:
    """Return the table of the distributions of one folder."""
    rows = [_listed(each) for each in projects() if each["folder"].parent.name == folder]
    return f"## {title}\n\n{promise}\n\n| distribution | offers | what it is |\n|---|---|---|\n" + "\n".join(rows)


def _listed(project: dict[str, Any]) -> str:
    """Return the row of a distribution."""
    kinds = [kind.replace("_", " ") for kind in dict.fromkeys(kind for kind, _ in _offered(project))]
    kinds += ["verbs"] if "elixirml.commands" in project["entry-points"] else []
    link = f"../../{project['folder'].relative_to(ROOT)}/README.md"
    return f"| [{project['name']}]({link}) | {', '.join(kinds)} | {project['description']} |"


def _offered(project: dict[str, Any]) -> Iterator[tuple[str, Contribution]]:
    for module in project["entry-points"]["elixirml"].values():
        plugin = importlib.import_module(module)
        for kind in hookspecs.KINDS:
            hook = getattr(plugin, f"register_{kind}", None)
            if hook is not None:
                for each in hook():
                    yield kind, each


# Errors


def errors() -> str:
    """Return the list of error codes, with the first sentence of each page."""
    rows = [
        f"| [`{path.stem}`]({path.name}) | {_first_sentence(path)} |"
        for path in sorted((REFERENCE / "errors").glob("*.md"))
        if path.stem != "index"
    ]
    return (
        f"# Errors\n\n{NOTE}Messages begin with a class and a code, `DeclarationError [name-not-found]: ...`; in\n"
        "Python, `error.code`. Every class is a subclass of `elixirml.ElixirError`:\n\n"
        f"```text\n{_tree()}\n```\n\n| code | meaning |\n|---|---|\n" + "\n".join(rows) + "\n"
    )


def _tree() -> str:
    """Return the drawing at the top of the module of errors."""
    doc = inspect.getdoc(importlib.import_module("elixirml.errors")) or ""
    drawn = re.search(r"^    ElixirError\n(?:    .*\n)+", doc, re.MULTILINE)
    return dedent(drawn[0]).rstrip() if drawn else ""


def _first_sentence(path: Path) -> str:
    text = " ".join(path.read_text("utf-8").split("\n\n")[1].split())
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0].replace("|", "\\|")


def error_codes() -> set[str]:
    """Return every code an error may have: those of classes, and those given where an error is made.

    Codes of single problems (`Problem`) and of rows of files are words within an error, not codes of one.
    """
    found: set[str] = set()
    for folder in ("kernel", "plugins", "contrib"):
        for path in sorted(ROOT.glob(f"{folder}/**/src/**/*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                found |= _codes(node)
    return found


def _codes(node: ast.AST) -> set[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id="default_code")], value=value):
            return _texts(value)
        case ast.AnnAssign(target=ast.Name(id="default_code"), value=ast.expr() as value):
            return _texts(value)
        case ast.Call(func=ast.Name(id=name), keywords=keywords) if name[0].isupper() and name != "Problem":
            return {text for each in keywords if each.arg == "code" for text in _texts(each.value)}
        case ast.Return(value=ast.Tuple(elts=[*_, last])):
            # Reason, hint and code, found first and raised by the caller.
            return {text for text in _texts(last) if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
        case _:
            return set()


def _texts(node: ast.expr) -> set[str]:
    """Return the texts an expression may stand for; the condition of an alternative is none of them."""
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
