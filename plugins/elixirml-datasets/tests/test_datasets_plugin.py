"""The hook module: listing what it offers costs nothing."""

import subprocess
import sys


def test_listing_imports_nothing_else() -> None:
    """Until a dataset is used, only the hook module is imported."""
    code = (
        "import sys, elixirml_datasets.plugin as plugin; plugin.register_datasets();"
        "print(*sorted(name for name in sys.modules if name.startswith('elixirml_datasets')))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == ["elixirml_datasets", "elixirml_datasets.plugin"]
