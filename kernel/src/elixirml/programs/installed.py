"""What the stages of one compilation share: what is installed, and the variables that many of them have alike."""

from collections.abc import Hashable, Sequence
from functools import cache
from typing import Any

from elixirml.contracts.capabilities import Capabilities
from elixirml.contracts.predictor import Needs, needs_of
from elixirml.contracts.schema import Field, FieldDeclaration, Schema
from elixirml.contracts.signature import Signature
from elixirml.programs.tasks import Task
from elixirml.variables import Variable

__all__ = ["Installed"]


class Installed:
    """The capabilities of a kernel for as long as one program is compiled: what has a name is looked up once.

    Args:
        capabilities: What is asked; a look-up that failed is tried again.

    Attributes:
        names: See `Capabilities.names`; `adapter`, `predictor` and `models` likewise.
        adapter: By name.
        predictor: By name.
        needs: What a predictor needs, by its name.
        models: All that can be used at once.
        made: Variables by what they were made of, each to be copied to the paths of the stages that have it.
    """

    def __init__(self, capabilities: Capabilities) -> None:
        self._capabilities = capabilities
        self.names = cache(capabilities.names)
        self.adapter = cache(capabilities.adapter)
        self.predictor = cache(capabilities.predictor)
        self.needs = cache(self._needs)
        self.models = cache(capabilities.models)
        self.made: dict[Hashable, Variable] = {}
        self._tasks: dict[Hashable, Task] = {}

    def schema(self, declared: Any) -> Schema:
        """Return the schema of a declared record type."""
        return self._capabilities.schema(declared)

    def field(self, declaration: FieldDeclaration) -> Field:
        """Return one field, without a record around it."""
        return self._capabilities.field(declaration)

    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> Schema:
        """Return the schema of a record made at run time."""
        return self._capabilities.record(name, fields)

    def task(self, signature: Signature) -> Task:
        """Return what becomes of a task, shared by all stages whose signatures differ in the stage's name alone."""
        key = (signature.instruction, signature.inputs, signature.outputs)
        try:
            known = self._tasks.get(key)
        except TypeError:  # a field of a type that has no hash
            return self._task(signature)
        if known is None:
            known = self._tasks[key] = self._task(signature)
        return known

    def _task(self, signature: Signature) -> Task:
        return Task(signature, adapter=self.adapter, predictor=self.predictor)

    def _needs(self, predictor: str) -> Needs:
        return needs_of(self.predictor(predictor))
