"""What can be done with this repository, each in an environment of its own.

    python -m pip install nox
    nox -s demo     # see a program being tuned on a small model
    nox             # run every test

A Python of 3.11 or later and a package index are all that is needed.
"""

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
PLUGINS = sorted(each.parent.name for each in ROOT.glob("plugins/*/pyproject.toml"))
KERNEL_COVERAGE = "99"
"""Per cent of the kernel's lines and branches that the tests reach; may only rise."""

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""The matrices of the tests are small: threads would only wait for each other."""


def install(session: nox.Session, *groups: str, plugins: list[str] = PLUGINS) -> None:
    """Install the kernel, plugins and dependency groups, by one command: so each is found here and not in an index."""
    session.log("installing; on a first run this takes a minute or two")
    session.install(
        *nox.project.dependency_groups(PROJECT, *groups),
        "./kernel",
        *(f"./plugins/{each}" for each in plugins),
    )


@nox.session
def demo(session: nox.Session) -> None:
    """Tune a small program on an embedded model; arguments after `--` go to `elixirml demo`."""
    install(session)
    session.run("elixirml", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test and measure what they cover of the kernel; arguments after `--` go to pytest."""
    install(session, "test")
    if session.posargs:
        session.run("pytest", *session.posargs, env=ONE_THREAD)
        return
    session.run("coverage", "run", "-m", "pytest", env=ONE_THREAD)
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
    session.run("mypy", "kernel/src", *(f"plugins/{each}/src" for each in PLUGINS))
    session.run("pyright")


@nox.session
@nox.parametrize("plugin", PLUGINS)
def isolated(session: nox.Session, plugin: str) -> None:
    """Install one plugin with the kernel and nothing else, and see that it works."""
    install(session, plugins=[plugin])
    session.run("python", "-m", "pip", "check")
    session.run("elixirml", "plugins", "doctor")
