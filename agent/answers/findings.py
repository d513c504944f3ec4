"""How findings are told: cause first, then proof, then past work, then the next check; the cost last."""

from __future__ import annotations

from typing import Final

from agent.answers.headlines import HEADLINES, SEVERITIES, THAI_CAUSES, THAI_CHECKS
from agent.answers.proofs import healthy_sister, measured
from agent.answers.voice import Row, Voice
from agent.answers.words import THAI
from agent.evidence import ToolResult
from agent.plan import Intent
from agent.tools.faults import MOST_SURE_PCT, UPSTREAM

MAX_BRIEF: Final = 12
MAX_DEEP: Final = 2
MAX_BESIDE: Final = 4


def tell_faults(voice: Voice, found: ToolResult) -> None:
    """Deep for a question about cause, else one line per case, the gravest first."""
    rows = found.rows
    if not rows and found.facts["began"]:
        _tell_none_began(voice, found)
    elif not rows or rows[0]["near"] == UPSTREAM:
        _tell_none(voice, found)
    if not rows:
        return
    if rows[0]["near"] == UPSTREAM:
        _beside(voice, rows, ("Open upstream of it:", "ที่ค้างอยู่ที่ต้นทาง:"))
    elif "work" in rows[0]:
        deep = [r for r in rows[:MAX_DEEP] if "work" in r and r["near"] == rows[0]["near"]]
        for row in deep[: 1 if rows[0]["own"] else MAX_DEEP]:
            tell_finding(voice, row)
        rest = [r for r in rows[len(deep) :] if r["near"] < UPSTREAM]
        if voice.plan.intent is not Intent.FAULT_CAUSE or len(found.facts["of"]) != 1:
            _beside(voice, rest, ("Also open:", "ที่ค้างอยู่ด้วย:"))
        else:
            _beside(
                voice,
                rest,
                ("Also open inside it or on what it feeds:", "ที่ค้างอยู่ด้วยในเครื่องหรือปลายทาง:"),
            )
    else:
        _tell_list(voice, found)
    _tell_joined(voice, found)


def _tell_list(voice: Voice, found: ToolResult) -> None:
    facts, rows = found.facts, found.rows
    cite = voice.cite(facts["total"].evidence)
    state = voice.pick(" open", "ที่ยังค้างอยู่") if facts["state"] == "open" else ""
    order = {"cost": ("costliest first", "เรียงตามค่าใช้จ่าย")}.get(
        facts["rank"], ("gravest first", "เรียงตามความรุนแรง")
    )
    if facts["began"]:
        state = voice.pick(f" began {_when(voice, found)}", f"เริ่ม{_when(voice, found)}")
    cost = ""
    if facts["cost"].value:
        shown = voice.show(facts["cost"])
        cost = voice.pick(f"; {shown} so far", f" เสียไปแล้ว {shown}")
    voice.say(
        f"**{voice.show(facts['cases'])}**{state}, {order[0]}{cost} {cite}:",
        f"พบ **{voice.show(facts['cases'])}**{state} {order[1]}{cost} {cite}:",
    )
    voice.lines.extend(f"- {brief(voice, row)}" for row in rows[:MAX_BRIEF])
    if (facts["cases"].value or 0) > min(len(rows), MAX_BRIEF):
        voice.say("- and others; ask for an equipment, a floor or a kind.",
                  "- และอื่น ๆ ระบุอุปกรณ์ ชั้น หรือชนิดเพื่อดูเพิ่ม")  # fmt: skip


def _when(voice: Voice, found: ToolResult) -> str:
    facts = found.facts
    return voice.span(facts["start"], facts["end"] or facts["now"]) if facts["start"] else ""


def _tell_none_began(voice: Voice, found: ToolResult) -> None:
    cite, when = voice.cite(found.facts["total"].evidence), _when(voice, found)
    of = ", ".join(voice.name(id) for id in found.facts["of"])
    voice.say(
        f"No fault{f' on {of}' if of else ''} began {when} {cite}.",
        f"{f'{of} ' if of else ''}ไม่มีความผิดปกติที่เริ่ม{when} {cite}",
    )
    _tell_joined(voice, found)


def _tell_joined(voice: Voice, found: ToolResult) -> None:
    """What began then without being a case of its own."""
    joined = found.facts["joined"]
    if joined.value:
        shown = voice.show(joined)
        voice.say(
            f"- Also then, as part of older cases: {shown}",
            f"- เริ่มพร้อมกันแต่เป็นส่วนของเรื่องเดิม: {shown}",
        )


def _tell_none(voice: Voice, found: ToolResult) -> None:
    of = ", ".join(voice.name(id) for id in found.facts["of"])
    cite = voice.cite(found.facts["total"].evidence)
    voice.say(
        f"No open fault{f' on {of}' if of else ''} by the rules {cite}. What no rule watches is not proven sound.",
        f"กฎวินิจฉัยไม่พบความผิดปกติที่ค้างอยู่{f'ที่ {of}' if of else ''} {cite} (สิ่งที่ไม่มีกฎเฝ้าดูยังยืนยันไม่ได้)",
    )


def _beside(voice: Voice, rows: list[Row] | tuple[Row, ...], lead: tuple[str, str]) -> None:
    if rows:
        voice.say(*lead)
        voice.lines.extend(f"- {brief(voice, row)}" for row in rows[:MAX_BESIDE])


def named(voice: Voice, row: Row) -> str:
    """What is wrong with what, without numbers where the rule has a headline, in the asker's language."""
    headline = HEADLINES.get(row["rule"])
    if headline is None:
        says = str(row["says"])
        return says if row["equip"] in says else f"{row['point'] or row['equip']} {says}"
    role = str(row["point"]).rpartition(".")[2]
    what = voice.quantity(role) if role else ""
    return f"{row['equip']} {voice.pick(*headline).format(what=what)}".replace("  ", " ")


def cause_says(voice: Voice, cause: Row) -> str:
    """A cause in the asker's language, its English without the explanation after the colon."""
    english = str(cause["says"]).partition(":")[0]
    return THAI_CAUSES.get(cause["id"], english) if voice.language == THAI else english


def check_says(voice: Voice, check: str, cause: str) -> str:
    """The check of a cause in the asker's language."""
    return THAI_CHECKS.get(cause, check) if voice.language == THAI else check


def severity(voice: Voice, row: Row) -> str:
    """How much it matters, in words."""
    if row["family"] == "sensor":
        return voice.pick("data in doubt", "ข้อมูลเชื่อไม่ได้")
    return voice.pick(*SEVERITIES.get(row["severity"], (row["severity"], row["severity"])))


def how_sure(voice: Voice, cause: Row) -> str:
    """ "most likely", with its share where that tells something; never certainty."""
    words = voice.pick("most likely", "น่าจะเป็นที่สุด")
    if (cause["likelihood"].value or 0) >= MOST_SURE_PCT:
        return words
    return f"{words} ({voice.show(cause['likelihood'])})"


def brief(voice: Voice, row: Row) -> str:
    """One case in one line: what, why in few words, how grave, since when, at what cost."""
    cite = voice.cite(row["evidence"])
    text = f"**{named(voice, row)}**"
    if row["causes"]:
        text += voice.pick("; likely ", " น่าจะเพราะ") + cause_says(voice, row["causes"][0])
    day = voice.day(row["start"])
    parts = [severity(voice, row), voice.pick(f"since {day}", f"ตั้งแต่ {day}")]
    touched = row.get("touches")
    if touched is not None and touched.value:
        shown = voice.show(touched)
        parts.append(voice.pick(f"hits {shown}", f"กระทบ {shown}"))
    if row["cost"].value is not None:
        shown = voice.show(row["cost"])
        parts.append(voice.pick(f"{shown} so far", f"เสียไปแล้ว {shown}"))
    elif row["comfort_hours"].value:
        parts.append(voice.show(row["comfort_hours"]))
    return f"{text} ({', '.join(parts)}) {cite}"


def tell_finding(voice: Voice, row: Row) -> None:
    """All of one case: what and why, then `tell_rest`."""
    cite = voice.cite(row["evidence"])
    since, lasted = voice.time(row["start"]), voice.show(row["lasted"])
    rooms = row.get("own_rooms")
    if rooms is not None and (rooms.value or 0) > 1:
        shown = voice.show(rooms)
        voice.say(f"{shown} there suffer from one cause upstream:", f"{shown}มีอาการจากต้นทางเดียวกัน:")
    else:
        voice.lines.extend(f"{named(voice, one)}." for one in row.get("own", ())[:2])
    line = voice.pick(
        f"**{named(voice, row)}**, since {since} ({lasted}) {cite}.",
        f"**{named(voice, row)}** ตั้งแต่ {since} ({lasted}) {cite}",
    )
    if row["causes"]:
        best = row["causes"][0]
        at = "" if best["equip"] == row["equip"] else f" ({best['equip']})"
        sure = how_sure(voice, best)
        line += voice.pick(f" {sure[:1].upper()}{sure[1:]}: ", f" {sure}: ")
        line += f"{cause_says(voice, best)}{at}" + voice.pick(".", "")
    voice.lines.append(line)
    tell_rest(voice, row)


def tell_rest(voice: Voice, row: Row) -> None:
    """Proof, healthy sister, what goes with it, past work, the other cause, next check, cost."""
    cite = voice.cite(row["evidence"])
    proof = measured(voice, row)
    if proof:
        voice.say(f"- Proof: {proof} {cite}", f"- หลักฐาน: {proof} {cite}")
    sister = healthy_sister(voice, row)
    if sister:
        voice.say(f"- Compare: {sister}", f"- เทียบ: {sister}")
    if "with_it" in row:
        tell_with_it(voice, row)
        tell_work(voice, row)
    if len(row["causes"]) > 1:
        _tell_other_cause(voice, row["causes"][1])
    tell_check(voice, row)
    _tell_cost(voice, row)


def _tell_other_cause(voice: Voice, other: Row) -> None:
    if (other["likelihood"].value or 0) < 5:
        return
    says, share = cause_says(voice, other), voice.show(other["likelihood"])
    voice.say(f"- Else ({share}): {says}", f"- หรือ ({share}): {says}")


def tell_with_it(voice: Voice, row: Row) -> None:
    """Other symptoms of the case, and how many suffer from it."""
    along = row["with_it"]
    best = row["causes"][0] if row["causes"] else None
    told = {one["says"] for one in along["rows"]}
    seen = [
        text for text in (best["proofs"] if best else ()) if text not in told and "%" not in text
    ]
    if voice.language != THAI:
        voice.lines.extend(f"- Seen: {text} {voice.cite(row['evidence'])}" for text in seen[:1])
    for one in along["rows"]:
        says = named(voice, one) if voice.language == THAI else one["says"]
        voice.say(
            f"- Also: {says} {voice.cite(one['evidence'])}",
            f"- และ: {says} {voice.cite(one['evidence'])}",
        )
    if along["equips"].value and not along["rows"]:
        shown, cite = voice.show(along["equips"]), voice.cite(along["evidence"])
        voice.say(
            f"- Effect: {shown} hot or humid with it {cite}",
            f"- ผลกระทบ: {shown}ร้อนหรือชื้นตาม {cite}",
        )


def tell_work(voice: Voice, row: Row) -> None:
    """When the work that prevents it was last done, and whether it is late."""
    work = row["work"]
    if not work:
        return
    cite, day, ago = voice.cite(work["evidence"]), voice.day(work["at"]), voice.show(work["ago"])
    every = ""
    if work["every"].value is not None:
        shown = voice.show(work["every"])
        late = voice.pick(": overdue", " เลยกำหนด") if work["late"] else ""
        every = voice.pick(f", done every {shown} before{late}", f" เดิมทำทุก {shown}{late}")
    elif (work["times"].value or 0) > 1:
        shown = voice.show(work["times"])
        every = voice.pick(f", {shown} in the log", f" ในบันทึกมี {shown}")
    voice.say(
        f"- Log: {work['description']} last {day} ({work['number']}), {ago} ago{every} {cite}",
        f"- บันทึกซ่อม: {work['description']} ล่าสุด {day} ({work['number']}) {ago}ก่อน{every} {cite}",
    )


def tell_check(voice: Voice, row: Row) -> None:
    """What to look at next, with the page that says how."""
    check = (
        row.get("check")
        or row["next_check"]
        or (row["causes"][0]["check"] if row["causes"] else "")
    )
    if not check:
        return
    cause = next((c["id"] for c in row["causes"] if c["check"] == check), row.get("check_of", ""))
    manual = row.get("manual")
    page = f" ({manual['where']} {voice.cite(manual['evidence'])})" if manual else ""
    says = check_says(voice, check, cause)
    voice.say(f"- Next check: {says}{page}", f"- ตรวจต่อ: {says}{page}")


def _tell_cost(voice: Voice, row: Row) -> None:
    parts = [voice.show(row[k]) for k in ("kwh", "cost", "comfort_hours") if row[k].value]
    if row["per_day"].value is not None:
        shown = voice.show(row["per_day"])
        parts.append(voice.pick(f"{shown} a day", f"{shown} ต่อวัน"))
    if row["comfort_hours"].value:
        parts.append(voice.pick("of discomfort", "ที่ไม่สบาย"))
    if parts:
        text = (
            ", ".join(parts)
            .replace(", of discomfort", " of discomfort")
            .replace(", ที่ไม่สบาย", "ที่ไม่สบาย")
        )
        cite = voice.cite(row["evidence"])
        voice.say(f"- Cost so far: {text} {cite}", f"- เสียไปแล้ว: {text} {cite}")
