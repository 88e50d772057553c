"""Rich values in a run: attachments and histories beside the text, the reasoning of the model, code without a fence."""

from typing import Any, Literal

import pytest
from attrs import field, frozen

import elixirml as ml
from elixirml.contracts import Capability, ModelRequest, ModelResponse, Role
from elixirml.errors import ConfigError, DeclarationError, ValidationError

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8
SILENCE = ml.History()
CAT, DOG = ml.Image.of(PNG, name="cat.png"), ml.Image.at("https://example.org/dog.png")


@frozen
class Album:
    first: ml.Image
    others: list[ml.Image]
    question: str
    best: ml.Image | None = None
    by_name: dict[str, ml.Image] = field(factory=dict[str, ml.Image])
    said: ml.History = SILENCE


@frozen
class Answer:
    answer: str


def asking(**settings: Any) -> Any:
    stages = {"reply": ml.predict(Answer, **{"adapter": "json", **settings})}
    return ml.Program.create("Looking", inputs=Album, stages=stages, instruction="Look.")


def answered(request: ModelRequest) -> Any:
    return '{"answer": "yes"}'


def text(request: ModelRequest) -> str:
    return "\n".join(each.content for each in request.messages)


def test_attachments_go_beside_the_text(world: Any) -> None:
    """Each is named in the text of the message that carries it, and nothing of its bytes is in the text."""
    world.answers(by=answered)
    album = Album(CAT, [DOG, CAT], "alike?", DOG, {"again": CAT})
    assert world.run(asking(), album).output.answer == "yes"
    [request] = world.model.requests
    last = request.messages[-1]

    assert last.attachments == (CAT, DOG, CAT, DOG, CAT)
    for reference in ("(image 1: cat.png)", "(image 2)", "(image 3: cat.png)", "(image 4)", "(image 5: cat.png)"):
        assert reference in last.content
    assert "base64" not in text(request)
    assert "example.org" not in text(request)
    assert all(not each.attachments for each in request.messages[:-1])


@pytest.mark.parametrize("adapter", ["json", "sections", "xml"])
def test_every_format_of_messages_carries_them(world: Any, adapter: str) -> None:
    """An adapter need not know of attachments."""
    world.answers("[[ ## answer ## ]]\nyes" if adapter == "sections" else '{"answer": "yes"}')
    if adapter == "xml":
        world.answers("<answer>yes</answer>")
    world.run(asking(adapter=adapter), Album(CAT, [], "?"))

    assert world.model.requests[0].messages[-1].attachments == (CAT,)


def test_inputs_as_data_are_data_uris_and_addresses(world: Any) -> None:
    """So rows of a dataset can hold them; a path is no such thing, and no file is read for it."""
    world.answers(by=answered)
    world.run(asking(), {"first": CAT.plain(), "others": [DOG.plain()], "question": "?"})
    assert world.model.requests[0].messages[-1].attachments == (CAT, DOG)

    with pytest.raises(ValidationError, match="expected an image"):
        world.run(asking(), {"first": "cat.png", "others": [], "question": "?"})


def test_attachments_of_demos_stand_with_their_demo(world: Any) -> None:
    """A worked example shows its picture in its own turn."""
    world.answers(by=answered)
    demo = {"inputs": {"first": DOG.plain(), "question": "what?"}, "outputs": {"answer": "a dog"}}
    world.run(asking(demos=ml.variable([demo], bank=[demo])), Album(CAT, [], "?"))
    messages = world.model.requests[0].messages

    assert [each.attachments for each in messages if each.role is Role.USER] == [(DOG,), (CAT,)]


def test_a_history_becomes_turns_before_the_last(world: Any) -> None:
    """After the demos, and the fields of the format know nothing of it."""
    world.answers(by=answered)
    said = ml.History().said("user", "Is there a cat?").said("assistant", "There is.")
    world.run(asking(), Album(CAT, [], "where?", said=said))
    messages = world.model.requests[0].messages

    assert [(str(each.role), each.content) for each in messages[-3:-1]] == [
        ("user", "Is there a cat?"),
        ("assistant", "There is."),
    ]
    assert "said" not in messages[0].content
    world.run(
        asking(),
        {"first": CAT.plain(), "others": [], "question": "?", "said": [{"role": "user", "content": "Hm?"}]},
    )
    assert world.model.requests[1].messages[-2].content == "Hm?"


def test_a_model_must_take_what_is_attached(world: Any) -> None:
    """That is told before it is asked."""
    world.model.capabilities = frozenset({Capability.AUDIO})
    with pytest.raises(ConfigError, match="takes nothing of the kind image") as caught:
        world.run(asking(), Album(CAT, [], "?"))

    assert caught.value.code == "capability-missing"
    assert world.model.requests == []


@frozen
class Talk:
    text: str
    said: ml.History = SILENCE


@frozen
class Mood:
    mood: Literal["good", "bad"]


def test_plain_text_carries_nothing(world: Any) -> None:
    """A format that continues a text has no place for it; without any it works as ever."""
    stages = {"reply": ml.predict(Mood, adapter="choice")}
    program = ml.Program.create("Feeling", inputs=Talk, stages=stages, instruction="How?").with_values(
        {"reply.choice.layout": "plain"}
    )
    world.answers("good")

    assert world.run(program, Talk("well")).output.mood == "good"
    with pytest.raises(ConfigError, match="plain text carries no attachment") as caught:
        world.run(program, Talk("well", ml.History().said("user", "Hello")))
    assert caught.value.code == "adapter-unsuited"


@pytest.mark.parametrize("kind", [ml.Image, list[ml.Image], ml.History])
def test_a_model_gives_no_attachment(world: Any, kind: Any) -> None:
    """What a model writes never becomes a file or an address that somebody opens."""
    record = ml.schema("Drawn", {"picture": kind})
    with pytest.raises(DeclarationError, match="models reply in text") as caught:
        world.compile(ml.Program.create("P", inputs=Album, stages={"reply": ml.predict(record)}, instruction="Draw."))

    assert caught.value.code == "output-attached"


@frozen
class Thought:
    thoughts: ml.Reasoning
    answer: str
    code: ml.Code


REASONED = '{"thoughts": "asked for", "answer": "yes", "code": "```python\\nprint(1)\\n```"}'


def thinking(using: str = "direct") -> Any:
    stages = {"reply": ml.predict(Thought, adapter="json", using=using)}
    return ml.Program.create("Thinking", inputs=Album, stages=stages, instruction="Think.")


def test_what_a_model_thought_is_taken(world: Any) -> None:
    """It is not asked for; the model is told to think a little."""
    world.model.capabilities = frozenset(Capability)
    world.answers(by=lambda _: ModelResponse('{"answer": "yes", "code": "1"}', reasoning="because"))
    result = world.run(thinking(), Album(CAT, [], "?"))
    [request] = world.model.requests

    assert result.output == Thought("because", "yes", "1")
    assert "thoughts" not in text(request)
    assert request.reasoning_effort == "low"
    assert list(result.trace.stages[0].outputs) == ["thoughts", "answer", "code"]


def test_a_model_that_thinks_and_tells_nothing_has_no_thoughts(world: Any) -> None:
    """Some providers keep them."""
    world.model.capabilities = frozenset(Capability)
    world.answers('{"answer": "yes", "code": "1"}')
    assert world.run(thinking(), Album(CAT, [], "?")).output.thoughts == ""


def test_any_other_model_is_asked_for_its_reasons(world: Any) -> None:
    """As for any text; and the fence of code is taken off."""
    world.model.capabilities = frozenset({Capability.VISION})
    world.answers(REASONED)
    result = world.run(thinking(), Album(CAT, [], "?"))

    assert result.output == Thought("asked for", "yes", "print(1)")
    assert world.model.requests[0].reasoning_effort is None


def test_nothing_is_left_where_thoughts_are_all(world: Any) -> None:
    """A stage that asks for nothing else asks for them."""
    record = ml.schema("Only", {"thoughts": ml.Reasoning})
    world.model.capabilities = frozenset(Capability)
    world.answers('{"thoughts": "hm"}')
    program = ml.Program.create("P", inputs=Album, stages={"reply": ml.predict(record, adapter="json")}, instruction="")
    assert world.run(program, Album(CAT, [], "?")).output.thoughts == "hm"


def test_a_sub_program_is_given_them(world: Any) -> None:
    """Across the border they are plain, and typed again inside."""

    @frozen
    class Question:
        first: ml.Image
        question: str

    inner = ml.Program.create(
        "Inner", inputs=Question, stages={"reply": ml.predict(Answer, adapter="json")}, instruction="Look."
    )
    outer = ml.Program.create("Outer", inputs=Question, stages={"inner": inner})
    world.answers(by=answered)
    world.run(outer, Question(CAT, "?"))

    assert world.model.requests[0].messages[-1].attachments == (CAT,)
