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
    hidden = [row for row in facts["findings"] if not row["listed"]]
    if not found.rows and not hidden:
        of = f" {', '.join(facts['of'])}" if facts["of"] else ""
        voice.say(f"Nothing{' on' + of if of else ''} is in hand now {cite}.",
                  f"ขณะนี้ไม่มีจุดใด{'ที่' + of if of else ''}ถูกสั่งค้างด้วยมือ {cite}")  # fmt: skip
        return
    if found.rows:
        voice.say(f"**{voice.show(facts['total'])}** in hand now {cite}:",
                  f"ถูกสั่งค้างด้วยมือ **{voice.show(facts['total'])}** จุด {cite}:")  # fmt: skip
    for row in found.rows[:MAX_BRIEF]:
        voice.lines.append(f"- {_held(voice, row)}")
    for row in hidden[:MAX_BRIEF]:
        voice.lines.append(f"- {brief(voice, row)}")
    voice.say("Next check: ask who set it and why, then release it to automatic.",
              "ตรวจต่อ: ถามว่าใครสั่งและเพราะอะไร แล้วปล่อยกลับเป็นอัตโนมัติ")  # fmt: skip


def _held(voice: Voice, row: Row) -> str:
    level = voice.show(row["level"]) if row["level"].value is not None else ""
    text = f"{row['point']}: **{voice.show(row['value'])}**"
    if level:
        text += voice.pick(f", priority {level}", f" priority {level}")
    if row["since"]:
        return text + voice.pick(
            f", since {voice.time(row['since'])}", f" ตั้งแต่ {voice.time(row['since'])}"
        )
    return text + voice.pick(", since before its history begins", " ตั้งแต่ก่อนประวัติที่มี")


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
        voice.lines.append(f"- {row['equip']}: {voice.show(row['count'])} {row['state']}{last}")
    told = {row["equip"] for row in found.rows[:MAX_BRIEF]}
    lying = [row for row in facts["findings"] if row["point"] or row["equip"] not in told]
    if lying:
        voice.say("Sensors not to be trusted:", "เซ็นเซอร์ที่เชื่อไม่ได้:")
        voice.lines.extend(f"- {brief(voice, row)}" for row in lying[:MAX_BRIEF])
