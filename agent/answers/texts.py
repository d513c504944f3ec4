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


def tell_worklog(voice: Voice, found: ToolResult) -> None:
    """The number asked for, its groups, then the work orders themselves."""
    facts = found.facts
    total = facts["total"]
    cite = voice.cite(total.evidence)
    of = f" {', '.join(facts['of'])}" if facts["of"] else ""
    span = _span(voice, found)
    if not total.value:
        voice.say(f"The maintenance log has nothing{' on' + of if of else ''}{span} {cite}.",
                  f"บันทึกซ่อมไม่มีรายการ{of}{span} {cite}")  # fmt: skip
        return
    lead = (
        f"{of.strip() or voice.pick('Maintenance log', 'บันทึกซ่อม')}{span}: **{voice.show(total)}**"
    )
    if "value" in facts and facts["stat"] != "count":
        name = voice.pick(*_STAT_WORDS[facts["stat"]])
        lead += f", {name} **{voice.show(facts['value'])}**"
    voice.lines.append(f"{lead} {cite}.")
    for row in facts.get("groups", ())[:12]:
        voice.lines.append(f"- {row['group']}: **{voice.show(row['value'])}** {cite}")
    for row in found.rows[:8]:
        why = f"; {row['cause']}" if row["cause"] else ""
        did = f"; {row['action']}" if row["action"] else ""
        place = "" if [row["equip"]] == facts["of"] else f" {row['equip']}"
        voice.lines.append(
            f"- {row['number']}, {voice.time(row['opened'])},{place} {row['description']}{why}{did} "
            f"{voice.cite(row['evidence'])}"
        )


_STAT_WORDS: Final = {
    "hours": ("labour", "ชั่วโมงแรงงาน"),
    "cost": ("cost", "ค่าใช้จ่าย"),
    "mttr": ("mean time to repair", "เวลาซ่อมเฉลี่ย"),
    "repeat": ("repeats", "เสียซ้ำ"),
    "list": ("orders", "ใบงาน"),
}


def _span(voice: Voice, found: ToolResult) -> str:
    start, end = found.facts["start"], found.facts["end"]
    if start is None:
        return ""
    return f", {voice.span(start, end or voice.now)}"
