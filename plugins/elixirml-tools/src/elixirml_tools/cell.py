"""The confined process of the tool `python`: locks itself in, runs code, ends.

Imports nothing but the standard library. Run as `python -P -s -S -u -X utf8 cell.py MODE CPU_SECONDS MEMORY_BYTES
WALL_SECONDS`, with an environment that holds nothing but PYTHONHASHSEED. With the mode

- `once`, the code is on standard input, and what it prints is the answer; exit code 1 means that it raised something;
- `session`, lines of JSON go both ways. The first one says what the code knows: `values`, names of `functions`, and how
  many signs are told of what it prints, `most`; it is answered by `{"ready": true}`. Each line `{"run": CODE}` is
  answered by a line with what it `printed`, and its `error` or null. In between, each call of a function is a line with
  its name, `call`, and its arguments, `given` and `named`; the answer to it is a `value`, an `error`, or
  `{"end": true}`. What code defines is kept. It ends with its input.

Four walls, the outer ones kept by the operating system:

1. Limits that cannot be raised again: no file or socket can be opened, nothing written to a file, no process made (for
   users other than root), no more memory, processor time or time than given.
2. An audit hook that refuses everything but what plain computing needs. It cannot be taken off.
3. The functions of the operating system are taken out of the modules that have them.
4. Only the modules of a list can be imported.

The last three are walls of Python inside Python. They hold against code that a model writes, by mistake or talked into
it; against somebody with an exploit of the interpreter itself only the first one stands. Code can reach all that this
file holds, and write any line it likes: whoever reads them believes none of it.
"""

import builtins
import gc
import importlib.abc
import json
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any, BinaryIO, Final, NoReturn

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
_FRAMES: Final = 4  # around the code of a cell: here, in the loader, and in its base
_TAKEN: Final = ("open", "input", "breakpoint")


def main(arguments: list[str]) -> NoReturn:
    """Run code as the mode says, and end the process."""
    mode, *limits = arguments
    run = {"once": _once, "session": _session}[mode]
    os.environ.clear()
    random.seed(0)  # the same code does the same
    _preload((*ALLOWED, *_HELPERS))
    run(*map(int, limits))


def _once(*limits: int) -> NoReturn:
    """Run the code on standard input."""
    leave = os._exit  # no code of the cell may run while the interpreter takes itself down
    source = sys.stdin.buffer.read()
    sys.stdin.close()
    _limit(*limits)
    try:
        run = _function(source)
    except BaseException as error:  # noqa: BLE001 - syntax, or more nesting than the compiler bears
        leave(_report(error))
    _close()
    try:
        run()
    except BaseException as error:  # noqa: BLE001 - whatever the code does ends here
        leave(_report(error))
    leave(_report(None))


def _session(*limits: int) -> NoReturn:
    """Run cell after cell, as the lines on standard input say."""
    leave, receive, send = os._exit, sys.stdin.buffer, sys.stdout.buffer
    warnings.simplefilter("ignore")  # to show one takes a look at a file
    _limit(*limits)
    opening = json.loads(receive.readline())
    most: int = opening["most"]
    ask = _asking(receive, send)
    functions = {name: _calling(name, ask) for name in opening["functions"]}
    cells = _Cells({"__builtins__": _builtins(), **opening["values"], **functions})
    del opening
    streams: Any = sys
    _close()
    _say(send, {"ready": True})
    for line in receive:
        streams.stdout = streams.stderr = printed = _Printed(most)
        error = _ran(cells, json.loads(line)["run"], most)
        _say(send, {"printed": printed.text(), "error": error})
    leave(0)


def _close() -> None:
    """Put up the inner walls."""
    gc.disable()  # a finalizer of the code must not find itself inside the hook
    _strip(_STRIPPED)
    sys.addaudithook(_hook())


class _Ended(BaseException):
    """The cell has called a function with which it ends."""


class _Printed:
    """Where a cell prints to: keeps the first signs, and counts the others."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._kept: list[str] = []
        self._more = 0

    def write(self, text: str) -> int:
        kept = text[: self._left]
        self._kept.append(kept)
        self._left -= len(kept)
        self._more += len(text) - len(kept)
        return len(text)

    def flush(self) -> None:
        """Do nothing: there is nothing behind it."""

    def text(self) -> str:
        more = f"\n... and {self._more} signs more" if self._more else ""
        return "".join(self._kept) + more


class _Cells(importlib.abc.InspectLoader):
    """Cells that share what they define, as a module does with what it is loaded from anew."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._module = ModuleType("__main__")
        vars(self._module).update(known)
        self._code = ""

    def get_source(self, fullname: str) -> str:
        _ = fullname
        return self._code

    def run(self, code: str) -> None:
        self._code = code
        self.exec_module(self._module)


def _ran(cells: _Cells, code: str, most: int) -> str | None:
    """Run a cell; return what it raised, in words."""
    try:
        cells.run(code)
    except _Ended:
        return None
    except SystemExit as error:
        return None if not error.code else _told(error, most)
    except BaseException as error:  # noqa: BLE001 - whatever the code does ends here
        return _told(error, most)
    return None


def _told(error: BaseException, most: int) -> str:
    try:
        return f"{_place(error, _FRAMES)}{type(error).__name__}: {error}"[:most]
    except BaseException:  # noqa: BLE001 - the words of an error are code too
        return "An error that cannot be told."


def _asking(receive: BinaryIO, send: BinaryIO) -> Callable[[dict[str, Any]], Any]:
    """Return what has a function carried out by the parent, and waits for it."""

    def ask(call: dict[str, Any]) -> Any:
        _say(send, call)
        answer = json.loads(receive.readline())
        if "end" in answer:
            raise _Ended
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    return ask


def _calling(name: str, ask: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    def function(*given: Any, **named: Any) -> Any:
        return ask({"call": name, "given": given, "named": named})

    function.__name__ = function.__qualname__ = name
    return function


def _say(send: BinaryIO, message: dict[str, Any]) -> None:
    send.write(json.dumps(message, allow_nan=False).encode("ascii") + b"\n")
    send.flush()


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


def _place(error: BaseException | None, frames: int = 1) -> str:
    """Return the line of the code that raised; frames cannot be looked into here, their lines can.

    Args:
        error: What was raised.
        frames: How many frames are around the code.
    """
    inner = None if error is None or isinstance(error, SyntaxError) else error.__traceback__
    for _ in range(frames):
        inner = None if inner is None else inner.tb_next
    return "" if inner is None else f"line {inner.tb_lineno}: "


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
