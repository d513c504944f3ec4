"""What a fault is to people: a finding with its proof, ranked causes, next check and impact.

Frozen values, and their form as records: a finding is stored under the marker `fault`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from ontology.errors import Corrupt
from ontology.kinds import MARKER, Number, Ref, Tags
from ontology.time import Span


class Family(StrEnum):
    """Which part of the house a rule looks after."""

    SENSOR = "sensor"
    AIR = "air"
    ROOM = "room"
    PLANT = "plant"
    OVERRIDE = "override"
    COORDINATION = "coordination"


class Severity(IntEnum):
    """How much it matters; the catalogue's scale."""

    INFO = 1
    WASTE = 2
    COMFORT = 3
    RISK = 4


class State(StrEnum):
    """`SKIPPED`: a rule that could not look. `CLOSED`: seen in the range, not seen any more at its end."""

    OPEN = "open"
    CLOSED = "closed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Proof:
    """One re-runnable fact: this statistic of this point over this span had this value (None: unknown)."""

    point: str
    span: Span
    statistic: str
    value: float | None
    unit: str
    text: str


@dataclass(frozen=True)
class Cause:
    """What may be behind it. `likelihood` is 0 to 1; the causes of a finding sum to 1."""

    id: str
    says: str
    likelihood: float
    check: str
    proofs: tuple[Proof, ...] = ()
    equip: str = ""
    """Where the cause sits, when that is not the finding's own equipment."""


@dataclass(frozen=True)
class Impact:
    """What it has cost over the finding's span. None where no honest formula exists.

    kwh is electricity, cost in the tariff's currency, comfort_hours are room-hours outside comfort.
    """

    kwh: float | None = None
    cost: float | None = None
    comfort_hours: float | None = None
    method: str = ""


@dataclass(frozen=True)
class Finding:
    """A confirmed fault of one equipment. `id` stays the same from run to run; `end` None: still there."""

    id: str
    rule: str
    family: Family
    equip: str
    start: dt.datetime
    end: dt.datetime | None
    severity: Severity
    says: str
    proofs: tuple[Proof, ...] = ()
    causes: tuple[Cause, ...] = ()
    next_check: str = ""
    impact: Impact = field(default_factory=Impact)
    parent: str | None = None
    """The finding that is raised for the whole case this one belongs to, by id."""
    confidence: float = 0.5
    status: State = State.OPEN
    point: str = ""
    """The point at fault, for findings about one point."""
    acknowledged_by: str = ""
    """Who took note of it; a person's tags, read from the record and never written by detection."""
    snoozed_until: dt.datetime | None = None

    @property
    def subject(self) -> str:
        """What the finding is about: a point where there is one, else the equipment."""
        return self.point or self.equip

    def span(self, now: dt.datetime) -> Span:
        """From its start to its end, or to `now` while open."""
        return Span(self.start, max(self.end or now, self.start))

    def to_tags(self) -> dict[str, Any]:
        """The finding as a record."""
        return {
            "id": Ref(self.id, self.says),
            "dis": self.says,
            "fault": MARKER,
            "rule": self.rule,
            "family": self.family.value,
            "equipRef": Ref(self.equip),
            "start": self.start,
            "severity": Number(int(self.severity)),
            "confidence": Number(self.confidence),
            "status": self.status.value,
            "nextCheck": self.next_check,
            "proofs": [_proof_tags(proof) for proof in self.proofs],
            "causes": [_cause_tags(cause) for cause in self.causes],
            "impact": _impact_tags(self.impact),
        } | _present(
            end=self.end,
            parentRef=Ref(self.parent) if self.parent else None,
            faultPointRef=Ref(self.point) if self.point else None,
        )

    @classmethod
    def from_tags(cls, tags: Tags) -> Finding:
        """From a record; Corrupt when a tag is missing or of the wrong kind."""
        try:
            return cls(
                id=tags["id"].id,
                rule=tags["rule"],
                family=Family(tags["family"]),
                equip=tags["equipRef"].id,
                start=tags["start"],
                end=tags.get("end"),
                severity=Severity(int(tags["severity"].value)),
                says=tags["dis"],
                proofs=tuple(_proof(one) for one in tags["proofs"]),
                causes=tuple(_cause(one) for one in tags["causes"]),
                next_check=tags["nextCheck"],
                impact=_impact(tags["impact"]),
                parent=tags["parentRef"].id if "parentRef" in tags else None,
                confidence=tags["confidence"].value,
                status=State(tags["status"]),
                point=tags["faultPointRef"].id if "faultPointRef" in tags else "",
                acknowledged_by=tags.get("ackBy", ""),
                snoozed_until=tags.get("snoozedUntil"),
            )
        except (KeyError, AttributeError, TypeError, ValueError) as cause:
            raise Corrupt(
                f"not a fault record: {tags.get('id')} ({cause!r})",
                hint="delete the record; the next detection writes it again",
            ) from cause


@dataclass(frozen=True)
class Skipped:
    """A rule that could not look at some equipment, and what it would need there."""

    rule: str
    says: str
    equips: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def text(self) -> str:
        return f"{self.rule} skipped on {len(self.equips)}: needs {', '.join(self.needs)}"


@dataclass(frozen=True)
class Detection:
    """What one run of all rules found, and what it could not look at."""

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...] = ()


def finding_id(rule: str, subject: str, start: dt.datetime, zone: ZoneInfo) -> str:
    """The stable id: rule, subject and the local day the fault began."""
    return f"{rule}:{subject}:{start.astimezone(zone):%Y-%m-%d}"


def ranked(causes: Sequence[Cause]) -> tuple[Cause, ...]:
    """Causes by likelihood, scaled so that they sum to 1."""
    total = sum(cause.likelihood for cause in causes)
    scaled = [replace(c, likelihood=round(c.likelihood / total, 3)) for c in causes if total > 0]
    return tuple(sorted(scaled, key=lambda cause: -cause.likelihood))


def _present(**tags: Any) -> dict[str, Any]:
    return {name: value for name, value in tags.items() if value is not None}


def _number(value: float | None, unit: str = "") -> Number | None:
    return None if value is None or math.isnan(value) else Number(value, unit)


def _proof_tags(proof: Proof) -> dict[str, Any]:
    return {
        "point": proof.point,
        "start": proof.span.start,
        "end": proof.span.end,
        "statistic": proof.statistic,
        "unit": proof.unit,
        "text": proof.text,
    } | _present(value=_number(proof.value))


def _proof(tags: Tags) -> Proof:
    return Proof(
        point=tags["point"],
        span=Span(tags["start"], tags["end"]),
        statistic=tags["statistic"],
        value=tags["value"].value if "value" in tags else None,
        unit=tags["unit"],
        text=tags["text"],
    )


def _cause_tags(cause: Cause) -> dict[str, Any]:
    return {
        "cause": cause.id,
        "says": cause.says,
        "likelihood": Number(cause.likelihood),
        "check": cause.check,
        "equip": cause.equip,
        "proofs": [_proof_tags(proof) for proof in cause.proofs],
    }


def _cause(tags: Tags) -> Cause:
    return Cause(
        id=tags["cause"],
        says=tags["says"],
        likelihood=tags["likelihood"].value,
        check=tags["check"],
        proofs=tuple(_proof(one) for one in tags["proofs"]),
        equip=tags["equip"],
    )


def _impact_tags(impact: Impact) -> dict[str, Any]:
    return {"method": impact.method} | _present(
        kwh=_number(impact.kwh, "kWh"),
        cost=_number(impact.cost),
        comfortHours=_number(impact.comfort_hours, "h"),
    )


def _impact(tags: Tags) -> Impact:
    def value(name: str) -> float | None:
        return tags[name].value if name in tags else None

    return Impact(value("kwh"), value("cost"), value("comfortHours"), tags["method"])
