import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from elixirml.cli.app import elixirml
from elixirml.testing import InstalledPlugins


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(elixirml, ["plugins", *arguments], catch_exceptions=False)


def _only(*names: str) -> None:
    """Keep what is installed on this machine out of the test."""
    Path("elixirml.toml").write_text(f"[plugins]\nonly = {json.dumps(names)}\n")


@pytest.fixture
def three(installed: InstalledPlugins, offering: str, home: Path) -> InstalledPlugins:
    """A sound plugin, a broken one and one that prints while it is imported."""
    installed.add("sound", source=offering.format(name="planted_metric"), version="1.2")
    installed.add("broken", source="raise SystemExit('imported')")
    installed.add("loud", source="print('look at me')\n" + offering.format(name="another_metric"))
    _only("sound", "broken", "loud")
    return installed


@pytest.mark.parametrize("command", ["", "list", "show", "doctor", "trace", "disable", "enable"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    """Help is there without a plugin being looked at."""
    result = _run(*filter(None, [command]), "--help")
    assert result.exit_code == 0
    assert f"Example: elixirml plugins {command}" in result.output


def test_list_is_a_table_with_the_reason_of_each_fault(three: InstalledPlugins) -> None:
    """A broken plugin is a row and a warning, not a traceback; the exit code is 0."""
    result = _run("list")
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines()}
    assert rows["NAME"] == ["NAME", "DISTRIBUTION", "VERSION", "STATUS", "MS", "OFFERS", "/", "REASON"]
    assert rows["sound"][1:4] == ["elixirml-sound", "1.2", "loaded"]
    assert float(rows["sound"][4]) > 0
    assert rows["sound"][5:] == ["metrics:", "planted_metric"]
    assert rows["broken"][3] == "failed"
    assert "it raised SystemExit: imported" in result.stdout
    assert "look at me" not in result.stdout
    assert "Mend it: pip install --upgrade elixirml-broken" in result.stderr


def test_list_for_machines_is_one_object(three: InstalledPlugins) -> None:
    """Whatever plugins print, standard output holds the object and nothing else."""
    content = json.loads(_run("list", "--json").stdout)
    records = {each["name"]: each for each in content["plugins"]}
    assert records["sound"]["contributions"] == {"metrics": ["planted_metric"]}
    assert records["sound"]["status"] == "loaded"
    assert records["broken"]["status"] == "failed"
    assert records["broken"]["hint"] == "pip install --upgrade elixirml-broken"
    assert records["sound"]["hooks"] == ["register_metrics"]
    assert records["sound"]["version"] == "1.2"
    assert records["sound"]["ms"] > 0
    assert len(content["warnings"]) == 1


def test_requirements_are_ready_for_pip_and_import_nothing(three: InstalledPlugins) -> None:
    """After an upgrade of the tool the same plugins can be installed again from one file."""
    lines = _run("list", "--requirements").stdout.splitlines()
    assert "elixirml-sound==1.2" in lines
    assert any(line.startswith("elixirml==") for line in lines)
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0])
    assert json.loads(_run("list", "--requirements", "--json").stdout) == {"requirements": lines}
    assert "elixirml_sound" not in sys.modules


def test_show_tells_all_about_one_plugin(three: InstalledPlugins) -> None:
    """Names, summaries and targets of what is offered; reason and remedy of what is wrong."""
    sound = _run("show", "elixirml-sound").stdout
    for part in ("elixirml-sound 1.2", "loaded (", "register_metrics", "planted_metric", "elixirml.testing.faults:"):
        assert part in sound
    broken = _run("show", "broken").stdout
    assert "mend it       pip install --upgrade elixirml-broken" in broken
    details = json.loads(_run("show", "sound", "--json").stdout)["contributions"]["metrics"]
    assert details == [
        {"name": "planted_metric", "summary": "planted", "target": "elixirml.testing.faults:Fault", "options": {}}
    ]


def test_show_of_a_disabled_plugin_says_who_disabled_it(three: InstalledPlugins) -> None:
    """The first question about a plugin that does not appear."""
    _only("sound")
    text = _run("show", "loud").stdout
    assert "status        disabled\n" in text
    assert "not among the plugins that" in text


@pytest.mark.parametrize("command", ["show", "disable", "enable"])
def test_an_unknown_name_is_the_users_fault(command: str, three: InstalledPlugins) -> None:
    """Exit code 2, and the nearest name."""
    result = _run(command, "soundd")
    assert result.exit_code == 2
    assert "Did you mean `sound`?" in result.stderr
    assert _run(command, "qqqqqqqq").exit_code == 2


def test_doctor_fails_with_every_problem_and_its_remedy(three: InstalledPlugins) -> None:
    """Exit code 1 as long as something does not work."""
    result = _run("doctor")
    assert result.exit_code == 1
    assert "mend it: pip install --upgrade elixirml-broken" in result.stdout
    assert "not checked:" in result.stdout
    content = json.loads(_run("doctor", "--json").stdout)
    assert content["healthy"] is False
    assert content["findings"][0]["severity"] == "problem"
    assert content["findings"][0]["subject"] == "broken"


def test_doctor_is_content_when_all_is_well(three: InstalledPlugins) -> None:
    """Exit code 0, also for machines."""
    _only("sound", "loud")
    result = _run("doctor")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "No problem found.")
    assert json.loads(_run("doctor", "--json").stdout)["healthy"] is True


def test_doctor_reports_broken_settings_and_imports_nothing(three: InstalledPlugins) -> None:
    """When it is not known which plugins are disabled, none is imported."""
    Path("elixirml.toml").write_text("[plugins\n")
    result = _run("doctor")
    assert result.exit_code == 1
    assert "elixirml.toml:1: not valid TOML" in result.stdout
    assert "not checked: the plugins" in result.stdout
    assert "elixirml_sound" not in sys.modules
    assert _run("list").exit_code == 2


def test_disable_and_enable_import_no_plugin(three: InstalledPlugins, home: Path) -> None:
    """The way out of a plugin that breaks everything must not lead through it."""
    Path("elixirml.toml").unlink()
    result = _run("disable", "broken")
    assert result.exit_code == 0
    assert "config.toml was changed." in result.stdout
    assert f"is now disabled: disabled by {home / 'config.toml'}." in result.stdout
    assert "config.toml already says so." in _run("disable", "broken").stdout
    assert (home / "config.toml").read_text() == '[plugins]\ndisable = ["broken"]\n'
    enabled = json.loads(_run("enable", "broken", "--json").stdout)
    assert enabled["changed"] is True
    assert enabled["plugins"] == [{"name": "broken", "distribution": "elixirml-broken", "enabled": True, "reason": ""}]
    assert not {"elixirml_broken", "elixirml_sound", "elixirml_loud"} & set(sys.modules)


def test_a_stronger_source_is_named_when_it_says_otherwise(
    three: InstalledPlugins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enabling in the user's file is not enough when the environment disables."""
    monkeypatch.setenv("ELIXIRML_DISABLE_PLUGINS", "sound")
    assert "is now disabled: disabled by ELIXIRML_DISABLE_PLUGINS." in _run("enable", "sound").stdout


def test_a_broken_project_file_does_not_keep_a_plugin_from_being_disabled(three: InstalledPlugins, home: Path) -> None:
    """The edit is made, and what cannot be told is said."""
    Path("elixirml.toml").write_text("[plugins\n")
    result = _run("disable", "broken")
    assert result.exit_code == 0
    assert "of unknown state" in result.stdout
    assert '"broken"' in (home / "config.toml").read_text()


def test_a_file_too_complex_is_the_users_to_edit(three: InstalledPlugins, home: Path) -> None:
    """Exit code 2 with the line to write."""
    home.mkdir(parents=True)
    (home / "config.toml").write_text("plugins = {}\n")
    result = _run("disable", "broken")
    assert result.exit_code == 2
    assert 'disable = ["broken"]' in result.stderr


def test_the_group_is_there_without_any_third_party_module() -> None:
    """Importing the commands brings in nothing that only some of them need."""
    code = "import sys; import elixirml.cli.plugins; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"packaging", "tomllib", "cattrs", "elixirml.plugins.manager", "elixirml.plugins.diagnosis"}
    assert not {each for each in loaded if each.startswith("elixirml_")}


SECRETIVE = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_language_models():
    options = {"api_key": "sk-1", "max_tokens": 9, "url": "https://x", "login": "env:ACME_LOGIN", "made": object()}
    return [Contribution("acme", "elixirml.testing.faults:Fault", "far away", options=options)]

@hookimpl
def register_configurations():
    return [Contribution("acme", "elixirml.testing.faults:Fault", "where and who")]
"""


@pytest.fixture
def secretive(installed: InstalledPlugins, home: Path) -> InstalledPlugins:
    """A plugin with secrets among the options of what it offers."""
    installed.add("acme", source=SECRETIVE)
    _only("acme")
    return installed


def test_list_shows_what_is_disabled_only_when_asked(three: InstalledPlugins) -> None:
    """The table is short, says who is left out, and shows them with their reason when wanted."""
    _only("sound")
    short = _run("list")
    assert "loud" not in short.stdout
    assert "elixirml plugins list --all" in short.stderr
    assert "loud" in short.stderr
    long = _run("list", "--all")
    assert "not among the plugins that" in long.stdout
    assert "loud" not in long.stderr
    _only()
    assert _run("list").stdout == ""


@pytest.mark.parametrize("kind", ["metrics", "register_metrics"])
@pytest.mark.parametrize("option", ["--kind", "--hook"])
def test_list_can_be_of_one_kind(option: str, kind: str, three: InstalledPlugins) -> None:
    """Who offers metrics? By the kind, or by the hook that offers it."""
    result = _run("list", option, kind, "--json")
    assert {each["name"] for each in json.loads(result.stdout)["plugins"]} == {"sound", "loud"}
    assert _run("list", option, kind, "--requirements").stdout.splitlines()[1:] == [
        "elixirml-loud==1.0",
        "elixirml-sound==1.2",
    ]


def test_an_unknown_kind_is_the_users_fault(three: InstalledPlugins) -> None:
    """Exit code 2 with the nearest kind; a kind that nobody offers is an empty list and no fault."""
    result = _run("list", "--kind", "metrix")
    assert result.exit_code == 2
    assert "Did you mean `metrics`?" in result.stderr
    nobody = _run("list", "--kind", "stores")
    assert (nobody.exit_code, nobody.stdout) == (0, "")
    assert "No plugin offers stores." in nobody.stderr


def test_trace_shows_each_call_with_its_time(three: InstalledPlugins) -> None:
    """Who was called, what was given, how long it took; what failed stands with its reason."""
    rows = [line.split() for line in _run("trace").stdout.splitlines()]
    assert rows[0] == ["PLUGIN", "CALL", "RESULTS", "MS", "GAVE"]
    called = next(row for row in rows if row[:2] == ["sound", "register_metrics"])
    assert called[2] == "1"
    assert float(called[3]) >= 0
    assert called[4:] == ["planted_metric"]
    assert next(row for row in rows if row[0] == "broken")[4:] == ["it", "raised", "SystemExit:", "imported"]
    calls = json.loads(_run("trace", "--json").stdout)["calls"]
    assert [each["call"] for each in calls if each["plugin"] == "sound"] == ["import", "register_metrics"]
    assert all(each["ms"] >= 0 for each in calls)


@pytest.mark.parametrize(
    "arguments", [["trace"], ["trace", "--json"], ["show", "acme"], ["show", "acme", "--json"], ["list", "--json"]]
)
def test_secrets_are_never_shown(arguments: list[str], secretive: InstalledPlugins) -> None:
    """Neither a key nor a reference to one; what merely counts tokens, and where the server is, may be seen."""
    result = _run(*arguments)
    text = result.stdout + result.stderr
    assert result.exit_code == 0
    assert "sk-1" not in text
    assert "ACME_LOGIN" not in text
    if arguments != ["list", "--json"]:
        assert "***" in text
        assert "https://x" in text or arguments == ["trace"]


def test_show_tells_options_and_the_section_of_the_settings(secretive: InstalledPlugins) -> None:
    """Everything about one plugin on one page."""
    lines = [line.strip() for line in _run("show", "acme").stdout.splitlines()]
    assert "settings      [plugins.acme], shown by: elixirml config show acme" in lines
    assert "max_tokens = 9" in lines
    assert "api_key = ***" in lines
    assert "made = <object>" in lines


def test_a_table_of_twenty_plugins_is_aligned(installed: InstalledPlugins, offering: str, home: Path) -> None:
    """Columns begin at the same place in every row, whatever stands in them."""
    names = [f"p{number:02}" for number in range(20)]
    for name in names:
        installed.add(name, source=offering.format(name=f"metric_{name}"))
    _only(*names)
    header, *rows = _run("list").stdout.splitlines()
    assert len(rows) == 20
    start = header.index("OFFERS")
    assert all(row[start:].startswith("metrics: metric_p") for row in rows)


def test_doctor_tells_of_a_verb_that_two_plugins_offer(installed: InstalledPlugins, offering: str, home: Path) -> None:
    """Conflicts in metadata are faults like those between contributions."""
    for name in ("one", "two"):
        installed.add(name, source=offering.format(name=f"metric_{name}"), verbs=[("greet", "x:y")])
    _only("one", "two")
    result = _run("doctor")
    assert result.exit_code == 1
    assert "the verb `greet`, refused: elixirml-one and elixirml-two both offer it" in result.stdout
    assert "mend it: elixirml plugins disable elixirml-two" in result.stdout


def _strict(*arguments: str) -> Result:
    return CliRunner().invoke(elixirml, ["--strict-plugins", *arguments])


def test_a_strict_command_ends_before_it_begins(three: InstalledPlugins, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 and each warning once; what shows and mends is never refused, and nothing is when all is well."""
    done = _strict("studies", "list")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.count("warning: plugin `broken`") == 1
    assert "1 warning above" in done.stderr
    listed = _strict("plugins", "list")
    assert listed.exit_code == 1
    assert "sound" in listed.stdout
    for arguments in (["studies", "--help"], ["plugins", "disable", "broken"], ["config", "--help"]):
        assert _strict(*arguments).exit_code == 0
    _only("sound")
    assert _strict("studies", "list").exit_code == 0
    _only("sound", "broken", "loud")
    monkeypatch.setenv("ELIXIRML_STRICT_PLUGINS", "1")
    assert CliRunner().invoke(elixirml, ["studies", "list"]).exit_code == 1


def test_strictness_counts_the_warnings(installed: InstalledPlugins, home: Path) -> None:
    """The message says how many lines there are to read above it."""
    for name in ("one", "two"):
        installed.add(name, source="raise SystemExit")
    _only("one", "two")
    assert "2 warnings above" in _strict("studies", "list").stderr
