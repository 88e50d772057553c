"""The `choice` format: exact prompts, decodings, and how scored labels are read."""

import math
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import (
    FREE_OF_CALLS,
    Capability,
    Demo,
    Feedback,
    Field,
    FormatCall,
    Message,
    ModelResponse,
    Observation,
    Role,
    Signature,
)
from elixirml.errors import ConfigError, ParseError
from elixirml.identity import canonical_json
from elixirml.variables import Space
from elixirml_adapters.choice import ChoiceAdapter

_LABELS = ("news", "film review", "tweet")
_TEXT = Field("text", str, {"type": "string"})
_SOURCE = Field("source", Literal["news", "film review", "tweet"], {"enum": list(_LABELS)})
_TASK = Signature("genre", "Where was it published?", (_TEXT,), (_SOURCE,))
_DEMOS = (Demo({"text": "one"}, {"source": "news"}), Demo({"text": "two"}, {"source": "tweet"}))
_EVERYTHING = frozenset(Capability)
_ADAPTER = ChoiceAdapter()
_SCORING = {"layout": "plain", "decoding": "likelihood"}


def _call(signature: Signature = _TASK, **options: Any) -> FormatCall:
    return FormatCall(signature, {"text": "three"}, _DEMOS, options=options, capabilities=_EVERYTHING, max_tokens=9)


def _scores(*values: float, lead: str = " ") -> ModelResponse:
    scores = {lead + label: value for label, value in zip(_LABELS, values, strict=True)}
    return ModelResponse(max(scores, key=lambda label: scores[label]), label_logprobs=scores)


def test_a_chat_ends_where_the_assistant_says_the_label() -> None:
    """The assistant's whole message is the label, as in the demos."""
    request = _ADAPTER.format(_call())

    assert request.messages == (
        Message(Role.SYSTEM, "Where was it published?\n\nAnswer with exactly one of: news, film review, tweet"),
        Message(Role.USER, "one"),
        Message(Role.ASSISTANT, "news"),
        Message(Role.USER, "two"),
        Message(Role.ASSISTANT, "tweet"),
        Message(Role.USER, "three"),
    )
    assert request.text is None
    assert request.stable == 5
    assert request.grammar == 'root ::= "news" | "film review" | "tweet"'


def test_a_plain_text_ends_before_the_blank_that_begins_the_label() -> None:
    """A text that ended in a blank would be cut into tokens the model has never seen there."""
    request = _ADAPTER.format(_call(layout="plain", input_name="Sentence"))

    assert request.text == (
        "Where was it published?\n\n"
        "Sentence: one\nSource: news\n\n"
        "Sentence: two\nSource: tweet\n\n"
        "Sentence: three\nSource:"
    )
    assert request.messages == ()
    assert request.text[request.stable :] == "Sentence: three\nSource:"
    assert request.grammar == 'root ::= " news" | " film review" | " tweet"'


def test_an_arrow_text_is_a_line_an_example() -> None:
    """The names stand once, above the examples."""
    request = _ADAPTER.format(_call(layout="arrow", output_name="Category"))

    assert request.text == ("Where was it published?\n\nText -> Category\none -> news\ntwo -> tweet\nthree ->")


def test_labels_are_listed_in_a_text_when_asked() -> None:
    """Without demos, a text would otherwise not say what the labels are."""
    request = _ADAPTER.format(_call(layout="plain", list_labels=True))

    assert str(request.text).startswith(
        "Where was it published?\n\nAnswer with exactly one of: news, film review, tweet\n\nText: one\n"
    )


def test_an_empty_instruction_leaves_no_blank_lines() -> None:
    """The prompt begins with the first demo."""
    request = _ADAPTER.format(_call(_TASK.with_instruction(""), layout="plain"))

    assert str(request.text).startswith("Text: one\n")


def test_several_inputs_go_by_their_own_names() -> None:
    """A wording for one input would not say which of several it means."""
    task = Signature("t", "", (_TEXT, Field("second_text", str, {"type": "string"})), (_SOURCE,))
    values = {"text": "a", "second_text": "b"}
    shown = {
        layout: FormatCall(task, values, options={"layout": layout}, capabilities=_EVERYTHING)
        for layout in ("chat", "plain", "arrow")
    }

    assert _ADAPTER.format(shown["chat"]).messages[-1].content == "Text: a\nSecond text: b"
    assert _ADAPTER.format(shown["plain"]).text == "Text: a\nSecond text: b\nSource:"
    assert _ADAPTER.format(shown["arrow"]).text == "Text | Second text -> Source\na | b ->"
    assert "input_name" not in {each.name for each in _ADAPTER.variables(task)}


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("plain", 'Text: three\nRefused: {"reply":"x","reason":"no"}\nSource:'),
        ("arrow", 'three {"reply":"x","reason":"no"} ->'),
    ],
)
def test_a_refused_reply_stands_before_the_place_of_the_label(layout: str, expected: str) -> None:
    """A text must still end where the label begins."""
    call = FormatCall(
        _TASK,
        {"text": "three"},
        options={"layout": layout},
        capabilities=_EVERYTHING,
        feedback=Feedback("x", "no"),
    )

    request = _ADAPTER.format(call)

    assert str(request.text)[request.stable :] == expected


@pytest.mark.parametrize(("layout", "lead"), [("chat", ""), ("plain", " "), ("arrow", " ")])
def test_likelihood_scores_the_exact_continuations(layout: str, lead: str) -> None:
    """One token is enough, nothing is kept to, and sampling plays no part."""
    request = _ADAPTER.format(_call(layout=layout, decoding="likelihood"))

    assert request.labels == tuple(lead + label for label in _LABELS)
    assert request.max_tokens == 1
    assert request.temperature == 0
    assert request.grammar is None
    assert request.stop == ()


@pytest.mark.parametrize(("layout", "stop"), [("chat", ()), ("plain", ("\n",)), ("arrow", ("\n",))])
@pytest.mark.parametrize(
    ("decoding", "capabilities"), [("free", _EVERYTHING), ("grammar", frozenset({Capability.TEXT}))]
)
def test_free_writing_ends_with_the_line_in_a_text(
    layout: str, stop: tuple[str, ...], decoding: str, capabilities: frozenset[Capability]
) -> None:
    """A model that goes on writes the next example; one without grammars is asked to write freely."""
    call = FormatCall(
        _TASK,
        {"text": "x"},
        options={"layout": layout, "decoding": decoding},
        capabilities=capabilities,
        temperature=0.5,
        max_tokens=9,
    )

    request = _ADAPTER.format(call)

    assert request.stop == stop
    assert request.grammar is None
    assert (request.temperature, request.max_tokens) == (0.5, 9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decoding": "likelihood"}, "decoding = likelihood.*`label_logprobs`"),
        ({"layout": "plain"}, "layout = plain.*`text`"),
        ({"layout": "arrow"}, "layout = arrow.*`text`"),
    ],
)
def test_what_the_model_cannot_do_is_refused(options: dict[str, str], message: str) -> None:
    """Something else in its place would be scored under the wrong name."""
    with pytest.raises(ConfigError, match=message) as caught:
        _ADAPTER.format(FormatCall(_TASK, {"text": "x"}, options=options))

    assert caught.value.code == "capability-missing"


def test_a_signature_that_is_no_choice_is_refused() -> None:
    """The message says what the adapter needs and names the outputs there are."""
    task = _TASK.with_output_first(Field("reasoning", str, {"type": "string"}))

    with pytest.raises(ConfigError, match=r"exactly one output.*reasoning, source"):
        _ADAPTER.format(FormatCall(task, {"text": "x"}))


@pytest.mark.parametrize(("layout", "lead"), [("chat", ""), ("plain", " "), ("arrow", " ")])
def test_the_likeliest_label_is_chosen(layout: str, lead: str) -> None:
    """Continuations are mapped back to labels; of equals the first declared wins."""
    options = {"layout": layout, "decoding": "likelihood"}

    assert _ADAPTER.parse(_TASK, _scores(-3, -1, -2, lead=lead), options=options) == {"source": "film review"}
    assert _ADAPTER.parse(_TASK, _scores(-2, -1, -1, lead=lead), options=options) == {"source": "film review"}
    assert _ADAPTER.parse(_TASK, _scores(-math.inf, -math.inf, -9, lead=lead), options=options) == {"source": "tweet"}


@pytest.mark.parametrize(
    ("calibration", "bias", "expected"),
    [
        ("batch", {"news": 3.0, "film review": -1.5, "tweet": -1.5}, "news"),
        ("fitted", {"news": 3.0}, "news"),
        ("batch", None, "film review"),
        ("none", {"news": 3.0}, "film review"),
    ],
)
def test_a_bias_counts_only_under_calibration(calibration: str, bias: object, expected: str) -> None:
    """What was fitted once stays without effect until calibration asks for it; nothing fitted is no bias."""
    options = {**_SCORING, "calibration": calibration, "bias": bias}

    assert _ADAPTER.parse(_TASK, _scores(-3, -1, -2), options=options) == {"source": expected}


@pytest.mark.parametrize(
    "response",
    [
        ModelResponse(" news"),
        ModelResponse(" news", label_logprobs={" news": -1.0, " tweet": -2.0}),
        _scores(-1, math.nan, -2),
        _scores(-1, -2, -3, lead=""),
    ],
)
def test_labels_without_a_score_are_an_error(response: ModelResponse) -> None:
    """Choosing among the others would be a guess."""
    with pytest.raises(ParseError, match="no score for") as caught:
        _ADAPTER.parse(_TASK, response, options=_SCORING)

    assert caught.value.path == ("source",)


@pytest.mark.parametrize(
    ("reply", "label"), [(" news", "news"), ("News.", "news"), ('"Film Review"', "film review"), ("tweet\n", "tweet")]
)
def test_a_written_label_is_read(reply: str, label: str) -> None:
    """Case, quotes, blanks and a final stop do not matter."""
    assert _ADAPTER.parse(_TASK, ModelResponse(reply), options={"decoding": "free"}) == {"source": label}


def test_a_fitted_readout_is_refused_a_reply_without_its_words() -> None:
    """A readout that saw words cannot judge a reply in which they were not scored."""
    weights = {label: {"time": 1.0 if label == "news" else 0.0} for label in _LABELS}
    readout = {"offsets": dict.fromkeys(_LABELS, 0.0), "weights": weights}
    options = {**_SCORING, "calibration": "readout", "readout": readout}

    with pytest.raises(ParseError, match="no score for 'time'"):
        _ADAPTER.parse(_TASK, _scores(-1, -2, -3), options=options)


@pytest.mark.parametrize("reply", ["", "It is news", "newspaper", "news, tweet"])
def test_a_reply_that_is_no_label_is_an_error(reply: str) -> None:
    """Labels are not searched for inside sentences; the error carries field and reply."""
    with pytest.raises(ParseError) as caught:
        _ADAPTER.parse(_TASK, ModelResponse(reply), options={"decoding": "free"})

    assert caught.value.path == ("source",)
    assert caught.value.reply == reply


@pytest.mark.parametrize("layout", ["chat", "plain", "arrow"])
@pytest.mark.parametrize("decoding", ["grammar", "free"])
@settings(deadline=None)
@given(labels=st.lists(st.text(), min_size=1, max_size=4, unique=True))
def test_every_label_that_is_shown_is_read_back(layout: str, decoding: str, labels: list[str]) -> None:
    """A demo's label, written as the model should write it, gives the label, however alike the labels are."""
    task = Signature("t", "", (_TEXT,), (Field("kind", str, {"enum": labels}),))

    for label in labels:
        reply = ModelResponse(label if layout == "chat" else f" {label}")
        assert _ADAPTER.parse(task, reply, options={"layout": layout, "decoding": decoding}) == {"kind": label}


@pytest.mark.parametrize("calibration", ["batch", "fitted"])
def test_fitting_gives_a_bias_that_mends_the_replies_it_was_fitted_to(calibration: str) -> None:
    """A model that always prefers one label is read rightly once its replies were observed."""
    replies = {"news": _scores(-2, -1, -9), "film review": _scores(-4, -1, -9), "tweet": _scores(-4, -1, -6)}
    observations = [Observation(reply, {"source": label}) for label, reply in replies.items()] * 20
    options = {**_SCORING, "calibration": calibration}

    fitted = _ADAPTER.fit(_TASK, observations, options=options)

    assert list(fitted) == ["bias"]
    read = {_ADAPTER.parse(_TASK, reply, options={**options, **fitted})["source"] for reply in replies.values()}
    assert read == set(_LABELS)


@pytest.mark.parametrize(
    "options",
    [
        {**_SCORING},
        {**_SCORING, "calibration": "none"},
        {"decoding": "grammar", "calibration": "batch"},
        {"layout": "chat", "decoding": "likelihood", "calibration": "batch"},
    ],
)
def test_nothing_is_fitted_without_calibration_or_scores(options: dict[str, str]) -> None:
    """Only scored replies of the layout in force say anything about labels."""
    assert _ADAPTER.fit(_TASK, [Observation(_scores(-1, -2, -3), {"source": "news"})], options=options) == {}
    assert _ADAPTER.fit(_TASK, [], options=options) == {}


def test_a_fit_without_answers_needs_none_for_batch() -> None:
    """Batch calibration works on unlabelled replies; a fit by likelihood has nothing to go by."""
    observations = [Observation(_scores(-1, -2, -3))] * 5

    assert _ADAPTER.fit(_TASK, observations, options={**_SCORING, "calibration": "batch"}) != {}
    assert _ADAPTER.fit(_TASK, observations, options={**_SCORING, "calibration": "fitted"}) == {}


def test_calibration_is_free_of_calls_and_part_of_likelihood_only() -> None:
    """Studies may try every calibration on the same replies, and only where there are scores."""
    named = {each.name: each for each in _ADAPTER.variables(_TASK)}
    space = Space(_ADAPTER.variables(_TASK))
    defaults = {name: each.default for name, each in named.items()}

    assert {named[name].hint for name in ("calibration", "bias", "readout")} == {FREE_OF_CALLS}
    assert set(space.canonical(defaults)) == {"layout", "decoding"}
    for calibration, fitted in [("batch", "bias"), ("fitted", "bias"), ("readout", "readout")]:
        active = set(space.canonical({**defaults, **_SCORING, "calibration": calibration}))
        assert active == set(named) - {"bias", "readout"} | {fitted}
    requests = {
        canonical_json(_ADAPTER.format(_call(layout="plain", decoding="likelihood", calibration=calibration)).to_json())
        for calibration in ("none", "batch", "fitted", "readout")
    }
    assert len(requests) == 1


def test_wordings_begin_with_the_fields_own_name() -> None:
    """The default says what the declaration says; generic words follow, none twice."""
    named = {each.name: each for each in _ADAPTER.variables(_TASK)}

    assert named["input_name"].describe()["options"] == ["Text", "Sentence", "Question", "Input"]
    assert named["output_name"].describe()["options"] == ["Source", "Label", "Answer", "Category", "Type"]
    assert named["output_name"].default == "Source"


def test_the_label_is_told_when_the_reply_has_ended() -> None:
    """It is told as it is declared, however it was written; what stands for none, and scored replies, tell nothing."""

    def told(*pieces: str, **options: Any) -> list[tuple[str, str, bool]]:
        parser = _ADAPTER.stream_parser(_TASK, options=options)
        deltas = [delta for piece in pieces for delta in parser.feed(piece)]
        return [(delta.field, delta.text, delta.last) for delta in [*deltas, *parser.close()]]

    assert told("Film ", "Review.") == [("source", "film review", True)]
    assert told(" tw", "eet", layout="plain") == [("source", "tweet", True)]
    assert told("a book") == []
    assert told("news", **_SCORING) == []
