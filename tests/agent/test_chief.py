"""Answers as a chief engineer gives them: the room now, cause first, past work, no certainty from afar."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.answers import tell
from agent.answers.ranges import ranged
from agent.answers.voice import Voice
from agent.diagnosis import Cause, Family, Impact, Severity
from agent.grounding import Bound, unbound
from agent.plan import Intent, Plan, Step
from agent.tools import call
from agent.tools.passages import MAX_QUOTE, arranged, quote
from agent.tools.upkeep import MONTH, upkeep
from edge.chunk import Chunk, Passage
from ontology.entity import Entity
from ontology.kinds import MARKER, Number, Ref
from tests.agent.tower import BUILDING, NOW, finding, tower

DAY = {"start": "2026-11-19T00:00+07:00", "end": "2026-11-20T00:00+07:00"}
STRAINER = Cause(
    "coil-choked",
    "the cooling coil or its strainer is choked: no water",
    1.0,
    "read the pressure drop",
)
WARM_AIR = finding(
    "AHU-FC13:DOAS-1:2026-11-16", "DOAS-1", "DOAS-1 is short of cold: valve at 100 %", rule="AHU-FC13",
    family=Family.AIR, severity=Severity.COMFORT, causes=(STRAINER,), proofs=(), impact=Impact(None, None, 8946.0, ""),
)  # fmt: skip
HOT_ROOM = finding(
    "ROOM-05:FCU-807:2026-11-16", "FCU-807", "FCU-807 stays at 27.4 °C", rule="ROOM-05", family=Family.ROOM,
    severity=Severity.COMFORT, parent=WARM_AIR.id, proofs=(), impact=Impact(None, None, 28.0, ""),
)  # fmt: skip


def order(months_ago: float, **more: Any) -> dict[str, Any]:
    at = NOW - months_ago * MONTH
    tags = {
        "id": Ref(f"wo-{months_ago:g}"), "workOrder": MARKER, "woNum": f"WO-{months_ago:g}", "opened": at - dt.timedelta(days=1),
        "closed": at, "equipRef": Ref("DOAS-1"), "description": "coil strainer cleaning", "action": "basket washed",
        "woType": "PM", "trade": "HVAC", "hours": Number(3, "h"), "cost": Number(1260, "THB"),
    }  # fmt: skip
    return {name: value for name, value in (tags | more).items() if value is not None}


CLEANED = [order(11), order(17), order(23)]


async def asked(
    intent: Intent, tool: str, args: dict[str, Any], question: str = "?", **more: Any
) -> str:
    box = await tower(**more)
    result = await call(box, tool, args)
    assert not result.error, result.summary
    plan = Plan("playbook", intent, tuple(args.get("of", ())), None, None, (Step(tool, args),))
    text = tell(question, plan, [result], BUILDING, NOW).text
    assert unbound(text, Bound.of(BUILDING, plan, [result], now=NOW)) == []
    return text


async def test_a_complaint_begins_with_the_room_as_it_is_now() -> None:
    text = await asked(
        Intent.COMFORT_COMPLAINT, "comfort", {"of": ["room-807"], "complaint": "hot"}
    )
    assert text.startswith("Room 807 is 27.0 °C at 14:30, 4.0 K above its setpoint 23.0 °C")
    assert "too warm since" in text


async def test_a_sound_room_is_not_accused() -> None:
    text = await asked(
        Intent.COMFORT_COMPLAINT, "comfort", {"of": ["room-806"], "complaint": "hot"}
    )
    assert text.startswith("Room 806 is 24.0 °C")
    assert "not too warm by its sensors" in text
    assert "Cause" not in text


async def test_a_sure_cause_is_most_likely_and_never_certain() -> None:
    text = await asked(
        Intent.FAULT_CAUSE, "faults", {"of": ["DOAS-1"], "cause": True}, findings=(WARM_AIR, HOT_ROOM), extra=CLEANED
    )  # fmt: skip
    assert "Most likely: the cooling coil or its strainer is choked." in text
    assert "100%" not in text


async def test_overdue_work_decides_the_next_check() -> None:
    text = await asked(
        Intent.FAULT_CAUSE, "faults", {"of": ["DOAS-1"], "cause": True}, findings=(WARM_AIR,), extra=CLEANED
    )  # fmt: skip
    assert (
        "coil strainer cleaning last 20 Dec 2025 (WO-11), 11 months ago, done every 6 months before: overdue"
        in text
    )
    assert "Next check: read the pressure drop" in text


async def test_a_list_has_cases_and_how_many_rooms_suffer_not_every_symptom() -> None:
    text = await asked(Intent.FAULTS_OPEN, "faults", {}, findings=(WARM_AIR, HOT_ROOM, *OTHERS))
    assert text.startswith("**3 cases** open")
    assert "DOAS-1 is short of cold" in text
    assert "hits 1 room" in text
    assert "FCU-807" not in text


OTHERS = (
    finding("a", "CH-2", "CH-2 condenses too hot", rule="CHW-08"),
    finding("b", "AHU-3", "AHU-3 takes in too much", rule="AHU-24"),
)


async def test_the_fault_of_a_room_is_told_by_what_is_behind_it() -> None:
    text = await asked(
        Intent.FAULT_CAUSE,
        "faults",
        {"of": ["FCU-807"], "cause": True},
        findings=(WARM_AIR, HOT_ROOM),
    )
    assert text.index("FCU-807 room stays too warm") < text.index("DOAS-1 is short of cold")


async def test_a_thai_question_is_answered_with_thai_verbs_and_causes() -> None:
    text = await asked(Intent.FAULTS_OPEN, "faults", {}, "มีอะไรเสีย", findings=(WARM_AIR, *OTHERS))
    assert "ทำความเย็นไม่พอ" in text
    assert "สเตรนเนอร์ตัน" in text
    assert "short of cold" not in text


async def test_when_it_was_last_done_is_answered_in_the_first_line() -> None:
    text = await asked(
        Intent.WORKLOG_STATS, "worklog", {"of": ["DOAS-1"], "text": "strainer", "stat": "list"}, extra=CLEANED
    )  # fmt: skip
    first = text.splitlines()[0]
    assert "last done **20 Dec 2025** (WO-11), 11 months ago" in first
    assert first.endswith("Done every 6 months until then: **overdue**.")


async def test_orders_of_an_air_handler_are_not_those_of_the_boxes_it_feeds() -> None:
    orders = [order(1, equipRef=Ref("AHU-4")), order(2, equipRef=Ref("VAV-2-05"))]
    text = await asked(
        Intent.WORKLOG_STATS, "worklog", {"of": ["AHU-4"], "stat": "count"}, extra=orders
    )
    assert "**1 work order**" in text


async def test_what_energy_cost_is_told_with_its_tariff() -> None:
    args = {"of": ["CH-2"], "quantity": "energy-use", "unit": "baht", **DAY}
    text = await asked(Intent.ENERGY_EFFICIENCY, "history", args)
    assert "CH-2 energy cost, Thu 19 Nov: **32,760 THB** (7,800 kWh at 4.20 THB/kWh)" in text


async def test_a_temperature_has_no_price() -> None:
    result = await call(
        await tower(), "history", {"of": ["CH-2"], "quantity": "power", "unit": "THB"}
    )
    assert "no price" in result.error + result.summary


async def test_the_most_humid_room_of_a_floor_is_a_question_about_its_rooms() -> None:
    text = await asked(Intent.COMFORT_COMPLAINT, "comfort", {"of": ["floor-8"], "complaint": "hot"})
    assert text.index("Room 807") < text.index("Room 806")


def test_ninety_six_fan_coils_are_told_as_their_floors() -> None:
    voice = Voice(Plan("playbook", Intent.EXPLAIN_EQUIPMENT), [], BUILDING, NOW, "en")
    ids = [e.id for e, _ in BUILDING.feeds("DOAS-1") if e.kind == "fcu"]
    assert ranged(voice, ids) == "fan coils of Floor 5 to Floor 12 (FCU-501 to FCU-1212)"


def test_twelve_boxes_are_named_one_by_one() -> None:
    voice = Voice(Plan("playbook", Intent.EXPLAIN_EQUIPMENT), [], BUILDING, NOW, "en")
    ids = [e.id for e in BUILDING.of_kind("vav")]
    assert all(id in ranged(voice, ids) for id in ids)


@pytest.mark.parametrize(
    ("question", "code"), [("what does E04 mean", "E04"), ("alarm DA-02?", "DA-02")]
)
def test_the_row_of_an_alarm_code_is_quoted_and_not_its_neighbours(
    question: str, code: str
) -> None:
    table = "Code | Meaning\nE03 | low\nE04 | high\nDA-01 | warm\nDA-02 | valve open"
    lines = quote(question, [Chunk("a:1", "a", "A", table)])
    assert len(lines) == 2
    assert lines[1].startswith(code)


@given(st.text(max_size=5_000))
def test_a_quotation_is_bounded_and_carries_no_links_or_images(text: str) -> None:
    lines = quote("?", [Chunk("a:1", "a", "A", text)])
    assert sum(map(len, lines)) <= MAX_QUOTE + 8
    assert not set("<>[]!`") & set("".join(lines))


def test_a_breakdown_has_no_interval() -> None:
    found = [Entity(order(n, woType="CM")) for n in (1, 2, 3)]
    done = upkeep(found, NOW)
    assert done is not None
    assert done.every_months is None
    assert not done.late


def test_a_quoted_paragraph_stays_bound_though_it_names_a_gas() -> None:
    text = "The damper may open to 50 % when return CO2 is above 900 ppm, not before."
    bound = Bound((), (text,), BUILDING)
    assert unbound(text, bound) == []
    assert unbound("It opens at 900 ppm of CO2.", bound) != []


async def test_an_interval_is_answered_by_the_line_that_names_it() -> None:
    plan = Chunk(
        "a:9",
        "a",
        "A",
        "Task | Interval\nOil | 1 month\nTube brushing | 6 months\nFill | 3 years",
        ("Intervals",),
    )
    steps = Chunk(
        "a:1", "a", "A", "Brush every tube with the nylon brush, flush the tubes.", ("Procedure",)
    )
    found = [Passage(steps, 2.0, ("lexical",)), Passage(plan, 1.0, ("lexical",))]
    question = "how often do we brush the tubes"
    best = arranged(question, found, 2)[0]
    assert quote(question, best) == ["Task | Interval", "Tube brushing | 6 months"]
