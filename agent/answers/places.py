"""How equipment, places and relations are told."""

from __future__ import annotations

from typing import Any, Final

from agent.answers.findings import brief
from agent.answers.ranges import ranged
from agent.answers.voice import Voice, names
from agent.evidence import ToolResult
from agent.tools.history import STALE

MAX_LISTED: Final = 15
_RELATIONS: Final = {
    "feeds": ("feeds", "จ่ายให้"), "fed_by": ("is fed by", "รับจาก"), "upstream": ("depends on", "อาศัย"),
    "contains": ("contains", "ประกอบด้วย"), "located_in": ("is in", "อยู่ใน"), "siblings": ("stands beside", "อยู่ชุดเดียวกับ"),
}  # fmt: skip
_DIRECTIONS: Final = {
    "feeds": ("feeds", "จ่ายให้"), "fed by": ("fed by", "รับจาก"), "contains": ("contains", "ประกอบด้วย"), "in": ("part of", "อยู่ใน"),
}  # fmt: skip

_AIR: Final = (
    "fan-run", "fan-speed", "discharge-air-temp", "discharge-air-temp-sp", "cooling-valve", "return-air-temp",
    "outside-air-temp", "outside-damper", "filter-pressure",
)  # fmt: skip
_ROOM: Final = (
    "zone-air-temp", "zone-air-temp-effective-sp", "zone-air-humidity", "zone-air-co2", "cooling-valve", "fan-run",
    "fan-speed", "discharge-air-temp", "occupied", "window-open",
)  # fmt: skip
_KEY: Final[dict[str, tuple[str, ...]]] = {
    "chiller": ("run", "load", "power", "efficiency", "chilled-water-leaving-temp", "chilled-water-leaving-temp-sp",
                "delta-t", "condenser-approach", "evaporator-approach", "condenser-water-entering-temp"),
    "chilled-water-plant": ("cooling-power", "efficiency", "chilled-water-leaving-temp", "chilled-water-leaving-temp-sp",
                            "delta-t", "chilled-water-pressure", "primary-flow", "secondary-flow", "tower-approach"),
    "ahu": _AIR, "doas": _AIR, "fcu": _ROOM, "room": _ROOM,
}  # fmt: skip


def tell_related(voice: Voice, found: ToolResult) -> None:
    """One line per entity and medium: what feeds it, with what."""
    english, thai = _RELATIONS[found.facts["relation"]]
    for of in found.facts["of"]:
        total = found.facts["totals"][of]
        rows = [row for row in found.rows if row["of"] == of]
        cite = voice.cite(total.evidence)
        verb = voice.pick(english, thai)
        if not rows and voice.found("overview"):
            continue
        if not rows:
            voice.say(f"Nothing is known that {voice.name(of)} {english} {cite}.",
                      f"ไม่มีข้อมูลว่า {voice.name(of)} {thai}อะไร {cite}")  # fmt: skip
            continue
        media: dict[str, list[str]] = {}
        for row in rows:
            media.setdefault(row["medium"], []).append(row["id"])
        parts = [
            f"{ranged(voice, ids, MAX_LISTED)}" + (f" ({voice.word(medium)})" if medium else "")
            for medium, ids in media.items()
        ]
        count = (
            voice.pick(f"**{voice.show(total)}**: ", f"**{voice.show(total)}** รายการ: ")
            if len(rows) > 1 and found.facts["relation"] != "located_in"
            else ""
        )
        voice.lines.append(f"{voice.name(of)} {verb} {count}{'; '.join(parts)} {cite}.")


def tell_way(voice: Voice, found: ToolResult) -> None:
    """Where it is, what feeds it, and step by step the way to the plant."""
    for row in found.rows:
        cite = voice.cite(row["evidence"])
        place = ", ".join(voice.name(id) for id, _ in row["place"])
        voice.lines.append(
            f"**{voice.name(row['id'])}**" + (f": {place}" if place else "") + f" {cite}."
        )
        if row["fed_by"]:
            parts = ", ".join(f"{id} ({voice.word(medium)})" for id, medium in row["fed_by"])
            voice.say(f"Fed by {parts}.", f"รับจาก {parts}")
        if row["feeds"]:
            users, total = names(voice, row["feeds"]), voice.show(row["users"])
            voice.say(f"Feeds **{total}**: {users}.", f"จ่ายให้ **{total}** รายการ: {users}")
        if row["way"]:
            way = ", ".join(_step(voice, step) for step in row["way"])
            voice.say(f"Way to the plant: {way}.", f"เส้นทางถึงระบบน้ำเย็น: {way}")


def _step(voice: Voice, step: dict[str, str]) -> str:
    """ "fed by SCHWP-1 (chilled-water)"."""
    medium = f" ({voice.word(step['medium'])})" if step["medium"] else ""
    return f"{voice.pick(*_DIRECTIONS[step['direction']])} {voice.name(step['id'])}{medium}"


def tell_overview(voice: Voice, found: ToolResult) -> None:
    """What it is, what it depends on, how it does now, what is open."""
    for section in found.facts["sections"]:
        _tell_what(voice, section)
        for row in section["running"]:
            _tell_running(voice, row)
        values = _key_values(section)
        known = [row for row in values if row["value"].value is not None]
        voice.lines.extend(f"- {_value(voice, section, row)}" for row in known)
        blank = [voice.quantity(row["quantity"]) for row in values if row["value"].value is None]
        if blank:
            voice.say(f"- No data: {', '.join(blank)}", f"- ไม่มีข้อมูล: {', '.join(blank)}")
        if not voice.found("faults"):
            _tell_open(voice, section)


def _tell_running(voice: Voice, row: dict[str, Any]) -> None:
    """How many machines of a kind run, and which do not answer."""
    kind = voice.kind(row["kind"])
    kind = kind[:1].upper() + kind[1:]
    on = f": {names(voice, row['on'])}" if row["on"] else ""
    silent = ""
    if row["unknown"]:
        which = ", ".join(row["unknown"])
        silent = voice.pick(f"; status unknown: {which}", f"; ไม่ทราบสถานะ: {which}")
    count, whole, cite = (
        voice.show(row["count"]),
        voice.show(row["of"]),
        voice.cite(row["evidence"]),
    )
    voice.say(
        f"- {kind}: **{count}** of {whole} running{on}{silent} {cite}",
        f"- {kind}: เดิน **{count}** จาก {whole}{on}{silent} {cite}",
    )


def _key_values(section: dict[str, Any]) -> list[dict[str, Any]]:
    """What one looks at first on such a thing; everything where no such list is kept."""
    first = _KEY.get(section["kind"])
    rows: list[dict[str, Any]] = section["values"]
    if first is None:
        return rows
    return sorted(
        (row for row in rows if row["quantity"] in first),
        key=lambda row: first.index(row["quantity"]),
    )


def _tell_what(voice: Voice, section: dict[str, Any]) -> None:
    id, dis = section["id"], section["dis"]
    entity = voice.building.get(id)
    own = (
        entity.is_space or "site" in entity or dis.startswith(id)
    )  # its name says more than its id
    text = f"**{dis}**" if own else f"**{id}** {dis}"
    if section["capacity"].value is not None:
        text += f", {voice.show(section['capacity'])}"
    if section["place"]:
        text += f", {', '.join(section['place'])}"
    voice.lines.append(f"{text} {voice.cite(section['evidence'])}.")
    told = {r.facts["relation"] for r in voice.found("related") if section["id"] in r.facts["of"]}
    if section["suppliers"] and "fed_by" not in told:
        parts = ", ".join(f"{id} ({voice.word(medium)})" for id, medium in section["suppliers"])
        voice.say(f"Fed by {parts}.", f"รับจาก {parts}")
    if section["users"] and "feeds" not in told:
        users = ranged(voice, section["users"])
        voice.say(f"Feeds {users}.", f"จ่ายให้ {users}")


def _value(voice: Voice, section: dict[str, Any], row: dict[str, Any]) -> str:
    whose = "" if row["id"] == section["id"] else f"{voice.name(row['id'])} "
    text = f"{whose}{voice.quantity(row['quantity'])}: {voice.bold(row['value'])}"
    if row["held"]:
        text += voice.pick(", held by hand", ", ถูกสั่งค้างด้วยมือ")
    if row["at"] is not None and voice.now - row["at"] > STALE:
        text += voice.pick(
            f", stale since {voice.time(row['at'])}", f", ค่าค้างตั้งแต่ {voice.time(row['at'])}"
        )
    return f"{text} {voice.cite(row['value'].evidence)}"


def _tell_open(voice: Voice, section: dict[str, Any]) -> None:
    found = section["findings"]
    cite = voice.cite(found["total"].evidence)
    if not found["rows"]:
        voice.say(f"Nothing open there {cite}.", f"ไม่มีรายการค้าง {cite}")
        return
    voice.say(
        f"Open: **{voice.show(found['cases'])}** {cite}",
        f"ที่ค้างอยู่: **{voice.show(found['cases'])}** {cite}",
    )
    voice.lines.extend(f"- {brief(voice, row)}" for row in found["rows"])
