"""Edits of files people keep: one line changes, and everything else stays, or nothing is written."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.config.editing import edited_table, toml_text, write_table
from elixirml.errors import ConfigError

OWN = ("plugins", "own")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[plugins.own]\nkey = 5\n"),
        ("# mine\na = 1", "# mine\na = 1\n\n[plugins.own]\nkey = 5\n"),
        ("[plugins.own] # mine\nkey = 'x' # why\n", "[plugins.own] # mine\nkey = 5 # why\n"),
        ('[ plugins . own ]\n  key="a \\" b"\nb = 1\n', "[ plugins . own ]\n  key = 5\nb = 1\n"),
        ("[plugins.own]\nkey = { a = 1 }\n", "[plugins.own]\nkey = 5\n"),
        ("[plugins.own]\nkey = true\n[plugins.own.x]\nkey = 1\n", "[plugins.own]\nkey = 5\n[plugins.own.x]\nkey = 1\n"),
        ("[plugins.own.x]\n", "[plugins.own.x]\n\n[plugins.own]\nkey = 5\n"),
        ("[plugins.own]\nother_key = 1\n", "[plugins.own]\nkey = 5\nother_key = 1\n"),
    ],
)
def test_one_line_changes(before: str, after: str) -> None:
    """Comments, order, indentation and other tables stay."""
    assert edited_table(before, OWN, {"key": 5}, source="x.toml") == after


@pytest.mark.parametrize(
    "text",
    [
        "plugins = { own = { key = 1 } }\n",
        "plugins.own.key = 1\n",
        "[plugins]\nown = 3\n",
        "plugins = 3\n",
        "[plugins.own]\nkey = [\n  1,\n]\n",
        '[plugins.own]\nkey = """\nx"""\n',
        "[plugins.own]\nkey = 1979-05-27 07:32:00\n",
        '[plugins."own"]\nkey = 1\n',
    ],
)
def test_what_is_too_complex_is_left_alone(text: str) -> None:
    """The message says what to write by hand."""
    with pytest.raises(ConfigError, match=r"x\.toml is written in a way") as caught:
        edited_table(text, OWN, {"key": "v"}, source="x.toml")
    assert (caught.value.code, caught.value.hint) == (
        "config-complex",
        'Write yourself, under [plugins.own]: key = "v"',
    )


@pytest.mark.parametrize("value", [None, float("inf"), "\x7f", "\ud800"])
def test_what_toml_cannot_say_is_not_written(tmp_path: Path, value: object) -> None:
    """The file is left as it was."""
    path = tmp_path / "x.toml"
    with pytest.raises(ConfigError):
        write_table(path, OWN, {"key": value})
    assert not path.exists()


def test_names_of_any_signs_are_quoted(tmp_path: Path) -> None:
    """Keys and tables read back as they were meant."""
    path = tmp_path / "folder" / "x.toml"
    for _ in range(2):
        write_table(path, ("plugins", "a.b"), {"ä ö": [1, {"c d": "e"}]})
    assert tomllib.loads(path.read_text("utf-8")) == {"plugins": {"a.b": {"ä ö": [1, {"c d": "e"}]}}}
    assert path.read_text("utf-8").count("\n") == 2


values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x7f")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab. \"'é", min_size=1), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(values)
def test_a_value_reads_back(value: object) -> None:
    """What is written as TOML is what was meant."""
    assert tomllib.loads(f"value = {toml_text(value)}")["value"] == value


names = st.text(st.characters(codec="ascii", exclude_characters="\x7f"), max_size=8)
lines = st.sampled_from(
    [
        "a = 1",
        "# disable = []",
        "[plugins]",
        'disable = ["y"]',
        "enable = []",
        "[t]",
        "[[u]]",
        'v = """',
        '"""',
        "w = [",
        "]",
        "[plugins.x]",
        "plugins.disable = []",
        "",
        '  disable = [ "x" , ] # why',
    ]
)


@given(st.lists(lines, max_size=8).map("\n".join), st.lists(names, max_size=3), st.lists(names, max_size=3))
def test_an_edit_reads_back_as_meant_or_is_refused(text: str, first: list[str], second: list[str]) -> None:
    """For any valid file: the lists are set and nothing else differs, or the text is left alone."""
    try:
        before = tomllib.loads(text)
        result = edited_table(text, ("plugins",), {"disable": first, "enable": second}, source="config.toml")
    except (tomllib.TOMLDecodeError, ConfigError):
        return
    after = tomllib.loads(result)
    assert (after["plugins"].pop("disable"), after["plugins"].pop("enable")) == (first, second)
    rest = {key: value for key, value in before.get("plugins", {}).items() if key not in {"disable", "enable"}}
    assert after == {**before, "plugins": rest}
