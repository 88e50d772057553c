"""Spaces by example: what they refuse, resolve, freeze and share."""

import random
import subprocess
import sys

import pytest

from elixirml.errors import DeclarationError, StateError, ValidationError
from elixirml.identity import Json
from elixirml.variables import (
    Assignment,
    Bank,
    Boolean,
    Choice,
    Computed,
    Constraint,
    Entry,
    Fitted,
    Float,
    Integer,
    Space,
    Subset,
    Text,
    Variable,
    when,
)

BRIEF, KIND, LONG = (Entry.of(text) for text in ("Be brief.", "Be kind.", "Be long."))
ADAPTER = Choice("reply.adapter", default="json", options=("json", "choice"))
BIASES = Fitted("reply.biases", active_if=when("reply.adapter").equals("choice"))
STYLE = Text("reply.style", default=BRIEF.id, entries=(BRIEF, KIND))
RULES = Subset("reply.rules", maximum=2, default=[KIND.id], bank="reply.style", ordered=True)
ATTEMPTS = Integer("attempts", default=1, low=1, high=4)


def double(number: int) -> int:
    return number * 2


def triple(number: int) -> int:
    return number * 3


def small() -> Space:
    return Space([ADAPTER, BIASES, STYLE, RULES, ATTEMPTS])


def flag(name: str, **more: object) -> Boolean:
    return Boolean(name, default=True, **more)  # type: ignore[arg-type]


def test_a_space_is_a_collection_of_variables() -> None:
    """Variables are found by path; a miss names the nearest."""
    space = small()

    assert space["reply.style"] == STYLE
    assert "attempts" in space
    assert "attempt" not in space
    assert (len(space), list(space)) == (5, list(space.variables))
    with pytest.raises(DeclarationError, match="Did you mean `attempts`") as caught:
        space["attempt"]
    assert caught.value.code == "name-not-found"


@pytest.mark.parametrize(
    ("variables", "constraints", "banks", "match"),
    [
        ([flag("")], [], {}, "cannot enter a space"),
        ([flag("a"), flag("a")], [], {}, "more than one variable `a`"),
        (
            [flag("a")],
            [Constraint("r", message="", paths=("a",), holds=bool)] * 2,
            {},
            "more than one constraint `r`",
        ),
        ([flag("alpha"), flag("b", active_if=when("alpa").equals(1))], [], {}, "Did you mean `alpha`"),
        ([flag("alpha"), Computed("b", compute=len, inputs=("alpa",))], [], {}, "Did you mean `alpha`"),
        (
            [flag("alpha")],
            [Constraint("r", message="", paths=("alpa",), holds=bool)],
            {},
            r"`r` speaks of `alpa`[\s\S]*Did you mean `alpha`",
        ),
        (
            [flag("a", active_if=when("b").equals(True)), Computed("b", compute=str, inputs=("a",))],
            [],
            {},
            "in a circle: (a -> b -> a|b -> a -> b)",
        ),
        ([flag("a", active_if=when("a").equals(True))], [], {}, "in a circle: a -> a"),
        ([ADAPTER, flag("b", active_if=when("reply.adapter").one_of("json", "chioce"))], [], {}, "can never hold"),
        ([flag("a")], [], {"b": Bank("b")}, "bank `b` .* is used by no variable"),
        ([STYLE], [], {"reply.style": Bank("other")}, "calls itself `other`"),
        ([STYLE, Subset("s", maximum=1, bank="reply.stile")], [], {}, "Did you mean `reply.style`"),
        ([Text("t", default="0123456789abcdef")], [], {}, "no entry of bank `t`"),
        (
            [flag("a")],
            [Constraint("never", message="a is off", paths=("a",), holds=lambda values: not values["a"])],
            {},
            "not valid together:\n  - a is off",
        ),
    ],
)
def test_a_senseless_space_is_refused(
    variables: list[Variable], constraints: list[Constraint], banks: dict[str, Bank], match: str
) -> None:
    """Mistakes between variables are found when the space is made, before any model call."""
    with pytest.raises(DeclarationError, match=match) as caught:
        Space(variables, constraints=constraints, banks=banks)
    assert caught.value.hint


def test_order_follows_dependencies_then_declaration() -> None:
    """What others depend on moves forward; nothing else does."""
    space = Space([flag("c", active_if=when("d").equals(True)), flag("b"), flag("d"), flag("a")])

    assert space.paths == ("b", "d", "c", "a")


def test_an_assignment_is_completed() -> None:
    """What is missing gets its default or its computed value; what is given stays, right or wrong."""
    space = Space([ATTEMPTS, Computed("calls", compute=double, inputs=("attempts",))])

    assert space.complete({}) == space.defaults() == {"attempts": 1, "calls": 2}
    assert space.complete({"attempts": 3}) == {"attempts": 3, "calls": 6}
    assert space.complete({"attempts": 9, "typo": 1}) == {"attempts": 9, "typo": 1}
    assert space.complete({"calls": 7}) == {"attempts": 1, "calls": 7}


def test_a_wrong_computed_value_is_refused() -> None:
    """A computed value follows from its inputs: setting it is a problem, changing an input is not."""
    space = Space([ATTEMPTS, Computed("calls", compute=double, inputs=("attempts",))])

    assert [problem.code for problem in space.problems({"attempts": 2, "calls": 5})] == ["computed"]
    assert space.problems({"attempts": 2}) == ()
    assert space.updated({"attempts": 2, "calls": 4}, {"attempts": 4}) == {"attempts": 4, "calls": 8}
    assert space.canonical({"attempts": 3}) == {"attempts": 3, "calls": 6}


def test_a_computed_value_without_valid_inputs_is_not_worked_out() -> None:
    """One mistake is one problem: what hangs on a wrong value is left alone."""
    space = Space(
        [
            ATTEMPTS,
            Computed("calls", compute=double, inputs=("attempts",)),
            flag("many", active_if=when("calls").at_least(4)),
        ]
    )

    assert [problem.path for problem in space.problems({"attempts": "x"})] == [("attempts",)]
    assert [problem.path for problem in space.problems({"attempts": "x", "many": 3})] == [("attempts",), ("many",)]


def test_an_inactive_input_counts_as_its_default() -> None:
    """A computed value never depends on what an inactive variable happens to hold."""
    space = Space(
        [
            flag("on"),
            Integer("n", default=3, low=0, high=9, active_if=when("on").equals(True)),
            Computed("twice", compute=double, inputs=("n",)),
            Computed("thrice", compute=triple, inputs=("n",), active_if=when("on").equals(True)),
        ]
    )

    assert space.canonical({"on": False, "n": 8}) == {"on": False, "twice": 6}
    assert space.canonical({"on": True, "n": 8}) == {"on": True, "n": 8, "twice": 16, "thrice": 24}


def test_an_inactive_parent_switches_off_its_children() -> None:
    """Conditions see active values only, so activity never depends on an inactive value."""
    space = Space(
        [
            flag("a"),
            flag("b", active_if=when("a").equals(True)),
            flag("c", active_if=when("b").equals(True)),
            flag("d", active_if=~when("b").equals(True)),
        ]
    )

    assert space.canonical({"a": False, "b": True, "c": True, "d": True}) == {"a": False, "d": True}


def test_everything_missing_or_wrong_is_reported() -> None:
    """Active variables need values, inactive ones do not, but a wrong value is a problem there too."""
    space = small()

    assert [
        (problem.path, problem.code) for problem in space.problems({"reply.biases": float("inf"), "attempt": 1})
    ] == [
        (("attempt",), "unknown"),
        (("reply.adapter",), "missing"),
        (("reply.biases",), "type"),
        (("reply.style",), "missing"),
        (("reply.rules",), "missing"),
        (("attempts",), "missing"),
    ]
    with pytest.raises(ValidationError, match="Did you mean `attempts`"):
        space.validate({"attempt": 1})
    with pytest.raises(ValidationError):
        space.canonical({})
    space.validate(space.canonical(space.defaults()))


def test_constraints_are_judged_where_they_apply() -> None:
    """A rule with an inactive or wrong path is silent; a broken rule shows the values it saw."""
    rule = Constraint(
        "sum", message="a and b exceed 5", paths=("a", "b"), holds=lambda v: int(str(v["a"])) + int(str(v["b"])) <= 5
    )
    space = Space(
        [
            Integer("a", default=0, low=0, high=9),
            Integer("b", default=0, low=0, high=9, active_if=when("a").at_least(1)),
        ],
        constraints=[rule],
    )

    assert space.problems({"a": 0, "b": 9}) == ()
    assert [problem.code for problem in space.problems({"a": 3, "b": "x"})] == ["type"]
    assert str(space.problems({"a": 3, "b": 3})[0]) == "a and b exceed 5 (constraint `sum`; a = 3, b = 3)"


def test_constraints_that_cannot_be_met_are_named() -> None:
    """Sampling gives up with the rules that refused and how often."""
    rule = Constraint("needle", message="", paths=("x",), holds=lambda values: values["x"] == 0.5)
    space = Space([Float("x", default=0.5, low=0, high=1)], constraints=[rule])

    with pytest.raises(DeclarationError, match="`needle` failed 20 times") as caught:
        space.sample(random.Random(0), attempts=20)
    assert caught.value.code == "constraints-unsatisfied"
    assert space.neighbours(space.defaults(), random.Random(0)) == ()


def test_a_wrong_base_is_refused_at_once() -> None:
    """What search may not touch must be right before sampling starts."""
    space = small().frozen(["attempts"])

    with pytest.raises(ValidationError, match="attempts"):
        space.sample(random.Random(0), base={"attempts": 9})


def test_values_are_resolved_to_what_they_stand_for() -> None:
    """Ids become the values of their entries, in order; inactive variables are absent; copies are handed out."""
    demo = Entry.of({"answer": [1]})
    space = Space([ADAPTER, BIASES, STYLE, RULES, Subset("demos", maximum=1, default=[demo.id], entries=(demo,))])
    here = space.defaults().with_values({"reply.rules": [KIND.id, BRIEF.id]})

    found = space.resolve(here)

    assert found == {
        "reply.adapter": "json",
        "reply.style": "Be brief.",
        "reply.rules": ["Be kind.", "Be brief."],
        "demos": [{"answer": [1]}],
    }
    found["demos"][0]["answer"].append(2)  # type: ignore[index,call-overload,union-attr]
    assert space.resolve(here)["demos"] == [{"answer": [1]}]


def test_freezing_takes_paths_and_patterns() -> None:
    """Frozen variables leave the search, at their defaults or at given values, until they are freed."""
    space = small()

    frozen = space.frozen(["reply.*"], at={"reply.adapter": "choice"})

    assert [variable.name for variable in space.searchable] == [
        "attempts",
        "reply.adapter",
        "reply.rules",
        "reply.style",
    ]
    assert [variable.name for variable in frozen.searchable] == ["attempts"]
    assert frozen.defaults()["reply.adapter"] == "choice"
    assert frozen.digest != space.digest
    assert frozen.free("reply.*").searchable == frozen.with_banks({}).free(["reply.*"]).searchable
    assert space.frozen("attempts").free(["attempts"]) == space
    for change in (space.frozen, space.free):
        with pytest.raises(DeclarationError, match="Did you mean `attempts`") as caught:
            change(["attempt"])
        assert caught.value.code == "name-not-found"


def test_freezing_leaves_computed_values_alone() -> None:
    """A computed value follows its inputs even when everything is frozen at an older assignment."""
    space = Space([ATTEMPTS, Computed("calls", compute=double, inputs=("attempts",))])

    frozen = space.frozen(["*"], at={"attempts": 3, "calls": 99})

    assert frozen.defaults() == {"attempts": 3, "calls": 6}
    assert frozen.problems({"attempts": 3}, base=frozen.defaults()) == ()


def test_a_change_to_a_frozen_value_can_be_refused() -> None:
    """A study insists on its base; a user who sets a frozen value by hand does not have to."""
    space = small().frozen(["attempts"])
    moved = space.defaults().with_values({"attempts": 2})

    space.validate(moved)
    assert [str(problem) for problem in space.problems(moved, base=space.defaults())] == [
        "attempts: is frozen at 1, got 2"
    ]
    with pytest.raises(ValidationError):
        space.validate(moved, base=space.defaults())


def test_a_frozen_value_waits_while_it_is_inactive() -> None:
    """Walking through points where a frozen variable is switched off does not lose its value."""
    space = Space([flag("on"), Integer("n", default=1, low=0, high=9, active_if=when("on").equals(True), frozen=True)])
    off = space.complete({"on": False, "n": 5})

    (on,) = space.neighbours(off, random.Random(0))

    assert on == {"on": True, "n": 5}


def test_variables_share_a_bank_by_name() -> None:
    """One bank serves several variables; entries they begin with are gathered in it, given ones first."""
    given = Bank("reply.style", (LONG,))
    space = Space([STYLE, RULES], banks={"reply.style": given})

    assert space.banks["reply.style"].entries == (LONG, BRIEF, KIND)
    assert len(space.encode(space.defaults())) == 3 + 7


def test_a_space_grows_with_its_banks() -> None:
    """New entries lengthen the encoding and widen the search; the digest and old assignments stay."""
    space = small()
    here = space.defaults()

    grown = space.with_banks({"reply.style": space.banks["reply.style"].extended([LONG])})

    assert grown.digest == space.digest
    assert grown.identity(here) == space.identity(here)
    assert len(grown.encode(here)) == len(space.encode(here)) + 3
    with pytest.raises(DeclarationError, match="used by no variable"):
        space.with_banks({"reply.stile": Bank("reply.stile")})
    with pytest.raises(StateError, match="another value"):
        space.with_banks({"reply.style": Bank("reply.style", (Entry(BRIEF.id, value="other"),))})


def test_the_digest_covers_what_is_declared() -> None:
    """Domains, conditions, freezing and rules change the digest; hints and bank contents do not."""
    rule = Constraint("r", message="m", paths=("attempts",), holds=bool)
    spaces = [
        small(),
        Space([ADAPTER, BIASES, STYLE, RULES]),
        Space([ADAPTER, BIASES, STYLE, RULES, ATTEMPTS.with_default(2)]),
        Space([ADAPTER, Fitted("reply.biases"), STYLE, RULES, ATTEMPTS]),
        Space([ADAPTER, BIASES, STYLE, RULES, ATTEMPTS.freeze()]),
        Space(small().variables, constraints=[rule]),
    ]

    assert len({space.digest for space in spaces}) == len(spaces)
    hinted = Integer("attempts", default=1, low=1, high=4, hint="tries")
    assert Space([ADAPTER, BIASES, STYLE, RULES, hinted]).digest == small().digest


def test_typed_settings_are_read_together() -> None:
    """A command line sets several paths; every mistake is reported at once."""
    space = small()

    assert space.parse({"attempts": "3", "reply.style": "Be kind."}) == {"attempts": 3, "reply.style": KIND.id}
    with pytest.raises(ValidationError) as caught:
        space.parse({"attempt": "3", "attempts": "many", "reply.adapter": "choice"})
    assert [(problem.path, problem.code) for problem in caught.value.problems] == [
        (("attempt",), "unknown"),
        (("attempts",), "type"),
    ]


def test_spaces_compare_and_hash() -> None:
    """Equal declarations and banks make equal spaces."""
    assert small() == small()
    assert hash(small()) == hash(small())
    assert small() != small().with_banks({"reply.style": Bank("reply.style", (LONG,))})


def test_a_tuned_space_takes_part_in_another_program() -> None:
    """Below a prefix banks move along, so an assignment only needs its paths changed."""
    below = small().within("inner")
    values: dict[str, Json] = {f"inner.{path}": value for path, value in small().defaults().items()}

    assert below.resolve(Assignment(values))["inner.reply.style"] == "Be brief."
    assert list(below.banks) == ["inner.reply.style"]


def test_importing_variables_is_light() -> None:
    """Nothing heavy, and nothing above this floor, is imported with variables."""
    code = "import elixirml.variables, sys; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )

    assert not loaded & {"numpy", "hypothesis", "anyio", "cattrs", "click", "pluggy", "asyncio"}
    own = {name.split(".")[1] for name in loaded if name.startswith("elixirml.")}
    assert own == {"errors", "identity", "variables"}
