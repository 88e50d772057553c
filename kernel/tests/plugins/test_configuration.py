from pathlib import Path

import pytest

from elixirml.config import KernelConfig
from elixirml.errors import ConfigError
from elixirml.plugins import Contribution, PluginCandidate, Selection, current_selection, selection_from, user_file
from elixirml.plugins.configuration import declared_sections
from elixirml.testing import IsolatedPluginManager

DEMO = PluginCandidate("demo", "elixirml-demo", "1.0", "elixirml_demo")
SOURCES = ("command line", "environment", "project", "user")


def _selection(wishes: dict[str, str]) -> Selection:
    """Return the selection of sources that each want the plugin on or off."""
    tables = {source: {{"on": "enable", "off": "disable"}[wish]: ["demo"]} for source, wish in wishes.items()}
    environ = {"on": {"ELIXIRML_PLUGINS": "demo"}, "off": {"ELIXIRML_DISABLE_PLUGINS": "demo"}}
    return selection_from(
        environ.get(wishes.get("environment", ""), {}),
        tables.get("project", {}),
        tables.get("user", {}),
        command_line=tables.get("command line"),
    )


@pytest.mark.parametrize("stronger", range(len(SOURCES)))
@pytest.mark.parametrize("weaker", range(len(SOURCES)))
@pytest.mark.parametrize("wish", ["on", "off"])
def test_command_line_beats_environment_beats_project_beats_user(stronger: int, weaker: int, wish: str) -> None:
    """Every pair of sources that contradict each other is settled by their order."""
    if stronger >= weaker:
        assert _selection({SOURCES[stronger]: wish}).verdict(DEMO).enabled is (wish == "on")
        return
    other = {"on": "off", "off": "on"}[wish]
    assert _selection({SOURCES[stronger]: wish, SOURCES[weaker]: other}).verdict(DEMO).enabled is (wish == "on")


def test_nothing_said_means_everything_is_loaded() -> None:
    """The default needs no configuration."""
    assert selection_from({}, {}, {}) == Selection()
    assert selection_from({"ELIXIRML_DISABLE_PLUGINS": ""}, {}, {}).verdict(DEMO).enabled


@pytest.mark.parametrize(
    ("value", "enabled"), [("", False), (" ", False), ("demo", True), ("a, elixirml-demo b", True), ("a", False)]
)
def test_the_allow_list_of_the_environment(value: str, *, enabled: bool) -> None:
    """Names are parted by commas or blanks, and an empty list allows none."""
    assert selection_from({"ELIXIRML_PLUGINS": value}, {}, {}).verdict(DEMO).enabled is enabled


def test_the_environment_may_allow_and_disable_at_once() -> None:
    """The block-list is the stronger of the two variables."""
    both = {"ELIXIRML_PLUGINS": "demo other", "ELIXIRML_DISABLE_PLUGINS": "demo"}
    verdict = selection_from(both, {}, {}).verdict(DEMO)
    assert (verdict.enabled, verdict.reason) == (False, "disabled by ELIXIRML_DISABLE_PLUGINS")


def test_sub_tables_belong_to_the_plugins() -> None:
    """`[plugins.demo]` holds settings of a plugin, and is left alone here."""
    assert selection_from({}, {"demo": {"key": 1}}, {}) == Selection()


@pytest.mark.parametrize(
    ("table", "words", "hint"),
    [
        ({"disabel": ["x"]}, "`disabel` in project.toml is no setting", "Did you mean `disable`?"),
        ({"disable": "x"}, "expected a list of names", 'disable = ["NAME"]'),
        ({"only": [1]}, "expected a list of names", 'only = ["NAME"]'),
    ],
)
def test_a_wrong_setting_is_named_with_its_file(table: dict[str, object], words: str, hint: str) -> None:
    """A misspelt key must not silently do nothing."""
    with pytest.raises(ConfigError, match=words) as caught:
        selection_from({}, table, {}, project_source="project.toml")
    assert hint in str(caught.value.hint)


def test_files_are_read_from_the_current_folder_and_the_users(home: Path) -> None:
    """Project and user files are found where the documentation says, and messages name them."""
    home.mkdir(parents=True)
    (home / "config.toml").write_text('[plugins]\ndisable = ["demo"]\n')
    verdict = current_selection().verdict(DEMO)
    assert (verdict.enabled, verdict.reason) == (False, f"disabled by {home / 'config.toml'}")

    Path("pyproject.toml").write_text('[tool.elixirml.plugins]\nenable = ["demo"]\n')
    assert current_selection().verdict(DEMO).enabled

    Path("elixirml.toml").write_text('[plugins]\ndisable = ["elixirml-demo"]\n')
    assert not current_selection().verdict(DEMO).enabled
    assert current_selection(command_line={"enable": ["demo"]}).verdict(DEMO).enabled


def test_everything_ambient_can_be_handed_over(tmp_path: Path) -> None:
    """An embedding application decides where settings come from."""
    (tmp_path / "elixirml.toml").write_text('[plugins]\nprefer = ["demo"]\n')
    found = current_selection({"XDG_CONFIG_HOME": str(tmp_path)}, folder=tmp_path)
    assert found.preferences() == ("demo",)


def test_the_users_file_follows_the_base_directory_rules() -> None:
    """A relative `XDG_CONFIG_HOME` is ignored, as its specification demands."""
    default = Path.home() / ".config" / "elixirml" / "config.toml"
    assert user_file({}) == user_file({"XDG_CONFIG_HOME": "relative"}) == default
    assert user_file({"XDG_CONFIG_HOME": "/etc"}) == Path("/etc/elixirml/config.toml")


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = = 2\n", 2), ("a = 1\n\n[plugins", 3), ("a = 1\nb = [1,\n", 2)])
def test_broken_toml_is_named_with_file_and_line(home: Path, text: str, line: int) -> None:
    """The message can be clicked on."""
    path = Path("elixirml.toml")
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        current_selection()
    assert caught.value.message.startswith(f"{path.absolute()}:{line}: not valid TOML")


def test_a_file_that_cannot_be_read_is_named(home: Path) -> None:
    """Bytes that are no UTF-8, or a folder in its place, are reported like a broken file."""
    Path("elixirml.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"elixirml\.toml cannot be read"):
        current_selection()
    Path("elixirml.toml").unlink()
    Path("elixirml.toml").mkdir()
    with pytest.raises(ConfigError, match=r"elixirml\.toml cannot be read"):
        current_selection()


@pytest.mark.parametrize("text", ["plugins = 3\n", "tool = 3\n"])
def test_a_table_must_be_a_table(home: Path, text: str) -> None:
    """A value in the place of a table is refused, in either project file."""
    Path("elixirml.toml" if "plugins" in text else "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match="expected a table"):
        current_selection()


def test_keys_outside_of_the_table_are_refused(home: Path) -> None:
    """`disable = [...]` without `[plugins]` above it would do nothing, silently."""
    Path("elixirml.toml").write_text('disable = ["demo"]\n')
    with pytest.raises(ConfigError, match="stands outside") as caught:
        current_selection()
    assert caught.value.hint == "Write [plugins] above `disable`."


def test_sections_are_declared_by_plugins() -> None:
    """Each is a class; one that cannot be had or is declared wrongly takes nothing from the others."""
    manager = IsolatedPluginManager()
    manager.registry.offer("configurations", "kernel_like", KernelConfig)
    manager.registry.offer("configurations", "wrong", int)
    manager.registry.offer("configurations", "kernel", KernelConfig)
    manager.registry.add("configurations", Contribution("lost", "no_such_module:Config", "not there"), origin=DEMO)
    sections, errors = declared_sections(manager.registry)
    assert sections == {"kernel_like": KernelConfig}
    codes = {name: error.code for name, error in errors.items()}
    assert codes == {"kernel": "config-schema", "wrong": "config-schema", "lost": "plugin-failed"}
