"""Which of the models that a program may choose can be used here: a study searches no others."""

from attrs import evolve

from elixirml.errors import ElixirError, ModelError, PluginError
from elixirml.runtime.runner import Runner
from elixirml.variables import Choice, Space

__all__ = ["available"]


def available(space: Space, runner: Runner) -> tuple[Space, tuple[str, ...]]:
    """Return the space without the models that cannot be opened, and one note on each of them.

    A default is left as it is: a program whose own model is missing is refused, not changed.

    Args:
        space: What is to be searched.
        runner: The program, and what opens its models.
    """
    paths = {node.settings["model"] for node in runner.compiled.predict_nodes()}
    notes: dict[str, None] = {}
    variables = [
        _narrowed(each, runner, notes) if isinstance(each, Choice) and each.name in paths else each
        for each in space.variables
    ]
    return (evolve(space, variables=tuple(variables)) if notes else space), tuple(notes)


def _narrowed(variable: Choice, runner: Runner, notes: dict[str, None]) -> Choice:
    """Return a searched choice of models with those that can be opened."""
    if variable.frozen:
        return variable
    kept = [each for each in variable.options if each == variable.default or _opens(str(each), runner, notes)]
    return evolve(variable, options=tuple(kept))


def _opens(name: str, runner: Runner, notes: dict[str, None]) -> bool:
    try:
        runner.open_model(name)
    except (ModelError, PluginError) as error:
        notes[f"`{name}` is not searched: {_first(error)}"] = None
        return False
    return True


def _first(error: ElixirError) -> str:
    """Return what is wrong and what to do, on one line."""
    words = " ".join(error.message.split())
    return words if error.hint is None else f"{words} {' '.join(error.hint.split())}"
