"""What can be done with this repository, each in an environment of its own.

    python -m pip install nox
    nox -s demo     # see a program being tuned on a small model
    nox             # run every test

A Python of 3.11 or later and a package index are all that is needed.
"""

import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from email.parser import Parser
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["tests"]
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
# Environments made by uv hold no pip, and models and data are fetched with pip.
nox.options.default_venv_backend = "virtualenv"

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
SUPPORTED = sorted(each.parent.name for each in ROOT.glob("plugins/*/pyproject.toml"))
CONTRIB = sorted(each.parent.name for each in ROOT.glob("contrib/*/pyproject.toml"))
PLUGINS = [*SUPPORTED, *CONTRIB]
KERNEL_COVERAGE = "99"
"""Per cent of the kernel's lines and branches that the tests reach; may only rise."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The matrices of the tests are small: threads would only wait for each other."""


def folder_of(distribution: str) -> str:
    """Return where the sources of a distribution are, as pip takes it."""
    if distribution == "elixirml":
        return "./kernel"
    return f"./{'plugins' if distribution in SUPPORTED else 'contrib'}/{distribution}"


def install(session: nox.Session, *groups: str, plugins: Sequence[str] = PLUGINS) -> None:
    """Install the kernel, plugins and dependency groups, by one command: so each is found here and not in an index."""
    session.log("installing; on a first run this takes a minute or two")
    session.install(
        *nox.project.dependency_groups(PROJECT, *groups),
        *(folder_of(each) for each in ("elixirml", *plugins)),
    )


@nox.session
def demo(session: nox.Session) -> None:
    """Tune a small program on an embedded model; arguments after `--` go to `elixirml demo`."""
    install(session, plugins=SUPPORTED)
    session.run("elixirml", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test and measure what they cover of the kernel; arguments after `--` go to pytest."""
    install(session, "test", "clients")
    if session.posargs:
        session.run("pytest", *session.posargs, env=ONE_THREAD)
        return
    side_by_side = ["pytest", "--numprocesses=auto", "--cov", "--cov-append", "--cov-report="]
    session.run("coverage", "erase")
    session.run(*side_by_side, "-m", "not model", env=ONE_THREAD)
    # One engine a machine: these would wait for each other.
    session.run("pytest", "-m", "model", env=ONE_THREAD)
    session.run("coverage", "report", f"--fail-under={KERNEL_COVERAGE}")


@nox.session
def lint(session: nox.Session) -> None:
    """Check the form of the code."""
    session.install(*nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the code with two checkers."""
    install(session, "types")
    session.run("mypy", "kernel/tests/typing", *(f"{folder_of(each)}/src" for each in ("elixirml", *PLUGINS)))
    session.run("pyright")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Feed each parser of replies with what a fuzzer invents, for a minute; other seconds may follow `--`."""
    install(session, plugins=["elixirml-adapters"])
    session.install("atheris>=3")
    seconds = session.posargs[0] if session.posargs else "60"
    for parser in ("json", "sections", "xml", "streams"):
        session.run("python", "tests/fuzz/parsers.py", parser, f"-max_total_time={seconds}", "-verbosity=0")


@nox.session
@nox.parametrize("plugin", PLUGINS)
def isolated(session: nox.Session, plugin: str) -> None:
    """Install one plugin with the kernel and nothing else, and see that it works."""
    install(session, plugins=[plugin])
    session.run("python", "-m", "pip", "check")
    session.run("elixirml", "plugins", "doctor")


@nox.session
def scaffold(session: nox.Session) -> None:
    """Write a plugin of each kind, install all beside each other, test and check each as its page says, remove them."""
    session.install("./kernel", "hatchling", *nox.project.dependency_groups(PROJECT, "test", "types"))
    work = Path(session.create_tmp()) / "plugins"
    shutil.rmtree(work, ignore_errors=True)
    listed = (
        "from elixirml.cli.scaffold import singular; from elixirml.hookspecs import KINDS; print(*map(singular, KINDS))"
    )
    kinds = str(session.run("python", "-c", listed, silent=True)).split()
    made = {kind: work / f"acme-{kind}" for kind in kinds}
    for kind, folder in made.items():
        session.run("elixirml", "plugins", "new", folder.name, "--kind", kind, "--folder", str(folder), silent=True)
    session.install("--no-build-isolation", "--no-deps", *map(str, made.values()))
    session.run("python", "-m", "pip", "check")
    session.run("elixirml", "--strict-plugins", "plugins", "list")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [each for each in pool.map(lambda folder: found_wrong(session, folder), made.values()) if each]
    if failures:
        session.error("\n".join(failures))
    session.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", *(each.name for each in made.values()))
    if left := str(session.run("elixirml", "plugins", "list", "--requirements", silent=True)).split()[1:]:
        session.error(f"not removed: {left}")


def found_wrong(session: nox.Session, folder: Path) -> str:
    """Do what the page of a plugin says that its author does; return what the first failing command printed."""
    environ = {**os.environ, "PATH": f"{session.bin}{os.pathsep}{os.environ['PATH']}"}
    mypy = ("mypy", "--cache-dir", str(folder.parent / "mypy"))
    for command in (("pytest", "-q"), mypy, ("pyright",)):
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            return f"{folder.name}: {' '.join(command)}\n{done.stdout}{done.stderr}"
    session.log(f"{folder.name}: tests pass, and both checkers are content")
    return ""


@nox.session
def wheels(session: nox.Session) -> None:
    """Build a wheel of every distribution, and check what stands in its metadata."""
    folder = session.cache_dir / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    session.install("hatchling")
    sources = [folder_of(each) for each in ("elixirml", *PLUGINS)]
    build = ("pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", str(folder))
    session.run("python", "-m", *build, *sources)
    if faults := [f"{each}: {fault}" for each in ("elixirml", *PLUGINS) for fault in wheel_faults(folder, each)]:
        session.error("\n".join(faults))


@nox.session(reuse_venv=False, requires=["wheels"])
@nox.parametrize("plugins", [nox.param(PLUGINS, id="together"), *(nox.param([each], id=each) for each in PLUGINS)])
def downstream(session: nox.Session, plugins: Sequence[str]) -> None:
    """Use the wheels as a stranger would: all of them together, or one with the kernel alone, and run its suite.

    What a suite needs beside its own distribution stands in the dependency group `test` of that distribution.
    """
    folder = session.cache_dir / "wheels"
    alone = plugins if len(plugins) == 1 else ()
    needed = [*nox.project.dependency_groups(PROJECT, "test"), *tests_need(alone[0])] if alone else []
    session.install(*(wheel_or_line(folder, each) for each in ("elixirml", *plugins, *needed)))
    session.run("python", "-m", "pip", "check")
    session.run("elixirml", "--strict-plugins", "plugins", "doctor")
    for each in alone:
        session.run("pytest", "-q", "-m", "not model", f"{folder_of(each)}/tests", env=ONE_THREAD)


def tests_need(plugin: str) -> Sequence[str]:
    """Return what the suite of a plugin needs beside the plugin."""
    table = nox.project.load_toml(ROOT / folder_of(plugin) / "pyproject.toml")
    return nox.project.dependency_groups(table, "test") if "dependency-groups" in table else ()


def wheel_or_line(folder: Path, requirement: str) -> str:
    """Return the wheel of a distribution of this repository, so that none is looked for in an index; else the line."""
    named = requirement in {"elixirml", *PLUGINS}
    return str(wheel_of(folder, requirement)) if named else requirement


def wheel_of(folder: Path, distribution: str) -> Path:
    """Return the one wheel of a distribution."""
    [wheel] = folder.glob(f"{distribution.replace('-', '_')}-[0-9]*.whl")
    return wheel


def wheel_faults(folder: Path, distribution: str) -> Iterator[str]:
    """Yield what is wrong with the metadata of a wheel."""
    with zipfile.ZipFile(wheel_of(folder, distribution)) as wheel:
        texts = {
            name.rpartition("/")[2]: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name
        }
        typed = any(name.endswith("/py.typed") for name in wheel.namelist())
    metadata = Parser().parsestr(texts["METADATA"])
    wanted = {"Name": distribution, "License-Expression": "Apache-2.0", "Description-Content-Type": "text/markdown"}
    yield from (f"{key} is {metadata[key]}, not {value}" for key, value in wanted.items() if metadata[key] != value)
    yield from (f"it has no {key}" for key in ("Version", "Summary", "Requires-Python") if not metadata[key])
    if not str(metadata.get_payload()).strip():
        yield "its README is empty"
    if not typed:
        yield "it has no py.typed"
    if distribution != "elixirml":
        if "[elixirml]" not in texts.get("entry_points.txt", ""):
            yield "it has no entry point in the group elixirml"
        yield from requirement_faults(metadata)


def requirement_faults(metadata: Message) -> Iterator[str]:
    """Yield what is wrong with what a plugin requires: a range of kernels, and no other plugin."""
    lines = [line for line in metadata.get_all("Requires-Dist", []) if line.startswith("elixirml")]
    yield from (f"it depends on another plugin: {line}" for line in lines if line.startswith("elixirml-"))
    kernel = [line for line in lines if not line.startswith("elixirml-")]
    if len(kernel) != 1 or not re.fullmatch(r"elixirml(?=.*>=\d)(?=.*<1(,|$)).*", kernel[0]):
        yield f"it requires {kernel or 'no kernel'}: expected elixirml>=X.Y,<1"
