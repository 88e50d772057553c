"""The journal of a study: what was asked once in it is not asked again.

Every reply has an owner: the run that asked for it first. It is charged to its owner alone, and once: when it is asked
for, or when a resumed study comes to it again. To everybody else it is free.
"""

from collections.abc import Callable

import anyio
from attrs import define, field, frozen

from elixirml.contracts.language_model import LanguageModel, ModelRequest, ModelResponse
from elixirml.contracts.usage import Usage
from elixirml.contracts.wrapping import WrappedModel
from elixirml.identity import canonical_json, digest
from elixirml.runtime.budget import Meter
from elixirml.studies.ledger import Ledger

__all__ = ["Journal", "JournalledModel"]


@define(eq=False)
class Journal:
    """The replies of one study, as one process comes to them.

    Attributes:
        ledger: Where replies are kept.
        study: Whose replies may be used.
        meter: What may be used; books what earlier processes have asked for.
    """

    ledger: Ledger
    study: str
    meter: Meter
    _booked: set[str] = field(factory=set[str], init=False)
    _asking: dict[str, anyio.Lock] = field(factory=dict[str, anyio.Lock], init=False)

    def run(self, owner: str, *, spent: list[Usage]) -> Callable[[LanguageModel, str], LanguageModel]:
        """Return what puts the models of one run into the journal.

        Args:
            owner: Who asks: the same in every process for the same run.
            spent: Receives what each call is charged: nothing where somebody has asked before.
        """
        asked: set[str] = set()
        return lambda model, _stage: JournalledModel(model, self, owner, asked, spent)

    def booked(self, name: str) -> None:
        """Note that something is on the meter."""
        self._booked.add(name)

    def book(self, name: str, usage: Usage) -> None:
        """Put on the meter what an earlier process used, unless it is there."""
        if name not in self._booked:
            self._booked.add(name)
            self.meter.charge(usage)

    async def reply(self, model: LanguageModel, request: ModelRequest, *, by: "JournalledModel") -> ModelResponse:
        """Return a reply, charged to its owner alone; two who ask the same at once ask once.

        Raises:
            BudgetExceeded: A limit is reached.
            ModelError: No reply came.
        """
        asked = canonical_json(request.to_json())
        key = digest([model.name, model.fingerprint, asked])
        lock = self._asking.setdefault(key, anyio.Lock())
        async with lock:
            response, charged = await self._reply(model, request, owner=by.owner, asked=asked, key=key)
        if not lock.locked():
            self._asking.pop(key, None)
        by.spent.append(Usage() if key in by.asked else charged)
        by.asked.add(key)
        return response

    async def _reply(
        self, model: LanguageModel, request: ModelRequest, *, owner: str, asked: str, key: str
    ) -> tuple[ModelResponse, Usage]:
        """Return a reply, and what it costs its owner."""
        known, name = self.ledger.reply(self.study, key, request=asked), f"{owner} {key}"
        if known is None:
            response = await model.complete(request)
            self.ledger.keep_reply(self.study, key, owner=owner, request=asked, response=response)
            self.booked(name)
            return response, response.usage
        first, response = known
        if first != owner:
            return response, Usage()
        if name not in self._booked:
            # The limit holds here too: in another order of things the last calls go to other rows.
            self.meter.reserve()
            self.meter.settle(Usage())
            self.book(name, response.usage)
        return response, response.usage


@frozen(eq=False)
class JournalledModel(WrappedModel):
    """Wraps a model; answers from the journal where it can.

    Attributes:
        journal: Where replies are.
        owner: Who asks.
        asked: What this run has asked for so far.
        spent: Receives what each call is charged; the reply itself tells what it took when it was asked for.
    """

    journal: Journal
    owner: str
    asked: set[str]
    spent: list[Usage]

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the journalled reply, or ask and journal it at once."""
        return await self.journal.reply(self.model, request, by=self)
