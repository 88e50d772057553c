"""What the loaded plugins offer: kind, name, capability.

A registry holds lazy references. Listing them imports nothing; the first `resolve` of a name imports one module, and
the capability it yields is kept. Each kernel has its own registry: two of them share nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, overload

from attrs import define, field, frozen

from elixirml.contracts.contribution import Contribution
from elixirml.errors import ElixirError, PluginConflict, PluginFailed, PluginMissing, closest, did_you_mean
from elixirml.hookspecs import KINDS
from elixirml.plugins.loading import UNSTOPPABLE, described
from elixirml.plugins.records import HOST, PluginCandidate, normalised
from elixirml.plugins.selection import preferred

if TYPE_CHECKING:
    from click import Command

    from elixirml.contracts import (
        Adapter,
        DatasetSource,
        Executor,
        Extension,
        LanguageModelProvider,
        Metric,
        Middleware,
        Observer,
        Predictor,
        Retriever,
        SchemaEngine,
        StoreProvider,
        Teleprompter,
        Tool,
    )

__all__ = ["Conflict", "Registry"]

_UNSET: Final = object()


@frozen
class Conflict:
    """One name that several plugins offer, none of them preferred: it is refused to all."""

    kind: str
    name: str
    origins: tuple[PluginCandidate, ...]

    def __str__(self) -> str:
        return f"{' and '.join(map(str, self.origins))} both offer `{self.name}` among the {self.kind}"

    @property
    def hint(self) -> str:
        """The edit that settles it."""
        return f'write prefer = ["{self.origins[0].distribution}"] under [plugins] in elixirml.toml, or disable one'


@define(eq=False)
class _Offer:
    """One capability at hand or by reference, and who offers it."""

    name: str
    summary: str
    origin: PluginCandidate
    contribution: Contribution | None = None
    value: object = field(default=_UNSET)


class Registry:
    """The capabilities by kind and name.

    Args:
        prefer: Plugins, by entry name or distribution, that win when two offer one name; the strongest first.
        absent: Tells which installed plugins are not usable; their names are added to the message about a missing name.
    """

    def __init__(self, *, prefer: Sequence[str] = (), absent: Callable[[], Iterable[str]] = tuple[str, ...]) -> None:
        self._prefer = tuple(prefer)
        self._absent = absent
        self._lock = Lock()
        self._offers: defaultdict[str, dict[str, list[_Offer]]] = defaultdict(dict)

    def add(self, kind: str, contribution: Contribution, *, origin: PluginCandidate) -> Callable[[], None]:
        """Enter what a plugin contributes; several plugins may contribute one name, and then none of them gets it.

        Returns:
            A function that takes it out again; calling it twice does no harm.

        Raises:
            PluginMissing: There is no such kind.
        """
        return self._enter(kind, _Offer(contribution.name, contribution.summary, origin, contribution))

    def offer(self, kind: str, name: str, capability: object, *, summary: str = "") -> Callable[[], None]:
        """Enter one object under a name; it stands in front of whatever plugins offer under that name.

        Returns:
            A function that takes it out again; calling it twice does no harm.

        Raises:
            PluginConflict: An object was already entered under that name.
            PluginMissing: There is no such kind.

        Example:
            >>> registry = Registry()
            >>> undo = registry.offer("metrics", "always", lambda: 1.0)
            >>> registry.names("metrics")
            ('always',)
            >>> undo()
            >>> registry.names("metrics")
            ()
        """
        if any(each.contribution is None for each in self._named(kind, name)):
            raise PluginConflict(
                f"An object is already offered as `{name}` among the {kind}.",
                hint="Undo the first offer (call what `offer` returned) or choose another name.",
            )
        origin = PluginCandidate(name, HOST, target=type(capability).__qualname__)
        return self._enter(kind, _Offer(name, summary or type(capability).__name__, origin, value=capability))

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the names that can be resolved, sorted; nothing is imported."""
        return tuple(sorted(name for name, offers in self._of(kind).items() if self._winner(offers)))

    def summaries(self, kind: str) -> Mapping[str, str]:
        """Return one line on each name that can be resolved."""
        return MappingProxyType({name: self._chosen(kind, name).summary for name in self.names(kind)})

    def origin(self, kind: str, name: str) -> PluginCandidate:
        """Return the plugin that offers a name.

        Raises:
            PluginMissing: Nothing offers it.
            PluginConflict: Several plugins offer it and none is preferred.
        """
        return self._chosen(kind, name).origin

    def options(self, kind: str, name: str) -> Mapping[str, object]:
        """Return the plain data that came with a contribution, without importing it.

        Raises:
            PluginMissing: Nothing offers it.
            PluginConflict: Several plugins offer it and none is preferred.
        """
        contribution = self._chosen(kind, name).contribution
        return MappingProxyType({}) if contribution is None else contribution.options

    def conflicts(self) -> tuple[Conflict, ...]:
        """Return every name that is refused because several plugins offer it."""
        return tuple(
            Conflict(kind, name, tuple(each.origin for each in offers))
            for kind in KINDS
            for name, offers in sorted(self._offers[kind].items())
            if offers and not self._winner(offers)
        )

    @overload
    def resolve(self, kind: Literal["schemas"], name: str) -> "SchemaEngine": ...
    @overload
    def resolve(self, kind: Literal["language_models"], name: str) -> "LanguageModelProvider": ...
    @overload
    def resolve(self, kind: Literal["middlewares"], name: str) -> "Middleware": ...
    @overload
    def resolve(self, kind: Literal["adapters"], name: str) -> "Adapter": ...
    @overload
    def resolve(self, kind: Literal["predictors"], name: str) -> "Predictor": ...
    @overload
    def resolve(self, kind: Literal["teleprompters"], name: str) -> "Teleprompter": ...
    @overload
    def resolve(self, kind: Literal["metrics"], name: str) -> "Metric": ...
    @overload
    def resolve(self, kind: Literal["tools"], name: str) -> "Tool": ...
    @overload
    def resolve(self, kind: Literal["datasets"], name: str) -> "DatasetSource": ...
    @overload
    def resolve(self, kind: Literal["retrievers"], name: str) -> "Retriever": ...
    @overload
    def resolve(self, kind: Literal["executors"], name: str) -> "Callable[[], Executor]": ...
    @overload
    def resolve(self, kind: Literal["stores"], name: str) -> "StoreProvider": ...
    @overload
    def resolve(self, kind: Literal["observers"], name: str) -> "Observer": ...
    @overload
    def resolve(self, kind: Literal["commands"], name: str) -> "Command": ...
    @overload
    def resolve(self, kind: Literal["configurations"], name: str) -> type[object]: ...
    @overload
    def resolve(self, kind: Literal["extensions"], name: str) -> "Callable[[], Extension]": ...
    @overload
    def resolve(self, kind: str, name: str) -> object: ...
    def resolve(self, kind: str, name: str) -> object:
        """Return the capability of that name, importing its module at the first use.

        A target that is a class is called without arguments, once a registry; that of a configuration, an executor or
        an extension stays a class. A failure is not remembered: what was mended in between is found by the next call.

        Raises:
            PluginMissing: Nothing offers the name, or there is no such kind.
            PluginConflict: Several plugins offer it and none is preferred.
            PluginFailed: The import or the construction raised; the cause is attached.
        """
        chosen = self._chosen(kind, name)
        if chosen.value is _UNSET:
            value = _made(kind, chosen)
            # Two threads may come here at once; the second takes over what the first one kept. The lock is not held
            # while the module is imported, since an import may itself wait for a thread that resolves.
            with self._lock:
                if chosen.value is _UNSET:
                    chosen.value = value
        return chosen.value

    def _enter(self, kind: str, offer: _Offer) -> Callable[[], None]:
        offers = self._of(kind).setdefault(offer.name, [])
        offers.append(offer)

        def undo() -> None:
            if offer in offers:
                offers.remove(offer)

        return undo

    def _of(self, kind: str) -> dict[str, list[_Offer]]:
        if kind not in KINDS:
            raise PluginMissing(
                f"`{kind}` is no kind of capability.", hint=did_you_mean(kind, KINDS), code="kind-unknown"
            )
        return self._offers[kind]

    def _named(self, kind: str, name: str) -> Sequence[_Offer]:
        return self._of(kind).get(name, ())

    def _winner(self, offers: Sequence[_Offer]) -> _Offer | None:
        """Return the offer a name stands for: the host's object, else the only one, else the preferred one."""
        by_host = next((each for each in offers if each.contribution is None), None)
        if by_host is not None or len(offers) == 1:
            return by_host or offers[0]
        origin = preferred([each.origin for each in offers], self._prefer)
        return next((each for each in offers if each.origin == origin), None)

    def _chosen(self, kind: str, name: str) -> _Offer:
        offers = self._named(kind, name)
        winner = self._winner(offers)
        if winner is not None:
            return winner
        if offers:
            conflict = Conflict(kind, name, tuple(each.origin for each in offers))
            raise PluginConflict(f"{conflict}, and none is preferred.", hint=_sentence(conflict.hint))
        raise self._missing(kind, name)

    def _missing(self, kind: str, name: str) -> PluginMissing:
        names = self.names(kind)
        offered = normalised(f"elixirml-{kind}")
        installed = any(
            normalised(each.origin.distribution) == offered for offers in self._offers[kind].values() for each in offers
        )
        distribution = normalised(f"elixirml-{name}") if installed or kind in _BY_NAME else offered
        unusable = tuple(self._absent())
        notes = [
            f"Not usable: {', '.join(unusable)}; `elixirml plugins list` says why." if unusable else "",
            "" if closest(name, names) else f"If it is a plugin's: `pip install {distribution}`.",
        ]
        message = f"Nothing installed offers `{name}` among the {kind}. {did_you_mean(name, names)}"
        return PluginMissing(message, hint=" ".join(filter(None, notes)) or "elixirml plugins list")


_BY_NAME: Final = frozenset({"language_models", "observers"})
"""Kinds whose distributions are called after what they offer, not after the kind."""


_CLASSES: Final = frozenset({"configurations", "executors", "extensions"})
"""Kinds whose capability is the class itself: whoever uses one makes instances of their own."""


def _sentence(hint: str) -> str:
    return f"{hint[0].upper()}{hint[1:]}."


def _made(kind: str, offer: _Offer) -> object:
    """Import what an offer refers to, and call it when it is a class."""
    contribution = offer.contribution
    assert contribution is not None  # noqa: S101 - an offer without one holds its value from the start
    try:
        found: object = import_module(contribution.module)
        for part in contribution.attribute.split("."):
            found = _attribute(found, part)
        return found() if isinstance(found, type) and kind not in _CLASSES else found
    except UNSTOPPABLE:
        raise
    except BaseException as error:
        raise _failure(kind, offer, contribution, error) from error


def _attribute(owner: object, name: str) -> object:
    try:
        return getattr(owner, name)
    except AttributeError as error:
        known: Iterator[str] = (each for each in dir(owner) if not each.startswith("_"))
        near = closest(name, known)
        raise AttributeError(f"{error}" + (f". Did you mean `{near}`?" if near else "")) from error


def _failure(kind: str, offer: _Offer, contribution: Contribution, error: BaseException) -> PluginFailed:
    inner = error.hint if isinstance(error, ElixirError) else None
    reinstall = f"pip install --upgrade --force-reinstall {normalised(offer.origin.distribution)}"
    return PluginFailed(
        f"`{offer.name}` among the {kind}, offered by {offer.origin}, could not be had from `{contribution.target}`: "
        f"{described(error)}",
        hint=inner or (reinstall if isinstance(error, ImportError) else "elixirml plugins doctor"),
    )
