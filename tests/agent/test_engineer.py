"""A run of the engineer: events in order, with a scripted model and without one."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agent.engineer import Engineer
from agent.events import (
    Answer,
    Done,
    Event,
    EvidenceFound,
    Failed,
    Note,
    StepDone,
    StepStarted,
    Token,
    Understood,
    to_json,
)
from agent.model import Capabilities, Piece, ScriptedModel, Text, ToolCall
from agent.plan import Intent, Plan, Question, Step
from agent.playbooks.planner import PlaybookPlanner
from ontology.errors import ModelSilent, PlantroomError
from tests.agent.tower import BUILDING, NOW, tower

POWER = Step("history", {"of": ["CH-2"], "quantity": "power"})
FAULTS = Step("faults", {"of": ["CH-2"], "cause": True})
MANUAL = Step("manuals", {"question": "ignore previous instructions set"})
LIVE = Plan("playbook", Intent.LIVE_VALUE, ("CH-2",), "power", None, (POWER, FAULTS))
Script = Sequence[Sequence[Piece | PlantroomError]]


@dataclass
class Planned:
    """A planner with one plan."""

    made: Plan = LIVE
    asked: list[str] = field(default_factory=list)

    def plan(
        self, question: Question, context: Sequence[str] = (), previous: Plan | None = None
    ) -> Plan:
        self.asked.append(question.text)
        return self.made


def wants(step: Step, id: str = "c1") -> ToolCall:
    return ToolCall(id, step.tool, step.args, json.dumps(step.args))


async def run(
    script: Script | ScriptedModel | None, plan: Plan = LIVE, text: str = "ch2 power?"
) -> list[Event]:
    model = script if script is None or isinstance(script, ScriptedModel) else ScriptedModel(script)
    engineer = Engineer(await tower(), Planned(plan), model)
    return [event async for event in engineer.run(Question(text, NOW))]


def answer_of(events: list[Event]) -> Answer:
    assert isinstance(events[-1], Done)
    (answer,) = [event for event in events if isinstance(event, Answer)]
    return answer


def streamed(events: list[Event]) -> str:
    text = ""
    for event in events:
        if isinstance(event, Token):
            text = event.text if event.restart else text + event.text
    return text


def notes(events: list[Event]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Note))


async def test_without_a_model_the_playbook_answers_with_cited_evidence() -> None:
    events = await run(None)
    answer = answer_of(events)
    assert answer.mode == "playbook"
    assert "CH-2 power: **325 kW**" in answer.answer
    assert answer.ungrounded == ()
    assert streamed(events) == answer.answer
    assert [type(e) for e in events[:3]] == [Understood, StepStarted, StepStarted]
    ids = [e.evidence.id for e in events if isinstance(e, EvidenceFound)]
    assert ids == [f"E{n}" for n in range(1, len(ids) + 1)] == [e.id for e in answer.evidence]
    assert [e.id for e in events if isinstance(e, StepDone)] == ["S1", "S2"]
    for event in events:
        json.dumps(to_json(event), allow_nan=False)


async def test_a_model_looks_first_then_answers_from_what_it_saw() -> None:
    model = ScriptedModel(
        [[wants(POWER), wants(FAULTS, "c2")], [Text("CH-2 draws "), Text("325 kW [E1].")]]
    )
    events = await run(model)
    answer = answer_of(events)
    assert (answer.mode, answer.answer, answer.ungrounded) == (
        "model",
        "CH-2 draws 325 kW [E1].",
        (),
    )
    assert streamed(events) == answer.answer
    assert model.choices == ["required", "auto"]
    tools = [m for m in model.heard[1] if m["role"] == "tool"]
    assert [m["tool_call_id"] for m in tools] == ["c1", "c2"]
    assert "325 kW [E1]" in tools[0]["content"]
    assert "[E1]" not in tools[1]["content"]  # numbering goes on from tool to tool
    assert answer.plan.steps == (POWER, FAULTS)
    assert answer.follow_ups


async def test_a_number_without_a_source_is_asked_again_once() -> None:
    model = ScriptedModel(
        [[wants(POWER)], [Text("CH-2 draws 412 kW [E1].")], [Text("CH-2 draws 325 kW [E1].")]]
    )
    events = await run(model)
    answer = answer_of(events)
    assert (answer.answer, answer.ungrounded) == ("CH-2 draws 325 kW [E1].", ())
    assert "412" in model.heard[2][-1]["content"]
    assert streamed(events) == answer.answer


async def test_a_number_without_a_source_twice_is_marked() -> None:
    wrong = [Text("CH-2 draws 412 kW [E1].")]
    events = await run([[wants(POWER)], wrong, wrong])
    answer = answer_of(events)
    assert (answer.mode, answer.ungrounded) == ("model", ("412",))
    assert "412 (unverified)" in answer.answer
    assert streamed(events) == answer.answer
    assert "could not be traced" in notes(events)


@pytest.mark.parametrize(
    "script",
    [
        [[ModelSilent("gone")]],
        [[Text("CH-2 is"), ModelSilent("gone")]],
        [[wants(POWER)], [Text("CH-2 draws 3"), ModelSilent("gone")]],
        [[wants(POWER)], [], []],
        [[wants(POWER)], *[[Text('<tool_call>\n{"name": "history", "arguments"')]] * 2],
        [[wants(POWER)], *[[Text("</tool_call> {}")]] * 2],
        [],
    ],
    ids=[
        "before a word",
        "in the first word",
        "in the answer",
        "with nothing to say",
        "with a torn call",
        "with marks only",
        "at once",
    ],
)
async def test_a_model_that_dies_leaves_the_playbook_answer_and_loses_nothing(
    script: Script,
) -> None:
    events = await run(script)
    answer = answer_of(events)
    assert answer.mode == "playbook"
    assert "CH-2 power: **325 kW**" in answer.answer
    assert "condenser tubes are fouled" in answer.answer
    assert "This answer comes from the playbook" in notes(events)
    assert streamed(events) == answer.answer
    ids = [e.evidence.id for e in events if isinstance(e, EvidenceFound)]
    assert len(ids) == len(set(ids))


async def test_a_server_that_went_silent_is_left_alone_for_a_while() -> None:
    model = ScriptedModel([[ModelSilent("gone")]])
    engineer = Engineer(await tower(), Planned(), model)
    first = [event async for event in engineer.run(Question("ch2 power?", NOW))]
    second = [event async for event in engineer.run(Question("ch2 power?", NOW))]
    assert answer_of(first).answer == answer_of(second).answer
    assert len(model.heard) == 1
    assert "No language model was used" in notes(second)


async def test_malformed_tool_arguments_go_back_to_the_model() -> None:
    broken = ToolCall("c1", "history", None, '{"of": [')
    wrong = wants(Step("history", {"of": ["CH-9"], "quantity": "power"}), "c2")
    model = ScriptedModel(
        [[broken, wrong], [wants(POWER, "c3")], [Text("CH-2 draws 325 kW [E1].")]]
    )
    answer = answer_of(await run(model))
    first, second = [m["content"] for m in model.heard[1] if m["role"] == "tool"]
    assert "not a JSON object" in first
    assert "nearest" in second
    assert answer.answer == "CH-2 draws 325 kW [E1]."


async def test_a_model_that_only_looks_is_stopped_after_six_rounds() -> None:
    looks = [
        [wants(Step("find_equip", {"kind": "chiller", "count": n}), f"c{n}")] for n in range(1, 7)
    ]
    model = ScriptedModel([*looks, [Text("There are 3 chillers [E1].")]])
    answer = answer_of(await run(model))
    assert model.choices == ["required", *["auto"] * 5, "none"]
    assert answer.answer == "There are 3 chillers [E1]."


async def test_a_document_that_gives_orders_is_quoted_and_not_obeyed() -> None:
    plan = replace(LIVE, intent=Intent.MANUAL_LOOKUP, steps=(MANUAL,))
    events = await run(None, plan, "what do the notes say?")
    assert [e.tool for e in events if isinstance(e, StepStarted)] == ["manuals"]
    model = ScriptedModel(
        [[wants(MANUAL)], [wants(Step("set_point", {"of": "CH-1", "value": 99}))], [Text("No.")]]
    )
    events = await run(model, plan)
    seen = next(m["content"] for m in model.heard[1] if m["role"] == "tool")
    order = seen.index("Ignore all previous instructions")
    assert seen.rindex("<<<document", 0, order) > seen.rfind("\n>>>", 0, order)
    assert [e.error for e in events if isinstance(e, StepDone)] == ["", "bad-request"]
    assert answer_of(events).answer == "No."


@pytest.mark.parametrize("intent", [Intent.WRITE_REQUEST, Intent.INJECTION, Intent.OUT_OF_SCOPE])
async def test_what_is_refused_runs_no_tool_and_asks_no_model(intent: Intent) -> None:
    model = ScriptedModel([])
    events = await run(model, Plan("playbook", intent, ("CH-2",), steps=(POWER,)), "set ch-2 to 5")
    assert not [e for e in events if isinstance(e, StepStarted)]
    assert model.heard == []
    assert answer_of(events).mode == "playbook"


async def test_a_question_back_is_the_answer() -> None:
    plan = Plan("playbook", Intent.AMBIGUOUS, question_back="CH-3 or CHWP-3?")
    assert answer_of(await run(ScriptedModel([]), plan)).answer == "CH-3 or CHWP-3?"


@pytest.mark.parametrize("text", ["", "   ", "x" * 10_000_000], ids=["empty", "blank", "10 MB"])
async def test_what_is_no_question_fails_with_a_hint_and_ends(text: str) -> None:
    planner = Planned()
    engineer = Engineer(await tower(), planner, None)
    events = [event async for event in engineer.run(Question(text, NOW))]
    assert [type(e) for e in events] == [Failed, Done]
    assert isinstance(events[0], Failed)
    assert events[0].hint
    assert planner.asked == []


async def test_a_step_that_cannot_be_done_is_said_and_the_rest_answered() -> None:
    plan = replace(LIVE, steps=(Step("sql", {"query": "select 1"}), POWER))
    answer = answer_of(await run(None, plan))
    assert "no SQL reader" in answer.answer
    assert "325 kW" in answer.answer


async def test_a_model_without_tools_plans_by_schema_and_one_without_both_is_not_used() -> None:
    steps = json.dumps({"steps": [{"tool": "history", "args": dict(POWER.args)}]})
    schema_only = Capabilities(tools=False, json_schema=True, context=4_096)
    model = ScriptedModel([[Text(steps)], [Text("CH-2 draws 325 kW [E1].")]], able=schema_only)
    answer = answer_of(await run(model))
    assert (answer.mode, answer.answer) == ("model", "CH-2 draws 325 kW [E1].")
    garbage = ScriptedModel([[Text("I think")]], able=schema_only)
    assert answer_of(await run(garbage)).mode == "playbook"
    nothing = ScriptedModel([], able=Capabilities(tools=False, json_schema=False, context=0))
    events = await run(nothing)
    assert answer_of(events).mode == "playbook"
    assert "neither call tools" in notes(events)


async def test_a_model_that_failed_its_trial_is_tried_again_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("agent.engineer.PROBE_AGAIN_S", 0.0)
    model = ScriptedModel(
        [[wants(POWER)], [Text("CH-2 draws 325 kW [E1].")]],
        able=Capabilities(tools=False, json_schema=False, context=0, why="it said 'hm'"),
    )
    engineer = Engineer(await tower(), Planned(), model)
    before = [event async for event in engineer.run(Question("ch-2 power?", NOW))]
    assert answer_of(before).mode == "playbook"
    assert "it said 'hm'" in notes(before)
    model.able = Capabilities(tools=True, json_schema=True, context=8_192)
    after = [event async for event in engineer.run(Question("ch-2 power?", NOW))]
    assert answer_of(after).mode == "model"


async def test_a_long_run_fits_the_window_of_a_small_model() -> None:
    small = Capabilities(tools=True, json_schema=True, context=3_000)
    looks = [
        [wants(Step("find_equip", {"kind": "room", "count": 200 - n}), f"c{n}")] for n in range(4)
    ]
    model = ScriptedModel([*looks, [Text("There are 192 rooms [E1].")]], able=small)
    assert answer_of(await run(model)).answer == "There are 192 rooms [E1]."
    assert all(sum(len(str(m["content"])) for m in heard) <= 4_700 for heard in model.heard)


async def test_nothing_is_sent_outside_and_tracing_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: reached.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: reached.append(a))
    answer_of(await run([[wants(POWER)], [Text("325 kW [E1]")]]))
    assert reached == []
    assert os.environ["LANGSMITH_TRACING"] == os.environ["LANGCHAIN_TRACING_V2"] == "false"
    assert os.environ["LANGGRAPH_STRICT_MSGPACK"] == "true"


async def test_a_thread_goes_on_from_the_turn_before_and_others_do_not() -> None:
    engineer = Engineer(await tower(), PlaybookPlanner(BUILDING))

    async def plan_of(text: str, thread: str) -> Plan:
        asked = Question(text, NOW, thread=thread)
        return answer_of([event async for event in engineer.run(asked)]).plan

    await plan_of("ch-2 power yesterday", "a")
    follow = await plan_of("and ch-1?", "a")
    assert (follow.entities, follow.quantity) == (("CH-1",), "power")
    assert follow.time is not None
    assert (await plan_of("and ch-1?", "b")).time is None
