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
        FollowingAdapter,
        FormatCall,
        Mended,
        Observation,
        RepairingAdapter,
        StreamingAdapter,
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
    from elixirml.contracts.embedding import (
        EmbeddingModel,
        Embeddings,
    )
    from elixirml.contracts.executor import (
        Bundle,
        Executor,
        ExecutorCapacity,
        Workers,
        WorkFailure,
        WorkItem,
        WorkResult,
    )
    from elixirml.contracts.extension import (
        Extension,
        ExtensionHost,
        Service,
    )
    from elixirml.contracts.language_model import (
        Capability,
        LanguageModel,
        LanguageModelProvider,
        ModelHost,
        ModelInfo,
        ModelRequest,
        ModelResponse,
        RateLimits,
        TokenLogprob,
    )
    from elixirml.contracts.messages import (
        Attachment,
        Media,
        Message,
        Role,
        ToolCall,
    )
    from elixirml.contracts.metric import (
        Direction,
        Example,
        Metric,
        Score,
    )
    from elixirml.contracts.middleware import (
        ORDERS,
        Middleware,
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
    from elixirml.contracts.repair import (
        Repair,
        RepairPolicy,
    )
    from elixirml.contracts.retriever import (
        Passage,
        Retriever,
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
    from elixirml.contracts.store import (
        Store,
        StoreProvider,
    )
    from elixirml.contracts.stream import (
        CallStreamParser,
        FieldDelta,
        ModelDelta,
        ModelEnd,
        ReasoningDelta,
        StreamingModel,
        StreamParser,
        TextDelta,
        ToolCallDelta,
        streamed,
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
    from elixirml.contracts.tool import (
        Tool,
        ToolContext,
        ToolExample,
        ToolFlag,
        ToolResult,
        ToolSpec,
    )
    from elixirml.contracts.usage import (
        Usage,
    )
    from elixirml.contracts.wrapping import (
        WrappedModel,
    )

__all__ = [
    "FREE_OF_CALLS",
    "NO_DEFAULT",
    "ORDERS",
    "Action",
    "Adapter",
    "Attachment",
    "Bundle",
    "CallStreamParser",
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
    "EmbeddingModel",
    "Embeddings",
    "Evaluate",
    "Event",
    "Example",
    "Exchange",
    "Executor",
    "ExecutorCapacity",
    "Extension",
    "ExtensionHost",
    "Feedback",
    "Field",
    "FieldDeclaration",
    "FieldDelta",
    "FollowingAdapter",
    "FormatCall",
    "LanguageModel",
    "LanguageModelProvider",
    "Length",
    "Media",
    "Mended",
    "Message",
    "Metric",
    "Middleware",
    "ModelDelta",
    "ModelEnd",
    "ModelHost",
    "ModelInfo",
    "ModelRequest",
    "ModelResponse",
    "Observation",
    "Observer",
    "Outcome",
    "Passage",
    "Pattern",
    "Prediction",
    "Predictor",
    "PredictorCall",
    "Proposal",
    "Propose",
    "Proposed",
    "Range",
    "Ranked",
    "RateLimits",
    "ReasoningDelta",
    "Refused",
    "Repair",
    "RepairPolicy",
    "RepairingAdapter",
    "Retriever",
    "Role",
    "Row",
    "Schema",
    "SchemaEngine",
    "Score",
    "Service",
    "Signature",
    "Stop",
    "Store",
    "StoreProvider",
    "StreamParser",
    "StreamingAdapter",
    "StreamingModel",
    "StudyEvent",
    "Teleprompter",
    "TextDelta",
    "TokenLogprob",
    "Told",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "ToolContext",
    "ToolExample",
    "ToolFlag",
    "ToolResult",
    "ToolSpec",
    "Usage",
    "WorkFailure",
    "WorkItem",
    "WorkResult",
    "Workers",
    "WrappedModel",
    "streamed",
]

_HOMES: Final = {
    "Action": "teleprompter",
    "Adapter": "adapter",
    "Attachment": "messages",
    "Bundle": "executor",
    "CallStreamParser": "stream",
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
    "EmbeddingModel": "embedding",
    "Embeddings": "embedding",
    "Evaluate": "teleprompter",
    "Event": "observer",
    "Example": "metric",
    "Exchange": "predictor",
    "Executor": "executor",
    "ExecutorCapacity": "executor",
    "Extension": "extension",
    "ExtensionHost": "extension",
    "FREE_OF_CALLS": "adapter",
    "Feedback": "adapter",
    "Field": "schema",
    "FieldDeclaration": "schema",
    "FieldDelta": "stream",
    "FollowingAdapter": "adapter",
    "FormatCall": "adapter",
    "LanguageModel": "language_model",
    "LanguageModelProvider": "language_model",
    "Length": "constraints",
    "Media": "messages",
    "Mended": "adapter",
    "Message": "messages",
    "Metric": "metric",
    "Middleware": "middleware",
    "ModelDelta": "stream",
    "ModelEnd": "stream",
    "ModelHost": "language_model",
    "ModelInfo": "language_model",
    "ModelRequest": "language_model",
    "ModelResponse": "language_model",
    "NO_DEFAULT": "schema",
    "ORDERS": "middleware",
    "Observation": "adapter",
    "Observer": "observer",
    "Outcome": "teleprompter",
    "Passage": "retriever",
    "Pattern": "constraints",
    "Prediction": "predictor",
    "Predictor": "predictor",
    "PredictorCall": "predictor",
    "Proposal": "teleprompter",
    "Propose": "teleprompter",
    "Proposed": "teleprompter",
    "Range": "constraints",
    "Ranked": "teleprompter",
    "RateLimits": "language_model",
    "ReasoningDelta": "stream",
    "Refused": "teleprompter",
    "Repair": "repair",
    "RepairPolicy": "repair",
    "RepairingAdapter": "adapter",
    "Retriever": "retriever",
    "Role": "messages",
    "Row": "dataset",
    "Schema": "schema",
    "SchemaEngine": "schema",
    "Score": "metric",
    "Service": "extension",
    "Signature": "signature",
    "Stop": "teleprompter",
    "Store": "store",
    "StoreProvider": "store",
    "StreamParser": "stream",
    "StreamingAdapter": "adapter",
    "StreamingModel": "stream",
    "StudyEvent": "teleprompter",
    "Teleprompter": "teleprompter",
    "TextDelta": "stream",
    "TokenLogprob": "language_model",
    "Told": "teleprompter",
    "Tool": "tool",
    "ToolCall": "messages",
    "ToolCallDelta": "stream",
    "ToolContext": "tool",
    "ToolExample": "tool",
    "ToolFlag": "tool",
    "ToolResult": "tool",
    "ToolSpec": "tool",
    "Usage": "usage",
    "WorkFailure": "executor",
    "WorkItem": "executor",
    "WorkResult": "executor",
    "WrappedModel": "wrapping",
    "Workers": "executor",
    "streamed": "stream",
}


def __getattr__(name: str) -> object:
    """Import a contract on its first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
