"""Reading what a provider sends: plain data of which nothing is taken for granted."""

import json
from collections.abc import Mapping
from typing import Any, cast

__all__ = ["BadJson", "ToldFailure", "objects", "parsed", "section", "text", "whole"]


class BadJson(ValueError):
    """The data of an event, or a body, is no JSON object."""


class ToldFailure(ValueError):
    """The body says that there is no reply.

    Args:
        code: The provider's code of the failure.
        message: Its words.
    """

    def __init__(self, code: str, message: str | None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def parsed(data: str) -> dict[str, Any]:
    """Return the object a text holds.

    Raises:
        BadJson: It holds none.
    """
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadJson(str(error)) from error
    if not isinstance(found, dict):
        raise BadJson("not an object")
    return cast("dict[str, Any]", found)


def section(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object inside another; empty when it is absent or something else."""
    found: object = data.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def objects(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the objects of a list; empty when it is absent or something else."""
    found: object = data.get(name)
    if not isinstance(found, list):
        return []
    return [cast("dict[str, Any]", each) for each in cast("list[object]", found) if isinstance(each, dict)]


def text(data: Mapping[str, Any], name: str) -> str:
    """Return a text; empty when it is absent or something else."""
    found: object = data.get(name)
    return found if isinstance(found, str) else ""


def whole(data: Mapping[str, Any], name: str) -> int:
    """Return a whole number; 0 when it is absent or something else."""
    found: object = data.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
