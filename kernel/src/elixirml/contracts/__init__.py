"""The contracts: what each capability is, and the records it exchanges.

Plugins implement these Protocols; the kernel calls them. One file a capability, imported when a name of it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elixirml.contracts.adapter import (
        FREE_OF_CALLS,
        Adapter,
        Demo,
        Feedback,
        FormatCall,
        Observation,
    )
    from elixirml.contracts.capabilities import (
        Capabilities,
    )
    from elixirml.contracts.constraints import (
        Description,
        Length,
        Pattern,
        Range,
    )
    from elixirml.contracts.contribution import (
        Contribution,
    )
    from elixirml.contracts.dataset import (
        Dataset,
        DatasetSource,
        Row,
    )
    from elixirml.contracts.language_model import (
        Capability,
        LanguageModel,
        LanguageModelProvider,
        Message,
        ModelHost,
        ModelInfo,
        ModelRequest,
        ModelResponse,
        Role,
    )
    from elixirml.contracts.metric import (
        Direction,
        Example,
        Metric,
        Score,
    )
    from elixirml.contracts.observer import (
        Event,
        Observer,
    )
    from elixirml.contracts.predictor import (
        Exchange,
        Prediction,
        Predictor,
        PredictorCall,
    )
    from elixirml.contracts.schema import (
        NO_DEFAULT,
        Field,
        FieldDeclaration,
        Schema,
        SchemaEngine,
    )
    from elixirml.contracts.signature import (
        Signature,
    )
    from elixirml.contracts.teleprompter import (
        Action,
        Candidate,
        Context,
        Evaluate,
        Outcome,
        Proposal,
        Propose,
        Proposed,
        Ranked,
        Refused,
        Stop,
        StudyEvent,
        Teleprompter,
        Told,
    )
    from elixirml.contracts.usage import (
        Usage,
    )

__all__ = [
    "FREE_OF_CALLS",
    "NO_DEFAULT",
    "Action",
    "Adapter",
    "Candidate",
    "Capabilities",
    "Capability",
    "Context",
    "Contribution",
    "Dataset",
    "DatasetSource",
    "Demo",
    "Description",
    "Direction",
    "Evaluate",
    "Event",
    "Example",
    "Exchange",
    "Feedback",
    "Field",
    "FieldDeclaration",
    "FormatCall",
    "LanguageModel",
    "LanguageModelProvider",
    "Length",
    "Message",
    "Metric",
    "ModelHost",
    "ModelInfo",
    "ModelRequest",
    "ModelResponse",
    "Observation",
    "Observer",
    "Outcome",
    "Pattern",
    "Prediction",
    "Predictor",
    "PredictorCall",
    "Proposal",
    "Propose",
    "Proposed",
    "Range",
    "Ranked",
    "Refused",
    "Role",
    "Row",
    "Schema",
    "SchemaEngine",
    "Score",
    "Signature",
    "Stop",
    "StudyEvent",
    "Teleprompter",
    "Told",
    "Usage",
]

_HOMES: Final = {
    "Action": "teleprompter",
    "Adapter": "adapter",
    "Candidate": "teleprompter",
    "Capabilities": "capabilities",
    "Capability": "language_model",
    "Context": "teleprompter",
    "Contribution": "contribution",
    "Dataset": "dataset",
    "DatasetSource": "dataset",
    "Demo": "adapter",
    "Description": "constraints",
    "Direction": "metric",
    "Evaluate": "teleprompter",
    "Event": "observer",
    "Example": "metric",
    "Exchange": "predictor",
    "FREE_OF_CALLS": "adapter",
    "Feedback": "adapter",
    "Field": "schema",
    "FieldDeclaration": "schema",
    "FormatCall": "adapter",
    "LanguageModel": "language_model",
    "LanguageModelProvider": "language_model",
    "Length": "constraints",
    "Message": "language_model",
    "Metric": "metric",
    "ModelHost": "language_model",
    "ModelInfo": "language_model",
    "ModelRequest": "language_model",
    "ModelResponse": "language_model",
    "NO_DEFAULT": "schema",
    "Observation": "adapter",
    "Observer": "observer",
    "Outcome": "teleprompter",
    "Pattern": "constraints",
    "Prediction": "predictor",
    "Predictor": "predictor",
    "PredictorCall": "predictor",
    "Proposal": "teleprompter",
    "Propose": "teleprompter",
    "Proposed": "teleprompter",
    "Range": "constraints",
    "Ranked": "teleprompter",
    "Refused": "teleprompter",
    "Role": "language_model",
    "Row": "dataset",
    "Schema": "schema",
    "SchemaEngine": "schema",
    "Score": "metric",
    "Signature": "signature",
    "Stop": "teleprompter",
    "StudyEvent": "teleprompter",
    "Teleprompter": "teleprompter",
    "Told": "teleprompter",
    "Usage": "usage",
}


def __getattr__(name: str) -> object:
    """Import a contract on its first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
