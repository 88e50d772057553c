"""Tests of label scores against a model whose probabilities are known."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml_local.faults import EngineError
from elixirml_local.scoring import Scorer

Tokens = tuple[int, ...]


class Letters:
    """A tokenizer whose tokens are characters."""

    def tokens(self, text: str) -> Tokens:
        return tuple(map(ord, text))


class Model:
    """Gives every next letter a probability that depends on what came before it, among `a` to `h`."""

    def __init__(self) -> None:
        self.asked = 0

    def shares(self, written: Tokens) -> dict[int, float]:
        weights = {ord(letter): 1.0 + (7 * sum(written) + 13 * ord(letter)) % 97 for letter in "abcdefgh"}
        total = sum(weights.values())
        return {token: weight / total for token, weight in weights.items()}

    def ask(self, front: Tokens, rest: Tokens, *, n_probs: int, **options: Any) -> dict[str, Any]:
        self.asked += 1
        shares = self.shares((*front, *rest))
        if "logit_bias" not in options:
            listed = [{"id": token, "logprob": math.log(share)} for token, share in shares.items()]
            return _listed(top_logprobs=sorted(listed, key=lambda each: -each["logprob"])[:n_probs])
        wanted = [token for token, _ in options["logit_bias"]]
        assert len(set(wanted)) == len(wanted) == n_probs
        total = sum(shares[token] for token in wanted)
        return _listed(top_probs=[{"id": token, "prob": shares[token] / total} for token in wanted])


def _listed(**content: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    return {"choices": [{"logprobs": {"content": [content]}}]}


def scored(labels: Sequence[str], probes: Sequence[str] = ()) -> dict[str, float]:
    return Scorer(Model(), Letters()).scores((1,), (2,), labels, probes)  # type: ignore[arg-type]


words = st.text("abcdefgh", min_size=1, max_size=4)


@settings(deadline=None)
@given(st.lists(words, min_size=1, max_size=8))
def test_scores_of_labels_are_probabilities(labels: list[str]) -> None:
    """They are complete and sum to one, also when labels share beginnings or one begins another."""
    found = scored(labels)
    assert set(found) == set(labels)
    assert math.fsum(math.exp(each) for each in found.values()) == pytest.approx(1.0)


@settings(deadline=None)
@given(st.lists(words, min_size=2, max_size=6, unique=True), st.lists(words, max_size=6))
def test_probes_leave_the_order_of_labels_alone(labels: list[str], probes: list[str]) -> None:
    """Probes lower all labels by the same amount, so that none overtakes another."""
    plain, probed = scored(labels), scored(labels, probes)
    assert set(probed) == {*labels, *probes}
    shifts = [probed[label] - plain[label] for label in labels]
    assert shifts == pytest.approx([shifts[0]] * len(labels))


@settings(deadline=None)
@given(st.lists(words, min_size=1, max_size=6, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_labels_is_no_matter(labels: list[str], random: Any) -> None:
    """The same labels in another order have the same scores."""
    shuffled = random.sample(labels, len(labels))
    assert scored(shuffled) == pytest.approx(scored(labels))


def test_labels_that_fork_late_cost_one_call_a_fork() -> None:
    """What two labels have in common decides nothing, and is not asked about."""
    model = Model()
    found = Scorer(model, Letters()).scores((1,), (), ["abcda", "abcdb"], [])  # type: ignore[arg-type]
    shares = model.shares((1, *map(ord, "abcd")))
    expected = shares[ord("a")] / (shares[ord("a")] + shares[ord("b")])
    assert math.exp(found["abcda"]) == pytest.approx(expected)
    assert model.asked == 2


def test_a_label_that_begins_another_gets_what_is_left() -> None:
    """` news` is followed by anything but the rest of ` newspaper`."""
    model = Model()
    found = Scorer(model, Letters()).scores((1,), (), ["ab", "abc", "d"], [])  # type: ignore[arg-type]
    longer = model.shares((1, *map(ord, "ab")))[ord("c")]
    assert math.exp(found["abc"] - found["ab"]) == pytest.approx(longer / (1 - longer))


@pytest.mark.parametrize(("labels", "probes"), [(["", "a"], []), (["a"], [""])])
def test_an_empty_continuation_is_refused(labels: list[str], probes: list[str]) -> None:
    """It has no first token, so it has no score."""
    with pytest.raises(EngineError, match="empty"):
        scored(labels, probes)
