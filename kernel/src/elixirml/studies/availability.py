"""Which of the models and predictors that a program may choose can be used here: a study searches no others."""

from collections.abc import Callable
from functools import partial

from attrs import evolve

from elixirml.errors import ElixirError, ModelError, PluginError
from elixirml.programs.compiled import PredictNode
from elixirml.programs.installed import Installed
from elixirml.programs.strategies import obstacle_to
from elixirml.runtime.runner import Runner
from elixirml.variables import Choice, Space

__all__ = ["available"]

_Reason = Callable[[str], str | None]
"""Returns why an option cannot be used; None where it can."""


def available(space: Space, runner: Runner) -> tuple[Space, tuple[str, ...]]:
    """Return the space without the models and predictors that cannot be used, and one note on each of them.

    A default is left as it is: a program whose own model is missing is refused, not changed.

    Args:
        space: What is to be searched.
        runner: The program, and what opens its models.
    """
    reasons = _reasons(runner)
    notes: dict[str, None] = {}
    variables = [
        _narrowed(each, reasons[each.name], notes) if isinstance(each, Choice) and each.name in reasons else each
        for each in space.variables
    ]
    return (evolve(space, variables=tuple(variables)) if notes else space), tuple(notes)


def _reasons(runner: Runner) -> dict[str, _Reason]:
    """Return what judges the options of a variable, by its path."""
    nodes = runner.compiled.predict_nodes()
    installed = Installed(runner.capabilities)
    strategies: dict[str, list[PredictNode]] = {}
    for node in nodes:
        strategies.setdefault(node.settings["predictor"], []).append(node)
    return {
        **{node.settings["model"]: partial(_unopened, runner) for node in nodes},
        **{path: partial(_unsuited, installed, chosen_by) for path, chosen_by in strategies.items()},
    }


def _narrowed(variable: Choice, reason: _Reason, notes: dict[str, None]) -> Choice:
    """Return a searched choice with those of its options that can be used."""
    if variable.frozen:
        return variable
    kept = [each for each in variable.options if each == variable.default or _usable(str(each), reason, notes)]
    return evolve(variable, options=tuple(kept))


def _usable(name: str, reason: _Reason, notes: dict[str, None]) -> bool:
    why = reason(name)
    if why is not None:
        notes[f"`{name}` is not searched: {why}"] = None
    return why is None


def _unopened(runner: Runner, model: str) -> str | None:
    try:
        runner.open_model(model)
    except (ModelError, PluginError) as error:
        return _first(error)
    return None


def _unsuited(installed: Installed, nodes: list[PredictNode], predictor: str) -> str | None:
    for node in nodes:
        try:
            found = obstacle_to(predictor, node.signature, given=node.tools, installed=installed)
        except PluginError as error:
            return _first(error)
        if found is not None:
            return f"it {found.why}. {found.hint}"
    return None


def _first(error: ElixirError) -> str:
    """Return what is wrong and what to do, on one line."""
    words = " ".join(error.message.split())
    return words if error.hint is None else f"{words} {' '.join(error.hint.split())}"
