"""Every rule of retrievers is failed by a retriever that breaks it, and by it alone."""

from collections.abc import Sequence
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from attrs import evolve

from elixirml.contracts import Passage
from elixirml.testing.conformance.retriever import RetrieverConformance
from elixirml.testing.conformance.suites import suite_of


class Words:
    """A retriever as it should be: by words in common."""

    def __init__(self) -> None:
        self.kept: dict[str, Passage] = {}

    async def search(self, query: str, k: int) -> Sequence[Passage]:
        await anyio.lowlevel.checkpoint()
        return self.ranked(query)[:k]

    def ranked(self, query: str) -> list[Passage]:
        asked = set(query.lower().split())
        scored = [evolve(each, score=float(len(asked & set(each.text.lower().split())))) for each in self.kept.values()]
        return sorted((each for each in scored if each.score), key=lambda each: (-each.score, each.id))

    async def add(self, passages: Sequence[Passage]) -> None:
        await anyio.lowlevel.checkpoint()
        self.kept.update({each.id: each for each in passages})

    async def remove(self, ids: Sequence[str]) -> None:
        for each in ids:
            self.kept.pop(each, None)


class Generous(Words):
    async def search(self, query: str, k: int) -> Sequence[Passage]:
        return self.ranked(query)[: max(k, 1)]


class Picky(Words):
    def ranked(self, query: str) -> list[Passage]:
        return [each for each in super().ranked(query) if each.id != "d"]


class Unsorted(Words):
    def ranked(self, query: str) -> list[Passage]:
        return super().ranked(query)[::-1]


class Cutting(Words):
    async def search(self, query: str, k: int) -> Sequence[Passage]:
        found = self.ranked(query)
        return found[-k:] if 1 < k < len(found) else found[:k]


class Clipping(Words):
    def ranked(self, query: str) -> list[Passage]:
        return [evolve(each, metadata={}) for each in super().ranked(query)]


class Restless(Words):
    searches = 0

    def ranked(self, query: str) -> list[Passage]:
        self.searches += 1
        return [evolve(each, score=each.score * self.searches) for each in super().ranked(query)]


class Hoarding(Words):
    async def add(self, passages: Sequence[Passage]) -> None:
        for each in passages:
            self.kept[each.id if each.id not in self.kept else f"{each.id} again"] = each


class Keeping(Words):
    async def remove(self, ids: Sequence[str]) -> None:
        """Does nothing."""


class Raising(Words):
    async def remove(self, ids: Sequence[str]) -> None:
        for each in ids:
            del self.kept[each]


class Inventing(Words):
    def ranked(self, query: str) -> list[Passage]:
        return super().ranked(query) if self.kept else [Passage("?", "nothing")]


class Racing(Words):
    async def add(self, passages: Sequence[Passage]) -> None:
        kept = dict(self.kept)
        await anyio.sleep(0.001)
        self.kept = {**kept, **{each.id: each for each in passages}}


RIGHT = suite_of("retrievers", Words)
WRONG = {
    "test_no_more_passages_than_asked_for": suite_of("retrievers", Generous),
    "test_something_fitting_is_found": suite_of("retrievers", Picky),
    "test_the_best_come_first": suite_of("retrievers", Unsorted),
    "test_a_smaller_search_is_the_front_of_a_larger_one": suite_of("retrievers", Cutting),
    "test_passages_come_back_as_they_were": suite_of("retrievers", Clipping),
    "test_searching_twice_finds_the_same": suite_of("retrievers", Restless),
    "test_adding_an_id_again_replaces_the_passage": suite_of("retrievers", Hoarding),
    "test_what_was_removed_is_not_found": suite_of("retrievers", Keeping),
    "test_removing_the_unknown_does_no_harm": suite_of("retrievers", Raising),
    "test_nothing_is_found_where_nothing_is": suite_of("retrievers", Inventing),
    "test_adding_at_once_loses_nothing": suite_of("retrievers", Racing),
}


def test_a_right_retriever_passes(judge: Any) -> None:
    """Every rule is tried on a right retriever, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_retriever(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, RetrieverConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_retriever_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
