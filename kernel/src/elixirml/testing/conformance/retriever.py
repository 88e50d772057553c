"""What every retriever promises: the passages that were put in, best first, never more than asked for."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import anyio

from elixirml.contracts.retriever import Passage, Retriever
from elixirml.testing.conformance.suite import Conformance, expect

__all__ = ["RetrieverConformance"]

_PASSAGES: Final = (
    Passage("b", "The lamp stands on the pier.", metadata={"page": 2}),
    Passage("a", "Boats come in at noon.", metadata={"page": 1}),
    Passage("c", "A lamp is lit on the pier every night, and the lamp burns until noon.", metadata={"page": 3}),
    Passage("d", "Bread is baked in the morning."),
)


class RetrieverConformance(Conformance[Retriever]):
    """What is promised by `elixirml.contracts.Retriever`.

    Example:
        >>> class TestWords(RetrieverConformance):
        ...     def subject(self):
        ...         return WordRetriever()

    .. versionadded:: 0.1
    """

    def passages(self) -> Sequence[Passage]:
        """Return what is put in."""
        return _PASSAGES

    def query(self) -> str:
        """Return a question that several of the passages fit."""
        return "where is the lamp on the pier"

    def test_no_more_passages_than_asked_for(self) -> None:
        """`k` is a limit, also when it is 0 or more than there are."""

        async def check(retriever: Retriever) -> None:
            for k in (0, 1, 2, 100):
                found = await retriever.search(self.query(), k)
                expect(len(found) <= k, f"{len(found)} passages were found for k = {k}: return at most k.")

        self._with_passages(check)

    def test_something_fitting_is_found(self) -> None:
        """A question in the words of a passage finds it."""

        async def check(retriever: Retriever) -> None:
            for each in self.passages():
                found = [one.id for one in await retriever.search(each.text, len(self.passages()))]
                expect(each.id in found, f"The passage `{each.id}` is not found by its own text.")

        self._with_passages(check)

    def test_the_best_come_first(self) -> None:
        """Scores fall, and equal ones stand in order of id."""

        async def check(retriever: Retriever) -> None:
            found = await retriever.search(self.query(), 10)
            order = [(-each.score, each.id) for each in found]
            expect(order == sorted(order), f"Scores and ids come as {order}: sort by score, then by id.")

        self._with_passages(check)

    def test_a_smaller_search_is_the_front_of_a_larger_one(self) -> None:
        """`k` cuts the ranking and does not change it."""

        async def check(retriever: Retriever) -> None:
            many, few = [[each.id for each in await retriever.search(self.query(), k)] for k in (10, 2)]
            expect(few == many[:2], f"The best two are {few}, and of ten {many[:2]}: rank before you cut.")

        self._with_passages(check)

    def test_passages_come_back_as_they_were(self) -> None:
        """Text and metadata of what is found are those that were put in."""

        async def check(retriever: Retriever) -> None:
            known = {each.id: each for each in self.passages()}
            for each in await retriever.search(self.query(), 10):
                own = known.get(each.id)
                same = own is not None and (own.text, dict(own.metadata)) == (each.text, dict(each.metadata))
                expect(same, f"The passage `{each.id}` came back as {each}: keep text and metadata.")

        self._with_passages(check)

    def test_searching_twice_finds_the_same(self) -> None:
        """A search changes nothing."""

        async def check(retriever: Retriever) -> None:
            one, again = [list(await retriever.search(self.query(), 3)) for _ in range(2)]
            expect(one == again, "The same search found something else: let searching change nothing.")

        self._with_passages(check)

    def test_adding_an_id_again_replaces_the_passage(self) -> None:
        """The newer text is found, once."""

        async def check(retriever: Retriever) -> None:
            older = self.passages()[0]
            newer = Passage(older.id, "Whales sing far out at sea.")
            await retriever.add([newer])
            found = [*await retriever.search(newer.text, 10), *await retriever.search(older.text, 10)]
            texts = sorted({each.text for each in found if each.id == newer.id})
            expect(texts == [newer.text], f"The passage `{newer.id}` was replaced and is found as {texts}.")

        self._with_passages(check)

    def test_what_was_removed_is_not_found(self) -> None:
        """Removing takes passages out."""

        async def check(retriever: Retriever) -> None:
            gone = self.passages()[0]
            await retriever.remove([gone.id])
            found = [each.id for each in await retriever.search(gone.text, 10)]
            expect(gone.id not in found, f"The passage `{gone.id}` was removed and is found.")

        self._with_passages(check)

    def test_removing_the_unknown_does_no_harm(self) -> None:
        """An id that is not there is no error, and the others stay."""

        async def check(retriever: Retriever) -> None:
            before = await self._found(retriever)
            try:
                await retriever.remove(["no-such-passage"])
            except Exception as error:
                raise AssertionError(f"An unknown id raised {type(error).__name__}: ignore unknown ids.") from error
            expect(await self._found(retriever) == before, "Removing an unknown id changed what is found: ignore it.")

        self._with_passages(check)

    def test_nothing_is_found_where_nothing_is(self) -> None:
        """An empty retriever finds nothing, without an error."""

        async def check() -> None:
            found = await self.subject().search(self.query(), 3)
            expect(not found, f"An empty retriever found {list(found)}: begin with nothing.")

        self.on_every_loop(check)

    def test_adding_at_once_loses_nothing(self) -> None:
        """Passages that are added at the same time are all there."""

        async def check() -> None:
            retriever, other = self.subject(), self.subject()
            await other.add(self.passages())
            async with anyio.create_task_group() as group:
                for each in self.passages():
                    group.start_soon(retriever.add, [each])
            for each in self.passages():
                found, wanted = await self._found(retriever, each.text), await self._found(other, each.text)
                expect(found == wanted, f"Passages added one beside the other are lost: {found} instead of {wanted}.")

        self.on_every_loop(check)

    async def _found(self, retriever: Retriever, query: str = "") -> list[str]:
        return [each.id for each in await retriever.search(query or self.query(), 10)]

    def _with_passages(self, check: Callable[[Retriever], Awaitable[None]]) -> None:
        async def run() -> None:
            retriever = self.subject()
            await retriever.add(self.passages())
            await check(retriever)

        self.on_every_loop(run)
