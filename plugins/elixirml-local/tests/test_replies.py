"""Tests of replies by the small model: equal requests have bit-equal replies, and prompts are what they look like."""

import math
import random
from typing import Any

import pytest

from elixirml.contracts import Message, ModelRequest, Role

pytestmark = pytest.mark.model

HEAD = "Tell whether a film review is positive or negative.\n\n"
DEMOS = "".join(
    f"Text: a {word} film\nLabel: {label}\n\n"
    for word, label in (("moving", "positive"), ("dull", "negative"), ("splendid", "positive"), ("dreary", "negative"))
)
LONG = "the plot goes on and on, " * 11
LABELS = (" positive", " negative")
PROBES = tuple(f" {word}" for word in ["the", "a", "good", "bad", "film", "it", "new", "old", "big", "small"])


def text(example: str, *, head: str = HEAD + DEMOS, stable: bool = True, **options: Any) -> ModelRequest:
    """Return a text to continue."""
    return ModelRequest(text=f"{head}Text: {example}\nLabel:", stable=len(head) if stable else 0, **options)


def chat(*turns: tuple[Role, str], stable: int = 0, **options: Any) -> ModelRequest:
    """Return a chat."""
    return ModelRequest(messages=tuple(Message(*turn) for turn in turns), stable=stable, **options)


def requests() -> list[ModelRequest]:
    """Return requests of every kind: short and long, scored and written, with and without a stable front."""
    asked = [text(example, labels=LABELS, probes=PROBES) for example in ("a lovely film", "a lovely mess", LONG, "x")]
    asked += [text(example, labels=LABELS, stable=False) for example in ("a lovely film", LONG)]
    asked += [text("a lovely film", max_tokens=12), text("a lovely film", max_tokens=12, temperature=1.5, seed=3)]
    asked += [text("a lovely film", head=HEAD, labels=LABELS), text(LONG, head=HEAD, max_tokens=5)]
    system, user = (Role.SYSTEM, "Answer in one word."), (Role.USER, "Is snow white?")
    asked += [chat(system, user, stable=1, max_tokens=8), chat(system, user, max_tokens=8)]
    asked += [chat(system, user, stable=1, max_tokens=8, grammar='root ::= "yes" | "no"')]
    return asked


@pytest.fixture(scope="module")
def first(engine: Any) -> list[dict[str, Any]]:
    """Return what a fresh engine replies when asked one after another."""
    return [engine.ask(each) for each in requests()]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_calls_is_no_matter(engine: Any, first: list[dict[str, Any]], seed: int) -> None:
    """Asked again in another order, every reply is the same to the last bit."""
    order = list(enumerate(requests()))
    random.Random(seed).shuffle(order)
    for number, request in order:
        assert engine.ask(request) == first[number]


def test_refused_calls_leave_no_trace(engine: Any, first: list[dict[str, Any]]) -> None:
    """Between good calls, ones that fail change nothing."""
    for number, request in list(enumerate(requests()))[:6]:
        assert engine.ask(text("x", grammar='root ::= "a'))["code"] == "engine"
        assert engine.ask(text("word " * 3000))["code"] == "context-length"
        assert engine.ask(request) == first[number]


def test_a_restart_is_no_matter(engine: Any, first: list[dict[str, Any]]) -> None:
    """Killed and started again, the engine replies the same to the last bit, whatever is asked first."""
    engine.restart()
    for number, request in reversed(list(enumerate(requests()))):
        assert engine.ask(request) == first[number]


def test_stable_is_a_hint(engine: Any) -> None:
    """Where a text is divided between words, or a chat between messages, what is seen is the same."""
    words = "The film was long and dull. I call that"
    texts = [
        engine.ask(ModelRequest(text=words, stable=stable, labels=LABELS))
        for stable in (0, 8, words.index(" I"), len(words))
    ]
    assert len({each["tokens_in"] for each in texts}) == 1
    for each in texts[1:]:
        assert each["text"] == texts[0]["text"]
        assert each["label_logprobs"] == pytest.approx(texts[0]["label_logprobs"], abs=0.02)
    turns = ((Role.SYSTEM, "Answer in one word."), (Role.USER, "Is snow white?"))
    replies = [engine.ask(chat(*turns, stable=stable, max_tokens=8)) for stable in range(3)]
    assert len({(each["text"], each["tokens_in"]) for each in replies}) == 1
    assert [each["tokens_cached"] > 0 for each in replies] == [False, True, True]


@pytest.mark.parametrize("mark", ["<|im_end|>", "<|im_start|>", "<|endoftext|>"])
def test_a_content_cannot_end_its_turn(engine: Any, mark: str) -> None:
    """Control tokens in a content are read as the letters they are written with, in chats and in texts."""
    plain, marked = (engine.ask(chat((Role.USER, f"a{each}b"), max_tokens=1))["tokens_in"] for each in ("", mark))
    assert marked - plain >= 3
    plain, marked = (engine.ask(ModelRequest(text=f"a{each}b", max_tokens=1))["tokens_in"] for each in ("", mark))
    assert marked - plain >= 3


def test_every_role_has_its_place(engine: Any) -> None:
    """Chats with and without system message, with former replies and with empty contents are answered."""
    system, user, assistant = (Role.SYSTEM, "Be brief."), (Role.USER, "Name a colour."), (Role.ASSISTANT, "red")
    sizes = []
    for turns in ((user,), (system, user), (user, assistant, user), (system, user, assistant, user)):
        answer = engine.ask(chat(*turns, max_tokens=6))
        assert answer["text"]
        sizes.append(answer["tokens_in"])
    assert sizes[0] < sizes[2]
    assert sizes[1] < sizes[3]
    assert "error" not in engine.ask(chat((Role.SYSTEM, ""), (Role.USER, ""), max_tokens=2))


def test_a_reply_begun_by_the_assistant_is_continued(engine: Any) -> None:
    """A chat that ends with the assistant goes on from there."""
    answer = engine.ask(chat((Role.USER, "Count from 1 to 5."), (Role.ASSISTANT, "1, 2, 3,"), max_tokens=2))
    assert "4" in answer["text"]


def test_a_grammar_is_kept(engine: Any) -> None:
    """Whatever the prompt asks for, only the grammar's words are written."""
    grammar = 'root ::= " tweet" | " newspaper" | " news"'
    for example in ("Answer with the word banana!", "x", LONG):
        for temperature in (0.0, 2.0):
            answer = engine.ask(text(example, grammar=grammar, temperature=temperature, seed=5))
            assert answer["text"] in (" tweet", " newspaper", " news")


def test_a_text_in_the_tongue_of_the_grammar_only_is_whole(engine: Any) -> None:
    """A reply cut in the middle of a letter of several bytes is still a text."""
    answer = engine.ask(text("x", grammar='root ::= "😀😃😄😁"', max_tokens=2))
    answer["text"].encode("utf-8")


@pytest.mark.parametrize(
    "labels",
    [
        (" positive", " negative"),
        (" news", " newspaper", " tweet"),
        (" news", " newspapers", " newspaper", " news letter", " tweet"),
        (" new york", " new jersey"),
        (" a", " a b", " a b c"),
        (" only",),
    ],
)
def test_label_scores_are_probabilities(engine: Any, labels: tuple[str, ...]) -> None:
    """They are complete and sum to one; probes are scored beside them and change neither order nor choice."""
    plain = engine.ask(text("a lovely film", labels=labels))
    scores = plain["label_logprobs"]
    assert list(scores) == list(labels)
    assert math.fsum(math.exp(each) for each in scores.values()) == pytest.approx(1.0, abs=1e-3)
    assert plain["text"] == max(labels, key=scores.__getitem__)
    probed = engine.ask(text("a lovely film", labels=labels, probes=PROBES))
    assert set(probed["label_logprobs"]) == {*labels, *PROBES}
    assert probed["text"] == plain["text"]
    shifts = [probed["label_logprobs"][label] - scores[label] for label in labels]
    assert shifts == pytest.approx([shifts[0]] * len(labels), abs=2e-3)


def test_scores_agree_with_writing(engine: Any) -> None:
    """The likeliest label is the one a grammar makes the model write at temperature 0, as their first tokens differ."""
    grammar = 'root ::= " positive" | " negative"'
    for example in ("a lovely film", "an awful film", "x"):
        assert engine.ask(text(example, labels=LABELS))["text"] == engine.ask(text(example, grammar=grammar))["text"]


def test_seeds_decide_chance(engine: Any) -> None:
    """Above temperature 0 equal seeds write equal texts and others differ; at 0 the seed is no matter."""

    def written(seed: int | None, temperature: float = 1.5) -> str:
        return str(engine.ask(text("x", max_tokens=12, temperature=temperature, seed=seed))["text"])

    assert written(1) == written(1)
    assert len({written(seed) for seed in range(4)}) > 1
    assert written(1, 0.0) == written(2, 0.0)
    for seed in (2**32 - 1, -1, 2**63, 2**80):  # among them what the engine takes as a wish for chance
        assert written(seed) == written(seed)


def test_what_does_not_fit_is_refused_and_the_engine_goes_on(engine: Any) -> None:
    """Prompt and reply are counted to the token."""
    fits = text("x", max_tokens=2)
    size = engine.ask(fits)["tokens_in"]
    assert "error" not in engine.ask(text("x", max_tokens=2048 - size, stop=("\n",)))
    refused = engine.ask(text("x", max_tokens=2048 - size + 1))
    assert refused["code"] == "context-length"
    assert "2048" in refused["error"]


@pytest.mark.parametrize(
    "request_",
    [
        text("x", grammar='root ::= "a'),
        text("x", grammar="root ::= nothing"),
        ModelRequest(text=""),
        ModelRequest(),
        text("x", labels=("", " a")),
        text("x", grammar='root ::= "\ud800"'),
        chat((Role.USER, "a"), (Role.ASSISTANT, "b"), (Role.ASSISTANT, "c")),
    ],
    ids=["half a grammar", "an unknown rule", "no text", "nothing", "an empty label", "half a letter", "two replies"],
)
def test_what_cannot_be_done_is_refused_and_the_engine_goes_on(engine: Any, request_: ModelRequest) -> None:
    """The answer is an error in words, and the next question is answered."""
    refused = engine.ask(request_)
    assert refused["code"] == "engine"
    assert refused["error"]
    assert "error" not in engine.ask(text("x", max_tokens=1))


def test_a_garbled_question_is_refused_and_the_engine_goes_on(engine: Any) -> None:
    """What nobody thought of is an error too."""
    assert engine.ask(text("x"), temperature="hot")["code"] == "engine"
    assert engine.ask(text("x"), messages=None, text=None)["code"] == "engine"
    assert "error" not in engine.ask(text("x", max_tokens=1))
