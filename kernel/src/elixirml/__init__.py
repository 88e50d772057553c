"""ElixirML: declarative, self-optimizing language-model programs on a plugin microkernel.

    import elixirml as ml

    class QA(ml.Program[Question, Answer]):
        "Answer the question from the context."
        reply = ml.predict(Answer)

    result = ml.run(QA, Question(context="...", question="..."))

Names are imported when they are first used, so importing the package stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elixirml.contracts import (
        Audio,
        Code,
        CodeBlock,
        Description,
        Example,
        FieldDeclaration,
        File,
        History,
        Image,
        Length,
        Pattern,
        Range,
        Reasoning,
        Turn,
        Usage,
    )
    from elixirml.contracts.schema import schema
    from elixirml.doors import BlockingKernel, batch, evaluate, optimize, run, stream
    from elixirml.errors import ElixirError
    from elixirml.programs.program import Program, as_program, load, program
    from elixirml.programs.stages import check, ensure, predict, stage, suggest
    from elixirml.programs.state import SavedProgram
    from elixirml.runtime.budget import Budget
    from elixirml.runtime.kernel import Kernel
    from elixirml.runtime.listening import RunDelta
    from elixirml.runtime.result import Result
    from elixirml.runtime.streaming import RunEnd
    from elixirml.studies.evaluation import Evaluation, run_evaluation
    from elixirml.studies.optimization import run_optimization
    from elixirml.studies.report import StudyReport, Verdict
    from elixirml.variables import Assignment, Space, Variable, variable, when

__version__: Final = "0.1.0"

_HOMES: Final = {
    "Assignment": "variables",
    "Audio": "contracts",
    "BlockingKernel": "doors",
    "Budget": "runtime.budget",
    "Code": "contracts",
    "CodeBlock": "contracts",
    "Description": "contracts",
    "ElixirError": "errors",
    "Evaluation": "studies.evaluation",
    "Example": "contracts",
    "FieldDeclaration": "contracts",
    "File": "contracts",
    "History": "contracts",
    "Image": "contracts",
    "Kernel": "runtime.kernel",
    "Length": "contracts",
    "Pattern": "contracts",
    "Program": "programs.program",
    "Range": "contracts",
    "Reasoning": "contracts",
    "Result": "runtime.result",
    "RunDelta": "runtime.listening",
    "RunEnd": "runtime.streaming",
    "SavedProgram": "programs.state",
    "Space": "variables",
    "StudyReport": "studies.report",
    "Turn": "contracts",
    "Usage": "contracts",
    "Variable": "variables",
    "Verdict": "studies.report",
    "as_program": "programs.program",
    "batch": "doors",
    "check": "programs.stages",
    "ensure": "programs.stages",
    "evaluate": "doors",
    "load": "programs.program",
    "optimize": "doors",
    "predict": "programs.stages",
    "program": "programs.program",
    "run": "doors",
    "run_evaluation": "studies.evaluation",
    "run_optimization": "studies.optimization",
    "schema": "contracts.schema",
    "stage": "programs.stages",
    "stream": "doors",
    "suggest": "programs.stages",
    "variable": "variables",
    "when": "variables",
}

__all__ = [
    "Assignment",
    "Audio",
    "BlockingKernel",
    "Budget",
    "Code",
    "CodeBlock",
    "Description",
    "ElixirError",
    "Evaluation",
    "Example",
    "FieldDeclaration",
    "File",
    "History",
    "Image",
    "Kernel",
    "Length",
    "Pattern",
    "Program",
    "Range",
    "Reasoning",
    "Result",
    "RunDelta",
    "RunEnd",
    "SavedProgram",
    "Space",
    "StudyReport",
    "Turn",
    "Usage",
    "Variable",
    "Verdict",
    "as_program",
    "batch",
    "check",
    "ensure",
    "evaluate",
    "load",
    "optimize",
    "predict",
    "program",
    "run",
    "run_evaluation",
    "run_optimization",
    "schema",
    "stage",
    "stream",
    "suggest",
    "variable",
    "when",
]


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
