import sys
from itertools import count
from types import SimpleNamespace

import pytest

from elixirml.plugins import Contribution, PluginCandidate, PluginStatus, hookimpl, load_candidate
from elixirml.plugins.loading import Hooks, load_object
from elixirml.plugins.records import HOST
from elixirml.testing import InstalledPlugins, IsolatedPluginManager

HEAD = "from elixirml.plugins import Contribution, hookimpl\n"
GOOD = HEAD + '@hookimpl\ndef register_metrics():\n    return [Contribution("{}", "planted:X", "planted")]\n'

FAULTS = {
    "a missing dependency": (
        "import a_library_nobody_has\n",
        PluginStatus.FAILED,
        "it needs the module `a_library_nobody_has`, which is not installed",
        "pip install --upgrade --force-reinstall elixirml-faulty",
    ),
    "sys.exit at import": (
        "import sys\nsys.exit('no licence')\n",
        PluginStatus.FAILED,
        "it raised SystemExit: no licence",
        "pip install --upgrade elixirml-faulty",
    ),
    "a misspelt hook": (
        HEAD + "@hookimpl\ndef register_metric():\n    return []\n",
        PluginStatus.INCOMPATIBLE,
        "it implements `register_metric`, which is no hook. Did you mean `register_metrics`?",
        "pip install --upgrade elixirml-faulty",
    ),
    "a wrong argument": (
        HEAD + "@hookimpl\ndef register_metrics(registry):\n    return []\n",
        PluginStatus.INCOMPATIBLE,
        "`register_metrics` takes `registry`, which the hook does not give",
        "pip install --upgrade elixirml-faulty",
    ),
    "a keyword-only argument": (
        HEAD + "@hookimpl\ndef register_metrics(*, registry=None):\n    return []\n",
        PluginStatus.INCOMPATIBLE,
        "takes `registry=None` by keyword only",
        "pip install --upgrade elixirml-faulty",
    ),
    "a newer hook API": (
        "ELIXIRML_HOOK_API = 2\n" + HEAD + "@hookimpl\ndef register_dreams():\n    return []\n",
        PluginStatus.INCOMPATIBLE,
        "it is made for hook-API level 2; this kernel has level 1",
        "pip install --upgrade elixirml",
    ),
    "an exception in one hook": (
        GOOD.format("of_the_faulty") + "@hookimpl\ndef register_datasets():\n    return [][0]\n",
        PluginStatus.FAILED,
        "`register_datasets`: it raised IndexError: list index out of range",
        "pip install --upgrade elixirml-faulty",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_plugin_becomes_a_record_and_the_others_load(fault: str, installed: InstalledPlugins) -> None:
    """Six kinds of fault that other hosts die of: here each has a status, a reason and a command."""
    source, status, reason, hint = FAULTS[fault]
    installed.add("before", distribution="aaa", source=GOOD.format("first"))
    installed.add("faulty", source=source)
    installed.add("behind", distribution="zzz", source=GOOD.format("last"))

    manager = IsolatedPluginManager.load(path=[str(installed.folder)])

    record = manager["faulty"]
    assert (record.status, record.hint) == (status, hint)
    assert reason in record.reason
    assert manager["before"].status is manager["behind"].status is PluginStatus.LOADED
    assert {"first", "last"} <= set(manager.registry.names("metrics"))
    (warning,) = manager.warnings()
    assert "\n" not in warning
    assert warning.endswith(f"Mend it: {hint}")


@pytest.mark.parametrize("first", ["aaa-squatter", "zzz-squatter"])
def test_a_duplicate_name_is_refused_to_both_in_either_order(first: str, installed: InstalledPlugins) -> None:
    """The seventh and eighth fault: the same outcome whichever of two distributions is listed first."""
    installed.add("studio", distribution=first, source="raise SystemExit\n")
    installed.add("studio", distribution="mmm-genuine", source=GOOD.format("genuine"))
    installed.add("other", source=GOOD.format("other"))

    manager = IsolatedPluginManager.load(path=[str(installed.folder)])

    assert [each.status for each in manager.records if each.name == "studio"] == [PluginStatus.CONFLICT] * 2
    assert manager.registry.names("metrics") == ("other",)
    assert not {"mmm_genuine", first.replace("-", "_")} & set(sys.modules)


def test_a_slow_import_is_reported_with_its_time(installed: InstalledPlugins) -> None:
    """The ninth fault: it loads, and the record says what it cost."""
    candidate = installed.add("slow", source=GOOD.format("slow"))
    ticks = iter([10.0, 11.25])

    loaded = load_candidate(candidate, Hooks(), clock=lambda: next(ticks))

    assert (loaded.record.status, loaded.record.load_ms) == (PluginStatus.LOADED, 1250.0)


def test_a_disabled_plugin_is_never_imported(installed: InstalledPlugins) -> None:
    """Selection happens on metadata: `disable` must keep the module out of `sys.modules`."""
    from elixirml.plugins import Selection

    candidate = installed.add("noisy", source="raise SystemExit('imported')")

    manager = IsolatedPluginManager.load(Selection(disable=["noisy"]), path=[str(installed.folder)])

    assert manager["noisy"].status is PluginStatus.DISABLED
    assert candidate.target not in sys.modules
    assert manager.warnings() == ()


def test_the_other_hooks_of_a_failing_plugin_keep_what_they_offer(installed: InstalledPlugins) -> None:
    """A fault takes with it as little as possible, and the record shows what is left."""
    installed.add("half", source=FAULTS["an exception in one hook"][0])
    manager = IsolatedPluginManager.load(path=[str(installed.folder)])
    assert manager["half"].contributions.keys() == {"metrics"}
    assert manager["half"].hooks == ("register_datasets", "register_metrics")
    assert manager.registry.names("metrics") == ("of_the_faulty",)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, MemoryError, GeneratorExit])
@pytest.mark.parametrize("where", ["import", "hook"])
def test_an_interrupt_by_the_user_passes_through(
    interrupt: type[BaseException], where: str, installed: InstalledPlugins
) -> None:
    """The guard is for plugins, not for the person at the keyboard; nothing is left registered."""
    hook = f"@hookimpl\ndef register_metrics():\n    raise {interrupt.__name__}\n"
    source = f"raise {interrupt.__name__}\n" if where == "import" else HEAD + hook
    candidate = installed.add("slow", source=source)
    hooks = Hooks()
    with pytest.raises(interrupt):
        load_candidate(candidate, hooks)
    assert not hooks.get_plugins()


def test_a_plugin_may_be_an_object_inside_its_module(installed: InstalledPlugins) -> None:
    """An entry point `module:object` works, with methods as hooks."""
    body = (
        "class Plugin:\n    @hookimpl\n    def register_metrics(self):\n        yield " + GOOD.split("return [")[1][:-2]
    )
    candidate = installed.add("object", source=HEAD + body.format("inner") + "\nclass plugins:\n    mine = Plugin()\n")
    inner = PluginCandidate("object", candidate.distribution, "1.0", f"{candidate.target}:plugins.mine")
    record = load_candidate(inner, Hooks()).record
    assert record.status is PluginStatus.LOADED
    assert [each.name for each in record.contributions["metrics"]] == ["inner"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [("", "its entry point names no module"), ("json:nothing", "it raised AttributeError")],
)
def test_a_broken_entry_point_is_a_broken_plugin(target: str, reason: str) -> None:
    """Metadata that leads nowhere is reported like any other fault."""
    loaded = load_candidate(PluginCandidate("odd", "elixirml-odd", "1.0", target), Hooks())
    assert loaded.record.faulty
    assert reason in loaded.record.reason
    assert loaded.error is not None


class Plugin:
    """Base of the objects below: sound unless a subclass breaks it."""

    @hookimpl
    def register_metrics(self) -> object:
        """Offer one metric."""
        return [Contribution("fine", "planted:X", "planted")]


class Unmarked(Plugin):
    """Forgot the mark on one hook."""

    def register_datasets(self) -> object:
        """Never called."""


class Wrapper:
    """Tries to wrap what others offer."""

    @hookimpl(wrapper=True)
    def register_metrics(self) -> object:
        """Yield once."""
        return (yield)


class OldWrapper:
    """The same in the old manner."""

    @hookimpl(hookwrapper=True)
    def register_metrics(self) -> object:
        """Yield once."""
        yield


class Async:
    """Hooks are not async."""

    @hookimpl
    async def register_metrics(self) -> object:
        """Never awaited."""


class AsyncGenerator:
    """Hooks are not async generators."""

    @hookimpl
    async def register_metrics(self) -> object:
        """Never iterated."""
        yield Contribution("fine", "planted:X", "planted")


class Forgetful:
    """Returns nothing."""

    @hookimpl
    def register_metrics(self) -> object:
        """Return None."""


class Text:
    """Returns a name instead of a contribution."""

    @hookimpl
    def register_metrics(self) -> object:
        """Return a text, which is a sequence of texts too."""
        return "f1"


class Number:
    """Returns what cannot be gone through."""

    @hookimpl
    def register_metrics(self) -> object:
        """Return a number."""
        return 7


class Stranger:
    """Returns a list of something else."""

    @hookimpl
    def register_metrics(self) -> object:
        """Return names instead of contributions."""
        return ["f1"]


class Twice:
    """Offers one name twice."""

    @hookimpl
    def register_metrics(self) -> object:
        """Return two of one name."""
        return [Contribution("same", "planted:X", "planted")] * 2


class Misnamed:
    """Offers a name nobody can write."""

    @hookimpl
    def register_metrics(self) -> object:
        """Return a contribution that cannot be made."""
        yield Contribution("Exact Match", "planted:X", "planted")


class Remote(Misnamed):
    """Is nothing like any hook."""

    @hookimpl
    def zzz(self) -> object:
        """Never called."""


class Fractional(Plugin):
    """Says it is of no level at all."""

    ELIXIRML_HOOK_API = "one"


class Ancient(Plugin):
    """Says it is of a level that never was."""

    ELIXIRML_HOOK_API = 0


class Unpleasant:
    """Cannot even be looked at."""

    def __dir__(self) -> list[str]:
        raise RuntimeError("go away")


@pytest.mark.parametrize(
    ("plugin", "reason"),
    [
        (Unmarked(), "`register_datasets` is not marked with `hookimpl`"),
        (SimpleNamespace(), "it implements no hook"),
        (Wrapper(), "`register_metrics` is a wrapper; contribution hooks take none"),
        (OldWrapper(), "`register_metrics` is a wrapper; contribution hooks take none"),
        (Async(), "`register_metrics` is async; hooks are plain functions"),
        (AsyncGenerator(), "`register_metrics` is async; hooks are plain functions"),
        (Forgetful(), "`register_metrics`: it returned None instead of contributions"),
        (Text(), "`register_metrics`: it returned 'f1' instead of contributions"),
        (Number(), "`register_metrics`: it returned 7 instead of contributions"),
        (Stranger(), "`register_metrics`: it returned 'f1', which is no Contribution"),
        (Twice(), "`register_metrics`: it offers `same` twice"),
        (Misnamed(), "'Exact Match', which is not a name"),
        (Remote(), "it implements `zzz`, which is no hook. Hooks are: register_schemas"),
        (Fractional(), "it is made for hook-API level 'one'"),
        (Ancient(), "it is made for hook-API level 0"),
        (Unpleasant(), "it raised RuntimeError: go away"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_a_breach_of_the_contract_is_named(plugin: object, reason: str) -> None:
    """Everything an author can get wrong in a hook module is refused with its reason."""
    loaded = load_object(PluginCandidate("mine", HOST), plugin, Hooks())
    assert loaded.record.faulty
    assert reason in loaded.record.reason
    assert loaded.record.hint


def test_an_optional_hook_of_a_later_kernel_is_left_alone() -> None:
    """A plugin may serve old and new kernels with one release."""

    class Forward(Plugin):
        @hookimpl(optionalhook=True)
        def register_dreams(self) -> object:
            """Only later kernels call it."""

    record = load_object(PluginCandidate("forward", HOST), Forward(), Hooks()).record
    assert record.status is PluginStatus.LOADED
    assert record.hooks == ("register_metrics",)


def test_a_hook_may_be_implemented_under_another_name() -> None:
    """The option `specname` of pluggy is honoured."""

    class Renamed:
        @hookimpl(specname="register_metrics")
        def my_metrics(self) -> object:
            """Offer nothing."""
            return ()

    record = load_object(PluginCandidate("renamed", HOST), Renamed(), Hooks()).record
    assert (record.status, record.contributions) == (PluginStatus.LOADED, {"metrics": ()})


def test_one_object_cannot_be_two_plugins() -> None:
    """Two entry points of one module would offer everything twice."""
    hooks, plugin = Hooks(), Plugin()
    numbers = count()
    records = [load_object(PluginCandidate(f"p{next(numbers)}", HOST), plugin, hooks).record for _ in range(2)]
    assert [each.status for each in records] == [PluginStatus.LOADED, PluginStatus.FAILED]
    assert "already registered" in records[1].reason
    assert records[1].hint == "elixirml plugins disable p1"
