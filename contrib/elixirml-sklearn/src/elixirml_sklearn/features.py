"""Features: the inputs of a stage as a matrix; texts by TF-IDF, choices by indicator, numbers as they are."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol, TypeAlias

from attrs import frozen

from elixirml.contracts import Field, Signature
from elixirml.identity import canonical_json

__all__ = ["Features", "Row", "has_numbers", "has_texts"]

Row: TypeAlias = Mapping[str, Any]

_WORDS: Mapping[str, Any] = {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}
_CHARACTERS: Mapping[str, Any] = {"analyzer": "char_wb", "ngram_range": (2, 4)}


class _Column(Protocol):
    """One input as columns of a matrix."""

    def fit(self, rows: Sequence[Row]) -> Any:
        """Return the columns of the rows, having learnt from them."""
        ...

    def transform(self, rows: Sequence[Row]) -> Any:
        """Return the columns of the rows."""
        ...


class _Texts:
    """A text by how often it holds each word or piece, against how often others do."""

    def __init__(self, name: str, unit: str) -> None:
        self._name = name
        texts: Any = import_module("sklearn.feature_extraction.text")
        self._weights = texts.TfidfVectorizer(sublinear_tf=True, **(_WORDS if unit == "words" else _CHARACTERS))

    def fit(self, rows: Sequence[Row]) -> Any:
        # A word of its own, so that texts without any word leave no empty vocabulary.
        self._weights.fit([*self._texts(rows), "elixirml"])
        return self.transform(rows)

    def transform(self, rows: Sequence[Row]) -> Any:
        return self._weights.transform(self._texts(rows))

    def _texts(self, rows: Sequence[Row]) -> list[str]:
        return [_text(row.get(self._name)) for row in rows]


class _Choices:
    """A choice by one column an option that was seen; what was not seen has none."""

    def __init__(self, name: str) -> None:
        self._name = name
        preprocessing: Any = import_module("sklearn.preprocessing")
        self._indicators = preprocessing.OneHotEncoder(handle_unknown="ignore")

    def fit(self, rows: Sequence[Row]) -> Any:
        return self._indicators.fit_transform(self._cells(rows))

    def transform(self, rows: Sequence[Row]) -> Any:
        return self._indicators.transform(self._cells(rows))

    def _cells(self, rows: Sequence[Row]) -> list[list[str]]:
        return [[_text(row.get(self._name))] for row in rows]


class _Numbers:
    """A number as it is; an absent one is 0."""

    def __init__(self, name: str) -> None:
        self._name = name

    def fit(self, rows: Sequence[Row]) -> Any:
        return self.transform(rows)

    def transform(self, rows: Sequence[Row]) -> Any:
        sparse: Any = import_module("scipy.sparse")
        cells = [row.get(self._name) for row in rows]
        return sparse.csr_matrix([[float(each) if isinstance(each, (int, float)) else 0.0] for each in cells])


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else canonical_json(value)


def _is_number(field: Field) -> bool:
    return field.schema.get("type") in {"number", "integer", "boolean"} and "enum" not in field.schema


def has_numbers(signature: Signature) -> bool:
    """Return whether a task has inputs that are numbers."""
    return any(_is_number(each) for each in signature.inputs)


def has_texts(signature: Signature) -> bool:
    """Return whether a task has inputs that are read as text: free texts, lists and records."""
    return any(not _is_number(each) and "enum" not in each.schema for each in signature.inputs)


@frozen
class Features:
    """The columns of a stage's inputs, in declared order.

    Attributes:
        columns: What has been fitted.
    """

    columns: tuple[_Column, ...]

    @classmethod
    def of(cls, signature: Signature, *, unit: str) -> "Features":
        """Return features that have learnt nothing yet.

        Args:
            signature: The task.
            unit: What texts are made of: `words` or `characters`.
        """
        return cls(tuple(_column(each, unit) for each in signature.inputs))

    def fit(self, rows: Sequence[Row]) -> Any:
        """Return the matrix of the rows, having learnt from them."""
        return _beside(each.fit(rows) for each in self.columns)

    def transform(self, rows: Sequence[Row]) -> Any:
        """Return the matrix of the rows."""
        return _beside(each.transform(rows) for each in self.columns)


def _column(field: Field, unit: str) -> _Column:
    if _is_number(field):
        return _Numbers(field.name)
    return _Choices(field.name) if "enum" in field.schema else _Texts(field.name, unit)


def _beside(blocks: Any) -> Any:
    sparse: Any = import_module("scipy.sparse")
    return sparse.hstack(list(blocks), format="csr")
