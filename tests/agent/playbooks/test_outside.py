"""Questions written by strangers to the grammar: how many of those nobody looked at are understood."""

from __future__ import annotations

import pytest

from agent.playbooks.normalise import corrected
from agent.playbooks.words.thai import to_plain
from ingest.demo.model import riverside_tower
from ontology.graph import Building
from tests.agent.playbooks.outside import accuracy, bank, grade

LEAST = {"intent": 0.92, "entities": 0.97, "quantity": 0.96, "time": 0.98, "all": 0.90}


@pytest.mark.parametrize("name", ["outside.toml", "outside2.toml"])
def test_strangers_questions_nobody_looked_at_are_understood(name: str) -> None:
    graded = [one for one in grade(Building(riverside_tower()), bank(name)) if one.report_half]
    assert len(graded) > 100
    shares = accuracy(graded)
    assert {field: shares[field] for field, least in LEAST.items() if shares[field] < least} == {}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("acknowlege", "acknowledge"), ("shivring", "shivering"), ("condenstation", "condensation"), ("blankit", "blanket")],
)  # fmt: skip
def test_a_misspelt_word_of_a_sign_is_read(typed: str, meant: str) -> None:
    assert corrected(typed) == meant


@pytest.mark.parametrize("word", ["remote", "suction", "charging", "starving", "insert", "section", "dripping"])  # fmt: skip
def test_a_real_word_is_not_taken_for_a_misspelt_one(word: str) -> None:
    assert corrected(word) == word


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("ชิลเล่อ", "chiller"), ("อุณหภุมิ", "temp"), ("โอเว่อไร้", "override"), ("คูลิ้งทาวเวอร์", "cooling tower"), ("เซนเซ่อ", "sensor")],
)  # fmt: skip
def test_thai_is_read_as_it_sounds(typed: str, meant: str) -> None:
    assert to_plain(typed).strip() == meant
