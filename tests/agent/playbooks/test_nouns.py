"""A noun this building has nothing of is never answered with what is near it."""

from __future__ import annotations

import pytest

from agent.answers import tell
from agent.plan import Intent, Question
from agent.playbooks.normalise import read_text
from agent.playbooks.planner import PlaybookPlanner
from agent.playbooks.words.nouns import NOUNS, noun_in
from agent.steps import look
from tests.agent.tower import BUILDING, NOW, tower

PLANNER = PlaybookPlanner(BUILDING)


async def answered(question: str) -> str:
    plan = PLANNER.plan(Question(question, NOW))
    results = await look(await tower(), plan.steps, [], lambda _event: None)
    return tell(question, plan, results, BUILDING, NOW).text


@pytest.mark.parametrize(
    ("question", "says", "near"),
    [
        ("water consumption yesterday", "No water metering here", "electricity meters"),
        ("how much water did we use last week", "No water metering here", "electricity meters"),
        ("boiler efficiency", "No boiler here", "chillers"),
        ("CH-2 oil pressure", "No oil here: there is none in the model of CH-2", "refrig temp"),
        ("chiller oil temp", "No oil here: there is none in the model of CH-1, CH-2, CH-3", "refrig temp"),
        ("gas usage this month", "No gas here", "electricity meters"),
        ("steam pressure", "No steam here", "electricity meters"),
        ("solar production today", "No solar panels here", "electricity meters"),
        ("AHU-1 heating valve", "No heating here: there is none in the model of AHU-1", "cooling valve"),
        ("dew point outside?", "No dew point here", "humidity"),
        ("CH-2 vibration", "No vibration here", "load"),
        ("CH-2 gland temp", "No gland temp here", "temp"),
        ("any boiler alarms", "No boiler here", "chillers"),
        ("turn on the boiler", "No boiler here", "chillers"),
        ("how many boilers do we have", "No boiler here", "chillers"),
        ("อัตราการใช้น้ำเมื่อวาน", "ที่นี่ไม่มีมิเตอร์น้ำ", "มิเตอร์ไฟฟ้า"),
        ("ใช้แก๊สเท่าไหร่เดือนนี้", "ที่นี่ไม่มีแก๊ส", "มิเตอร์ไฟฟ้า"),
        ("หม้อไอน้ำประสิทธิภาพเท่าไร", "ที่นี่ไม่มีหม้อไอน้ำ", "ชิลเลอร์"),
        ("ความดันน้ำมัน CH-2", "ที่นี่ไม่มีน้ำมันหล่อลื่น", "สารทำความเย็น"),
    ],
)  # fmt: skip
async def test_what_the_building_has_not_is_said_with_what_is_near(
    question: str, says: str, near: str
) -> None:
    text = await answered(question)
    assert says in text
    assert near in text
    assert "kWh" not in text
    assert "**" not in text


@pytest.mark.parametrize(
    ("question", "quantity"),
    [
        ("energy consumption yesterday", "energy-use"), ("chilled water flow", "secondary-flow"),
        ("condenser water temp CH-1", "condenser-water-entering-temp"), ("CH-2 condensing temp", "condenser-refrig-temp"),
        ("specific power of the plant", "efficiency"), ("ph power factor now", "power-factor"),
        ("AHU-1 cooling valve", "cooling-valve"), ("CH-2 leaving water temp", "chilled-water-leaving-temp"),
    ],
)  # fmt: skip
def test_what_is_measured_here_is_still_read(question: str, quantity: str) -> None:
    assert PLANNER.plan(Question(question, NOW)).quantity == quantity


@pytest.mark.parametrize(
    ("question", "intent"),
    [
        ("what oil does the chiller use", Intent.MANUAL_LOOKUP), ("when was CH-2 oil changed", Intent.WORKLOG_STATS),
        ("it smells of gas in the lobby", Intent.COMFORT_COMPLAINT),
    ],
)  # fmt: skip
def test_documents_work_and_people_may_speak_of_anything(question: str, intent: Intent) -> None:
    plan = PLANNER.plan(Question(question, NOW))
    assert plan.intent is intent
    assert "vocab" not in {step.tool for step in plan.steps}


async def test_a_cause_is_still_told_beside_the_noun_that_is_missing() -> None:
    text = await answered("why is the vibration of CH-2 high")
    assert text.index("No vibration here") < text.index("condenser approach too high")


def test_every_noun_has_its_names_and_is_read_in_plain_spelling() -> None:
    for noun in NOUNS:
        assert noun.word
        assert noun.says[0].isascii()
        assert not noun.says[1].isascii() or noun.says[1] == noun.says[0]
    for said, word in (
        ("Gas Usage", "gas"),
        ("มิเตอร์น้ำ", "domestic water"),
        ("hot water pump", "hot water"),
    ):
        found = noun_in(read_text(said).plain)
        assert found is not None
        assert found.word == word
