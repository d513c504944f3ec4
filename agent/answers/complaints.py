"""How a complaint is told: the room now, the cause, its proof, who else suffers, past work, what to check."""

from __future__ import annotations

from typing import Final

from agent.answers.findings import (
    cause_says,
    check_says,
    how_sure,
    named,
    tell_check,
    tell_with_it,
    tell_work,
)
from agent.answers.proofs import healthy_sister, measured
from agent.answers.voice import Row, Voice
from agent.answers.words import THAI
from agent.evidence import ToolResult

_FELT: Final = {
    "hot": ("too warm", "ร้อนเกิน"), "cold": ("too cold", "เย็นเกิน"), "humid": ("too humid", "ชื้นเกิน"),
    "stuffy": ("stuffy", "อากาศอับ"), "noise": ("noisy", "มีเสียงดัง"), "smell": ("smelly", "มีกลิ่น"),
}  # fmt: skip
_ADJECTIVE: Final = {"hot": "hot", "cold": "cold", "humid": "humid", "stuffy": "stuffy"}
_RUNGS: Final = {
    "sensor": ("sensor", "เซ็นเซอร์"), "setpoint": ("setpoint", "ค่าตั้ง"), "terminal": ("own unit", "เครื่องในห้อง"),
    "air": ("supply air", "ลมจ่าย"), "water": ("water pressure", "ความดันน้ำ"), "plant": ("plant water", "น้ำเย็นจากแพลนต์"),
    "load": ("door/sun/people", "ประตู แดด และคน"),
}  # fmt: skip
MAX_PROOFS: Final = 3


def tell_comfort(voice: Voice, found: ToolResult) -> None:
    """One place after the other."""
    for row in found.rows:
        voice.lines.append(_state(voice, row))
        if row["causes"]:
            _tell_cause(voice, row)
        else:
            _tell_sound(voice, row)


def _state(voice: Voice, row: Row) -> str:
    """The room as it is now, and whether the complaint is true."""
    cite = voice.cite(row["now"]["evidence"])
    place, now = voice.name(row["place"]), row["now"]
    parts = [
        voice.show(now[key]) for key in ("temp", "humidity", "co2") if now[key].value is not None
    ]
    felt = voice.pick(*_FELT[row["felt"]])
    if not parts:
        return voice.pick(
            f"Nothing in {place} measures that {cite}.", f"ไม่มีเซ็นเซอร์วัดเรื่องนี้ใน {place} {cite}"
        )
    at = voice.time(now["at"])
    if now["late"]:
        line = voice.pick(
            f"{place} was {parts[0]} at {at}, silent since",
            f"{place} ค่าล่าสุด {parts[0]} เวลา {at} หลังจากนั้นเงียบ",
        )
    else:
        line = voice.pick(f"{place} is {parts[0]} at {at}", f"{place} ขณะนี้ {parts[0]} ({at})")
    line += _against_setpoint(voice, row)
    line += "".join(f", {part}" for part in parts[1:])
    if row["since"] is not None:
        line += voice.pick(
            f"; {felt} since {voice.time(row['since'])}", f" {felt}ตั้งแต่ {voice.time(row['since'])}"
        )
    elif row["confirmed"]:
        when = voice.span(row["start"], row["end"])
        line += voice.pick(
            f"; not {felt} now; it was {when}", f" ขณะนี้ไม่{felt}แล้ว แต่{felt}ช่วง {when}"
        )
    elif row["confirmed"] is None:
        line += voice.pick(
            f"; no sensor here tells whether it is {felt}", f" ไม่มีเซ็นเซอร์บอกได้ว่า{felt}หรือไม่"
        )
    elif row["confirmed"] is False:
        hours = voice.show(now["look_back"])
        line += voice.pick(
            f": not {felt} by its sensors in the last {hours}",
            f" เซ็นเซอร์ไม่พบว่า{felt}ใน {hours} ที่ผ่านมา",
        )
    return f"{line} {cite}" + voice.pick(".", "")


def _against_setpoint(voice: Voice, row: Row) -> str:
    now = row["now"]
    if now["setpoint"].value is None or now["above"].value is None:
        return ""
    setpoint, apart = voice.show(now["setpoint"]), voice.show(now["apart"])
    if abs(now["above"].value) < 0.05:
        return voice.pick(f", as set ({setpoint})", f" ตรงค่าตั้ง {setpoint}")
    side = voice.pick(
        "above" if now["above"].value > 0 else "below",
        "สูงกว่า" if now["above"].value > 0 else "ต่ำกว่า",
    )
    return voice.pick(
        f", {apart} {side} its setpoint {setpoint}", f" {side}ค่าตั้ง {setpoint} อยู่ {apart}"
    )


def _tell_sound(voice: Voice, row: Row) -> None:
    """Nothing is wrong: what was looked at, and what a person can still do."""
    cite = voice.cite(row["evidence"])
    for says in row["cleared"]:
        voice.say(f"- Not the cause: {says} {cite}", f"- ไม่ใช่สาเหตุ: {says} {cite}")
    good = ", ".join(voice.pick(*_RUNGS[step]) for step in row["good"])
    if good:
        voice.say(f"No fault on its way. Checked and in order: {good} {cite}.",
                  f"ไม่พบความผิดปกติต้นทาง ตรวจแล้วปกติ: {good} {cite}")  # fmt: skip
    if voice.language != THAI:
        voice.lines.extend(f"- Proof: {text} {cite}" for text in row["seen"][:MAX_PROOFS])
    for sister in row["sisters"][:1]:
        _tell_sisters(voice, row, [sister])
    if row["confirmed"] is False:
        voice.say("- If the guest insists: measure at the bed or desk with a hand-held before touching anything.",
                  "- หากแขกยังยืนยัน: วัดที่เตียงหรือโต๊ะด้วยเครื่องมือถือก่อนลงมือ")  # fmt: skip


def _tell_cause(voice: Voice, row: Row) -> None:
    best, *others = row["causes"]
    lead = voice.pick("Cause", "สาเหตุ")
    if row["confirmed"] and row["since"] is None and not best["finding"]:
        lead = voice.pick("Cause then", "สาเหตุตอนนั้น")
    if row["confirmed"] is False:
        lead = voice.pick("Not confirmed, but open on its way", "ยังไม่ยืนยัน แต่มีรายการค้างที่ต้นทาง")
    if best["finding"] and best["finding"]["id"] in voice.told:
        says, cite = named(voice, best["finding"]), voice.cite(best["finding"]["evidence"])
        voice.say(f"Same cause: {says} {cite}.", f"สาเหตุเดียวกัน: {says} {cite}")
        return
    if best["finding"]:
        voice.told.add(best["finding"]["id"])
        _tell_finding(voice, row, lead, best["finding"])
    else:
        _tell_seen(voice, row, lead, best)
    for other in others[:2]:
        says = named(voice, other["finding"]) if other["finding"] else other["says"]
        voice.say(f"- Else ({voice.show(other['likelihood'])}): {says} {voice.cite(other['evidence'])}",
                  f"- หรือ ({voice.show(other['likelihood'])}): {says} {voice.cite(other['evidence'])}")  # fmt: skip


def _tell_finding(voice: Voice, row: Row, lead: str, finding: Row) -> None:
    """A cause that the rules have found and weighed."""
    cite, since = voice.cite(finding["evidence"]), voice.time(finding["start"])
    line = f"{lead}: **{named(voice, finding)}**"
    if finding["causes"]:
        line += (
            f"; {how_sure(voice, finding['causes'][0])}: {cause_says(voice, finding['causes'][0])}"
        )
    line += voice.pick(
        f", since {since} ({voice.show(finding['lasted'])})",
        f" ตั้งแต่ {since} ({voice.show(finding['lasted'])})",
    )
    voice.lines.append(f"{line} {cite}" + voice.pick(".", ""))
    proof = measured(voice, finding)
    if proof:
        voice.say(f"- Proof: {proof} {cite}", f"- หลักฐาน: {proof} {cite}")
    sister = healthy_sister(voice, finding)
    if sister:
        voice.say(f"- Compare: {sister}", f"- เทียบ: {sister}")
    if finding["with_it"]["rows"]:
        tell_with_it(voice, finding)
    _tell_ruled_out(voice, row)
    _tell_sisters(voice, row, row["sisters"])
    _tell_calls(voice, row)
    tell_work(voice, finding)
    tell_check(voice, finding)
    if finding["cost"].value:
        day = finding["per_day"]
        daily = (
            voice.pick(f", {voice.show(day)} a day", f", {voice.show(day)} ต่อวัน")
            if day.value
            else ""
        )
        voice.say(
            f"- Cost so far: {voice.show(finding['cost'])}{daily} {cite}",
            f"- เสียไปแล้ว: {voice.show(finding['cost'])}{daily} {cite}",
        )


def _tell_seen(voice: Voice, row: Row, lead: str, best: Row) -> None:
    """A cause that the ladder itself has seen."""
    cite = voice.cite(best["evidence"])
    says = cause_says(voice, best) if voice.language == THAI else best["says"]
    at = (
        ""
        if best["equip"] in says
        else voice.pick(f" (at {voice.name(best['equip'])})", f" (ที่ {voice.name(best['equip'])})")
    )
    sure = how_sure(voice, best)
    voice.lines.append(f"{lead}, {sure}: **{says}**{at} {cite}.")
    proofs = "; ".join(proof["text"] for proof in best["proofs"][:MAX_PROOFS])
    if proofs:
        voice.say(f"- Proof: {proofs} {cite}", f"- หลักฐาน: {proofs} {cite}")
    _tell_ruled_out(voice, row)
    _tell_sisters(voice, row, row["sisters"])
    _tell_calls(voice, row)
    if best["check"]:
        check = check_says(voice, best["check"], best["id"])
        voice.say(f"- Next check: {check}", f"- ตรวจต่อ: {check}")


def _tell_ruled_out(voice: Voice, row: Row) -> None:
    for says in row["cleared"]:
        cite = voice.cite(row["evidence"])
        voice.say(f"- Not the cause: {says} {cite}", f"- ไม่ใช่สาเหตุ: {says} {cite}")
    good = ", ".join(voice.pick(*_RUNGS[step]) for step in row["good"])
    if good:
        cite = voice.cite(row["evidence"])
        voice.say(f"- Ruled out: {good} {cite}", f"- ตัดออกได้: {good} {cite}")


def _tell_sisters(voice: Voice, row: Row, sisters: list[Row]) -> None:
    if not sisters:
        return
    cite = voice.cite(row["evidence"])
    felt = _FELT[row["complaint"]][1]
    english = ", ".join(
        f"{voice.show(s['count'])} of {voice.show(s['whole'])} on {s['point']}" for s in sisters
    )
    thai = ", ".join(
        f"{s['point']} {voice.show(s['count'])} จาก {voice.show(s['whole'])}" for s in sisters
    )
    adjective = _ADJECTIVE.get(row["complaint"], row["complaint"])
    hours = voice.show(row["now"]["look_back"])
    voice.say(
        f"- Rooms {adjective} in the last {hours}: {english} {cite}",
        f"- ห้องที่{felt}ใน {hours} ที่ผ่านมา: {thai} {cite}",
    )


def _tell_calls(voice: Voice, row: Row) -> None:
    calls = row["calls"]
    if calls["count"].value:
        shown, cite = voice.show(calls["count"]), voice.cite(calls["evidence"])
        days = voice.show(calls["days"])
        voice.say(f"- Log: called {shown} about {calls['equip']} in {days} {cite}",
                  f"- บันทึกซ่อม: แจ้งซ่อม {calls['equip']} {shown} ใน {days} {cite}")  # fmt: skip
