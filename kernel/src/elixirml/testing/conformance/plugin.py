"""What every plugin promises a kernel: a thin hook module, and references that lead to what they say."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final

from elixirml.contracts.contribution import Contribution
from elixirml.hookspecs import KINDS
from elixirml.plugins.records import PluginStatus
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect
from elixirml.testing.plugins import IsolatedPluginManager

__all__ = ["MEMBERS", "PluginConformance", "capability_of", "target_of"]

MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "schemas": ("supports", "schema", "field", "record"),
    "language_models": ("models", "open"),
    "middlewares": ("order", "variables", "wrap"),
    "adapters": ("suits", "variables", "format", "parse", "fit"),
    "predictors": ("extend", "variables", "predict"),
    "teleprompters": ("initialize", "optimize_step", "finalize"),
    "metrics": ("direction", "unit", "failure", "score"),
    "tools": ("name", "description", "parameters", "examples", "flags", "call"),
    "datasets": ("suffixes", "open"),
    "retrievers": ("search", "add", "remove"),
    "executors": ("running",),
    "stores": ("open",),
    "observers": ("notify",),
    "commands": ("main", "callback"),
    "configurations": ("__attrs_attrs__",),
    "extensions": ("initialize", "capabilities", "version", "services", "before_run", "after_run"),
}
"""What a capability of each kind has."""

_IMPORTED: Final = """
import json, sys
before = set(sys.modules)
import elixirml.plugins
kernel = set(sys.modules)
module = __import__("importlib").import_module({module!r})
for name in dir(module):
    if name.startswith("register_"):
        list(getattr(module, name)())
print(json.dumps(sorted(set(sys.modules) - kernel)))
"""


class PluginConformance(Conformance[str]):
    """What is promised by a hook module: `subject` returns its name, as the entry point has it.

    Example:
        >>> class TestPlugin(PluginConformance):
        ...     def subject(self):
        ...         return "acme_metrics.plugin"

    .. versionadded:: 0.1

    Attributes:
        longest: The most lines of a hook module.
    """

    longest: ClassVar[int] = 40

    def test_the_hook_module_is_thin(self) -> None:
        """Loading every installed plugin stays cheap: the hook module says what there is, and nothing else."""
        file = self._module().__file__
        if file is None:
            raise NotApplicable("The module has no file.")
        lines = len(Path(file).read_text("utf-8").splitlines())
        expect(
            lines <= self.longest,
            f"The hook module has {lines} lines: keep it within {self.longest}, and import later.",
        )

    def test_the_hook_module_imports_nothing_heavy(self) -> None:
        """Importing it, and listing what it offers, imports neither a capability nor another library."""
        name = self.subject()
        code = _IMPORTED.format(module=name)
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
        expect(
            done.returncode == 0, f"The hook module cannot be imported in a process of its own: {done.stderr[-300:]}"
        )
        loaded: list[str] = json.loads(done.stdout.splitlines()[-1])
        own = {name, *(name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1))}
        more = [each for each in loaded if each not in own and _is_foreign(each)]
        expect(
            not more,
            f"It imports {', '.join(more[:5])}{' and more' if len(more) > 5 else ''}: name targets as text, and import "
            "libraries where they are used.",
        )

    def test_it_offers_something(self) -> None:
        """At least one hook returns a contribution."""
        offers = any(offered for _, offered in self._hooks())
        expect(offers, "It offers nothing: implement a hook such as `register_metrics`, and return contributions.")

    def test_it_loads(self) -> None:
        """A kernel that knows no other plugin loads it without a warning."""
        manager = IsolatedPluginManager.load(extra=[("tried", self._module())])
        record = manager["tried"]
        expect(record.status is PluginStatus.LOADED, f"It is {record.status}: {record.reason}")
        warnings = list(manager.warnings())
        expect(not warnings, f"Loading it warns: {'; '.join(map(str, warnings))}")

    def test_hooks_can_be_asked_again(self) -> None:
        """Several kernels in one process are offered the same."""
        one, again = list(self._hooks()), list(self._hooks())
        expect(one == again, "A hook offered something else when it was asked again: keep no state in the module.")

    def test_summaries_tell_capabilities_apart(self) -> None:
        """Each summary is of one capability, and short enough for a listing."""
        for kind, offered in self._offers():
            same = [text for text, number in Counter(each.summary for each in offered).items() if number > 1]
            expect(not same, f"Several of the {kind} are summed up as {same}: say what each does.")
            long = [each.name for each in offered if len(each.summary) > 120]
            expect(not long, f"The summary of {', '.join(long)} is longer than 120 signs: say it in a few words.")

    def test_targets_exist(self) -> None:
        """Every reference leads to something."""
        for kind, offered in self._offers():
            for each in offered:
                try:
                    target_of(each)
                except Exception as error:
                    raise AssertionError(
                        f"`{each.name}` among the {kind} refers to {each.target}: {type(error).__name__}: {error}"
                    ) from error

    def test_targets_fit_their_kind(self) -> None:
        """Every capability has what its contract asks for."""
        for kind, offered in self._offers():
            for each in offered:
                found = _capability(kind, each)
                lacking = [name for name in MEMBERS[kind] if found is not None and not hasattr(found, name)]
                expect(
                    not lacking,
                    f"`{each.name}` among the {kind} lacks {', '.join(lacking)}: see `elixirml.hookspecs`.",
                )

    def _module(self) -> ModuleType:
        return import_module(self.subject())

    def _hooks(self) -> Iterable[tuple[str, list[Contribution]]]:
        module = self._module()
        for kind in KINDS:
            hook = getattr(module, f"register_{kind}", None)
            if hook is not None:
                yield f"register_{kind}", list(hook())

    def _offers(self) -> Iterable[tuple[str, list[Contribution]]]:
        for name, offered in self._hooks():
            yield name.removeprefix("register_"), offered


def _is_foreign(module: str) -> bool:
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and top not in {"elixirml", "pluggy", "attr", "attrs"}


def target_of(contribution: Contribution) -> Any:
    """Return what a contribution refers to, as it stands in its module."""
    found: Any = import_module(contribution.module)
    for part in contribution.attribute.split("."):
        found = getattr(found, part)
    return found


def capability_of(kind: str, contribution: Contribution) -> object:
    """Return what a contribution refers to as whoever uses it has it, made anew where it is a class."""
    found: object = target_of(contribution)
    made: object = found() if isinstance(found, type) and kind != "configurations" else found
    return made


def _capability(kind: str, contribution: Contribution) -> object | None:
    """Return what a kernel would use; None when there is nothing, which is another rule's matter."""
    try:
        return capability_of(kind, contribution)
    except Exception:  # noqa: BLE001
        return None
