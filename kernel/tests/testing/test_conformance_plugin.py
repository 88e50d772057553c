"""Every rule of plugins is failed by a plugin that breaks it, and by it alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elixirml.testing import InstalledPlugins
from elixirml.testing.conformance import suite_of
from elixirml.testing.conformance.plugin import PluginConformance

PARTS = """
class Always:
    direction, unit, failure = "maximize", "fraction", 0.0

    def score(self, example, prediction):
        return 1.0


class Never:
    pass
"""

HEAD = """
from elixirml.plugins import Contribution, hookimpl
"""

GOOD = """
@hookimpl
def register_metrics():
    return [
        Contribution("always", "planted_parts:Always", "always 1"),
        Contribution("ever", "planted_parts:Always", "always 1 too"),
    ]
"""

ANOTHER = '"planted_parts:Always", "always 1 too"'
FRESH = "[*[Contribution(f'n{len(ASKED)}', 'planted_parts:Always', 'new')],"

SOURCES = {
    "test_the_hook_module_is_thin": HEAD + GOOD + "#\n" * 40,
    "test_the_hook_module_imports_nothing_heavy": f"import planted_parts\n{HEAD}{GOOD}",
    "test_it_offers_something": HEAD + "\n\n@hookimpl\ndef register_tools():\n    return []\n",
    "test_it_loads": HEAD + GOOD + "\n\n@hookimpl\ndef register_metric():\n    return []\n",
    "test_hooks_can_be_asked_again": HEAD
    + "ASKED = []"
    + GOOD.replace("return [", f"ASKED.append(1)\n    return {FRESH}"),
    "test_summaries_tell_capabilities_apart": HEAD + GOOD.replace("always 1 too", "always 1"),
    "test_targets_exist": HEAD + GOOD.replace(ANOTHER, '"planted_parts:Alway", "typo"'),
    "test_targets_fit_their_kind": HEAD + GOOD.replace(ANOTHER, '"planted_parts:Never", "never"'),
}
WRONG = dict.fromkeys(SOURCES, PluginConformance)


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[Any]:
    """Plants a plugin with this hook module, and returns its suite."""
    with InstalledPlugins(tmp_path / "site") as installed:

        def plant(source: str) -> Any:
            module = installed.add("planted", source=source, modules=[("planted_parts", PARTS)]).target
            return suite_of("plugins", lambda: module)

        yield plant


def test_a_right_plugin_passes(planted: Any, judge: Any) -> None:
    """Every rule is tried on a right plugin, and asks nothing that it does not keep."""
    judge.passes(planted(HEAD + GOOD))


def test_no_rule_is_without_a_wrong_plugin(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, PluginConformance)


@pytest.mark.parametrize("rule", SOURCES)
def test_a_wrong_plugin_fails_its_rule_alone(rule: str, planted: Any, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(planted(SOURCES[rule]), rule)


def test_a_capability_that_cannot_be_made_is_told(planted: Any, judge: Any) -> None:
    """A class that raises when it is made is a fault of the plugin, and of no other rule."""
    source = HEAD + GOOD.replace(ANOTHER, '"elixirml.testing.faults:Fault", "an enum"')
    assert set(judge.failing(planted(source))) <= {"test_targets_fit_their_kind"}
