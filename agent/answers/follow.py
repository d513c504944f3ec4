"""What a good engineer would ask next."""

from __future__ import annotations

from typing import Final

from agent.answers.voice import Voice
from agent.plan import Intent

_NEXT: Final[dict[Intent, tuple[tuple[str, str], ...]]] = {
    # {of} is the first entity; a row with it is dropped when there is none
    Intent.LIVE_VALUE: (("trend of {of} {what} today", "กราฟ{what} {of} วันนี้"), ("any faults on {of}?", "{of} มีอะไรผิดปกติไหม")),
    Intent.HISTORY_TREND: (("{of} {what} this week vs last week", "{what} {of} สัปดาห์นี้เทียบกับสัปดาห์ที่แล้ว"), ("any faults on {of}?", "{of} มีอะไรผิดปกติไหม")),
    Intent.COMPARE_PERIODS: (("why did {of} change?", "ทำไม {of} เปลี่ยนไป"), ("any faults on {of}?", "{of} มีอะไรผิดปกติไหม")),
    Intent.AGGREGATE: (("trend of {of} {what} today", "กราฟ{what} {of} วันนี้"), ("any faults?", "มีอะไรผิดปกติค้างอยู่บ้าง")),
    Intent.ENERGY_EFFICIENCY: (("which chiller is the least efficient this week?", "สัปดาห์นี้ชิลเลอร์ตัวไหนประสิทธิภาพแย่สุด"), ("which fault costs the most?", "ความผิดปกติไหนเสียเงินมากที่สุด")),
    Intent.FIND_EQUIPMENT: (("what feeds {of}?", "อะไรจ่ายให้ {of}"), ("any faults on {of}?", "{of} มีอะไรผิดปกติไหม")),
    Intent.EXPLAIN_EQUIPMENT: (("any faults on {of}?", "{of} มีอะไรผิดปกติไหม"), ("maintenance history of {of}", "ประวัติซ่อม {of}")),
    Intent.FAULTS_OPEN: (("which fault costs the most?", "ความผิดปกติไหนเสียเงินมากที่สุด"), ("what is overridden now?", "มีจุดไหน override อยู่บ้าง")),
    Intent.FAULT_CAUSE: (("what does the manual say about it on {of}?", "คู่มือ {of} ว่าอย่างไร"), ("maintenance history of {of}", "ประวัติซ่อม {of}")),
    Intent.OVERRIDE_STATUS: (("any faults?", "มีอะไรผิดปกติค้างอยู่บ้าง"),),
    Intent.COMFORT_COMPLAINT: (("temperature trend of {of} this week", "กราฟอุณหภูมิ {of} สัปดาห์นี้"), ("what feeds {of}?", "อะไรจ่ายให้ {of}")),
    Intent.DATA_QUALITY: (("any faults?", "มีอะไรผิดปกติค้างอยู่บ้าง"),),
    Intent.MANUAL_LOOKUP: (("maintenance history of {of}", "ประวัติซ่อม {of}"), ("any faults on {of}?", "{of} มีอะไรผิดปกติไหม")),
    Intent.WORKLOG_STATS: (("any faults on {of}?", "{of} มีอะไรผิดปกติไหม"), ("any faults?", "มีอะไรผิดปกติค้างอยู่บ้าง")),
    Intent.REPORT_REQUEST: (("which fault costs the most?", "ความผิดปกติไหนเสียเงินมากที่สุด"), ("what is overridden now?", "มีจุดไหน override อยู่บ้าง")),
    Intent.WRITE_REQUEST: (("what is overridden now?", "มีจุดไหน override อยู่บ้าง"),),
    Intent.OUT_OF_SCOPE: (("any faults?", "มีอะไรผิดปกติค้างอยู่บ้าง"), ("how is the plant doing?", "ระบบน้ำเย็นเป็นอย่างไรบ้าง")),
}  # fmt: skip


def follow_ups(voice: Voice) -> tuple[str, ...]:
    """Up to three questions in the language of the conversation."""
    known = [id for id in voice.plan.entities if id in voice.building]
    of = voice.name(known[0]) if known else ""
    what = voice.quantity(voice.plan.quantity) if voice.plan.quantity else ""
    rows = [voice.pick(english, thai) for english, thai in _NEXT.get(voice.plan.intent, ())]
    usable = [row for row in rows if (of or "{of}" not in row) and (what or "{what}" not in row)]
    return tuple(row.format(of=of, what=what) for row in usable[:3])
