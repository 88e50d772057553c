"""The tool `python`: it computes, and a corpus of attempts to do more is contained, each with its parent alive."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elixirml.contracts import ToolContext
from elixirml_tools import Python

pytestmark = pytest.mark.anyio

OS = "import random\nos = random._os\n"
POSIX = "import enum\nsys = enum.sys\nposix = sys.modules['posix']\n"
IMPORT = "import enum\nloading = enum.sys.modules['importlib._bootstrap']\n"

ESCAPES = {
    "open": "print(open({file!r}).read())",
    "io.open": "import enum\nprint(enum.sys.modules['io'].open({file!r}).read())",
    "FileIO": "import enum\nprint(enum.sys.modules['_io'].FileIO({file!r}).read())",
    "standard streams": "import enum\nprint(enum.sys.modules['_io'].FileIO(0).read())",
    "os.open": OS + "print(os.read(os.open({file!r}, 0), 100))",
    "os.stat": OS + "print(os.stat({file!r}))",
    "os.listdir": OS + "print(os.listdir({folder!r}))",
    "os.scandir": OS + "print(list(os.scandir({folder!r})))",
    "a set of functions": OS + "print([each for each in os.supports_fd if each.__name__ == 'stat'])",
    "linecache": "import enum\nassert not enum.sys.modules['linecache'].getlines({file!r}), 'CANARY'\n1 / 0",
    "write": "print(open({file!r}, 'w').write('changed'))",
    "remove": OS + "os.remove({file!r})",
    "mkfifo": POSIX + "posix.mkfifo({folder!r} + '/pipe')",
    "environment": OS + "assert not dict(os.environ), 'CANARY'\nraise ValueError('nothing there')",
    "getenv": OS + "print(os.getenv('ELIXIRML_CANARY') or 1 / 0)",
    "import socket": "import socket\nsocket.create_connection(('127.0.0.1', {port}))",
    "_socket": "__import__('_socket').socket().connect(('127.0.0.1', {port}))",
    "an older import": "import builtins",
    "the real import": "import enum\n"
    "enum.sys.modules['builtins'].__import__('_socket').socket().connect(('127.0.0.1', {port}))",
    "import machinery": IMPORT + "loading._load(loading.BuiltinImporter.find_spec('posix')).stat({file!r})",
    "create_builtin": IMPORT + "loading._imp.create_builtin(loading.BuiltinImporter.find_spec('posix'))",
    "create_dynamic": IMPORT + "loading._imp.create_dynamic(loading.ModuleSpec('_ctypes', None, origin='/x.so'))",
    "fork": OS + "os.fork()",
    "posix.fork": POSIX + "posix.fork()",
    "system": OS + "os.system('echo CANARY')",
    "execv": OS + "os.execv('/bin/echo', ['echo', 'CANARY'])",
    "subclasses": "[each for each in object.__subclasses__() if each.__name__ == '_wrap_close'][0].__init__"
    ".__globals__['system']('echo CANARY')",
    "subprocess": "import subprocess\nsubprocess.run(['echo', 'CANARY'])",
    "_posixsubprocess": "import enum\nenum.sys.modules['builtins'].__import__('_posixsubprocess')",
    "ctypes": "import ctypes\nprint(ctypes.string_at(0))",
    "ctypes by the real import": "import enum\nenum.sys.modules['builtins'].__import__('ctypes')",
    "mmap": "import enum\nenum.sys.modules['builtins'].__import__('mmap')",
    "byte code": "def f(): ...\nf.__code__ = f.__code__.replace(co_code=b'd\\x05' * 9)",
    "new functions": "def f(): ...\ntype(f)(f.__code__, {{}})()",
    "frames of errors": "try:\n    eval('1/0')\nexcept Exception as error:\n    error.__traceback__.tb_frame",
    "another hook": "import enum\nheard = []\nenum.sys.addaudithook(lambda *given: heard.append(given))\nid(1)\n"
    "assert heard, 'it was not added'",
    "finalizers": "import enum\nenum.sys.modules['gc'].enable()",
    "frames of callers": "import enum\nenum.sys._getframe(1).f_globals['os'].stat({file!r})",
    "generators": "(each for each in ()).gi_frame",
    "reloading": "import enum\nenum.sys.modules['importlib'].reload(enum.sys.modules['posix'])",
    "frozen modules": IMPORT + "loading.FrozenImporter.exec_module(loading.FrozenImporter.find_spec('os'))",
    "garbage collector": "import enum\nprint(enum.sys.modules['gc'].get_objects())",
    "threads": "import enum\nenum.sys.modules['_thread'].start_new_thread(print, ())",
    "limits": "import enum\nr = enum.sys.modules['resource']\nr.setrlimit(r.RLIMIT_NOFILE, (100, 100))",
    "alarm": "import enum\nenum.sys.modules['_signal'].alarm(0)",
    "kill": OS + "os.kill(os.getppid(), 9)",
    "changed built-ins": "import enum\nb = enum.sys.modules['builtins']\nb.PermissionError = b.str = b.id = print"
    "\nb.open({file!r})",
    "memory": "x = [0] * 10**10",
    "memory, slowly": "x = []\nwhile True:\n    x.append('x' * 10**7)",
    "digits": "print(len(str(10 ** 10**6)))",
    "nesting": "def f(): f()\nf()",
    "deep source": "(" * 5000 + ")" * 5000,
    "flood": "while True:\n    print('CANARY'[:3] * 1000)",
    "flood of errors": "import enum\nwhile True:\n    enum.sys.stderr.write('x' * 1000)",
    "one long line": "print('x' * 10**8)",
    "an error that floods": "raise ValueError('x' * 10**7)",
    "an error that cannot be printed": "class E(Exception):\n    def __str__(self): return 1\nraise E",
    "not text": "\ud800",
    "a zero": "x = '\0'",
    "early end": OS + "os._exit(0)",
}
"""Each tries to reach what is not its own; none may succeed, and each is told to the model as an error."""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server.getsockname()[1]
        with pytest.raises(BlockingIOError):  # nobody came
            server.accept()


async def ran(code: str, **limits: Any) -> Any:
    return await Python(**limits).call({"code": code}, ToolContext())


async def test_what_is_printed_is_the_result() -> None:
    """Plain computing works, the usual modules too, and an error names its line."""
    assert (await ran("print(sum(range(101)))")).content == "5050\n"
    code = """
import collections, dataclasses, datetime, decimal, enum, functools, json, re, statistics, typing, uuid
Point = collections.namedtuple("Point", "x y", defaults=[2])
@dataclasses.dataclass(frozen=True)
class Box:
    side: int = 1
class Colour(enum.Enum):
    RED = "red"
class Pair(typing.NamedTuple):
    left: int
@functools.lru_cache
def fibonacci(n): return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
print(Point(1), Box(), Colour.RED.value, Pair(3), fibonacci(60), decimal.Decimal(1) / 8, re.sub("a", "b", "aa"))
print(json.dumps({"mean": statistics.mean([1, 2])}), datetime.datetime.strptime("2020-02-03", "%Y-%m-%d").month)
"""
    found = await ran(code)
    assert found.content == (
        "Point(x=1, y=2) Box(side=1) red Pair(left=3) 1548008755920 0.125 bb\n" + '{"mean": 1.5} 2\n'
    )
    assert (await ran("import uuid\nprint(uuid.uuid4().version)")).content == "4\n"
    assert (await ran("x = 1\n1/0")).error == "line 2: ZeroDivisionError: division by zero"
    assert "SyntaxError" in (await ran("def f(:")).error
    assert "Nothing was printed" in (await ran("x = 1")).error


async def test_nothing_is_kept_from_one_call_to_the_next() -> None:
    """Each call is a process of its own."""
    await ran("import math\nmath.pi = 3")
    assert (await ran("import math\nprint(math.pi > 3.1)")).content == "True\n"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("name", ESCAPES)
async def test_an_escape_is_contained(name: str, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read, changed, reached or started, and this process lives to see the error."""
    monkeypatch.setenv("ELIXIRML_CANARY", "CANARY")
    kept = tmp_path / "secret"
    kept.write_text("CANARY")
    code = ESCAPES[name].format(file=str(kept), folder=str(tmp_path), port=port)

    found = await ran(code, seconds=3, memory=256 * 1024 * 1024)

    assert found.error, found
    assert found.content is None
    assert "CANARY" not in found.error
    assert len(found.error) < 25_000
    assert kept.read_text() == "CANARY"
    assert os.listdir(tmp_path) == ["secret"]  # noqa: PTH208 - nothing else is to be done meanwhile


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_no_session_is_a_way_out(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be done by one piece of code cannot be done by one cell after the other either."""
    monkeypatch.setenv("ELIXIRML_CANARY", "CANARY")
    kept = tmp_path / "secret"
    kept.write_text("CANARY")
    async with Python(seconds=0.5, memory=256 * 1024 * 1024).session(values={}, functions={}) as session:
        for name, attempt in ESCAPES.items():
            found = await session.run(attempt.format(file=str(kept), folder=str(tmp_path), port=port))
            assert found.error or name == "one long line", name
            assert "CANARY" not in f"{found.error}{found.printed}", name
            assert len(f"{found.error}{found.printed}") < 41_000, name
            assert kept.read_text() == "CANARY"
            assert os.listdir(tmp_path) == ["secret"], name  # noqa: PTH208 - nothing else is to be done meanwhile


async def test_code_that_never_ends_is_ended() -> None:
    """Neither waiting nor computing outlasts the limit, and what was printed before is told."""
    for forever in ("while True: pass", "import time\ntime.sleep(1000)"):
        found = await ran("print('so far')\n" + forever, seconds=0.4)
        assert "ended after 0.4 s" in found.error
        assert "so far" in found.error


async def test_wrong_arguments_are_told() -> None:
    """No process is started for a call that is wrong."""
    found = await Python().call({}, ToolContext())
    assert found.error == "missing_argument at `code`: `code` must be given."
