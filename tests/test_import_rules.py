"""Who may import whom: the floors of the kernel, the kernel and its plugins, and what each distribution declares."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from attrs import frozen

ROOT: Final = Path(__file__).parents[1]
KERNEL: Final = ROOT / "kernel" / "src" / "elixirml"
PLUGINS: Final = sorted(
    each.parent for folder in ("plugins", "contrib") for each in ROOT.glob(f"{folder}/*/pyproject.toml")
)

FLOORS: Final = {
    **dict.fromkeys(("errors", "identity", "files", "interrupts", "packages", "variables", "config"), 1),
    "contracts": 2,
    **dict.fromkeys(("programs", "hookspecs"), 3),
    "plugins": 4,
    "runtime": 5,
    "studies": 6,
    "doors": 7,
    "testing": 8,  # the suites that plugin authors subclass, and that `elixirml check` runs
    "cli": 9,
    **dict.fromkeys(("__init__", "__main__"), 10),
}
"""Each package and module of the kernel; the last row is for users of the kernel, who may import everything."""

KERNEL_REQUIRES: Final = {"pluggy", "attrs", "cattrs", "anyio", "click"}
"""What comes with every kernel, so that plugins may count on it."""

HOOK_MODULE_IMPORTS: Final = {"elixirml.plugins", "elixirml.contracts", "typing", "collections.abc"}


@frozen
class Imported:
    """One import statement's module, with the names taken from it.

    Attributes:
        module: The dotted name.
        names: What is taken from it.
        line: Where.
        lazy: Inside a function.
        for_types: Under `if TYPE_CHECKING:`.
        optional: Done without, when it cannot be imported.
    """

    module: str
    names: tuple[str, ...]
    line: int
    lazy: bool
    for_types: bool
    optional: bool

    @property
    def top(self) -> str:
        """The first part of the name."""
        return self.module.partition(".")[0]

    @property
    def is_private(self) -> bool:
        """Whether an underscore is reached into."""
        parts = [*self.module.split("."), *self.names]
        return any(each.startswith("_") and not each.startswith("__") for each in parts)


def imports(
    node: ast.AST, *, lazy: bool = False, for_types: bool = False, optional: bool = False
) -> Iterator[Imported]:
    """Yield every import below a node, relative ones as `.module`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for each in child.names:
                yield Imported(each.name, (), child.lineno, lazy, for_types, optional)
        elif isinstance(child, ast.ImportFrom):
            names = tuple(each.name for each in child.names)
            yield Imported("." * child.level + (child.module or ""), names, child.lineno, lazy, for_types, optional)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from imports(ast.Module(child.body, []), lazy=lazy, for_types=True, optional=optional)
            yield from imports(ast.Module(child.orelse, []), lazy=lazy, for_types=for_types, optional=optional)
        else:
            within = lazy or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            guarded = optional or (isinstance(child, ast.Try) and "ImportError" in map(_caught, child.handlers))
            yield from imports(child, lazy=within, for_types=for_types, optional=guarded)


def _caught(handler: ast.ExceptHandler) -> str:
    return "" if handler.type is None else ast.unparse(handler.type)


def parts_of(each: Imported) -> list[str]:
    """Return which parts of the kernel an import reaches: `from elixirml import hookspecs` names one too."""
    _, _, rest = each.module.partition(".")
    return [rest.partition(".")[0]] if rest else [name if name in FLOORS else "__init__" for name in each.names]


def climbs(part: str, source: str) -> Iterator[str]:
    """Yield each import of a kernel module's source that reaches a floor above its own."""
    for each in imports(ast.parse(source)):
        if each.top != "elixirml" or each.names == ("__version__",):
            continue
        for other in parts_of(each):
            if FLOORS[other] > FLOORS[part]:
                kind = "for types only" if each.for_types else "lazily" if each.lazy else "at import"
                yield f"line {each.line}: {part} (floor {FLOORS[part]}) imports {each.module} ({FLOORS[other]}), {kind}"


def trespasses(package: str, source: str) -> Iterator[str]:
    """Yield each import of a plugin's source that reaches into another plugin or into what the kernel keeps private."""
    for each in imports(ast.parse(source)):
        if each.top.startswith("elixirml_") and each.top != package:
            yield f"line {each.line}: {package} imports the plugin {each.module}"
        if each.top == "elixirml" and each.is_private:
            yield f"line {each.line}: {package} imports private names of {each.module}"
        if each.module.startswith("."):
            yield f"line {each.line}: {package} imports relatively"


def sources(folder: Path) -> list[Path]:
    """Return the Python files of a distribution."""
    return sorted((folder / "src").rglob("*.py"))


def declared(folder: Path) -> set[str]:
    """Return the distributions that a project may import from, extras included, as import names."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {}).values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    names = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("-", "_") for line in lines}
    return names | {{"scikit_optimize": "skopt"}.get(name, name) for name in names}


def test_every_part_of_the_kernel_has_a_floor() -> None:
    """A new package is given its place before it is merged."""
    parts = {each.stem for each in KERNEL.iterdir() if each.suffix == ".py" or (each / "__init__.py").exists()}
    assert parts <= set(FLOORS), f"no floor for {sorted(parts - set(FLOORS))}"


@pytest.mark.parametrize(
    "path",
    sorted({*KERNEL.rglob("*.py")} - {KERNEL / "__init__.py"}),  # the front door names every floor, lazily
    ids=lambda path: str(path.relative_to(KERNEL)),
)
def test_a_floor_imports_only_floors_below_it(path: Path) -> None:
    """The kernel has no cycles between its parts, neither lazily nor for types."""
    part = path.relative_to(KERNEL).parts[0].removesuffix(".py")
    assert list(climbs(part, path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "from elixirml.studies.ledger import Ledger",
        "import elixirml.studies.ledger",
        "from elixirml import doors",
        "from elixirml import run",
        "def late():\n    from elixirml.cli.app import main",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from elixirml.runtime.kernel import Kernel",
    ],
)
def test_an_import_of_a_higher_floor_is_found(source: str) -> None:
    """The rule above sees every way of writing it."""
    assert list(climbs("plugins", source))


def test_the_kernel_imports_no_plugin_and_nothing_it_does_not_require() -> None:
    """The kernel needs its declared dependencies and the standard library alone."""
    foreign = {
        (str(path.relative_to(KERNEL)), each.module)
        for path in sources(KERNEL.parents[1])
        for each in imports(ast.parse(path.read_text("utf-8")))
        if not each.optional and each.top not in {"elixirml", *KERNEL_REQUIRES, *sys.stdlib_module_names}
    }
    assert foreign == set()


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_imports_public_kernel_modules_and_no_other_plugin(folder: Path) -> None:
    """A plugin is replaceable: it asks the registry for others by name."""
    package = folder.name.replace("-", "_")
    found = [
        f"{path}: {each}" for path in sources(folder) for each in trespasses(package, path.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "from elixirml_other.thing import Thing",
        "from elixirml.variables._order import order",
        "from elixirml.variables import _order",
        "from .thing import Thing",
        "def late():\n    import elixirml_other",
    ],
)
def test_a_trespass_is_found(source: str) -> None:
    """The rule above sees every way of writing it."""
    assert list(trespasses("elixirml_own", source))


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_declares_what_it_imports(folder: Path) -> None:
    """Its requirements and extras name every distribution that its modules import."""
    package = folder.name.replace("-", "_")
    known = {package, *declared(folder), *KERNEL_REQUIRES, *sys.stdlib_module_names}
    undeclared = {
        (str(path.relative_to(folder)), each.module)
        for path in sources(folder)
        for each in imports(ast.parse(path.read_text("utf-8")))
        if each.top not in known and not (each.for_types or each.optional)
    }
    assert undeclared == set()


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_hook_module_is_short_and_imports_only_markers(folder: Path) -> None:
    """Loading every installed plugin stays cheap: its hook module imports no capability."""
    path = next(iter(folder.glob("src/*/plugin.py")))
    source = path.read_text("utf-8")
    assert {each.module for each in imports(ast.parse(source))} <= HOOK_MODULE_IMPORTS
    assert len(source.splitlines()) <= 40
