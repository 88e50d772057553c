import json
import tomllib
from pathlib import Path

import pytest

from elixirml.errors import ConfigError
from elixirml.plugins import PluginCandidate
from elixirml.plugins.editing import disable, enable

DEMO = (PluginCandidate("demo", "elixirml-demo", "1.0", "elixirml_demo"),)
BOTH = (*DEMO, PluginCandidate("demo", "squatter", "1.0", "squatter"))


def _after(path: Path, text: str, edit: object, *, name: str = "demo") -> str:
    path.write_text(text)
    edit(path, DEMO, name=name)  # type: ignore[operator]
    return path.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[plugins]\ndisable = ["demo"]\n'),
        ("a = 1", 'a = 1\n\n[plugins]\ndisable = ["demo"]\n'),
        ("a = 1\n", 'a = 1\n\n[plugins]\ndisable = ["demo"]\n'),
        ("[plugins]\n[x]\ny = 1\n", '[plugins]\ndisable = ["demo"]\n[x]\ny = 1\n'),
        (
            '[plugins] # mine\n# why\ndisable = ["x"] # no x\n',
            '[plugins] # mine\n# why\ndisable = ["x", "demo"] # no x\n',
        ),
        ('[plugins]\n  disable=[]\nprefer = ["p"]\n', '[plugins]\n  disable = ["demo"]\nprefer = ["p"]\n'),
        ("[plugins.demo]\nkey = 1\n", '[plugins.demo]\nkey = 1\n\n[plugins]\ndisable = ["demo"]\n'),
        ('[other]\ndisable = ["x"]\n[plugins]\n', '[other]\ndisable = ["x"]\n[plugins]\ndisable = ["demo"]\n'),
        ('[plugins]\nenable = ["demo"]\n', '[plugins]\ndisable = ["demo"]\nenable = []\n'),
    ],
)
def test_disable_changes_one_line_and_keeps_the_rest(tmp_path: Path, before: str, after: str) -> None:
    """Comments, order and other tables of the user's file survive."""
    result = _after(tmp_path / "config.toml", before, disable)
    assert tomllib.loads(result) == tomllib.loads(after)
    if "enable" not in before:
        assert result == after


def test_enable_takes_back_disable(tmp_path: Path) -> None:
    """Every spelling that disabled the plugin is taken out, and nothing else."""
    path = tmp_path / "config.toml"
    text = '# mine\n[plugins]\ndisable = ["x", "demo", "ElixirML_Demo"]\n'
    assert _after(path, text, enable) == '# mine\n[plugins]\ndisable = ["x"]\n'


def test_enable_lifts_an_allow_list_that_leaves_the_plugin_out(tmp_path: Path) -> None:
    """With `only` in the file, taking the name out of `disable` would not be enough."""
    result = _after(tmp_path / "config.toml", '[plugins]\nonly = ["x"]\n', enable)
    assert tomllib.loads(result)["plugins"] == {"only": ["x"], "enable": ["demo"]}


def test_what_the_file_says_already_is_not_written_again(tmp_path: Path) -> None:
    """Both edits can be repeated; a file that need not change is not touched, nor made."""
    path = tmp_path / "folder" / "config.toml"
    assert enable(path, DEMO, name="demo") is False
    assert not path.exists()
    assert disable(path, DEMO, name="elixirml-demo") is True
    assert path.read_text() == '[plugins]\ndisable = ["elixirml-demo"]\n'
    assert disable(path, DEMO, name="demo") is False
    assert enable(path, DEMO, name="demo") is True
    assert enable(path, DEMO, name="demo") is False


def test_a_shared_entry_name_stands_for_all_who_claim_it(tmp_path: Path) -> None:
    """With one of two rivals disabled by distribution, disabling the name still puts the other one out."""
    path = tmp_path / "config.toml"
    assert disable(path, BOTH[1:], name="squatter") is True
    assert disable(path, BOTH, name="demo") is True
    assert path.read_text() == '[plugins]\ndisable = ["squatter", "demo"]\n'
    assert enable(path, BOTH, name="demo") is True
    assert path.read_text() == "[plugins]\ndisable = []\n"


@pytest.mark.parametrize(
    "text",
    [
        'plugins = { disable = ["x"] }\n',
        'plugins.disable = ["x"]\n',
        '[plugins]\ndisable = [\n  "x", # a reason\n]\n',
        '[plugins]\n"disable" = ["x"]\n',
        'text = """\n[plugins]\n"""\n',
    ],
)
def test_a_file_too_complex_is_left_alone_and_the_user_told_what_to_write(tmp_path: Path, text: str) -> None:
    """Better no edit than one that reads back as something else."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="cannot be edited safely") as caught:
        disable(path, DEMO, name="demo")
    wanted = json.dumps([*(["x"] if '"x"' in text else []), "demo"])
    assert caught.value.hint == f"Write yourself, under [plugins]: disable = {wanted}"
    assert path.read_text() == text


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    """The line to mend is named instead."""
    path = tmp_path / "config.toml"
    path.write_text("[plugins\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        disable(path, DEMO, name="demo")
    assert path.read_text() == "[plugins\n"


def test_a_link_stays_a_link_and_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    """Settings kept in another folder, or written on another system, are edited in place."""
    real, link = tmp_path / "real.toml", tmp_path / "config.toml"
    real.write_bytes(b'a = 1\r\n[plugins]\r\ndisable = ["x"]\r\nb = {}\r\n')
    link.symlink_to(real)
    assert disable(link, DEMO, name="demo")
    assert link.is_symlink()
    assert real.read_bytes() == b'a = 1\r\n[plugins]\r\ndisable = ["x", "demo"]\r\nb = {}\r\n'
