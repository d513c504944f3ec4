"""How a question was understood, and what to do about it: one type for both planners."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ontology.time import Span


class Intent(StrEnum):
    """What a person wants to know."""

    LIVE_VALUE = "live_value"
    HISTORY_TREND = "history_trend"
    COMPARE_PERIODS = "compare_periods"
    AGGREGATE = "aggregate"
    ENERGY_EFFICIENCY = "energy_efficiency"
    FIND_EQUIPMENT = "find_equipment"
    EXPLAIN_EQUIPMENT = "explain_equipment"
    FAULTS_OPEN = "faults_open"
    FAULT_CAUSE = "fault_cause"
    OVERRIDE_STATUS = "override_status"
    COMFORT_COMPLAINT = "comfort_complaint"
    DATA_QUALITY = "data_quality"
    MANUAL_LOOKUP = "manual_lookup"
    WORKLOG_STATS = "worklog_stats"
    REPORT_REQUEST = "report_request"
    WRITE_REQUEST = "write_request"
    OUT_OF_SCOPE = "out_of_scope"
    AMBIGUOUS = "ambiguous"
    INJECTION = "injection"


@dataclass(frozen=True)
class Step:
    """One call of a read-only tool."""

    tool: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """A question understood. `entities` are ids as in the ontology: "CH-2", "VAV-2-07", "room-807".

    `quantity` is a role name or a derived quantity ("efficiency", "delta-t", "approach"), None if none.
    `slots` carries what only the planner's own answer templates need.
    """

    mode: str
    intent: Intent
    entities: tuple[str, ...] = ()
    quantity: str | None = None
    time: Span | None = None
    steps: tuple[Step, ...] = ()
    question_back: str | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The shape of `plantroom ask --plan --json`."""
        time = self.time and {
            "start": _iso(self.time.start, self.slots.get("zone")),
            "end": _iso(self.time.end, self.slots.get("zone")),
        }
        return {
            "mode": self.mode,
            "intent": self.intent.value,
            "entities": list(self.entities),
            "quantity": self.quantity,
            "time": time,
            "steps": [{"tool": step.tool, "args": dict(step.args)} for step in self.steps],
            "question_back": self.question_back,
        }


def _iso(instant: dt.datetime, zone: dt.tzinfo | None) -> str:
    return instant.astimezone(zone or dt.UTC).isoformat()


@dataclass(frozen=True)
class Question:
    """What was asked, when, and by whom. `now` is an aware instant."""

    text: str
    now: dt.datetime
    user: str = "operator"
    thread: str = ""
