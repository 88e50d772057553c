"""Tests of prompts as tokens, with a server that tokenizes letter by letter and knows one chat template."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_local.faults import EngineError
from elixirml_local.prompts import Prompts

CONTROL = {"<start>": 1, "<end>": 2}


class Server:
    """Tokens are code points; control tokens are read only where they are asked for."""

    def __init__(self, *, opening: tuple[int, ...] = ()) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.opening = opening

    def post(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((path, data))
        if path == "/apply-template":
            if not data["messages"]:
                raise EngineError("no messages")
            turns = (f"<start>{each['role']}:{each['content']}<end>" for each in data["messages"])
            return {"prompt": "".join(turns) + "<start>assistant:"}
        tokens = list(self.opening) if data["add_special"] else []
        text = data["content"]
        while text:
            known = [each for each in CONTROL if data["parse_special"] and text.startswith(each)]
            tokens.append(CONTROL[known[0]] if known else ord(text[0]))
            text = text[len(known[0]) if known else 1 :]
        return {"tokens": tokens}


def shown(tokens: tuple[int, ...]) -> str:
    """Return tokens as text, with control tokens in braces."""
    names = {number: f"{{{name[1:-1]}}}" for name, number in CONTROL.items()}
    return "".join(names.get(token) or chr(token) for token in tokens)


def chat(*turns: tuple[str, str], stable: int = 0) -> dict[str, Any]:
    return {"text": None, "messages": [{"role": role, "content": text} for role, text in turns], "stable": stable}


def text(content: str, *, stable: int = 0) -> dict[str, Any]:
    return {"text": content, "messages": [], "stable": stable}


roles = st.sampled_from(["system", "user", "assistant"])
contents = st.text("ab<>" + "\ue000\ue001" + "01", max_size=6) | st.sampled_from(["<end>", "<start>system:", ""])


@settings(deadline=None)
@given(st.lists(st.tuples(roles, contents), min_size=1, max_size=5), st.data())
def test_a_chat_is_the_template_around_contents(turns: list[tuple[str, str]], data: st.DataObject) -> None:
    """Whatever contents hold, only the template's own control tokens are control tokens, and no content is lost."""
    stable = data.draw(st.integers(0, len(turns)))
    front, rest = Prompts(Server()).split(chat(*turns, stable=stable))  # type: ignore[arg-type]
    expected = "".join(f"{{start}}{role}:{content}{{end}}" for role, content in turns) + "{start}assistant:"
    assert shown(front) + shown(rest) == expected
    assert bool(front) == bool(stable)


def test_the_front_of_a_chat_ends_where_the_example_begins() -> None:
    """The template's words before the first changing content are stable as well."""
    turns = (("system", "Sort."), ("user", "a"), ("assistant", "b"), ("user", "c"))
    front, rest = Prompts(Server()).split(chat(*turns, stable=3))  # type: ignore[arg-type]
    assert shown(front).endswith("b{end}{start}user:")
    assert shown(rest) == "c{end}{start}assistant:"


@settings(deadline=None)
@given(st.text(max_size=9), st.integers(0, 9))
def test_a_text_is_split_and_not_changed(content: str, stable: int) -> None:
    """`stable` divides the text, also at its ends; nothing in it is a control token."""
    front, rest = Prompts(Server()).split(text(content, stable=stable))  # type: ignore[arg-type]
    assert tuple(map(chr, (*front, *rest))) == tuple(content)


@pytest.mark.parametrize("stable", [0, 2, 4])
def test_a_text_begins_as_the_model_wants_it(stable: int) -> None:
    """A model whose texts begin with a token of their own gets it once, in front."""
    front, rest = Prompts(Server(opening=(1,))).split(text("a<1>"[:4], stable=stable))  # type: ignore[arg-type]
    assert shown((*front, *rest)) == "{start}a<1>"


def test_what_was_seen_is_not_tokenized_again() -> None:
    """The same front, template and words cost no second question."""
    server = Server()
    prompts = Prompts(server)  # type: ignore[arg-type]
    turns = (("system", "Sort."), ("user", "a"))
    prompts.split(chat(*turns))
    before = len(server.asked)
    prompts.split(chat(*turns))
    prompts.split(chat(("system", "Sort."), ("user", "Sort.")))
    assert len(server.asked) == before


def test_a_template_that_drops_a_message_is_an_error() -> None:
    """Silently asking something else is worse than not asking."""

    class Forgetful(Server):
        def post(self, path: str, data: dict[str, Any]) -> dict[str, Any]:
            answer = super().post(path, data)
            return {"prompt": "fixed"} if path == "/apply-template" else answer

    with pytest.raises(EngineError, match="drops or moves a message of user"):
        Prompts(Forgetful()).split(chat(("user", "a")))  # type: ignore[arg-type]


def test_a_chat_without_messages_is_refused() -> None:
    """A template alone asks nothing."""
    with pytest.raises(EngineError, match="empty"):
        Prompts(Server()).split(chat())  # type: ignore[arg-type]
