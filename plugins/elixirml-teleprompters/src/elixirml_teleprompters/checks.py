"""What every teleprompter refuses at the start."""

from elixirml.contracts import Context
from elixirml.errors import ConfigError
from elixirml.variables import Space
from elixirml_teleprompters.demos import empty_banks

__all__ = ["refuse_idle"]


def refuse_idle(context: Context, *, teleprompter: str) -> None:
    """Refuse a study in which there is nothing to race on or nothing to choose.

    Raises:
        ConfigError: There are no examples, or no variable is left to search and no demo bank can be filled.
    """
    if not context.examples:
        raise ConfigError(
            f"teleprompter `{teleprompter}` has no examples to race on.",
            hint="Give the study more examples, or a smaller confirmation share.",
            code="no-examples",
        )
    if not context.space.searchable and not (context.training and empty_banks(context.space)):
        raise ConfigError(
            f"teleprompter `{teleprompter}` has nothing to search: {_reason(context.space)}.",
            hint="Free a variable with `--free PATH`, or declare one with `ml.variable(...)`.",
            code="nothing-to-search",
        )


def _reason(space: Space) -> str:
    held = [variable.name for variable in space.variables]
    return f"every variable is frozen or single-valued ({', '.join(held)})" if held else "the space has no variables"
