"""Judges a value by a schema, without recursion and each pair of schema and place once.

What a schema demands of a value and of its parts goes on a list and is taken from it one by one. Where only yes or no
is asked, as `anyOf` does of its members, the question is yielded to `Evaluation`, which answers it in the same way and
remembers the answer. So neither depth of nesting nor crossing references can exhaust the stack or the time.
"""

from collections import deque
from collections.abc import Generator, Iterator
from typing import Any, Final, NamedTuple, TypeAlias, cast

from elixirml.errors import DeclarationError, Problem
from elixirml.identity import Json
from elixirml_schemas.json_schema.assertions import ASSERTIONS
from elixirml_schemas.json_schema.index import Schema, SchemaIndex
from elixirml_schemas.json_schema.places import Place
from elixirml_schemas.shape import shown

__all__ = ["Evaluation"]


class _Demand(NamedTuple):
    """A schema for a value at a place; `closed` where objects may hold no key that is not declared."""

    schema: Schema
    value: Json
    place: Place
    closed: bool


class _Question(NamedTuple):
    """Whether a value fits a schema."""

    schema: Schema
    value: Json
    closed: bool


_ENTERING: Final = frozenset(
    {
        *("$ref", "$dynamicRef", "allOf", "properties", "patternProperties", "additionalProperties"),
        *("dependentSchemas", "propertyNames", "prefixItems", "items"),
    }
)
"""The keywords that demand something of the same value elsewhere, or of its parts."""
_ASKING: Final = frozenset({"anyOf", "oneOf", "not", "if", "contains", "unevaluatedProperties", "unevaluatedItems"})
"""The keywords that ask whether other schemas fit."""

_Answers: TypeAlias = Generator[_Question, bool, None]
_Judging: TypeAlias = Generator[_Question, bool, bool]
_Key: TypeAlias = tuple[int, int, bool]


class Evaluation:
    """One validation: a schema, a value, and what has been decided so far.

    Args:
        index: The schemas.
    """

    def __init__(self, index: SchemaIndex) -> None:
        self._index = index
        # Identities are those of living objects only, so questions are kept beside their answers.
        self._known: dict[_Key, tuple[_Question, bool]] = {}

    def problems(self, schema: Schema, value: Json, *, strict: bool) -> list[Problem]:
        """Return everything that is wrong with a value, each keyword once at each place."""
        work = _Work(self._index, [])
        self._settle(work.judge(_Question(schema, value, strict)))
        first = {(each.path, each.code): each for each in reversed(work.found or ())}
        return list(reversed(first.values()))

    def fits(self, schema: Schema, value: Json, *, strict: bool) -> bool:
        """Return whether nothing is wrong with a value."""
        return self._settle(_Work(self._index, None).judge(_Question(schema, value, strict)))

    def _settle(self, judging: _Judging) -> bool:
        """Answer every question that a judgement asks, and those that arise from them, and return its result."""
        stack: list[tuple[_Judging, _Question | None]] = [(judging, None)]
        under_way: set[_Key] = set()
        answer: bool | None = None
        while stack:
            asking, own = stack[-1]
            try:
                question = asking.send(cast("bool", answer))
            except StopIteration as done:
                answer = bool(done.value)
                stack.pop()
                if own is not None:
                    under_way.discard(_key(own))
                    self._known[_key(own)] = (own, answer)
                continue
            key = _key(question)
            _, answer = self._known.get(key, (question, None))
            if answer is None:
                if key in under_way:
                    raise DeclarationError(
                        "A schema refers to itself for the very same value, so nothing can decide it.",
                        hint="Let the reference go through `properties` or `items`.",
                        code="json-schema",
                    )
                under_way.add(key)
                stack.append((_Work(self._index, None).judge(question), question))
        return bool(answer)


def _key(question: _Question) -> _Key:
    return id(question.schema), id(question.value), question.closed


class _Work:
    """The demands on one value. `found` takes the problems; None where the first one decides."""

    def __init__(self, index: SchemaIndex, found: list[Problem] | None) -> None:
        self.found = found
        self._index = index
        self._fine = True
        self._waiting: deque[_Demand] = deque()

    def judge(self, question: _Question) -> _Judging:
        """Return whether a value fits a schema; what must be known about other schemas is asked for."""
        self._waiting.append(_Demand(question.schema, question.value, Place(), question.closed))
        seen: set[tuple[int, Place, bool]] = set()
        while self._waiting and (self._fine or self.found is not None):
            demand = self._waiting.popleft()
            key = (id(demand.schema), demand.place, demand.closed)
            if key in seen:
                continue
            seen.add(key)
            if isinstance(demand.schema, dict):
                self._assert(demand)
                if not _ENTERING.isdisjoint(demand.schema):
                    self._enter(demand)
                if not _ASKING.isdisjoint(demand.schema):
                    yield from self._choose(demand)
            elif not demand.schema:
                self._refuse(demand.place, "false", "nothing", demand.value)
        return self._fine

    def _refuse(self, place: Place, code: str, expected: str, value: Json) -> None:
        self._fine = False
        if self.found is not None:
            self.found.append(Problem.unlike(place.path, code, expected=expected, got=shown(value)))

    def _demand(self, schema: Schema, value: Json, place: Place, *, closed: bool) -> None:
        self._waiting.append(_Demand(schema, value, place, closed))

    def _assert(self, demand: _Demand) -> None:
        schema, value = cast("dict[str, Any]", demand.schema), demand.value
        for keyword, wanted in schema.items():
            judge = ASSERTIONS.get(keyword)
            expected = judge(wanted, value) if judge is not None else None
            if expected is not None:
                self._refuse(demand.place, keyword, expected, value)
        if (
            isinstance(value, str)
            and "pattern" in schema
            and not self._index.pattern(schema["pattern"]).found_in(value)
        ):
            self._refuse(demand.place, "pattern", f"a text that matches {schema['pattern']}", value)
        if isinstance(value, dict):
            for name in schema.get("required", ()):
                if name not in value:
                    self._refuse(demand.place.at(name), "required", "a value", None)

    def _enter(self, demand: _Demand) -> None:
        """Demand what the schema says of the same value elsewhere, and of the parts of the value."""
        schema = cast("dict[str, Any]", demand.schema)
        alone = demand.closed and "properties" not in schema
        for each in self._index.references(schema):
            self._demand(each, demand.value, demand.place, closed=alone)
        for each in schema.get("allOf", ()):
            self._demand(each, demand.value, demand.place, closed=False)
        if isinstance(demand.value, dict):
            self._enter_object(schema, demand.value, demand)
        elif isinstance(demand.value, list):
            self._enter_list(schema, demand.value, demand)

    def _enter_object(self, schema: dict[str, Any], value: dict[str, Json], demand: _Demand) -> None:
        place, closed = demand.place, demand.closed
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                self._demand(inner, value[name], place.at(name), closed=closed)
        for source, inner in schema.get("patternProperties", {}).items():
            for name in self._matching(source, value):
                self._demand(inner, value[name], place.at(name), closed=closed)
        for name, inner in schema.get("dependentSchemas", {}).items():
            if name in value:
                self._demand(inner, value, place, closed=False)
        if "propertyNames" in schema:
            for name in value:
                self._demand(schema["propertyNames"], name, place.beside(), closed=False)
        self._enter_rest(schema, value, demand)

    def _enter_rest(self, schema: dict[str, Any], value: dict[str, Json], demand: _Demand) -> None:
        """Demand what the schema says of keys that it does not declare."""
        rest = schema.get("additionalProperties", not (demand.closed and "properties" in schema))
        if rest is True:
            return
        named = self._named(schema, value)
        for name, each in value.items():
            if name in named:
                continue
            if rest is False:
                self._refuse(demand.place.at(name), "additionalProperties", "no such key", each)
            else:
                self._demand(rest, each, demand.place.at(name), closed=demand.closed)

    def _enter_list(self, schema: dict[str, Any], value: list[Json], demand: _Demand) -> None:
        first = schema.get("prefixItems", [])
        for number, (inner, each) in enumerate(zip(first, value, strict=False)):
            self._demand(inner, each, demand.place.at(number), closed=demand.closed)
        if "items" in schema:
            for number, each in enumerate(value[len(first) :], len(first)):
                self._demand(schema["items"], each, demand.place.at(number), closed=demand.closed)

    def _matching(self, source: str, value: dict[str, Json]) -> list[str]:
        pattern = self._index.pattern(source)
        return [name for name in value if pattern.found_in(name)]

    def _named(self, schema: dict[str, Any], value: dict[str, Json]) -> set[str]:
        """Return the keys of a value that a schema declares, by name or by pattern."""
        by_pattern = (name for each in schema.get("patternProperties", ()) for name in self._matching(each, value))
        return {*schema.get("properties", ()), *by_pattern}

    def _choose(self, demand: _Demand) -> _Answers:
        """Judge by the keywords that need to know whether other schemas fit."""
        schema, value, place = cast("dict[str, Any]", demand.schema), demand.value, demand.place
        alone = demand.closed and "properties" not in schema
        if "anyOf" in schema and not (yield from _any_fits(schema["anyOf"], value, closed=alone)):
            self._refuse(place, "anyOf", "what fits one of several schemas", value)
        if "oneOf" in schema:
            fitting = yield from _count(((each, value) for each in schema["oneOf"]), closed=alone)
            if fitting != 1:
                self._refuse(place, "oneOf", f"what fits one of several schemas and fits {fitting} of them", value)
        if "not" in schema and (yield _Question(schema["not"], value, False)):
            self._refuse(place, "not", "anything but what a schema excludes", value)
        if "if" in schema:
            branch = "then" if (yield _Question(schema["if"], value, False)) else "else"
            self._demand(schema.get(branch, True), value, place, closed=False)
        if "contains" in schema and isinstance(value, list):
            yield from self._contains(schema, value, place)
        if "unevaluatedProperties" in schema and isinstance(value, dict):
            yield from self._rest_of_object(demand, value)
        if "unevaluatedItems" in schema and isinstance(value, list):
            yield from self._rest_of_list(demand, value)

    def _contains(self, schema: dict[str, Any], value: list[Json], place: Place) -> _Answers:
        least, most = schema.get("minContains", 1), schema.get("maxContains")
        fitting = yield from _count(((schema["contains"], each) for each in value), closed=False)
        if fitting < least:
            code = "minContains" if fitting else "contains"
            self._refuse(place, code, f"at least {least} items that fit a schema and found {fitting}", value)
        if most is not None and fitting > most:
            self._refuse(place, "maxContains", f"at most {most} items that fit a schema and found {fitting}", value)

    def _rest_of_object(self, demand: _Demand, value: dict[str, Json]) -> _Answers:
        rest = cast("dict[str, Any]", demand.schema)["unevaluatedProperties"]
        known = yield from self._evaluated(demand, value)
        for name in value.keys() - known:
            if rest is False:
                self._refuse(demand.place.at(name), "unevaluatedProperties", "no such key", value[name])
            else:
                self._demand(rest, value[name], demand.place.at(name), closed=False)

    def _rest_of_list(self, demand: _Demand, value: list[Json]) -> _Answers:
        rest = cast("dict[str, Any]", demand.schema)["unevaluatedItems"]
        known = yield from self._evaluated(demand, value)
        for number in sorted(set(range(len(value))) - known):
            if rest is False:
                self._refuse(demand.place.at(number), "unevaluatedItems", "no such item", value[number])
            else:
                self._demand(rest, value[number], demand.place.at(number), closed=False)

    def _evaluated(self, demand: _Demand, value: Any) -> Generator[_Question, bool, set[Any]]:
        """Return the keys, or positions, that some schema for the same value has an opinion on."""
        known: set[Any] = set()
        waiting: list[Schema] = [demand.schema]
        seen: set[int] = set()
        while waiting:
            schema = waiting.pop()
            if isinstance(schema, bool) or id(schema) in seen:
                continue
            seen.add(id(schema))
            own = schema is demand.schema
            if isinstance(value, dict):
                known |= self._evaluated_keys(schema, cast("dict[str, Json]", value), own=own)
            else:
                known |= yield from _evaluated_places(schema, value, own=own)
            waiting += [*self._index.references(schema), *schema.get("allOf", ())]
            waiting += yield from _fitting(schema, value)
        return known

    def _evaluated_keys(self, schema: dict[str, Any], value: dict[str, Json], *, own: bool) -> set[str]:
        if "additionalProperties" in schema or ("unevaluatedProperties" in schema and not own):
            return set(value)
        return self._named(schema, value)


def _any_fits(schemas: list[Schema], value: Json, *, closed: bool) -> _Judging:
    for each in schemas:
        if (yield _Question(each, value, closed)):
            return True
    return False


def _count(pairs: Iterator[tuple[Schema, Json]], *, closed: bool) -> Generator[_Question, bool, int]:
    fitting = 0
    for schema, value in pairs:
        fitting += yield _Question(schema, value, closed)
    return fitting


def _evaluated_places(schema: dict[str, Any], value: list[Json], *, own: bool) -> Generator[_Question, bool, set[int]]:
    if "items" in schema or ("unevaluatedItems" in schema and not own):
        return set(range(len(value)))
    known = set(range(len(schema.get("prefixItems", ()))))
    for number, each in enumerate(value if "contains" in schema else ()):
        if (yield _Question(schema["contains"], each, False)):
            known.add(number)
    return known


def _fitting(schema: dict[str, Any], value: Json) -> Generator[_Question, bool, list[Schema]]:
    """Return the schemas for the same value that hold because the value fits them."""
    found: list[Schema] = []
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if (yield _Question(each, value, False)):
            found.append(each)  # noqa: PERF401 - a comprehension cannot ask
    if "if" in schema:
        holds = yield _Question(schema["if"], value, False)
        found += [schema["if"], schema.get("then", True)] if holds else [schema.get("else", True)]
    if isinstance(value, dict):
        found += [each for name, each in schema.get("dependentSchemas", {}).items() if name in value]
    return found
