"""Prompt formats for ElixirML programs: sections, json, xml, choice and tools."""
