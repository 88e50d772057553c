"""Tests of the middleware `fallback`: during an outage somebody else answers, and says so."""

from typing import Any

import pytest

from elixirml.errors import (
    ModelAccessDenied,
    ModelDisconnected,
    ModelOverloaded,
    ModelRateLimited,
    ModelRequestInvalid,
    ModelTimeout,
)
from elixirml_resilience.fallback import Fallback

pytestmark = pytest.mark.anyio
BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])


@pytest.fixture
def covered(lab: Any) -> Any:
    """Makes a model whose spares are `test/b` and `test/c`, all of them covered by each other."""
    middleware = Fallback()
    lab.configured("fallback", models=("test/b", "test/c"))

    def make(**plans: Any) -> Any:
        models = {name: lab.model(*plan, name=f"test/{name}") for name, plan in plans.items()}
        lab.host.models = {each.name: lab.wrapped(middleware, each) for each in models.values()}
        return models, lab.host.models["test/a"]

    return make


@BOTH_WAYS
@pytest.mark.parametrize(
    "error",
    [
        ModelOverloaded("."),
        ModelOverloaded(".", code="circuit-open"),
        ModelDisconnected("."),
        ModelTimeout("."),
        ModelRateLimited("."),
        ModelRateLimited(".", code="model-quota"),
    ],
    ids=lambda error: error.code,
)
async def test_an_outage_is_covered(lab: Any, covered: Any, error: Any, *, streaming: bool) -> None:
    """The first that can answers, and the reply tells which it was."""
    models, model = covered(a=[error], b=[ModelOverloaded(".")], c=["theatre"])
    response = await lab.replied(model, lab.asking(), streaming=streaming)
    assert (response.text, response.model) == ("theatre", "test/c")
    assert [len(each.requests) for each in models.values()] == [1, 1, 1]


@BOTH_WAYS
async def test_nobody_is_asked_without_need(lab: Any, covered: Any, *, streaming: bool) -> None:
    """A reply is the model's own."""
    models, model = covered(a=["film"], b=["theatre"], c=["theatre"])
    response = await lab.replied(model, lab.asking(), streaming=streaming)
    assert (response.text, response.model) == ("film", "")
    assert models["b"].requests == []


@BOTH_WAYS
@pytest.mark.parametrize("error", [ModelRequestInvalid("."), ModelAccessDenied(".")], ids=lambda error: error.code)
async def test_other_errors_are_told(lab: Any, covered: Any, error: Any, *, streaming: bool) -> None:
    """A wrong key is no outage: hiding it would help nobody."""
    models, model = covered(a=[error], b=["theatre"], c=["theatre"])
    with pytest.raises(type(error)):
        await lab.replied(model, lab.asking(), streaming=streaming)
    assert models["b"].requests == []


@BOTH_WAYS
async def test_when_all_are_out_the_first_error_tells_of_the_others(lab: Any, covered: Any, *, streaming: bool) -> None:
    """Each was asked once: models that cover each other do not go round in circles."""
    models, model = covered(a=[ModelOverloaded("full")], b=[ModelTimeout("slow")], c=[ModelRequestInvalid("odd")])
    with pytest.raises(ModelOverloaded, match="full") as caught:
        await lab.replied(model, lab.asking(), streaming=streaming)
    assert caught.value.__notes__ == [
        "In its place test/b was asked: slow",
        "In its place test/c was asked: odd",
    ]
    assert [len(each.requests) for each in models.values()] == [1, 1, 1]


async def test_a_spare_that_is_not_installed_is_passed_over(lab: Any, covered: Any) -> None:
    """A name that was written wrongly does not hide the others."""
    _, model = covered(a=[ModelOverloaded(".")], c=["theatre"])
    assert (await model.complete(lab.asking())).model == "test/c"


async def test_a_spare_is_covered_when_it_is_asked_for_itself(lab: Any, covered: Any) -> None:
    """Standing in for another model is over with the call."""
    _, model = covered(a=[ModelOverloaded(".")], b=[ModelOverloaded(".")], c=["theatre"])
    await model.complete(lab.asking())
    assert (await lab.host.models["test/b"].complete(lab.asking())).model == "test/c"
