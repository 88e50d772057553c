"""The engine: llama.cpp behind one method."""

import secrets
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from elixirml_local.faults import ModelFileUnusable, ModelNotLoaded
from elixirml_local.loopback import Loopback
from elixirml_local.prompts import Prompts, Tokens
from elixirml_local.scoring import Scorer
from elixirml_local.slot import Slot, Take

__all__ = ["Engine"]

_SEEDS: Final = 2**32 - 1  # the engine takes the largest number of 32 bits as a wish for chance


class Engine:
    """One loaded model.

    Args:
        path: A GGUF file.
        context: Tokens of the context.
        threads: How many threads compute.

    Raises:
        ModelNotLoaded: The file or the engine's package cannot be used.
    """

    def __init__(self, path: str, *, context: int, threads: int) -> None:
        key = secrets.token_hex(16)
        server = _server(path, context=context, threads=threads, key=key)
        self._slot = Slot(server, context=context)
        self._prompts = Prompts(Loopback(server.listening_address, key=key))
        self._scorer = Scorer(self._slot, self._prompts)

    def complete(self, request: Mapping[str, Any], *, take: Take | None = None) -> dict[str, Any]:
        """Return the reply to a request, as plain data.

        Args:
            request: What `elixirml.contracts.ModelRequest.to_json` returns.
            take: Given each piece of the reply as it is written; returns whether to go on.

        Raises:
            PromptTooLong: The prompt and its reply do not fit the context.
            EngineError: The engine refused, for instance a grammar it cannot read.
            ReplyStopped: Nobody wants to go on.
        """
        front, rest = self._prompts.split(request)
        if request["labels"]:
            reply = self._score(front, rest, request)
            if take is not None:
                take(reply["text"])  # scored, not written, so it comes in one piece
            return reply
        return self._write(front, rest, request, take)

    def _score(self, front: Tokens, rest: Tokens, request: Mapping[str, Any]) -> dict[str, Any]:
        labels = request["labels"]
        scores = self._scorer.scores(front, rest, labels, request["probes"])
        best = max(labels, key=lambda label: scores[label])
        return {**_reply(front, rest, text=best), "label_logprobs": scores}

    def _write(self, front: Tokens, rest: Tokens, request: Mapping[str, Any], take: Take | None) -> dict[str, Any]:
        options: dict[str, Any] = {"temperature": request["temperature"]}
        if request["stop"]:
            options["stop"] = request["stop"]
        if request["grammar"]:
            options["grammar"] = request["grammar"]
        if request["seed"] is not None:
            options["seed"] = request["seed"] % _SEEDS
        # Always in pieces, since the engine ends a sign of several bytes that the limit cuts in another way else.
        answer = self._slot.ask(front, rest, room=request["max_tokens"], take=take or _whatever_comes, **options)
        choice = answer["choices"][0]
        return _reply(
            front,
            rest,
            text=choice["text"],
            finish=choice.get("finish_reason") or "stop",
            tokens_out=int(answer["usage"]["completion_tokens"]),
        )


def _whatever_comes(piece: str) -> bool:
    """Take a piece that nobody waits for."""
    _ = piece
    return True


def _server(path: str, *, context: int, threads: int, key: str) -> Any:
    """Start llama.cpp with one slot: several change the shape of its sums, and with it the replies."""
    if not Path(path).is_file():
        raise ModelFileUnusable(f"the model file {path} is gone")
    try:
        # The package has no type information, so its names are looked up.
        xllamacpp: Any = import_module("xllamacpp")
    except ImportError as error:
        hint = "pip install --force-reinstall xllamacpp"
        if "libgomp" in str(error):
            hint = "Install the OpenMP runtime, for instance: apt-get install libgomp1"
        raise ModelNotLoaded(f"the engine's package xllamacpp cannot be imported: {error}", hint=hint) from error
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_ctx = context
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.cache_ram_mib = 0
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.verbosity = -1
    try:
        return xllamacpp.Server(parameters)
    except Exception as error:
        raise ModelFileUnusable(f"the model file {path} cannot be loaded: {error}") from error


def _reply(front: Tokens, rest: Tokens, *, text: str, finish: str = "stop", tokens_out: int = 1) -> dict[str, Any]:
    return {
        "text": text,
        "finish": finish,
        "tokens_in": len(front) + len(rest),
        "tokens_cached": len(front),
        "tokens_out": tokens_out,
        "label_logprobs": {},
    }
