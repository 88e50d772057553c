import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from elixirml.errors import ConfigError
from elixirml.plugins.requirements import Requirement, satisfied

releases = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(releases, st.sampled_from(["==", "!=", "<=", ">=", "<", ">"]), releases)
def test_release_numbers_compare_as_the_standard_says(version: str, operator: str, bound: str) -> None:
    """Wherever an answer is given, it is the one of the `packaging` library."""
    specifier = f"{operator}{bound}"
    assert satisfied(version, specifier) is SpecifierSet(specifier).contains(version)


@given(releases, releases.filter(lambda bound: "." in bound))
def test_compatible_releases_are_as_the_standard_says(version: str, bound: str) -> None:
    """`~=` fixes all numbers but the last."""
    assert satisfied(version, f"~={bound}") is SpecifierSet(f"~={bound}").contains(version)


@pytest.mark.parametrize(
    ("version", "specifier"), [("1.0rc1", ">=1"), ("1.0", "==1.*"), ("weird", ">=1"), ("1", "@file:///x")]
)
def test_what_cannot_be_told_is_not_guessed(version: str, specifier: str) -> None:
    """Pre-releases, wildcards and addresses are answered with None."""
    assert satisfied(version, specifier) is None


def test_one_clause_that_fails_decides() -> None:
    """No doubt about one clause makes up for another that fails."""
    assert satisfied("1.0", ">=2,==1.*") is False
    assert satisfied("1.0", "") is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("elixirml", Requirement("elixirml")),
        (" a-b_c.d[x, y] (>=1, <2) ", Requirement("a-b_c.d", ">=1,<2", extras=("x", "y"))),
        ('six ; python_version < "3"', Requirement("six", "", 'python_version < "3"')),
        ("six @ https://host/six.whl", Requirement("six", "@https://host/six.whl")),
    ],
)
def test_requirements_are_taken_apart(text: str, expected: Requirement) -> None:
    """Name, versions and marker, in the forms found in metadata."""
    assert Requirement.parse(text) == expected


@pytest.mark.parametrize("text", ["", "-x", ">=1", "a b"])
def test_what_is_no_requirement_is_refused(text: str) -> None:
    """A misspelt `require` entry is reported as such."""
    with pytest.raises(ConfigError, match="is not a requirement"):
        Requirement.parse(text)
