"""What is asked back, in the language of the question: one row per reason."""

from __future__ import annotations

from collections.abc import Sequence

_ROWS: dict[str, tuple[str, str]] = {
    # reason -> English, Thai; {said} is what was typed, {near} the nearest candidates
    "unknown": (
        "There is no {said} here. The nearest are {near}. Which one do you mean?",
        "ที่นี่ไม่มี {said} ที่ใกล้เคียงคือ {near} หมายถึงตัวไหน?",
    ),
    "unknown-bare": (
        "There is no {said} here. Which equipment or room do you mean?",
        "ที่นี่ไม่มี {said} หมายถึงอุปกรณ์หรือห้องไหน?",
    ),
    "several": ("Which one do you mean: {near}?", "หมายถึงตัวไหน: {near}?"),
    "room": (
        "Which room do you mean? Give its number, such as {near}.",
        "หมายถึงห้องไหน? บอกเลขห้อง เช่น {near}",
    ),
    "floor": ("Which floor do you mean, such as {near}?", "หมายถึงชั้นไหน เช่น {near}?"),
    "which-thing": (
        "{what} of what: a room, an air handler, a chiller, the plant or outdoors? For example {near}.",
        "{what} ของอะไร: ห้อง เครื่องส่งลมเย็น ชิลเลอร์ ระบบน้ำเย็น หรือภายนอก? เช่น {near}",
    ),
    "what": (
        "What would you like to know? For example: “CH-2 kW/RT yesterday”, “why is 807 hot”, “any faults”.",
        "อยากทราบอะไร? เช่น “CH-2 kW/RT เมื่อวาน” “ทำไมห้อง 807 ร้อน” “มีอะไรเสียบ้าง”",
    ),
    "future": (
        "That is in the future: I know only what was measured. Which past time do you mean, for example today or last week?",
        "นั่นเป็นเวลาในอนาคต ผมรู้เฉพาะค่าที่วัดแล้ว หมายถึงช่วงเวลาใดที่ผ่านมา เช่น วันนี้ หรือสัปดาห์ที่แล้ว?",
    ),
    "no-such-day": (
        "There is no such day: {said}. Which day do you mean? Write it like 12 Nov or 2026-11-12.",
        "ไม่มีวันที่ {said} หมายถึงวันไหน? เขียนเช่น 12 พ.ย. หรือ 2026-11-12",
    ),
    "no-such-time": (
        "There is no such time: {said}. Write it like 14:00 or 2 pm.",
        "ไม่มีเวลา {said} เขียนเช่น 14:00 หรือ บ่าย 2",
    ),
    "backwards": (
        "That range ends before it starts ({said}). Give the earlier time first: from when to when?",
        "ช่วงเวลานั้นจบก่อนเริ่ม ({said}) กรุณาบอกเวลาที่เริ่มก่อน: ตั้งแต่เมื่อไหร่ถึงเมื่อไหร่?",
    ),
    "empty": (
        "That range holds no time. From when to when?",
        "ช่วงเวลานั้นว่างเปล่า ตั้งแต่เมื่อไหร่ถึงเมื่อไหร่?",
    ),
    "too-old": (
        "That is further back than any history is kept. Which time within the last five years?",
        "นั่นเก่ากว่าข้อมูลที่เก็บไว้ หมายถึงช่วงใดใน 5 ปีที่ผ่านมา?",
    ),
}


def ask_back(
    reason: str, *, thai: bool, said: str = "", near: Sequence[str] = (), what: str = ""
) -> str:
    """The question back. Unknown reasons are a defect and raise KeyError."""
    joiner = " หรือ " if thai else " or "
    names = joiner.join([", ".join(near[:-1]), near[-1]] if len(near) > 1 else near)
    row = _ROWS[reason]
    return row[thai].format(said=f"“{said.strip()}”", near=names, what=what)
