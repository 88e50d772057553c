"""Sessions of the tool `python`: what is kept, what may be called, what a cell can cost, and that nothing gets out."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import define, field

from elixirml.contracts import CellResult, CodeInterpreter, HostFunction
from elixirml.errors import ModelOverloaded, ToolError
from elixirml.identity import Json
from elixirml_tools import Python

pytestmark = pytest.mark.anyio

CALLER = "import enum\nframe = enum.sys._getframe\n"

FORGED = {
    "a line of its own": "import enum\nenum.sys.__stdout__.write('CANARY\\n')",
    "depth": "import enum\nenum.sys.__stdout__.write('[' * 100_000 + '\\n')",
    "a call without a name": """import enum\nenum.sys.__stdout__.write('{"call": 1, "given": [], "named": {}}\\n')""",
    "a line without end": "import enum\nwhile True: enum.sys.__stdout__.write('x' * 1_000_000)",
    "other JSON": "import json\njson.dumps = lambda *_, **__: 'CANARY'",
    "the next line": CALLER + "for depth in range(9):\n"
    "    if 'receive' in frame(depth).f_locals: frame(depth).f_locals['receive'].readline()",
    "an early end": CALLER + "for depth in range(9):\n"
    "    if 'leave' in frame(depth).f_locals: frame(depth).f_locals['leave'](0)",
}
"""Each speaks to the parent past the protocol, or listens past it."""


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@define
class Outside:
    """Functions for the code, that keep what they were called with."""

    called: list[tuple[Sequence[Json], Mapping[str, Json]]] = field(
        factory=list[tuple[Sequence[Json], Mapping[str, Json]]]
    )
    seconds: float = 0.0
    raises: Exception | None = None

    async def ask(self, given: Sequence[Json], named: Mapping[str, Json]) -> Json:
        self.called.append((given, named))
        await anyio.sleep(self.seconds)
        if self.raises is not None:
            raise self.raises
        return {"said": given[0] if given else None}

    def functions(self) -> dict[str, HostFunction]:
        return {"ask": HostFunction(self.ask), "END": HostFunction(self.ask, ends=True)}


async def results(
    *cells: str, outside: Outside | None = None, values: Mapping[str, Json] | None = None, **limits: Any
) -> list[CellResult]:
    functions = (outside or Outside()).functions()
    async with Python(**limits).session(values=values or {}, functions=functions) as session:
        return [await session.run(each) for each in cells]


async def test_what_a_cell_defines_is_there_in_the_next() -> None:
    """Values, imports, functions and classes are kept, and each cell tells only what it has printed itself."""
    found = await results(
        "import math\ndef twice(n): return 2 * n\nx = 3\nprint('one')",
        "print(twice(x), math.pi > 3)",
        values={"y": [1]},
    )
    assert found == [CellResult("one\n"), CellResult("6 True\n")]


async def test_the_tool_is_a_code_interpreter() -> None:
    """Strategies know it by the contract, not by its plugin."""
    assert isinstance(Python(), CodeInterpreter)


async def test_an_error_names_its_line_and_ends_the_cell_alone() -> None:
    """What was defined before the error is kept."""
    found = await results("x = 1\nprint(x)\n1 / 0\nx = 2", "print(x)", "def f(:", "raise SystemExit", "x is 5")
    assert found[0] == CellResult("1\n", "line 3: ZeroDivisionError: division by zero")
    assert found[1] == CellResult("1\n")
    assert found[2].error is not None
    assert found[2].error.startswith("SyntaxError")
    assert found[3:] == [CellResult(), CellResult()]


async def test_functions_are_carried_out_outside() -> None:
    """Arguments and results go through as JSON; what is no JSON is an error of the code."""
    outside = Outside()
    found = await results("print(ask('a', 1, key=[None])['said'])", "ask({1})", "ask(float('nan'))", outside=outside)
    assert found[0] == CellResult("a\n")
    assert outside.called == [(["a", 1], {"key": [None]})]
    assert "not JSON serializable" in str(found[1].error)
    assert "not JSON compliant" in str(found[2].error)


async def test_a_function_may_end_the_cell() -> None:
    """No more of it runs, even where the code would catch whatever comes."""
    outside = Outside()
    caught = "try:\n    END(1)\nexcept BaseException:\n    pass\nask('more')\nprint('never')"
    found = await results("END(answer='8')\nprint('never')", caught, "print(ask(0))", outside=outside)
    assert found == [CellResult(), CellResult(), CellResult("{'said': 0}\n")]
    assert [given for given, _ in outside.called] == [[], [1], [0]]


async def test_a_tool_error_is_raised_in_the_code() -> None:
    """The code may go on without; the error says what it was told."""
    outside = Outside(raises=ToolError("no more questions"))
    handled = "try:\n    END()\nexcept RuntimeError as error:\n    print('without:', error)"
    found = await results("ask('a')", handled, outside=outside)
    assert found[0].error == "line 1: RuntimeError: no more questions"
    assert found[1] == CellResult("without: no more questions\n")


async def test_any_other_error_ends_the_session() -> None:
    """A fault of the infrastructure is nobody's in the code to handle."""
    code = "try:\n    ask('a')\nexcept BaseException:\n    pass"
    with pytest.raises(ModelOverloaded):
        await results(code, outside=Outside(raises=ModelOverloaded("no room")))


async def test_waiting_for_a_function_is_not_counted() -> None:
    """The limit is on what the code does, however long its questions take."""
    found = await results("ask('a')\nprint('there')", outside=Outside(seconds=0.7), seconds=0.5)
    assert found == [CellResult("there\n")]


async def test_a_cell_that_takes_too_long_is_ended_and_the_next_begins_anew() -> None:
    """The loss is told; the given values are there again, what was defined is not."""
    found = await results(
        "mine = 1", "while True: pass", "print(given, 'mine' in globals())", values={"given": 7}, seconds=0.4
    )
    assert "ended after 0.4 s" in str(found[1].error)
    assert "lost" in str(found[1].error)
    assert found[2] == CellResult("7 False\n")


async def test_memory_and_processor_time_have_limits() -> None:
    """A cell that wants too much memory is told so; one that uses up the session's time ends its process."""
    found = await results("x = [0] * 10**10", "print('alive')", memory=256 * 1024 * 1024)
    assert "MemoryError" in str(found[0].error)
    assert found[1] == CellResult("alive\n")
    [ended] = await results("while True: pass", seconds=10, session_seconds=1)
    assert "ended by signal" in str(ended.error)


async def test_what_is_printed_is_cut() -> None:
    """A flood costs time, not memory, and the beginning is told."""
    [long, _] = await results("print('x' * 10**7)\nprint('y')", "1", most_signs=100)
    assert long.printed == "x" * 100 + "\n... and 9999903 signs more"
    assert long.error is None


async def test_ten_megabytes_fit_into_memory() -> None:
    """A long value is in the session, once, and can be searched."""
    [found] = await results("print(len(text), text.count('needle'))", values={"text": "hay " * 2_500_000 + "needle"})
    assert found == CellResult("10000006 1\n")


async def test_the_same_code_does_the_same_in_every_process() -> None:
    """Sets have the same order, and chance the same course: what was journalled is found again."""
    code = "import random\nprint({str(n) for n in range(50)}, random.random())"
    one, other = [await results(code) for _ in range(2)]
    assert one == other


async def test_half_a_surrogate_pair_is_replaced() -> None:
    """What comes out is text that can be encoded."""
    outside = Outside()
    [found] = await results(r"print('\ud800')" + "\n" + r"ask('\udfff')", outside=outside)
    assert found == CellResult("?\n")
    assert outside.called == [(["?"], {})]


async def test_nothing_is_left_of_a_session() -> None:
    """Whether it ends or is cancelled in the middle of a cell, its process is gone."""
    memory = 300 * 1024 * 1024 + os.getpid()  # by which it is known among others
    with anyio.move_on_after(0.5) as scope:
        await results("while True: pass", memory=memory)
    assert scope.cancelled_caught
    await results("1", memory=memory)
    assert not [each for each in os.listdir("/proc") if str(memory) in command_of(each)]  # noqa: PTH208 - numbers


def command_of(process: str) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text("utf-8")
    except OSError:
        return ""


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_the_process_says_is_not_believed() -> None:
    """Whatever it writes, the cell ends with an error, and the session goes on with a new process."""
    async with Python(seconds=2).session(values={}, functions=Outside().functions()) as session:
        for name, code in FORGED.items():
            found = await session.run(code)
            assert "lost" in str(found.error), name
            assert "CANARY" not in found.printed, name
            assert await session.run("print('alive')") == CellResult("alive\n"), name
