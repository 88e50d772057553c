"""What is public: `__all__` is sorted and true everywhere, and the names of `elixirml` change only on purpose.

When they are meant to change, write the snapshot anew: `python tests/test_public_surface.py`.
"""

import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

import elixirml

ROOT: Final = Path(__file__).parents[1]
SNAPSHOT: Final = Path(__file__).with_name("public_surface.txt")
NOT_LISTED: Final = {"plugin", "__main__"}
"""Modules without `__all__`: hook modules are read by the kernel alone."""


def modules() -> dict[str, Path]:
    """Return every public module of the kernel and its plugins, by dotted name."""
    found: dict[str, Path] = {}
    for source in [ROOT / "kernel" / "src", *sorted(ROOT.glob("plugins/*/src")), *sorted(ROOT.glob("contrib/*/src"))]:
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            public = not any(each.startswith("_") for each in parts if each != "__init__")
            if public and parts[-1] not in NOT_LISTED:
                found[".".join(each for each in parts if each != "__init__")] = path
    return found


def rank(name: str) -> tuple[int, str]:
    """Return a name's place in `__all__`: constants, then classes, then everything else."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def described(name: str, value: Any) -> str:
    """Return a name with what a caller writes: the parameters of a function, in their order."""
    if inspect.isclass(value) or not callable(value):
        return name
    parameters = inspect.signature(value).parameters.values()
    shown: list[str] = []
    for each in parameters:
        if each.kind is each.KEYWORD_ONLY and "*" not in shown and not any(part.startswith("*") for part in shown):
            shown.append("*")
        shown.append(str(each.replace(annotation=each.empty, default=each.empty)))
    return f"{name}({', '.join(shown)})"


def surface() -> str:
    """Return the public names of `elixirml`, one a line."""
    return "".join(f"{described(name, getattr(elixirml, name))}\n" for name in elixirml.__all__)


@pytest.mark.parametrize("name", modules())
def test_all_is_sorted_and_true(name: str) -> None:
    """`__all__` names what is there, each name once, in an order in which it is found."""
    module = import_module(name)
    listed = getattr(module, "__all__", None)
    if listed is None:
        assert modules()[name].name == "__init__.py", f"{name} has no __all__"
        assert not [each for each in vars(module).values() if getattr(each, "__module__", None) == name]
        return
    assert list(listed) == sorted(set(listed), key=rank)
    assert [each for each in listed if not hasattr(module, each)] == []


def test_the_front_door_offers_what_it_has_always_offered() -> None:
    """A name or parameter of `elixirml` goes, comes or moves only on purpose."""
    assert surface() == SNAPSHOT.read_text("utf-8"), f"if this is meant: {Path(sys.executable).name} {__file__}"


def test_the_front_door_knows_no_other_name() -> None:
    """A misspelt name is an `AttributeError`, as of any module."""
    with pytest.raises(AttributeError, match="has no attribute 'Progam'"):
        _ = elixirml.Progam
    assert set(elixirml.__all__) <= set(dir(elixirml))


def test_a_wrong_all_would_be_seen() -> None:
    """The order is a real one: constants, classes, the rest."""
    assert sorted(["b", "Beta", "a", "MOST", "Alpha"], key=rank) == ["MOST", "Alpha", "Beta", "a", "b"]


if __name__ == "__main__":
    SNAPSHOT.write_text(surface(), "utf-8")
