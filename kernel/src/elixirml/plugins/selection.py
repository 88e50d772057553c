"""Second step: decide, on metadata alone, which of the installed plugins to load."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from attrs import field, frozen

from elixirml.plugins.records import PluginCandidate, PluginRecord, PluginStatus, normalised
from elixirml.plugins.requirements import Requirement, satisfied

__all__ = ["Selected", "Selection", "Verdict", "select"]


def _names(names: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _some_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@frozen
class Verdict:
    """What a selection says about one candidate, and in whose words."""

    enabled: bool
    reason: str = ""


@frozen(kw_only=True)
class Selection:
    """Which plugins one source of configuration wants; sources with more authority lie over others.

    Every name is an entry name or a distribution. Within one source, `disable` is stronger than `enable` and `only`.

    Attributes:
        only: Load these and no others; None says nothing, and empty means none.
        enable: Load these although a source below disables them.
        disable: Do not load these.
        require: Report these as missing when they are not loaded; a version may follow, `elixirml-http>=0.2`.
        prefer: Distributions or entry names that win when two offer one name; earlier ones win over later ones.
        source: Where this was said, for messages.
        below: What holds where this source says nothing.

    Example:
        >>> user = Selection(disable=["studio"], source="config.toml")
        >>> Selection(enable=["studio"]).over(user).verdict(PluginCandidate("studio", "elixirml-studio")).enabled
        True
    """

    only: tuple[str, ...] | None = field(default=None, converter=_names)
    enable: tuple[str, ...] = field(default=(), converter=_some_names)
    disable: tuple[str, ...] = field(default=(), converter=_some_names)
    require: tuple[str, ...] = field(default=(), converter=_some_names)
    prefer: tuple[str, ...] = field(default=(), converter=_some_names)
    source: str = "the host application"
    below: "Selection | None" = None

    def over(self, below: "Selection | None") -> "Selection":
        """Return this selection with another one beneath all of its layers."""
        beneath = below if self.below is None else self.below.over(below)
        return Selection(
            only=self.only,
            enable=self.enable,
            disable=self.disable,
            require=self.require,
            prefer=self.prefer,
            source=self.source,
            below=beneath,
        )

    def layers(self) -> "Iterator[Selection]":
        """Yield the sources, the one with the most authority first."""
        layer: Selection | None = self
        while layer is not None:
            yield layer
            layer = layer.below

    def verdict(self, candidate: PluginCandidate) -> Verdict:
        """Return whether to load a plugin: the first source with something to say about it decides."""
        for layer in self.layers():
            if _named(candidate, layer.disable):
                return Verdict(enabled=False, reason=f"disabled by {layer.source}")
            if _named(candidate, (*layer.enable, *(layer.only or ()))):
                return Verdict(enabled=True)
            if layer.only is not None:
                return Verdict(enabled=False, reason=f"not among the plugins that {layer.source} allows")
        return Verdict(enabled=True)

    def preferences(self) -> tuple[str, ...]:
        """Return the preferred names of all sources, the strongest first."""
        return tuple(name for layer in self.layers() for name in layer.prefer)

    def requirements(self) -> tuple[tuple[str, str], ...]:
        """Return what is required and by which source."""
        return tuple((requirement, layer.source) for layer in self.layers() for requirement in layer.require)


@frozen
class Selected:
    """The outcome of the second step: what to load, and what not with the reason."""

    chosen: tuple[PluginCandidate, ...]
    refused: tuple[PluginRecord, ...]


def preferred(candidates: Sequence[PluginCandidate], preferences: Iterable[str]) -> PluginCandidate | None:
    """Return the one candidate that the strongest applicable preference singles out."""
    for name in preferences:
        matching = [each for each in candidates if each.answers_to(name)]
        if len(matching) == 1:
            return matching[0]
    return None


def select(candidates: Iterable[PluginCandidate], selection: Selection) -> Selected:
    """Decide which candidates to load.

    Disabled ones go first; of those left, an entry name that several distributions claim is refused to all of them
    until one is preferred, because the order of installation must not decide whose code runs.
    """
    everyone = tuple(candidates)
    refused: dict[PluginCandidate, PluginRecord] = {}
    for each in everyone:
        verdict = selection.verdict(each)
        if not verdict.enabled:
            hint = f"elixirml plugins enable {each.entry_name}"
            refused[each] = PluginRecord(each, PluginStatus.DISABLED, verdict.reason, hint)
    enabled = [each for each in everyone if each not in refused]
    refused |= {record.candidate: record for record in _conflicts(enabled, selection.preferences())}
    gaps = [gap for text, source in selection.requirements() for gap in _gaps(text, source, everyone, refused)]
    refused |= {record.candidate: record for record in gaps}
    chosen = tuple(each for each in everyone if each not in refused)
    return Selected(chosen, tuple(refused.values()))


def _named(candidate: PluginCandidate, names: Iterable[str]) -> bool:
    return any(candidate.answers_to(name) for name in names)


def _conflicts(enabled: Iterable[PluginCandidate], preferences: Sequence[str]) -> Iterator[PluginRecord]:
    claims: defaultdict[str, list[PluginCandidate]] = defaultdict(list)
    for each in enabled:
        claims[each.entry_name].append(each)
    for name, rivals in claims.items():
        if len(rivals) > 1:
            yield from _settled(name, rivals, preferred(rivals, preferences))


def _settled(name: str, rivals: Sequence[PluginCandidate], winner: PluginCandidate | None) -> Iterator[PluginRecord]:
    everyone = " and ".join(each.distribution for each in rivals)
    for each in rivals:
        if winner is None:
            reason = f"{everyone} both call themselves `{name}`; none is used until one is disabled or preferred"
            hint = f"elixirml plugins disable {each.distribution}"
            yield PluginRecord(each, PluginStatus.CONFLICT, reason, hint)
        elif each != winner:
            reason = f"{winner.distribution} is preferred for the name `{name}`"
            yield PluginRecord(each, PluginStatus.DISABLED, reason)


def _gaps(
    text: str, source: str, everyone: Iterable[PluginCandidate], refused: dict[PluginCandidate, PluginRecord]
) -> Iterator[PluginRecord]:
    """Yield a record for each way in which a requirement is not met."""
    requirement = Requirement.parse(text)
    install = f"pip install '{text}'" if requirement.specifier else f"pip install {text}"
    known = [each for each in everyone if each.answers_to(requirement.name)]
    if not known:
        absent = PluginCandidate(requirement.name, requirement.name)
        yield PluginRecord(absent, PluginStatus.MISSING, f"{source} requires {text}, which is not installed", install)
    for each in known:
        if satisfied(each.version, requirement.specifier) is False:
            reason = f"{source} requires {text}, and {each.version} is installed"
            upgrade = f"pip install --upgrade '{normalised(each.distribution)}{requirement.specifier}'"
            yield PluginRecord(each, PluginStatus.INCOMPATIBLE, reason, upgrade)
        elif each in refused and refused[each].status is PluginStatus.DISABLED:
            reason = f"{source} requires it, yet it is not loaded: {refused[each].reason}"
            yield PluginRecord(each, PluginStatus.MISSING, reason, refused[each].hint)
