"""What models cost and can do, by rows as litellm's table has them; litellm is not needed for that."""

import pytest

from elixirml.contracts import Capability, Usage
from elixirml_litellm.config import PriceConfig
from elixirml_litellm.prices import ModelFacts

TABLE = {
    "sample_spec": {"litellm_provider": "one of many", "mode": "chat"},
    "gpt-4o": {
        "litellm_provider": "openai",
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-06,
        "supports_function_calling": True,
        "supports_vision": True,
    },
    "gemini/pro": {
        "litellm_provider": "gemini",
        "input_cost_per_token": 1.25e-06,
        "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
    },
    "half": {"litellm_provider": "openai", "input_cost_per_token": 2.5e-06},
}
USED = Usage(1, 1000, 400, 100)


def facts(model: str, own: PriceConfig | None = None) -> ModelFacts:
    return ModelFacts.of(model, TABLE, own)


def test_the_row_is_found_with_and_without_the_provider() -> None:
    """The table leaves the provider out of many names; a name of another provider is not taken for it."""
    assert facts("openai/gpt-4o").cost(USED) == pytest.approx((600 * 2.5 + 400 * 1.25 + 100 * 10) / 1e6)
    assert facts("gemini/pro").cost(USED) == pytest.approx((1000 * 1.25 + 100 * 10) / 1e6)
    assert facts("azure/gpt-4o").cost(USED) is None


def test_long_prompts_cost_more_where_the_row_says_so() -> None:
    """The rates of the longest tier that is passed count for the whole call."""
    assert facts("gemini/pro").cost(Usage(1, 300_000, 0, 100)) == pytest.approx((300_000 * 2.5 + 100 * 15) / 1e6)
    assert facts("gemini/pro").cost(Usage(1, 200_000, 0, 0)) == pytest.approx(200_000 * 1.25 / 1e6)


def test_what_the_user_says_counts_first() -> None:
    """Also for models that the table knows; cached tokens cost as fresh ones when nothing is said of them."""
    assert facts("openai/gpt-4o", PriceConfig(1.0, 2.0, 0.5)).cost(USED) == pytest.approx(1000 / 1e6)
    assert facts("lab/own", PriceConfig(1.0, 2.0, None)).cost(USED) == pytest.approx(1200 / 1e6)


@pytest.mark.parametrize("model", ["lab/none", "openai/half"])
def test_an_unknown_price_is_none(model: str) -> None:
    """And never 0: neither for a model in no table, nor for one whose row is not whole."""
    assert facts(model).cost(USED) is None


def test_what_a_model_can_do_is_read_from_its_row() -> None:
    """Of a model in no table, what most can do is assumed: its provider says otherwise when it is asked."""
    assert facts("openai/gpt-4o").capabilities >= {Capability.STREAM, Capability.TOOLS, Capability.VISION}
    assert Capability.TOOLS not in facts("gemini/pro").capabilities
    assert facts("lab/none").capabilities >= {Capability.TOOLS, Capability.JSON_SCHEMA}
