"""What every section of the configuration promises: defaults that hold, and options a user can understand."""

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

from attrs import NOTHING, fields, has

from elixirml.config import Configuration, Secret, Setting, Sources, load_configuration
from elixirml.errors import ConfigError
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect

__all__ = ["ConfigurationConformance"]

_SECTION: Final = "tried"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_TABLE: Final = re.compile(r"(Mapping|dict)\\b")


class ConfigurationConformance(Conformance[type[Any]]):
    """What is promised of a class contributed through `elixirml.hookspecs.register_configurations`.

    Example:
        >>> class TestHttpConfig(ConfigurationConformance):
        ...     def subject(self):
        ...         return HttpConfig

    .. versionadded:: 0.1
    """

    def test_it_is_an_attrs_class(self) -> None:
        """Each field of the class is an option."""
        found: object = self.subject()
        fits = isinstance(found, type) and has(found)
        expect(fits, f"The section is {found!r}: make it an attrs class, each option a field.")

    def test_values_cannot_be_changed(self) -> None:
        """One state of the configuration is the same for everybody who looks at it."""
        made = self._made()
        names = [each.name for each in self._fields()]
        if not names:
            raise NotApplicable("It has no options.")
        try:
            setattr(made, names[0], getattr(made, names[0]))
        except AttributeError:
            return
        raise AssertionError("Its values can be changed: write `@frozen`.")

    def test_every_option_has_a_default(self) -> None:
        """A user who has written nothing has a configuration."""
        missing = [each.name for each in self._fields() if cast("object", each.default) is NOTHING]
        expect(not missing, f"{', '.join(missing)} has no default: give one, or None for what is not needed.")

    def test_the_defaults_are_valid(self) -> None:
        """What holds when nothing was written passes the checks of what is written."""
        configuration = self._loaded({})
        again = {
            each.keys[-1]: each.json
            for each in self._settings(configuration)
            if len(each.keys) == 2 and each.json is not None
        }
        try:
            self._loaded(again)
        except ConfigError as error:
            raise AssertionError(f"Written down, the defaults do not fit: {error}") from error

    def test_every_option_is_documented(self) -> None:
        """`elixirml config show` says what each option does, in a sentence."""
        settings = self._settings(self._loaded({}))
        silent = sorted({each.keys[1] for each in settings if not each.option.help.strip()})
        expect(not silent, f"{', '.join(silent)} is not explained: declare it with `option(..., help='...')`.")

    def test_names_are_lower_case_words(self) -> None:
        """Options can be written in files and in environment variables."""
        odd = [each.name for each in self._fields() if not _NAME.fullmatch(each.name)]
        expect(not odd, f"{', '.join(odd)}: use lower-case letters, digits and `_`.")

    def test_a_value_of_another_type_is_refused(self) -> None:
        """What does not fit is told when it is read, not when it is used."""
        for each in self._fields():
            if not _TABLE.search(str(each.type)):
                self._check_refused(each.name)

    def test_keys_are_secrets(self) -> None:
        """What is named like a key, a token or a password is a `Secret`, which never shows."""
        kinds = {each.name: str(each.type) for each in self._fields()}
        bare = [
            name
            for name, kind in kinds.items()
            if re.search(r"(^|_)(api_key|key|token|password|secret)$", name) and Secret.__name__ not in kind
        ]
        expect(not bare, f"{', '.join(bare)} shows in logs and reports: give it the type `Secret`.")

    def _fields(self) -> tuple[Any, ...]:
        subject = self.subject()
        if not (isinstance(subject, type) and has(subject)):
            raise NotApplicable("It is no attrs class.")
        return tuple(fields(subject))

    def _made(self) -> Any:
        return self._loaded({}).sections[_SECTION]

    def _settings(self, configuration: Configuration) -> list[Setting]:
        return [each for each in configuration.settings() if each.keys[0] == _SECTION]

    def _loaded(self, values: Mapping[str, object]) -> Configuration:
        if any(cast("object", each.default) is NOTHING for each in self._fields()):
            raise NotApplicable("An option has no default.")
        with TemporaryDirectory() as folder:
            sources = Sources(environ={"XDG_CONFIG_HOME": folder}, folder=Path(folder), values={_SECTION: values})
            return load_configuration({_SECTION: self.subject()}, sources=sources)

    def _check_refused(self, name: str) -> None:
        try:
            self._loaded({name: {"a table": {"of": ["tables"]}}})
        except ConfigError:
            return
        raise AssertionError(f"A table of tables was accepted as `{name}`: give the option a narrower type than `Any`.")
