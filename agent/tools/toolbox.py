"""What the tools work with, given once by whoever wires the house, and the draft of what they found."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from agent.evidence import Chart, Evidence, Figure, ToolResult, Trust
from agent.faultbook import FaultBook
from edge.chunk import Passage
from edge.index import EVERYTHING, Only
from ontology.graph import Building
from ontology.history import History
from ontology.kinds import Ref
from ontology.records import Records

MAX_SUMMARY = 4_500
"""Characters of a summary: about 1,500 tokens of English with figures."""


class Answered(Protocol):
    """Rows a SELECT gave."""

    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def rows(self) -> Sequence[Sequence[Any]]: ...
    @property
    def sql(self) -> str: ...
    @property
    def elapsed_s(self) -> float: ...
    @property
    def truncated(self) -> bool: ...


class Selects(Protocol):
    """Runs one guarded SELECT over the views of the building."""

    async def run(self, text: str, *, limit: int = 200, timeout_s: float = 2.5) -> Answered: ...


class Keeps(Protocol):
    """Keeps whole results as files for people to fetch."""

    def keep(self, table: Any) -> str:
        """The id of the file."""


class Searches(Protocol):
    """Finds passages of documents. `mode` is "hybrid" or "lexical"."""

    @property
    def mode(self) -> str: ...

    def search(
        self, question: str, *, count: int = 5, only: Only = EVERYTHING
    ) -> list[Passage]: ...


@dataclass(frozen=True)
class Tariff:
    """What electricity costs here, flat: enough to say what a finding costs."""

    per_kwh: float
    currency: str


@dataclass(frozen=True)
class Toolbox:
    """Everything a tool may touch; all of it is read only."""

    building: Building
    history: History
    records: Records
    sql: Selects | None
    library: Searches | None
    faultbook: FaultBook
    clock: Callable[[], dt.datetime]
    tariff: Tariff | None = None
    artefacts: Keeps | None = None
    override_level: Callable[[Ref], int | None] = lambda _point: None
    """The BACnet priority slot a point is held in now, where the poller has read it."""

    @property
    def zone(self) -> ZoneInfo:
        return self.building.zone

    @property
    def now(self) -> dt.datetime:
        return self.clock()


@dataclass
class Draft:
    """A tool result in the making: numbers evidence from E1 and keeps every figure with its source."""

    tool: str
    figures: list[Figure] = field(default_factory=list)
    rows: list[Mapping[str, Any]] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def cite(
        self,
        kind: str,
        source: str,
        text: str = "",
        trust: Trust = Trust.SENSOR,
        **detail: Any,
    ) -> str:
        """A new source; gives its id."""
        id = f"E{len(self.evidence) + 1}"
        self.evidence.append(Evidence(id, kind, source, text, detail, trust))
        return id

    def figure(self, name: str, value: float | None, unit: str, evidence: str) -> Figure:
        """A number an answer may show; NaN is unknown."""
        known = None if value is None or math.isnan(value) else float(value)
        made = Figure(name, known, unit, evidence)
        self.figures.append(made)
        return made

    def done(self) -> ToolResult:
        """The result; a summary too long for a prompt is cut at a line and says so."""
        return ToolResult(
            tool=self.tool,
            summary=_cut(self.lines),
            figures=tuple(self.figures),
            rows=tuple(self.rows),
            evidence=tuple(self.evidence),
            charts=tuple(self.charts),
            facts=self.facts,
        )


def _cut(lines: Sequence[str]) -> str:
    kept: list[str] = []
    room = MAX_SUMMARY
    for line in lines:
        if len(line) + 1 > room:
            kept.append(f"(cut: {len(lines) - len(kept)} more lines; ask for less at a time)")
            break
        kept.append(line)
        room -= len(line) + 1
    return "\n".join(kept)


def inside(building: Building, whole: str) -> set[str]:
    """Ids of an entity, the spaces and equipment inside it and its parts, at any depth."""
    found: set[str] = set()
    front = [building.get(whole)]
    while front:
        entity = front.pop()
        if entity.id not in found:
            found.add(entity.id)
            front.extend(building.contains(entity.ref))
    return found
