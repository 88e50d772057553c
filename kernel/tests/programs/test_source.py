"""What a Python stage means in a digest: its meaning, never its looks."""

import functools
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elixirml.identity import canonical_json
from elixirml.programs.source import is_constant, meaning_of, names_in, source_of

TEMPLATE = """
LIMIT = {limit}
NAMES = ("a", {limit})
STATE = []

def helper(x):
    return x + {helper}

def noted(function):
    return function

{stage}
"""

PLAIN = """
def stage(self, x):
    return helper(x) if x > LIMIT else {result}
"""


def written(tmp_path: Path, stage: str, *, limit: int = 3, helper: int = 1, name: str = "one") -> Callable[..., Any]:
    """A stage as a module of a file holds it."""
    path = tmp_path / f"{name}.py"
    path.write_text(TEMPLATE.format(stage=textwrap.dedent(stage), limit=limit, helper=helper), encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)  # noqa: S102 - a module of a test
    found: Callable[..., Any] = namespace["stage"]
    return found


def digest_of(tmp_path: Path, stage: str, **settings: Any) -> str:
    name = f"m{len(list(tmp_path.iterdir()))}"
    return canonical_json(meaning_of(written(tmp_path, stage, name=name, **settings)))


@pytest.mark.parametrize(
    "stage",
    [
        """
def stage(self, x):  # a comment
    # another

    return (
        helper(x)
        if x > LIMIT
        else 0
    )
""",
        'def stage(self, x):\n    """What it does."""\n    return helper(x) if x > LIMIT else 0\n',
        "@noted\ndef stage(self, x):\n    return helper(x) if x > LIMIT else 0\n",
    ],
    ids=["comments and layout", "docstring", "decorator"],
)
def test_looks_take_no_part(tmp_path: Path, stage: str) -> None:
    """Comments, blank lines, layout, docstrings and decorators that add nothing leave the digest as it is."""
    assert digest_of(tmp_path, stage) == digest_of(tmp_path, PLAIN.format(result=0))


def test_every_change_of_meaning_takes_part(tmp_path: Path) -> None:
    """Another result, another constant of the module and another helper are another program."""
    plain = PLAIN.format(result=0)
    digests = [
        digest_of(tmp_path, plain),
        digest_of(tmp_path, PLAIN.format(result=1)),
        digest_of(tmp_path, plain, limit=4),
        digest_of(tmp_path, plain, helper=2),
        digest_of(tmp_path, "def stage(self, x):\n    return len(NAMES)\n"),
        digest_of(tmp_path, "def stage(self, x):\n    return len(NAMES)\n", limit=4),
    ]

    assert len(set(digests)) == len(digests)


def test_state_that_may_change_takes_no_part(tmp_path: Path) -> None:
    """A list of the module is state: what it holds when the digest is taken must not matter."""
    stage = written(tmp_path, "def stage(self, x):\n    return len(STATE)\n")
    before = meaning_of(stage)
    stage.__globals__["STATE"].append(1)

    assert meaning_of(stage) == before


def adding(n: object) -> Callable[..., Any]:
    def add(self: Any, x: Any) -> Any:
        return x + n

    return add


def test_enclosed_values_and_defaults_take_part() -> None:
    """Two stages of one factory are two stages, whether what differs is enclosed or a default."""

    def times(factor: int) -> Callable[..., Any]:
        def multiply(self: Any, x: int, n: int = factor, *, m: int = factor) -> int:
            return x * n * m

        return multiply

    assert meaning_of(adding(1)) != meaning_of(adding(2))
    assert meaning_of(adding(1)) == meaning_of(adding(1))
    assert meaning_of(times(1)) != meaning_of(times(2))


def test_a_wrapper_counts_with_what_it_wraps() -> None:
    """A decorator that puts a function around the stage is part of it, and so is the stage inside."""

    def doubled(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(self: Any, x: int) -> int:
            return 2 * int(function(self, x))

        return wrapper

    assert meaning_of(doubled(adding(1))) != meaning_of(adding(1))
    assert meaning_of(doubled(adding(1))) != meaning_of(doubled(adding(2)))


def test_lambdas_are_told_apart() -> None:
    """Two lambdas on one line differ by what they do: by constants, names and inner functions."""
    plus, minus = (lambda self, x: x + 1), (lambda self, x: x - 1)
    two, inner = (lambda self, x: x + 2), (lambda self, x: [y + x for y in (1,)])
    texts = [source_of(each) for each in (plus, minus, two, inner)]

    assert len(set(texts)) == 4
    assert source_of(lambda self, x: x in {"a", "b"}) != source_of(lambda self, x: x in {"a", "c"})


def test_a_function_without_source_is_known_by_its_code() -> None:
    """What is typed at a prompt has no file; its code stands in."""
    namespace: dict[str, Any] = {}
    exec("def one(self): return 1\ndef two(self): return 2", namespace)  # noqa: S102 - typed at a prompt

    assert source_of(namespace["one"]) != source_of(namespace["two"])


def test_the_meaning_is_the_same_in_every_process() -> None:
    """A set among the constants has another order in each process; the digest has not."""
    code = (
        "from elixirml.programs.source import source_of\n"
        "print(source_of(lambda self, x: x in {'a', 'b', 'c', 'd', 'e', 'f'}))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(runs) == 1


def ping(n: int) -> int:
    """Calls a function that calls it."""
    return pong(n - 1) if n else 0


def pong(n: int) -> int:
    return ping(n)


def test_circles_of_functions_come_to_an_end() -> None:
    """Functions that call each other, or themselves, have a meaning."""

    def unbound(self: Any) -> Any:
        return later

    assert "pong" in canonical_json(meaning_of(ping))
    assert meaning_of(unbound)["uses"] == {}  # type: ignore[index, call-overload]
    later = 1
    assert meaning_of(unbound)["uses"] == {"later": 1}  # type: ignore[index, call-overload]


def test_only_what_is_plain_and_cannot_change_is_a_constant() -> None:
    """Lists are state, and NaN has no JSON."""
    assert all(is_constant(each) for each in (None, True, 1, 1.5, "a", (1, ("b",))))
    assert not any(is_constant(each) for each in ([], {}, object(), float("nan"), ([],)))


def test_names_of_inner_functions_count() -> None:
    """A name used in a comprehension or an inner function is used."""

    def outer(self: Any) -> Any:
        def inner() -> Any:
            return self.reply

        return [inner() for _ in self.items]

    assert {"reply", "items"} <= names_in(outer)
