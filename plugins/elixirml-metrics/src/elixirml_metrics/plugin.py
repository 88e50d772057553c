"""Hooks of elixirml-metrics. Imports nothing but the kernel's marks: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_metrics"]


@hookimpl
def register_metrics() -> list[Contribution]:
    """Offer the usual metrics of question answering, classification, extraction and summaries, and of cost."""
    return [
        Contribution("exact_match", "elixirml_metrics.exact:ExactMatch", "1 where the value is the expected one"),
        Contribution("squad_em", "elixirml_metrics.squad:SquadExactMatch", "1 where the normalised texts agree"),
        Contribution("squad_f1", "elixirml_metrics.squad:SquadF1", "F1 of the words of the normalised texts"),
        Contribution("f1", "elixirml_metrics.squad:SquadF1", "the same as squad_f1"),
        Contribution("numeric_match", "elixirml_metrics.numeric:NumericMatch", "1 where the numbers are equal"),
        Contribution("set_f1", "elixirml_metrics.items:SetF1", "F1 of the items of two lists, repeats not counted"),
        Contribution("list_f1", "elixirml_metrics.items:ListF1", "F1 of the items of two lists, repeats counted"),
        Contribution("rouge1", "elixirml_metrics.summary:Rouge1", "F1 of shared words"),
        Contribution("rouge2", "elixirml_metrics.summary:Rouge2", "F1 of shared pairs of words"),
        Contribution("rouge_l", "elixirml_metrics.summary:RougeL", "F1 of the longest common subsequence of words"),
        Contribution("latency", "elixirml_metrics.spent:Latency", "seconds spent waiting for models; less is better"),
        Contribution("cost", "elixirml_metrics.spent:Cost", "money spent on models; less is better"),
        Contribution("tokens", "elixirml_metrics.spent:Tokens", "tokens read and written by models; less is better"),
    ]
