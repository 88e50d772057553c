"""Fits what was read from a reply to what its schema asks for.

Values are converted only where nothing is lost or guessed. In exact mode, which decides between the members of a
union, nothing is converted at all.
"""

import copy
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from elixirml_adapters.parsing.choosing import choose_member, not_a_member
from elixirml_adapters.parsing.failure import ParseFailure, Path
from elixirml_adapters.parsing.lenient_json import UnreadableError, read_whole
from elixirml_adapters.parsing.scalars import is_null_word, read_boolean, read_integer, read_number
from elixirml_adapters.parsing.shapes import (
    Anything,
    Boolean,
    Choice,
    Field,
    Integer,
    ListOf,
    MapOf,
    Nothing,
    Real,
    Record,
    Shape,
    Text,
    Union,
)
from elixirml_adapters.parsing.values import Members, Number, Value, describe, same

__all__ = ["agree", "differing", "fill_absent", "fit", "fit_each", "passes_on", "wrong_type"]

T = TypeVar("T")
_Scalar: TypeAlias = str | bool | Number | None
_MISFIT: Any = object()
_BRACKETED = (list, Members)  # a tuple: to make a union of types at every look is slow
_MUTABLE = frozenset({list, dict})


def fit(value: Value, shape: Shape, path: Path, *, exact: bool = False) -> Any:
    """Return the plain value of this shape that was meant.

    Args:
        value: What was read.
        shape: What is asked for.
        path: Where the value stands.
        exact: Whether to refuse what needs converting.

    Raises:
        ParseFailure: `wrong_type`, `not_in_enum`, `missing_field` or `ambiguous`, with the path.
    """
    return _FITTERS[type(shape)](value, shape, path, exact=exact)


def wrong_type(expected: str, found: str, path: Path) -> ParseFailure:
    """Return the failure for a value of another kind."""
    return ParseFailure("wrong_type", path, f"expected {expected}, found {found}.")


def passes_on(failure: ParseFailure) -> bool:
    """Return whether the failure of one member of a union is final: what is ambiguous stays so."""
    return failure.code == "ambiguous"


def agree(givens: Sequence[T], fitter: Callable[[T], Any], path: Path) -> Any:
    """Return the one value that all values given for one field stand for.

    Raises:
        ParseFailure: `ambiguous` when they differ; the first one's failure when none fits.
    """
    fitted: list[Any] = []
    first: ParseFailure | None = None  # and no other: each holds what it came through
    for given in givens:
        try:
            fitted.append(fitter(given))
        except ParseFailure as failure:
            first = first or failure
    if first is not None:
        raise differing(path) if fitted else first
    if not all(same(fitted[0], other) for other in fitted):
        raise differing(path)
    return fitted[0]


def fit_each(items: Iterable[T], key: Callable[[T], Hashable], fitter: Callable[[T, int], Any]) -> list[Any]:
    """Return what `fitter` makes of each item and its position.

    Long lists repeat themselves, so what became of an item is remembered by its key, where it has one.
    """
    known: dict[Hashable, Any] = {None: _MISFIT}
    fitted: list[Any] = []
    for index, item in enumerate(items):
        name = key(item)
        value = known.get(name, _MISFIT)
        if value is _MISFIT:
            value = fitter(item, index)
            if name is not None and type(value) not in _MUTABLE:
                known[name] = value
        fitted.append(value)
    return fitted


def differing(path: Path) -> ParseFailure:
    """Return the failure for a field that was given again with another value."""
    return ParseFailure("ambiguous", path, "given more than once, with different values.")


def fill_absent(field: Field, fitted: dict[str, Any], path: Path) -> None:
    """Put the default of a field that was not given into `fitted`, or leave it out when it has none.

    Raises:
        ParseFailure: `missing_field` when the field is required.
    """
    if field.required:
        raise ParseFailure("missing_field", (*path, field.name), f"the reply holds no `{field.name}`.")
    if field.has_default:
        fitted[field.name] = copy.deepcopy(field.default)


def _fit_anything(value: Value, _: Shape, path: Path, *, exact: bool) -> Any:  # noqa: ARG001
    return _plain(value, path)


def _fit_scalar(value: Value, shape: Shape, path: Path, *, exact: bool) -> Any:
    while not exact and isinstance(value, list) and len(value) == 1:
        value = value[0]
    expected, as_is, converted = _SCALARS[type(shape)]
    fitted: Any = _MISFIT
    if not isinstance(value, _BRACKETED):
        fitted = as_is(value)
        if fitted is _MISFIT and not exact and value is not None:
            fitted = converted(value)
    if fitted is _MISFIT:
        raise wrong_type(expected, describe(value), path)
    return fitted


def _or_misfit(value: Any) -> Any:
    return _MISFIT if value is None else value


def _exact_null(value: _Scalar) -> Any:
    return None if value is None else _MISFIT


def _null(value: _Scalar) -> Any:
    return None if isinstance(value, str) and is_null_word(value) else _MISFIT


def _exact_text(value: _Scalar) -> Any:
    return value if isinstance(value, str) else _MISFIT


def _exact_boolean(value: _Scalar) -> Any:
    return value if isinstance(value, bool) else _MISFIT


def _boolean(value: _Scalar) -> Any:
    if isinstance(value, Number):
        number = read_number(value.source)
        return bool(number) if number in (0, 1) else _MISFIT
    return _or_misfit(read_boolean(_written(value)))


def _exact_integer(value: _Scalar) -> Any:
    return _or_misfit(read_integer(value.source)) if isinstance(value, Number) and value.is_whole else _MISFIT


def _integer(value: _Scalar) -> Any:
    return _or_misfit(read_integer(_written(value)))


def _exact_real(value: _Scalar) -> Any:
    return _or_misfit(read_number(value.source)) if isinstance(value, Number) else _MISFIT


def _real(value: _Scalar) -> Any:
    return _or_misfit(read_number(_written(value)))


def _written(value: _Scalar) -> str:
    """Return the value as text; `true` and `false` are no numbers, so those can be read as such."""
    match value:
        case Number():
            return value.source
        case str():
            return value
        case _:
            return str(value).lower()


# What is expected; how a value of this kind is read; how one of another kind is converted.
_SCALARS: Mapping[type, tuple[str, Callable[[_Scalar], Any], Callable[[_Scalar], Any]]] = {
    Nothing: ("null", _exact_null, _null),
    Text: ("a text", _exact_text, _written),
    Boolean: ("true or false", _exact_boolean, _boolean),
    Integer: ("a whole number", _exact_integer, _integer),
    Real: ("a number", _exact_real, _real),
}


def _fit_choice(value: Value, shape: Choice, path: Path, *, exact: bool) -> Any:
    for member in shape.members:
        if same(member, _constant(value, member, path)):
            return member
    if not exact and isinstance(value, list) and len(value) == 1:
        return _fit_choice(value[0], shape, path, exact=False)
    if exact or value is None or isinstance(value, _BRACKETED):
        raise not_a_member(describe(value), shape.members, path)
    return choose_member(_written(value), shape.members, path)


def _constant(value: Value, member: Any, path: Path) -> Any:
    """Return what to compare the member with."""
    if isinstance(value, Number):
        return read_number(value.source)
    if isinstance(value, _BRACKETED):
        return _plain(value, path) if type(member) in _MUTABLE else _MISFIT
    return value


# What each shape may accept as it is; to try others would only make failures, which are slow.
_EXACT_KINDS: Mapping[type, tuple[type, ...]] = {
    Nothing: (type(None),),
    Text: (str,),
    Boolean: (bool,),
    Integer: (Number,),
    Real: (Number,),
    ListOf: (list,),
    Record: (Members,),
    MapOf: (Members,),
}


def _fit_union(value: Value, shape: Union, path: Path, *, exact: bool) -> Any:
    for member, exactly in _attempts(value, shape, exact=exact):
        try:
            return _FITTERS[type(member)](value, member, path, exact=exactly)
        except ParseFailure as failure:
            if passes_on(failure):
                raise
    raise wrong_type("one of several kinds", describe(value), path)


def _attempts(value: Value, shape: Union, *, exact: bool) -> Iterator[tuple[Shape, bool]]:
    """Yield the members to try in turn, and whether without converting anything."""
    kind = type(value)
    for member in shape.members:
        kinds = _EXACT_KINDS.get(type(member))
        if kinds is None or kind in kinds:
            yield member, True
    if exact:
        return
    if isinstance(value, str) and shape.takes_null and not shape.takes_text and is_null_word(value):
        yield Nothing(), False
    for member in shape.text_last:
        yield member, False


def _fit_record(value: Value, shape: Record, path: Path, *, exact: bool) -> dict[str, Any]:
    given = shape.names.gather(_members(value, path, exact=exact).pairs)
    fitted: dict[str, Any] = {}
    for field in shape.fields:
        values = given.get(field.name, ())
        if field.drops_null:
            values = [each for each in values if each is not None]
        if values:
            fitted[field.name] = _fit_given(values, field.shape, (*path, field.name), exact=exact)
        else:
            fill_absent(field, fitted, path)
    return fitted


def _fit_map(value: Value, shape: MapOf, path: Path, *, exact: bool) -> dict[str, Any]:
    given = _by_key(_members(value, path, exact=exact))
    fitted: dict[str, Any] = {}
    if shape.value is not None:
        for key, values in given.items():
            fitted[key] = _fit_given(values, shape.value, (*path, key), exact=exact)
    return fitted


def _fit_given(values: Sequence[Value], shape: Shape, path: Path, *, exact: bool) -> Any:
    if len(values) == 1:
        return fit(values[0], shape, path, exact=exact)
    return agree(values, lambda value: fit(value, shape, path, exact=exact), path)


def _members(value: Value, path: Path, *, exact: bool) -> Members:
    found = value if exact else _opened(value)
    if not isinstance(found, Members):
        raise wrong_type("an object", describe(value), path)
    return found


def _opened(value: Value) -> Value:
    """Return what a value is once lists of one and texts that are JSON are opened."""
    while isinstance(value, str) or (isinstance(value, list) and len(value) == 1):
        opened = _parsed(value, "{[") if isinstance(value, str) else value[0]
        if opened is value:
            break
        value = opened
    return value


def _fit_list(value: Value, shape: ListOf, path: Path, *, exact: bool) -> list[Any]:
    found = _parsed(value, "[") if isinstance(value, str) and not exact else value
    if isinstance(found, list):
        return _fit_items(found, shape.item, path, exact=exact)
    if exact or found is None:
        raise wrong_type("a list", describe(value), path)
    return [fit(found, shape.item, path)]


def _fit_items(items: Sequence[Value], shape: Shape, path: Path, *, exact: bool) -> list[Any]:
    """Return the fitted items; `fit_each` would do the same, but cost more frames for each level of nesting."""
    fitter = _FITTERS[type(shape)]
    known: dict[Hashable, Any] = {None: _MISFIT}
    fitted: list[Any] = []
    for index, item in enumerate(items):
        key = item if type(item) is str else (item.source,) if type(item) is Number else None
        value = known.get(key, _MISFIT)
        if value is _MISFIT:
            value = fitter(item, shape, (*path, index), exact=exact)
            if key is not None and type(value) not in _MUTABLE:
                known[key] = value
        fitted.append(value)
    return fitted


def _parsed(text: str, openers: str) -> Value:
    """Return the JSON that the text is as a whole, when it starts with one of `openers`; else the text."""
    if not text.lstrip().startswith(tuple(openers)):
        return text
    try:
        return read_whole(text)
    except UnreadableError:
        return text


def _plain(value: Value, path: Path) -> Any:
    """Return the plain value of anything; paths are made only for what fails."""
    try:
        return _plainly(value)
    except ParseFailure as failure:
        raise failure.under(path) from None


def _plainly(value: Value) -> Any:
    kind = type(value)
    if kind is list:
        return _plain_list(cast("list[Value]", value))
    if isinstance(value, Members):
        return _plain_members(value)
    if isinstance(value, Number):
        number = read_number(value.source)
        if number is None:
            raise wrong_type("a number in range", describe(value), ())
        return number
    return value


def _plain_list(items: list[Value]) -> list[Any]:
    plain: list[Any] = []
    for item in items:
        try:
            plain.append(_plainly(item))
        except ParseFailure as failure:
            raise failure.under((len(plain),)) from None
    return plain


def _plain_members(members: Members) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in members.pairs:
        try:
            fitted = _plainly(value)
        except ParseFailure as failure:
            raise failure.under((key,)) from None
        if key in plain and not same(plain[key], fitted):
            raise differing((key,))
        plain[key] = fitted
    return plain


def _by_key(members: Members) -> Mapping[str, Sequence[Value]]:
    given: dict[str, list[Value]] = {}
    for key, value in members.pairs:
        given.setdefault(key, []).append(value)
    return given


_FITTERS: Mapping[type, Callable[..., Any]] = {
    Union: _fit_union,
    Record: _fit_record,
    MapOf: _fit_map,
    ListOf: _fit_list,
    Choice: _fit_choice,
    Anything: _fit_anything,
    **dict.fromkeys(_SCALARS, _fit_scalar),
}
