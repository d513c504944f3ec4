"""How the maintenance log is told: the answer in one line, then its groups or the orders themselves."""

from __future__ import annotations

from typing import Final

from agent.answers.voice import Row, Voice
from agent.evidence import ToolResult

MAX_GROUPS: Final = 12
MAX_ORDERS: Final = 8
MAX_EARLIER: Final = 4
_STATS: Final = {
    "hours": ("labour", "ชั่วโมงแรงงาน"), "cost": ("cost", "ค่าใช้จ่าย"), "mttr": ("mean time to repair", "เวลาซ่อมเฉลี่ย"),
    "repeat": ("repeats", "เสียซ้ำ"),
}  # fmt: skip


def tell_worklog(voice: Voice, found: ToolResult) -> None:
    """When it was last done, or the number asked for; then groups or orders, newest first."""
    facts = found.facts
    if not facts["total"].value:
        _tell_none(voice, found)
        return
    rows = found.rows
    if "last" in facts:
        _tell_last(voice, found)
        rows = rows[1 : 1 + MAX_EARLIER]
        if rows:
            voice.say("Before that:", "ก่อนหน้านั้น:")
    else:
        _tell_lead(voice, found)
    cite = voice.cite(facts["total"].evidence)
    for row in facts.get("groups", ())[:MAX_GROUPS]:
        voice.lines.append(f"- {row['group']}: **{voice.show(row['value'])}** {cite}")
    voice.lines.extend(f"- {_order(voice, row, facts['of'])}" for row in rows[:MAX_ORDERS])


def _tell_none(voice: Voice, found: ToolResult) -> None:
    facts, cite = found.facts, voice.cite(found.facts["total"].evidence)
    of = ", ".join(voice.name(id) for id in facts["of"])
    text = f" “{facts['text']}”" if facts["text"] else ""
    span = _span(voice, found)
    voice.say(
        f"The maintenance log has nothing{f' on {of}' if of else ''}{text}{span} {cite}.",
        f"บันทึกซ่อมไม่มีรายการ{f' {of}' if of else ''}{text}{span} {cite}",
    )


def _tell_lead(voice: Voice, found: ToolResult) -> None:
    facts = found.facts
    of = ", ".join(voice.name(id) for id in facts["of"]) or voice.pick("Maintenance log", "บันทึกซ่อม")
    lead = f"{of}{_span(voice, found)}: **{voice.show(facts['total'])}**"
    if "value" in facts and facts["stat"] in _STATS:
        lead += f", {voice.pick(*_STATS[facts['stat']])} **{voice.show(facts['value'])}**"
    shown = voice.show(facts["open"])
    lead += voice.pick(f", {shown} still open", f" ยังไม่ปิด {shown}")
    voice.lines.append(f"{lead} {voice.cite(facts['total'].evidence)}.")


def _tell_last(voice: Voice, found: ToolResult) -> None:
    """The newest order of the kind asked for, how long ago, and whether that is late."""
    last = found.facts["last"]
    day, ago, cite = voice.day(last["at"]), voice.show(last["ago"]), voice.cite(last["evidence"])
    did = f": {last['action']}" if last["action"] else ""
    by = f", {last['by']}" if last["by"] else ""
    line = voice.pick(
        f"{last['equip']} {last['description']} last done **{day}** ({last['number']}{by}), {ago} ago{did} {cite}.",
        f"{last['equip']} {last['description']} ล่าสุด **{day}** ({last['number']}{by}) {ago}ก่อน{did} {cite}",
    )
    if last["every"].value is not None:
        every = voice.show(last["every"])
        line += voice.pick(f" Done every {every} until then", f" ก่อนหน้านั้นทำทุก {every}")
        line += voice.pick(
            ": **overdue**." if last["late"] else ".", " **เลยกำหนดแล้ว**" if last["late"] else ""
        )
    voice.lines.append(line)


def _order(voice: Voice, row: Row, of: list[str]) -> str:
    """Day of the work, what, why, what was done, number, by whom."""
    day = voice.day(row["closed"] or row["opened"])
    state = "" if row["closed"] else voice.pick(", still open", " ยังไม่ปิด")
    place = "" if [row["equip"]] == of else f" {row['equip']}"
    parts = [part for part in (row["description"], row["cause"], row["action"]) if part]
    by = f", {row['by']}" if row["by"] else ""
    cite = voice.cite(row["evidence"])
    return f"{day},{place} {'; '.join(parts)} ({row['number']}{by}{state}) {cite}"


def _span(voice: Voice, found: ToolResult) -> str:
    start, end = found.facts["start"], found.facts["end"]
    return "" if start is None else f", {voice.span(start, end or voice.now)}"
