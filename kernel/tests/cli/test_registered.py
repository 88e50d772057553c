"""Tests of programs that are named in the configuration."""

from typing import Any


def test_a_registered_name_is_the_program_it_stands_for(project: Any) -> None:
    """`[programs]` gives a program a name, also for the declaration of a saved file."""
    (project.folder / "elixirml.toml").write_text('[programs]\nsorting = "topic.py:Classify"\n')
    said = project.say("show", "sorting", "--space")
    assert said.code == 0, said.err
    assert "reply.instruction" in said.out


def test_an_unknown_name_is_told_with_the_nearest(project: Any) -> None:
    """A misspelt name is neither a module nor registered, and the nearest registered one is suggested."""
    (project.folder / "elixirml.toml").write_text('[programs]\nsorting = "topic.py:Classify"\n')
    said = project.say("show", "sortin", "--space")
    assert said.code == 2
    assert "Did you mean `sorting`?" in said.err
