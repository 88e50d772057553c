"""The hook module: what it offers, and that listing it costs nothing."""

import subprocess
import sys
from importlib import import_module

from elixirml_sklearn.plugin import register_predictors


def test_the_contribution_can_be_resolved() -> None:
    """The target is a class that makes a predictor without arguments."""
    [each] = register_predictors()

    predictor = getattr(import_module(each.module), each.attribute)()

    assert each.name == "sklearn"
    assert all(callable(getattr(predictor, name)) for name in ("extend", "variables", "predict"))


def test_scikit_learn_is_loaded_with_the_first_answer() -> None:
    """Compiling a program that may use an estimator asks for its variables, which costs no import."""
    code = (
        "import sys; from elixirml.contracts import Field, Signature; "
        "from elixirml_sklearn.predictor import SklearnPredictor; "
        "text, truth = {'type': 'string'}, {'type': 'boolean'};"
        "task = Signature('reply', '', (Field('text', str, text),), (Field('ok', bool, truth),));"
        "print(len(SklearnPredictor().variables(task)), 'sklearn' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert said == ["4", "False"]
