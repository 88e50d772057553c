"""Fences around code: which are taken off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import unfenced


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("  ```\na\n\nb\n  ```\n", "a\n\nb"),
        ("~~~~ `sql`\nselect 1\n~~~~", "select 1"),
        ("```\n```", ""),
        ("````md\n```\ninner\n```\n````", "```\ninner\n```"),
        ("```\na\n```\nand\n```\nb\n```", "```\na\n```\nand\n```\nb\n```"),
        ("```\na", "```\na"),
        ("```", "```"),
        ("```a```\nb\n```", "```a```\nb\n```"),
        ("say:\n```\na\n```", "say:\n```\na\n```"),
        ("", ""),
    ],
)
def test_one_fence_around_all_of_it_is_taken_off(written: str, text: str) -> None:
    """And nothing else."""
    assert unfenced(written) == text


@given(st.text(st.sampled_from("a \n\t")), st.sampled_from(["```", "~~~", "`````"]))
def test_what_was_fenced_comes_out(code: str, fence: str) -> None:
    """Whatever the code, its own blanks stay."""
    assert unfenced(f"{fence}python\n{code}\n{fence}") == code


@pytest.mark.parametrize("part", [" ", "\n", "`", "```\n", "~~~ ", "\t`"])
def test_a_long_reply_is_no_burden(part: str) -> None:
    """A text of two million signs that nearly is fenced is returned as it is; the square of that would take days."""
    text = "```\n" + part * (2_000_000 // len(part)) + "?"
    assert unfenced(text) == text
