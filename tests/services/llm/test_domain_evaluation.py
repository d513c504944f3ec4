"""Judging a model: the real agent over a real socket, calls graded by meaning, runs compared without wishful thinking."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from agent.model import HttpModel
from agent.opening import PromptStyle, reaches_model
from agent.plan import Question, Step
from agent.playbooks.planner import PlaybookPlanner
from ontology.errors import BadRequest, Corrupt, ModelSilent, NotFound
from services.cli import app
from services.llm.domain import verdicts
from services.llm.domain.bank import questions
from services.llm.domain.examples import canonical
from services.llm.domain.grading import grade
from services.llm.domain.judge import Judge, Verdict, summary
from services.llm.domain.significance import mcnemar, paired, wilson
from tests.agent.tower import BUILDING, NOW, tower
from tests.services.llm.oracle_server import Rule, oracle

PLANNER = PlaybookPlanner(BUILDING)
HISTORY = Step("history", {"of": ["CH-2"], "quantity": "power", "start": "2026-11-19T00:00+07:00", "end": "2026-11-20T00:00+07:00", "stat": "mean"})  # fmt: skip


def graded(wanted: Step, **args: Any) -> tuple[bool, bool]:
    found = grade(BUILDING, [[wanted]], [Step(wanted.tool, {**wanted.args, **args})], NOW)
    return found.tool, found.args


@pytest.mark.parametrize(
    ("args", "right"),
    [
        ({}, True),
        ({"start": "2026-11-18T17:00:00Z"}, True),
        ({"stat": None}, True),
        ({"count": 3}, True),
        ({"of": ["@CH-2"]}, True),
        ({"start": "2026-11-19T01:00+07:00"}, False),
        ({"stat": "max"}, False),
        ({"of": ["CH-1"]}, False),
        ({"quantity": "load"}, False),
        ({"stat": "biggest"}, False),
    ],
    ids=["same", "same instant", "the default", "listed length", "an @", "an hour off", "other stat", "other chiller", "other quantity", "refused"],
)  # fmt: skip
def test_a_call_is_right_when_it_means_the_same(args: dict[str, Any], right: bool) -> None:
    assert graded(HISTORY, **args) == (True, right)


def test_the_end_of_a_running_range_may_be_left_out() -> None:
    wanted = Step("history", {"of": ["CH-2"], "quantity": "power", "start": "2026-11-20T00:00+07:00", "end": "2026-11-20T14:30+07:00"})  # fmt: skip
    assert graded(wanted, end=None) == (True, True)


def test_a_floor_is_all_of_its_rooms() -> None:
    rooms = Step(
        "history", {"of": [f"room-8{n:02d}" for n in range(1, 13)], "quantity": "zone-air-temp"}
    )
    assert graded(rooms, of=["floor-8"]) == (True, True)
    assert graded(rooms, of=["floor-9"]) == (True, False)


def test_another_tool_or_one_more_is_wrong() -> None:
    more = grade(BUILDING, [[HISTORY]], [HISTORY, Step("faults", {})], NOW)
    other = grade(BUILDING, [[HISTORY]], [Step("faults", {})], NOW)
    assert not more.tool
    assert not other.tool
    assert other.off == ("history",)


def test_every_question_of_the_bank_has_an_answer_that_is_known_and_a_model_is_asked() -> None:
    bank = questions("unseen")
    assert len(bank) >= 120
    assert len({one.asked for one in bank}) == len(bank)
    for one in bank:
        plan = PLANNER.plan(Question(one.plain, NOW))
        assert reaches_model(plan), one.plain
        assert canonical(BUILDING, plan, one.asked), one.plain
        assert one.asked != one.plain


def test_a_bank_is_split_into_halves_that_share_no_words_of_a_question() -> None:
    dev, test = (questions("unseen", half) for half in ("dev", "test"))
    assert not {one.asked for one in dev} & {one.asked for one in test}
    assert len(dev) == len(test)


def test_a_bank_that_is_none_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bank.txt"
    file.write_text("power of ch-2 | kW of ch-2\nonly one column\n")
    with pytest.raises(BadRequest, match="line 2"):
        questions(str(file))
    with pytest.raises(NotFound):
        questions(str(tmp_path / "none.txt"))


async def judged(
    rule: Rule, count: int = 31, *, whole: bool = False
) -> tuple[list[Verdict], list[Mapping[str, Any]]]:
    heard: list[Mapping[str, Any]] = []
    box = await tower()
    async with oracle(rule, heard) as url, HttpModel(url) as model:
        judge = Judge(box, model, PromptStyle.SHORT, whole=whole)
        return await judge.ask(questions("unseen")[:count], NOW, lambda _done: None), heard


def knowing(messages: Sequence[Mapping[str, Any]]) -> Sequence[Step] | str:
    """A model that knows the plain form of every question of the bank."""
    if len(messages) > 2:
        return "No data."
    plain = {one.asked: one.plain for one in questions("unseen")}
    asked = messages[1]["content"]
    return canonical(BUILDING, PLANNER.plan(Question(plain[asked], NOW)), asked)


async def test_a_model_that_knows_is_right_and_one_that_guesses_is_not() -> None:
    right, heard = await judged(knowing)
    wrong, _ = await judged(lambda _messages: [Step("quality", {})])
    assert all(v.grade.args for v in right)
    assert not any(v.grade.args for v in wrong)
    assert {len(body["messages"]) for body in heard if body.get("tool_choice") == "required"} == {2}
    assert "Engineer of riverside-tower." in heard[-1]["messages"][0]["content"]
    pair = paired(
        {v.judged.id: v.grade.args for v in wrong}, {v.judged.id: v.grade.args for v in right}
    )
    assert pair.verdict.startswith("better")


async def test_whole_runs_count_numbers_without_a_source() -> None:
    def lying(messages: Sequence[Mapping[str, Any]]) -> Sequence[Step] | str:
        return knowing(messages) if len(messages) == 2 else "It is 4711 kW."

    found, _ = await judged(lying, 4, whole=True)
    answers = summary(found)["answers"]
    assert answers["asked"] == 4
    assert answers["grounded"] == 0
    assert answers["wrong_numbers"] >= 4


async def test_a_model_that_says_nothing_useful_earns_nothing_by_the_playbooks_help() -> None:
    found, _ = await judged(lambda _messages: "I do not know.", 4, whole=True)
    assert not any(v.grade.tool for v in found)


async def test_a_server_that_is_not_there_is_said() -> None:
    async with HttpModel("http://127.0.0.1:9/v1") as model:
        with pytest.raises(ModelSilent):
            await Judge(await tower(), model).ask(questions("unseen")[:1], NOW, lambda _done: None)


def found_of(right: Mapping[str, bool]) -> dict[str, Any]:
    return {"model": "m", "questions": [{"question": q, "args_right": r} for q, r in right.items()]}


def test_too_few_questions_are_never_called_better() -> None:
    few = {str(n): False for n in range(29)}
    assert "too few" in paired(few, dict.fromkeys(few, True)).verdict
    many = {str(n): False for n in range(30)}
    assert paired(many, dict.fromkeys(many, True)).verdict.startswith("better")
    assert paired(dict.fromkeys(many, True), many).verdict.startswith("worse")
    assert paired(many, many | {"1": True, "2": True}).verdict.startswith("no difference")


@given(st.integers(0, 200), st.integers(0, 200))
def test_p_is_a_probability_the_same_both_ways_round(lost: int, gained: int) -> None:
    p = mcnemar(lost, gained)
    assert 0 < p <= 1
    assert p == mcnemar(gained, lost)
    assert p == 1 or lost != gained


def test_p_agrees_with_the_binomial_by_hand() -> None:
    assert mcnemar(0, 0) == 1.0
    assert math.isclose(mcnemar(1, 9), 2 * (1 + 10) / 2**10)


@given(st.integers(1, 500), st.floats(0, 1))
def test_an_interval_holds_the_share_and_stays_a_share(asked: int, share: float) -> None:
    right = round(share * asked)
    low, high = wilson(right, asked)
    assert 0 <= low <= right / asked + 1e-9
    assert right / asked - 1e-9 <= high <= 1


async def test_the_page_and_the_next_run_read_what_was_written(tmp_path: Path) -> None:
    verdict_list, _ = await judged(knowing, 6)
    rows = [v.to_json() for v in verdict_list]
    found = {"model": "base", "when": "now", "bank": "unseen", "half": "all", "prompt": "short", "summary": summary(verdict_list),
             "questions": rows, "beside_playbook": verdicts.beside_playbook(rows)}  # fmt: skip
    (elsewhere := tmp_path / "mine.txt").write_text("mine")
    (tmp_path / verdicts.RESULT).symlink_to(
        elsewhere
    )  # a link in the way is replaced and not followed
    verdicts.write(tmp_path, found)
    assert elsewhere.read_text() == "mine"
    before = verdicts.earlier(tmp_path)
    worse = found | {"questions": [row | {"args_right": False} for row in rows]}
    assert verdicts.against(worse, before)["verdict"].startswith("too few")
    assert "6 of 6 = 100%" in (tmp_path / "evaluation.md").read_text()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"questions": [{}]}', "[" * 5_000])
def test_a_file_that_is_no_evaluation_is_said(tmp_path: Path, text: str) -> None:
    file = tmp_path / "e.json"
    file.write_text(text)
    with pytest.raises(Corrupt):
        verdicts.earlier(file)


def test_the_command_says_a_server_that_is_not_there_and_what_to_do() -> None:
    done = CliRunner().invoke(
        app, ["llm", "evaluate", "--url", "http://127.0.0.1:9/v1", "--calls-only", "--limit", "1"]
    )
    assert isinstance(done.exception, ModelSilent)
    assert "127.0.0.1:9" in str(done.exception)


def test_a_model_judged_at_the_minute_it_was_told_is_not_marked_down() -> None:
    now = dt.datetime(2026, 11, 20, 14, 30, 59, 999_000, tzinfo=BUILDING.zone)
    plan = PLANNER.plan(Question("power of ch-2 in the last 3 hours", now))
    assert grade(BUILDING, [plan.steps], canonical(BUILDING, plan, "?"), now).args
    assert json.dumps([dict(s.args) for s in canonical(BUILDING, plan, "?")])
