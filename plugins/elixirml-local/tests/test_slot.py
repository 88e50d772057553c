"""Tests of the slot: what is computed depends on the prompt alone, whatever was asked before."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_local.faults import EngineError, PromptTooLong, ReplyStopped
from elixirml_local.slot import Slot


class Engine:
    """An engine that remembers in which batch each token of its cache was computed.

    Like llama.cpp it keeps what the cache and the prompt begin with in common, computes the rest in one batch, and at
    least the last token always. Two answers are equal when every token was computed in an equal batch.
    """

    def __init__(self) -> None:
        self.cache: list[tuple[int, tuple[int, int]]] = []
        self.calls = 0
        self.computed = 0

    def handle_completions(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        prompt, room = asked["prompt"], asked["n_predict"]
        if asked.get("grammar") == "bad":  # and who knows what was computed before that was noticed
            self.cache = [(token, (0, 1)) for token in prompt[:2]]
            return {"error": {"message": "no such grammar"}}
        kept = self._in_common(prompt) if asked["cache_prompt"] else 0
        kept = min(kept, len(prompt) - 1)
        self.cache = self.cache[:kept] + [(token, (kept, len(prompt))) for token in prompt[kept:]]
        self.computed += len(prompt) - kept
        answer = tuple(self.cache)
        for _ in range(max(0, room - 1)):  # the last token written is not computed
            self.cache.append((sum(prompt) % 3, (len(self.cache), len(self.cache) + 1)))
        return {"answer": answer}

    def _in_common(self, prompt: list[int]) -> int:
        count = 0
        while count < min(len(prompt), len(self.cache)) and prompt[count] == self.cache[count][0]:
            count += 1
        return count


# Few fronts, so that calls meet their own and its beginnings again.
fronts = st.sampled_from([(), (0, 1), (0, 1, 2), (1, 1, 1), (0, 1, 2, 2, 0)])
rests = st.lists(st.integers(0, 2), max_size=4).map(tuple)
calls = st.tuples(fronts, rests, st.integers(0, 3), st.sampled_from(["", "", "", "bad"]))


@settings(deadline=None)
@given(history=st.lists(calls, max_size=8), front=fronts, rest=rests, room=st.integers(0, 3))
def test_an_answer_does_not_depend_on_what_was_asked_before(
    history: list[tuple[tuple[int, ...], tuple[int, ...], int, str]],
    front: tuple[int, ...],
    rest: tuple[int, ...],
    room: int,
) -> None:
    """After any calls, also failed ones, every token is computed in the batch a fresh engine would use."""
    fresh, used = Slot(Engine(), context=99), Slot(Engine(), context=99)
    for other_front, other_rest, other_room, grammar in history:
        try:
            used.ask(other_front, other_rest, room=other_room, grammar=grammar)
        except EngineError:
            continue
    if not front and not rest:
        return
    assert used.ask(front, rest, room=room) == fresh.ask(front, rest, room=room)


def test_a_front_is_computed_once() -> None:
    """Examples after the same front cost their own tokens, and one of the front at most."""
    engine = Engine()
    slot = Slot(engine, context=999)
    front = tuple(range(3, 103))
    for number in range(10):
        slot.ask(front, (number, 1, 2))
    assert engine.computed <= len(front) + 10 * (3 + 1)


def test_a_cut_that_the_engine_makes_by_itself_is_not_asked_for() -> None:
    """Rests with different first tokens cost one call each; equal ones need the cut."""
    engine = Engine()
    slot = Slot(engine, context=99)
    slot.ask((7, 8), (1, 2))
    before = engine.calls
    slot.ask((7, 8), (2, 2))
    assert engine.calls == before + 1
    slot.ask((7, 8), (2, 1))
    assert engine.calls == before + 3


def test_what_does_not_fit_is_refused_before_anything_is_computed() -> None:
    """Prompt and reply together must fit the context, to the token."""
    engine = Engine()
    slot = Slot(engine, context=10)
    slot.ask((1, 2, 3), (4, 5), room=5)
    before = engine.calls
    with pytest.raises(PromptTooLong, match="5 prompt tokens and 6 to write do not fit a context of 10"):
        slot.ask((1, 2, 3), (4, 5), room=6)
    assert engine.calls == before


def test_an_empty_prompt_is_refused() -> None:
    """There is nothing to continue, and the engine is not asked what it makes of that."""
    with pytest.raises(EngineError, match="empty"):
        Slot(Engine(), context=10).ask((), ())


class Writer:
    """An engine that writes pieces, until it is told to stop, and perhaps fails."""

    def __init__(self, *pieces: dict[str, Any]) -> None:
        self.pieces = pieces

    def handle_completions(self, asked: dict[str, Any], came: Callable[[dict[str, Any]], bool]) -> None:
        assert asked["stream"]
        for piece in self.pieces:
            if came(piece):
                return


def piece(text: str, **more: Any) -> dict[str, Any]:
    return {"choices": [{"text": text, "finish_reason": "length" if more else None}], **more}


WHOLE = (piece("a"), piece("b"), piece("", usage={"completion_tokens": 2}))


def test_pieces_make_the_answer() -> None:
    """Each is given as it comes, and the last one says how the reply ended."""
    taken: list[str] = []

    def take(text: str) -> bool:
        taken.append(text)
        return True

    answer = Slot(Writer(*WHOLE), context=99).ask((), (1,), room=2, take=take)

    assert taken == ["a", "b", ""]
    assert answer == {"choices": [{"text": "ab", "finish_reason": "length"}], "usage": {"completion_tokens": 2}}


def test_an_answer_that_did_not_come_whole_is_none() -> None:
    """It was stopped, refused, or broke off; a stop at its very end changes nothing."""
    with pytest.raises(ReplyStopped):
        Slot(Writer(*WHOLE), context=99).ask((), (1,), take=lambda text: text != "b")
    with pytest.raises(EngineError, match="no such grammar"):
        Slot(Writer({"error": {"message": "no such grammar"}}), context=99).ask((), (1,), take=bool)
    with pytest.raises(EngineError, match="broke off"):
        Slot(Writer(piece("a")), context=99).ask((), (1,), take=bool)
    assert Slot(Writer(*WHOLE), context=99).ask((), (1,), take=bool)["choices"][0]["text"] == "ab"
