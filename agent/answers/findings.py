"""How findings are told: cause first, then proof, then the next check; the cost last."""

from __future__ import annotations

from typing import Final

from agent.answers.voice import Row, Voice
from agent.evidence import ToolResult
from agent.plan import Intent

MAX_BRIEF: Final = 8
MAX_DEEP: Final = 2
MAX_BESIDE: Final = 4


def tell_faults(voice: Voice, found: ToolResult) -> None:
    """Deep for a question about cause, else one line per finding, the gravest first."""
    rows = found.rows
    if not rows:
        _tell_none(voice, found)
        return
    if voice.plan.intent is Intent.FAULT_CAUSE or len(rows) == 1:
        deep = [row for row in rows[:MAX_DEEP] if row["near"] == rows[0]["near"]]
        for row in deep:
            tell_finding(voice, row)
        _others(voice, rows[len(deep) :])
        return
    total, cases = found.facts["total"], found.facts["cases"]
    cite = voice.cite(total.evidence)
    state = _state(voice, found)
    voice.say(
        f"**{voice.show(cases)}** cases{state}, {voice.show(total)} findings in all {cite}:",
        f"พบ **{voice.show(cases)}** กรณี{state} รวม {voice.show(total)} รายการ {cite}:",
    )
    for row in rows[:MAX_BRIEF]:
        voice.lines.append(f"- {brief(voice, row)}")
    if (cases.value or 0) > MAX_BRIEF:
        voice.say("- and others; ask for an equipment, a floor or a kind.",
                  "- และอื่น ๆ ระบุอุปกรณ์ ชั้น หรือชนิดเพื่อดูเพิ่ม")  # fmt: skip


def _state(voice: Voice, found: ToolResult) -> str:
    if found.facts["state"] == "open":
        return voice.pick(" open", "ที่ยังค้างอยู่")
    return voice.pick(", open and closed", " ทั้งที่ปิดแล้วและยังค้าง")


def _tell_none(voice: Voice, found: ToolResult) -> None:
    of = found.facts["of"]
    english = f" on {', '.join(of)}" if of else ""
    thai = f"ที่ {', '.join(of)}" if of else ""
    cite = voice.cite(found.facts["total"].evidence)
    voice.say(
        f"The rules have nothing open{english} {cite}. That is not proof that nothing is wrong.",
        f"กฎวินิจฉัยไม่พบความผิดปกติที่ค้างอยู่{thai} {cite} แต่ไม่ได้ยืนยันว่าไม่มีอะไรเสีย",
    )


def _others(voice: Voice, rows: tuple[Row, ...]) -> None:
    if rows:
        voice.say("Also open, there or upstream:", "ที่ค้างอยู่ด้วย ที่เดียวกันหรือต้นทาง:")
        voice.lines.extend(f"- {brief(voice, row)}" for row in rows[:MAX_BESIDE])


def tell_finding(voice: Voice, row: Row) -> None:
    """Cause, proof, next check, cost of one finding."""
    cite = voice.cite(row["evidence"])
    causes = row["causes"]
    since = voice.time(row["start"])
    what = named(row)
    if causes:
        best = causes[0]
        voice.say(
            f"**{what}.** Most likely ({voice.show(best['likelihood'])}): {best['says']} {cite}.",
            f"**{what}** สาเหตุที่น่าจะเป็นที่สุด ({voice.show(best['likelihood'])}): {best['says']} {cite}",
        )
    else:
        voice.lines.append(f"**{what}** {cite}.")
    for proof in row["proofs"][:3]:
        voice.say(f"- Proof: {proof['text']} {cite}", f"- หลักฐาน: {proof['text']} {cite}")
    voice.say(
        f"- Since {since} ({voice.show(row['lasted'])})",
        f"- ตั้งแต่ {since} ({voice.show(row['lasted'])})",
    )
    if len(causes) > 1:
        other = causes[1]
        voice.say(f"- Else ({voice.show(other['likelihood'])}): {other['says']}",
                  f"- หรือ ({voice.show(other['likelihood'])}): {other['says']}")  # fmt: skip
    check = row["next_check"] or (causes[0]["check"] if causes else "")
    if check:
        voice.say(f"- Next check: {check}", f"- ตรวจต่อ: {check}")
    _tell_cost(voice, row)


def _tell_cost(voice: Voice, row: Row) -> None:
    parts = [voice.show(row[k]) for k in ("kwh", "cost") if row[k].value is not None]
    if row["comfort_hours"].value is not None:
        hours = voice.show(row["comfort_hours"])
        parts.append(voice.pick(f"{hours} of discomfort", f"ไม่สบาย {hours}"))
    if parts:
        cite = voice.cite(row["evidence"])
        voice.say(
            f"- Cost so far: {', '.join(parts)} {cite}", f"- เสียไปแล้ว: {', '.join(parts)} {cite}"
        )


def named(row: Row) -> str:
    """What a finding says, with its equipment in front where it does not say that itself."""
    says = str(row["says"])
    return says if row["equip"] in says else f"{row['point'] or row['equip']} {says}"


def brief(voice: Voice, row: Row) -> str:
    """One finding in one line."""
    since = voice.time(row["start"])
    text = f"{named(row)} ({voice.word(row['severity'])}, {voice.pick('since', 'ตั้งแต่')} {since}"
    if row["cost"].value is not None:
        text += f", {voice.show(row['cost'])}"
    return f"{text}) {voice.cite(row['evidence'])}"


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


def tell_comfort(voice: Voice, found: ToolResult) -> None:
    """The cause of a complaint, what proves it, how the sisters do, what to check."""
    for row in found.rows:
        if row["causes"]:
            _tell_complaint(voice, row)
        else:
            voice.lines.append(f"{row['says']} {voice.cite(row['evidence'])}")
        if row["confirmed"] is False:
            voice.say("The sensors do not confirm the complaint; measure at the bed or desk before touching anything.",
                      "เซ็นเซอร์ไม่ยืนยันข้อร้องเรียน ควรวัดที่จุดใช้งานจริงก่อนลงมือ")  # fmt: skip


def _tell_complaint(voice: Voice, row: Row) -> None:
    best, *others = row["causes"]
    cite = voice.cite(best["evidence"])
    place = voice.name(row["place"])
    voice.say(
        f"**{place}: {best['says']}** (most likely, {voice.show(best['likelihood'])}; at {voice.name(best['equip'])}) {cite}.",
        f"**{place}: {best['says']}** (น่าจะเป็นที่สุด {voice.show(best['likelihood'])} ที่ {voice.name(best['equip'])}) {cite}",
    )
    for proof in best["proofs"][:4]:
        voice.say(f"- Proof: {proof['text']} {cite}", f"- หลักฐาน: {proof['text']} {cite}")
    whole = voice.cite(row["evidence"])
    if row["confirmed"]:
        when = voice.span(row["start"], row["end"])
        voice.say(f"- Felt {when} {whole}", f"- ช่วงที่เป็น {when} {whole}")
    for sister in row["sisters"]:
        voice.say(f"- Compare: {sister['text']} {whole}", f"- เทียบ: {sister['text']} {whole}")
    for other in others[:2]:
        voice.say(
            f"- Else ({voice.show(other['likelihood'])}): {other['says']} {voice.cite(other['evidence'])}",
            f"- หรือ ({voice.show(other['likelihood'])}): {other['says']} {voice.cite(other['evidence'])}",
        )
    if row["next_check"]:
        voice.say(f"- Next check: {row['next_check']}", f"- ตรวจต่อ: {row['next_check']}")
