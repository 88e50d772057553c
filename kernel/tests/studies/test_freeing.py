"""Tests of `elixirml.studies.freeing`: what is not declared in the program is searched where its path is freed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

import elixirml as ml
from elixirml.config import option
from elixirml.contracts import LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel
from elixirml.errors import DeclarationError, ModelError, StateError
from elixirml.studies.report import Verdict
from elixirml.variables import Variable, variable

PLAIN, CLEVER, DULL = "Be plain.", "Be clever.", "Be dull."
WORDING = "middlewares.wording.words"
SETTING = "plugins.manner.words"


@frozen(eq=False)
class Worded(WrappedModel):
    """Says something else than was to be said."""

    words: str

    async def complete(self, request: ModelRequest) -> ModelResponse:
        messages = [evolve(each, content=each.content.replace(PLAIN, self.words)) for each in request.messages]
        text = None if request.text is None else request.text.replace(PLAIN, self.words)
        return await self.model.complete(evolve(request, messages=tuple(messages), text=text))


class Wording:
    """A middleware on which the replies depend."""

    order = 50

    def variables(self) -> tuple[Variable, ...]:
        return (variable(PLAIN, choices=[PLAIN, CLEVER, DULL], name="words"),)

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        _ = host
        return Worded(model, options.get("words", PLAIN))


@frozen
class MannerConfig:
    """A section that lets one value be tuned."""

    words: str = option(PLAIN, choices=[PLAIN, CLEVER], tunable=True)
    other: str = option("fixed")


class Manner:
    """A middleware that goes by its configuration."""

    order = 60

    def variables(self) -> tuple[Variable, ...]:
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> Any:
        _ = options
        return Worded(model, host.configuration("manner").words)


def kernel(lab: Any, *names: str) -> ml.Kernel:
    """A kernel of the lab with middlewares, as a new process would make it."""
    made = lab.kernel()
    registry = made.plugins.registry
    registry.offer("middlewares", "wording", Wording())
    registry.offer("middlewares", "manner", Manner())
    registry.offer("configurations", "manner", MannerConfig)
    return ml.Kernel(plugins=made.plugins, home=lab.home, middlewares=names)


def race(path: str, *values: str) -> Any:
    """A step that races the program as declared against values of one variable."""

    def step(context: Any, _: Any) -> Any:
        base = context.baseline.assignment
        return [
            ml.contracts.Evaluate(
                ml.contracts.Candidate.of(context.space, context.space.updated(base, {path: each}), origin="test"),
                context.examples[:30],
            )
            for each in (str(base[path]), *values)
        ]

    return step


def study(lab: Any, path: str, *values: str, **settings: Any) -> Any:
    """Tune one variable of the kernel."""
    lab.teleprompters["steps"] = lab.Steps(race(path, *values))
    with ml.BlockingKernel(kernel(lab, "wording", "manner")) as door:
        return door.optimize(lab.Sorter, lab.rows(150), teleprompter="steps", free=[path], **settings)


def told(report: Any) -> dict[str, Any]:
    """A report without what differs from run to run."""
    data = report.to_json()
    data["best"].pop("about")
    data["usage"] = {name: data["usage"][name] for name in ("calls", "search_calls", "confirm_calls")}
    return {name: value for name, value in data.items() if name not in {"study", "seconds"}}


@pytest.mark.parametrize("path", [WORDING, SETTING])
def test_a_freed_variable_is_searched_confirmed_and_saved(lab: Any, tmp_path: Path, path: str) -> None:
    """Candidates run with their values; the winner's are in the report and the saved program, which runs with them."""
    report = study(lab, path, CLEVER)
    assert report.verdict is Verdict.CONFIRMED
    assert report.best.assignment[path] == CLEVER
    assert any(each.values.get(path) == CLEVER for each in report.candidates)

    report.save(tmp_path / "best.json")
    loaded = ml.load(tmp_path / "best.json", lab.Sorter)
    for program, words in ((loaded, CLEVER), (lab.Sorter, PLAIN)):
        with ml.BlockingKernel(kernel(lab, "wording", "manner")) as door:
            door.run(program, {"text": "film-9999"})
        assert words in lab.shown(lab.model.requests[-1])


def test_a_kernel_without_the_middleware_refuses_the_saved_program(lab: Any, tmp_path: Path) -> None:
    """What was tuned with a middleware is not run without it: the error names it, and says how to have it."""
    study(lab, WORDING, CLEVER).save(tmp_path / "best.json")
    loaded = ml.load(tmp_path / "best.json", lab.Sorter)
    with ml.BlockingKernel(kernel(lab, "manner")) as door, pytest.raises(StateError, match=WORDING) as caught:
        door.run(loaded, {"text": "film-1"})
    assert 'middlewares = ["wording"]' in str(caught.value.hint)


def test_a_program_that_is_kept_as_declared_names_no_middleware(lab: Any) -> None:
    """Where nothing better was found, what is saved runs in any kernel, as the program did before."""
    report = study(lab, WORDING, DULL)
    assert report.verdict is not Verdict.CONFIRMED
    assert WORDING not in report.best.assignment


def test_a_study_that_frees_nothing_of_the_kernel_is_as_it_was(lab: Any, tmp_path: Path) -> None:
    """Variables around the program are no part of its study: space, candidates and digests are the same without."""
    reports = []
    for number, names in enumerate([(), ("wording", "manner")]):
        lab.home = tmp_path / str(number)
        lab.teleprompters["steps"] = lab.Steps(lab.evaluate(PLAIN, CLEVER, upto=30))
        with ml.BlockingKernel(kernel(lab, *names)) as door:
            reports.append(door.optimize(lab.Sorter, lab.rows(150), teleprompter="steps", free=["reply.*"]))
    assert told(reports[0]) == told(reports[1])
    assert reports[0].best.space == reports[1].best.space


def test_a_study_of_the_kernel_is_resumed(lab: Any, tmp_path: Path) -> None:
    """Rows and replies are known by the values they were made with: what was scored is not asked for again."""
    whole = study(lab, WORDING, CLEVER, seed=3)
    total, world = len(lab.model.requests), lab.world
    lab.home, lab.model.requests = tmp_path / "other", []

    def away(request: ModelRequest) -> str:
        if len(lab.model.requests) > 40:
            raise ModelError("the server is away")
        return str(world(request))

    lab.model.script = away
    with pytest.raises(ModelError, match="away"):
        study(lab, WORDING, CLEVER, seed=3)
    lab.model.script, lab.model.requests = world, []
    resumed = study(lab, WORDING, CLEVER, seed=3, resume=True)
    assert told(resumed) == told(whole)
    assert resumed.reused_calls == 40
    assert len(lab.model.requests) == total - 40


def test_the_kernel_itself_stays_as_it_is(lab: Any) -> None:
    """Values are of a candidate alone: neither the configuration nor the models of the kernel change."""
    lab.teleprompters["steps"] = lab.Steps(race(SETTING, CLEVER))
    made = kernel(lab, "wording", "manner")
    before = made.config.current
    with ml.BlockingKernel(made) as door:
        door.optimize(lab.Sorter, lab.rows(150), teleprompter="steps", free=["plugins.manner.*"])
        door.run(lab.Sorter, {"text": "film-9999"})
    assert PLAIN in lab.shown(lab.model.requests[-1])
    assert made.config.current is before
    assert made.space().defaults()[SETTING] == PLAIN


def test_a_path_that_is_nowhere_is_told_with_the_nearest(lab: Any) -> None:
    """A typing error is found before anything is asked, whether of the program or of the kernel."""
    with pytest.raises(DeclarationError, match=r"middlewares\.wording\.word`") as caught:
        study(lab, "middlewares.wording.word", CLEVER)
    assert WORDING in str(caught.value.hint)
    assert not lab.model.requests


def test_a_pattern_of_the_program_leaves_the_kernel_alone(lab: Any) -> None:
    """`*` frees what is declared; what stands around the program is freed by its own path only."""
    lab.teleprompters["steps"] = lab.Steps()
    with ml.BlockingKernel(kernel(lab, "wording")) as door:
        door.optimize(lab.Sorter, lab.rows(20), teleprompter="steps", free=["*"])
    assert not any(path.startswith("middlewares.") for path in lab.steps.contexts[0].space.paths)
