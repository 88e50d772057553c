"""What a predict stage adds to the space: its settings, the variables of what it may use, and which of them fit."""

from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Contribution, Signature
from elixirml.errors import DeclarationError, PluginFailed, ValidationError
from elixirml.plugins import PluginManager, Selection
from elixirml.plugins.records import PluginCandidate
from elixirml.programs.compiler import compile_program
from elixirml.testing.models import ScriptedProvider
from elixirml.variables import Choice, Float, Space, Variable


@frozen
class Text:
    text: str


@frozen
class Label:
    label: Literal["film", "book"]


def space_of(world: Any, *, output: Any = Label, prefix: str = "", **settings: Any) -> Space:
    stages: dict[str, Any] = {"reply": ml.predict(output, **settings)}
    program = ml.Program.create("P", inputs=Text, stages=stages, instruction="Sort.")
    if prefix:
        program = ml.Program.create("Q", inputs=Text, stages={prefix: program})
    space: Space = world.compile(program).space
    return space


def options(space: Space, path: str) -> tuple[Any, ...]:
    variable = space[path]
    assert isinstance(variable, Choice)
    return variable.options


def refused(world: Any, **settings: Any) -> DeclarationError:
    with pytest.raises(DeclarationError) as caught:
        space_of(world, **settings)
    return caught.value


def test_what_is_left_out_has_a_default(world: Any) -> None:
    """Instruction, demos and adapter are free; what steers cost and sampling is fixed; the adapter suits best."""
    space = space_of(world)

    assert {path: space[path].default for path in space.paths if path.count(".") == 1} == {
        "reply.predictor": "direct",
        "reply.adapter": "choice",
        "reply.instruction": space["reply.instruction"].default,
        "reply.model": "scripted/m",
        "reply.temperature": 0.0,
        "reply.max_tokens": 256,
        "reply.demos": [],
        "reply.repair": "fail",
    }
    assert [each.name for each in space.variables if not each.frozen and each.name.count(".") == 1] == [
        "reply.adapter",
        "reply.instruction",
        "reply.demos",
    ]
    assert space.resolve(space.defaults())["reply.instruction"] == "Sort."


def test_the_default_adapter_suits_what_the_predictor_asks_for(world: Any) -> None:
    """Labels alone suit `choice`; reasoning before the label does not, and nobody needs to know that."""
    space = space_of(world, using="chain_of_thought")

    assert space["reply.adapter"].default != "choice"
    assert "choice" not in options(space, "reply.adapter")


def test_a_free_predictor_keeps_every_adapter_that_suits_one_of_them(world: Any) -> None:
    """Combinations that do not fit are no assignments."""
    space = space_of(world, using=ml.variable("chain_of_thought", choices=["direct", "chain_of_thought"]))
    assert "choice" in options(space, "reply.adapter")

    with pytest.raises(ValidationError, match="cannot format what the predictor asks for"):
        space.validate(space.complete({"reply.adapter": "choice"}))
    space.validate(space.complete({"reply.adapter": "choice", "reply.predictor": "direct"}))


def test_a_predictor_that_is_freed_by_name_fits_too(world: Any) -> None:
    """A fixed predictor may be set by hand; the adapter must then suit the other one."""
    space = space_of(world)

    with pytest.raises(ValidationError, match="cannot format what the predictor asks for"):
        space.validate(space.complete({"reply.predictor": "chain_of_thought"}))
    space.validate(space.complete({"reply.predictor": "chain_of_thought", "reply.adapter": "json"}))


def test_plain_values_are_fixed(world: Any) -> None:
    """A value that is given is kept, however far out it is."""
    space = space_of(
        world,
        instruction="",
        adapter="json",
        model="other/model",
        temperature=3,
        max_tokens=100_000,
        using="direct",
    )
    values = space.resolve(space.defaults())

    assert {path: values[path] for path in values if path.count(".") == 1} == {
        "reply.predictor": "direct",
        "reply.adapter": "json",
        "reply.instruction": "",
        "reply.model": "other/model",
        "reply.temperature": 3.0,
        "reply.max_tokens": 100_000,
        "reply.demos": [],
        "reply.repair": "fail",
    }
    assert not {"reply.adapter", "reply.temperature"} & {each.name for each in space.searchable}


def test_a_variable_of_the_program_is_shared_and_one_of_the_stage_is_not(world: Any) -> None:
    """Declared on the program it keeps its path; given in place it gets that of the setting; in sub-programs too."""
    heat = ml.variable(0.5, low=0.0, high=1.0)
    inner = ml.Program.create(
        "P",
        inputs=Text,
        stages={
            "heat": heat,
            "one": ml.predict(Label, temperature=heat, using=ml.variable("direct", choices=["direct"])),
            "two": ml.predict(
                Label,
                temperature=heat,
                max_tokens=ml.variable(9, low=1, high=99, active_if=ml.when("one.predictor").equals("direct")),
            ),
        },
    )
    outer = world.compile(ml.Program.create("Q", inputs=Text, stages={"sub": inner}))
    one, two = outer.predict_nodes()

    assert one.settings["temperature"] == two.settings["temperature"] == "sub.heat"
    assert two.settings["max_tokens"] == "sub.two.max_tokens"
    assert outer.space["sub.two.max_tokens"].active_if.paths == ("sub.one.predictor",)


def test_capabilities_without_options_take_what_is_installed(world: Any) -> None:
    """`kind="adapter"` means any installed one: search may choose, on the program or in place; a fixed list stays."""
    shared = ml.variable("json", kind="adapter")
    program = ml.Program.create(
        "P",
        inputs=Text,
        stages={
            "shared": shared,
            "model": ml.variable("scripted/m", kind="model"),
            "one": ml.predict(Text, adapter=shared, using=ml.variable("direct", kind="predictor")),
            "two": ml.predict(Text, adapter=ml.variable("json", kind="adapter", choices=["json", "xml"])),
        },
    )
    space = world.compile(program).space

    assert options(space, "shared") == world.kernel.capabilities.names("adapters")
    assert options(space, "one.predictor") == world.kernel.capabilities.names("predictors")
    assert options(space, "two.adapter") == ("json", "xml")
    assert options(space, "model") == ()


@pytest.mark.parametrize(
    ("settings", "code", "message", "hint"),
    [
        ({"using": "dirct"}, "capability-missing", "the predictor `dirct`", "Did you mean `direct`?"),
        (
            {"using": ml.variable("direct", choices=["direct", "no_such", "x"])},
            "capability-missing",
            "the predictor `no_such`, `x`",
            "Known here",
        ),
        ({"adapter": ml.variable("jsn", kind="adapter")}, "capability-missing", "adapter `jsn`", "Did you mean `json`"),
        ({"model": "gpt"}, "model-name", "`gpt`, which is not a full name", "provider/model"),
        ({"model": ml.variable("a/b", choices=["a/b", "/b"])}, "model-name", "`/b`", "provider/model"),
        ({"temperature": True}, "setting-value", "is a number, not True", "low=0.0"),
        ({"temperature": -1}, "declaration", "outside its domain", ""),
        ({"max_tokens": 0}, "setting-value", "a whole number, 1 or more, not 0", "low=1"),
        ({"max_tokens": 1.5}, "setting-value", "not 1.5", "low=1"),
        ({"demos": []}, "setting-value", "is a Subset variable over worked examples, not []", "maximum=8"),
        ({"temperature": ml.variable(1, low=0, high=2)}, "variable-kind", "takes a Float variable, not Integer", "0.0"),
        ({"using": ml.variable(True)}, "variable-kind", "takes a Capability or Choice variable, not Boolean", "direct"),
        ({"instruction": ml.variable("a", choices=["a", "b"])}, "variable-kind", "takes a Text variable", "bank="),
        ({"demos": ml.variable([{"text": "x"}], bank=[])}, "demo-shape", "is not a worked example", '"inputs"'),
        ({"demos": ml.variable([1], bank=[])}, "demo-shape", "is not a worked example", '"inputs"'),
        ({"using": "chain_of_thought", "adapter": "choice"}, "adapter-unsuited", "cannot format", "json, sections"),
    ],
)
def test_a_wrong_setting_is_named(world: Any, settings: dict[str, Any], code: str, message: str, hint: str) -> None:
    """Nothing of a setting is passed over or bent into shape."""
    error = refused(world, **settings)

    assert (error.code, message in str(error), hint in str(error)) == (code, True, True), str(error)
    assert f"\n  at {__file__}:" in str(error)


def test_examples_in_hints_can_be_written(world: Any) -> None:
    """What a hint shows is a declaration that works."""
    for name, value in {"temperature": "x", "max_tokens": "x", "demos": "x"}.items():
        hint = str(refused(world, **{name: value}).hint)
        example = hint.partition("as in `")[2].partition("`.")[0]
        made = eval(example, {"ml": ml})  # noqa: S307 - the example of a message
        assert isinstance(made, Variable)
        settings: dict[str, Any] = {name: made}
        assert space_of(world, **settings)


def test_demos_that_are_declared_reach_the_space(world: Any) -> None:
    """Worked examples are entries of the stage's bank."""
    demo: Any = {"inputs": {"text": "dune"}, "outputs": {"label": "book"}}
    space = space_of(world, demos=ml.variable([demo], bank=[], maximum=4))

    assert space.resolve(space.defaults())["reply.demos"] == [demo]


class Broken:
    """A provider, or a predictor, of a plugin that fails."""

    def models(self) -> tuple[Any, ...]:
        raise PluginFailed("broken")

    def extend(self, signature: Signature) -> Signature:
        raise PluginFailed("broken")

    def variables(self, signature: Signature) -> tuple[()]:
        return ()


def test_a_stage_needs_a_model(world: Any) -> None:
    """The first installed one is the default; without any, the message says how to get one; a broken one is passed."""
    manager = PluginManager.load(Selection(only=["schemas", "adapters", "predictors"]))
    world._kernel = ml.Kernel(plugins=manager, home=world.home)
    manager.registry.offer("language_models", "aaa", Broken())
    error = refused(world)
    assert error.code == "model-missing"
    assert "elixirml models get" in str(error)

    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": world.model}))
    assert space_of(world)["reply.model"].default == "scripted/m"


class Suited:
    """An adapter that suits as it is told."""

    def __init__(self, *, suits: int) -> None:
        self.score = suits

    def suits(self, signature: Signature) -> int:
        return self.score

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        return (Float("warmth", default=0.5, low=0.0, high=1.0),)


def test_variables_of_a_capability_are_active_while_it_is_chosen(world: Any) -> None:
    """They stand below the stage and the name of what offers them."""
    world.kernel.plugins.registry.offer("adapters", "warm", Suited(suits=90))
    space = space_of(world, output=Text)

    assert space["reply.adapter"].default == "warm"
    assert "reply.warm.warmth" in space.canonical(space.defaults())
    assert "reply.warm.warmth" not in space.canonical(space.complete({"reply.adapter": "json"}))


def test_where_no_adapter_suits_the_broken_ones_are_named(world: Any, tmp_path: Any) -> None:
    """The reasons of those that could not be used are the hint."""
    registry = world.kernel.plugins.registry
    for name in registry.names("adapters"):
        registry.offer("adapters", name, Suited(suits=0))
    assert "pip install elixirml-adapters" in str(refused(world))


def test_an_adapter_that_cannot_be_had_is_passed_over(world: Any) -> None:
    """Unless none is left; then its reason is the hint."""
    registry = world.kernel.plugins.registry
    target = Contribution("aaa", "no_such_module:Adapter", "broken")
    registry.add("adapters", target, origin=PluginCandidate("aaa", "elixirml-aaa"))
    assert "aaa" not in options(space_of(world), "reply.adapter")

    for name in registry.names("adapters"):
        if name != "aaa":
            registry.offer("adapters", name, Suited(suits=0))
    assert "No module named 'no_such_module'" in str(refused(world))


class Asked:
    """Capabilities that keep the names of the adapters and predictors they are asked for."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.names_asked: list[str] = []

    def adapter(self, name: str) -> Any:
        self.names_asked.append(name)
        return self._inner.adapter(name)

    def predictor(self, name: str) -> Any:
        self.names_asked.append(name)
        return self._inner.predictor(name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_what_stages_have_in_common_is_looked_up_once(world: Any) -> None:
    """However many stages use an adapter or a predictor, sub-programs included."""
    stages = {f"s{number}": ml.predict(Label) for number in range(3)}
    inner = ml.Program.create("Inner", inputs=Text, stages=stages)
    program = ml.Program.create("Outer", inputs=Text, stages={"inner": inner, **stages})
    asked: Any = Asked(world.kernel.capabilities)
    compile_program(program.declaration, asked)

    assert len(asked.names_asked) == len(set(asked.names_asked)) > 0


def test_stages_that_give_the_same_have_variables_of_their_own(world: Any) -> None:
    """Each at its own path and free to take its own value, with a default that no other one holds."""
    stages = {name: ml.predict(Label, temperature=value) for name, value in (("a", 1.0), ("b", 0.0), ("c", 1.0))}
    space = world.compile(ml.Program.create("P", inputs=Text, stages=stages)).space
    values = space.complete({"a.temperature": 0.5, "a.demos": []})

    assert [values[f"{name}.temperature"] for name in "abc"] == [0.5, 0.0, 1.0]
    assert len({id(space[f"{name}.demos"].default) for name in "abc"}) == 3


def test_a_broken_predictor_that_is_asked_for_is_an_error(world: Any) -> None:
    """With an adapter of the user's own choice too."""
    world.kernel.plugins.registry.offer("predictors", "aaa", Broken())
    for settings in ({"using": "aaa"}, {"using": "aaa", "adapter": "json"}):
        with pytest.raises(PluginFailed, match="broken"):
            space_of(world, **settings)


def test_a_broken_predictor_only_matters_where_it_is_the_default(world: Any) -> None:
    """A plugin that fails does not take every program with it."""
    world.kernel.plugins.registry.offer("predictors", "aaa", Broken())
    space = space_of(world)

    with pytest.raises(ValidationError, match="cannot format"):
        space.validate(space.complete({"reply.predictor": "aaa"}))
