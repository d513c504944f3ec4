"""How what was found is told: how many, then which; long lists as floors and runs of numbers."""

from __future__ import annotations

from typing import Final

from agent.answers.ranges import ranged
from agent.answers.voice import Voice
from agent.evidence import ToolResult

MAX_LISTED: Final = 15


def tell_shortlist(voice: Voice, found: ToolResult) -> None:
    """How many, then which; rooms by name, equipment with its place, points with their unit and filter."""
    total = found.facts["total"]
    cite = voice.cite(total.evidence)
    if not found.rows:
        voice.say(f"Nothing here matches {', '.join(found.facts['words'])} {cite}.",
                  f"ไม่พบสิ่งที่ตรงกับ {', '.join(found.facts['words'])} {cite}")  # fmt: skip
        _tell_filter(voice, found)
        return
    voice.say(
        f"**{voice.show(total)}** found {cite}:", f"พบ **{voice.show(total)}** รายการ {cite}:"
    )
    ids, kinds = found.facts["ids"], {row["kind"] for row in found.rows}
    whole = found.tool == "find_equip" and len(ids) == total.value and len(kinds) == 1
    if whole and (kinds == {"room"} or len(ids) > MAX_LISTED):
        voice.lines[-1] += f" {ranged(voice, ids)}"
        return
    for row in found.rows[:MAX_LISTED]:
        place = f", {', '.join(row['place'])}" if row["place"] else ""
        dis = f" {row['dis']}" if row["dis"] != row["id"] else ""
        unit = f" ({row['unit']})" if row["unit"] else ""
        voice.lines.append(f"- {row['id']}{':' if dis else ''}{dis}{unit}{place}")
    if len(found.rows) > MAX_LISTED or (total.value or 0) > len(found.rows):
        voice.say("- and others; ask for a floor or a kind to see them.",
                  "- และอื่น ๆ ระบุชั้นหรือชนิดเพื่อดูเพิ่ม")  # fmt: skip
    _tell_filter(voice, found)


def _tell_filter(voice: Voice, found: ToolResult) -> None:
    """The exact filter, so that an engineer can run it again elsewhere; equipment is found by plain words."""
    if found.tool != "find_equip":
        voice.say(f"Filter: `{found.facts['filter']}`", f"ตัวกรอง: `{found.facts['filter']}`")
