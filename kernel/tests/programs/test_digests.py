"""What identifies a compiled program, and how often compiling asks for anything."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve, frozen

import elixirml as ml
from elixirml.programs.compiler import compile_program
from elixirml.programs.program import Declaration


@frozen
class Question:
    question: str


@frozen
class Answer:
    answer: str


class QA(ml.Program[Question, Answer]):
    """Answer."""

    LIMIT = 3
    seen: list[str] = []  # noqa: RUF012 - state, which takes no part

    tone = ml.variable("plain", choices=["plain", "warm"], hint="how it sounds")

    @ml.stage
    def question(self, question: str) -> str:
        return self.cut(question)

    reply = ml.predict(Answer)

    @ml.ensure("no", attempts=3)
    def sure(self, reply: Answer) -> bool:
        return bool(reply.answer)

    def cut(self, text: str) -> str:
        return text[: self.LIMIT]


def changed(**members: Any) -> Declaration:
    return evolve(QA.declaration, members={**QA.declaration.members, **members})


def with_helpers(**helpers: Any) -> Declaration:
    return evolve(QA.declaration, helpers={**QA.declaration.helpers, **helpers})


def digests(world: Any, declaration: Declaration) -> tuple[str, str]:
    found = compile_program(declaration, world.kernel.capabilities)
    return found.structure, found.digest


def test_two_compilations_of_one_declaration_share_the_result(world: Any) -> None:
    """A class, its instances and their tuned versions are compiled once; so are a function and a signature."""
    kernel = world.kernel

    assert kernel.compile(QA) is kernel.compile(QA()) is kernel.compile(QA(tone="warm").with_values({}))
    assert kernel.compile("question -> answer") is kernel.compile("question -> answer")
    assert kernel.compile(classify) is kernel.compile(classify)
    assert kernel.runner(QA) is kernel.runner(QA)
    assert world.new_kernel().compile(QA) is not kernel.compile(QA)


def classify(text: str) -> bool:
    """Is it spam?"""
    raise NotImplementedError


def test_a_kernel_keeps_no_more_than_it_needs(world: Any) -> None:
    """Signatures made on the fly do not pile up, and what is forgotten is made again, the same."""
    first = world.compile("question -> answer0").digest
    for number in range(300):
        world.compile(f"question -> answer{number}: str")

    assert len(world.kernel._compiled) <= 256
    assert world.compile("question -> answer0").digest == first


def test_equal_declarations_have_equal_digests(world: Any) -> None:
    """The digest is of what is declared, not of the object, the kernel or what is installed beside it."""
    again = evolve(QA.declaration)

    assert digests(world, again) == digests(world, QA.declaration)
    assert world.new_kernel().compile(QA).digest == world.compile(QA).digest


def other_question(self: Any, question: str) -> str:
    return f"{self.cut(question)}?"


def other_cut(self: Any, text: str) -> str:
    return text


def always(self: Any, reply: Answer) -> bool:
    return bool(reply.answer)


@pytest.mark.parametrize(
    ("declaration", "structure_too"),
    [
        (lambda: changed(question=ml.stage(other_question)), False),
        (lambda: with_helpers(cut=other_cut), False),
        (lambda: with_helpers(LIMIT=4), False),
        (lambda: changed(sure=ml.ensure("no", attempts=2)(always)), True),
        (lambda: changed(sure=ml.ensure("No.", attempts=3)(always)), True),
        (lambda: changed(sure=ml.ensure("no", attempts=3, then="fail")(always)), True),
        (lambda: changed(sure=ml.suggest("no")(always)), True),
        (lambda: changed(tone=ml.variable("warm", choices=["plain", "warm"])), True),
        (lambda: evolve(QA.declaration, instruction="Answer well."), True),
        (lambda: evolve(QA.declaration, name="Other"), True),
    ],
)
def test_every_change_of_meaning_is_another_program(
    world: Any,
    declaration: Callable[[], Declaration],
    structure_too: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Stages, methods they use, constants, assertions, variables, the instruction and the name."""
    structure, digest = digests(world, declaration())
    own = digests(world, QA.declaration)

    assert digest != own[1]
    assert (structure != own[0]) is structure_too


def test_words_for_people_and_state_take_no_part(world: Any) -> None:
    """A hint, a list that may grow, a setting that is in the assignment anyway."""
    same = digests(world, QA.declaration)

    assert digests(world, changed(tone=ml.variable("plain", choices=["plain", "warm"]))) == same
    assert digests(world, with_helpers(seen=["x"])) == same


def stripped(self: Any, question: str) -> str:
    return question.strip()


def test_the_source_of_a_sub_program_counts(world: Any) -> None:
    """An outer program is another one when a stage of an inner one changes, and only in its source."""

    def outer(stage: Callable[..., Any]) -> Declaration:
        inner = ml.Program.create(
            "Inner", inputs="question", stages={"question": ml.stage(stage), "reply": ml.predict(Answer)}
        )
        return ml.Program.create("Outer", inputs="question", stages={"inner": inner}).declaration

    one, other = digests(world, outer(stripped)), digests(world, outer(other_question))

    assert one[0] == other[0]
    assert one[1] != other[1]


class Counting:
    """Capabilities that count what they are asked."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self._inner, name)


def test_compiling_fifty_stages_asks_for_little(world: Any) -> None:
    """Work grows with the stages, not with their square: one schema for each reply, nothing for a Python stage."""
    names = [f"s{at}" for at in range(50)]
    texts = [f"def {name}(self, {before}): return {before}" for before, name in zip(["q", *names], names, strict=False)]
    namespace: dict[str, Any] = {}
    for text in texts:
        exec(text, namespace)  # noqa: S102 - the text of a test
    functions = {name: ml.stage(namespace[name]) for name in names[:49]}
    python = ml.Program.create("P", inputs="q", stages={**functions, "reply": ml.predict("s48 -> answer")})
    replies = {name: ml.predict(f"{before} -> a{name}") for before, name in zip(["q", *names], names, strict=False)}
    models = ml.Program.create("M", inputs="q", stages=replies)

    counting = Counting(world.kernel.capabilities)
    compile_program(python.declaration, counting)
    assert counting.asked["record"] == 2  # the inputs, and the reply
    assert counting.asked["schema"] == 0
    assert counting.asked["models"] == 1

    counting = Counting(world.kernel.capabilities)
    compile_program(models.declaration, counting)
    assert counting.asked["record"] == 51
    assert counting.asked["field"] == 49
    assert counting.asked["models"] == 1
    assert sum(counting.asked.values()) <= 50 * 40
