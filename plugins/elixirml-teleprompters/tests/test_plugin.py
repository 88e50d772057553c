"""The hook module: what is offered, and that listing it costs nothing."""

from elixirml_teleprompters.plugin import register_teleprompters


def test_three_teleprompters_are_offered() -> None:
    """These are the names users write."""
    assert [one.name for one in register_teleprompters()] == ["auto", "bootstrap_fewshot", "random_search"]


def test_every_target_is_there() -> None:
    """Each contribution resolves to a class whose instances are teleprompters of that name."""
    from importlib import import_module

    for one in register_teleprompters():
        found = getattr(import_module(one.module), one.attribute)()
        assert found.name == one.name
        assert all(callable(getattr(found, part)) for part in ("initialize", "optimize_step", "finalize"))
