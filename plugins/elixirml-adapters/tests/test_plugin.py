"""The hook module: what it offers, and that listing it costs nothing."""

import subprocess
import sys
from importlib import import_module

from elixirml.contracts import Field, RepairingAdapter, Signature, StreamingAdapter
from elixirml.variables import Space
from elixirml_adapters.plugin import register_adapters


def test_every_contribution_can_be_resolved() -> None:
    """Each target is a class that makes an adapter without arguments."""
    adapters = {each.name: getattr(import_module(each.module), each.attribute)() for each in register_adapters()}

    assert list(adapters) == ["sections", "json", "xml", "choice", "tools", "two_step"]
    for adapter in adapters.values():
        assert isinstance(adapter, StreamingAdapter)
        assert isinstance(adapter, RepairingAdapter)


def test_wording_order_and_layout_are_variables_that_can_be_freed() -> None:
    """Of every chat format, whether a search chooses them unasked or not."""
    label, text = {"type": "string", "enum": ["a", "b"]}, {"type": "string"}
    task = Signature("t", "", (Field("q", str, text),), (Field("label", str, label), Field("why", str, text)))
    for each in register_adapters():
        if each.name != "choice":
            offered = getattr(import_module(each.module), each.attribute)().variables(task)
            space = Space(offered).free(["*"])
            names = {variable.name for variable in space.searchable}
            assert {"demo_layout", "field_notes", "wording", "field_order"} <= names, each.name
            assert names == {variable.name for variable in offered}


def test_listing_adapters_imports_none_of_them() -> None:
    """Until a format is used, only the hook module is imported."""
    code = (
        "import sys, elixirml_adapters.plugin as plugin; plugin.register_adapters();"
        "print(*sorted(name for name in sys.modules if name.startswith('elixirml_adapters')))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == ["elixirml_adapters", "elixirml_adapters.plugin"]
