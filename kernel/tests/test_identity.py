"""Canonical JSON and digests: laws, and what has none."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from enum import Enum, IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.identity import canonical_json, digest, short

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)


def shuffled(value: Any) -> Any:
    """The same value, keys in the opposite order, lists as tuples and dicts as other mappings."""
    if isinstance(value, dict):
        return MappingProxyType(OrderedDict((key, shuffled(item)) for key, item in reversed(value.items())))
    return tuple(shuffled(item) for item in value) if isinstance(value, list) else value


@given(values)
def test_reading_it_back_gives_the_value(value: Any) -> None:
    """Canonical JSON is JSON, and of equal values with equal types throughout."""
    text = canonical_json(value)

    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(values)
def test_order_and_container_make_no_difference(value: Any) -> None:
    """The order of keys, tuples for lists and other mappings for dicts change nothing."""
    assert canonical_json(shuffled(value)) == canonical_json(value)
    assert digest(shuffled(value)) == digest(value)


@given(values, values)
def test_equal_text_means_equal_value(one: Any, other: Any) -> None:
    """Two values share a digest exactly when they are the same, number types included."""
    same = canonical_json(one) == canonical_json(other)

    assert same == (digest(one) == digest(other))
    if same:
        assert one == other


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.0, "1.0"),
        (-(2**80), str(-(2**80))),
        ('é\n"', '"é\\n\\""'),
        ({"b": (1, 2.0), "a": None}, '{"a":null,"b":[1,2.0]}'),
        ({"é": 1, "z": {"y": [], "x": {}}}, '{"z":{"x":{},"y":[]},"é":1}'),
    ],
)
def test_the_text_is_fixed(value: Any, text: str) -> None:
    """No blanks, sorted keys, letters as they are; numbers keep their type. Digests hang on it: it never changes."""
    assert canonical_json(value) == text
    assert digest(value) == hashlib.sha256(text.encode()).hexdigest()


class Word(StrEnum):
    A = "a"


class Number(IntEnum):
    ONE = 1


class Mixed(str, Enum):  # noqa: UP042 - it calls itself another name
    A = "a"


def test_enumerations_are_their_values() -> None:
    """As values and as keys, whatever they call themselves."""
    assert canonical_json([Word.A, Number.ONE, Mixed.A]) == '["a",1,"a"]'
    assert canonical_json({Mixed.A: 1}) == canonical_json({Word.A: 1}) == '{"a":1}'


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (float("nan"), ValueError, "nan has no canonical JSON"),
        ([float("inf")], ValueError, "inf has no canonical JSON"),
        ({1: "a"}, TypeError, "keys are text, not int: 1"),
        ({"a": {2}}, TypeError, "set has no canonical JSON"),
        (object, TypeError, "type has no canonical JSON"),
        (b"a", TypeError, "bytes has no canonical JSON"),
    ],
)
def test_what_has_no_canonical_json_is_refused(value: Any, error: type[Exception], message: str) -> None:
    """Nothing is bent into shape: a digest of half a value would be worse than none."""
    with pytest.raises(error, match=message):
        canonical_json(value)


def test_half_a_surrogate_pair_has_a_digest() -> None:
    """Models write such texts now and then."""
    assert digest("\ud83d") != digest("\ud83e")


def test_a_short_digest_is_for_people() -> None:
    """Twelve digits of sixty-four."""
    found: Mapping[str, int] = {"a": 1}

    assert len(digest(found)) == 64
    assert digest(found).startswith(short(digest(found)))
    assert len(short(digest(found))) == 12
