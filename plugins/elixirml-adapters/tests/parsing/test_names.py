"""Names as models spell them, and what is remembered of them between replies."""

import tracemalloc

from elixirml_adapters.parsing import parse_json_reply
from elixirml_adapters.parsing.names import NameIndex
from elixirml_adapters.parsing.shapes import shape_of

SCHEMA = {"type": "object", "properties": {"first_name": {"type": "string"}, "tags": {"type": "array", "default": []}}}


def test_a_name_is_found_however_it_is_spelled() -> None:
    """The exact name wins; a look-alike counts where only one is meant."""
    index = NameIndex(["first_name", "b-c", "bc"])
    assert [index.find(each) for each in ("first_name", "First Name", "firstname", "bc", "B C")] == [
        "first_name",
        "first_name",
        "first_name",
        "bc",
        None,
    ]


def test_what_replies_say_is_not_kept_for_ever() -> None:
    """However many keys are met, and however long they are, the index stays small."""
    index = NameIndex(["first_name"])
    tracemalloc.start()
    try:
        for number in range(20_000):
            assert index.find(f"key {number}") is None
            assert index.find("x" * 1000 + str(number)) is None
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000


def test_replies_to_one_task_share_its_shape_and_nothing_else() -> None:
    """The shape is made once; a default that one caller changes is whole for the next."""
    assert shape_of(SCHEMA) is shape_of({**SCHEMA})
    first = parse_json_reply('{"first_name": "a"}', SCHEMA)
    first["tags"].append("changed")
    assert parse_json_reply('{"first_name": "b"}', SCHEMA) == {"first_name": "b", "tags": []}
    assert shape_of(SCHEMA) is not shape_of({**SCHEMA, "required": ["first_name"]})
