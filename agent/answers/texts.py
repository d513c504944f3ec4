"""How passages of documents are told: quoted, cited, never obeyed."""

from __future__ import annotations

import re
from typing import Final

from agent.answers.voice import Voice
from agent.evidence import ToolResult
from agent.plan import Intent

MAX_QUOTE: Final = 600
"""Characters: a paragraph is read on a phone, a page is opened."""


def tell_manuals(voice: Voice, found: ToolResult) -> None:
    """The best passage as a quotation, the others as places to look."""
    if not found.rows:
        voice.say(
            "The documents of this building say nothing about it.", "เอกสารของอาคารนี้ไม่ได้กล่าวถึงเรื่องนี้"
        )
        return
    asked = voice.plan.intent is Intent.MANUAL_LOOKUP
    best = found.rows[: 2 if asked else 1]
    for row in best:
        voice.say(
            f"{row['where']} {voice.cite(row['evidence'])} says:",
            f"{row['where']} {voice.cite(row['evidence'])} ระบุว่า:",
        )
        voice.lines.append("")
        voice.lines.extend(f"> {line}" for line in quoted(row["text"]))
        voice.lines.append("")
    rest = found.rows[len(best) :]
    if rest and asked:
        places = "; ".join(f"{row['where']} {voice.cite(row['evidence'])}" for row in rest)
        voice.say(f"See also: {places}.", f"ดูเพิ่ม: {places}")


def quoted(text: str) -> list[str]:
    """The beginning of a passage in whole sentences, without Markdown of its own."""
    if len(text) > MAX_QUOTE:
        ends = [m.end() for m in re.finditer(r"[.;!?](?=\s)|\n", text[:MAX_QUOTE])]
        text = text[: ends[-1] if ends else text[:MAX_QUOTE].rfind(" ")].rstrip() + " ..."
    return [re.sub(r"[<>\[\]!`]", "", line).strip() for line in text.splitlines() if line.strip()]
