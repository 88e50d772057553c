"""What `elixirml models check` tries on a model: a handful of small calls, each within a time limit."""

import json
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, cast, runtime_checkable

import anyio
from attrs import define, evolve, field, frozen
from attrs.converters import optional

from elixirml.contracts.language_model import (
    Capability,
    LanguageModel,
    LanguageModelProvider,
    ModelRequest,
    ModelResponse,
)
from elixirml.contracts.messages import Message, Role
from elixirml.contracts.stream import ModelEnd, TextDelta, streamed
from elixirml.contracts.tool import ToolSpec
from elixirml.contracts.usage import Usage
from elixirml.errors import ElixirError, ModelDisconnected, ModelTimeout
from elixirml.identity import Json
from elixirml.runtime.kernel import Kernel

__all__ = ["MOST_CALLS", "Examination", "Finding", "KeyedModel", "ModelFiles", "Status"]

MOST_CALLS: Final = 4
"""Calls an examination makes when everything is tried."""

_SCHEMA: Final = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
_GRAMMAR: Final = r"""root ::= "{\"ok\": " ("true" | "false") "}" """
_TOOL: Final = ToolSpec(
    "note_number",
    "Takes note of a number.",
    {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]},
)
_SHOWN: Final = 40


@runtime_checkable
class ModelFiles(LanguageModelProvider, Protocol):
    """A provider whose models are files on this machine."""

    def about(self, model: str) -> Mapping[str, Json]:
        """Return what there is to know about a model, as plain data; `licence` and `bytes` among it.

        Raises:
            ModelUnavailable: There is no such model.
        """
        ...

    def verify(self, model: str, cache: Path) -> Path | None:
        """Return a model's file if it is there and is, to the last byte, the one that is pinned; else None.

        Raises:
            ModelUnavailable: There is no such model.
        """
        ...

    def fetch(self, model: str, cache: Path, *, say: Callable[[str], None]) -> Path:
        """Return a model's file, fetched in the place of whatever is there.

        Raises:
            ConfigError: It could not be fetched, or not be kept.
            ModelUnavailable: There is no such model, or what came is not the file that is pinned.
        """
        ...


@runtime_checkable
class KeyedModel(Protocol):
    """What a model also has that may be asked with a key."""

    def key_state(self) -> str:
        """Return where the key is found, in words that do not hold it.

        Raises:
            ModelAccessDenied: There is none where it should be.
        """
        ...


def _one_line(text: str) -> str:
    return " ".join(text.split())


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@frozen
class Finding:
    """What one check found.

    Attributes:
        check: Its name.
        status: How it ended.
        message: What was found, on one line.
        hint: What to do, where something is to be done.
        code: Of the error, where one was raised.
    """

    check: str
    status: Status
    message: str = field(converter=_one_line)
    hint: str | None = field(default=None, converter=optional(_one_line))
    code: str | None = None

    @classmethod
    def of(cls, check: str, error: ElixirError) -> "Finding":
        """Return what a failed check found."""
        return cls(check, Status.FAILED, error.message, error.hint, error.code)


class _Unsuited(Exception):
    """The reply is not what was asked for."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@frozen
class _Attempt:
    """What came of a call, and whether the endpoint answered at all."""

    finding: Finding
    reached: bool = True


@define
class Examination:
    """Tries a model.

    Attributes:
        kernel: Whose model it is; it runs.
        name: The model, as `provider/model`.
        limit_s: The most a call may take, in seconds.
        tell: Told each finding.
        usage: What the calls used so far.
        failed: Whether a check has failed so far.
    """

    kernel: Kernel
    name: str
    limit_s: float
    tell: Callable[[Finding], None]
    usage: Usage = field(factory=Usage, init=False)
    failed: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Try everything that can be tried; what depends on something that failed is skipped."""
        model = self._named()
        if model is None:
            return
        self._file()
        self._key(model)
        replies = await self._first(model)
        for check in _FURTHER:
            why_not = check.lacking(model) if replies else "no reply came so far"
            if why_not is None:
                self._tell((await self._tried(check, model)).finding)
            else:
                self._skip(check.name, why_not)

    def _named(self) -> LanguageModel | None:
        try:
            model = self.kernel.language_model(self.name)
        except ElixirError as error:
            self._tell(Finding.of("name", error))
            return None
        self._tell(Finding("name", Status.OK, f"{model.name} has a provider"))
        return model

    def _file(self) -> None:
        prefix, _, model = self.name.partition("/")
        provider = self.kernel.capabilities.provider(prefix)
        if not isinstance(provider, ModelFiles) or model not in {each.name for each in provider.models()}:
            return
        path = provider.verify(model, self.kernel.cache_dir)
        if path is None:
            hint = f"elixirml models get {self.name}"
            self._tell(Finding("file", Status.FAILED, "it is not the one that is pinned", hint))
        else:
            self._tell(Finding("file", Status.OK, f"{path.name} has the SHA-256 that is pinned"))

    def _key(self, model: LanguageModel) -> None:
        if not isinstance(model, KeyedModel):
            self._skip("key", "the provider does not say whether it needs one")
            return
        try:
            self._tell(Finding("key", Status.OK, model.key_state()))
        except ElixirError as error:
            self._tell(Finding.of("key", error))

    async def _first(self, model: LanguageModel) -> bool:
        """Make the first call, which also tells whether the endpoint is there; return whether a reply came."""
        if self.failed:
            self._skip("endpoint", "nothing was asked")
            self._skip(_FIRST.name, "nothing was asked")
            return False
        attempt = await self._tried(_FIRST, model)
        if attempt.reached:
            self._tell(Finding("endpoint", Status.OK, "it answers"))
            self._tell(attempt.finding)
        else:
            self._tell(evolve(attempt.finding, check="endpoint"))
            self._skip(_FIRST.name, "the endpoint does not answer")
        return attempt.finding.status is Status.OK

    async def _tried(self, check: "_Check", model: LanguageModel) -> _Attempt:
        begun = anyio.current_time()
        try:
            with anyio.fail_after(self.limit_s):
                response = await check.ask(model)
            self.usage += response.usage
            message = check.judge(response)
        except ElixirError as error:
            gone = isinstance(error, (ModelDisconnected, ModelTimeout))
            return _Attempt(Finding.of(check.name, error), reached=not gone)
        except _Unsuited as reason:
            return _Attempt(Finding(check.name, Status.FAILED, reason.message, reason.hint))
        except TimeoutError:
            late = f"no reply within {self.limit_s:g} s"
            hint = "Allow more with --timeout SECONDS, or try later."
            return _Attempt(Finding(check.name, Status.FAILED, late, hint), reached=False)
        seconds = anyio.current_time() - begun
        return _Attempt(Finding(check.name, Status.OK, f"{message}, in {seconds:.1f} s"))

    def _skip(self, check: str, why: str) -> None:
        self._tell(Finding(check, Status.SKIPPED, why))

    def _tell(self, finding: Finding) -> None:
        self.failed |= finding.status is Status.FAILED
        self.tell(finding)


@frozen
class _Check:
    """One call, and what must come of it.

    Attributes:
        name: What users read.
        ask: Makes the call.
        judge: Says what is good about the reply, or raises.
        needs: Of these a model must offer one; of none, anything.
    """

    name: str
    ask: Callable[[LanguageModel], Awaitable[ModelResponse]]
    judge: Callable[[ModelResponse], str]
    needs: tuple[Capability, ...] = ()

    def lacking(self, model: LanguageModel) -> str | None:
        """Return what a model does not offer, in words; None when the check can be made."""
        if not self.needs or model.capabilities.intersection(self.needs):
            return None
        return f"the provider does not offer {' or '.join(f'`{each}`' for each in self.needs)}"


def _request(text: str) -> ModelRequest:
    return ModelRequest((Message(Role.USER, text),), max_tokens=64)


async def _greeted(model: LanguageModel) -> ModelResponse:
    # Some endpoints refuse to write less.
    return await model.complete(evolve(_request("Reply with the word ok."), max_tokens=16))


def _spoken(response: ModelResponse) -> str:
    if not (response.text.strip() or response.reasoning or response.finish == "length"):
        raise _Unsuited("the reply is empty", "Try another model, or look at the server's own log.")
    return f"it says {_short(response.text)}"


async def _formed(model: LanguageModel) -> ModelResponse:
    """Ask for a JSON object by the strictest means there is."""
    asked = _request('Say that all is ok, as the JSON object {"ok": true}.')
    if Capability.JSON_SCHEMA in model.capabilities:
        return await model.complete(evolve(asked, json_schema=_SCHEMA))
    if Capability.GRAMMAR in model.capabilities:
        return await model.complete(evolve(asked, grammar=_GRAMMAR))
    return await model.complete(evolve(asked, json_mode=True))


def _structured(response: ModelResponse) -> str:
    found = _object(response.text)
    if found is None or not isinstance(found.get("ok"), bool):
        hint = "Use an adapter that needs no JSON, such as `sections`, for this model."
        raise _Unsuited(f"the reply is not the object that was asked for: {_short(response.text)}", hint)
    return "the reply is the object that was asked for"


async def _streamed(model: LanguageModel) -> ModelResponse:
    said, response = "", None
    async with streamed(model, _request("Count from one to five.")) as deltas:
        async for delta in deltas:
            said += delta.text if isinstance(delta, TextDelta) else ""
            response = delta.response if isinstance(delta, ModelEnd) else None
    if response is None or said != response.text:
        raise _Unsuited("the pieces do not add up to the reply", "Report it to the makers of the provider's plugin.")
    return response


def _whole(response: ModelResponse) -> str:
    _ = response
    return "the pieces add up to the reply"


async def _handed_a_tool(model: LanguageModel) -> ModelResponse:
    return await model.complete(evolve(_request("Take note of the number 7."), tools=(_TOOL,), tool_choice="required"))


def _called(response: ModelResponse) -> str:
    if not any(each.name == _TOOL.name and _object(each.arguments) is not None for each in response.tool_calls):
        raise _Unsuited("the tool that was required is not called", "Use this model without tools.")
    return "the tool is called with a JSON object"


def _object(text: str) -> dict[str, object] | None:
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    return cast("dict[str, object]", found) if isinstance(found, dict) else None


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…")


_FIRST: Final = _Check("reply", _greeted, _spoken)
_FURTHER: Final = (
    _Check("structure", _formed, _structured, (Capability.JSON_SCHEMA, Capability.GRAMMAR, Capability.JSON_MODE)),
    _Check("stream", _streamed, _whole, (Capability.STREAM,)),
    _Check("tools", _handed_a_tool, _called, (Capability.TOOLS,)),
)
