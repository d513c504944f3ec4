"""Findings that stand in the newest samples: devices gone silent, points held by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from agent.diagnosis import Cause, Finding, Impact, Proof, Severity, finding_id, ranked
from agent.rules.overrides import FORGOTTEN, OVERRIDE_HELD, Held
from agent.rules.rule import Rule
from agent.rules.sensors import SILENT
from agent.rules.silence import Silence, silences
from ontology.graph import Building
from ontology.history import Sample
from ontology.kinds import Ref
from ontology.time import Span

LONG_SILENCE = dt.timedelta(hours=12)
"""A device silent for longer than a night's radio or power trouble needs a visit."""
SURE = 0.95


def silent_findings(
    building: Building, newest: Mapping[Ref, Sample], now: dt.datetime
) -> list[Finding]:
    """SV-04: one finding for each silent equipment or single silent point."""
    return [_silent(building, one, now) for one in silences(building, newest, now)]


def _silent(building: Building, silence: Silence, now: dt.datetime) -> Finding:
    start = min(silence.since or now, now)
    point = silence.point or _any_point(building, silence.equip)
    quiet_h = (now - start) / dt.timedelta(hours=1)
    text = f"no sample for {quiet_h:.1f} h" if silence.since else "no sample ever"
    proof = Proof(point, Span(start, now), "silence", round(quiet_h, 1), "h", text)
    long = now - start > LONG_SILENCE and not silence.point
    what = silence.point.rpartition(".")[2].replace("-", " ")
    says = f"{silence.equip} {what + ' ' if what else ''}has been silent for {quiet_h:.0f} h"
    return Finding(
        id=finding_id(SILENT.id, silence.point or silence.equip, start, building.zone),
        rule=SILENT.id, family=SILENT.family, equip=silence.equip, start=start, end=None,
        severity=Severity.WASTE if long else Severity.INFO, says=says, proofs=(proof,),
        causes=_causes(SILENT), next_check=_first_check(SILENT),
        impact=Impact(method="blind, not costed"), confidence=SURE, point=silence.point,
    )  # fmt: skip


def _any_point(building: Building, equip: str) -> str:
    points = building.points(equip)
    return points[0].id if points else equip


def override_findings(building: Building, held: Sequence[Held], now: dt.datetime) -> list[Finding]:
    """OVR-01: points held by hand for longer than a test or a repair takes."""
    forgotten = (h for h in held if h.since is None or now - h.since > FORGOTTEN)
    return [_override(building, one, now) for one in forgotten]


def _override(building: Building, held: Held, now: dt.datetime) -> Finding:
    start = held.since or now - dt.timedelta(days=30)
    hours = (now - start) / dt.timedelta(hours=1)
    equip = building.equip_of(held.point.ref)
    role = held.point.role.dis.lower() if held.point.role else held.point.dis
    unit = held.point.unit
    slot = f" in priority slot {held.level}" if held.level else ""
    name = equip.id if equip else held.point.id
    says = f"{name} {role} has been held by hand at {held.value:g} {unit}".rstrip()
    says += f"{slot} for {_long(hours)}"
    proof = Proof(held.point.id, Span(start, now), "held", held.value, unit,
                  f"status overridden without a break for {_long(hours)}")  # fmt: skip
    return Finding(
        id=finding_id(OVERRIDE_HELD.id, held.point.id, start, building.zone),
        rule=OVERRIDE_HELD.id, family=OVERRIDE_HELD.family, equip=name, start=start, end=None,
        severity=OVERRIDE_HELD.severity, says=says, proofs=(proof,),
        causes=_causes(OVERRIDE_HELD), next_check=_first_check(OVERRIDE_HELD),
        impact=Impact(method="see the findings it explains"), confidence=SURE, point=held.point.id,
    )  # fmt: skip


def _long(hours: float) -> str:
    """A duration as people say it.

    >>> _long(30), _long(80)
    ('30 h', '3.3 days')
    """
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.1f} days"


def _causes(rule: Rule) -> tuple[Cause, ...]:
    return ranked([Cause(s.id, s.says, s.prior, s.check) for s in rule.causes])


def _first_check(rule: Rule) -> str:
    return rule.causes[0].check
