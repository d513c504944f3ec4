"""How values, comparisons, rankings and totals are told: the number, its time, what it compares to."""

from __future__ import annotations

import datetime as dt
from typing import Final

from agent.answers.findings import named
from agent.answers.voice import Row, Voice
from agent.evidence import ToolResult
from agent.figures import signed
from agent.tools.history import STALE
from ontology.defs import ROLE

MAX_ROWS: Final = 10
_AT_WORK: Final = ("efficiency", "delta-t", "condenser-approach", "evaporator-approach")
_TOTALS: Final = ("energy-use", "energy-cost", "cooling-energy", "runtime", "starts")
_SIGNS: Final = {">": ("above", "สูงกว่า"), ">=": ("at or above", "ตั้งแต่"), "<": ("below", "ต่ำกว่า"),
                 "<=": ("at or below", "ไม่เกิน"), "==": ("equal to", "เท่ากับ")}  # fmt: skip


def tell_history(voice: Voice, found: ToolResult) -> None:
    """One line for one entity; a lead and a list for several."""
    facts = found.facts
    if facts.get("condition") and facts["stat"] in ("count", "list", "latest"):
        _tell_matching(voice, found)
    elif len(found.rows) == 1 and not found.facts.get("more"):
        _tell_one(voice, found, found.rows[0])
    else:
        _tell_many(voice, found)
    _tell_beside(voice, found)


def _tell_beside(voice: Voice, found: ToolResult) -> None:
    """What a fault wastes there, since it began, and which sensor is not to be believed."""
    facts = found.facts
    for row in facts.get("wasting", ()):
        cite, since = voice.cite(row["evidence"]), voice.time(row["start"])
        spent = f"**{voice.show(row['kwh'])}**"
        if row["cost"].value is not None:
            spent += f" ({voice.show(row['cost'])})"
        voice.say(f"Wasted there by an open fault ({named(voice, row)}) since {since}: {spent} {cite}.",
                  f"เสียเปล่าเพราะความผิดปกติที่ค้างอยู่ ({named(voice, row)}) ตั้งแต่ {since}: {spent} {cite}")  # fmt: skip
    for doubt in facts.get("doubts", ()):
        voice.say(
            f"Careful, {doubt['point']} is in doubt: {doubt['says']} {voice.cite(doubt['evidence'])}.",
            f"ระวัง {doubt['point']} น่าสงสัย: {doubt['says']} {voice.cite(doubt['evidence'])}",
        )


def _when(voice: Voice, found: ToolResult) -> str:
    if "start" not in found.facts:
        return voice.word("now")
    return voice.span(found.facts["start"], found.facts["end"])


def _what(voice: Voice, found: ToolResult) -> str:
    stat = found.facts["stat"]
    name = voice.quantity(found.facts["quantity"])
    role = ROLE.get(found.facts["quantity"])
    if role is not None and role.is_bool and stat in ("mean", "trend"):
        return voice.pick(f"{name} on, share of the time", f"{name} สัดส่วนเวลาที่เดิน")
    if found.facts["quantity"] in _TOTALS or stat in ("latest", "list", "count"):
        return name
    if stat == "sum":
        return voice.pick(f"{name}, summed", f"{name} รวม")
    if stat == "duration":
        return _condition(voice, found)
    return f"{voice.word('mean' if stat == 'trend' else stat)} {name}"


def _condition(voice: Voice, found: ToolResult) -> str:
    name = voice.quantity(found.facts["quantity"])
    condition = found.facts.get("condition")
    if not condition:
        return voice.pick(f"{name} on", f"{name} เดิน")
    english, thai = _SIGNS[condition["op"]]
    return f"{name} {voice.pick(english, thai)} {voice.show(condition['limit'])}"


def _tell_one(voice: Voice, found: ToolResult, row: Row) -> None:
    value = row["value"]
    cite = voice.cite(value.evidence)
    what = f"{voice.name(row['id'])} {_what(voice, found)}"
    if value.value is None:
        _tell_nothing(voice, found, row, what, cite)
        return
    if "start" not in found.facts:
        _tell_now(voice, found, row, what)
        return
    line = f"{what}, {_when(voice, found)}: {voice.bold(value)}"
    if row["at"] is not None:
        line += voice.pick(f" at {voice.time(row['at'])}", f" เวลา {voice.time(row['at'])}")
    line += _priced(voice, found, row)
    if "before" in row:
        line += _change(voice, found, row)
    elif "min" in row and row["min"].value is not None:
        line += voice.pick(
            f" (from {voice.show(row['min'])} to {voice.show(row['max'])})",
            f" (ตั้งแต่ {voice.show(row['min'])} ถึง {voice.show(row['max'])})",
        )
        if found.facts["stat"] == "trend" and row["slope"].value is not None:
            line += voice.pick(f", {signed(row['slope'])} a day", f", {signed(row['slope'])} ต่อวัน")
    voice.lines.append(f"{line} {cite}.")
    if row["coverage"] < 0.9:
        voice.say("Parts of this range are silent; they are left out, not counted as zero.",
                  "บางช่วงไม่มีข้อมูล: ไม่ได้นำมาคิด และไม่ได้นับเป็นศูนย์")  # fmt: skip


def _priced(voice: Voice, found: ToolResult, row: Row) -> str:
    """The other side of energy and money, with the tariff; what part of the building's it is."""
    other = found.facts.get("kwh" if found.facts["quantity"] == "energy-cost" else "cost")
    if not other or row["id"] not in other:
        return ""
    shown, tariff = voice.show(other[row["id"]]), voice.show(found.facts["tariff"])
    text = voice.pick(f" ({shown} at {tariff})", f" ({shown} ที่ {tariff})")
    share = found.facts["share"]
    if share is None or share.value is None:
        return text
    part = voice.show(share)
    return text + voice.pick(f", {part} of the whole building", f" เป็น {part} ของทั้งอาคาร")


def _tell_nothing(voice: Voice, found: ToolResult, row: Row, what: str, cite: str) -> None:
    points = ", ".join(row["points"])
    off = found.facts["quantity"] in _AT_WORK
    voice.say(
        f"{what}, {_when(voice, found)}: **no data** from {points} {cite}"
        + ("; it has one only while it works." if off else "."),
        f"{what}, {_when(voice, found)}: **ไม่มีข้อมูล** จาก {points} {cite}"
        + (" (มีค่าเฉพาะตอนทำความเย็น)" if off else ""),
    )


def _tell_now(voice: Voice, found: ToolResult, row: Row, what: str) -> None:
    value, at = row["value"], row["at"]
    cite = voice.cite(value.evidence)
    if at is not None and voice.now - at > STALE:
        voice.say(
            f"{what}: last value {voice.bold(value)} at {voice.time(at)}, silent since; that is not now {cite}.",
            f"{what}: ค่าล่าสุด {voice.bold(value)} เมื่อ {voice.time(at)} หลังจากนั้นเงียบไป ไม่ใช่ค่าปัจจุบัน {cite}",
        )
        return
    clock = voice.pick(f" at {voice.time(at)}", f" เวลา {voice.time(at)}") if at else ""
    held = _in_hand(voice, found, row) if row["status"] == "overridden" else ""
    voice.lines.append(f"{what}: {voice.bold(value)}{clock}{held} {cite}.")


def _in_hand(voice: Voice, found: ToolResult, row: Row) -> str:
    """That a point is held, and since when where a finding knows it."""
    held = voice.pick(", held by hand", ", ถูกสั่งค้างด้วยมือ")
    known = found.facts["held"].get(row["id"])
    if known is None:
        return held
    since, lasted = voice.time(known["start"]), voice.show(known["lasted"])
    cite = voice.cite(known["evidence"])
    return held + voice.pick(f" since {since} ({lasted}) {cite}", f"ตั้งแต่ {since} ({lasted}) {cite}")


def _change(voice: Voice, found: ToolResult, row: Row) -> str:
    earlier = voice.span(found.facts["compare_start"], found.facts["compare_end"])
    if row["before"].value is None:
        return voice.pick(
            f"; no data for {earlier} to compare with", f"; ไม่มีข้อมูลของ {earlier} ให้เทียบ"
        )
    share = f" ({signed(row['change_pct'])})" if row["change_pct"].value is not None else ""
    change = f"{signed(row['change'])}{share}"
    return voice.pick(f", {change} against {voice.show(row['before'])} in {earlier}",
                      f", {change} เทียบกับ {voice.show(row['before'])} ช่วง {earlier}")  # fmt: skip


def _tell_many(voice: Voice, found: ToolResult) -> None:
    facts = found.facts
    what, when = _what(voice, found), _when(voice, found)
    rank = facts.get("rank")
    lead = f"{voice.word(rank)} {what}" if rank else what
    line = f"{lead[:1].upper()}{lead[1:]}, {when}"
    key = next((k for k in ("total", "mean") if k in facts), None)
    if "apart" in facts and not rank:
        apart = voice.show(facts["apart"])
        line += voice.pick(f"; {apart} apart", f"; ต่างกัน {apart}")
    elif (key and facts["entities"].value != len(found.rows)) or (key and not rank):
        told = voice.pick(
            "together" if key == "total" else "on average", "รวม" if key == "total" else "เฉลี่ย"
        )
        line += voice.pick(
            f"; {voice.show(facts[key])} {told} over {voice.show(facts['entities'])}",
            f"; {told} {voice.show(facts[key])} จาก {voice.show(facts['entities'])} รายการ",
        )  # fmt: skip
    cite = voice.cite(facts["entities"].evidence)
    voice.lines.append(f"{line} {cite}:")
    for row in found.rows[:MAX_ROWS]:
        voice.lines.append(f"- {_item(voice, found, row)}")
    _tell_silent(voice, found)


def _item(voice: Voice, found: ToolResult, row: Row) -> str:
    text = f"{voice.name(row['id'])}: {voice.bold(row['value'])}"
    at: dt.datetime | None = row["at"]
    if at is not None and "start" in found.facts:
        text += voice.pick(f" at {voice.time(at)}", f" เวลา {voice.time(at)}")
    elif at is not None and voice.now - at > STALE:
        text += voice.pick(f", stale since {voice.time(at)}", f", ค่าค้างตั้งแต่ {voice.time(at)}")
    if "before" in row and row["value"].value is not None:
        text += _change(voice, found, row)
    return text


def _tell_matching(voice: Voice, found: ToolResult) -> None:
    facts = found.facts
    cite = voice.cite(facts["matching"].evidence)
    condition = _condition(voice, found)
    if facts["stat"] == "count" and "start" in facts and len(found.rows) == 1:
        voice.say(f"{voice.name(found.rows[0]['id'])} {condition}: {voice.bold(found.rows[0]['value'])}, {_when(voice, found)} {cite}.",
                  f"{voice.name(found.rows[0]['id'])} {condition}: {voice.bold(found.rows[0]['value'])}, {_when(voice, found)} {cite}")  # fmt: skip
        return
    voice.say(
        f"**{voice.show(facts['matching'])}** of {voice.show(facts['entities'])} have {condition}, {_when(voice, found)} {cite}.",
        f"**{voice.show(facts['matching'])}** จาก {voice.show(facts['entities'])} มี{condition} {_when(voice, found)} {cite}",
    )
    for row in found.rows[:MAX_ROWS]:
        voice.lines.append(f"- {_item(voice, found, row)}")
    _tell_silent(voice, found)


def _tell_silent(voice: Voice, found: ToolResult) -> None:
    silent = found.facts["silent"]
    if silent.value:
        voice.say(f"{voice.show(silent)} gave no data and are not counted.",
                  f"{voice.show(silent)} รายการไม่มีข้อมูล ไม่ได้นับรวม")  # fmt: skip


def tell_sql(voice: Voice, found: ToolResult) -> None:
    """A small table."""
    columns = found.facts["columns"]
    voice.lines.append(
        f"{voice.show(found.facts['total'])} {voice.cite(found.facts['total'].evidence)}:"
    )
    voice.lines.append("")
    voice.lines.append("| " + " | ".join(columns) + " |")
    voice.lines.append("|" + " --- |" * len(columns))
    for row in found.rows[:20]:
        voice.lines.append("| " + " | ".join(_cell(voice, row[c]) for c in columns) + " |")


def _cell(voice: Voice, value: object) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return voice.time(value)
    if value is None:
        return ""
    return voice.show(value) if hasattr(value, "evidence") else str(value).replace("|", "/")  # type: ignore[arg-type]
