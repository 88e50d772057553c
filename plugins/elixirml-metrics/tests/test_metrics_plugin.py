"""The hook module: listing what it offers costs nothing."""

import subprocess
import sys


def test_listing_imports_nothing_else() -> None:
    """Until a metric is used, only the hook module is imported."""
    code = (
        "import sys, elixirml_metrics.plugin as plugin; plugin.register_metrics();"
        "print(*sorted(name for name in sys.modules if name.startswith('elixirml_metrics')))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == ["elixirml_metrics", "elixirml_metrics.plugin"]
