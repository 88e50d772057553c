"""Hooks of the golden plugin: every one of level 1, in the ways in which hooks may be written."""

from elixirml.plugins import Contribution, hookimpl

ELIXIRML_HOOK_API = 1


def _offer(target: str) -> list[Contribution]:
    return [Contribution("golden", f"golden_plugin.parts:{target}", "kept as it was built")]


@hookimpl
def register_schemas():
    """Offer a schema engine."""
    return _offer("Engine")


@hookimpl
def register_language_models():
    """Offer a provider."""
    yield Contribution("golden", "golden_plugin.parts:Provider", "kept as it was built", options={"free": True})


@hookimpl
def register_middlewares():
    """Offer a middleware."""
    return _offer("Middleware")


@hookimpl
def register_adapters():
    """Offer an adapter."""
    return _offer("Adapter")


@hookimpl
def register_predictors():
    """Offer a predictor."""
    return _offer("Predictor")


@hookimpl
def register_teleprompters():
    """Offer a teleprompter."""
    return _offer("Teleprompter")


@hookimpl
def register_metrics():
    """Offer a metric that is made, and one that is an object."""
    return (*_offer("Metric"), Contribution("golden_too", "golden_plugin.parts:METRIC", "kept as it was built"))


@hookimpl
def register_tools():
    """Offer a tool."""
    return _offer("Tool")


@hookimpl
def register_datasets():
    """Offer a reader."""
    return _offer("Source")


@hookimpl
def register_retrievers():
    """Offer a retriever."""
    return _offer("Retriever")


@hookimpl
def register_executors():
    """Offer an executor."""
    return _offer("Executor")


@hookimpl
def register_stores():
    """Offer a store."""
    return _offer("Stores")


@hookimpl
def register_observers():
    """Offer an observer."""
    return _offer("Observer")


@hookimpl
def register_commands():
    """Offer a verb."""
    return _offer("command")


@hookimpl
def register_configurations():
    """Offer a section."""
    return _offer("Settings")


@hookimpl
def register_extensions():
    """Offer an extension."""
    return _offer("Running")
