"""Hooks of elixirml-adapters. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_adapters"]


@hookimpl
def register_adapters() -> list[Contribution]:
    """Offer the adapters `sections`, `json`, `xml`, `choice`, `tools` and `two_step`."""
    return [
        Contribution("sections", "elixirml_adapters.sections:SectionsAdapter", "every field under a header"),
        Contribution("json", "elixirml_adapters.json_format:JsonAdapter", "one JSON object a reply"),
        Contribution("xml", "elixirml_adapters.xml_format:XmlAdapter", "every field an element"),
        Contribution("choice", "elixirml_adapters.choice:ChoiceAdapter", "one of a list of texts, also by likelihood"),
        Contribution("tools", "elixirml_adapters.tools_format:ToolsAdapter", "one native tool call a reply"),
        Contribution("two_step", "elixirml_adapters.two_step:TwoStepAdapter", "free words, then a call for the fields"),
    ]
