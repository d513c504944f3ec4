"""How overrides and data quality are told: what is held or silent now, since when, what to do."""

from __future__ import annotations

from typing import Final

from agent.answers.findings import brief
from agent.answers.voice import Row, Voice
from agent.evidence import ToolResult

MAX_BRIEF: Final = 8


def tell_overrides(voice: Voice, found: ToolResult) -> None:
    """What is held, and what a hand switch holds without the BMS knowing."""
    facts = found.facts
    cite = voice.cite(facts["total"].evidence)
    ids = {row["id"] for row in facts["findings"]}
    of_point = {row["point"]: row for row in facts["findings"] if row["listed"]}
    hidden = [row for row in facts["findings"] if not row["listed"] and row["parent"] not in ids]
    if not found.rows and not hidden:
        of = ", ".join(voice.name(id) for id in facts["of"])
        voice.say(f"Nothing{f' on {of}' if of else ''} is in hand now {cite}.",
                  f"ขณะนี้ไม่มีจุดใด{f'ที่ {of} ' if of else ''}ถูกสั่งค้างด้วยมือ {cite}")  # fmt: skip
        return
    if found.rows:
        count = voice.show(facts["total"])
        voice.say(f"**{count}** held by hand now {cite}:", f"ถูกสั่งค้างด้วยมือ **{count}** จุด {cite}:")
    for row in found.rows[:MAX_BRIEF]:
        voice.lines.append(f"- {_held(voice, row, of_point.get(row['point']))}")
    if hidden:
        voice.say(
            "Not shown as overridden, but not under control either:",
            "ไม่แสดงเป็น override แต่ไม่อยู่ในการควบคุม:",
        )
        voice.lines.extend(f"- {brief(voice, row)}" for row in hidden[:MAX_BRIEF])
    known = next(iter(of_point.values()), None) or hidden[0] if of_point or hidden else None
    check = known["next_check"] if known else "ask who set it and why, then release it to automatic"
    voice.say(f"Next check: {check}.", "ตรวจต่อ: ถามว่าใครสั่งและเพราะอะไร แล้วปล่อยกลับเป็นอัตโนมัติ")


def _held(voice: Voice, row: Row, finding: Row | None) -> str:
    """The point, its value and slot, since when, at what cost."""
    role = row["point"].rpartition(".")[2]
    level = voice.show(row["level"]) if row["level"].value is not None else ""
    text = f"{row['equip']} {voice.quantity(role)}: **{voice.show(row['value'])}**"
    if level:
        text += voice.pick(f", priority {level}", f" priority {level}")
    if not row["since"]:
        return text + voice.pick(", since before its history begins", " ตั้งแต่ก่อนประวัติที่มี")
    since = voice.time(row["since"])
    text += voice.pick(f", since {since}", f" ตั้งแต่ {since}")
    if finding is not None:
        text += f" ({voice.show(finding['lasted'])})"
        if finding["cost"].value:
            cost = voice.show(finding["cost"])
            text += voice.pick(f", {cost} so far", f" เสียไปแล้ว {cost}")
        text += f" {voice.cite(finding['evidence'])}"
    return text


def tell_quality(voice: Voice, found: ToolResult) -> None:
    """Silent and stale equipment, then sensors that speak and lie."""
    facts = found.facts
    cite = voice.cite(facts["bad"].evidence)
    voice.say(
        f"**{voice.show(facts['bad'])}** of {voice.show(facts['points'])} are silent or stale now {cite}.",
        f"**{voice.show(facts['bad'])}** จาก {voice.show(facts['points'])} เงียบหรือค้างอยู่ขณะนี้ {cite}",
    )
    for row in found.rows[:MAX_BRIEF]:
        last = (
            voice.pick(f", last heard {voice.time(row['last'])} ({voice.show(row['silent_for'])} ago)",
                       f" ได้ยินล่าสุด {voice.time(row['last'])} ({voice.show(row['silent_for'])} ก่อน)")
            if row["last"] else voice.pick(", never heard", " ไม่เคยส่งค่า")
        )  # fmt: skip
        voice.lines.append(
            f"- {row['equip']}: {voice.show(row['count'])} {voice.word(row['state'])}{last}"
        )
    told = {row["equip"] for row in found.rows[:MAX_BRIEF]}
    lying = [row for row in facts["findings"] if row["point"] or row["equip"] not in told]
    if lying:
        voice.say("Sensors not to be trusted:", "เซ็นเซอร์ที่เชื่อไม่ได้:")
        voice.lines.extend(f"- {brief(voice, row)}" for row in lying[:MAX_BRIEF])
