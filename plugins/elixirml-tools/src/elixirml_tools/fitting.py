"""Fits given values to schemas: converted only where nothing is lost or guessed.

In exact mode, which decides between the members of a union, nothing is converted at all.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from elixirml.identity import canonical_json
from elixirml_tools.choosing import choose
from elixirml_tools.given import ArgumentsError, Given, Number, Path, describe, opened, plain_number, same
from elixirml_tools.schemas import accepts_null, accepts_text, kind_of, members_of, more_of
from elixirml_tools.spelling import is_null_word, read_boolean, read_integer, read_number
from elixirml_tools.unknown import unknown_name

__all__ = ["fit", "fitted_more"]

_MISFIT: Final[Any] = object()


def fit(value: Given, schema: Mapping[str, Any], path: Path, *, exact: bool = False) -> Any:
    """Return the plain value of this schema that was meant.

    Args:
        value: As given.
        schema: What is asked for.
        path: Where the value stands.
        exact: Whether to refuse what needs converting.

    Raises:
        ArgumentsError: With the path.
    """
    members = members_of(schema)
    if len(members) > 1:
        return _fit_union(value, members, path, exact=exact)
    only = members[0]
    fitter: Callable[..., Any] = _FITTERS.get(kind_of(only), _fit_anything)
    return fitter(value, only, path, exact=exact)


def _fit_anything(value: Given, _: Mapping[str, Any], path: Path, *, exact: bool) -> Any:
    match value:
        case Number():
            return plain_number(value, path)
        case list():
            return [_fit_anything(each, {}, (*path, at), exact=exact) for at, each in enumerate(value)]
        case dict():
            return {name: _fit_anything(each, {}, (*path, name), exact=exact) for name, each in value.items()}
        case _:
            return value


def _fit_scalar(value: Given, schema: Mapping[str, Any], path: Path, *, exact: bool) -> Any:
    while not exact and isinstance(value, list) and len(value) == 1:
        value = value[0]
    expected, as_is, converted = _SCALARS[kind_of(schema)]
    fitted = _MISFIT
    if not isinstance(value, (list, dict)):
        fitted = as_is(value)
        if fitted is _MISFIT and not exact and value is not None:
            fitted = converted(value)
    if fitted is _MISFIT:
        raise _wrong_type(expected, value, path)
    return fitted


def _or_misfit(value: Any) -> Any:
    return _MISFIT if value is None else value


def _exact_integer(value: Given) -> Any:
    return _or_misfit(read_integer(value.source)) if isinstance(value, Number) and value.is_whole else _MISFIT


def _exact_number(value: Given) -> Any:
    return _or_misfit(read_number(value.source)) if isinstance(value, Number) else _MISFIT


def _boolean(value: Given) -> Any:
    if isinstance(value, Number):
        number = read_number(value.source)
        return bool(number) if number in (0, 1) else _MISFIT
    return _or_misfit(read_boolean(_written(value)))


def _written(value: Given) -> str:
    """Return a scalar as text; `true` and `false` are no numbers, so those can be read as such."""
    match value:
        case Number():
            return value.source
        case str():
            return value
        case _:
            return str(value).lower()


Scalar = Callable[[Given], Any]

# What is expected; how a value of this kind is read; how one of another kind is converted.
_SCALARS: Final[Mapping[str, tuple[str, Scalar, Scalar]]] = {
    "null": (
        "null",
        lambda value: None if value is None else _MISFIT,
        lambda value: None if isinstance(value, str) and is_null_word(value) else _MISFIT,
    ),
    "string": ("a text", lambda value: value if isinstance(value, str) else _MISFIT, _written),
    "boolean": ("true or false", lambda value: value if isinstance(value, bool) else _MISFIT, _boolean),
    "integer": ("a whole number", _exact_integer, lambda value: _or_misfit(read_integer(_written(value)))),
    "number": ("a number", _exact_number, lambda value: _or_misfit(read_number(_written(value)))),
}


def _fit_choice(value: Given, schema: Mapping[str, Any], path: Path, *, exact: bool) -> Any:
    members: Sequence[Any] = schema["enum"] if "enum" in schema else [schema["const"]]
    as_it_is = _fit_anything(value, {}, path, exact=True)
    for member in members:
        if same(member, as_it_is):
            return member
    if not exact and isinstance(value, list) and len(value) == 1:
        return _fit_choice(value[0], schema, path, exact=False)
    if exact or value is None or isinstance(value, (list, dict)):
        listed = ", ".join(map(repr, members))
        raise ArgumentsError("not_in_enum", path, f"expected one of {listed}, found {describe(value)}.")
    return choose(_written(value), members, path)


def _fit_union(value: Given, members: Sequence[Mapping[str, Any]], path: Path, *, exact: bool) -> Any:
    attempts = [(member, True) for member in members]
    if not exact:
        whole = {"anyOf": members}
        if isinstance(value, str) and is_null_word(value) and accepts_null(whole) and not accepts_text(whole):
            attempts.append(({"type": "null"}, False))
        attempts += [(member, False) for member in sorted(members, key=lambda each: kind_of(each) == "string")]
    for member, exactly in attempts:
        try:
            return fit(value, member, path, exact=exactly)
        except ArgumentsError as error:
            if error.code == "ambiguous":
                raise
    raise _wrong_type("one of several kinds", value, path)


def _fit_object(value: Given, schema: Mapping[str, Any], path: Path, *, exact: bool) -> dict[str, Any]:
    given = _object(value, path, exact=exact)
    properties: Mapping[str, Any] = schema.get("properties", {})
    fitted: dict[str, Any] = {}
    for name, rule in properties.items():
        required = name in schema.get("required", ())
        absent = name not in given or (given[name] is None and not required and not accepts_null(rule))
        if not absent:
            fitted[name] = fit(given[name], rule, (*path, name), exact=exact)
        elif required:
            raise ArgumentsError("missing_argument", (*path, name), f"`{name}` must be given.")
        elif "default" in rule:
            fitted[name] = copy.deepcopy(rule["default"])
    for name, each in given.items():
        if name not in properties:
            fitted[name] = fitted_more(name, each, schema, path, exact=exact)
    return fitted


def fitted_more(name: str, value: Given, schema: Mapping[str, Any], path: Path, *, exact: bool = False) -> Any:
    """Return a value whose name is none of the schema's properties.

    Raises:
        ArgumentsError: The object is closed, or the value does not fit what more it may hold.
    """
    more = more_of(schema)
    if more is None:
        raise unknown_name(name, schema.get("properties", {}), path)
    return fit(value, more, (*path, name), exact=exact)


def _object(value: Given, path: Path, *, exact: bool) -> dict[str, Given]:
    found = value
    while not exact and (isinstance(found, str) or (isinstance(found, list) and len(found) == 1)):
        inner = opened(found, "[{") if isinstance(found, str) else found[0]
        if inner is found:
            break
        found = inner
    if not isinstance(found, dict):
        raise _wrong_type("an object", value, path)
    return found


def _fit_array(value: Given, schema: Mapping[str, Any], path: Path, *, exact: bool) -> list[Any]:
    found = value if exact else opened(value, "[")
    if isinstance(found, list):
        places: list[Path] = [(*path, index) for index in range(len(found))]
    elif exact or found is None:
        raise _wrong_type("a list", value, path)
    else:
        found, places = [found], [path]
    least, most = schema.get("minItems", 0), schema.get("maxItems", len(found))
    if not least <= len(found) <= most:
        raise _wrong_type(f"a list of {least}" if least == most else f"a list of {least} to {most}", value, path)
    front: Sequence[Mapping[str, Any]] = schema.get("prefixItems", ())
    rules = [*front, *[schema.get("items", {})] * len(found)]
    fitted = [fit(each, rule, where, exact=exact) for each, rule, where in zip(found, rules, places, strict=False)]
    return _distinct(fitted) if schema.get("uniqueItems") else fitted


def _distinct(items: Sequence[Any]) -> list[Any]:
    """Return the items that are not equal to one before; containers are compared by their JSON."""
    kept: dict[object, Any] = {}
    for item in items:
        kept.setdefault(_key(item), item)
    return list(kept.values())


def _key(item: Any) -> tuple[str, object]:
    if isinstance(item, (list, dict)):
        return "container", canonical_json(cast("object", item))
    return "truth" if isinstance(item, bool) else "scalar", item


def _wrong_type(expected: str, value: Given, path: Path) -> ArgumentsError:
    return ArgumentsError("wrong_type", path, f"expected {expected}, found {describe(value)}.")


_FITTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "choice": _fit_choice,
    "object": _fit_object,
    "array": _fit_array,
    **dict.fromkeys(_SCALARS, _fit_scalar),
}
