"""Reading all layers: what is in force, and all that is wrong."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from elixirml.config.compounds import Entries
from elixirml.config.configuration import Configuration, Setting, read_sections
from elixirml.config.files import SettingsFile
from elixirml.config.kernel import KernelConfig
from elixirml.config.kinds import Kind, Text, first_origin
from elixirml.config.layers import (
    KERNEL,
    OWN,
    PROGRAMS,
    Layer,
    Schemas,
    environment_layer,
    file_layer,
    placed_text,
    text_layer,
    value_layer,
)
from elixirml.config.options import Option
from elixirml.config.origins import Fault, Given, Keys, LayerName, bare, refusal
from elixirml.config.schemas import schema_of
from elixirml.errors import ConfigError, DeclarationError, did_you_mean

__all__ = [
    "Sources",
    "check_configuration",
    "load_configuration",
    "registered_programs",
    "schemas_of",
    "written_setting",
]

_NO_VALUES: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType({})
_NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})


@frozen
class Sources:
    """Where settings are looked for.

    Attributes:
        environ: Environment variables; those of the process when not given.
        folder: Where the project's files are; the current folder when not given.
        values: What the host says, by section and key; the strongest but for `texts`.
        texts: What the user typed, by `SECTION.KEY`; the strongest of all.
    """

    environ: Mapping[str, str] | None = field(default=None, repr=False)
    folder: Path | None = None
    values: Mapping[str, Mapping[str, object]] = field(default=_NO_VALUES, repr=False)
    texts: Mapping[str, str] = field(default=_NO_TEXTS, repr=False)

    def gathered(self, schemas: Schemas) -> tuple[Layer, tuple[ConfigError, ...]]:
        """Return all layers as one, and the errors of files that cannot be read, which are left out."""
        environ = os.environ if self.environ is None else self.environ
        whole, errors = Layer(), list[ConfigError]()
        for name in (LayerName.USER, LayerName.PROJECT):
            try:
                user = name is LayerName.USER
                file = SettingsFile.of_user(environ) if user else SettingsFile.of_project(self.folder or Path())
                whole = file_layer(file, name).over(whole)
            except ConfigError as error:
                errors.append(error)
        whole = environment_layer(environ, schemas).over(whole)
        whole = value_layer(self.values, schemas, source="argument").over(whole)
        return text_layer(self.texts, schemas, source="--set").over(whole), tuple(errors)


def load_configuration(sections: Mapping[str, type], *, sources: Sources | None = None) -> Configuration:
    """Read all layers and return what holds.

    Args:
        sections: The class of each plugin's section; the kernel's own sections need not be given.
        sources: Where to look.

    Raises:
        ConfigError: A file cannot be read, or something does not fit; lists all of it.
        DeclarationError: A class is declared wrongly.
    """
    schemas = schemas_of(sections)
    layer, errors = (sources or Sources()).gathered(schemas)
    if errors:
        raise errors[0]
    return Configuration.of(schemas, layer)


def check_configuration(
    sections: Mapping[str, type], *, sources: Sources | None = None, others: Collection[str] | None = None
) -> tuple[Fault, ...]:
    """Return everything that is wrong, in every layer that can be read; nothing is raised for it.

    Args:
        sections: As for `load_configuration`.
        sources: Where to look.
        others: Sections that may be there and are not checked, such as those of disabled plugins. When not given, no
            section is wrong only because nobody reads it.

    Raises:
        DeclarationError: A class is declared wrongly.
    """
    schemas = schemas_of(sections)
    layer, errors = (sources or Sources()).gathered(schemas)
    broken = [Fault((), each.code, each.message, hint=each.hint) for each in errors]
    lost = [] if others is None else sorted(layer.trees.keys() - schemas.keys() - set(others))
    strays = [
        Fault((name,), "unknown", "no plugin in use reads this section", first_origin(layer.trees[name]), hint)
        for name, hint in ((each, did_you_mean(each, {*schemas, *(others or ())})) for each in lost)
    ]
    return (*broken, *strays, *read_sections(schemas, layer)[1])


def written_setting(sections: Mapping[str, type], name: str, text: str) -> tuple[Keys, object]:
    """Return where a setting stands in a file, and the value that a text means, to be written there.

    Args:
        sections: As for `load_configuration`.
        name: The setting, as `SECTION.KEY`.
        text: What the user typed.

    Raises:
        ConfigError: There is no such setting, or the text does not fit.
        DeclarationError: A class is declared wrongly.
    """
    schemas = schemas_of(sections)
    found = placed_text(name, text, schemas, source="typed")
    faults = [found] if isinstance(found, Fault) else found.faults()
    if isinstance(found, Fault) or faults:
        raise refusal(faults)
    keys = found.keys
    return (keys if keys[0] in OWN else ("plugins", *keys)), bare(found.node)


def registered_programs(*, sources: Sources | None = None) -> Mapping[str, Setting]:
    """Return the programs of `[programs]` by name; the value of each is `file.py:Class` or `package.module:Class`.

    A file named in a settings file is relative to that file's folder. No plugin is needed.

    Args:
        sources: Where to look.

    Raises:
        ConfigError: A file cannot be read, or a value is no text.
    """
    configuration = load_configuration({}, sources=sources)
    return MappingProxyType({each.keys[-1]: each for each in configuration.settings(PROGRAMS)})


@frozen
class _ProgramKind(Text):
    """`file.py:Class`, with the folder of the settings file before it."""

    def _converted(self, node: Given) -> object:
        folder, target = node.origin.folder, node.value
        if isinstance(target, str) and folder is not None and target.partition(":")[0].endswith((".py", ".json")):
            return str(folder / target)
        return super()._converted(node)


def schemas_of(sections: Mapping[str, type]) -> Schemas:
    """Return what every section may hold, the kernel's own included.

    Args:
        sections: The class of each plugin's section.

    Raises:
        DeclarationError: A class is declared wrongly, or its section is the kernel's own.
    """
    own: dict[str, Kind] = {
        KERNEL: schema_of(KernelConfig, where=KERNEL),
        PROGRAMS: Entries(kind=_ProgramKind(option=Option(pattern=r"\S"))),
    }
    taken = sorted(own.keys() & sections.keys())
    if taken:
        raise DeclarationError(
            f"A plugin declares the section `{taken[0]}`, which is the kernel's own.",
            hint="Name the section after the plugin.",
            code="config-schema",
        )
    return {**own, **{name: schema_of(cls, where=name) for name, cls in sections.items()}}
