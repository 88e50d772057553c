"""Each kind of variable by example: domains, messages, encodings, typed values."""

import math
import random

import pytest

from elixirml.errors import DeclarationError, ValidationError
from elixirml.identity import Json, canonical_json
from elixirml.variables import (
    Bank,
    Boolean,
    Capability,
    Choice,
    Computed,
    Entry,
    Fitted,
    Float,
    Integer,
    Subset,
    Text,
    Variable,
    when,
)

RED, GREEN, BLUE = (Entry.of(colour) for colour in ("red", "green", "blue"))
COLOURS = Bank("colours", (RED, GREEN, BLUE))


def ratio(part: float, whole: float) -> float:
    return part / whole


def codes(variable: Variable, value: object, bank: Bank | None = None) -> list[str]:
    return [problem.code for problem in variable.problems(value, bank=bank)]


TEMPERATURE = Float("temperature", default=0.7, low=0, high=2)
STEPPED = Float("top_p", default=0.3, low=0.1, high=0.9, step=0.1)
ATTEMPTS = Integer("attempts", default=2, low=1, high=8)
EVEN = Integer("even", default=2, low=0, high=8, step=2)
FORMAT = Choice("format", default="json", options=("json", 1, True, None, 1.0, "1"))
ADAPTER = Capability("adapter", default="json", capability="adapter")
DEMOS = Subset("demos", maximum=2, minimum=1, default=[RED.id], entries=(RED, GREEN, BLUE))
STYLE = Text("style", default=RED.id, entries=(RED, GREEN))


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (TEMPERATURE, 1, "1.0"),
        (TEMPERATURE, -0.0, "0.0"),
        (STEPPED, 0.1 + 0.2, "0.3"),
        (ATTEMPTS, 3.0, "3"),
        (FORMAT, True, "true"),
        (FORMAT, 1.0, "1.0"),
        (DEMOS, [BLUE.id, RED.id], f'["{min(BLUE.id, RED.id)}","{max(BLUE.id, RED.id)}"]'),
        (Fitted("biases"), {"a": 1}, '{"a":1}'),
    ],
)
def test_a_value_has_one_canonical_form(variable: Variable, value: object, expected: str) -> None:
    """Values that mean the same become the same bytes; values that do not stay apart."""
    assert canonical_json(variable.canonical(value)) == expected


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        (TEMPERATURE, 2.1, "range"),
        (TEMPERATURE, True, "type"),
        (TEMPERATURE, math.nan, "type"),
        (TEMPERATURE, "0.7", "type"),
        (TEMPERATURE, 10**400, "range"),
        (STEPPED, 0.35, "step"),
        (STEPPED, 0.300001, "step"),
        (ATTEMPTS, 2.5, "type"),
        (ATTEMPTS, 9, "range"),
        (ATTEMPTS, False, "type"),
        (EVEN, 3, "step"),
        (Boolean("strict", default=True), 1, "type"),
        (FORMAT, "xml", "choice"),
        (FORMAT, False, "choice"),
        (FORMAT, object(), "choice"),
        (ADAPTER, "", "type"),
        (ADAPTER, 3, "type"),
        (ADAPTER.narrowed(["json"]), "xml", "choice"),
        (DEMOS, "red", "type"),
        (DEMOS, [], "size"),
        (DEMOS, [RED.id, 3], "type"),
        (DEMOS, [RED.id, RED.id], "repeat"),
        (STYLE, "", "type"),
        (STYLE, [RED.id], "type"),
        (Fitted("biases"), math.inf, "type"),
    ],
)
def test_a_value_outside_the_domain_is_refused_by_code(variable: Variable, value: object, code: str) -> None:
    """Nothing is moved into the domain: each misfit has its code, its path, and makes `canonical` raise."""
    assert codes(variable, value) == [code]
    assert variable.problems(value)[0].path[0] == variable.name
    with pytest.raises(ValidationError, match=f"variable `{variable.name}`"):
        variable.canonical(value)


def test_entry_ids_are_looked_up_in_the_bank() -> None:
    """With a bank at hand an unknown id is a problem that names the nearest one."""
    typo = RED.id[:-1] + "x"

    assert codes(STYLE, typo) == []
    assert codes(STYLE, typo, COLOURS) == codes(DEMOS, [typo], COLOURS) == ["unknown"]
    assert f"Did you mean `{RED.id}`?" in STYLE.problems(typo, bank=COLOURS)[0].message
    assert DEMOS.problems([RED.id, typo], bank=COLOURS)[0].path == ("demos", 1)
    assert codes(STYLE, BLUE.id, COLOURS) == []


def test_an_unbound_variable_speaks_of_itself() -> None:
    """Before a variable has a path, problems have none and messages say so."""
    unbound = Integer(default=1, low=0, high=3)

    assert unbound.problems(7)[0].path == ()
    with pytest.raises(ValidationError, match=r"this integer variable \(not bound"):
        unbound.canonical(7)


@pytest.mark.parametrize(
    ("declare", "match"),
    [
        (lambda: Float("t", default=0.5, low=1, high=0), "low=1 lies above high=0"),
        (lambda: Float("t", default=0.5, low=math.nan, high=1), "low is nan, which is no number"),
        (lambda: Float("t", default=0.5, low=0, high=10**400), "is no number"),
        (lambda: Float("t", default=0.5, low=-1e308, high=1e308), "too wide"),
        (lambda: Float("t", default=0.5, low=0, high=1, scale="log"), "low above 0"),
        (lambda: Float("t", default=1, low=1, high=2, scale="log", step=1), "takes no step"),
        (lambda: Integer("t", default=1, low=1, high=3, scale="log", step=2), "takes no step"),
        (lambda: Float("t", default=1, low=1, high=2, scale="cubic"), "no scale 'cubic'"),  # type: ignore[arg-type]
        (lambda: Float("t", default=0, low=0, high=1, step=0), "step=0 is not above 0"),
        (lambda: Float("t", default=0, low=0, high=1, step=0.3), "does not divide"),
        (lambda: Integer("t", default=0, low=0, high=7, step=2), "does not divide"),
        (lambda: Integer("t", default=0, low=0.5, high=7), "which is no whole number"),
        (lambda: Integer("t", default=0, low=0, high=True), "high is True"),
        (lambda: Integer("t", default=0, low=0, high=2**60), "2\\*\\*53"),
        (lambda: Float("t", default=3, low=0, high=1), "the default of variable `t` is outside"),
        (lambda: Choice("t", default=1, options=()), "has no options"),
        (lambda: Choice("t", default=1, options=(1, [2])), "no JSON scalar"),
        (lambda: Choice("t", default=1, options=(1, math.nan)), "no JSON scalar"),
        (lambda: Choice("t", default="a", options=("a", "a")), 'option "a" twice'),
        (lambda: Choice("t", default="a", options="ab"), "not the text 'ab'"),
        (lambda: Choice("t", default="jsn", options=("json", "xml")), "Did you mean json"),
        (lambda: Capability("t", default="a", capability=""), "what it names"),
        (lambda: Capability("t", default="a", capability="model", options=("a", 1)), "which is no name"),
        (lambda: Subset("t", maximum=-1), "maximum=-1"),
        (lambda: Subset("t", minimum=True, maximum=1), "minimum=True"),
        (lambda: Subset("t", minimum=3, maximum=1), "at least 3 and at most 1"),
        (lambda: Computed("t", compute=len, inputs=()), "function and the paths"),
        (lambda: Computed("t", compute="len", inputs=("a",)), "function and the paths"),  # type: ignore[arg-type]
        (lambda: Boolean("no path", default=True), "'no path' is no path"),
        (lambda: Boolean("reply..x", default=True), "is no path"),
        (lambda: Boolean("reply.*", default=True), "is no path"),
    ],
)
def test_a_senseless_declaration_is_refused_with_a_next_step(declare: type, match: str) -> None:
    """Mistakes are found where they are declared, and the message says what to do."""
    with pytest.raises(DeclarationError, match=match) as caught:
        declare()
    assert caught.value.hint


def test_a_grid_is_decimal() -> None:
    """Steps of 0.1 are the numbers people write, at both ends and in between."""
    rng = random.Random(0)
    drawn = {float(str(STEPPED.sample(rng))) for _ in range(200)}

    assert drawn == {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}
    assert "the nearest value is 0.4" in STEPPED.problems(0.36)[0].message


def test_a_log_scale_spreads_over_ratios() -> None:
    """Half way between 0.001 and 10 is 0.1, in encodings and in samples; whole numbers stay in range."""
    rate = Float("rate", default=0.1, low=0.001, high=10, scale="log")
    size = Integer("size", default=1, low=1, high=1024, scale="log")
    rng = random.Random(0)

    assert rate.encode(0.1) == pytest.approx((0.5,))
    assert size.encode(32) == pytest.approx((0.5,))
    assert sum(float(str(rate.sample(rng))) < 0.1 for _ in range(400)) == pytest.approx(200, abs=50)
    drawn = [int(str(size.sample(rng))) for _ in range(400)]
    assert min(drawn) >= 1
    assert max(drawn) <= 1024
    assert sum(value < 32 for value in drawn) == pytest.approx(200, abs=50)


def test_neighbours_exist_in_the_narrowest_range() -> None:
    """Two floats next to each other are each other's neighbour."""
    low, high = 1.0, math.nextafter(1.0, 2.0)
    narrow = Float("narrow", default=low, low=low, high=high)

    assert narrow.neighbours(low, rng=random.Random(1)) == (high,)
    assert narrow.neighbours(high, rng=random.Random(1)) == (low,)


def test_neighbours_on_a_scale_are_next_to_each_other() -> None:
    """Grids and ordered choices offer the values on both sides; unordered choices offer all others."""
    rng = random.Random(0)
    size = Choice("size", default="s", options=("s", "m", "l"), ordered=True)
    plain = Choice("size", default="s", options=("s", "m", "l"))

    assert {1, 3} <= {int(str(move)) for move in ATTEMPTS.neighbours(2, rng=rng)}
    assert size.neighbours("m", rng=rng) == ("s", "l")
    assert size.neighbours("s", rng=rng) == ("m",)
    assert sorted(plain.neighbours("s", rng=rng), key=str) == ["l", "m"]
    with pytest.raises(ValidationError):
        plain.neighbours("xl", rng=rng)


def test_a_subset_moves_by_one_entry() -> None:
    """One entry more, one less, one exchanged, and, where order counts, two neighbours swapped."""
    ids: list[Json] = [RED.id, GREEN.id]
    ordered = Subset("order", minimum=1, maximum=3, default=ids, ordered=True, entries=(RED, GREEN, BLUE))
    unordered = Subset("set", minimum=1, maximum=2, default=ids, entries=(RED, GREEN, BLUE))

    more, less, exchanged, swapped = ordered.neighbours(ids, rng=random.Random(0))

    assert more == [*ids, BLUE.id]
    assert less in ([RED.id], [GREEN.id])
    assert exchanged in ([BLUE.id, GREEN.id], [RED.id, BLUE.id])
    assert swapped == [GREEN.id, RED.id]
    assert len(unordered.neighbours(ids, rng=random.Random(0))) == 2
    assert len(unordered.neighbours([RED.id], rng=random.Random(0))) == 2


def test_encodings_are_what_they_say() -> None:
    """One number for numbers, truth values and ordered choices; one-hot for options; membership for subsets."""
    ordered = Subset("order", maximum=2, ordered=True, entries=(RED, GREEN, BLUE))

    assert TEMPERATURE.encode(0.5) == (0.25,)
    assert Boolean("b", default=False).encode(value=True) == (1.0,)
    assert Boolean("b", default=False).encode(value=False) == (0.0,)
    assert FORMAT.encode(True) == (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    assert Choice("s", default="s", options=("s", "m", "l"), ordered=True).encode("m") == (0.5,)
    assert STYLE.encode(GREEN.id) == (0.0, 1.0)
    assert STYLE.encode(BLUE.id, bank=COLOURS) == (0.0, 0.0, 1.0)
    assert DEMOS.encode([BLUE.id]) == (0.0, 0.0, 1.0, 0.5)
    assert ordered.encode([BLUE.id, RED.id]) == (1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.5)
    assert Subset("none", maximum=0).encode([]) == (0.0,)
    assert ADAPTER.encode("json") == Fitted("f").encode(None) == ()
    assert ADAPTER.narrowed(["xml", "json"]).encode("json") == (0.0, 1.0)


@pytest.mark.parametrize(
    ("variable", "varies"),
    [
        (TEMPERATURE, True),
        (TEMPERATURE.freeze(), False),
        (TEMPERATURE.freeze().thaw(), True),
        (Float("one", default=1, low=1, high=1), False),
        (Integer("one", default=1, low=1, high=1), False),
        (Choice("one", default=1, options=(1,)), False),
        (Choice("one", default=1, options=(1,), ordered=True), False),
        (ADAPTER, False),
        (ADAPTER.narrowed(["json"]), False),
        (ADAPTER.narrowed(["json", "xml"]), True),
        (Text("one", default=RED.id, entries=(RED,)), False),
        (Subset("empty", maximum=3), False),
        (Subset("all", minimum=2, maximum=2, default=[RED.id, BLUE.id], entries=(RED, BLUE)), False),
        (Subset("all", minimum=2, maximum=2, default=[RED.id, BLUE.id], entries=(RED, BLUE), ordered=True), True),
        (Subset("one", minimum=1, maximum=1, default=[RED.id], entries=(RED, BLUE)), True),
        (Subset("few", minimum=3, maximum=3, default=["a", "b", "c"], entries=(RED, BLUE)), False),
        (Fitted("biases"), False),
        (Computed("length", compute=len, inputs=("demos",)), False),
    ],
)
def test_only_variables_with_a_choice_are_searched(variable: Variable, *, varies: bool) -> None:
    """What cannot vary is no dimension: it draws its default, has no neighbours, and still encodes."""
    assert variable.varies() is varies
    if not varies:
        assert variable.sample(random.Random(0)) == variable.default
        assert variable.neighbours(variable.default, rng=random.Random(0)) == ()
        assert all(number <= 1 for number in variable.encode(variable.default))


def test_one_value_is_encoded_at_the_low_end() -> None:
    """A range of one value has no width to divide by."""
    assert Float("one", default=1, low=1, high=1).encode(1) == (0.0,)


def test_a_bank_that_grows_lets_a_text_vary() -> None:
    """A text with one entry is fixed until a proposer adds another."""
    lone = Text("style", default=RED.id, entries=(RED,))

    assert not lone.varies()
    assert lone.varies(bank=COLOURS)


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        (TEMPERATURE, " 0.3 ", 0.3),
        (TEMPERATURE, "1", 1.0),
        (ATTEMPTS, "3", 3),
        (ATTEMPTS, "3.0", 3),
        (Boolean("b", default=True), " Off ", False),
        (Boolean("b", default=True), "yes", True),
        (FORMAT, "json", "json"),
        (FORMAT, "1", "1"),
        (FORMAT, "true", True),
        (FORMAT, "null", None),
        (FORMAT, "1.0", 1.0),
        (ADAPTER, "xml", "xml"),
        (STYLE, "green", GREEN.id),
        (STYLE, GREEN.id, GREEN.id),
        (DEMOS, f'["{RED.id}"]', [RED.id]),
        (DEMOS, f"{RED.id}, ", [RED.id]),
        (Subset("demos", maximum=2), "", []),
        (Fitted("biases"), '{"a": 0.5}', {"a": 0.5}),
        (Fitted("biases"), "plain", "plain"),
    ],
)
def test_a_typed_value_is_read(variable: Variable, text: str, value: Json) -> None:
    """What users type on a command line becomes the value they mean, of the right type."""
    read = variable.parse(text)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("variable", "text", "match"),
    [
        (TEMPERATURE, "hot", 'expected a number, got "hot"'),
        (TEMPERATURE, "nan", "expected a number"),
        (TEMPERATURE, "3", "not within 0.0 to 2.0"),
        (ATTEMPTS, "2.5", "expected a whole number"),
        (ATTEMPTS, "two", "expected a whole number"),
        (Boolean("b", default=True), "maybe", "expected true or false"),
        (FORMAT, "yaml", "is not one of"),
        (FORMAT, "NaN", "is not one of"),
        (STYLE, "blue", "no entry of bank `style`"),
        (DEMOS, "[oops", "expected a list of entry ids"),
        (DEMOS, "purple", "no entry of bank `demos`"),
        (Computed("c", compute=len, inputs=("demos",)), "3", "follows from demos"),
    ],
)
def test_a_typed_value_that_does_not_fit_is_refused(variable: Variable, text: str, match: str) -> None:
    """A typing mistake is a validation error that says what was expected."""
    with pytest.raises(ValidationError, match=match):
        variable.parse(text)


def test_a_typed_text_is_looked_up_in_the_bank() -> None:
    """Entries that came later can be named by their text."""
    assert STYLE.parse("blue", bank=COLOURS) == BLUE.id
    assert DEMOS.parse("blue,red", bank=COLOURS) == sorted([BLUE.id, RED.id])


def test_a_capability_is_narrowed_to_what_is_installed() -> None:
    """Given names stay in their own order; a default that is not installed is refused with the nearest name."""
    named = Capability("model", default="a", capability="model", options=("b", "a", "c"))

    assert named.narrowed(["a", "c", "z"]).options == ("a", "c")
    assert ADAPTER.narrowed(["xml", "json", "xml"]).options == ("xml", "json")
    with pytest.raises(DeclarationError, match="Did you mean `jsonl`") as caught:
        ADAPTER.narrowed(["jsonl", "xml"])
    assert caught.value.code == "name-not-found"


def test_copies_differ_in_one_thing() -> None:
    """Renaming, another default and freezing leave the rest, and the original, as they were."""
    assert TEMPERATURE.bound("reply.temperature").name == "reply.temperature"
    assert TEMPERATURE.with_default(1).default == 1.0
    assert TEMPERATURE.freeze(0.2) == Float("temperature", default=0.2, low=0, high=2, frozen=True)
    assert TEMPERATURE.freeze().default == 0.7
    assert not TEMPERATURE.frozen
    with pytest.raises(DeclarationError):
        TEMPERATURE.with_default(3)


def test_a_prefix_moves_every_path() -> None:
    """Below a prefix a variable speaks of its neighbours below that prefix, and shares banks there."""
    condition = when("adapter").equals("json")
    moved = Subset("demos", maximum=2, bank="shared", active_if=condition).within("reply")
    own = Text("style", default=RED.id, entries=(RED,)).within("reply")
    computed = Computed("length", compute=len, inputs="demos").within("reply")

    assert (moved.name, moved.bank_name) == ("reply.demos", "reply.shared")
    assert moved.active_if == when("reply.adapter").equals("json")
    assert (own.bank_name, own.active_if) == ("reply.style", None)
    assert computed.inputs == ("reply.demos",)


@pytest.mark.parametrize("path", ["two words", "a..b", "1st", "reply.*"])
def test_no_copy_has_a_path_that_is_none(path: str) -> None:
    """A variable is refused at a path that could not be declared either."""
    with pytest.raises(DeclarationError, match="is no path"):
        TEMPERATURE.bound(path)
    with pytest.raises(DeclarationError, match="is no path"):
        TEMPERATURE.within(path)


def test_variables_are_told_apart_by_canonical_json() -> None:
    """Equality and hashes do not mix up True, 1 and 1.0, as Python does."""
    ones = [Choice("one", default=value, options=(value, "x")) for value in (True, 1, 1.0)]

    assert len(set(ones)) == 3
    assert ones[0] != ones[1]
    assert Choice("one", default=1, options=(1, "x")) == ones[1]


def test_a_description_is_complete_json() -> None:
    """A variable can be shown and digested: kind, domain, condition and state."""
    shown = Float("t", default=1, low=1, high=4, scale="log", active_if=when("a").equals(1), hint="warmth").describe()

    assert shown == {
        "name": "t",
        "kind": "float",
        "default": 1.0,
        "low": 1.0,
        "high": 4.0,
        "scale": "log",
        "step": None,
        "active_if": {"path": "a", "equals": 1},
        "frozen": False,
        "hint": "warmth",
    }
    assert ADAPTER.describe()["capability"] == "adapter"
    assert STYLE.describe()["bank"] == "style"
    assert Computed("c", compute=len, inputs=("a",)).describe()["compute"] == "len"


def test_a_computed_value_says_what_went_wrong() -> None:
    """A function that fails, or returns no JSON, is an error of the declaration, with its inputs named."""
    failing = Computed("rate", compute=ratio, inputs=("a", "b"))
    odd = Computed("rate", compute=frozenset, inputs=("a",))  # type: ignore[arg-type]

    assert failing.compute_from([6, 3]) == 2.0
    with pytest.raises(DeclarationError, match="ZeroDivisionError") as caught:
        failing.compute_from([1, 0])
    assert "a, b" in str(caught.value)
    with pytest.raises(DeclarationError, match="not JSON"):
        odd.compute_from([[1]])


def test_a_new_kind_must_say_how_it_moves() -> None:
    """A kind that claims to vary without saying how fails loudly."""

    class Odd(Fitted):
        kind = "odd"

        def _size(self, _bank: Bank | None, /) -> float:
            return 2

    with pytest.raises(NotImplementedError):
        Odd("odd").sample(random.Random(0))
    with pytest.raises(NotImplementedError):
        Odd("odd").neighbours(None, rng=random.Random(0))
