# `option` returns an attrs field
"""What each type of field takes, and what is said of everything else."""

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from attrs import field, frozen

from elixirml.config import Option, Secret, option
from elixirml.config.origins import shown
from elixirml.contracts import Description, Length, Pattern, Range
from elixirml.errors import ConfigError, DeclarationError


class Mode(Enum):
    FAST = "fast"
    EXACT = 2


@frozen
class Retry:
    attempts: int = option(3, low=1, high=9)
    waits: list[float] = option([1.0], low=0)


@frozen
class Everything:
    flag: bool = False
    count: int = option(1, low=0)
    share: Annotated[float, Range(0, 1), "how much"] = 0.5
    limit: float = option(1.0, high=10)
    free: float = 0.0
    name: Annotated[str, Length(2, 4), Description("what it is called")] = "name"
    long: Annotated[str, Length(2)] = "long"
    code: Annotated[str, Pattern("^x")] = "x1"
    path: Path = Path("here")
    mode: Mode = Mode.FAST
    level: Literal["low", 1] = "low"
    some: Literal["a", "b", "c"] = option("a", choices=["a", "b"])
    colour: str = option("red", choices=["red", "blue"])
    size: int = option(1, choices=[1, 3])
    items: tuple[str, ...] = ()
    few: Annotated[tuple[int, ...], Length(0, 2)] = ()
    many: Annotated[Sequence[int], Length(1)] = (1,)
    pair: tuple[int, str] = (1, "a")
    picks: tuple[str, ...] = option((), choices=["x", "y"])
    table: Mapping[str, int] = option({})
    plain: dict[str, float] = option({})
    bag: Mapping[str, Any] = option({})
    rows: list[Retry] = option([])
    retry: Retry = Retry()
    other: Retry | None = None
    maybe: Optional[int] = None  # noqa: UP045 - the old spelling is read too
    either: int | str = 0
    anything: Any = None
    unmarked: Annotated[int, Option(low=5), object()] = 5
    derived: int = field(init=False, default=1)
    _hidden: int = 1


GOOD: list[tuple[str, object, object]] = [
    ("flag = true", "flag", True),
    ("count = 5", "count", 5),
    ("share = 1", "share", 1.0),
    ("limit = -5.5", "limit", -5.5),
    ('name = "ab"', "name", "ab"),
    ('long = "abcdef"', "long", "abcdef"),
    ('code = "xyz"', "code", "xyz"),
    ('mode = "fast"', "mode", Mode.FAST),
    ("mode = 2", "mode", Mode.EXACT),
    ("level = 1", "level", 1),
    ('some = "b"', "some", "b"),
    ('colour = "blue"', "colour", "blue"),
    ("size = 3", "size", 3),
    ('items = ["a", "b"]', "items", ("a", "b")),
    ('pair = [2, "b"]', "pair", (2, "b")),
    ('picks = ["y"]', "picks", ("y",)),
    ("table = {a = 1}", "table", {"a": 1}),
    ("plain.a = 1", "plain", {"a": 1.0}),
    ("rows = [{attempts = 2}, {}]", "rows", [Retry(2), Retry()]),
    ("retry.attempts = 2", "retry", Retry(2)),
    ("retry = {waits = [0, 2]}", "retry", Retry(waits=[0.0, 2.0])),
    ("other = {}", "other", Retry()),
    ("maybe = 3", "maybe", 3),
    ("either = 3", "either", 3),
    ('either = "3"', "either", "3"),
    ("anything = {a = [1]}", "anything", {"a": [1]}),
    ("anything = 1", "anything", 1),
    ("unmarked = 6", "unmarked", 6),
    ("hidden = 2", "_hidden", 2),
]

BAD: list[tuple[str, str, str, str]] = [
    ("flag = 1", "flag", "type", "expected true or false, got 1"),
    ('count = "1"', "count", "type", 'expected a whole number of at least 0, got "1"'),
    ("count = true", "count", "type", "got true"),
    ("count = 1.0", "count", "type", "got 1.0"),
    ("count = -1", "count", "range", "got -1"),
    ("count = {}", "count", "type", "got a table"),
    ("count = {a = 1}", "count", "type", "got a table"),
    ("mode = {a = 1}", "mode", "choice", "got a table"),
    ("bag = 1", "bag", "type", "expected a table, each value anything, got a number"),
    ("count = [1]", "count", "type", "got a list"),
    ("count = 1979-05-27", "count", "type", "got a date"),
    ("share = 1.1", "share", "range", "expected a number from 0 to 1, got 1.1"),
    ("limit = 11", "limit", "range", "expected a number of at most 10, got 11"),
    ("free = nan", "free", "type", "expected a number, got nan"),
    ("free = inf", "free", "type", "got inf"),
    (f"free = 1{'0' * 400}", "free", "type", "got 1000"),
    ("name = 1", "name", "type", "expected a text, at least 2 signs, at most 4 signs, got 1"),
    ('name = "a"', "name", "length", 'got "a"'),
    ('name = "abcde"', "name", "length", 'got "abcde"'),
    ('long = "a"', "long", "length", "expected a text, at least 2 signs, got"),
    ('code = "y"', "code", "pattern", "expected a text in which ^x is found, got"),
    ("path = 1", "path", "type", "expected a path, got 1"),
    ('path = ""', "path", "type", 'expected a path, got ""'),
    ('path = "a\\u0000b"', "path", "type", "expected a path"),
    ('path = "~nobody-of-that-name/x"', "path", "type", "expected a path"),
    ('mode = "slow"', "mode", "choice", 'expected "fast" or 2, got "slow"'),
    ("mode = {}", "mode", "choice", "got a table"),
    ("level = true", "level", "choice", 'expected "low" or 1, got true'),
    ('some = "c"', "some", "choice", 'expected "a" or "b", got "c"'),
    ('colour = "green"', "colour", "choice", 'expected "red" or "blue", got "green"'),
    ("size = 2", "size", "choice", "expected 1 or 3, got 2"),
    ('items = "a"', "items", "type", "expected a list of items, each a text, got a text"),
    ('items = ["a", 1]', "items.1", "type", "expected a text, got 1"),
    ("items = {}", "items", "type", "got a table"),
    ("few = [1, 2, 3]", "few", "length", "each a whole number, at most 2 items, got 3 items"),
    ("many = []", "many", "length", "at least 1 items, got 0 items"),
    ("pair = [1]", "pair", "length", "expected a list of a whole number, a text, got 1 items"),
    ('picks = ["z"]', "picks.0", "choice", 'expected "x" or "y", got "z"'),
    ("table = {a = 1.5}", "table.a", "type", "expected a whole number, got 1.5"),
    ("table = 1", "table", "type", "expected a table, each value a whole number, got a number"),
    ("rows = [{attempts = 0}]", "rows.0.attempts", "range", "got 0"),
    ("retry = 3", "retry", "type", "expected a table, got a number"),
    ("retry = {waits = [-1]}", "retry.waits.0", "range", "expected a number of at least 0, got -1"),
    ("other = {attempt = 3}", "other.attempt", "unknown", "there is no such setting"),
    ('maybe = "x"', "maybe", "type", 'expected a whole number, got "x"'),
    ("either = 1.5", "either", "type", "expected a whole number or a text, got 1.5"),
    ("unmarked = 4", "unmarked", "range", "got 4"),
    ("derived = 4", "derived", "unknown", "there is no such setting"),
]


@pytest.mark.parametrize(("text", "attribute", "value"), GOOD, ids=lambda each: str(each)[:30])
def test_what_fits_is_read(load, places, text: str, attribute: str, value: object) -> None:
    """Every type of field takes what TOML has for it."""
    places.project.write_text(f"[plugins.all]\n{text}\n")
    found = getattr(load({"all": Everything})["all"], attribute)
    assert found == value
    assert type(found) is type(value) or isinstance(value, dict)


@pytest.mark.parametrize("case", BAD, ids=lambda each: each[0][:30])
def test_what_does_not_fit_is_named_with_its_place(load, places, case: tuple[str, str, str, str]) -> None:
    """The message says which setting, what was expected, what was found, and in which line."""
    text, path, code, words = case
    places.project.write_text(f"[plugins.all]\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        load({"all": Everything})
    assert caught.value.code == "config-invalid"
    assert f"- all.{path}: " in caught.value.message
    assert words in caught.value.message
    assert f"({places.project}:2)" in caught.value.message
    [fault] = places.faults({"all": Everything})
    assert (fault.path, fault.code) == (f"all.{path}", code)


def test_every_fault_is_listed_at_once(load, places) -> None:
    """Whoever mends a file mends it in one go; a misspelt key is told apart by its neighbours."""
    places.user.write_text("[plugins.all]\nflag = 1\nretyr = {}\n")
    places.project.write_text("[plugins.all.retry]\nattempts = 0\n[plugins.al]\n")
    environ = {"ELIXIRML_ALL__COUNT": "x", "ELIXIRML_ALL__COLOR": "red", "ELIXIRML_ALL__RETRY__ATTEMPT": "1"}
    with pytest.raises(ConfigError) as caught:
        load({"all": Everything}, environ, values={"al": {}}, texts={"all.rety.attempts": "1", "kernel.home.x": "1"})
    message = caught.value.message
    assert message.startswith("9 settings are wrong:")
    for words in (
        f"all.flag: expected true or false, got 1 ({places.user}:2)",
        f"all.retyr: there is no such setting ({places.user}:3)",
        f"all.retry.attempts: expected a whole number from 1 to 9, got 0 ({places.project}:2)",
        'all.count: expected a whole number of at least 0, got "x" (ELIXIRML_ALL__COUNT)',
        "all.color: there is no such setting (ELIXIRML_ALL__COLOR)",
        "Did you mean `colour`?",
        "all.retry.attempt: there is no such setting (ELIXIRML_ALL__RETRY__ATTEMPT)",
        "al: there is no such section (argument)",
        "all.rety: there is no such setting (--set)",
        "kernel.home.x: there is no such setting (--set)\n    It is a path.",
    ):
        assert words in message
    assert "elixirml config check" in str(caught.value.hint)


@frozen
class Untyped:
    value = field(default=1)


def test_a_field_without_a_type_takes_anything(load) -> None:
    """Old-style attrs classes are read too."""
    assert load({"old": Untyped}, texts={"old.value": "x"})["old"] == Untyped("x")


@frozen
class Needed:
    name: str = field()
    more: int = field(default=1, validator=lambda _, __, value: _odd(value))


def _odd(value: int) -> None:
    if value == 2:
        raise ValueError
    if value % 2 == 0:
        raise ValueError("it must be odd", value)


def test_what_is_required_must_be_said(load) -> None:
    """A field without a default has no way around; nothing can be said about where it was given."""
    with pytest.raises(ConfigError, match=r"needed\.name: expected a text, got nothing\n"):
        load({"needed": Needed})
    assert load({"needed": Needed}, {"ELIXIRML_NEEDED__NAME": "x"})["needed"] == Needed("x")


def test_the_plugins_own_checks_are_faults_too(load) -> None:
    """What a validator of the class raises is listed with the section."""
    for more, words in (("4", "needed: it must be odd"), ("2", "needed: ValueError")):
        with pytest.raises(ConfigError, match=words):
            load({"needed": Needed}, texts={"needed.name": "x", "needed.more": more})


def test_values_of_python_are_taken_as_they_are(load) -> None:
    """A host hands over paths, members, tuples and instances without writing them as TOML."""
    given = {
        "path": Path("there"),
        "mode": Mode.EXACT,
        "items": ("a",),
        "retry": Retry(2),
        "rows": [Retry(4)],
        "maybe": None,
        "table": {"a": 1},
    }
    found = load({"all": Everything}, values={"all": given})["all"]
    assert {name: getattr(found, name) for name in given} == given


def test_an_instance_is_checked_too(load) -> None:
    """Bounds hold for the fields of an instance that a host hands over."""
    with pytest.raises(ConfigError, match=r"all\.retry\.attempts: expected a whole number from 1 to 9, got 0"):
        load({"all": Everything}, values={"all": {"retry": Retry(0)}})


TEXTS: list[tuple[str, str, object]] = [
    ("all.flag", "true", True),
    ("all.count", "5", 5),
    ("all.share", "1", 1.0),
    ("all.name", "1234", "1234"),
    ("all.path", "a b", Path("a b")),
    ("all.mode", "fast", Mode.FAST),
    ("all.mode", "2", Mode.EXACT),
    ("all.items", '["a", "b"]', ("a", "b")),
    ("all.table", "{a = 1}", {"a": 1}),
    ("all.plain", "{}", {}),
    ("all.retry", "{attempts = 2}", Retry(2)),
    ("all.other", "{attempts = 2}", Retry(2)),
    ("plugins.all.either", "7", 7),
    ("all.either", '"7"', "7"),
    ("all.either", "7.5", "7.5"),
    ("all.either", "seven", "seven"),
    ("all.anything", "7", 7),
    ("all.anything", "word", "word"),
    ("all.maybe", "7", 7),
]


@pytest.mark.parametrize(("name", "text", "value"), TEXTS)
def test_a_typed_text_means_what_its_field_says(load, name: str, text: str, value: object) -> None:
    """It is taken as it is where a text fits, and as TOML where it does not."""
    attribute = name.rpartition(".")[2]
    assert getattr(load({"all": Everything}, texts={name: text})["all"], attribute) == value
    environ = {f"ELIXIRML_ALL__{attribute.upper()}": text}
    assert getattr(load({"all": Everything}, environ)["all"], attribute) == value


@pytest.mark.parametrize("text", ["", "5.5", "x", "1\nflag = true"])
def test_a_typed_text_that_means_nothing_is_refused(load, text: str) -> None:
    """No text can smuggle in a second setting, and none is silently dropped."""
    with pytest.raises(ConfigError, match=r"all\.count: expected a whole number"):
        load({"all": Everything}, {"ELIXIRML_ALL__COUNT": text})


def test_tables_are_reached_into_by_typed_names(load) -> None:
    """Entries of mappings and fields of nested classes have names of their own."""
    environ = {"ELIXIRML_ALL__TABLE__A": "1", "ELIXIRML_ALL__OTHER__ATTEMPTS": "2"}
    found = load({"all": Everything}, environ, texts={"all.table.B": "2"})["all"]
    assert (found.table, found.other) == ({"a": 1, "B": 2}, Retry(2))


@frozen
class _Odd:
    value: complex = 0j


@frozen
class _Keys:
    value: Mapping[int, str] = option({})


@frozen
class _Mixed:
    value: Secret | str = ""


@frozen
class _Unresolved:
    value: "Nowhere" = 1  # type: ignore[name-defined]  # noqa: F821


@frozen
class _Tunable:
    value: float = option(1.0, low=0.0, tunable=True)


@frozen
class _TunableText:
    value: str | None = option(None, choices=["a"], tunable=True)


@pytest.mark.parametrize("cls", [_Odd, _Keys, _Mixed, _Unresolved, _Tunable, _TunableText, int, Secret])
def test_a_class_declared_wrongly_is_refused(load, cls: type) -> None:
    """The author of a plugin learns at once what a section cannot be."""
    with pytest.raises(DeclarationError, match="`own") as caught:
        load({"own": cls})
    assert caught.value.code == "config-schema"


@pytest.mark.parametrize("name", ["kernel", "programs"])
def test_the_kernels_sections_are_its_own(load, name: str) -> None:
    """A plugin cannot take them over."""
    with pytest.raises(DeclarationError, match="the kernel's own"):
        load({name: Retry})


def test_defaults_that_could_change_are_not_shared() -> None:
    """A list given as default is copied for each instance."""
    assert Retry().waits == Retry().waits
    assert Retry().waits is not Retry().waits


def test_marks_say_the_same_as_options() -> None:
    """What a text or a mark says first is kept; later marks add to it."""
    said = Option(help="first").marked(["second", Range(0, 1), Length(1, 2), Pattern("x")])
    assert said == Option(help="first", low=0, high=1, minimum=1, maximum=2, pattern="x")


def test_long_values_are_shortened() -> None:
    """A message stays readable whatever was given."""
    assert len(shown("x" * 1000)) == 60
    assert shown(None) == "nothing"
    assert shown(math.pi) == str(math.pi)
