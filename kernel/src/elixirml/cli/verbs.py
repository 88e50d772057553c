"""The verbs of plugins: found by their metadata, without an import, and else by what hooks offer."""

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click
from attrs import frozen

from elixirml.cli.choice import chosen_selection
from elixirml.errors import ConfigError, PluginConflict, PluginFailed, PluginIncompatible, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from elixirml.plugins.records import PluginCandidate

__all__ = ["COMMANDS_GROUP", "OfferedVerb", "hooked_verb", "offered_verbs"]

COMMANDS_GROUP: Final = "elixirml.commands"
"""The entry-point group in which plugins declare verbs."""


@frozen
class OfferedVerb:
    """A verb that installed plugins offer in their metadata.

    Attributes:
        name: What users type.
        entries: One entry point; several when plugins offer the same verb and none of them is preferred.
    """

    name: str
    entries: "tuple[EntryPoint, ...]"

    @property
    def origins(self) -> tuple[str, ...]:
        """The distributions that offer it."""
        return tuple(map(_origin, self.entries))

    @property
    def summary(self) -> str:
        """Where it comes from, on one line."""
        return f"from {self.origins[0]}" if len(self.entries) == 1 else f"refused: {self.conflict}"

    @property
    def conflict(self) -> str:
        """Who offers it, in words."""
        return f"{' and '.join(self.origins)} both offer it"

    @property
    def remedy(self) -> str:
        """The command that settles a conflict."""
        return f"elixirml plugins disable {self.origins[-1]}"

    def command(self) -> click.Command:
        """Import the verb.

        Raises:
            PluginConflict: Several plugins offer it.
            PluginFailed: It cannot be imported.
            PluginIncompatible: It is no command.
        """
        if len(self.entries) > 1:
            raise PluginConflict(
                f"The verb `{self.name}` is refused: {self.conflict}.",
                hint=f'{self.remedy}, or write prefer = ["{self.origins[0]}"] under [plugins] in elixirml.toml',
            )
        entry = next(iter(self.entries))
        try:
            found = entry.load()
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(f"The verb `{self.name}` was being loaded. Leave it out: {self.remedy}")
            raise
        except BaseException as error:  # a module that ends the process must not do so without a word
            raise PluginFailed(
                f"The verb `{self.name}` of {self.origins[0]} cannot be loaded: {type(error).__name__}: {error}",
                hint=f"pip install --upgrade --force-reinstall {self.origins[0]}, or {self.remedy}",
            ) from error
        return _command(self.name, found, origin=self.origins[0])


def offered_verbs() -> Mapping[str, OfferedVerb]:
    """Return the verbs in the metadata of plugins that are not disabled; imports none of them."""
    from importlib.metadata import entry_points

    found: defaultdict[str, list[EntryPoint]] = defaultdict(list)
    for entry in sorted(entry_points(group=COMMANDS_GROUP), key=lambda each: (each.name, _origin(each))):
        found[entry.name].append(entry)
    if not found:
        return {}
    chosen = _chosen()
    if chosen is None:
        return {name: OfferedVerb(name, tuple(entries)) for name, entries in found.items()}
    allowed = {name: [each for each in entries if _origin(each) in chosen] for name, entries in found.items()}
    return {name: OfferedVerb(name, chosen.settled(entries)) for name, entries in allowed.items() if entries}


def hooked_verb(name: str, *, known: list[str]) -> click.Command:
    """Return the verb that a plugin offers through its hook alone.

    The hooks are asked in a process apart, so that a mistyped verb can always be told; only the verb is imported here.

    Args:
        name: What the user typed.
        known: The verbs that were found otherwise.

    Raises:
        UsageError: There is no such verb.
        PluginConflict: Several plugins offer it.
        PluginFailed: It cannot be imported.
        PluginIncompatible: It is no command.
    """
    from elixirml.plugins.probing import inspected

    manager = inspected(chosen_selection())
    registry = manager.registry
    refused = {each.name for each in registry.conflicts() if each.kind == "commands"}
    if name not in {*registry.names("commands"), *refused}:
        unusable = [f"{each.name} ({each.status})" for each in manager.records if each.faulty]
        note = f" Not usable: {', '.join(unusable)}; see `elixirml plugins list`." if unusable else ""
        suggestion = did_you_mean(name, {*known, *registry.names("commands")})
        raise click.UsageError(f"There is no verb `{name}`. {suggestion}{note}")
    found: object = registry.resolve("commands", name)
    return _command(name, found, origin=registry.origin("commands", name).distribution)


def _command(name: str, found: object, *, origin: str) -> click.Command:
    if not isinstance(found, click.Command):
        raise PluginIncompatible(
            f"The verb `{name}` of {origin} is not a command.", hint=f"elixirml plugins disable {origin}"
        )
    return found


def _origin(entry: "EntryPoint") -> str:
    return str(entry.dist.name) if entry.dist is not None else "an unknown distribution"


@frozen
class _Chosen:
    """The plugins that may offer verbs."""

    candidates: "tuple[PluginCandidate, ...]"
    preferences: tuple[str, ...]

    def __contains__(self, distribution: str) -> bool:
        return any(each.distribution == distribution for each in self.candidates)

    def settled(self, entries: "list[EntryPoint]") -> "tuple[EntryPoint, ...]":
        """Return the entry point of the preferred plugin, else all of them."""
        from elixirml.plugins.selection import preferred

        origins = {_origin(each): each for each in entries}
        rivals = {each.distribution: each for each in self.candidates if each.distribution in origins}
        winner = preferred(list(rivals.values()), self.preferences) if len(rivals) > 1 else None
        return tuple(entries) if winner is None else (origins[winner.distribution],)


def _chosen() -> _Chosen | None:
    """Return what the user's settings allow; None when they cannot be read."""
    from elixirml.plugins import discover, select

    try:
        selection = chosen_selection()
        return _Chosen(select(discover(), selection).chosen, selection.preferences())
    except ConfigError:
        return None
