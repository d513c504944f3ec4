"""How well the planner reads questions that were written and labelled without seeing it."""

from __future__ import annotations

import datetime as dt
import fnmatch
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from agent.plan import Question
from agent.playbooks.planner import PlaybookPlanner
from ingest.demo.model import SITE, riverside_tower
from ontology.graph import Building

HERE = Path(__file__).parent
BANGKOK = dt.timezone(dt.timedelta(hours=7))
FIELDS = ("intent", "entities", "quantity", "time", "back")
TOLERANCE_MIN = 5.0
"""A time may be read this far from its label; a vague word ("last night") carries its own `tol`."""


@dataclass(frozen=True)
class Graded:
    """One question, what the planner made of it, and which fields a judge would call right."""

    label: dict[str, Any]
    plan: dict[str, Any]
    right: dict[str, bool]

    @property
    def thai(self) -> bool:
        return any("\u0e00" <= letter <= "\u0e7f" for letter in self.label["ask"])

    @property
    def report_half(self) -> bool:
        """The half never looked at while the planner is improved; fixed by the words alone."""
        return not self.label.get("known") and crc32(self.label["ask"].encode()) % 2 == 1

    @property
    def misses(self) -> list[str]:
        return [name for name in FIELDS if not self.right[name]]


def bank(name: str = "outside.toml") -> list[dict[str, Any]]:
    """The labelled questions."""
    questions: list[dict[str, Any]] = tomllib.loads((HERE / name).read_text())["question"]
    return questions


def grade(building: Building, labels: Iterable[dict[str, Any]]) -> Iterator[Graded]:
    """Each question planned and judged field by field."""
    planner = PlaybookPlanner(building)
    ids = [entity["id"].id for entity in riverside_tower() if "point" not in entity]
    for label in labels:
        now = _instant(label["now"])
        plan = planner.plan(Question(label["ask"], now)).to_json()
        right = {
            "intent": plan["intent"] in _choices(label["intent"]),
            "entities": _entities_right(label["entities"], plan["entities"], ids),
            "quantity": _quantity_right(_choices(label.get("quantity", "")), plan["quantity"]),
            "time": _time_right(label, plan["time"]),
            "back": label.get("back", False) in ("*", bool(plan["question_back"])),
        }
        yield Graded(label, plan, right)


def accuracy(graded: Sequence[Graded]) -> dict[str, float]:
    """The share of questions right, per field and in all fields at once."""
    shares = {name: sum(one.right[name] for one in graded) / len(graded) for name in FIELDS}
    return shares | {"all": sum(not one.misses for one in graded) / len(graded)}


def _choices(label: str | list[str]) -> list[str]:
    return [label] if isinstance(label, str) else label


def _entities_right(label: Any, found: list[str], ids: list[str]) -> bool:
    if label == "*":
        return True
    readings = label if label and isinstance(label[0], list) else [label]
    if [] in readings and found == [SITE]:
        return True
    wanted = [{id for each in reading for id in fnmatch.filter(ids, each)} for reading in readings]
    return set(found) in wanted or any(not reading and not found for reading in readings)


def _quantity_right(choices: list[str], found: str | None) -> bool:
    return "*" in choices or (found or "") in choices


def _time_right(label: dict[str, Any], found: dict[str, str] | None) -> bool:
    choices = _choices(label.get("time", ""))
    if "*" in choices:
        return True
    if found is None:
        return "" in choices
    span = [dt.datetime.fromisoformat(found[end]) for end in ("start", "end")]
    tolerance = dt.timedelta(minutes=label.get("tol", TOLERANCE_MIN))
    return any(_near(choice, span, tolerance) for choice in choices if choice)


def _near(choice: str, span: list[dt.datetime], tolerance: dt.timedelta) -> bool:
    wanted = [_instant(text) for text in choice.split("/")]
    return all(abs(a - b) <= tolerance for a, b in zip(wanted, span, strict=True))


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=BANGKOK)
