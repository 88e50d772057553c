"""The members of record types: dataclasses, attrs classes, typed dicts and pydantic models."""

import dataclasses
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NotRequired, Required, get_origin, get_type_hints, is_typeddict

import attrs

from elixirml.runtime.plain import plain

__all__ = ["ABSENT", "Member", "members_of", "plain_default"]

ABSENT: Final = object()
"""A default that is none, or that has no JSON."""

_FACTORY: Final[Any] = attrs.Factory  # a class, which its stubs hide


@attrs.frozen
class Member:
    """One member of a record, or one parameter of a function.

    Attributes:
        name: Its name.
        annotation: Its type.
        required: Whether it must be given.
        default: What it is when it is not given, as JSON; `ABSENT` when there is none, or none that JSON can say.
        description: What it means.
    """

    name: str
    annotation: Any
    required: bool
    default: Any = ABSENT
    description: str = ""

    @property
    def has_default(self) -> bool:
        """Whether JSON can say what it is when it is not given."""
        return self.default is not ABSENT


def plain_default(value: object) -> object:
    """Return a default as JSON, or `ABSENT` where JSON cannot say it."""
    try:
        return json.loads(json.dumps(plain(value, _dumped), allow_nan=False))
    except (TypeError, ValueError):
        return ABSENT


def members_of(record: Any, *, names: Mapping[str, Any]) -> list[Member] | None:
    """Return the members of a record type in their order; None when it is no record type that is known here."""
    if is_typeddict(record):
        return list(_of_typed_dict(record, names))
    if not inspect.isclass(record):
        return None
    if isinstance(getattr(record, "model_fields", None), Mapping):
        return list(_of_pydantic(record))
    if dataclasses.is_dataclass(record):
        return list(_of_dataclass(record, names))
    if attrs.has(record):
        return list(_of_attrs(record, names))
    return None


def _dumped(value: Any) -> Any:
    """Return a pydantic model as JSON; what else there may be has none."""
    if not hasattr(value, "model_dump"):
        raise TypeError(f"{type(value).__name__} has no JSON")
    return value.model_dump(mode="json")


def _hints(record: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    return get_type_hints(record, localns=dict(names), include_extras=True)


def _of_typed_dict(record: Any, names: Mapping[str, Any]) -> Iterator[Member]:
    for name, annotation in _hints(record, names).items():
        origin = get_origin(annotation)
        required = name in record.__required_keys__ if origin not in (Required, NotRequired) else origin is Required
        yield Member(name, annotation, required)


def _of_dataclass(record: Any, names: Mapping[str, Any]) -> Iterator[Member]:
    hints = _hints(record, names)
    for each in dataclasses.fields(record):
        if not each.init:
            continue
        if each.default is not dataclasses.MISSING:
            yield Member(each.name, hints[each.name], required=False, default=plain_default(each.default))
        elif each.default_factory is not dataclasses.MISSING:
            yield Member(each.name, hints[each.name], required=False, default=_made(each.default_factory))
        else:
            yield Member(each.name, hints[each.name], required=True)


def _of_attrs(record: Any, names: Mapping[str, Any]) -> Iterator[Member]:
    hints = _hints(record, names)
    for each in attrs.fields(record):
        name, annotation, default = each.alias or each.name, hints.get(each.name, Any), each.default
        if not each.init:
            continue
        if default is attrs.NOTHING:
            yield Member(name, annotation, required=True)
        elif isinstance(default, _FACTORY):
            made = ABSENT if default.takes_self else _made(default.factory)
            yield Member(name, annotation, required=False, default=made)
        else:
            yield Member(name, annotation, required=False, default=plain_default(default))


def _of_pydantic(record: Any) -> Iterator[Member]:
    for name, each in record.model_fields.items():
        text = each.description or next((mark for mark in each.metadata if isinstance(mark, str)), "")
        required = each.is_required()
        default = ABSENT if required else _made(partial(each.get_default, call_default_factory=True))
        alias = each.validation_alias if isinstance(each.validation_alias, str) else name
        yield Member(alias, each.annotation, required, default, text)


def _made(factory: Callable[[], Any]) -> object:
    """Return the default that a factory makes; one that cannot be called alone makes none to tell."""
    try:
        return plain_default(factory())
    except Exception:  # noqa: BLE001 - factories are other people's code
        return ABSENT
