"""What the tests of the adapters share: a recogniser of GBNF grammars, and kernels with a scripted model."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import elixirml as ml
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

Matcher = Callable[[str, int], Iterator[int]]

_TOKEN = re.compile(
    r'\s*(?:(?P<text>"(?:\\.|[^"\\])*")|(?P<chars>\[(?:\\.|[^\]\\])*\])|(?P<name>[a-z][a-z0-9-]*)'
    r"|(?P<times>\{\d+(?:,\d*)?\})|(?P<sign>[()|?*+]))"
)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_NAMED = {"n": "\n", "r": "\r", "t": "\t"}


def _unescaped(text: str) -> str:
    def sign(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        return chr(int(code, 16)) if code else _NAMED.get(found[4], found[4])

    return _ESCAPE.sub(sign, text)


class _Rules:
    """A backtracking recogniser of one grammar; every matcher yields each place where its part may end."""

    def __init__(self, grammar: str) -> None:
        self.bodies = dict(line.split(" ::= ", 1) for line in grammar.split("\n"))
        self.matchers: dict[str, Matcher] = {}

    def accepts(self, text: str) -> bool:
        return any(end == len(text) for end in self.rule("root")(text, 0))

    def rule(self, name: str) -> Matcher:
        if name not in self.matchers:
            tokens = self.tokens(self.bodies[name])
            self.matchers[name] = self.alternatives(tokens)
            assert not tokens, f"unread: {tokens}"
        return self.matchers[name]

    def tokens(self, body: str) -> list[tuple[str, str]]:
        found, at = [], 0
        while body[at:].strip():
            token = _TOKEN.match(body, at)
            assert token, f"no GBNF at: {body[at:]}"
            found.append((str(token.lastgroup), token[str(token.lastgroup)]))
            at = token.end()
        return found

    def alternatives(self, tokens: list[tuple[str, str]]) -> Matcher:
        options = [self.sequence(tokens)]
        while tokens and tokens[0][1] == "|" and tokens[0][0] == "sign":
            tokens.pop(0)
            options.append(self.sequence(tokens))
        return lambda text, at: (end for option in options for end in set(option(text, at)))

    def sequence(self, tokens: list[tuple[str, str]]) -> Matcher:
        parts: list[Matcher] = []
        while tokens and not (tokens[0][0] == "sign" and tokens[0][1] in "|)"):
            parts.append(self.repeated(self.atom(tokens), tokens))

        def match(text: str, at: int, index: int = 0) -> Iterator[int]:
            if index == len(parts):
                yield at
                return
            for end in parts[index](text, at):
                yield from match(text, end, index + 1)

        return match

    def atom(self, tokens: list[tuple[str, str]]) -> Matcher:
        kind, word = tokens.pop(0)
        if kind == "name":
            return self.reference(word)
        if kind == "text":
            wanted = _unescaped(word[1:-1])
            return lambda text, at: iter([at + len(wanted)] if text.startswith(wanted, at) else [])
        if kind == "chars":
            allowed = re.compile(word, re.DOTALL)
            return lambda text, at: iter([at + 1] if allowed.match(text, at) else [])
        assert word == "(", word
        inner = self.alternatives(tokens)
        assert tokens.pop(0) == ("sign", ")")
        return inner

    def reference(self, name: str) -> Matcher:
        def match(text: str, at: int) -> Iterator[int]:
            return self.rule(name)(text, at)  # looked up late: rules may be recursive

        return match

    def repeated(self, part: Matcher, tokens: list[tuple[str, str]]) -> Matcher:
        if (
            not tokens
            or (tokens[0][0] == "sign" and tokens[0][1] not in "?*+")
            or tokens[0][0] not in {"sign", "times"}
        ):
            return part
        times = tokens.pop(0)[1]
        low, comma, high = {"?": "0,1", "*": "0,", "+": "1,"}.get(times, times.strip("{}")).partition(",")
        least, most = int(low), float(high or "inf") if comma else float(low)

        def match(text: str, at: int) -> Iterator[int]:
            ends, count = {at}, 0
            while ends and count <= most:
                if count >= least:
                    yield from ends
                ends = {end for start in ends for end in part(text, start)}
                count += 1

        return match


@pytest.fixture(scope="session")
def accepts() -> Callable[[str, str], bool]:
    """Return whether a GBNF grammar accepts a whole text."""
    return lambda grammar, text: _Rules(grammar).accepts(text)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run async tests on both."""
    return str(request.param)


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[..., tuple[ml.Kernel, ScriptedModel]]:
    """Makes a kernel with all that is installed, and a model `scripted/m` that gives these replies."""

    def made(*replies: Any, **about: Any) -> tuple[ml.Kernel, ScriptedModel]:
        model = ScriptedModel(name="scripted/m", script=replies, **about)
        manager = PluginManager.load()
        manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
        return ml.Kernel(plugins=manager, home=tmp_path), model

    return made
