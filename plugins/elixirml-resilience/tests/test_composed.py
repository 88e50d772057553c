"""Tests of the middlewares together: in their order, around an honest model, without a secret on the way."""

import base64
import itertools
import logging
import random
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from attrs import define
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import elixirml as ml
from elixirml.contracts import ORDERS, Direction, Example, ModelResponse, Prediction, Score, Usage
from elixirml.errors import BudgetExceeded, ModelError, ModelOverloaded, ModelRateLimited
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider
from elixirml_resilience.breaker import Breaker
from elixirml_resilience.cache import Cache
from elixirml_resilience.coalesce import Coalesce
from elixirml_resilience.config import ResilienceConfig
from elixirml_resilience.fallback import Fallback
from elixirml_resilience.gate import Gate
from elixirml_resilience.hedge import Hedge
from elixirml_resilience.rate_limit import RateLimit
from elixirml_resilience.record import Record
from elixirml_resilience.retry import Retry

ALL = {
    "record": Record,
    "cache": Cache,
    "coalesce": Coalesce,
    "fallback": Fallback,
    "hedge": Hedge,
    "retry": Retry,
    "breaker": Breaker,
    "rate_limit": RateLimit,
    "gate": Gate,
}
CANARY = "sk-canary-0815"
ASK = ml.predict("question -> answer", adapter="json")


def around(lab: Any, names: Any, model: Any) -> Any:
    """A model inside middlewares of some names, in their declared order."""
    return lab.wrapped([ALL[name]() for name in sorted(names, key=lambda name: ORDERS[name])], model)


def test_the_plugin_offers_them_under_their_names_and_orders() -> None:
    """What the kernel resolves is what is tested here, and needs no argument."""
    registry = PluginManager.load().registry
    for name, kind in ALL.items():
        found = registry.resolve("middlewares", name)
        assert isinstance(found, kind)
        assert found.order == ORDERS[name]
        assert all(each.name.isidentifier() for each in found.variables())
    assert registry.resolve("configurations", "resilience") is ResilienceConfig


def test_what_is_configured_is_the_default_of_a_variable(lab: Any) -> None:
    """Who tunes starts from what is in force; without a configuration, the variable and the table agree."""
    for name, kind in ALL.items():
        middleware = kind()
        for each in middleware.variables():
            assert each.default == getattr(getattr(ResilienceConfig(), name), each.name)
            other = not each.default if isinstance(each.default, bool) else each.default / 2
            lab.configured(name, **{each.name: other})
            assert middleware.configured(lab.host)[each.name] == other


def test_each_is_tunable_and_keeps_its_place(tmp_path: Path) -> None:
    """Whatever order they are named in, all nine stand in the declared one, and each can be varied in a study."""
    kernel = ml.Kernel(plugins=PluginManager.load(), home=tmp_path, middlewares=sorted(ALL))
    assert kernel.middlewares.names == tuple(sorted(ALL, key=lambda name: ORDERS[name]))
    paths = kernel.space().paths
    for name in ALL:
        assert f"middlewares.{name}.enabled" in paths
    assert {"middlewares.retry.max_retries", "middlewares.hedge.share", "middlewares.breaker.pause"} <= set(paths)


@pytest.mark.anyio
@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
async def test_all_of_them_around_a_model_are_the_model(lab: Any, tmp_path: Path, *, streaming: bool) -> None:
    """Name, capabilities, fingerprint and reply."""
    lab.configured("record", file=tmp_path / "cassette.jsonl")
    model = lab.model("theatre")
    whole = around(lab, ALL, model)
    for name in ("name", "capabilities", "fingerprint", "concurrency"):
        assert getattr(whole, name) == getattr(model, name)
    first = await lab.replied(whole, lab.asking(), streaming=streaming)
    again = await lab.replied(whole, lab.asking(), streaming=streaming)
    assert (first.text, again.text, again.cached) == ("theatre", "theatre", True)
    assert len(model.requests) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.sets(st.sampled_from(sorted(ALL))),
    asked=st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.sampled_from([0.0, 1.0])), max_size=8),
    data=st.data(),
)
def test_any_of_them_around_an_honest_model_reply_as_it_does(
    lab: Any, names: set[str], asked: Any, data: Any, tmp_path: Path
) -> None:
    """Whatever stands between, and whatever fails for a moment, the reply is the model's own."""
    lab.configured("record", file=tmp_path / str(random.random()))
    lab.host.cache_dir = tmp_path / str(random.random())
    faults = iter(data.draw(st.lists(st.booleans(), max_size=4)) if "retry" in names else [])
    was_fault = False

    def honest(request: Any) -> Any:
        nonlocal was_fault
        was_fault = not was_fault and next(faults, False)
        return ModelOverloaded("for a moment") if was_fault else f"reply to {request.messages[0].content}"

    model = around(lab, names, lab.model(honest))

    async def work() -> list[Any]:
        return await lab.all_of(
            *[
                lambda text=text, streaming=streaming, heat=heat: lab.replied(
                    model, lab.asking(text, temperature=heat), streaming=streaming
                )
                for text, streaming, heat in asked
            ]
        )

    found = lab.in_fake_time(work)
    assert [each.text for each in found] == [f"reply to {text}" for text, _, _ in asked]
    assert all(each.usage == Usage() for each in found if each.cached)


def test_each_attempt_waits_for_the_rate_and_a_hit_for_nothing(lab: Any, tmp_path: Path) -> None:
    """The order matters: limits are within retries, the cache is outside of both."""
    lab.configured("record", file=tmp_path / "cassette.jsonl")
    lab.configured("rate_limit", requests_per_minute=1.0)
    model = lab.model(ModelOverloaded("."), "film")
    whole = around(lab, set(ALL) - {"record"}, model)

    async def work() -> list[float]:
        times = []
        for _ in range(5):
            await whole.complete(lab.asking())
            times.append(anyio.current_time())
        return times

    first, *later = lab.in_fake_time(work)
    assert first == pytest.approx(60)
    assert later == [pytest.approx(first, abs=1)] * 4


def test_a_burst_of_refusals_ends_well(lab: Any) -> None:
    """A provider that takes two a second gets them, and everybody is answered."""
    taken: list[float] = []

    def strict(_request: Any) -> Any:
        now = anyio.current_time()
        if sum(now - each < 1 for each in taken) >= 2:
            return ModelRateLimited(".", retry_after=1.0, status=429)
        taken.append(now)
        return "film"

    lab.configured("retry", max_retries=20, budget_reserve=100)
    provider = lab.model(strict, concurrency=4)
    model = around(lab, {"retry", "rate_limit", "gate"}, provider)

    async def work() -> list[Any]:
        return await lab.all_of(*[lambda text=str(n): model.complete(lab.asking(text)) for n in range(20)])

    assert [getattr(each, "text", each) for each in lab.in_fake_time(work)] == ["film"] * 20
    assert len(provider.requests) <= 60


@define(eq=False)
class Keyed:
    """A model that has a key, and shows it wherever a careless one would."""

    inner: Any
    key: str = CANARY

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def written_below(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())


@pytest.mark.anyio
async def test_a_key_is_nowhere(lab: Any, tmp_path: Path, caplog: Any) -> None:
    """Not on a cassette, in a cache, in a repr, in a log at DEBUG, nor in an error."""
    lab.configured("record", file=tmp_path / "cassette.jsonl")
    lab.configured("retry", base=0.0)
    model = Keyed(lab.model(ModelOverloaded("."), "film", ModelOverloaded(".")))
    shown = ""
    with caplog.at_level(logging.DEBUG):
        for count in range(1, len(ALL) + 1):
            for names in itertools.islice(itertools.combinations(ALL, count), 5):
                wrapped = around(lab, names, model)
                shown += repr(wrapped) + repr(wrapped.__class__)
        whole = around(lab, ALL, model)
        await whole.complete(lab.asking())
        with pytest.raises(ModelError) as caught:
            await whole.complete(lab.asking("another"))
    shown += caplog.text + str(caught.value) + repr(caught.value) + repr(caught.value.__dict__)
    written = written_below(tmp_path) + shown.encode()
    assert b"film" in written
    for form in (CANARY, quote(CANARY, safe=""), base64.b64encode(CANARY.encode()).decode()[:-4]):
        assert form.encode() not in written


@pytest.fixture
def kernel(tmp_path: Path) -> Any:
    """Makes a kernel with middlewares around one scripted model."""

    def make(model: Any, *middlewares: Any, spare: Any = None, **config: Any) -> ml.Kernel:
        plugins = PluginManager.load()
        plugins.registry.offer("language_models", "scripted", ScriptedProvider({"m": model, "spare": spare}))
        return ml.Kernel(
            plugins=plugins,
            model="scripted/m",
            home=tmp_path / "home",
            cache=tmp_path / "cache",
            middlewares=middlewares,
            config={"resilience": config},
        )

    return make


@define
class Unsteady(ScriptedModel):
    """Fails before each reply, as often as told."""

    faults: int = 0
    asked: int = 0

    async def complete(self, request: Any) -> ModelResponse:
        self.asked += 1
        if self.asked % (self.faults + 1):
            raise ModelOverloaded("for a moment")
        return await super().complete(request)


@pytest.mark.anyio
async def test_a_run_is_charged_for_every_attempt(kernel: Any) -> None:
    """Two that failed and one that came are three calls."""
    model = Unsteady(script=['{"answer": "x"}'], faults=2)
    async with kernel(model, "retry", "gate", "breaker", "rate_limit", retry={"base": 0.0}) as running:
        result = await running.run(ASK, {"question": "?"})
    assert (result.output.answer, result.usage.calls) == ("x", 3)


@pytest.mark.anyio
async def test_a_cached_run_costs_no_tokens(kernel: Any) -> None:
    """And the reply outlives the kernel."""
    for asked in (1, 0):
        model = ScriptedModel(script=['{"answer": "x"}'])
        async with kernel(model, "cache", "coalesce", "fallback", "hedge") as running:
            results = [await running.run(ASK, {"question": "?"}) for _ in range(3)]
        assert [each.output.answer for each in results] == ["x"] * 3
        assert sum(each.usage.tokens_out for each in results) == len(model.requests) == asked


@pytest.mark.anyio
async def test_a_cached_reply_is_no_call(kernel: Any) -> None:
    """A budget of calls is for calls that were made."""
    async with kernel(ScriptedModel(script=['{"answer": "x"}']), "cache") as running:
        results = [await running.run(ASK, {"question": "?"}) for _ in range(3)]
    assert [each.usage.calls for each in results] == [1, 0, 0]


@pytest.mark.anyio
async def test_a_stand_in_is_another_model_of_the_kernel(kernel: Any) -> None:
    """It is opened by its name, inside the same middlewares."""
    model = Unsteady(name="scripted/m", script=["-"], faults=1000)
    spare = ScriptedModel(name="scripted/spare", script=['{"answer": "y"}'])
    config = {"fallback": {"models": ["scripted/spare"]}, "retry": {"base": 0.0}}
    async with kernel(model, "fallback", "retry", spare=spare, **config) as running:
        result = await running.run(ASK, {"question": "?"})
    assert result.output.answer == "y"
    assert result.trace.stages[0].exchanges[0].response.model == "scripted/spare"


@pytest.mark.anyio
async def test_a_used_up_budget_lets_a_cached_reply_through(kernel: Any) -> None:
    """Whoever may not ask any more may still be told what is known; nothing else is asked of the model."""
    model = ScriptedModel(script=['{"answer": "x"}'])
    async with kernel(model, *[each for each in ALL if each != "record"]) as running:
        asked = [{"question": each} for each in ("a", "a", "b", "a")]
        found = await running.batch(ASK, asked, width=1, budget=ml.Budget(calls=1))
    assert [isinstance(each, BudgetExceeded) for each in found] == [False, False, True, False]
    assert len(model.requests) == 1


@define
class Answers:
    """A metric that likes any answer."""

    direction: Direction = Direction.MAXIMIZE
    unit: str = "fraction"
    failure: float = 0.0

    def score(self, example: Example, prediction: Prediction) -> Score:
        _ = example, prediction
        return Score(1.0)


def test_a_key_is_in_no_journal(kernel: Any, tmp_path: Path) -> None:
    """An evaluation writes replies, rows and faults to the ledger: what the model knows beside them stays out."""
    made = kernel(Keyed(ScriptedModel(name="scripted/m", script=['{"answer": "x"}'])), "cache", "retry")
    made.plugins.registry.offer("metrics", "answers", Answers())
    rows = [{"question": str(number), "answer": "x"} for number in range(3)]
    with ml.BlockingKernel(made) as door:
        door.evaluate(ASK, rows, metrics=["answers"])
    written = written_below(tmp_path)
    assert (tmp_path / "home" / "ledger.sqlite3").exists()
    assert b"answer" in written
    assert CANARY.encode() not in written
