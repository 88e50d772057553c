"""Finding sections under headers of any style."""

from typing import Any

import pytest

from elixirml_adapters.parsing import ParseFailure, parse_sections_reply

BRACKETS = "[[ ## {name} ## ]]"
TWO = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "the_n": {"type": "integer", "default": 7}},
    "required": ["answer"],
}


def parsed(reply: str | None, template: str = BRACKETS, end: str | None = "completed", schema: Any = TWO) -> Any:
    return parse_sections_reply(reply, schema, template=template, end=end)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("[[##answer##]]x[[##  The-N  ##]] 7", "x"),
        ("a [[ ## other ## ]] b\n[[ ## answer ## ]]\nx [[ ## other ## ]] y", "x [[ ## other ## ]] y"),
        ("[[ ## answer ## ]] x\n  [[ ## other ## ]] y", "x"),
        ("[[ ## answer ## ]] x [[ ## COMPLETED ## ]] y\n[[ ## answer ## ]] z", "x"),
        ("[[ ## answer ## ]] [[ ## b [[ ## the_n ## ]] 7", "[[ ## b"),
        ("[[ ## answer ## ]]\r\na\r\nb\rc", "a\nb\rc"),
        ("[[ ## answer ## ]]\n<think>x</think>", "<think>x</think>"),
        ("x</think>\n[[ ## answer ## ]]\ny", "y"),
        ("[[ ## answer ## ]]\n[[ ## two\nlines ## ]]", "[[ ## two\nlines ## ]]"),
        ("[[ ## answer ## ]]", ""),
    ],
)
def test_sections_are_cut_at_headers(reply: str, answer: str) -> None:
    """Known headers and the end marker count anywhere, others at the start of a line."""
    assert parsed(reply) == {"answer": answer, "the_n": 7}


@pytest.mark.parametrize(
    ("template", "end", "reply"),
    [
        ("### {name}:", None, "### answer: x\n### Any Other name: y\n###the n:7"),
        ("## {name}", None, "## answer\nx\n## the_n  \n7"),
        ("## {name}", "end", "## answer\nx\n## end\n## the_n\n8"),
        ("{name}:", None, "Answer:\nx\nNote: the answer: y\nThe n: 7"),
        ("@@{name}@@", "done", "@@answer@@x@@the_n@@7@@done@@"),
        ("-{name}-", None, "-answer-x\n-the-n-\n7"),
        ("<{name}>", None, "<answer> x <the n> 7"),
        ("--\n{name}\n--", None, "--\nanswer\n--\nx\n--\nthe_n\n--\n7"),
    ],
)
def test_any_style_of_header(template: str, end: str | None, reply: str) -> None:
    """A template is all a style takes, with or without signs on both sides of the name."""
    assert parsed(reply, template, end) == {"answer": "x", "the_n": 7}


def test_the_closing_sign_of_no_header_may_open_one() -> None:
    """A false header within a line hides no true one behind it."""
    assert parsed("@@answer@@ a @@ b @@the_n@@ 7", "@@{name}@@", None) == {"answer": "a @@ b", "the_n": 7}


@pytest.mark.parametrize(
    ("reply", "code", "path"),
    [
        (None, "empty", ()),
        ("<think>[[ ## answer ## ]]", "truncated", ()),
        ("answer: x", "missing_field", ("answer",)),
        ("[[ ## answer ## ]] x [[ ## Answer ## ]] y", "ambiguous", ("answer",)),
        ("[[ ## answer ## ]] x [[ ## the_n ## ]] y", "wrong_type", ("the_n",)),
        ("[[ ## the_n ## ]] y", "missing_field", ("answer",)),
    ],
)
def test_failures_name_the_field(reply: str | None, code: str, path: tuple[str, ...]) -> None:
    """The first failure in schema order is reported with its field."""
    with pytest.raises(ParseFailure) as caught:
        parsed(reply)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_values_may_repeat() -> None:
    """A field given twice with one value after coercion is fine."""
    assert parsed("[[ ## answer ## ]] x [[ ## the_n ## ]] 1 [[ ## the_n ## ]] 1.0")["the_n"] == 1


def test_a_field_named_like_the_end_is_a_field() -> None:
    """A declared field is never taken for the end marker."""
    schema = {"type": "object", "properties": {"completed": {"type": "boolean"}}, "required": ["completed"]}
    assert parsed("[[ ## completed ## ]] yes", schema=schema) == {"completed": True}


def test_fields_alike_need_their_exact_names() -> None:
    """Of two fields with one folded name, only exact headers count."""
    schema = {"type": "object", "properties": {"a_b": {"type": "string"}, "aB": {"type": "string"}}}
    reply = "[[ ## a_b ## ]] 1\n[[ ## aB ## ]] 2\n[[ ## a b ## ]] 3"
    assert parsed(reply, schema=schema) == {"a_b": "1", "aB": "2"}
