"""The option `--attach`: files of the user's own, put into the inputs they are named for."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import click

from elixirml.contracts.attached import Attached, kind_of_field
from elixirml.contracts.schema import Field
from elixirml.errors import ConfigError, ValidationError, did_you_mean

__all__ = ["attach_option", "attached"]

attach_option: Final = click.option(
    "--attach",
    "attachments",
    metavar="FIELD=FILE",
    multiple=True,
    help="Read an image, sound or document into an input; repeatable.",
)


def attached(inputs: Mapping[str, Any], attachments: Sequence[str], fields: Sequence[Field]) -> dict[str, Any]:
    """Return the inputs with files read into them; a list gets one more item for each.

    Args:
        inputs: As plain data.
        attachments: As typed: FIELD=FILE.
        fields: The inputs of the program.

    Raises:
        ConfigError: A text is not of this form, no such input takes an attachment, or the file cannot be read.
    """
    known = {each.name: found for each in fields if (found := _kind(each.schema)) is not None}
    given = dict(inputs)
    for text in attachments:
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise ConfigError(f"`--attach {text}` is not of the form FIELD=FILE.", hint="--attach photo=cat.png")
        if name not in known:
            hint = did_you_mean(name, known) if known else "The program takes no attachments."
            raise ConfigError(f"There is no input `{name}` that takes a file.", hint=hint)
        kind, several = known[name]
        try:
            value = kind.read(path).plain()
        except OSError as error:
            raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint="Name a file.") from error
        except ValidationError as error:
            raise ConfigError(f"{path} does not fit the input `{name}`: {error.problems[0]}.") from error
        given[name] = [*_listed(given.get(name)), value] if several else value
    return given


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _kind(schema: Mapping[str, Any]) -> tuple[type[Attached], bool] | None:
    """Return the kind an input takes, and whether it takes several."""
    direct = next(filter(None, map(kind_of_field, (schema, *schema.get("anyOf", ())))), None)
    if direct is not None:
        return direct, False
    item = kind_of_field(cast("Mapping[str, Any]", schema.get("items") or {}))
    return None if item is None else (item, True)
