"""The engine: llama.cpp behind one method, with replies that do not depend on what was asked before.

Every prompt is a stable front (instruction and demos) and a rest (the example), tokenized apart. The front stays in the
engine's cache; before each call the cache is cut back to exactly the front. Sums are then made in the same order every
time, so equal requests have bit-equal replies, whatever came between and also after a restart.
"""

import json
import math
import secrets
import urllib.request
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

__all__ = ["Engine", "EngineError", "PromptTooLong"]

_BIAS: Final = 100.0
_FLOOR: Final = 1e-44
_MANY: Final = 2000
_TEMPLATE_CACHE: Final = 256


class EngineError(Exception):
    """The engine could not do what it was asked."""


class PromptTooLong(EngineError):
    """The prompt and its reply do not fit the context."""


class Engine:
    """One loaded model.

    Args:
        path: A GGUF file.
        context: Tokens of the context.
        threads: How many threads compute.

    Raises:
        EngineError: The file cannot be loaded.
    """

    def __init__(self, path: str, *, context: int, threads: int) -> None:
        # The package has no type information, so its names are looked up.
        xllamacpp: Any = import_module("xllamacpp")

        self._key = secrets.token_hex(16)
        self._context = context
        parameters = xllamacpp.CommonParams()
        parameters.model.path = path
        parameters.n_ctx = context
        parameters.n_parallel = 1
        parameters.cpuparams.n_threads = threads
        parameters.cpuparams_batch.n_threads = threads
        parameters.cache_ram_mib = 0
        parameters.hostnames = ["127.0.0.1"]
        parameters.port = 0
        parameters.api_keys = [self._key]
        parameters.verbosity = -1
        try:
            self._server = xllamacpp.Server(parameters)
        except Exception as error:
            raise EngineError(f"{path} cannot be loaded: {error}") from error
        self._front: tuple[int, ...] = ()
        self._tokenized = lru_cache(maxsize=4096)(self._tokenize)
        self._templated = lru_cache(maxsize=_TEMPLATE_CACHE)(self._template)

    def complete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to a request, as plain data; see `elixirml.contracts.ModelRequest`."""
        front, rest = self._prompt(request)
        if request["labels"]:
            return self._score(front, rest, request["labels"], request.get("probes", ()))
        return self._write(front, rest, request)

    # Prompts

    def _prompt(self, request: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the tokens of the stable front and of the rest."""
        if request["text"] is not None:
            text, stable = request["text"], request["stable"]
            return self._tokenized(text[:stable], special=False), self._tokenized(text[stable:], special=False)
        messages, stable = request["messages"], request["stable"]
        parts = self._templated(tuple(each["role"] for each in messages))
        front, rest = list(self._tokenized(parts[0], special=True)), list[int]()
        for number, message in enumerate(messages):
            target = front if number < stable else rest
            # Contents are never read as control tokens: a reply in a prompt cannot end a turn.
            target.extend(self._tokenized(message["content"], special=False))
            target = front if number + 1 <= stable else rest
            target.extend(self._tokenized(parts[number + 1], special=True))
        return tuple(front), tuple(rest)

    def _template(self, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Return what the model's chat template puts around and between messages of these roles."""
        marks = [f"\ue000{number}\ue001" for number in range(len(roles))]
        messages = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
        text = str(self._post("/apply-template", {"messages": messages})["prompt"])
        parts: list[str] = []
        for mark in marks:
            before, found, text = text.partition(mark)
            if not found:
                raise EngineError("the model's chat template drops a message")
            parts.append(before)
        return (*parts, text)

    def _tokenize(self, text: str, *, special: bool) -> tuple[int, ...]:
        if not text:
            return ()
        asked = {"content": text, "add_special": False, "parse_special": special}
        return tuple(self._post("/tokenize", asked)["tokens"])

    def _post(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the engine's own server, on loopback and with this process's key; it alone can tokenize."""
        request = urllib.request.Request(  # noqa: S310 - always http on loopback
            self._server.listening_address + path,
            json.dumps(data).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            read: dict[str, Any] = json.loads(answer.read())
        return read

    # Calls

    def _call(self, prompt: Sequence[int], **options: Any) -> dict[str, Any]:
        settings: dict[str, Any] = {"n_predict": 1, "cache_prompt": True, "seed": 1, "temperature": 0.0}
        answer: Any = self._server.handle_completions({**settings, **options, "prompt": list(prompt)})
        if "error" in answer:
            raise EngineError(str(answer["error"].get("message", answer["error"])))
        return dict(answer)

    def _at_front(self, front: tuple[int, ...], room: int, rest: Sequence[int]) -> None:
        """Cut the cache back to exactly the front."""
        if len(front) + len(rest) + room > self._context:
            raise PromptTooLong(
                f"{len(front) + len(rest)} prompt tokens and {room} to write do not fit a context of {self._context}"
            )
        if not front:
            return
        if front != self._front:
            self._call(front, n_predict=0, cache_prompt=False)
            self._front = front
        self._call(front, n_predict=0)

    def _write(self, front: tuple[int, ...], rest: tuple[int, ...], request: Mapping[str, Any]) -> dict[str, Any]:
        self._at_front(front, request["max_tokens"], rest)
        options: dict[str, Any] = {"n_predict": request["max_tokens"], "temperature": request["temperature"]}
        if request["stop"]:
            options["stop"] = list(request["stop"])
        if request["grammar"]:
            options["grammar"] = request["grammar"]
        if request["seed"] is not None:
            options["seed"] = request["seed"]
        answer = self._call((*front, *rest), cache_prompt=bool(front), **options)
        choice = answer["choices"][0]
        return self._answer(answer, front, rest, text=choice["text"], finish=choice.get("finish_reason") or "stop")

    def _score(
        self, front: tuple[int, ...], rest: tuple[int, ...], labels: Sequence[str], probes: Sequence[str]
    ) -> dict[str, Any]:
        self._at_front(front, 1, rest)
        tokens = {label: self._tokenized(label, special=False) for label in (*labels, *probes)}
        wanted = list(dict.fromkeys(each[0] for each in tokens.values() if each))
        answer, scores = self._among(front, rest, wanted)
        found = {label: scores[each[0]] for label, each in tokens.items()}
        for label, more in self._told_apart(front, rest, {label: tokens[label] for label in labels}).items():
            found[label] += more
        best = max(labels, key=lambda label: found[label])
        return {**self._answer(answer, front, rest, text=best, finish="stop"), "label_logprobs": found}

    def _among(
        self, front: tuple[int, ...], rest: tuple[int, ...], wanted: Sequence[int]
    ) -> tuple[dict[str, Any], dict[int, float]]:
        """Return the log-probabilities of single tokens, relative to each other.

        A large equal bias lifts the wanted tokens above all others, so that one call returns exactly these.
        """
        answer = self._call(
            (*front, *rest),
            cache_prompt=bool(front),
            n_probs=len(wanted),
            temperature=1.0,
            post_sampling_probs=True,
            samplers=["temperature"],
            logit_bias=[[token, _BIAS] for token in wanted],
        )
        listed = answer["choices"][0]["logprobs"]["content"][0]["top_probs"]
        shares = {each["id"]: each["prob"] for each in listed}
        return answer, {token: math.log(max(shares.get(token, 0.0), _FLOOR)) for token in wanted}

    def _told_apart(
        self, front: tuple[int, ...], rest: tuple[int, ...], labels: Mapping[str, tuple[int, ...]]
    ) -> dict[str, float]:
        """Return what labels gain by their later tokens, for those that share their first one."""
        groups: dict[int, list[str]] = {}
        for label, tokens in labels.items():
            groups.setdefault(tokens[0], []).append(label)
        gains: dict[str, float] = {}
        for first, names in groups.items():
            if len(names) > 1:
                later = {name: labels[name][1:] for name in names}
                gains.update(self._continued(front, (*rest, first), later))
        return gains

    def _continued(
        self, front: tuple[int, ...], rest: tuple[int, ...], labels: Mapping[str, tuple[int, ...]]
    ) -> dict[str, float]:
        """Return log-probabilities of continuations after a shared beginning; one that has ended gets what is left."""
        self._at_front(front, 1, rest)
        answer = self._call((*front, *rest), cache_prompt=bool(front), n_probs=_MANY)
        listed = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        known = {each["id"]: each["logprob"] for each in listed}
        least = min(known.values())
        firsts = {tokens[0] for tokens in labels.values() if tokens}
        left = 1.0 - sum(math.exp(known.get(token, least)) for token in firsts)
        gains = {
            name: known.get(tokens[0], least) if tokens else math.log(max(left, _FLOOR))
            for name, tokens in labels.items()
        }
        alive = {name: tokens for name, tokens in labels.items() if tokens}
        for name, more in self._told_apart(front, rest, alive).items():
            gains[name] += more
        return gains

    def _answer(
        self, answer: Mapping[str, Any], front: Sequence[int], rest: Sequence[int], *, text: str, finish: str
    ) -> dict[str, Any]:
        return {
            "text": text,
            "finish": finish,
            "tokens_in": len(front) + len(rest),
            "tokens_cached": len(front),
            "tokens_out": int(answer.get("usage", {}).get("completion_tokens", 1)),
            "label_logprobs": {},
        }
