"""Answers without a language model: nothing in them that no tool found, in English and in Thai."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.answers import TELLERS, tell
from agent.evidence import Evidence, Figure, ToolResult
from agent.figures import show
from agent.grounding import Bound, marked, unbound, ungrounded
from agent.plan import Intent, Plan, Question, Step
from agent.playbooks.planner import PlaybookPlanner
from agent.tools import TOOLS, call
from ontology.kinds import MARKER, Number, Ref
from ontology.time import Span
from tests.agent.tower import BUILDING, NOW, tower

DAY = {"start": "2026-11-19T00:00+07:00", "end": "2026-11-20T00:00+07:00"}
BEFORE = {"compare_start": "2026-11-18T15:00+07:00", "compare_end": "2026-11-19T00:00+07:00"}
ORDERS = [
    {
        "id": Ref(f"wo-{n}"), "workOrder": MARKER, "woNum": f"WO-24-{n}", "opened": NOW - dt.timedelta(days=40 * n),
        "closed": NOW - dt.timedelta(days=40 * n, hours=-6), "equipRef": Ref("CH-2"), "description": "high approach",
        "cause": "fouled tubes", "action": "brushed 12 tubes", "hours": Number(6.5, "h"), "cost": Number(4500, "THB"),
        "trade": "HVAC", "woType": "CM",
    }
    for n in range(1, 6)
]  # fmt: skip
ASKED: list[tuple[Intent, str, dict[str, Any]]] = [
    (Intent.LIVE_VALUE, "history", {"of": ["CH-2"], "quantity": "power"}),
    (Intent.LIVE_VALUE, "history", {"of": ["AHU-1"], "quantity": "return-air-temp", "unit": "°F"}),
    (Intent.LIVE_VALUE, "history", {"of": ["CH-3"], "quantity": "efficiency"}),
    (Intent.LIVE_VALUE, "history", {"of": ["IAQ-1407"], "quantity": "zone-air-temp"}),
    (Intent.LIVE_VALUE, "history", {"of": ["AHU-4"], "quantity": "fan-run"}),
    (Intent.HISTORY_TREND, "history", {"of": ["CH-2"], "quantity": "power", "stat": "trend", **DAY}),
    (Intent.HISTORY_TREND, "history", {"of": ["AHU-3"], "quantity": "mixed-air-temp", "stat": "trend", **DAY}),
    (Intent.COMPARE_PERIODS, "history", {"of": ["CH-2"], "quantity": "efficiency", **DAY, **BEFORE}),
    (Intent.COMPARE_PERIODS, "history", {"of": ["riverside-tower"], "quantity": "energy-use", **DAY, **BEFORE}),
    (Intent.AGGREGATE, "history", {"of": ["floor-8"], "quantity": "zone-air-temp", "rank": "highest", "count": 3}),
    (Intent.AGGREGATE, "history", {"of": ["floor-8"], "quantity": "zone-air-temp", "condition": {"op": ">", "value": 23.5}, "stat": "count"}),
    (Intent.AGGREGATE, "history", {"of": ["CH-1", "CH-2", "CH-3"], "quantity": "efficiency", "rank": "lowest", **DAY}),
    (Intent.AGGREGATE, "history", {"of": ["AHU-4"], "quantity": "fan-run", "stat": "duration", **DAY}),
    (Intent.ENERGY_EFFICIENCY, "history", {"of": ["CH-2"], "quantity": "energy-use", **DAY}),
    (Intent.FIND_EQUIPMENT, "find_equip", {"kind": "fcu", "place": "floor-8"}),
    (Intent.FIND_EQUIPMENT, "find_points", {"role": "zone-air-co2", "place": "floor-8"}),
    (Intent.FIND_EQUIPMENT, "read_filter", {"filter": "ahu and not doas"}),
    (Intent.FIND_EQUIPMENT, "vocab", {"word": "gas", "like": "meter"}),
    (Intent.FIND_EQUIPMENT, "vocab", {"word": "humidity"}),
    (Intent.LIVE_VALUE, "vocab", {"word": "oil", "of": ["CH-2"]}),
    (Intent.FIND_EQUIPMENT, "validate", {"filter": "ahu and vav"}),
    (Intent.FIND_EQUIPMENT, "validate", {"filter": "ahu andd 12"}),
    (Intent.EXPLAIN_EQUIPMENT, "explain", {"of": ["room-807", "CH-2", "CHW-PLANT"]}),
    (Intent.FIND_EQUIPMENT, "related", {"of": ["room-807"], "relation": "upstream"}),
    (Intent.FIND_EQUIPMENT, "related", {"of": ["DOAS-1"], "relation": "feeds"}),
    (Intent.EXPLAIN_EQUIPMENT, "overview", {"of": ["CH-2"]}),
    (Intent.REPORT_REQUEST, "overview", {}),
    (Intent.FAULTS_OPEN, "faults", {}),
    (Intent.FAULT_CAUSE, "faults", {"of": ["CH-2"], "cause": True}),
    (Intent.FAULTS_OPEN, "faults", {"of": ["AHU-3"]}),
    (Intent.OVERRIDE_STATUS, "overrides", {}),
    (Intent.OVERRIDE_STATUS, "overrides", {"of": ["AHU-1"]}),
    (Intent.DATA_QUALITY, "quality", {"of": ["IAQ-1407"]}),
    (Intent.MANUAL_LOOKUP, "manuals", {"question": "clean condenser tubes approach"}),
    (Intent.MANUAL_LOOKUP, "manuals", {"question": "xyzzy"}),
    (Intent.WORKLOG_STATS, "worklog", {"of": ["CH-2"]}),
    (Intent.WORKLOG_STATS, "worklog", {"group_by": "month", "stat": "cost"}),
    (Intent.WORKLOG_STATS, "worklog", {"of": ["CH-2"], "stat": "mttr"}),
    (Intent.WORKLOG_STATS, "worklog", {"of": ["CH-2"], "stat": "repeat", "start": "2026-01-01T00:00+07:00"}),
    (Intent.WORKLOG_STATS, "worklog", {"of": ["AHU-1"]}),
    (Intent.COMFORT_COMPLAINT, "comfort", {"of": ["room-807"], "complaint": "hot"}),
    (Intent.COMFORT_COMPLAINT, "comfort", {"of": ["room-907", "lobby"], "complaint": "humid"}),
    (Intent.LIVE_VALUE, "history", {"of": ["CH-9"], "quantity": "power"}),
]  # fmt: skip


def plan_of(intent: Intent, tool: str, args: dict[str, Any]) -> Plan:
    quantity = args.get("quantity")
    return Plan("playbook", intent, tuple(args.get("of", ())), quantity, None, (Step(tool, args),))


@pytest.mark.parametrize("question", ["how is it?", "เป็นอย่างไร"], ids=["english", "thai"])
async def test_no_digit_in_an_answer_lacks_its_figure(question: str) -> None:
    box = await tower(extra=ORDERS)
    for intent, tool, args in ASKED:
        plan, result = plan_of(intent, tool, args), await call(box, tool, args)
        told = tell(question, plan, [result], BUILDING, NOW)
        bound = Bound.of(BUILDING, plan, [result], now=NOW)
        assert told.text, (tool, args)
        assert unbound(told.text, bound) == [], told.text
        assert not any(unbound(text, bound) for text in told.follow_ups)
        assert ungrounded(told.text, bound) == []
        cited = {f"[{e.id}]" for e in result.evidence}
        assert result.error or any(cite in told.text for cite in cited) or not result.rows, (
            told.text
        )


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ({"of": ["CH-2"], "quantity": "power"}, "CH-2 power: **325 kW** at 14:30 [E1]."),
        ({"of": ["CH-2"], "quantity": "energy-use", **DAY}, "CH-2 energy use, Thu 19 Nov: **7,800 kWh** (32,760 THB at 4.20 THB/kWh), 27% of the whole building [E1]."),
        ({"of": ["CH-3"], "quantity": "efficiency", **DAY}, "**no data** from CH-3.power, CH-3.cooling-power"),
        ({"of": ["IAQ-1407"], "quantity": "zone-air-temp"}, "last value **24.5 °C** at Thu 19 Nov 08:30, silent since"),
        ({"of": ["room-807"], "quantity": "zone-air-temp", "unit": "°F"}, "**80.6 °F**"),
        ({"of": ["AHU-1"], "quantity": "return-air-temp"}, "Careful, AHU-1.return-air-temp is in doubt"),
    ],
)  # fmt: skip
async def test_a_value_is_told_with_unit_time_and_proof(args: dict[str, Any], says: str) -> None:
    result = await call(await tower(), "history", args)
    assert (
        says in tell("?", plan_of(Intent.LIVE_VALUE, "history", args), [result], BUILDING, NOW).text
    )


async def test_what_a_machine_does_not_measure_is_not_here_and_not_another_machines() -> None:
    args = {"of": ["CH-3"], "quantity": "speed"}
    result = await call(await tower(), "history", args)
    text = tell("?", plan_of(Intent.LIVE_VALUE, "history", args), [result], BUILDING, NOW).text
    assert text.startswith("Not here: CH-3 has no speed")
    assert "SCHWP" not in text


async def test_a_cause_comes_before_its_proof_and_the_next_check() -> None:
    args = {"of": ["CH-2"], "cause": True}
    result = await call(await tower(), "faults", args)
    text = tell("why?", plan_of(Intent.FAULT_CAUSE, "faults", args), [result], BUILDING, NOW).text
    places = [
        text.index(word)
        for word in ("condenser tubes are fouled", "5.5 K", "Next check", "18,000 THB")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "intent", [Intent.WRITE_REQUEST, Intent.INJECTION, Intent.OUT_OF_SCOPE, Intent.AMBIGUOUS]
)
@pytest.mark.parametrize("question", ["set CH-1 to 6", "ตั้ง CH-1"])
def test_some_questions_are_answered_without_a_tool(intent: Intent, question: str) -> None:
    told = tell(question, Plan("playbook", intent, ("CH-1",)), [], BUILDING, NOW)
    assert told.text
    assert (language(told.text) == "th") == (question.startswith("ต"))
    if intent is Intent.WRITE_REQUEST:
        assert "BMS" in told.text


def language(text: str) -> str:
    from agent.answers.words import language_of

    return language_of(text)


@pytest.mark.parametrize("question", ["how?", "อย่างไร"], ids=["english", "thai"])
@pytest.mark.parametrize("of", ["CH-2", "room-807"])
def test_every_follow_up_is_a_question_the_playbooks_understand(of: str, question: str) -> None:
    planner = PlaybookPlanner(BUILDING)
    for intent in Intent:
        plan = Plan("playbook", intent, (of,), "zone-air-temp" if of == "room-807" else "power")
        for asked in tell(question, plan, [], BUILDING, NOW).follow_ups:
            understood = planner.plan(Question(asked, NOW))
            assert understood.steps, f"{asked}: {understood.intent}"


def test_every_tool_has_its_teller() -> None:
    assert set(TELLERS) == set(TOOLS)


def bound_of(*figures: Figure, said: str = "") -> Bound:
    result = ToolResult("history", "", figures, evidence=(Evidence("E1", "live", "CH-2.power"),))
    return Bound.of(
        BUILDING,
        Plan("model", Intent.LIVE_VALUE, time=Span(NOW, NOW)),
        [result],
        now=NOW,
        said=said,
    )


@given(st.floats(0.01, 1e6), st.sampled_from(["kW", "°C", "kWh", "ppm", "K", "%", "kW/RT"]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_a_figure_as_shown_is_grounded_and_twice_it_is_not(value: float, unit: str) -> None:
    figure = Figure("CH-2.x", value, unit, "E1")
    bound = bound_of(figure)
    assert not ungrounded(f"It is {show(figure)} [E1].", bound)
    assert not unbound(f"It is {show(figure)} [E1].", bound)
    double = show(Figure("", value * 2 + 5, unit, ""))
    assert ungrounded(f"It is {double}.", bound)
    assert unbound(f"It is {double}.", bound)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("CH-2 draws 325 kW [E1].", []),
        ("CH-2 draws about 330 kW.", ["330"]),
        ("CH-2 draws 92.4 tons.", []),
        ("VAV-2-07 and room 807 are fed by DOAS-1; 807 is 807 kW.", ["807", "807"]),
        ("Room 807 at 14:30 had CO2 of 325 kW", []),
        ("1. CH-2: 325 kW\n2. check it", []),
        ("It rose by 12 %.", ["12"]),
        ("26.0 °C is 78.8 °F", []),
        ("26.0 °C is 80.8 °F", ["80.8"]),
        ("That is 325 °C.", ["325"]),
        ("It says so [E1], [E1, E2].", []),
    ],
)
def test_numbers_of_a_language_model_are_checked(text: str, wrong: list[str]) -> None:
    bound = bound_of(Figure("CH-2.power", 325.0, "kW", "E1"), Figure("t", 26.0, "°C", "E1"))
    found = ungrounded(text, bound)
    assert [one.text for one in found] == wrong
    assert marked(text, found).count("(unverified)") == len(wrong)
