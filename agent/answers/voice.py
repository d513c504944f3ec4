"""What a template is given, and how it speaks: lines of text whose every number is a Figure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.answers.words import THAI, kind, quantity, word
from agent.evidence import Figure, ToolResult
from agent.figures import Clock, show
from agent.plan import Plan
from ontology.graph import Building


@dataclass(frozen=True)
class Voice:
    """One answer in the making: the plan, what the tools found, and the language."""

    plan: Plan
    results: Sequence[ToolResult]
    building: Building
    now: dt.datetime
    language: str
    lines: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """Findings told in full: a second room with the same cause need not hear it again."""

    @property
    def clock(self) -> Clock:
        return Clock(self.building.zone, self.now, self.language == THAI)

    def say(self, english: str, thai: str) -> None:
        """A line in the language of the question."""
        self.lines.append(self.pick(english, thai))

    def pick(self, english: str, thai: str) -> str:
        return thai if self.language == THAI else english

    def show(self, figure: Figure) -> str:
        shown = show(figure, missing=self.word("no data"), thai=self.language == THAI)
        return self.word(shown) if shown in ("on", "off") else shown

    def bold(self, figure: Figure) -> str:
        return f"**{self.show(figure)}**"

    def time(self, instant: dt.datetime) -> str:
        return self.clock.time(instant)

    def day(self, instant: dt.datetime) -> str:
        """The day of an instant without its weekday: "19 Nov", "20 Dec 2025"."""
        day = instant.astimezone(self.building.zone).date()
        if day == self.now.astimezone(self.building.zone).date():
            return self.time(instant)
        return self.clock.date(day).partition(" ")[2]

    def span(self, start: dt.datetime, end: dt.datetime) -> str:
        return self.clock.span(start, end)

    def word(self, name: str) -> str:
        return word(name, self.language)

    def quantity(self, name: str) -> str:
        return quantity(name, self.language)

    def kind(self, name: str) -> str:
        return kind(name, self.language)

    def name(self, id: str) -> str:
        """What people call an entity: its own name where that says more than its id."""
        if id not in self.building:
            return id
        entity = self.building.get(id)
        return (
            entity.dis
            if entity.is_space or id.startswith(("meter", "weather", "riverside"))
            else entity.id
        )

    def cite(self, *ids: str) -> str:
        unique = dict.fromkeys(id for id in ids if id)
        return "".join(f"[{id}]" for id in unique)

    def found(self, tool: str) -> list[ToolResult]:
        """Results of a tool that could answer."""
        return [r for r in self.results if r.tool == tool and not r.error]


def names(voice: Voice, ids: Sequence[str], most: int = 8) -> str:
    """Names in a row; the rest is said to be more, by name of the list."""
    shown = ", ".join(voice.name(id) for id in ids[:most])
    return shown + (voice.pick(" and others", " และอื่น ๆ") if len(ids) > most else "")


Row = Mapping[str, Any]
