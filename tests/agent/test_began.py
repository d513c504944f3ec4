"""Faults that began in a range are those, not all that were there then."""

from __future__ import annotations

import datetime as dt

import pytest

from agent.answers import tell
from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from agent.steps import look
from tests.agent.tower import BUILDING, FINDINGS, NOW, finding, tower

YESTERDAY = NOW - dt.timedelta(days=1)
NEW = finding(
    "hot:AHU-3:2026-11-19", "AHU-3", "supply air too warm", rule="air-warm", start=YESTERDAY
)
JOINED = finding("room:FCU-807:2026-11-19", "FCU-807", "room too warm", rule="room-warm", start=YESTERDAY,
                 parent=FINDINGS[0].id)  # fmt: skip
PLANNER = PlaybookPlanner(BUILDING)


async def answered(question: str) -> str:
    plan = PLANNER.plan(Question(question, NOW))
    box = await tower(findings=(*FINDINGS, NEW, JOINED))
    results = await look(box, plan.steps, [], lambda _event: None)
    return tell(question, plan, results, BUILDING, NOW).text


@pytest.mark.parametrize(
    "question",
    ["what faults started yesterday", "any new faults yesterday?", "เมื่อวานมีอะไรเสียใหม่บ้าง"],
)
async def test_only_what_began_then_is_told(question: str) -> None:
    text = await answered(question)
    assert "supply air too warm" in text
    assert "condenser approach too high" not in text
    assert "CWP-3" not in text


async def test_what_was_there_then_is_told_when_that_is_asked() -> None:
    text = await answered("what faults were there yesterday")
    assert "supply air too warm" in text
    assert "condenser approach too high" in text


async def test_a_day_on_which_nothing_began_is_said_so() -> None:
    text = await answered("what faults started on 15 nov")
    assert text.startswith("No fault began Sun 15 Nov")
    assert "by the rules" not in text


async def test_new_symptoms_of_an_old_case_are_counted_not_listed() -> None:
    text = await answered("what faults started this week")
    assert "Also then, as part of older cases: 1 finding" in text
    assert "FCU-807" not in text
