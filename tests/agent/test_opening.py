"""What a model is told first: in full, or short for one that was trained on it."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from agent.engineer import Engineer
from agent.model import ScriptedModel, Text, ToolCall
from agent.opening import Opening, PromptStyle, reaches_model
from agent.plan import Plan, Question
from agent.playbooks.planner import PlaybookPlanner
from agent.tools import TOOLS, schemas
from tests.agent.tower import BUILDING, NOW, tower

PLANNER = PlaybookPlanner(BUILDING)


def planned(text: str) -> Plan:
    return PLANNER.plan(Question(text, NOW))


@pytest.mark.parametrize("style", list(PromptStyle))
@pytest.mark.parametrize(
    "text", ["power of ch-2 yesterday", "ห้อง 807 กี่องศา", "how long was 807 above 26 yesterday"]
)
async def test_the_agent_sends_what_the_opening_says_byte_for_byte(
    style: PromptStyle, text: str
) -> None:
    script = ScriptedModel(
        [[ToolCall("1", "faults", {}, "{}")], [Text("No data.")], [Text("No data.")]]
    )
    engineer = Engineer(await tower(), PLANNER, script, style=style)
    _ = [event async for event in engineer.run(Question(text, NOW))]
    expected = Opening(BUILDING, style).messages(planned(text), Question(text, NOW), now=NOW)
    assert json.dumps(script.heard[0]) == json.dumps(expected)


def test_a_short_prompt_says_what_was_read_and_nothing_else() -> None:
    text = "compare power of ch-2 yesterday with the day before"
    messages = Opening(BUILDING, PromptStyle.SHORT).messages(
        planned(text), Question(text, NOW), now=NOW
    )
    assert messages[0]["content"] == (
        "Engineer of riverside-tower. Now Fri 2026-11-20T14:30+07:00. Answer in English.\n"
        "intent: compare_periods\nthings: CH-2\nquantity: power\n"
        "time: 2026-11-19T00:00+07:00 to 2026-11-20T00:00+07:00\n"
        "compare: 2026-11-18T00:00+07:00 to 2026-11-19T00:00+07:00\nunit: none\nlimit: none"
    )
    assert messages[1] == {"role": "user", "content": text}


def test_a_limit_and_a_unit_stand_in_the_short_prompt() -> None:
    told = Opening(BUILDING, PromptStyle.SHORT)
    warm = told.messages(
        planned("how long was 807 above 26 yesterday"), Question("?", NOW), now=NOW
    )
    assert "limit: > 26" in warm[0]["content"]
    feet = told.messages(planned("AHU 2 SAT in F"), Question("?", NOW), now=NOW)
    assert "unit: °F" in feet[0]["content"]


def test_a_fault_without_a_time_is_given_the_week_that_the_playbook_looks_at() -> None:
    plan = planned("why is the condenser approach of ch-2 so high")
    told = Opening(BUILDING, PromptStyle.SHORT).messages(plan, Question("?", NOW), now=NOW)[0][
        "content"
    ]
    assert f"time: {(NOW - dt.timedelta(days=7)).isoformat(timespec='minutes')} to" in told


def test_earlier_things_come_before_the_question() -> None:
    question = Question("and yesterday?", NOW)
    messages = Opening(BUILDING, PromptStyle.SHORT).messages(
        planned("power of ch-2"), question, now=NOW, context=("CH-2",)
    )
    assert messages[1]["content"] == "Earlier in this conversation: CH-2.\nand yesterday?"


def test_lean_tools_have_the_same_arguments_without_words_about_them() -> None:
    for full, lean in zip(schemas(), schemas(lean=True), strict=True):
        whole, short = full["function"], lean["function"]
        assert short["name"] == whole["name"]
        assert list(short["parameters"]["properties"]) == list(whole["parameters"]["properties"])
        required = [arg.name for arg in TOOLS[short["name"]].args if arg.required]
        assert short["parameters"]["required"] == required
        assert "description" not in json.dumps(short)
        assert "null" not in json.dumps(short)
    assert len(json.dumps(schemas(lean=True))) < len(json.dumps(schemas())) / 2


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("turn off ahu 1", False),
        ("temp?", False),
        ("power of ch-2", True),
        ("boiler temperature", True),
    ],
)
def test_a_model_is_asked_for_what_no_template_answers(text: str, asked: bool) -> None:
    assert reaches_model(planned(text)) is asked
