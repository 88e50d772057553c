"""The command `elixirml plugins new`: a distribution of somebody's own, with one working capability to begin from.

What is written are the files of `templates/common` and `templates/KIND`, with `{{words}}` replaced. They are text, so
that neither tests nor type checkers take them for code of the kernel.
"""

import json
import keyword
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import frozen

from elixirml import __version__
from elixirml.cli.plugin_texts import write_json
from elixirml.errors import ConfigError
from elixirml.hookspecs import KINDS

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["NewPlugin", "new", "rendered", "singular"]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_WORD: Final = re.compile(r"\{\{(\w+)\}\}")
_TEMPLATES: Final = "templates"
_SUFFIX: Final = ".txt"
_EXAMPLE: Final = "example.md"


def singular(kind: str) -> str:
    """Return what one capability of a kind is called on the command line.

    Example:
        >>> singular("language_models")
        'language-model'
    """
    return kind.removesuffix("s").replace("_", "-")


_PLURALS: Final[Mapping[str, str]] = {singular(each): each for each in KINDS}


def rendered(text: str, words: Mapping[str, str]) -> str:
    """Return a template with each `{{word}}` replaced; what is put in is not looked at again.

    Raises:
        KeyError: The template has a word that nobody knows.

    Example:
        >>> rendered("import {{package}}", {"package": "acme_tools"})
        'import acme_tools'
    """
    return _WORD.sub(lambda found: words[found[1]], text)


@frozen
class NewPlugin:
    """A distribution that is not written yet.

    Attributes:
        distribution: Its name, as given to pip.
        kind: What it offers, singular and with hyphens.
    """

    distribution: str
    kind: str

    @property
    def package(self) -> str:
        """The import name."""
        return self.distribution.lower().replace("-", "_")

    @property
    def name(self) -> str:
        """The name of the plugin and of what it offers."""
        return self.package.removeprefix("elixirml_")

    def files(self) -> dict[str, str]:
        """Return the text of every file, by its path in the distribution."""
        words = self._words()
        texts = {
            _placed(source, words): rendered(source.read_text("utf-8"), words)
            for folder in ("common", self.kind)
            for source in _templates(folder)
        }
        return {**texts, f"src/{self.package}/py.typed": ""}

    def _words(self) -> dict[str, str]:
        """Return what the words of the templates stand for."""
        import tomllib

        facts: dict[str, Any] = tomllib.loads(_template(self.kind, "kind.toml").read_text("utf-8"))
        words = {
            "distribution": self.distribution,
            "package": self.package,
            "name": self.name,
            "verb": self.name.replace("_", "-"),
            "plural": _PLURALS[self.kind],
            "a_kind": f"{'an' if self.kind[0] in 'aeiou' else 'a'} {self.kind.replace('-', ' ')}",
            "dependencies": json.dumps([_kernel_range(__version__), *facts.pop("dependencies", [])])[1:-1],
        }
        for word, text in {"offered": "{{name}}", "entry_points": "", **facts}.items():
            words[word] = rendered(text, words)
        words["headline"] = words["summary"][0].upper() + words["summary"][1:]
        return {**words, "example": rendered(_template(self.kind, _EXAMPLE + _SUFFIX).read_text("utf-8"), words)}


@click.command()
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(tuple(_PLURALS)), required=True, metavar="KIND", help=f"One of {', '.join(_PLURALS)}."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where to write it; must not be there, or be empty [default: NAME].",
)
@click.option("--json", "json_wanted", is_flag=True, help="One JSON object on standard output.")
def new(name: str, *, kind: str, folder: Path | None, json_wanted: bool) -> None:
    """Write a plugin to begin from: a distribution with one working capability, tests and a page about it.

    Example: elixirml plugins new acme-brevity --kind metric
    """
    plugin = NewPlugin(_checked(name), kind)
    target = Path(name) if folder is None else folder
    texts = plugin.files()
    _write(texts, target)
    commands = _next_commands(plugin, target)
    if json_wanted:
        write_json({"folder": str(target), "files": sorted(texts), "next": list(commands)})
        return
    click.echo(f"{target} holds {plugin.distribution}, {len(texts)} files. Next:\n")
    for each in commands:
        click.echo(f"  {each}")


def _checked(name: str) -> str:
    """Return a name that a distribution and a package may have."""
    package = name.lower().replace("-", "_")
    if not _NAME.fullmatch(name):
        raise _unfit(name, "it is made of letters, digits and single hyphens, and begins with a letter")
    if not NewPlugin(name, "").name[:1].isalpha():
        raise _unfit(name, "what follows `elixirml-` begins with a letter")
    if keyword.iskeyword(package) or package in {"elixirml", "tests", "src", *sys.stdlib_module_names}:
        raise _unfit(name, f"`{package}` is taken by Python or by ElixirML")
    return name


def _unfit(name: str, reason: str) -> ConfigError:
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")
    return ConfigError(
        f"A distribution cannot be called {name!r}: {reason}.",
        hint=f"Call it `acme-{words or 'plugin'}`, with a name of your own in the place of acme.",
        code="distribution-name",
    )


def _write(texts: Mapping[str, str], target: Path) -> None:
    """Write files to a folder that is not there, all of them or none.

    Raises:
        ConfigError: Something is there already, or nothing can be written.
    """
    if target.is_symlink() or target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise _occupied(target)
    import tempfile

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            made = Path(folder, "new")
            for name, text in texts.items():
                path = made / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8", newline="\n")
            # Fails where somebody was faster: only an empty folder is replaced.
            made.rename(target)
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror or error}", hint="Name another place with --folder."
        ) from error


def _occupied(target: Path) -> ConfigError:
    return ConfigError(
        f"{target} is there already, and nothing is overwritten.",
        hint="Name another place with --folder, or move it away.",
        code="folder-occupied",
    )


def _next_commands(plugin: NewPlugin, target: Path) -> Sequence[str]:
    place = target.as_posix() if target.is_absolute() else f"./{target.as_posix()}"
    return (
        f'pip install --editable "{place}[test]"',
        f"pytest {shlex.quote(target.as_posix())}",
        f"elixirml plugins show {plugin.name}",
    )


def _kernel_range(version: str) -> str:
    """Return the kernels a plugin made with this one is for: from here to before the next major version."""
    major, minor = version.split(".")[:2]
    return f"elixirml>={major}.{minor},<{int(major) + 1}"


def _template(*path: str) -> "Traversable":
    from importlib.resources import files

    return files("elixirml.cli").joinpath(_TEMPLATES, *path)


def _templates(folder: str) -> "Iterator[Traversable]":
    """Yield the templates of a folder that become files; the example becomes a part of one."""
    for each in _template(folder).iterdir():
        if each.name.endswith(_SUFFIX) and each.name != _EXAMPLE + _SUFFIX:
            yield each


def _placed(source: "Traversable", words: Mapping[str, str]) -> str:
    """Return where in a distribution the file of a template stands."""
    name = source.name.removesuffix(_SUFFIX)
    match name:
        case "capability.py":
            return f"src/{words['package']}/{words['module']}.py"
        case "tests.py":
            return f"tests/test_{words['package']}.py"
        case "plugin_tests.py":
            return f"tests/test_{words['package']}_plugin.py"
        case _ if name.endswith(".py"):
            return f"src/{words['package']}/{name}"
        case _:
            return name
