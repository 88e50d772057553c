# `option` returns an attrs field
"""Secrets are references: shown as such, read when they are used, and turned into nothing else."""

import copy
import json
import logging
import pickle
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import attrs
import cattrs
import pytest
from attrs import frozen

from elixirml.config import Secret, check_configuration, load_configuration, option
from elixirml.config.secret import is_reference
from elixirml.errors import ConfigError
from elixirml.identity import canonical_json

CANARY = "sk-canary-4f7a"


@frozen
class Inner:
    token: Secret | None = None


@frozen
class Service:
    key: Secret | None = option(None, env="SERVICE_KEY")
    keys: tuple[Secret, ...] = ()
    inner: Inner = Inner()


@frozen
class Strict:
    key: Secret


@pytest.mark.parametrize("text", ["env:KEY", "env:_k2", "file:key.txt", "file:~/my keys/a"])
def test_a_reference_is_shown_as_it_is(text: str) -> None:
    """What people, logs and formats see of a secret is where it is found."""
    secret = Secret(text)
    assert is_reference(text)
    assert (repr(secret), str(secret), f"{secret!s}") == (f"Secret({text!r})", text, text)
    assert f"{secret:<40}" == f"{text:<40}"
    assert secret.reference == text


@pytest.mark.parametrize("text", [CANARY, "", "env:", "env:not a name", "env:sk-1", "file:", "file: x", "ENV:KEY"])
def test_a_literal_is_refused_and_not_repeated(text: str) -> None:
    """Whoever writes the secret itself is told what to write, without reading it again in a log."""
    with pytest.raises(ConfigError, match="reference") as caught:
        Secret(text)
    assert caught.value.code == "secret-literal"
    assert "env:NAME" in str(caught.value.hint)
    assert CANARY not in str(caught.value)


def test_a_secret_is_read_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rotated key is found by the next use; nothing is kept."""
    variable, file = Secret("env:ROTATED"), Secret("file:key.txt", folder=tmp_path)
    for value in ("first", "second"):
        monkeypatch.setenv("ROTATED", value)
        (tmp_path / "key.txt").write_text(f"{value}\n")
        assert variable.reveal() == file.reveal() == Secret(lambda value=value: value).reveal() == value
    assert variable.reveal({"ROTATED": "given"}) == "given"


def _raises() -> str:
    raise RuntimeError(CANARY)


def test_what_cannot_be_had_is_named_by_its_reference(tmp_path: Path) -> None:
    """The message says where it was looked for, and never repeats what a failing function said."""
    (tmp_path / "empty").write_text("\n")
    for key, words in (
        (Secret("env:ABSENT"), "env:ABSENT cannot be had: the variable is not set"),
        (Secret("file:absent", folder=tmp_path), "file:absent cannot be had: reading it raised FileNotFoundError"),
        (Secret("file:empty", folder=tmp_path), "file:empty cannot be had: it is empty"),
        (Secret(_raises), "callable:_raises cannot be had: reading it raised RuntimeError"),
    ):
        with pytest.raises(ConfigError, match=words) as caught:
            key.reveal({})
        assert caught.value.code == "secret-missing"
        assert CANARY not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(ConfigError, match="it is empty"):
        Secret("env:EMPTY").reveal({"EMPTY": ""})


def test_secrets_are_equal_when_they_are_found_in_one_place(tmp_path: Path) -> None:
    """They can be compared and hashed without being read; copies are the same object."""
    key = Secret("env:KEY")
    assert key == Secret("env:KEY", folder=tmp_path)
    assert hash(key) == hash(Secret("env:KEY"))
    assert Secret("file:k", folder=tmp_path) != Secret("file:k")
    assert key != "env:KEY"
    assert copy.copy(key) is copy.deepcopy(key) is key
    assert repr(Secret(partial(str, CANARY))) == "Secret('callable:partial')"


def test_a_secret_is_turned_into_nothing() -> None:
    """Neither pickle nor JSON nor the fields of a class carry it anywhere."""
    holder = Service(key=Secret(lambda: CANARY))
    for turn in (
        pickle.dumps,
        json.dumps,
        canonical_json,
        attrs.asdict,
        attrs.astuple,
        cattrs.unstructure,
        cattrs.Converter().unstructure,
    ):
        for value in (holder.key, holder, Strict(Secret("env:KEY"))):
            with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own
                turn(value)  # type: ignore[operator]
            assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "text",
    [
        f'key = "{CANARY}"',
        f'key = {{ value = "{CANARY}" }}',
        f'keys = ["{CANARY}"]',
        f'[plugins.service.inner]\ntoken = "{CANARY}"',
        f'kye = "{CANARY}"',
        f'inner = "{CANARY}"',
        f'[plugins.service.innr]\ntoken = "{CANARY}"',
        f'key = "{CANARY}',
    ],
)
def test_the_canary_is_never_seen(places, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """A secret written into a file, in the right place or a wrong one, is refused and shown nowhere."""
    caplog.set_level(logging.DEBUG)
    places.project.write_text(f"[plugins.service]\n{text}\n")
    with pytest.raises(ConfigError) as caught:
        load_configuration({"service": Service}, sources=places.sources())
    logging.getLogger("test").error("failed", exc_info=caught.value)
    faults = check_configuration({"service": Service}, sources=places.sources())
    assert faults
    trace = "".join(traceback.format_exception(caught.value))
    said = [str(caught.value), repr(caught.value), trace, caplog.text, repr(faults), *map(str, faults)]
    assert [each for each in said if CANARY in each] == []


@pytest.mark.parametrize("variable", ["ELIXIRML_SERVICE__KEY", "SERVICE_KEY"])
def test_a_secret_in_the_environment_is_referred_to(places, variable: str) -> None:
    """The value of a variable is no reference: the variable is; it is not copied from there."""
    environ = {variable: CANARY}
    configuration = load_configuration({"service": Service}, sources=places.sources(environ))
    key = configuration["service"].key
    assert key == Secret(f"env:{variable}")
    assert key.reveal(environ) == CANARY
    shown = [repr(configuration), repr(configuration.settings()), repr(places.sources(environ))]
    shown += [json.dumps({each.name: each.json for each in configuration.settings()}), repr(configuration._layer)]
    assert [each for each in shown if CANARY in each] == []
    assert {each.name for each in configuration.settings() if each.is_secret} == {"service.key", "service.inner.token"}


def test_a_variable_that_no_reference_can_name_holds_no_secret(places) -> None:
    """Shells cannot set such a variable, other programs can; its value is refused like any other literal."""

    @frozen
    class Keys:
        by_name: Mapping[str, Secret] = option({})

    environ = {"ELIXIRML_SERVICE__BY_NAME__A-B": CANARY}
    with pytest.raises(ConfigError, match=r"service\.by_name\.a-b: expected a reference") as caught:
        load_configuration({"service": Keys}, sources=places.sources(environ))
    assert CANARY not in str(caught.value)


def test_a_file_of_a_secret_is_beside_the_settings_that_name_it(places) -> None:
    """`file:key` in a settings file does not depend on where the program is started."""
    places.project.write_text('[plugins.service]\nkey = "file:key"\n')
    (places.folder / "key").write_text(CANARY)
    key = load_configuration({"service": Service}, sources=places.sources())["service"].key
    assert key.reveal({}) == CANARY
    assert CANARY not in repr(key)
