"""Functions as tools: how they are called, what comes back, and what goes wrong."""

import dataclasses
import enum
import threading
import time
from typing import Annotated, Any, Literal

import anyio
import anyio.lowlevel
import pytest
from attrs import field, frozen

from elixirml.contracts import ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.errors import DeclarationError
from elixirml_tools import tool
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError

pytestmark = pytest.mark.anyio


class Colour(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark-blue"


@frozen
class Box:
    side: Annotated[int, "in metres"]
    tags: list[str] = field(factory=list[str])


@dataclasses.dataclass
class Tree:
    children: "list[Tree]"


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


async def called(function: Any, arguments: Any, **options: Any) -> ToolResult:
    return await tool(function, **options).call(arguments, ToolContext())


async def test_a_plain_function_runs_in_a_thread_and_an_async_one_here() -> None:
    """A function that blocks does not hold up the others."""
    here = threading.get_ident()

    def plain() -> bool:
        return threading.get_ident() == here

    async def awaited() -> bool:
        await anyio.lowlevel.checkpoint()
        return threading.get_ident() == here

    assert (await called(plain, {})).content is False
    assert (await called(awaited, {})).content is True


async def test_results_become_json() -> None:
    """Records, choices and sets are taken apart; what has no JSON becomes its text."""

    def made() -> Any:
        return {"box": Box(2, ["a"]), "colour": Colour.RED, "set": {1}, "pair": (1, 2), "other": float}

    assert (await called(made, {})).content == {
        "box": {"side": 2, "tags": ["a"]},
        "colour": "red",
        "set": [1],
        "pair": [1, 2],
        "other": "<class 'float'>",
    }
    assert (await called(lambda: float("nan"), {}, name="nan")).content == "nan"
    assert await called(lambda: ToolResult(1, tainted=True), {}, name="own") == ToolResult(1, tainted=True)


async def test_wrong_arguments_are_told_to_the_model_and_the_function_is_not_called() -> None:
    """The error names the argument, what was expected and what was found."""

    def add(a: int, b: int = 1) -> int:
        return a + b

    assert (await called(add, {"a": "4"})).content == 5
    assert (await called(add, {"a": "four"})).error == (
        "wrong_type at `a`: expected a whole number, found the text 'four'."
    )
    assert "missing_argument at `a`" in str((await called(add, {})).error)
    assert "known here: `a`, `b`" in str((await called(add, {"a": 1, "c": 2})).error)


async def test_what_goes_wrong_inside_is_a_result() -> None:
    """Exceptions and lateness are told; results of what reads outside taint, errors too."""

    def broken() -> None:
        raise LookupError("no such town")

    async def slow() -> None:
        await anyio.sleep(10)

    assert (await called(broken, {})).error == "LookupError: no such town"
    assert (await called(slow, {}, timeout=0.01)).error == "TimeoutError: no result within 0.01 s"
    assert (await called(lambda: time.sleep(0.2), {}, name="nap", timeout=0.01)).error is not None
    assert (await called(broken, {}, flags=[ToolFlag.READS_OUTSIDE])).tainted
    assert (await called(lambda: "", {}, name="text", flags=[ToolFlag.READS_OUTSIDE])).tainted is True


def test_a_tool_is_what_it_was_told_to_be() -> None:
    """Name, description, flags and examples can be given; the function's own are the defaults."""

    def look_up(town: Annotated[str, "its name"], how: Literal["map", "list"] = "map") -> str:
        """Look up a town.

        It may take a while.
        """
        return town + how

    own = tool(look_up)
    assert (own.name, own.description, own.flags, own.examples) == ("look_up", "Look up a town.", frozenset(), ())
    given = tool(look_up, name="find", description="Find.", flags=[ToolFlag.ACTS], examples=[ToolExample({})])
    assert (given.name, given.description, given.flags) == ("find", "Find.", frozenset({ToolFlag.ACTS}))
    assert own.parameters["properties"]["town"] == {"type": "string", "description": "its name"}


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (lambda *rest: rest, "var-positional"),
        (lambda a, /: a, "positional-only"),
        (lambda a: a, "tool-name"),
    ],
)
def test_a_function_that_cannot_be_a_tool_is_refused(function: Any, code: str) -> None:
    """It is told when the tool is made, not when a model calls it."""
    with pytest.raises(DeclarationError) as caught:
        tool(function)
    assert caught.value.code == code


def test_a_function_without_a_signature_is_refused() -> None:
    """Some that are written in C tell nothing of their parameters."""
    with pytest.raises(DeclarationError, match="parameters of `str` are not known"):
        tool(str)


def test_types_without_json_and_records_of_themselves_are_refused() -> None:
    """A schema without references cannot say them."""

    def takes_bytes(data: bytes) -> None: ...

    def takes_tree(tree: Tree) -> None: ...

    for function in (takes_bytes, takes_tree):
        with pytest.raises(DeclarationError, match=r"cannot take|holds itself"):
            tool(function)


def test_methods_and_callable_objects_can_be_tools() -> None:
    """Their `self` is no parameter."""

    class Counter:
        def add(self, n: int) -> int:
            """Count on."""
            return n

        def __call__(self, m: str) -> str:
            return m

    assert list(tool(Counter().add).parameters["properties"]) == ["n"]
    called = tool(Counter(), name="counter")
    assert called.parameters["properties"] == {"m": {"type": "string"}}


def schema_of(annotation: Any, **default: Any) -> dict[str, Any]:
    def function(a: Any) -> None: ...

    function.__annotations__["a"] = annotation
    if default:
        function.__defaults__ = (default["default"],)
    return dict(tool(function).parameters["properties"]["a"])


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        (frozenset, {"type": "array", "uniqueItems": True}),
        (tuple, {"type": "array"}),
        (Colour, {"enum": ["red", "dark-blue"]}),
        (Literal["a", True], {"enum": ["a", True]}),
        (Box, {
            "type": "object",
            "properties": {
                "side": {"type": "integer", "description": "in metres"},
                "tags": {"type": "array", "items": {"type": "string"}, "default": []},
            },
            "required": ["side"],
            "additionalProperties": False,
        }),
    ],
)  # fmt: skip
def test_the_schema_of_an_annotation(annotation: Any, schema: dict[str, Any]) -> None:
    """Further annotations beside those of the table."""
    assert schema_of(annotation) == schema


def test_defaults_are_recorded_where_json_can_say_them() -> None:
    """A default without JSON is left to the function."""
    assert schema_of(Colour, default=Colour.RED) == {"enum": ["red", "dark-blue"], "default": "red"}
    assert schema_of(Box, default=Box(1))["default"] == {"side": 1, "tags": []}
    assert "default" not in schema_of(Any, default=object())
    assert "default" not in schema_of(float, default=float("inf"))


COLOUR = {"enum": ["red", "dark-blue"]}
BOX = schema_of(Box)


@pytest.mark.parametrize(
    ("schema", "given", "expected"),
    [
        (COLOUR, "Dark Blue.", "dark-blue"),
        (COLOUR, ["red"], "red"),
        (COLOUR, "green", ("not_in_enum", ("a",))),
        ({"enum": ["a-b", "a_b"]}, "A B", ("ambiguous", ("a",))),
        ({"enum": [1, 2]}, "2.0", 2),
        (schema_of(bool), "yes", True),
        (schema_of(bool), 1, True),
        (schema_of(bool), "maybe", ("wrong_type", ("a",))),
        (schema_of(str), 1.5, "1.5"),
        (schema_of(str), True, "true"),
        (schema_of(str), {}, ("wrong_type", ("a",))),
        (schema_of(int), "12 kg", ("wrong_type", ("a",))),
        (schema_of(int), "1e3", 1000),
        (schema_of(int), "1e-999999999999999999999", ("wrong_type", ("a",))),
        (schema_of(int), 10**30, 10**30),
        (schema_of(float), "1e999", ("wrong_type", ("a",))),
        (schema_of(float), float("nan"), ("wrong_type", ("a",))),
        (schema_of(list[str]), "x", ["x"]),
        (schema_of(set[int]), ["1", 1, 2], [1, 2]),
        (schema_of(tuple[int, str]), ["1", 2], [1, "2"]),
        (schema_of(tuple[int, str]), [1], ("wrong_type", ("a",))),
        (schema_of(tuple[int, str]), ["x", "y"], ("wrong_type", ("a", 0))),
        (schema_of(dict[str, int]), {"Ab": "1"}, {"Ab": 1}),
        (schema_of(dict[str, int]), {"b": "x"}, ("wrong_type", ("a", "b"))),
        (schema_of(int | None), "none", None),
        (schema_of(int | float), 2.0, 2.0),
        (schema_of(str | None), "none", "none"),
        (schema_of(int | list[int]), "x", ("wrong_type", ("a",))),
        (BOX, {}, ("missing_argument", ("a", "side"))),
        (BOX, {"Side": 1}, ("unknown_argument", ("a", "Side"))),
        (BOX, {"side": "x", "more": 1}, ("unknown_argument", ("a", "more"))),
        (BOX, '{"side": 1, "more": 1}', ("unknown_argument", ("a", "more"))),
        (BOX, [{"side": 1, "tags": None}], {"side": 1, "tags": []}),
        (schema_of(list[Box]), [{"side": "x"}, {"more": 1}], ("unknown_argument", ("a", 1, "more"))),
        (schema_of(Box | None), {"side": 1, "more": 1}, ("unknown_argument", ("a", "more"))),
        (schema_of(str | Box), '{"more": 1}', '{"more": 1}'),
    ],
)  # fmt: skip
def test_an_argument_is_converted_or_refused(schema: dict[str, Any], given: Any, expected: Any) -> None:
    """Nothing is lost or guessed; names are exact; what is wrong is told with its place."""
    parameters = {"type": "object", "properties": {"a": schema}, "required": ["a"], "additionalProperties": False}
    try:
        found: Any = checked(parameters, {"a": given})["a"]
    except ArgumentsError as error:
        found = (error.code, error.path)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "given", ["[1", "NaN", '{"a": NaN}', "{'a': 1}", '{"a": 1,}', "[" * 100_000, '{"a": ' * 900 + "1" + "}" * 900]
)
def test_what_is_no_strict_json_is_refused(given: str) -> None:
    """Arguments are not guessed at."""
    with pytest.raises(ArgumentsError) as caught:
        checked({"properties": {}}, given)
    assert caught.value.code == "bad_json"


def test_a_number_given_for_a_text_keeps_its_spelling() -> None:
    """As JSON text it is known how it was written."""
    assert checked({"properties": {"a": {"type": "string"}}}, '{"a": 1.50}') == {"a": "1.50"}


def test_null_for_a_parameter_with_a_default_is_no_absence() -> None:
    """Only what is left out takes the default."""
    with pytest.raises(ArgumentsError) as caught:
        checked({"properties": {"a": {"type": "integer", "default": 1}}}, {"a": None})
    assert (caught.value.code, caught.value.path) == ("wrong_type", ("a",))


def test_parameters_are_told_before_unknown_names() -> None:
    """The first error is that of the first parameter, in the order of the function."""
    rules = {"properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
    for given, code in (
        ({"z": 1}, "missing_argument"),
        ({"z": 1, "a": "x"}, "wrong_type"),
        ({"z": 1, "a": 1}, "unknown_argument"),
    ):
        with pytest.raises(ArgumentsError) as caught:
            checked(rules, given)
        assert caught.value.code == code


def test_nesting_has_an_end_wherever_it_hides() -> None:
    """Neither a value nor a text within one can bring the reader down."""
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ArgumentsError, match="nested too deeply"):
        checked({"properties": {}}, {"a": deep})
    hidden = "[" * 900 + "]" * 900
    assert checked({"properties": {"a": {"type": "array"}}}, {"a": hidden}) == {"a": [hidden]}


def test_long_lists_of_distinct_items_stay_cheap() -> None:
    """A set of many items is made in time that grows with their number alone."""
    items = list(range(50_000))
    assert checked({"properties": {"a": schema_of(set[int])}}, {"a": items}) == {"a": items}


def test_annotations_that_cannot_be_read_are_told() -> None:
    """A name that is not there is an error of the declaration."""

    def function(a: Any) -> None: ...

    function.__annotations__["a"] = "NotThere"
    with pytest.raises(DeclarationError, match="NotThere"):
        tool(function)
