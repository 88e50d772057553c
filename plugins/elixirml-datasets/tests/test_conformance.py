"""The formats keep what the kernel's suites ask of every dataset, and the hook module what they ask of every plugin."""

from elixirml.contracts import DatasetSource
from elixirml.testing.conformance import DatasetConformance, PluginConformance, Sample
from elixirml_datasets.csv_table import CsvTable
from elixirml_datasets.json_list import JsonList
from elixirml_datasets.jsonl import JsonLines


class TestJsonLines(DatasetConformance):
    """The format `jsonl`."""

    def subject(self) -> DatasetSource:
        return JsonLines()


class TestJsonList(DatasetConformance):
    """The format `json`."""

    def subject(self) -> DatasetSource:
        return JsonList()


class TestCsvTable(DatasetConformance):
    """The format `csv`."""

    def subject(self) -> DatasetSource:
        return CsvTable()


class TestTabs(TestCsvTable):
    """The format `csv`, of files with tabs."""

    def good(self) -> Sample:
        return Sample("rows.tsv", "text\tn\none\t1\ntwo\t2\n")

    def bad(self) -> Sample:
        return Sample("rows.tsv", "text\tn\none\n", bad_line=2)


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_datasets.plugin"
