"""How likely each of some given continuations is, relative to the others.

The labels form a tree of tokens; at each fork the next tokens are compared with each other alone, which is the
probability with which a model that is held to the labels writes each of them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from elixirml_local.faults import EngineError
from elixirml_local.prompts import Prompts, Tokens
from elixirml_local.slot import Slot

__all__ = ["Scorer"]

_BIAS: Final = 100.0
_FLOOR: Final = 1e-44  # the least number the engine can state, below which it says 0
_MANY: Final = 2000


class Scorer:
    """Scores labels.

    Args:
        slot: Computes.
        prompts: Tokenizes labels.
    """

    def __init__(self, slot: Slot, prompts: Prompts) -> None:
        self._slot = slot
        self._prompts = prompts

    def scores(self, front: Tokens, rest: Tokens, labels: Sequence[str], probes: Sequence[str]) -> dict[str, float]:
        """Return the natural-log probability of each label and probe, relative to all of them.

        Probes go by their first token, also where they share it with others.

        Raises:
            EngineError: A label or a probe is empty.
        """
        tokens = {text: self._prompts.tokens(text) for text in (*labels, *probes)}
        if "" in tokens:
            raise EngineError("a label or probe to be scored is empty")
        firsts = self._among(front, rest, [each[0] for each in tokens.values()])
        found = {text: firsts[each[0]] for text, each in tokens.items()}
        for first, group in _forks({label: tokens[label] for label in labels}).items():
            for label, more in self._within(front, (*rest, first), group).items():
                found[label] += more
        return found

    def _within(self, front: Tokens, rest: Tokens, labels: Mapping[str, Tokens]) -> dict[str, float]:
        """Return the log-probabilities of labels that have their beginning in common, given what is left of each."""
        ended = [label for label, left in labels.items() if not left]
        forks = _forks({label: left for label, left in labels.items() if left})
        found: dict[str, float] = {}
        if len(labels) == 1:
            return dict.fromkeys(labels, 0.0)
        if ended:
            scores = self._against_all(front, rest, forks)
            others = math.fsum(math.exp(score) for score in scores.values())
            found = dict.fromkeys(ended, math.log(max(1.0 - others, _FLOOR)))
        elif len(forks) > 1:
            scores = self._among(front, rest, forks)
        else:
            scores = dict.fromkeys(forks, 0.0)
        for first, group in forks.items():
            for label, more in self._within(front, (*rest, first), group).items():
                found[label] = scores[first] + more
        return found

    def _among(self, front: Tokens, rest: Tokens, wanted: Iterable[int]) -> dict[int, float]:
        """Return the log-probabilities of tokens relative to each other.

        A large equal bias lifts them above all others, so that one call returns exactly these.
        """
        tokens = list(dict.fromkeys(wanted))
        answer = self._slot.ask(
            front,
            rest,
            n_probs=len(tokens),
            temperature=1.0,
            post_sampling_probs=True,
            samplers=["temperature"],
            logit_bias=[[token, _BIAS] for token in tokens],
        )
        shares = {each["id"]: each["prob"] for each in answer["choices"][0]["logprobs"]["content"][0]["top_probs"]}
        return {token: math.log(max(shares.get(token, 0.0), _FLOOR)) for token in tokens}

    def _against_all(self, front: Tokens, rest: Tokens, wanted: Iterable[int]) -> dict[int, float]:
        """Return the log-probabilities of tokens among all there are; one outside the likeliest gets their least."""
        answer = self._slot.ask(front, rest, n_probs=_MANY)
        listed = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
        known = {each["id"]: each["logprob"] for each in listed}
        least = min(known.values())
        return {token: known.get(token, least) for token in wanted}


def _forks(labels: Mapping[str, Tokens]) -> dict[int, dict[str, Tokens]]:
    """Return labels by their first token, each without it."""
    found: dict[int, dict[str, Tokens]] = {}
    for label, tokens in labels.items():
        found.setdefault(tokens[0], {})[label] = tokens[1:]
    return found
