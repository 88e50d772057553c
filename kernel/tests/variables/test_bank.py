"""Banks: ids, look-up, growth, and reading broken files."""

import pytest

from elixirml.errors import DeclarationError, StateError, ValidationError
from elixirml.identity import Json, digest
from elixirml.variables import Bank, Entry

BRIEF = Entry.of("Be brief.")
KIND = Entry.of({"question": "2+2", "answer": 4}, origin="bootstrap")


def test_an_id_follows_from_the_value() -> None:
    """Equal values are one entry, whoever made them; True, 1 and 1.0 are three."""
    assert BRIEF.id == digest("Be brief.")[:16]
    assert Entry.of("Be brief.", origin="proposer").id == BRIEF.id
    assert len({Entry.of(value).id for value in (True, 1, 1.0)}) == 3


def test_an_entry_keeps_a_copy() -> None:
    """Changing what an entry was made of does not change the entry."""
    value: dict[str, Json] = {"answer": [1]}
    entry = Entry.of(value)
    value["answer"] = 2

    assert entry.value == {"answer": [1]}
    with pytest.raises(DeclarationError, match="a bank entry is JSON"):
        Entry("x", value={1, 2})


def test_a_bank_is_read_by_id() -> None:
    """Entries are found by id, in the order they were added; a miss names the nearest id."""
    bank = Bank("style", (BRIEF, KIND))

    assert bank[KIND.id] is KIND
    assert BRIEF.id in bank
    assert (len(bank), bank.ids, list(bank)) == (2, (BRIEF.id, KIND.id), [BRIEF, KIND])
    with pytest.raises(ValidationError, match=f"Did you mean `{BRIEF.id}`"):
        bank[f"{BRIEF.id[:-1]}x"]
    with pytest.raises(ValidationError, match="no entry of bank `style`, which holds 2"):
        bank["nothing like it"]
    assert "3 is no entry" in bank.missing(3)


def test_a_bank_is_append_only() -> None:
    """An id never gets a second value, and no id stands twice."""
    bank = Bank("style", (BRIEF,))

    assert bank.extended([Entry.of("Be brief.", origin="other")]) == bank
    with pytest.raises(StateError, match="already holds another value"):
        bank.extended([Entry(BRIEF.id, value="Be long.")])
    with pytest.raises(DeclarationError, match="twice"):
        Bank("style", (BRIEF, BRIEF))
    assert bank.renamed("tone").name == "tone"


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"name": 3, "entries": []},
        {"name": "style"},
        {"name": "style", "entries": {"a": 1}},
        {"name": "style", "entries": ["text"]},
        {"name": "style", "entries": [{"id": "a"}]},
        {"name": "style", "entries": [{"id": "a", "origin": "user"}]},
    ],
)
def test_a_broken_bank_is_refused(data: object) -> None:
    """Saved state that was cut or edited is named as such, with what to do."""
    with pytest.raises(StateError, match="broken") as caught:
        Bank.from_json(data)
    assert caught.value.hint
