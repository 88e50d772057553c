"""From a plugin's class to what its section may hold.

Types: `str`, `int`, `float`, `bool`, `pathlib.Path`, `Secret`, `Literal`, enumerations, `Any`, lists and tuples of
these, mappings with text keys, `Optional` and unions, attrs classes within attrs classes, and `Annotated` around any.
"""

import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast, get_args, get_origin

import attrs

from elixirml.config.compounds import Entries, Items, Record, SettingField, Union
from elixirml.config.kinds import Choices, Kind, Number, PathKind, SecretKind, Text, TruthValue, Unchecked
from elixirml.config.options import METADATA, Option
from elixirml.config.secret import Secret
from elixirml.errors import DeclarationError

__all__ = ["schema_of"]

_LISTS: Final = (list, tuple, Sequence)
_MAPPINGS: Final = (dict, Mapping)
_SIMPLE: Final[Mapping[Any, Callable[[Option], Kind]]] = {
    Any: lambda option: Unchecked(option=option),
    bool: lambda option: TruthValue(option=option),
    int: lambda option: Number(number=int, option=option),
    float: lambda option: Number(number=float, option=option),
    str: lambda option: Text(option=option),
    Path: lambda option: PathKind(option=option),
    Secret: lambda option: SecretKind(option=option),
}
_HOLDS: Final = (
    "str, int, float, bool, pathlib.Path, elixirml.config.Secret, Literal, Enum, lists, tuples, Mapping[str, ...], "
    "Optional, attrs classes"
)


@lru_cache(maxsize=256)  # it takes longer than all else that makes a kernel
def schema_of(cls: type, *, where: str) -> Record:
    """Return what a configuration class may hold.

    Args:
        cls: An attrs class.
        where: What messages call it: the section.

    Raises:
        DeclarationError: It is no attrs class, a field has a type that configuration cannot hold, or a field is tunable
            without limits.
    """
    if cls is Secret or not attrs.has(cls):
        raise _wrong(where, f"its configuration {cls!r} is no attrs class", "Declare it with `@attrs.frozen`.")
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except Exception as error:
        raise _wrong(where, f"the types of {cls.__qualname__} cannot be read: {error}", "Import them.") from error
    fields: dict[str, SettingField] = {}
    for each in attrs.fields(cls):
        if each.init:
            name = each.alias or each.name
            fields[name] = _field(each, name, hints.get(each.name, Any), f"{where}.{name}")
    return Record(cls=cls, fields=fields)


def _field(each: "attrs.Attribute[Any]", name: str, hint: Any, where: str) -> SettingField:
    said = cast("Option", each.metadata.get(METADATA, Option()))
    marks = hint.__metadata__ if get_origin(hint) is Annotated else ()
    option = said.marked(marks)
    kind = _kind(hint, option, where)
    if option.tunable and not _can_vary(kind):
        raise _wrong(where, "it is tunable without limits", "Give low= and high=, or choices=.")
    return SettingField(name, each.name, kind, required=each.default is attrs.NOTHING)


def _can_vary(kind: Kind) -> bool:
    if isinstance(kind, Number):
        return kind.variants is not None or None not in {kind.option.low, kind.option.high}
    return not isinstance(kind, (SecretKind, Union, Items, Entries)) and kind.variants is not None


def _kind(hint: Any, option: Option, where: str) -> Kind:
    """Return the kind of a type; `option` holds its limits."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind(arguments[0], option.marked(arguments[1:]), where)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, option, where)
    if origin is Literal:
        return Choices(members={each: each for each in arguments}, option=option)
    if origin in _LISTS:
        return _items(origin, arguments, option, where)
    if origin in _MAPPINGS and arguments[0] is str:
        made = dict if origin is dict else types.MappingProxyType
        return Entries(kind=_kind(arguments[1], option.inside(), where), made=made, option=option)
    return _class(hint, option, where)


def _class(hint: Any, option: Option, where: str) -> Kind:
    simple = _SIMPLE.get(hint) if isinstance(hint, Hashable) else None
    if simple is not None:
        return simple(option)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Choices(members={each.value: each for each in hint}, option=option)
    if isinstance(hint, type) and attrs.has(hint):
        return schema_of(hint, where=where)
    raise _wrong(where, f"a setting cannot be {hint!r}", f"Use one of: {_HOLDS}.")


def _union(arguments: Sequence[Any], option: Option, where: str) -> Kind:
    kinds = tuple(_kind(each, option, where) for each in arguments if each is not types.NoneType)
    if len(kinds) > 1 and any(isinstance(each, SecretKind) for each in kinds):
        raise _wrong(where, "a secret may be left out, but not be something else", "Write `Secret | None`.")
    return Union(kinds=kinds, optional=types.NoneType in arguments, option=option)


def _items(origin: Any, arguments: Sequence[Any], option: Option, where: str) -> Kind:
    many = origin is not tuple or (len(arguments) == 2 and arguments[1] is Ellipsis)
    kinds = tuple(_kind(each, option.inside(), where) for each in (arguments[:1] if many else arguments))
    return Items(kinds=kinds, fixed=not many, made=list if origin is list else tuple, option=option)


def _wrong(where: str, what: str, hint: str) -> DeclarationError:
    return DeclarationError(f"The setting `{where}` is declared wrongly: {what}.", hint=hint, code="config-schema")
