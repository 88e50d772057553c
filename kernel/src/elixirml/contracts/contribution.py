"""What a contribution is: one named capability that a plugin offers, by lazy reference.

The hooks of `elixirml.hookspecs` return contributions. Listing them imports nothing; resolving one through the registry
imports the one module its target names.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from attrs import Attribute, field, frozen

from elixirml.errors import PluginIncompatible

__all__ = ["Contribution"]

_NAME = re.compile(r"[a-z](?:[a-z0-9_.-]*[a-z0-9_])?")


def _frozen_mapping(options: Mapping[str, object]) -> Mapping[str, object]:
    return MappingProxyType(dict(options))


def _check_name(_: object, __: "Attribute[str]", name: str) -> None:
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise PluginIncompatible(
            f"A contribution is named {name!r}, which is not a name: lower-case letters, digits, `_`, `-` and `.`, "
            "beginning with a letter.",
            hint=f"Name it `{_suggested_name(str(name))}`.",
            code="contribution-name",
        )


def _suggested_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789") or "my_name"


def _check_target(contribution: "Contribution", _: "Attribute[str]", target: str) -> None:
    module, colon, attribute = target.partition(":") if isinstance(target, str) else ("", "", "")
    if not colon or not all(part.isidentifier() for part in [*module.split("."), *attribute.split(".")]):
        raise PluginIncompatible(
            f"The target of contribution `{contribution.name}` is {target!r}: expected `package.module:attribute`.",
            hint='Write it like "elixirml_metrics.exact:ExactMatch".',
            code="contribution-target",
        )


def _check_summary(contribution: "Contribution", _: "Attribute[str]", summary: str) -> None:
    if not isinstance(summary, str) or not summary.strip() or len(summary.splitlines()) != 1:
        raise PluginIncompatible(
            f"The summary of contribution `{contribution.name}` is {summary!r}: expected one line of text.",
            hint="Say in a few words what the capability does; listings show them.",
            code="contribution-summary",
        )


@frozen
class Contribution:
    """A named capability, and where it is found once somebody asks for it.

    Attributes:
        name: What users write to choose it, unique within its kind; for a language model, the provider prefix
            (`local` of `local/smollm2`).
        target: `package.module:attribute`. A class is a factory, called without arguments at the first use; anything
            else is the capability itself.
        summary: One line for listings.
        options: Plain data about the capability that can be read without importing it.

    Raises:
        PluginIncompatible: The name, the target or the summary has the wrong shape.

    Example:
        >>> Contribution("exact_match", "elixirml_metrics.exact:ExactMatch", "1 when the texts agree").module
        'elixirml_metrics.exact'

    .. versionadded:: 0.1
    """

    name: str = field(validator=_check_name)
    target: str = field(validator=_check_target)
    summary: str = field(validator=_check_summary)
    options: Mapping[str, object] = field(
        factory=dict[str, object], converter=_frozen_mapping, hash=False, kw_only=True
    )

    @property
    def module(self) -> str:
        """The module that resolving imports."""
        return self.target.partition(":")[0]

    @property
    def attribute(self) -> str:
        """The attribute of that module; dots reach into it."""
        return self.target.partition(":")[2]
