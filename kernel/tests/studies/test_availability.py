"""Tests of `elixirml.studies.availability`: models that are not there are not searched, and that is told."""

from pathlib import Path
from typing import Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Needs, PredictorBase
from elixirml.errors import ElixirError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider


@frozen
class Text:
    text: str


@frozen
class Kind:
    kind: Literal["film", "news"]


class Choosing(ml.Program[Text, Kind]):
    """Say what kind of text it is."""

    model = ml.variable("scripted/a", choices=["scripted/a", "scripted/b", "scripted/none", "absent/model"])
    reply = ml.predict(Kind, model=model, adapter="json", using="direct")


@pytest.fixture
def kernel(tmp_path: Path) -> ml.Kernel:
    manager = PluginManager.load()
    replies = ['{"kind": "film"}']
    models = {each: ScriptedModel(name=f"scripted/{each}", script=replies) for each in "ab"}
    manager.registry.offer("language_models", "scripted", ScriptedProvider(models))
    return ml.Kernel(plugins=manager, home=tmp_path)


ROWS = [ml.Example(str(n), {"text": f"text {n}"}, {"kind": "film" if n % 2 else "news"}) for n in range(20)]


def test_a_model_that_is_not_there_is_not_searched(kernel: ml.Kernel) -> None:
    """A choice may list models of providers that are not installed: the study goes on without them and says so."""
    with ml.BlockingKernel(kernel) as door:
        report = door.optimize(Choosing(), ROWS, teleprompter="random_search", budget=ml.Budget(calls=60))

    tried = {str(each.values.get("model", "scripted/a")) for each in report.candidates}
    assert tried <= {"scripted/a", "scripted/b"}
    assert any("`absent/model` is not searched" in each and "pip install" in each for each in report.notes)
    assert any("`scripted/none` is not searched" in each for each in report.notes)


class Needy(PredictorBase):
    """A predictor that uses a tool nobody offers."""

    def needs(self) -> Needs:
        return Needs(tools={"scales": "toy-scales"})


def test_a_predictor_that_cannot_be_used_is_not_searched(kernel: ml.Kernel) -> None:
    """The study goes on without it, and says what to install or to mend."""

    class Strategies(ml.Program[Text, Kind]):
        """Say what kind of text it is."""

        how = ml.variable("direct", choices=["direct", "chain_of_thought", "needy"])
        reply = ml.predict(Kind, model="scripted/a", adapter="json", using=how)

    kernel.plugins.registry.offer("predictors", "needy", Needy())
    with ml.BlockingKernel(kernel) as door:
        report = door.optimize(Strategies(), ROWS, teleprompter="random_search", budget=ml.Budget(calls=60))

    assert {str(each.values.get("how", "direct")) for each in report.candidates} <= {"direct", "chain_of_thought"}
    assert any("`needy` is not searched: it needs the tool `scales`" in each for each in report.notes)
    assert any("pip install toy-scales" in each for each in report.notes)


def test_the_tuned_program_is_still_one_of_the_declaration(kernel: ml.Kernel, tmp_path: Path) -> None:
    """What was not searched here may be there elsewhere: the saved program fits the program as declared."""
    with ml.BlockingKernel(kernel) as door:
        door.optimize(Choosing(), ROWS, teleprompter="random_search", budget=ml.Budget(calls=40)).save(
            tmp_path / "s.json"
        )
        result = door.run(ml.load(tmp_path / "s.json", Choosing), {"text": "one"})

    assert result.output.kind == "film"


def test_a_program_whose_own_model_is_missing_is_refused(kernel: ml.Kernel) -> None:
    """A study never swaps the declared model for another one."""

    class Lost(ml.Program[Text, Kind]):
        """Say what kind of text it is."""

        model = ml.variable("absent/model", choices=["absent/model", "scripted/a"])
        reply = ml.predict(Kind, model=model, adapter="json", using="direct")

    with ml.BlockingKernel(kernel) as door, pytest.raises(ElixirError, match="absent"):
        door.optimize(Lost(), ROWS, teleprompter="random_search", budget=ml.Budget(calls=60))
