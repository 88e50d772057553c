"""How long starting takes, and how much memory: the medians of cold processes.

    python tests/benchmarks/startup.py

Prints one line a start: its seconds from the first to the last instruction, and its peak memory in MB (never below that
of the measuring process, which a child starts as a copy of). Figures of other machines are comparable as ratios to the
first line.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from typing import Final

PROCESSES: Final = 9

STARTS: Final = {
    "python -c pass": ["-c", "pass"],
    "import elixirml": ["-c", "import elixirml"],
    "elixirml --help": ["-m", "elixirml", "--help"],
    "elixirml run --help": ["-m", "elixirml", "run", "--help"],
    "elixirml plugins list": ["-m", "elixirml", "plugins", "list"],
}


def once(arguments: list[str]) -> tuple[float, float]:
    """Run a process once; return its seconds and its peak memory in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} ended with {process.returncode}")
    return seconds, usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    """Measure every start and print the table."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    print(f"{'start':<24}{'median s':>10}{'fastest s':>11}{'peak MB':>9}")
    for name, arguments in STARTS.items():
        once(arguments)  # compiles modules and warms the disk cache
        found = [once(arguments) for _ in range(PROCESSES)]
        seconds = [each[0] for each in found]
        memory = statistics.median(each[1] for each in found)
        print(f"{name:<24}{statistics.median(seconds):>10.3f}{min(seconds):>11.3f}{memory:>9.1f}")


if __name__ == "__main__":
    main()
