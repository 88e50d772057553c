"""Prompt formats for ElixirML programs: sections, json, xml and choice."""
