"""The planner asks back instead of guessing, continues a conversation and survives any text."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.plan import Intent, Plan, Question
from agent.playbooks.planner import PlaybookPlanner
from agent.tools import find_equip, find_points, history, related
from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest
from ontology.graph import Building

PLANNER = PlaybookPlanner(Building(riverside_tower()))
NOW = dt.datetime.fromisoformat("2026-11-20T14:30+07:00")


def ask(text: str, **more: object) -> Plan:
    return PLANNER.plan(Question(text, NOW), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("chiller 7 temp", "CH-3"), ("room 813 hot", "room-812"), ("the pump is off", "CHWP-1"), ("pump 3 speed", "CWP-3"),
        ("is the ahu running", "AHU-1"), ("what's the temperature", "room-807"), ("ห้อง 813 ร้อน", "room-812"),
    ],
)  # fmt: skip
def test_unknown_or_ambiguous_equipment_gets_a_question_with_candidates(
    text: str, named: str
) -> None:
    plan = ask(text)
    assert plan.intent is Intent.AMBIGUOUS
    assert plan.steps == ()
    assert plan.question_back is not None
    assert named in plan.question_back


def test_the_question_back_is_in_the_language_of_the_question() -> None:
    assert "Which" in str(ask("chiller 7 temp").question_back)
    assert "หมายถึง" in str(ask("ชิลเลอร์ 7 กี่องศา").question_back)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("807 temp on 31 feb", "2026-11-12"), ("ch-2 power from 5pm to 3pm", "earlier time first"),
     ("how hot will 807 be tomorrow", "future")],
)  # fmt: skip
def test_a_time_that_makes_no_sense_is_asked_again(text: str, hint: str) -> None:
    plan = ask(text)
    assert plan.time is None
    assert hint in str(plan.question_back)


def test_a_ten_megabyte_question_is_refused_with_a_hint() -> None:
    with pytest.raises(BadRequest) as refused:
        ask("why is 807 hot " * 700_000)
    assert refused.value.hint


def test_a_follow_up_keeps_quantity_and_time() -> None:
    first = ask("ch-2 kw/rt yesterday")
    then = ask("and ch-3?", previous=first)
    assert (then.intent, then.entities, then.quantity, then.time) == (
        first.intent, ("CH-3",), "efficiency", first.time,
    )  # fmt: skip


def test_a_follow_up_keeps_the_equipment() -> None:
    first = ask("room 807 temp")
    then = ask("what about yesterday?", previous=first)
    assert then.entities == ("room-807",)
    assert then.quantity == "zone-air-temp"
    assert then.intent is Intent.HISTORY_TREND
    assert ask("why is it hot?", context=("room-807",)).intent is Intent.COMFORT_COMPLAINT


def test_a_new_question_is_not_about_the_last_equipment() -> None:
    assert ask("any faults?", context=("CH-2",)).entities == ()
    assert ask("what is the outside temperature", context=("CH-2",)).entities == ("weather",)


def test_fahrenheit_and_tons_are_asked_of_the_tool() -> None:
    assert ask("room 807 temp in F").steps[0].args["unit"] == "°F"
    assert ask("ch-3 cooling load in RT").steps[0].args["unit"] == "RT"
    over = ask("how long was 807 above 78F yesterday").steps[0].args
    assert over["condition"] == {"op": ">", "value": 78.0}
    assert over["unit"] == "°F"
    assert over["stat"] == "duration"


def test_a_rank_over_rooms_asks_for_every_room_of_the_floor() -> None:
    (step,) = ask("top 3 hottest rooms on floor 8").steps
    assert len(step.args["of"]) == 12
    assert (step.args["rank"], step.args["count"]) == ("highest", 3)
    (step,) = ask("which chiller is least efficient").steps
    assert (step.args["of"], step.args["rank"]) == (["CH-1", "CH-2", "CH-3"], "highest")


def test_a_complaint_names_what_the_guest_feels() -> None:
    felt = {text: ask(text).steps[0].args["complaint"] for text in (
        "807 hot", "1203 freezing", "907 humid", "707 smells", "607 stuffy", "1611 noisy fan", "ห้อง 907 ชื้น",
    )}  # fmt: skip
    assert list(felt.values()) == ["hot", "cold", "humid", "smell", "stuffy", "noise", "humid"]


def test_commands_never_become_steps() -> None:
    for text in ("turn off ahu-4", "set 807 to 24", "ปิด AHU-4", "could you please stop ch-1"):
        plan = ask(text)
        assert plan.intent is Intent.WRITE_REQUEST
        assert plan.steps == ()


def test_asking_whether_something_is_off_is_no_command() -> None:
    for text in (
        "is ahu-4 turned off?",
        "ahu-4 ปิดอยู่ไหม",
        "when was ch-1 turned off",
        "who opened ahu-3 damper",
    ):
        assert ask(text).intent is not Intent.WRITE_REQUEST


@pytest.mark.parametrize(
    "text",
    ["ch2 chwst", "807 temp last night", "today vs yesterday ch-2 kw", "hottest room", "list vavs on L2", "which pumps do we have",
     "what feeds 807", "where is ch-2", "rooms above 27C", "how many rooms are occupied", "ch-1 run hours this week"],
)  # fmt: skip
def test_steps_carry_arguments_their_tools_accept(text: str) -> None:
    tools = {
        tool.name: tool for tool in (history.TOOL, find_equip.TOOL, find_points.TOOL, related.TOOL)
    }
    plan = ask(text)
    assert plan.steps
    for step in plan.steps:
        tools[step.tool].check(step.args)


@pytest.mark.parametrize(
    "text", ["supply path of room 807", "how does the chilled water get to room 807", "trace 807 back to the plant"]
)  # fmt: skip
def test_the_way_to_the_plant_is_explained(text: str) -> None:
    (step,) = ask(text).steps
    assert (step.tool, step.args["of"][0]) == ("explain", "room-807")


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_any_text_becomes_a_plan(text: str) -> None:
    plan = ask(text)
    assert plan.mode == "playbook"
    assert (plan.question_back is not None) == (
        plan.intent is Intent.AMBIGUOUS
    ) or plan.intent is Intent.WRITE_REQUEST
    plan.to_json()


WORDS = st.sampled_from(
    [
        "why",
        "is",
        "room",
        "807",
        "hot",
        "ch-2",
        "ahu",
        "3",
        "kw/rt",
        "yesterday",
        "last",
        "week",
        "vs",
        "than",
        "turn",
        "off",
        "set",
        "to",
        "24",
        "list",
        "all",
        "pumps",
        "the",
        "pump",
        "chiller",
        "7",
        "floor",
        "8",
        "fault",
        "alarm",
        "manual",
        "override",
        "sensor",
        "report",
        "ทำไม",
        "ห้อง",
        "ร้อน",
        "เมื่อวาน",
        "ชิลเลอร์",
        "2",
        "ปิด",
        "?",
        ",",
        "and",
        "-",
        "12/11",
        "at",
        "3pm",
    ]
)


@given(st.lists(WORDS, max_size=14))
@settings(max_examples=300)
def test_any_mix_of_our_words_becomes_a_plan(words: list[str]) -> None:
    plan = ask(" ".join(words))
    assert all(id in PLANNER._building for id in plan.entities)
    if plan.time is not None:
        assert plan.time.start < plan.time.end <= NOW


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "1 ",
        "ch 1 and ",
        "to ",
        "from 1 to ",
        "ห้อง",
        "ignore ",
        "; ",
        "¤",
        "12/11 ",
        "yesterday to ",
        "what is ",
    ],
)
def test_the_longest_allowed_text_takes_no_longer_than_its_length_deserves(unit: str) -> None:
    text = (unit * 2_000)[:2_000]
    start = time.perf_counter()
    ask(text)
    assert time.perf_counter() - start < 1.0


def _examples() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    intent = ""
    for line in (
        (Path(__file__).parents[3] / "docs/reference-questions.md").read_text().splitlines()
    ):
        if line.startswith("## "):
            intent = line.removeprefix("## ")
        elif line.startswith("- "):
            found.append((line.removeprefix("- "), intent))
    return found


@pytest.mark.parametrize(("text", "intent"), _examples())
def test_every_example_of_the_reference_is_understood(text: str, intent: str) -> None:
    assert ask(text).intent.value == intent


def test_the_reference_has_examples_of_every_intent() -> None:
    assert {intent for _, intent in _examples()} == {intent.value for intent in Intent}
