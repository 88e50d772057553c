"""The kernel's own section, `[kernel]`."""

from pathlib import Path

from attrs import frozen

from elixirml.config.options import option

__all__ = ["KernelConfig"]


@frozen
class KernelConfig:
    """What a kernel is, when the code that makes it does not say.

    .. versionadded:: 0.1
    """

    model: str | None = option(None, help="The model of stages that name none, as provider/model.")
    home: Path = option(Path(".elixirml"), help="Where project data is kept.", env="ELIXIRML_HOME")
    cache: Path | None = option(
        None, help="Where downloads are kept; the user's cache folder when not given.", env="ELIXIRML_CACHE"
    )
    middlewares: tuple[str, ...] = option((), help="What stands between programs and models, by name.")
    observers: tuple[str, ...] = option((), help="Who is told what happens, by name.")
