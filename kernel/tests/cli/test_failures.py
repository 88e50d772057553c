"""From an error to an exit code and to words."""

import json
from typing import NoReturn

import click
import pytest

from elixirml.cli.failures import Interrupted, exit_code, own_line, report
from elixirml.errors import (
    AssertionFailed,
    BudgetExceeded,
    ConfigError,
    DeclarationError,
    ModelError,
    ModelUnavailable,
    ParseError,
    PluginFailed,
    PluginMissing,
    Problem,
    StateError,
    ValidationError,
)

CODES = [
    (AssertionFailed("no", assertion="checked"), 1),
    (BudgetExceeded("no", limit="calls"), 1),
    (ConfigError("no"), 2),
    (DeclarationError("no"), 2),
    (ValidationError("no", problems=()), 2),
    (StateError("no"), 2),
    (PluginMissing("no"), 2),
    (click.UsageError("no"), 2),
    (click.FileError("no"), 2),
    (ModelError("no"), 3),
    (ModelUnavailable("no"), 3),
    (ParseError("no", failure="empty"), 3),
    (PluginFailed("no"), 3),
    (RuntimeError("no"), 3),
    (KeyboardInterrupt(), 130),
    (Interrupted("go on"), 130),
    (click.Abort(), 130),
]


@pytest.mark.parametrize(("error", "code"), CODES, ids=lambda each: type(each).__name__ if each else "")
def test_every_kind_of_error_has_its_exit_code(error: BaseException, code: int) -> None:
    """1 a check failed, 2 the user's input, 3 a model or plugin, 130 interrupted."""
    assert exit_code(error) == code


def raised_in_here() -> NoReturn:
    """Raise an error in code that is neither installed nor ElixirML's."""
    raise ValueError("no")


def test_the_users_own_line_is_found() -> None:
    """The last line of the user's own is named, not the library's that raised."""
    with pytest.raises(ValueError, match="no") as caught:
        raised_in_here()
    assert own_line(caught.value) is not None
    assert str(own_line(caught.value)).endswith("in raised_in_here")
    with pytest.raises(json.JSONDecodeError) as deeper:
        json.loads("{")
    assert str(own_line(deeper.value)).endswith("in test_the_users_own_line_is_found")
    assert own_line(ValueError("never raised")) is None


def test_an_error_of_the_tree_is_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Kind, code, message and hint; no trace."""
    assert report(ConfigError("it is wrong", hint="mend it"), as_json=False) == 2
    assert capsys.readouterr() == ("", "ConfigError [config]: it is wrong\n  mend it\n")


def test_an_unexpected_error_keeps_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """A fault of ElixirML's own is shown whole, so that it can be reported."""
    assert report(RuntimeError("broken"), as_json=True) == 3
    out, err = capsys.readouterr()
    assert "RuntimeError: broken" in err
    assert "please report it" in err
    assert json.loads(out)["error"]["code"] == "internal"


def test_the_end_of_input_is_no_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    """A missing answer and an interrupt both reach us as an abort; they are told apart."""
    abort = click.Abort()
    abort.__cause__ = EOFError()
    assert report(abort, as_json=False) == 3
    assert "Standard input ended" in capsys.readouterr().err
    assert report(click.Abort(), as_json=False) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_what_is_wrong_with_data_is_told_to_machines_piece_by_piece(capsys: pytest.CaptureFixture[str]) -> None:
    """Each problem with its path and code, so that a program can show it where it belongs."""
    problem = Problem.unlike(("n",), "type", expected="a whole number", got="'x'")
    report(ValidationError("It does not fit:", problems=[problem]), as_json=True)

    assert json.loads(capsys.readouterr().out)["error"]["problems"] == [problem.to_json()]
