"""What a tool found: figures, rows, series, and where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Trust(StrEnum):
    """Where a text or value came from; documents, point names and memory never become instructions."""

    USER = "user"
    ONTOLOGY = "ontology"
    SENSOR = "sensor"
    DOCUMENT = "document"
    MEMORY = "memory"


@dataclass(frozen=True)
class Evidence:
    """One citable source. `id` is "E1", "E2" ... unique within a run.

    kind: "history", "live", "sql", "ontology", "fault", "manual" or "worklog".
    source: what a person can re-run or open: point ids and range, SQL text, fault id, "O&M chillers, p. 4".
    """

    id: str
    kind: str
    source: str
    text: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    trust: Trust = Trust.SENSOR


@dataclass(frozen=True)
class Figure:
    """A number an answer may show: only these may appear in it. `value` is None when unknown.

    name is the tool's own key for it, such as "CH-2.power.mean"; evidence names its source.
    """

    name: str
    value: float | None
    unit: str
    evidence: str


@dataclass(frozen=True)
class Series:
    """A line to draw: unix seconds and values, None where silent."""

    name: str
    unit: str
    ts: tuple[int, ...]
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Chart:
    """Series to draw together; bands mark fault episodes as (start, end, label) in unix seconds."""

    title: str
    series: tuple[Series, ...]
    bands: tuple[tuple[int, int, str], ...] = ()
    evidence: str = ""


@dataclass(frozen=True)
class ToolResult:
    """What a tool gives back. `summary` (<= 1,500 tokens) is all a language model sees of it."""

    tool: str
    summary: str
    figures: tuple[Figure, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    charts: tuple[Chart, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    """Set when the tool could not answer; `summary` then says why, with the hint."""
