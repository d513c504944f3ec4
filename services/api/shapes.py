"""The JSON shapes that several routes share: a named thing, a live point, a finding."""

from __future__ import annotations

import datetime as dt
import math

from pydantic import BaseModel

from agent.diagnosis import Cause, Finding, Proof
from ontology.entity import Entity
from ontology.graph import Building
from ontology.history import Sample, Status

LATE_S = 15 * 60
"""A value older than this is shown as stale: three missed samples of the usual 5 minutes."""


class Named(BaseModel):
    """A thing with its name; `kind` is a name of `ontology.defs.EQUIP_KINDS`."""

    id: str
    dis: str
    kind: str | None = None


class Link(Named):
    """A neighbour, and what flows between: air, chilled-water, condenser-water or electricity."""

    medium: str


class LivePoint(BaseModel):
    """A point's newest value in its canonical unit. `value` null: nothing known."""

    id: str
    role: str
    dis: str
    unit: str
    quantity: str
    value: float | None
    status: str
    at: dt.datetime | None
    age_s: float | None


class ProofView(BaseModel):
    """One re-runnable fact of a finding."""

    point: str
    start: dt.datetime
    end: dt.datetime
    statistic: str
    value: float | None
    unit: str
    text: str


class CauseView(BaseModel):
    """What may be behind a finding; `likelihood` 0 to 1."""

    says: str
    likelihood: float
    check: str
    equip: str
    proofs: list[ProofView]


class Acknowledged(BaseModel):
    """Who has seen a finding, and what they said about it."""

    by: str
    note: str


class FindingLine(BaseModel):
    """A finding in a list: what, where, since when, what it costs. `parent`: the finding that explains it."""

    id: str
    rule: str
    family: str
    equip: Named
    place: str
    point: str
    start: dt.datetime
    end: dt.datetime | None
    severity: int
    says: str
    next_check: str
    cost_per_day: float | None
    kwh_per_day: float | None
    comfort_hours: float | None
    currency: str
    confidence: float
    status: str
    parent: str | None
    acknowledged: Acknowledged | None


class FindingView(FindingLine):
    """A finding with its proofs and its causes, the likeliest first."""

    causes: list[CauseView]
    proofs: list[ProofView]
    impact_method: str


def named(entity: Entity) -> Named:
    """An entity with its name and kind."""
    return Named(id=entity.id, dis=entity.dis, kind=entity.kind)


def live_point(point: Entity, sample: Sample | None, now: dt.datetime) -> LivePoint:
    """A point as it is now: silent, stale or with the status of its newest sample."""
    role = point.role
    known = sample is not None and math.isfinite(sample.value)
    age_s = (now - sample.at).total_seconds() if sample else None
    return LivePoint(
        id=point.id,
        role=role.name if role else point.id.rpartition(".")[2],
        dis=role.dis if role else point.dis,
        unit=point.unit,
        quantity=role.quantity if role else "",
        value=sample.value if sample and known else None,
        status=_status(sample, age_s),
        at=sample.at if sample else None,
        age_s=age_s,
    )


def _status(sample: Sample | None, age_s: float | None) -> str:
    if sample is None or age_s is None:
        return "silent"
    if sample.status is Status.GOOD and age_s > LATE_S:
        return "stale"
    return Status(sample.status).name.lower().replace("_", "-")


def finding_line(
    finding: Finding, building: Building, *, now: dt.datetime, currency: str, note: str = ""
) -> FindingLine:
    """A finding with its equipment named and its cost per day."""
    days = max(finding.span(now).duration / dt.timedelta(days=1), 1 / 24)
    equip, place = _whose(finding, building)
    by = finding.acknowledged_by
    return FindingLine(
        id=finding.id,
        rule=finding.rule,
        family=finding.family.value,
        equip=equip,
        place=place,
        point=finding.point,
        start=finding.start,
        end=finding.end,
        severity=int(finding.severity),
        says=finding.says,
        next_check=finding.next_check,
        cost_per_day=_per_day(finding.impact.cost, days),
        kwh_per_day=_per_day(finding.impact.kwh, days),
        comfort_hours=_finite(finding.impact.comfort_hours),
        currency=currency,
        confidence=finding.confidence,
        status=finding.status.value,
        parent=finding.parent,
        acknowledged=Acknowledged(by=by, note=note) if by else None,
    )


def finding_view(finding: Finding, line: FindingLine) -> FindingView:
    """A finding in full."""
    return FindingView(
        **line.model_dump(),
        causes=[_cause(cause) for cause in finding.causes],
        proofs=[_proof(proof) for proof in finding.proofs],
        impact_method=finding.impact.method,
    )


def _whose(finding: Finding, building: Building) -> tuple[Named, str]:
    if finding.equip not in building:
        return Named(id=finding.equip, dis=finding.equip), ""
    entity = building.get(finding.equip)
    return named(entity), next((e.dis for e in building.place(entity.ref) if e.is_space), "")


def _cause(cause: Cause) -> CauseView:
    return CauseView(
        says=cause.says,
        likelihood=cause.likelihood,
        check=cause.check,
        equip=cause.equip,
        proofs=[_proof(proof) for proof in cause.proofs],
    )


def _proof(proof: Proof) -> ProofView:
    return ProofView(
        point=proof.point,
        start=proof.span.start,
        end=proof.span.end,
        statistic=proof.statistic,
        value=_finite(proof.value),
        unit=proof.unit,
        text=proof.text,
    )


def _per_day(total: float | None, days: float) -> float | None:
    known = _finite(total)
    return None if known is None else known / days


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
