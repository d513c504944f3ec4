"""Banks of labelled questions: what the planner must understand, and how well it does on each."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

import pytest

from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from ingest.demo.model import riverside_tower
from ontology.graph import Building
from tests.agent.playbooks.grading import FIELDS, grade, read_bank, read_terse

if TYPE_CHECKING:
    from tests.agent.playbooks.grading import Marks

CHOOSE, REPORT = 0.97, 0.93
"""Least shares: on questions that were looked at while building, and on those that were not."""


@pytest.fixture(scope="module")
def planner() -> PlaybookPlanner:
    return PlaybookPlanner(Building(riverside_tower()))


def marks_of(planner: PlaybookPlanner, bank: str, half: str = "") -> Marks:
    now, rows = read_bank(bank)
    return grade(planner, now, [row for row in rows if half in ("", row.half)])


@pytest.mark.parametrize(
    ("bank", "half", "least"),
    [
        ("bank.toml", "choose", CHOOSE),
        ("bank.toml", "report", REPORT),
        ("fresh.toml", "", CHOOSE),
        ("fresh2.toml", "", CHOOSE),
        ("fresh3.toml", "", CHOOSE),
        ("fresh4.toml", "", REPORT),
    ],
)
def test_technicians_questions_are_understood(
    planner: PlaybookPlanner, bank: str, half: str, least: float
) -> None:
    marks = marks_of(planner, bank, half)
    assert marks.seen >= 80
    for name in FIELDS:
        assert marks.share(name) >= least, f"{name}: {marks}\n" + "\n".join(marks.wrong)


def test_a_few_words_are_enough(planner: PlaybookPlanner) -> None:
    now, _ = read_bank()
    rows = read_terse()
    wrong = [
        text for text, intent in rows if planner.plan(Question(text, now)).intent.value != intent
    ]
    assert len(wrong) <= len(rows) * (1 - CHOOSE), wrong


def test_a_question_is_understood_within_20_ms(planner: PlaybookPlanner) -> None:
    now, rows = read_bank()
    took = []
    for row in rows:
        start = time.perf_counter()
        planner.plan(Question(row.text, now))
        took.append(time.perf_counter() - start)
    assert statistics.quantiles(took, n=20)[-1] < 0.020


def test_the_bank_is_large_mixed_and_without_doubles() -> None:
    _, rows = read_bank()
    texts = [row.text for row in rows]
    assert len(set(texts)) == len(texts) >= 400
    assert {row.half for row in rows} == {"choose", "report"}
    thai = sum(any("\u0e00" <= c <= "\u0e7f" for c in text) for text in texts)
    assert thai >= len(texts) * 0.15
