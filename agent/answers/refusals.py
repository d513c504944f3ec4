"""What is answered without tools: writes, other people's instructions, other worlds, open questions."""

from __future__ import annotations

from agent.answers.voice import Voice
from agent.plan import Intent


def tell_write(voice: Voice) -> None:
    """Nothing was written; how a person does it."""
    of = ", ".join(voice.name(id) for id in voice.plan.entities)
    where = voice.pick(f" {of}" if of else " the equipment", f" {of}" if of else "อุปกรณ์")
    what = voice.plan.quantity
    point = f" {voice.quantity(what)}" if what else ""
    voice.say(
        f"Nothing was changed: BMS writes are off here. By hand: open{where} at the BMS workstation, note the"
        f" present value of{point or ' the point'}, command it as operator with a reason in the log, watch the"
        " response, and release it to automatic when done.",
        f"ยังไม่ได้เปลี่ยนอะไร: ที่นี่ปิดการสั่งงาน BMS ไว้ ทำด้วยมือ: เปิด{where} ที่เครื่อง BMS จดค่าปัจจุบันของ{point or 'จุดนั้น'}"
        " สั่งในฐานะผู้ปฏิบัติงานพร้อมบันทึกเหตุผล เฝ้าดูผล แล้วปล่อยกลับเป็นอัตโนมัติเมื่อเสร็จ",
    )
    if of:
        voice.say(f"I can show how {of} does now, and what is in hand there.",
                  f"ผมแสดงค่าปัจจุบันของ {of} และสิ่งที่ถูกสั่งค้างอยู่ได้")  # fmt: skip


def tell_injection(voice: Voice) -> None:
    """Said once, without repeating what was tried."""
    voice.say(
        "That asks me to leave my rules. I only read this building and explain it; nothing was run or changed.",
        "คำขอนี้ให้ผมทำนอกกฎ ผมทำได้เพียงอ่านค่าและอธิบายอาคารนี้ ไม่ได้สั่งหรือเปลี่ยนอะไร",
    )


def tell_out_of_scope(voice: Voice) -> None:
    """What can be asked instead."""
    site = voice.building.site.dis
    voice.say(
        f"That is outside what I know. I answer for {site}: values now and before, energy and efficiency,"
        " faults and their causes, overrides, comfort complaints, manuals and the maintenance log.",
        f"เรื่องนี้อยู่นอกขอบเขต ผมตอบเรื่องของ {site}: ค่าปัจจุบันและย้อนหลัง พลังงานและประสิทธิภาพ"
        " ความผิดปกติและสาเหตุ การสั่งค้าง ข้อร้องเรียนความสบาย คู่มือ และบันทึกซ่อมบำรุง",
    )


def tell_ambiguous(voice: Voice) -> None:
    """The planner's question back, or a plain one."""
    if voice.plan.question_back:
        voice.lines.append(voice.plan.question_back)
        return
    near = ", ".join(voice.plan.entities[:5])
    voice.say(
        f"Which one do you mean: {near}?" if near else "Which equipment or room do you mean?",
        f"หมายถึงตัวไหน: {near}" if near else "หมายถึงอุปกรณ์หรือห้องไหน",
    )


TEMPLATES = {
    Intent.WRITE_REQUEST: tell_write,
    Intent.INJECTION: tell_injection,
    Intent.OUT_OF_SCOPE: tell_out_of_scope,
    Intent.AMBIGUOUS: tell_ambiguous,
}
"""Intents answered before any tool runs."""
