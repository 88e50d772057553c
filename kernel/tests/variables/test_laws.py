"""Laws that hold for every variable, space and assignment, whatever its shape."""

import json
import random

import pytest
from attrs import evolve
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from elixirml.errors import ValidationError
from elixirml.identity import Json, canonical_json
from elixirml.variables import (
    Assignment,
    Bank,
    Boolean,
    Choice,
    Computed,
    Constraint,
    Entry,
    Float,
    Integer,
    Scale,
    Space,
    Subset,
    Text,
    Variable,
    when,
)

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text(max_size=4)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
SCALES: st.SearchStrategy[Scale] = st.sampled_from(("linear", "log"))
SEEDS = st.integers(0, 2**32)
# No deadline and no complaint about slow draws: how busy the machine is says nothing about a law.
LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(LAW, max_examples=40)


def doubled(number: int) -> int:
    return number * 2


def entries(count: int) -> tuple[Entry, ...]:
    return tuple(Entry.of(f"entry {index}") for index in range(count))


@st.composite
def floats(draw: st.DrawFn) -> Float:
    if draw(st.booleans()):
        step = draw(st.sampled_from([0.1, 0.25, 1.0, 3.0]))
        count = draw(st.integers(1, 20))
        low = draw(st.integers(-50, 50)) / 10
        high = round(low + step * count, 4)
        return Float(default=low, low=low, high=high, step=step)
    scale = draw(SCALES)
    low = draw(st.floats(1e-6, 1e6)) * (1 if scale == "log" else draw(st.sampled_from([-1, 1])))
    high = low + draw(st.floats(1e-3, 1e6))
    return Float(default=draw(st.floats(low, high)), low=low, high=high, scale=scale)


@st.composite
def integers(draw: st.DrawFn) -> Integer:
    scale = draw(SCALES)
    low = draw(st.integers(1 if scale == "log" else -(10**6), 10**6))
    step = 1 if scale == "log" else draw(st.integers(1, 7))
    high = low + step * draw(st.integers(1, 300))
    return Integer(default=low, low=low, high=high, scale=scale, step=step)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    options = draw(st.lists(SCALARS, min_size=2, max_size=5, unique_by=canonical_json))
    return Choice(default=draw(st.sampled_from(options)), options=tuple(options), ordered=draw(st.booleans()))


@st.composite
def texts(draw: st.DrawFn) -> Text:
    begun = entries(draw(st.integers(2, 4)))
    return Text(default=begun[0].id, entries=begun)


@st.composite
def subsets(draw: st.DrawFn) -> Subset:
    held = draw(st.integers(2, 5))
    minimum = draw(st.integers(0, 1))
    begun = entries(held)
    return Subset(
        default=[entry.id for entry in begun[:minimum]],
        entries=begun,
        minimum=minimum,
        maximum=draw(st.integers(1, held + 1)),
        ordered=draw(st.booleans()),
    )


VARYING = (
    floats() | integers() | choices() | texts() | subsets() | st.booleans().map(lambda value: Boolean(default=value))
)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Any space: every kind, some variables frozen, some conditional on a switch, one computed, one constraint."""
    switch = Boolean("switch", default=draw(st.booleans()))
    count = Integer("count", default=3, low=0, high=9)
    double = Computed("double", compute=doubled, inputs=("count",))
    rule = Constraint("not-seven", message="7 is taken", paths=("count",), holds=lambda values: values["count"] != 7)
    extra: list[Variable] = []
    for index, variable in enumerate(draw(st.lists(VARYING, max_size=4))):
        placed = variable.bound(f"part.v{index}")
        condition = draw(st.sampled_from([None, when("switch").equals(True), ~when("count").at_least(5)]))
        extra.append(evolve(placed, active_if=condition, frozen=draw(st.booleans())))
    return Space(draw(st.permutations([switch, count, double, *extra])), constraints=[rule])


@LAW
@given(VARYING, SEEDS)
def test_a_sample_is_a_value_of_its_variable(variable: Variable, seed: int) -> None:
    """What a variable draws, it accepts, and it is canonical already."""
    value = variable.sample(random.Random(seed))

    assert variable.problems(value) == ()
    assert canonical_json(variable.canonical(value)) == canonical_json(value)


@LAW
@given(VARYING, SEEDS)
def test_neighbours_are_other_valid_values(variable: Variable, seed: int) -> None:
    """A variable that varies has neighbours everywhere: valid, distinct, canonical, and not the value itself."""
    rng = random.Random(seed)
    value = variable.sample(rng)

    found = variable.neighbours(value, rng=rng)

    written = [canonical_json(move) for move in found]
    assert found
    assert len(set(written)) == len(written)
    assert canonical_json(value) not in written
    assert all(canonical_json(variable.canonical(move)) == canonical_json(move) for move in found)


@LAW
@given(VARYING, SEEDS)
def test_the_same_seed_gives_the_same_moves(variable: Variable, seed: int) -> None:
    """Sampling and neighbours depend on the random numbers only."""
    first, second = random.Random(seed), random.Random(seed)
    value = variable.sample(first)

    assert canonical_json(value) == canonical_json(variable.sample(second))
    assert variable.neighbours(value, rng=first) == variable.neighbours(value, rng=second)


@LAW
@given(VARYING, SEEDS)
def test_an_encoding_has_one_length_within_zero_and_one(variable: Variable, seed: int) -> None:
    """Every value of a variable is encoded as equally many numbers in [0, 1]."""
    encoded = variable.encode(variable.sample(random.Random(seed)))

    assert len(encoded) == len(variable.encode(variable.default))
    assert all(0.0 <= number <= 1.0 for number in encoded)


@LAW
@given(choices() | texts())
def test_options_have_different_encodings(variable: Choice | Text) -> None:
    """No two options look alike to an optimizer."""
    options = variable.options if isinstance(variable, Choice) else tuple(entry.id for entry in variable.entries)

    assert len({variable.encode(option) for option in options}) == len(options)


@LAW
@given(subsets(), SEEDS)
def test_subsets_have_different_encodings(variable: Subset, seed: int) -> None:
    """Two subsets with the same encoding are the same subset, in the same order where order counts."""
    rng = random.Random(seed)
    drawn = [variable.sample(rng) for _ in range(20)]

    by_code = {variable.encode(value): canonical_json(value) for value in drawn}

    assert all(by_code[variable.encode(value)] == canonical_json(value) for value in drawn)


@LAW
@given(VARYING, JSON)
def test_any_json_is_either_canonical_or_refused(variable: Variable, value: Json) -> None:
    """`canonical` raises exactly when `problems` finds something, and twice is the same as once."""
    if variable.problems(value):
        with pytest.raises(ValidationError):
            variable.canonical(value)
        return
    once = variable.canonical(value)
    assert canonical_json(variable.canonical(once)) == canonical_json(once)
    assert canonical_json(json.loads(canonical_json(once))) == canonical_json(once)


@LAW
@given(floats() | integers() | choices(), SEEDS)
def test_a_value_written_as_json_can_be_typed(variable: Variable, seed: int) -> None:
    """What `show` prints can be given to `--set`, unless a text option has the same letters."""
    value = variable.sample(random.Random(seed))
    text = value if isinstance(value, str) else canonical_json(value)
    assume(not isinstance(variable, Choice) or isinstance(value, str) or text not in variable.options)

    assert canonical_json(variable.parse(text)) == canonical_json(value)


@FEW
@given(spaces(), SEEDS)
def test_a_sample_of_a_space_is_valid(space: Space, seed: int) -> None:
    """Sampling satisfies every domain, condition and constraint, and repeats with its seed."""
    found = space.sample(random.Random(seed))

    space.validate(found)
    assert found == space.sample(random.Random(seed))
    assert found == space.complete(space.canonical(found))


@FEW
@given(spaces(), SEEDS)
def test_defaults_are_valid(space: Space, seed: int) -> None:
    """The starting point of every search is a point of the space."""
    assert space.problems(space.defaults()) == ()
    assert space.defaults() == space.complete(space.defaults())
    assert space.problems(space.defaults(), base=space.defaults()) == ()


@FEW
@given(spaces(), SEEDS)
def test_neighbours_in_a_space_are_valid_and_differ(space: Space, seed: int) -> None:
    """Every neighbour is valid, new, and the walk repeats with its seed."""
    rng = random.Random(seed)
    here = space.sample(rng)

    found = space.neighbours(here, random.Random(seed), 5)

    identities = [space.identity(there) for there in found]
    assert 1 <= len(found) <= 5
    assert len({*identities, space.identity(here)}) == len(found) + 1
    assert found == space.neighbours(here, random.Random(seed), 5)


@FEW
@given(spaces(), SEEDS)
def test_frozen_variables_never_move(space: Space, seed: int) -> None:
    """Samples and neighbours keep the value a frozen variable has, and `validate` can insist on it."""
    rng = random.Random(seed)
    frozen = space.frozen(["part*", "switch"] if len(space) > 3 else ["switch"])
    base = space.sample(rng)

    drawn = frozen.sample(rng, base=base)

    for there in (drawn, *frozen.neighbours(drawn, rng, 4)):
        assert all(there[path] == base[path] for path in frozen.paths if frozen[path].frozen)
        frozen.validate(there, base=base)


@FEW
@given(spaces(), SEEDS)
def test_encodings_of_a_space_have_one_length(space: Space, seed: int) -> None:
    """All assignments are encoded as equally many numbers in [0, 1], and the layout covers them without gaps."""
    encoded = space.encode(space.sample(random.Random(seed)))

    assert len(encoded) == len(space.encode(space.defaults()))
    assert all(0.0 <= number <= 1.0 for number in encoded)
    assert [at for part in space.layout.values() for at in range(part.start, part.stop)] == list(range(len(encoded)))
    assert list(space.layout) == [variable.name for variable in space.searchable]


@FEW
@given(spaces(), SEEDS)
def test_inactive_values_do_not_count(space: Space, seed: int) -> None:
    """Assignments that differ in inactive variables only have one identity and one encoding."""
    rng = random.Random(seed)
    here = space.sample(rng)
    active = space.canonical(here)
    other = here.with_values(
        {
            variable.name: variable.sample(rng, bank=space.banks.get(variable.name))
            for variable in space.variables
            if variable.name not in active and not isinstance(variable, Computed)
        }
    )

    assert space.identity(other) == space.identity(here)
    assert space.encode(other) == space.encode(here)
    assert space.resolve(other) == space.resolve(here)


@FEW
@given(spaces(), SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_declaration_does_not_count(space: Space, seed: int, shuffler: random.Random) -> None:
    """The same declarations in another order have one digest, and then search goes the same way."""
    variables = list(space.variables)
    shuffler.shuffle(variables)

    other = Space(variables, constraints=space.constraints, banks=space.banks)

    assert other.digest == space.digest
    assert other.sample(random.Random(seed)) == space.sample(random.Random(seed))
    assert other.layout == space.layout


@FEW
@given(spaces())
def test_whatever_is_depended_on_comes_first(space: Space) -> None:
    """Conditions and inputs speak of variables that are decided already."""
    for at, variable in enumerate(space.variables):
        wanted = variable.active_if.paths if variable.active_if else ()
        assert all(path in space.paths[:at] for path in wanted)


@FEW
@given(spaces(), SEEDS)
def test_computed_values_follow_their_inputs(space: Space, seed: int) -> None:
    """Resolution equals calling the function, before and after an input changes."""
    here = space.sample(random.Random(seed))
    moved = space.updated(here, {"count": 4})

    assert here["double"] == 2 * int(str(here["count"]))
    assert moved["double"] == 8
    assert space.resolve(moved)["double"] == 8


@FEW
@given(spaces(), SEEDS)
def test_canonical_is_idempotent(space: Space, seed: int) -> None:
    """The canonical values of canonical values are the same bytes, also after a trip through JSON."""
    here = space.sample(random.Random(seed))
    once = canonical_json(space.canonical(here))

    assert canonical_json(space.canonical(json.loads(once))) == once


@FEW
@given(VARYING, JSON)
def test_a_variable_at_another_path_is_the_one_declared_there(variable: Variable, value: Json) -> None:
    """A copy that is not checked again equals one that is, refuses the same values, and shares no default."""
    checked = evolve(variable, name="stage.v", active_if=when("on").equals(True))
    placed = variable.bound("v").within("stage", also=when("on").equals(True))

    assert placed == checked
    assert placed.describe() == checked.describe()
    assert placed.problems(value) == checked.problems(value)
    assert not (isinstance(placed.default, list) and placed.default is variable.default)


@FEW
@given(spaces())
def test_a_space_keeps_its_laws_below_a_prefix(space: Space) -> None:
    """A sub-program's space works the same under the path of its stage."""
    below = space.within("stage")

    assert [f"stage.{path}" for path in space.paths] == list(below.paths)
    assert below.defaults() == {f"stage.{path}": value for path, value in space.defaults().items()}
    assert list(below.problems({**below.defaults(), "stage.count": 7, "stage.double": 14})) != []


BREAKS: list[tuple[str, Json]] = [
    ("temperature", 9.5),
    ("attempts", "three"),
    ("format", "yaml"),
    ("instruction", "0123456789abcdef"),
    ("strict", 1),
    ("demos", [entries(1)[0].id, entries(1)[0].id]),
]


@LAW
@given(st.sets(st.sampled_from(range(len(BREAKS)))), st.integers(0, 3))
def test_every_error_is_reported_at_once(broken: set[int], strangers: int) -> None:
    """Each planted error is a problem, each at its own path."""
    begun = entries(3)
    space = Space(
        [
            Float("temperature", default=0.5, low=0, high=2),
            Integer("attempts", default=1, low=1, high=4),
            Choice("format", default="json", options=("json", "xml")),
            Text("instruction", default=begun[0].id, entries=begun),
            Boolean("strict", default=True),
            Subset("demos", entries=begun, maximum=3),
        ]
    )
    wrong = {BREAKS[index][0]: BREAKS[index][1] for index in broken}
    wrong |= {f"stranger{index}": index for index in range(strangers)}

    found = space.problems(space.defaults().with_values(wrong))

    assert sorted(str(problem.path[0]) for problem in found) == sorted(wrong)
    if wrong:
        with pytest.raises(ValidationError) as caught:
            space.validate(space.defaults().with_values(wrong))
        assert caught.value.problems == found


@LAW
@given(st.lists(JSON, max_size=6), st.lists(JSON, max_size=6))
def test_a_bank_only_grows(first: list[Json], second: list[Json]) -> None:
    """Appending changes no id, value or position that was there, and appending again changes nothing."""
    bank = Bank("texts").extended(Entry.of(value) for value in first)
    longer = bank.extended(Entry.of(value, origin="proposer") for value in second)

    assert longer.entries[: len(bank)] == bank.entries
    assert longer.extended(longer.entries) == longer
    assert all(longer[entry.id] == entry for entry in longer)
    assert Bank.from_json(json.loads(canonical_json(longer.to_json()))) == longer


@LAW
@given(st.dictionaries(st.text(min_size=1), JSON, max_size=5))
def test_an_assignment_survives_json(values: dict[str, Json]) -> None:
    """Reading what was written gives an equal assignment with the same hash and digest."""
    here = Assignment(values)
    back = Assignment.from_json(json.loads(json.dumps(here.to_json())))

    assert back == here == values
    assert (hash(back), back.digest) == (hash(here), here.digest)
    assert back.to_json() == json.loads(canonical_json(values))


@FEW
@given(spaces())
def test_describing_is_json(space: Space) -> None:
    """A space can be shown to a machine."""
    assert json.loads(canonical_json(space.describe()))["digest"] == space.digest
