"""First step: find installed plugins by their metadata. Nothing of them is imported."""

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from typing import Final

from elixirml.plugins.markers import PROJECT
from elixirml.plugins.records import PluginCandidate, normalised

__all__ = ["GROUP", "discover", "distribution_name"]

GROUP: Final = PROJECT
"""The entry-point group that plugins are found in."""


def discover(path: Iterable[str] | None = None) -> tuple[PluginCandidate, ...]:
    """Return every installed plugin, in an order that does not depend on how they were installed.

    A distribution that is found twice counts once, as the one Python itself would import: the first on the path.

    Args:
        path: Folders to search instead of `sys.path`.

    Returns:
        The candidates, sorted by distribution and entry name.
    """
    where = list(sys.path if path is None else path)
    offering: dict[str, Distribution] = {}
    for each in distributions(path=where):
        if _offers_plugins(each) and (name := distribution_name(each)):
            offering.setdefault(normalised(name), each)
    # The look-up by name brings to light a distribution earlier on the path that has no plugins any more.
    first = (next(iter(distributions(name=name, path=where)), each) for name, each in offering.items())
    found = (candidate for each in first for candidate in _candidates(each))
    return tuple(sorted(found, key=lambda each: (normalised(each.distribution), each.entry_name, each.target)))


def distribution_name(distribution: Distribution) -> str:
    """Return the name of a distribution, or an empty text for the left-overs of a broken uninstallation."""
    return _name_and_version(distribution)[0]


def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    """Return both, from metadata that is parsed each time it is looked at."""
    # Asking for the name of a folder without metadata raises in some versions of Python and not in others.
    if not (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")):
        return "", ""
    about = distribution.metadata
    return about["Name"] or "", about["Version"] or ""


def _offers_plugins(distribution: Distribution) -> bool:
    # A search for the header is cheaper than parsing, and other people's malformed files do no harm.
    return f"[{GROUP}]" in (distribution.read_text("entry_points.txt") or "")


def _candidates(distribution: Distribution) -> Iterator[PluginCandidate]:
    entries = list(_entries(distribution))
    if entries:
        distributed, version = _name_and_version(distribution)
        for name, target in entries:
            yield PluginCandidate(name, distributed, version, target)


def _entries(distribution: Distribution) -> Iterator[tuple[str, str]]:
    """Yield the names of the plugins of a distribution, and where each is."""
    section = ""
    for line in (distribution.read_text("entry_points.txt") or "").splitlines():
        text = line.strip()
        if text.startswith("["):
            section = text.strip("[] ")
        elif section == GROUP and text and not text.startswith(("#", ";")):
            name, _, value = (part.strip() for part in text.partition("="))
            # Extras after the target (`module [extra]`) are an obsolete form that asks for nothing.
            yield name, value.partition("[")[0].strip()
