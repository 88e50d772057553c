"""The confined process of the tool `python`: reads code, locks itself in, runs the code, ends.

Run as `python -I -S -u -X utf8 cell.py CPU_SECONDS MEMORY_BYTES WALL_SECONDS` with the code on standard input; imports
nothing but the standard library. What the code prints is the answer; exit code 1 means that it raised something.

Four walls, the outer ones kept by the operating system:

1. Limits that cannot be raised again: no file or socket can be opened, nothing written to a file, no process made (for
   users other than root), no more memory, processor time or time than given.
2. An audit hook that refuses everything but what plain computing needs. It cannot be taken off.
3. The functions of the operating system are taken out of the modules that have them.
4. Only the modules of a list can be imported.

The last three are walls of Python inside Python. They hold against code that a model writes, by mistake or talked into
it; against somebody with an exploit of the interpreter itself only the first one stands.
"""

import builtins
import gc
import importlib.abc
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, NoReturn

__all__ = ["ALLOWED", "main"]

ALLOWED: Final = frozenset(
    """
    abc array base64 binascii bisect calendar cmath collections collections.abc contextlib copy dataclasses datetime
    decimal difflib enum fractions functools hashlib heapq itertools json math numbers operator pprint random re
    statistics string struct textwrap time types typing unicodedata uuid zlib
    """.split()  # noqa: SIM905 - a list to be read
)
"""What code may import."""

_HELPERS: Final = ("_strptime",)  # imported by what may be imported, only when it is needed
_STRIPPED: Final = ("os", "posix", "_imp", "resource", "signal", "_signal", "_thread", "gc")
_KEPT: Final = frozenset(
    {"fspath", "PathLike", "error", "name", "sep", "linesep", "path", "urandom", "RLock", "get_ident"}
)
_EVENTS: Final = frozenset(
    "compile exec builtins.id sys._getframe sys._getframemodulename time.sleep object.__setattr__".split()  # noqa: SIM905
)
_READABLE: Final = frozenset({"__code__", "__defaults__", "__kwdefaults__"})
_TAKEN: Final = ("open", "input", "breakpoint")


def main(arguments: list[str]) -> NoReturn:
    """Run the code on standard input and end the process."""
    leave = os._exit  # no code of the cell may run while the interpreter takes itself down
    source = sys.stdin.buffer.read()
    sys.stdin.close()
    _preload((*ALLOWED, *_HELPERS))
    _limit(*map(int, arguments))
    try:
        run = _function(source)
    except BaseException as error:  # noqa: BLE001 - syntax, or more nesting than the compiler bears
        leave(_report(error))
    gc.disable()  # a finalizer of the code must not find itself inside the hook
    _strip(_STRIPPED)
    sys.addaudithook(_hook())
    try:
        run()
    except BaseException as error:  # noqa: BLE001 - whatever the code does ends here
        leave(_report(error))
    leave(_report(None))


def _function(source: bytes) -> FunctionType:
    """Return the code as a function, made before the hook: with it, code can make neither functions nor byte code."""
    code: CodeType = importlib.abc.InspectLoader.source_to_code(source, "<python>")
    return FunctionType(code, {"__name__": "__main__", "__builtins__": _builtins()})


def _report(error: BaseException | None) -> int:
    """Return the exit code: 0 when the code came to its end, 1 when it raised something, which is printed."""
    done = error is None or (isinstance(error, SystemExit) and not error.code)
    try:
        if not done:
            print(f"{_place(error)}{type(error).__name__}: {error}")  # noqa: T201 - the answer
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - an error that cannot be printed, or a full pipe
        return 1
    return 0 if done else 1


def _place(error: BaseException | None) -> str:
    """Return the line of the code that raised; frames cannot be looked into here, their lines can."""
    outer = None if error is None else error.__traceback__
    inner = None if outer is None else outer.tb_next
    return "" if inner is None or isinstance(error, SyntaxError) else f"line {inner.tb_lineno}: "


def _preload(names: Iterable[str]) -> None:
    """Import now what may be imported later, as no file can be opened then."""
    for name in names:
        importlib.import_module(name)


def _limit(cpu: int, memory: int, wall: int) -> None:
    """Set limits that cannot be raised again; the alarm ends the process even when its parent is gone."""
    import resource
    import signal

    for kind, most in (
        ("CORE", 0),
        ("CPU", cpu),
        ("AS", memory),
        ("FSIZE", 0),
        ("NPROC", 0),
        ("NOFILE", 0),
    ):
        number = getattr(resource, f"RLIMIT_{kind}", None)
        if number is not None:
            resource.setrlimit(number, (most, most))
    signal.alarm(wall)


def _builtins() -> dict[str, Any]:
    """Return the built-in names for the code, with an import that knows the list."""
    found = {name: value for name, value in vars(builtins).items() if name not in _TAKEN}
    inner = builtins.__import__

    def importing(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names of `__import__`
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Iterable[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if type(name) is not str or name not in (*ALLOWED, *_HELPERS):
            raise ImportError(f"`{name}` cannot be imported here; there is {', '.join(sorted(ALLOWED))}")
        return inner(name, globals, locals, tuple(fromlist or ()), level)

    return {**found, "__import__": importing}


def _strip(names: Iterable[str]) -> None:
    """Take the functions of the operating system out of modules, for whoever gets hold of these."""

    def refused(*_: object, **__: object) -> NoReturn:
        raise PermissionError("this is not allowed here")

    for module in [sys.modules[name] for name in names if name in sys.modules]:
        for name in list(vars(module)):
            if not name.startswith("__") and name not in _KEPT:
                setattr(module, name, refused)


def _hook() -> Callable[[str, tuple[Any, ...]], None]:
    """Return the audit hook.

    It looks nothing up outside its own closure, which code cannot reach: what it uses cannot be changed under it. Names
    are compared only where the interpreter itself wrote them, so that no code runs inside the hook.
    """
    events, readable, error = _EVENTS, _READABLE, PermissionError

    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in events:
            if event == "object.__setattr__" and given[1] == "__code__":
                raise error("this is not allowed here: " + event)
        elif event != "object.__getattr__" or given[1] not in readable:
            raise error("this is not allowed here: " + event)

    return hook


if __name__ == "__main__":
    main(sys.argv[1:])
