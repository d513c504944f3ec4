"""Questions worth asking first: about this building, as it is now."""

from __future__ import annotations

from collections.abc import Sequence

from agent.diagnosis import Family, Finding
from ontology.graph import Building

MOST = 6


def examples(building: Building, findings: Sequence[Finding]) -> list[str]:
    """At most six questions, the most pressing first; each names something that exists here."""
    asked = [_complaint(building, findings), _worst(findings)]
    if building.of_kind("chiller"):
        asked.append("How efficient is the plant today compared with yesterday?")
    asked.append("What is in hand right now?")
    chillers = building.of_kind("chiller")
    if chillers:
        asked.append(f"What did {chillers[-1].id} draw over the last 24 hours?")
    asked.append("Which equipment had the most work orders this year?")
    return [question for question in asked if question][:MOST]


def _complaint(building: Building, findings: Sequence[Finding]) -> str:
    """A room that a guest would call about; best one whose cause lies elsewhere."""
    rooms = [f for f in findings if f.family is Family.ROOM and f.equip in building]
    for finding in sorted(rooms, key=lambda f: (f.parent is None, not _is_about_temp(f))):
        for place in building.place(finding.equip):
            if place.kind == "room":
                return f"Why is {place.dis.lower()} uncomfortable?"
    return ""


def _is_about_temp(finding: Finding) -> bool:
    return bool(finding.proofs) and finding.proofs[0].unit == "°C"


def _worst(findings: Sequence[Finding]) -> str:
    return (
        f"What is wrong with {findings[0].equip}?" if findings else "Is anything wrong right now?"
    )
