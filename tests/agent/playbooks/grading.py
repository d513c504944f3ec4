"""Grades the planner on a bank of labelled questions: intent, entities, quantity and time, each on its own."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from agent.plan import Plan, Question
from agent.playbooks.planner import PlaybookPlanner
from ontology.time import Span

HERE = Path(__file__).parent
FIELDS = ("intent", "entities", "quantity", "time")


@dataclass(frozen=True)
class Row:
    """One labelled question. "*" is not judged."""

    text: str
    intent: str
    entities: str
    quantity: str
    time: str

    @property
    def half(self) -> str:
        """ "choose" (may be looked at while building) or "report", by hash."""
        return ("choose", "report")[hashlib.sha256(self.text.encode()).digest()[0] % 2]


@dataclass
class Marks:
    """Rows seen, right per field, and all four right."""

    seen: int = 0
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def share(self, name: str) -> float:
        return self.right[name] / self.seen if self.seen else 0.0

    def __str__(self) -> str:
        return f"{self.seen} questions: " + ", ".join(
            f"{f} {self.share(f):.1%}" for f in (*FIELDS, "all")
        )


def read_bank(name: str = "bank.toml") -> tuple[dt.datetime, list[Row]]:
    """The moment the questions are asked at, and the questions."""
    with (HERE / name).open("rb") as file:
        tables = tomllib.load(file)
    now = dt.datetime.fromisoformat(tables.pop("now"))
    return now, [Row(q, intent, e, r, t) for intent, rows in tables.items() for q, e, r, t in rows]


def read_terse() -> list[tuple[str, str]]:
    """Questions of a few words with their intents."""
    with (HERE / "terse.toml").open("rb") as file:
        tables = tomllib.load(file)
    tables.pop("now")
    return [(text, intent) for intent, texts in tables.items() for text in texts]


def grade(planner: PlaybookPlanner, now: dt.datetime, rows: list[Row]) -> Marks:
    marks = Marks()
    for row in rows:
        plan = planner.plan(Question(row.text, now))
        got = verdict(plan, row, now)
        marks.seen += 1
        for name, right in got.items():
            marks.right[name] += right
        marks.right["all"] += all(got.values())
        if not all(got.values()):
            bad = [name for name, right in got.items() if not right]
            marks.wrong.append(
                f"{row.text!r}: {bad} -> {plan.intent.value} {plan.entities[:6]} {plan.quantity} {_local(plan.time, now)}"
            )
    return marks


def verdict(plan: Plan, row: Row, now: dt.datetime) -> dict[str, bool]:
    """Which of the judged fields are right."""
    return {
        "intent": plan.intent.value == row.intent,
        "entities": row.entities == "*" or set(plan.entities) == set(row.entities.split()),
        "quantity": row.quantity in {"*", plan.quantity or ""},
        "time": row.time == "*" or plan.time == span_of(row.time, now),
    }


def span_of(text: str, now: dt.datetime) -> Span | None:
    if not text:
        return None
    start, end = text.split("/")
    return Span(_edge(start, now), min(_edge(end, now), now))


def _edge(text: str, now: dt.datetime) -> dt.datetime:
    if text == "now":
        return now
    if m := re.fullmatch(r"-(\d+)([dhm])", text):
        return now - dt.timedelta(minutes=int(m[1]) * {"m": 1, "h": 60, "d": 1440}[m[2]])
    full = text if re.match(r"\d{4}-", text) else f"{now.year}-{text}"
    return dt.datetime.fromisoformat(full).replace(tzinfo=now.tzinfo)


def _local(span: Span | None, now: dt.datetime) -> str:
    return (
        "-"
        if span is None
        else f"{span.start.astimezone(now.tzinfo):%m-%dT%H:%M}/{span.end.astimezone(now.tzinfo):%m-%dT%H:%M}"
    )
