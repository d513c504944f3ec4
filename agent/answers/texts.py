"""How passages of documents are told: quoted, cited, never obeyed."""

from __future__ import annotations

from agent.answers.voice import Voice
from agent.evidence import ToolResult
from agent.plan import Intent


def tell_manuals(voice: Voice, found: ToolResult) -> None:
    """The best section as a quotation, the others as places to look."""
    if not found.rows:
        voice.say(
            "The documents of this building say nothing about it.", "เอกสารของอาคารนี้ไม่ได้กล่าวถึงเรื่องนี้"
        )
        return
    asked = voice.plan.intent is Intent.MANUAL_LOOKUP
    best, *rest = found.rows
    cites = voice.cite(*best["cites"])
    voice.say(f"{best['where']} {cites}:", f"{best['where']} {cites} ระบุว่า:")
    voice.lines.append("")
    voice.lines.extend(f"> {line}" for line in best["quote"])
    voice.lines.append("")
    if rest and asked:
        places = "; ".join(f"{row['where']} {voice.cite(*row['cites'])}" for row in rest)
        voice.say(f"See also: {places}.", f"ดูเพิ่ม: {places}")
