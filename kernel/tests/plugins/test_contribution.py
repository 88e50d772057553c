import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts.contribution import Contribution
from elixirml.errors import PluginIncompatible


@pytest.mark.parametrize("name", ["f1", "exact_match", "openai", "mipro-v2", "draft-2020.12", "list_"])
def test_a_name_is_lower_case_with_separators(name: str) -> None:
    """The names users write: letters, digits, `_`, `-`, `.`, a letter first."""
    assert Contribution(name, "package.module:Thing", "does it").name == name


@pytest.mark.parametrize("name", ["", "F1", "1st", "-x", "x-", "x.", "a b", "a/b", "näme", "f1\n", "_x", 7])
def test_another_name_is_refused_with_a_proposal(name: str) -> None:
    """A name that users could not write is found when the plugin is loaded."""
    with pytest.raises(PluginIncompatible, match="not a name") as caught:
        Contribution(name, "package.module:Thing", "does it")
    assert caught.value.code == "contribution-name"
    assert str(caught.value.hint).startswith("Name it `")


@pytest.mark.parametrize(
    "target", ["", "module", ":Thing", "module:", "a..b:C", "a b:C", "m:C:D", "m:C-D", ".m:C", None]
)
def test_a_target_names_a_module_and_an_attribute(target: str) -> None:
    """A reference that can never resolve is refused before anybody asks for it."""
    with pytest.raises(PluginIncompatible, match=r"expected `package\.module:attribute`"):
        Contribution("name", target, "does it")


@pytest.mark.parametrize("summary", ["", "  ", "two\nlines", None])
def test_a_summary_is_one_line(summary: str) -> None:
    """Listings show the summary in one line."""
    with pytest.raises(PluginIncompatible, match="expected one line"):
        Contribution("name", "module:Thing", summary)


def test_a_target_may_reach_into_an_object() -> None:
    """Dots after the colon reach into the attribute."""
    contribution = Contribution("name", "package.module:Outer.inner", "does it")
    assert (contribution.module, contribution.attribute) == ("package.module", "Outer.inner")


def test_options_cannot_be_changed_from_either_side() -> None:
    """A contribution is a record: neither its own mapping nor the caller's reaches into it."""
    mine = {"heavy": True}
    contribution = Contribution("name", "module:Thing", "does it", options=mine)
    mine["heavy"] = False
    assert contribution.options == {"heavy": True}
    with pytest.raises(TypeError):
        contribution.options["heavy"] = False  # type: ignore[index]
    assert hash(contribution) == hash(Contribution("name", "module:Thing", "does it"))


@given(st.text())
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    """No text leads to another error than the one of the contract, and the proposal is itself a name."""
    try:
        Contribution(text, "module:Thing", "does it")
    except PluginIncompatible as error:
        proposal = str(error.hint).split("`")[1]
        assert Contribution(proposal, "module:Thing", "does it").name == proposal
