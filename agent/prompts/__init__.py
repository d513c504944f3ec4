"""Prompts as Markdown files beside this one, reviewed like code; `{names}` are filled in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


def prompt(name: str, **values: str) -> str:
    """The prompt with its names filled in; other braces stay as they are."""
    text = _read(name)
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text


@cache
def _read(name: str) -> str:
    return (_HERE / f"{name}.md").read_text(encoding="utf-8").strip()
