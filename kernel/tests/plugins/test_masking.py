import pytest

from elixirml.plugins.masking import MASK, masked


@pytest.mark.parametrize(
    "name",
    ["key", "api_key", "apiKey", "OPENAI_API_KEY", "access-token", "token", "secret", "client_secret", "password"],
)
@pytest.mark.parametrize("value", ["abc", ["abc"], {"inside": "abc"}])
def test_values_of_names_that_speak_of_secrets_are_hidden(name: str, value: object) -> None:
    """Whatever the spelling, and whatever the shape of the value."""
    assert masked({name: value}) == {name: MASK}
    assert masked({"outer": [{name: value}]}) == {"outer": [{name: MASK}]}


@pytest.mark.parametrize("reference", ["env:API", "file:/run/secrets/x"])
def test_references_to_secrets_are_hidden_under_any_name(reference: str) -> None:
    """Where a key is kept is nobody's business either."""
    assert masked({"login": reference, "all": [reference]}) == {"login": MASK, "all": [MASK]}


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_tokens", 5), ("monkey", "see"), ("keyboard", "us"), ("url", "https://x"), ("token", None), ("keys", 3)],
)
def test_what_is_no_secret_stays_to_be_seen(name: str, value: object) -> None:
    """A trace that hides everything would help nobody."""
    assert masked({name: value}) == {name: value}


def test_an_object_is_shown_as_its_kind() -> None:
    """The text of an object may hold anything, secrets included."""
    assert masked({"made": object(), "set": {1}}) == {"made": "<object>", "set": [1]}
