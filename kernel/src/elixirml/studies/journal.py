"""A language model inside a journal: what was asked once in a study is not asked again."""

import itertools
from collections.abc import Callable

from attrs import evolve, field, frozen

from elixirml.contracts.language_model import Capability, LanguageModel, ModelRequest, ModelResponse
from elixirml.contracts.usage import Usage
from elixirml.identity import canonical_json, digest
from elixirml.runtime.budget import Meter
from elixirml.studies.ledger import Ledger

__all__ = ["JournalledModel", "journal"]


def journal(
    ledger: Ledger, *, study: str, owner: str, spent: list[Usage], meter: Meter
) -> Callable[[LanguageModel, str], LanguageModel]:
    """Return what puts a run's models into the journal.

    Args:
        ledger: Where replies are kept.
        study: Whose replies may be used.
        owner: The row that asks; a reply it has asked for itself still counts as its call, so that a resumed study
            spends its budget exactly as the first time.
        spent: Receives what each call is charged.
        meter: Books what was asked for by this owner before.
    """
    return lambda model, stage: JournalledModel(model, ledger, study, f"{owner}/{stage}", spent, meter)


@frozen(eq=False)
class JournalledModel:
    """Wraps a model; answers from the ledger where it can.

    Attributes:
        model: The model itself.
        ledger: Where replies are kept.
        study: Whose replies may be used.
        owner: Who asks.
        spent: Receives what each call is charged.
        meter: Books what was asked for by this owner before.
    """

    model: LanguageModel
    ledger: Ledger
    study: str
    owner: str
    spent: list[Usage]
    meter: Meter
    _numbers: "itertools.count[int]" = field(factory=itertools.count)

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the model can do."""
        return self.model.capabilities

    @property
    def fingerprint(self) -> str:
        """What the model's replies depend on."""
        return self.model.fingerprint

    @property
    def concurrency(self) -> int:
        """How many calls the model can answer at once."""
        return self.model.concurrency

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the journalled reply, or ask and journal it at once."""
        asked = canonical_json(request.to_json())
        key = digest([self.model.name, self.model.fingerprint, asked])
        owner = f"{self.owner}#{next(self._numbers)}"
        known = self.ledger.reply(self.study, key, request=asked)
        if known is None:
            response = await self.model.complete(request)
            self.ledger.keep_reply(self.study, key, owner=owner, request=asked, response=response)
        else:
            first, response = known
            if first == owner:
                self.meter.reserve()
                self.meter.settle(Usage())
                self.meter.charge(response.usage)
            else:
                response = evolve(response, usage=Usage())
        self.spent.append(response.usage)
        return response
