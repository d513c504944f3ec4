"""What an engineer tells while it works: typed events, each with one JSON form for API, CLI and log.

Order in a run: `understood`, then `step_started`/`step_done` with `evidence` and `chart` as they are
found, `token`s of the answer (model mode streams it, playbook mode gives it whole), `answer`, `done`.
`note` may come anywhere. A run ends with exactly one `done`; `failed` stands in for `answer` only
when nothing could be answered at all. A `token` with `restart` true drops the text streamed so far.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, ClassVar, TypeAlias

from agent.evidence import Chart, Evidence
from agent.plan import Plan
from ontology.kinds import Ref


@dataclass(frozen=True)
class Understood:
    """How the question was read: the planner's intent, entities, quantity, time and steps."""

    type: ClassVar[str] = "understood"
    plan: Plan


@dataclass(frozen=True)
class StepStarted:
    """A read-only tool begins. `id` ("S1") pairs it with its `step_done`; `says` is for people."""

    type: ClassVar[str] = "step_started"
    id: str
    tool: str
    args: Mapping[str, Any]
    says: str


@dataclass(frozen=True)
class StepDone:
    """A tool has finished. `error` is empty on success; `sql` is the statement run, if one was."""

    type: ClassVar[str] = "step_done"
    id: str
    tool: str
    summary: str
    elapsed_s: float
    error: str = ""
    evidence: tuple[str, ...] = ()
    sql: str = ""


@dataclass(frozen=True)
class ChartFound:
    """A chart to draw at this place of the conversation."""

    type: ClassVar[str] = "chart"
    chart: Chart


@dataclass(frozen=True)
class EvidenceFound:
    """A citable source; answers name it as [E1]."""

    type: ClassVar[str] = "evidence"
    evidence: Evidence


@dataclass(frozen=True)
class Token:
    """A piece of the answer's Markdown. `restart`: forget the pieces before it."""

    type: ClassVar[str] = "token"
    text: str
    restart: bool = False


@dataclass(frozen=True)
class Note:
    """A plain remark about the run: the model went silent, a source was not reachable."""

    type: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Answer:
    """The whole answer. `mode` is "playbook" (no language model was used) or "model".

    `ungrounded` lists numbers in model text that no tool result supports; the text marks them too.
    """

    type: ClassVar[str] = "answer"
    answer: str
    mode: str
    evidence: tuple[Evidence, ...]
    charts: tuple[Chart, ...]
    follow_ups: tuple[str, ...]
    plan: Plan
    elapsed_s: float
    ungrounded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """Nothing could be answered: an error of the tree, with what to do about it."""

    type: ClassVar[str] = "failed"
    code: str
    message: str
    hint: str


@dataclass(frozen=True)
class Done:
    """The run is over."""

    type: ClassVar[str] = "done"
    elapsed_s: float


Event: TypeAlias = (
    Understood | StepStarted | StepDone | ChartFound | EvidenceFound | Token | Note | Answer | Failed | Done
)  # fmt: skip


def to_json(event: Event) -> dict[str, Any]:
    """The event as JSON values: `type` first, then its fields."""
    return {"type": event.type, **_fields(event)}


def plain(value: Any) -> Any:
    """Any value of an event as JSON values: NaN and infinities become null, instants ISO 8601."""
    if isinstance(value, Plan):
        return plain(value.to_json())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return _fields(value) if is_dataclass(value) else value


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
