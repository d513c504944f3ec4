"""How it is told that the building has no such thing, what is near, and what is wrong with a filter."""

from __future__ import annotations

from typing import Final

from agent.answers.voice import Row, Voice
from agent.evidence import ToolResult

MAX_NEAR: Final = 6
_PLACES: Final = frozenset(("room", "floor", "site"))


def tell_vocab(voice: Voice, found: ToolResult) -> None:
    """That there is none, and what there is instead; or how much of it there is."""
    facts = found.facts
    what = voice.pick(*voice.plan.slots.get("noun", (facts["word"], facts["word"])))
    where = ", ".join(voice.name(id) for id in facts["of"]) or voice.building.site.dis
    cite = voice.cite(facts["evidence"])
    if facts["known"]:
        having = voice.show(facts["having"])
        voice.say(f"**{having}** here have {what} {cite}.", f"ที่นี่มี{what} **{having}** รายการ {cite}")
    else:
        voice.say(
            f"No {what} here: there is none in the model of {where} {cite}.",
            f"ที่นี่ไม่มี{what}: ไม่มีข้อมูลเรื่องนี้ของ {where} {cite}",
        )
    named = ", ".join(voice.name(id) for id in facts["named"][:MAX_NEAR])
    if named:
        voice.say(f"So called: {named}.", f"ชื่อนี้: {named}")
    shown = ", ".join(_near(voice, row) for row in _nearest(voice, found))
    if shown and (facts["known"] or facts["near"]):
        voice.say(f"Nearest here: {shown} {cite}.", f"ที่ใกล้เคียงที่สุด: {shown} {cite}")
    elif shown:
        voice.say(f"What there is: {shown} {cite}.", f"สิ่งที่มี: {shown} {cite}")


def _nearest(voice: Voice, found: ToolResult) -> list[Row]:
    """For a thing other things; for a quantity points first, and at one equipment its points alone."""
    sorts = ("roles",) if found.facts["of"] else ("roles", "kinds")
    if voice.plan.slots.get("thing"):
        sorts = ("kinds",)
    rows = [row for sort in sorts for row in found.rows if row["sort"] == sort]
    return [row for row in rows if row["word"] not in _PLACES][:MAX_NEAR]


def _near(voice: Voice, row: Row) -> str:
    name = voice.quantity(row["word"]) if row["sort"] == "roles" else voice.kind(row["word"])
    return f"{name} ({voice.show(row['count'])})" if (row["count"].value or 0) > 1 else name


def tell_validate(voice: Voice, found: ToolResult) -> None:
    """Whether it is a filter, how many match, and what each of its parts leaves."""
    facts, cite = found.facts, voice.cite(found.facts["evidence"])
    if facts["wrong"]:
        voice.say(
            f"That is no filter: {facts['wrong']} {cite}", f"ไม่ใช่ตัวกรอง: {facts['wrong']} {cite}"
        )
        return
    total = voice.show(facts["total"])
    voice.say(
        f"The filter can be read; **{total}** match {cite}.",
        f"ตัวกรองถูกต้อง พบ **{total}** รายการ {cite}",
    )
    if facts["killer"]:
        voice.say(
            f"`{facts['killer']}` leaves nothing over.", f"`{facts['killer']}` ทำให้ไม่เหลืออะไร"
        )
    for row in found.rows:
        alone, so_far = voice.show(row["alone"]), voice.show(row["so_far"])
        voice.say(f"- `{row['text']}`: {alone} alone, {so_far} up to here",
                  f"- `{row['text']}`: ลำพัง {alone} รวมถึงตรงนี้ {so_far}")  # fmt: skip
