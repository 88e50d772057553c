"""What plugins cost at the start: a bare kernel beside kernels with thin plugins, in cold processes.

    python tests/benchmarks/plugins.py

Each process imports the plugin floor, then finds and loads what is installed in a folder; the figures are medians, in
milliseconds, of finding and loading together, of the whole process, and of `elixirml plugins list`, which loads the
same plugins in a process apart. The aim: with 30 plugins, finding and loading add at most 50 ms to the bare kernel.
Compiled modules are kept between processes, as they are where people work.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from elixirml.testing import InstalledPlugins
from elixirml.testing.faults import hook_source

PROCESSES: Final = 15
COUNTS: Final = (0, 10, 20, 30)
AIM_MS: Final = 50.0

LOAD: Final = """
import sys, time
from elixirml.plugins import PluginManager
folder, count = sys.argv[1:]
begun = time.perf_counter()
manager = PluginManager.load(path=[folder])
ended = time.perf_counter()
assert len(manager.registry.names("metrics")) == int(count), manager.warnings()
print((ended - begun) * 1000)
"""


def once(command: list[str], environ: dict[str, str]) -> tuple[float, str]:
    """Run a process; return its milliseconds and what it printed."""
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, *command], env=environ, capture_output=True, text=True, check=True)
    return (time.perf_counter() - begun) * 1000, done.stdout


def measured(count: int, folder: Path) -> tuple[float, float, float]:
    """Plant that many plugins; return the medians of loading, of the whole process and of the listing."""
    installed = InstalledPlugins(folder / "site")
    installed.folder.mkdir()
    names = [f"thin{number:02}" for number in range(count)]
    for name in names:
        installed.add(name, source=hook_source(f"metric_{name}"))
    environ = {**installed.environ(), "XDG_CONFIG_HOME": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    rows: list[tuple[float, float, float]] = []
    for warm in range(PROCESSES + 1):
        whole, printed = once(["-c", LOAD, str(installed.folder), str(count)], environ)
        listing, _ = once(["-m", "elixirml", "--plugins", ",".join(names), "plugins", "list"], environ)
        if warm:  # the first process compiles modules and warms the disk cache
            rows.append((float(printed), whole, listing))
    load, whole, listing = map(statistics.median, zip(*rows, strict=True))
    return load, whole, listing


def main() -> None:
    """Measure each number of plugins and print the table."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"{'plugins':>7}{'find and load':>15}{'process':>9}{'to bare':>9}{'plugins list':>14}")
    found: dict[int, tuple[float, float, float]] = {}
    for count in COUNTS:
        with TemporaryDirectory() as folder:
            found[count] = measured(count, Path(folder))
        load, whole, listing = found[count]
        print(f"{count:>7}{load:>15.1f}{whole:>9.1f}{whole / found[0][1]:>8.2f}x{listing:>14.1f}")
    more = found[COUNTS[-1]][0] - found[0][0]
    print(f"{COUNTS[-1]} plugins: {more:.1f} ms more than none, {more / AIM_MS:.2f} of the aim of {AIM_MS:.0f} ms")


if __name__ == "__main__":
    main()
