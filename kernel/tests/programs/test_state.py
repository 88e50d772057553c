"""Saved programs: JSON that holds values only, and refuses everything but the program it was saved from."""

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import elixirml as ml
from elixirml.errors import ConfigError, DeclarationError, PluginMissing, StateError, ValidationError
from elixirml.programs.assigning import saved_program
from elixirml.programs.state import SavedProgram, read_saved
from elixirml.variables import Entry


@frozen
class Question:
    question: str


@frozen
class Answer:
    answer: str


def declare(*, name: str = "QA", source: str = "strip", field: str = "answer", tone: str = "plain") -> Any:
    """One declaration, with one thing changed."""
    outputs: Any = {"answer": Answer}.get(field)

    class QA(ml.Program[Question, Any]):
        """Answer the question."""

        tone = ml.variable("plain", choices=["plain", "warm"])
        shout = ml.variable(compute=double, inputs=["level"])
        level = ml.variable(1, low=0, high=4)
        question = ml.stage(STAGES[source])
        reply = ml.predict(
            outputs or f"question -> {field}",
            adapter="json",
            demos=ml.variable([DEMO], bank=[], maximum=3),
        )

    QA.declaration = evolve(QA.declaration, name=name, outputs=outputs)
    if tone != "plain":
        members = {**QA.declaration.members, "tone": ml.variable("warm", choices=["plain", "warm"])}
        QA.declaration = evolve(QA.declaration, members=members)
    return QA


DEMO: Any = {"inputs": {"question": "1+1"}, "outputs": {"answer": "2"}}


def double(level: int) -> int:
    return 2 * level


def strip(self: Any, question: str) -> str:
    return question.strip()


def lower(self: Any, question: str) -> str:
    return question.lower()


STAGES = {"strip": strip, "lower": lower}


def saved(world: Any, program: Any, values: dict[str, Any] | None = None, **about: Any) -> SavedProgram:
    runner = world.kernel.runner(program)
    own = runner.assigned()
    assignment = own.space.updated(own.assignment, values or {})
    return saved_program(runner.compiled, own.space, assignment, capabilities=runner.capabilities, about=about)


def test_what_is_saved_is_what_is_loaded(world: Any, tmp_path: Path) -> None:
    """A round trip through a file keeps every value, the entries they name, and what the program needs."""
    state = saved(world, declare(), {"tone": "warm", "level": 2, "reply.demos": []}, score=0.5)
    path = state.save(tmp_path / "deep" / "qa.json")
    loaded = ml.load(path, declare())
    own = world.kernel.runner(loaded).assigned()

    assert read_saved(path) == state
    assert own.assignment["tone"] == "warm"
    assert (own.assignment["level"], own.assignment["shout"]) == (2, 4)
    assert own.assignment["reply.demos"] == []
    assert state.requires == {"elixirml-adapters": "0.1.0", "elixirml-predictors": "0.1.0"}
    assert state.with_about({"score": 1}).about == {"score": 1}


def test_values_are_shown_as_people_read_them(world: Any) -> None:
    """Texts in place of ids, demos by their number, by path."""
    readable = saved(world, declare(), {"tone": "warm"}).readable()

    assert list(readable) == sorted(readable)
    assert readable["reply.instruction"] == "Answer the question."
    assert (readable["reply.demos"], readable["tone"], readable["level"]) == ("1 entries", "warm", "1")
    assert saved(world, declare(), {"reply.demos": []}).readable()["reply.demos"] == "none"


def test_what_several_stages_use_is_needed_once(world: Any) -> None:
    """Names are gathered over all predict stages, those of sub-programs too."""
    inner = ml.Program.create("I", inputs="question", stages={"reply": ml.predict("question -> answer")})
    stages = {"inner": inner, "a": ml.predict("question -> x"), "b": ml.predict("question -> y")}
    outer = ml.Program.create("O", inputs="question", stages=stages)

    assert saved(world, outer).requires == {"elixirml-adapters": "0.1.0", "elixirml-predictors": "0.1.0"}


@pytest.mark.parametrize(("policy", "adapters"), [("sections", ["json", "sections"]), ("local", ["json"])])
def test_the_adapter_that_repairs_is_needed_too(world: Any, policy: str, adapters: list[str]) -> None:
    """Of the policies, only the name of an adapter is something to be installed."""
    asked: dict[str, Any] = {}

    class Needs:
        def __getattr__(self, name: str) -> Any:
            return getattr(runner.capabilities, name)

        def requires(self, used: Any) -> dict[str, str]:
            asked.update(used)
            return {}

    stages = {"reply": ml.predict("question -> answer", adapter="json", repair=policy)}
    runner = world.kernel.runner(ml.Program.create("O", inputs="question", stages=stages))
    own = runner.assigned()
    saved_program(runner.compiled, own.space, own.assignment, capabilities=Needs())

    assert asked["adapters"] == adapters


def test_a_file_holds_no_code_and_no_secret(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain JSON with known keys: nothing of the source of a stage, nothing of the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    text = saved(world, declare()).save(tmp_path / "qa.json").read_text(encoding="utf-8")

    assert list(json.loads(text)) == [
        "schema",
        "program",
        "digest",
        "structure",
        "space",
        "assignment",
        "banks",
        "requires",
        "about",
    ]
    for word in ("sk-very-secret", "strip()", "def ", "import", __file__, __name__):
        assert word not in text


def test_values_set_by_hand_win_over_saved_ones(world: Any) -> None:
    """And what is computed follows them."""
    loaded = declare()().with_saved(saved(world, declare(), {"level": 2, "tone": "warm"}))
    own = world.kernel.runner(loaded.with_values({"level": 3})).assigned()

    assert (own.assignment["level"], own.assignment["shout"], own.assignment["tone"]) == (3, 6, "warm")


def test_entries_that_were_found_while_tuning_come_along(world: Any) -> None:
    """Instructions and demos that the declaration does not have are in the file, and only those that are used."""
    runner = world.kernel.runner(declare())
    own = runner.assigned()
    banks = own.space.banks
    found, unused = Entry.of("Answer well.", origin="proposer"), Entry.of("Answer badly.", origin="proposer")
    space = own.space.with_banks({"reply.instruction": banks["reply.instruction"].extended([found, unused])})
    tuned = space.updated(own.assignment, {"reply.instruction": found.id})
    state = saved_program(runner.compiled, space, tuned, capabilities=runner.capabilities)
    state = SavedProgram.from_json(json.loads(json.dumps(state.to_json())))
    world.answers('{"answer": "2"}')

    assert [entry.value for entry in state.banks["reply.instruction"]] == ["Answer well."]
    world.run(declare()().with_saved(state), {"question": "1+1"})
    assert "Answer well." in world.prompts[0]


@pytest.mark.parametrize(
    ("other", "code", "message"),
    [
        ({"name": "Other"}, "state-other-program", "is of the program `QA`, not of `Other`"),
        ({"field": "verdict"}, "state-structure", "its instruction, fields, stages or variables differ"),
        ({"tone": "warm"}, "state-structure", "its instruction, fields, stages or variables differ"),
        ({"source": "lower"}, "state-source", "The Python source of a stage of `QA` has changed"),
    ],
)
def test_any_other_declaration_is_refused_before_a_model_call(
    world: Any, other: dict[str, str], code: str, message: str
) -> None:
    """By name, by structure, by the source of a stage; each says which."""
    state = saved(world, declare())

    with pytest.raises(StateError) as caught:
        world.run(declare(**other)().with_saved(state), {"question": "?"})

    assert (caught.value.code, message in str(caught.value)) == (code, True)
    assert caught.value.hint
    assert world.model.requests == []


def test_another_source_may_be_accepted_knowingly(world: Any, tmp_path: Path) -> None:
    """`accept_source=True` accepts stages that were edited; fields and variables it does not."""
    path = saved(world, declare(), {"tone": "warm"}).save(tmp_path / "qa.json")
    loaded = ml.load(path, declare(source="lower"), accept_source=True)

    assert world.kernel.runner(loaded).assigned().assignment["tone"] == "warm"
    with pytest.raises(StateError, match="variables differ"):
        world.kernel.runner(ml.load(path, declare(tone="warm"), accept_source=True)).assigned()


def test_a_program_without_a_class_can_be_loaded(world: Any, tmp_path: Path) -> None:
    """An instance, as `Program.create` and `ml.program` make, is a declaration as well."""
    made = ml.Program.create("Made", inputs="question", stages={"reply": ml.predict("question -> answer")})
    path = saved(world, made, {"reply.adapter": "xml"}).save(tmp_path / "made.json")

    assert world.kernel.runner(ml.load(path, made)).assigned().assignment["reply.adapter"] == "xml"
    wrong: Any
    for wrong in (int, "made", None):
        with pytest.raises(DeclarationError, match="is not a program to load values into"):
            ml.load(path, wrong)


def test_a_missing_plugin_is_named_with_its_command(world: Any, tmp_path: Path) -> None:
    """All that are missing, in one line to copy; nothing is imported or installed."""
    state = saved(world, declare())
    needs = {**state.requires, "elixirml-nowhere": "1.2", "elixirml-unknown": ""}
    path = evolve(state, requires=needs).save(tmp_path / "qa.json")

    with pytest.raises(PluginMissing, match="needs elixirml-nowhere, elixirml-unknown, which are not") as caught:
        ml.load(path, declare())

    assert caught.value.hint == "pip install elixirml-nowhere==1.2 elixirml-unknown"
    with pytest.raises(PluginMissing, match="needs elixirml-nowhere, which is not installed"):
        declare()().with_saved(evolve(state, requires={"elixirml-nowhere": "1.2"}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data["assignment"].update(nothing=1), "there is no variable `nothing`"),
        (lambda data: data["banks"].update({"gone": {"name": "gone", "entries": []}}), "there is no variable `gone`"),
        (lambda data: data["assignment"].update(tone="loud"), '"loud" is not one of'),
        (lambda data: data["assignment"].update({"reply.demos": ["missing"]}), "is no entry of bank"),
    ],
)
def test_values_that_do_not_fit_what_is_installed_are_the_state_s_fault(world: Any, change: Any, message: str) -> None:
    """A plugin of another version may have renamed a variable: the error names the state and what it needs."""
    data = saved(world, declare()).to_json()
    change(data)
    loaded = declare()().with_saved(SavedProgram.from_json(data))

    with pytest.raises(StateError) as caught:
        world.kernel.runner(loaded).assigned()

    assert message in str(caught.value)
    assert caught.value.code == "state-unfit"
    assert "It was saved with elixirml-adapters 0.1.0" in str(caught.value.hint)


def test_unknown_and_unfit_values_set_by_hand_are_the_user_s(world: Any) -> None:
    """Every unknown path is named, with a suggestion; values outside their domain list every problem."""
    program = declare()().with_saved(saved(world, declare()))
    assert world.kernel.runner(program).assigned() is world.kernel.runner(program).assigned()

    with pytest.raises(DeclarationError, match="has no variable `tons`, `nothing`") as caught:
        world.kernel.runner(program.with_values({"tons": "warm", "nothing": 1})).assigned()
    assert caught.value.code == "name-not-found"
    assert "Did you mean `tone`?" in str(caught.value)
    with pytest.raises(ValidationError) as unfit:
        world.kernel.runner(program.with_values({"tone": "loud", "level": 9})).assigned()
    assert len(unfit.value.problems) == 2


GOOD: dict[str, Any] = {
    "schema": 1,
    "program": "QA",
    "digest": "d",
    "structure": "s",
    "space": "p",
    "assignment": {"tone": "warm"},
    "banks": {"b": {"name": "b", "entries": []}},
    "requires": {"elixirml": "0.1.0"},
}


def test_notes_are_optional_and_have_no_say() -> None:
    """A file without notes is whole."""
    assert SavedProgram.from_json(GOOD).about == {}


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        ([], "state", "is not a saved program"),
        ({"program": "QA"}, "state", "is not a saved program"),
        ({"schema": 2}, "state-version", "has schema version 2; this installation reads version 1"),
        ({**GOOD, "schema": 99}, "state-version", "schema version 99"),
        ({**GOOD, "schema": 0}, "state-version", "schema version 0"),
        ({**GOOD, "schema": True}, "state-version", "schema version True"),
        ({**GOOD, "schema": "1"}, "state-version", "schema version '1'"),
        ({**GOOD, "program": 5}, "state", "`program` is not a text"),
        ({**GOOD, "digest": ""}, "state", "`digest` is not a text"),
        ({**GOOD, "assignment": []}, "state", "`assignment` is not an object"),
        ({**GOOD, "about": []}, "state", "`about` is not an object"),
        ({**GOOD, "requires": {"a": 1}}, "state", "names no distribution with its version"),
        ({**GOOD, "requires": {"a; rm -rf": "1"}}, "state", "names no distribution with its version"),
        ({**GOOD, "requires": {"a": "1 --index-url x"}}, "state", "names no distribution with its version"),
        ({**GOOD, "banks": {"b": []}}, "state", "is damaged"),
        ({**GOOD, "banks": {"b": {"name": "c", "entries": []}}}, "state", "the bank `b` calls itself `c`"),
        ({key: value for key, value in GOOD.items() if key != "banks"}, "state", "`banks` is not an object"),
    ],
)
def test_damaged_files_are_refused_with_the_part_that_is_wrong(data: Any, code: str, message: str) -> None:
    """Nothing is taken for something else: a number is no name, true is no version."""
    with pytest.raises(StateError) as caught:
        SavedProgram.from_json(data, where="qa.json")

    assert (caught.value.code, message in str(caught.value)) == (code, True), str(caught.value)
    assert caught.value.message.startswith("qa.json ")
    assert caught.value.hint


def test_a_newer_file_asks_for_an_upgrade_and_an_older_one_does_not() -> None:
    """The remedy depends on which side is old."""
    for version, hint in ((2, "pip install --upgrade elixirml"), (0, "Save it again")):
        with pytest.raises(StateError) as caught:
            SavedProgram.from_json({"schema": version})
        assert hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "cannot be read as JSON"),
        (b"", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"schema": NaN}', "cannot be read as JSON: NaN is no number"),
        (None, "There is no file"),
    ],
)
def test_a_file_that_is_no_json_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    """Whatever lies there, the answer is an error of the tree that names the file."""
    path = tmp_path / "qa.json"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(StateError, match=message) as caught:
        read_saved(path)

    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_folder_is_no_saved_program(tmp_path: Path) -> None:
    """What the system refuses to read is told in its words."""
    with pytest.raises(StateError, match="cannot be read: Is a directory"):
        read_saved(tmp_path)


def test_deep_nesting_is_refused_and_not_crashed_on() -> None:
    """A value nested beyond what can be walked is damage."""
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]

    with pytest.raises(StateError, match="is damaged"):
        SavedProgram.from_json({**GOOD, "assignment": {"tone": deep}})


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    """A path that is no place for a file is an error in words."""
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigError, match="cannot be written"):
        SavedProgram.from_json(GOOD).save(tmp_path / "file" / "qa.json")


texts = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(values=st.dictionaries(texts, json_values, max_size=4), about=st.dictionaries(texts, json_values, max_size=3))
def test_any_values_survive_a_round_trip(tmp_path: Path, values: dict[str, Any], about: dict[str, Any]) -> None:
    """Whatever JSON variables hold, lone surrogates of a model's reply included, is read back as it was."""
    assume = {key: value for key, value in values.items() if "inf" not in repr(value)}
    state = SavedProgram.from_json({**GOOD, "assignment": {**assume, "lone": "\ud83d"}, "about": about})
    path = state.save(tmp_path / "qa.json")

    assert read_saved(path) == state
    assert read_saved(path).about == state.about


def test_notes_that_are_no_numbers_do_not_spoil_the_file(tmp_path: Path) -> None:
    """A score that is not a number becomes null, so that the file can be read again."""
    state = SavedProgram.from_json({**GOOD, "about": {"scores": [float("nan"), {"low": float("inf")}], "n": 1.5}})

    assert read_saved(state.save(tmp_path / "qa.json")).about == {"scores": [None, {"low": None}], "n": 1.5}
