"""A study that decides between a language model and an estimator."""

import json
import re
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import ModelRequest
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

_FILM = ["plot", "cast", "scene", "director", "acting", "ending", "camera", "sequel"]
_NEWS = ["minister", "bank", "police", "shares", "election", "court", "mayor", "budget"]
_COMMON = ["the", "a", "of", "was", "and", "in", "long", "new", "old", "great", "very", "said"]


@frozen
class Post:
    sentence: str


@frozen
class Verdict:
    label: Literal["film", "news"]


class Sort(ml.Program[Post, Verdict]):
    """Say where the sentence is from."""

    strategy = ml.variable("direct", choices=["direct", "sklearn"])
    demos = ml.variable([], bank=[], maximum=30)
    reply = ml.predict(Verdict, using=strategy, demos=demos, adapter="json", model="scripted/model")


def rows(count: int = 120, seed: int = 0) -> list[dict[str, Any]]:
    """Return labelled sentences of common words and two that tell."""
    rng, found = Random(seed), list[dict[str, Any]]()
    for _ in range(count):
        label = rng.choice(["film", "news"])
        words = [*rng.sample(_COMMON, 6), *rng.sample(_FILM if label == "film" else _NEWS, 2)]
        rng.shuffle(words)
        found.append({"sentence": " ".join(words), "label": label})
    return found


_SHOWN = [{"inputs": {"sentence": row["sentence"]}, "outputs": {"label": row["label"]}} for row in rows(30)]


class Shown(ml.Program[Post, Verdict]):
    """Say where the sentence is from."""

    strategy = ml.variable("direct", choices=["direct", "sklearn"])
    demos = ml.variable(_SHOWN, bank=_SHOWN)
    reply = ml.predict(Verdict, using=strategy, demos=demos, adapter="json", model="scripted/model")


def _guess(_: ModelRequest) -> str:
    return '{"label": "film"}'


def _reads(request: ModelRequest) -> str:
    asked = set(re.findall(r"[a-z]+", request.messages[-1].content))
    return json.dumps({"label": "news" if asked.isdisjoint(_FILM) else "film"})


def _door(home: Path, model: ScriptedModel) -> ml.BlockingKernel:
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"model": model}))
    return ml.BlockingKernel(ml.Kernel(plugins=manager, home=home))


def _study(tmp_path: Path, script: Any, *, seed: int = 1) -> tuple[Any, ScriptedModel]:
    model = ScriptedModel(script=script)
    with _door(tmp_path, model) as door:
        report = door.optimize(
            Sort,
            rows(),
            metric="exact_match",
            teleprompter="random_search",
            budget=ml.Budget(calls=500),
            options={"candidates": 12},
            seed=seed,
        )
    return report, model


def test_an_estimator_wins_over_a_model_that_guesses(tmp_path: Path) -> None:
    """Where the model is poor the study ends with the estimator, which then answers for nothing."""
    report, model = _study(tmp_path, _guess)
    asked = len(model.requests)
    report.save(tmp_path / "best.json")
    tuned = ml.load(tmp_path / "best.json", Sort)
    with _door(tmp_path / "other", model) as door:
        result = door.run(tuned, Post("the plot and the cast"))

    assert report.best.assignment["strategy"] == "sklearn"
    assert report.tuned.mean >= report.baseline.mean + 0.2
    assert result.output.label in {"film", "news"}
    assert result.usage.calls == 0
    assert len(model.requests) == asked


def test_a_model_that_reads_wins_over_estimators(tmp_path: Path) -> None:
    """Where the model is good it is kept."""
    report, _ = _study(tmp_path, _reads)

    assert report.best.assignment["strategy"] == "direct"


@pytest.mark.parametrize("strategy", ["direct", "sklearn"])
def test_both_strategies_answer_alone(tmp_path: Path, strategy: str) -> None:
    """A program runs with either, chosen by one variable."""
    model = ScriptedModel(script=_reads)
    with _door(tmp_path, model) as door:
        result = door.run(Shown().with_values({"strategy": strategy}), Post("a great scene and the director"))

    assert result.output == Verdict("film")
    assert result.usage.calls == len(model.requests) == (1 if strategy == "direct" else 0)
