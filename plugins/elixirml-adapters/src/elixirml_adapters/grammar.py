"""GBNF grammars that keep a reply to one of several texts, or to the JSON of a schema without free blanks.

Free blanks are left out on purpose: a small model that may write them spends its tokens on them. GBNF is the grammar
format of llama.cpp (https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from attrs import define, field

from elixirml_adapters.rendering import compact_json

__all__ = ["choice_grammar", "json_grammar", "literal"]

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Digits are bounded: a model that has begun a number must be able to end it.
_SHARED: Final = {
    "char": r'[^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})',
    "string": r'"\"" char* "\""',
    "integer": r'"-"? ("0" | [1-9] [0-9]{0,19})',
    "number": r'integer ("." [0-9]{1,20})? ([eE] [-+]? [0-9]{1,3})?',
    "boolean": '"true" | "false"',
    "null": '"null"',
    "any": "string | number | boolean | null | any-list | any-map",
    "any-list": '"[" (any ("," any)*)? "]"',
    "any-map": r'"{" (string ":" any ("," string ":" any)*)? "}"',
}
_NEEDS: Final = {
    "string": ("char",),
    "number": ("integer",),
    "any": ("string", "number", "boolean", "null", "any-list", "any-map"),
}


def literal(text: str) -> str:
    r"""Return a GBNF literal of exactly this text.

    Example:
        >>> print(literal('say "hi"'))
        "say \"hi\""
    """
    return '"' + "".join(_ESCAPES.get(sign, sign if sign.isprintable() else _code(sign)) for sign in text) + '"'


def _code(sign: str) -> str:
    point = ord(sign)
    if point <= 0xFF:
        return f"\\x{point:02X}"
    return f"\\u{point:04X}" if point <= 0xFFFF else f"\\U{point:08X}"


def choice_grammar(texts: Iterable[str]) -> str:
    """Return the grammar of one of these texts and nothing else.

    Example:
        >>> choice_grammar([" yes", " no"])
        'root ::= " yes" | " no"'
    """
    return "root ::= " + " | ".join(literal(text) for text in texts)


def json_grammar(schema: Mapping[str, Any]) -> str:
    """Return the grammar of the compact JSON of a schema (draft 2020-12, without references).

    Kinds, properties in their declared order, items, enumerations, constants and unions are kept to; limits on sizes,
    patterns and formats are left to validation. Optional properties may be left out.
    """
    rules = _Rules()
    root = rules.value(schema)
    return "\n".join([f"root ::= {root}", *(f"{name} ::= {body}" for name, body in rules.bodies.items())])


@define
class _Rules:
    """The rules of one grammar, in the order in which they were first needed."""

    bodies: dict[str, str] = field(factory=dict[str, str])

    def shared(self, name: str) -> str:
        """Return the name of a rule that every grammar writes alike."""
        if name not in self.bodies:
            self.bodies[name] = _SHARED[name]
            for needed in _NEEDS.get(name, ()):
                self.shared(needed)
        return name

    def own(self, body: str) -> str:
        """Return the name of the rule with this body; equal bodies are one rule, so repeats cost nothing."""
        for name, known in self.bodies.items():
            if known == body:
                return name
        name = f"r{len(self.bodies)}"
        self.bodies[name] = body
        return name

    def value(self, schema: Mapping[str, Any]) -> str:
        """Return the name of a rule for the values of a schema."""
        options = [schema["const"]] if "const" in schema else schema.get("enum")
        if options is not None:
            return self.own(" | ".join(literal(compact_json(option)) for option in options))
        several = schema.get("anyOf", schema.get("oneOf"))
        if several is not None:
            return self.union(several)
        kind = schema.get("type")
        if isinstance(kind, (list, tuple)):
            kinds = cast("list[str]", kind)
            return self.union([{**schema, "type": each} for each in kinds])
        return self.kind(str(kind), schema)

    def kind(self, kind: str, schema: Mapping[str, Any]) -> str:
        """Return the name of a rule for the values of one kind."""
        match kind:
            case "object":
                return self.object(schema)
            case "array":
                return self.array(schema)
            case "string" | "integer" | "number" | "boolean" | "null":
                return self.shared(kind)
            case _:
                return self.shared("any")

    def union(self, options: Sequence[Mapping[str, Any]]) -> str:
        """Return a rule for any of several schemas."""
        return self.own(" | ".join(dict.fromkeys(self.value(option) for option in options)))

    def inner(self, schema: object) -> str:
        """Return a rule for a schema inside another, which may be a truth value."""
        return self.value(cast("Mapping[str, Any]", schema)) if isinstance(schema, Mapping) else self.shared("any")

    def array(self, schema: Mapping[str, Any]) -> str:
        """Return a rule for a list, or for a tuple where the first items have schemas of their own."""
        first = [self.inner(item) for item in schema.get("prefixItems", ())]
        items = schema.get("items", not first)
        head = ' "," '.join(first)
        if items is False:
            return self.own(f'"[" {head} "]"' if first else '"[]"')
        item = self.inner(items)
        if first:
            return self.own(f'"[" {head} ("," {item})* "]"')
        several = f'{item} ("," {item})*'
        return self.own(f'"[" {several} "]"' if schema.get("minItems", 0) else f'"[" ({several})? "]"')

    def object(self, schema: Mapping[str, Any]) -> str:
        """Return a rule for a record, or for a map where no properties are declared."""
        properties: Mapping[str, object] = schema.get("properties", {})
        if not properties:
            values = schema.get("additionalProperties", True)
            if values is False:
                return self.own('"{}"')
            pair = f'{self.shared("string")} ":" {self.inner(values)}'
            return self.own(rf'"{{" ({pair} ("," {pair})*)? "}}"')
        required = frozenset(schema.get("required", ()))
        members = [
            (literal(compact_json(name) + ":") + " " + self.inner(member), name in required)
            for name, member in properties.items()
        ]
        return self.own(f'"{{" {_members(members)} "}}"')


def _members(members: Sequence[tuple[str, bool]]) -> str:
    """Return the members in their order with commas between them; those not required may be missing.

    One alternative for each member that may come first: all optional ones, up to the first required one.
    """
    starts = [index for index, _ in enumerate(members) if not any(needed for _, needed in members[:index])]
    alternatives = [" ".join([members[start][0], *map(_follower, members[start + 1 :])]) for start in starts]
    if not any(needed for _, needed in members):
        return "(" + " | ".join(alternatives) + ")?"
    return alternatives[0] if len(alternatives) == 1 else "(" + " | ".join(alternatives) + ")"


def _follower(member: tuple[str, bool]) -> str:
    body, needed = member
    return f'"," {body}' if needed else f'("," {body})?'
