import sys
from collections.abc import Iterable
from itertools import count
from types import SimpleNamespace

import pytest

from elixirml import hookspecs
from elixirml.plugins import Contribution, PluginCandidate, PluginStatus, hookimpl, load_candidate
from elixirml.plugins.contract import deprecations
from elixirml.plugins.loading import Hooks, load_object
from elixirml.plugins.records import HOST
from elixirml.testing import InstalledPlugins, IsolatedPluginManager
from elixirml.testing.faults import Fault, plant_fault

HEAD = "from elixirml.plugins import Contribution, hookimpl\n"
GOOD = HEAD + '@hookimpl\ndef register_metrics():\n    return [Contribution("{}", "planted:X", "planted")]\n'


@pytest.mark.parametrize(("slow_ms", "noticed"), [(500.0, 1), (1250.0, 0)])
def test_a_slow_import_is_reported_with_its_time(slow_ms: float, noticed: int, installed: InstalledPlugins) -> None:
    """It loads, and above the limit, which a host may set, the record says what it cost and how to be rid of it."""
    candidate = installed.add("slow", source=GOOD.format("slow"))
    ticks = iter([10.0, 11.25])

    record = load_candidate(candidate, Hooks(), clock=lambda: next(ticks), slow_ms=slow_ms).record

    assert (record.status, record.load_ms, record.faulty) == (PluginStatus.LOADED, 1250.0, False)
    assert len(record.notices) == len(record.warnings()) == noticed
    for line in record.warnings():
        assert "slow: it took 1250 ms to load, at every start; more than 500 ms is too much." in line
        assert line.endswith("Mend it: elixirml plugins disable slow")


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
    plant_fault(installed, Fault.FAILING_HOOK, entry_name="half")
    manager = IsolatedPluginManager.load(path=[str(installed.folder)])
    assert manager["half"].contributions.keys() == {"metrics"}
    assert manager["half"].hooks == ("register_datasets", "register_metrics")
    assert manager.registry.names("metrics") == ("of_half",)


def test_each_call_of_a_hook_is_kept_with_its_outcome(installed: InstalledPlugins) -> None:
    """What a trace shows: which hook was called, what it gave, and what went wrong."""
    plant_fault(installed, Fault.FAILING_HOOK, entry_name="half")
    failing, sound = IsolatedPluginManager.load(path=[str(installed.folder)])["half"].calls
    assert (failing.hook, failing.results) == ("register_datasets", 0)
    assert failing.error == "it raised IndexError: no data today"
    assert (sound.hook, sound.results, sound.error) == ("register_metrics", 1, "")
    assert sound.ms > 0


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
    with pytest.raises(interrupt) as caught:
        load_candidate(candidate, hooks)
    assert not hooks.get_plugins()
    (note,) = caught.value.__notes__
    assert note.startswith("The plugin `slow` (elixirml-slow 1.0) was being loaded.")
    assert note.endswith("elixirml plugins disable slow")


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


def test_a_deprecated_hook_is_one_warning_line_and_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """What will go is said to those who still use it, with what to do instead, long before it goes."""
    monkeypatch.setattr(hookspecs, "DEPRECATED", {"register_metrics": "offer judges instead"}, raising=False)

    class Both(Plugin):
        @hookimpl
        def register_datasets(self) -> object:
            """Offer nothing."""
            return []

    record = load_object(PluginCandidate("old", "acme-old", "1.0"), Both(), Hooks()).record
    assert record.status is PluginStatus.LOADED
    assert record.contributions["metrics"]
    (warning,) = record.warnings()
    assert "`old` (acme-old 1.0), `register_metrics` is deprecated: offer judges instead." in warning
    assert warning.endswith("Mend it: pip install --upgrade acme-old")


@pytest.mark.parametrize(("specname", "attribute"), [(None, "register_metrics"), ("register_metrics", "mine")])
def test_a_deprecated_argument_is_a_warning_for_those_who_take_it(
    specname: str | None, attribute: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments come and go one by one, under whatever name a plugin implements the hook."""

    def register_metrics(legacy: object) -> Iterable[Contribution]:
        """Take an argument that will go."""
        return (legacy,)  # type: ignore[return-value]  # never called

    monkeypatch.setattr(hookspecs, "register_metrics", register_metrics)
    monkeypatch.setattr(hookspecs, "DEPRECATED", {("register_metrics", "legacy"): "it is always empty"}, raising=False)
    mark = hookimpl(specname=specname) if specname else hookimpl
    taking = SimpleNamespace(**{attribute: mark(lambda legacy: [])})
    without = SimpleNamespace(**{attribute: mark(lambda: ())})
    assert list(deprecations(taking, {"register_metrics": attribute})) == [
        "`legacy` of `register_metrics` is deprecated: it is always empty"
    ]
    assert list(deprecations(without, {"register_metrics": attribute})) == []
    assert list(deprecations(taking, {})) == []
