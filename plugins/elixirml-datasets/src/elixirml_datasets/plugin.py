"""Hooks of elixirml-datasets. Imports nothing but the kernel's marks: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_datasets"]


@hookimpl
def register_datasets() -> list[Contribution]:
    """Offer three file formats and one named set."""
    return [
        Contribution("jsonl", "elixirml_datasets.jsonl:JsonLines", "files with one JSON object a line"),
        Contribution("json", "elixirml_datasets.json_list:JsonList", "files with one JSON list of objects"),
        Contribution("csv", "elixirml_datasets.csv_table:CsvTable", "comma- or tab-separated files with a header"),
        Contribution(
            "sentence_source",
            "elixirml_datasets.sentence_source:SentenceSource",
            "900 real sentences to sort by where they come from: tweet, film, product, news (splits: train, test)",
        ),
    ]
