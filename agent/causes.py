"""From findings to cases: what explains what, followed over the ontology graph.

An effect whose cause was found on the same or on supplying equipment is attached to that finding
(`parent`), and its own list of causes moves towards it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from agent.diagnosis import Cause, Finding, Impact, Proof, Severity, finding_id, ranked
from agent.rules.coordination import CLUSTER, COMMON_CAUSE
from ontology.entity import Entity
from ontology.graph import Building
from ontology.time import Span

FOUND_ODDS = 6.0
"""A cause found as a finding of its own is this much likelier than its prior says."""
TOGETHER = dt.timedelta(days=2)
"""An effect may begin this long before its cause was noticed (detection delays differ between rules)."""
SAME_ONSET = dt.timedelta(hours=24)
"""Findings that begin within a day of each other may be one case."""

Where = Callable[[Building, Entity], Iterable[Entity]]


def _here(_: Building, equip: Entity) -> Iterable[Entity]:
    return (equip,)


def _its_air(building: Building, equip: Entity) -> Iterable[Entity]:
    return (e for e, medium in building.fed_by(equip.ref) if medium == "air")


def _the_plant(building: Building, _: Entity) -> Iterable[Entity]:
    return building.of_kind("chilled-water-plant", "chiller")


def _the_loop_pumps(building: Building, _: Entity) -> Iterable[Entity]:
    return (e for e in building.of_kind("chilled-water-pump") if "secondary" in e)


@dataclass(frozen=True)
class Link:
    """An effect's rules, its cause's rules, where the cause sits seen from the effect, and its name there.

    `attaches`: "effect" hangs the effect below the cause, "cause" the cause below the effect (the
    effect is what people know the case by), "" neither.
    """

    effects: tuple[str, ...]
    causes: tuple[str, ...]
    where: Where
    cause: str
    attaches: str = "effect"


LINKS: tuple[Link, ...] = (
    # damp fresh air takes a fan coil's capacity: it dries instead of cooling
    Link(
        ("ROOM-05", "FCU-02", "FCU-04", "ROOM-03"),
        ("AHU-FC13", "AHU-19"),
        _its_air,
        "warm-fresh-air",
    ),
    Link(("ROOM-05", "FCU-02", "AHU-FC13"), ("CHW-03",), _the_plant, "water-too-warm"),
    Link(("ROOM-05",), ("FCU-02",), _here, "coil-weak"),
    Link(("FCU-02",), ("FCU-03",), _here, "fan"),
    Link(("ROOM-05", "FCU-04"), ("ROOM-02",), _here, "door-open"),
    Link(("AHU-32", "OVR-02"), ("OVR-01",), _here, "valve-held-open"),
    Link(("OVR-02",), ("OVR-01",), _here, "valve-held"),
    Link(("AHU-32",), ("OVR-02",), _here, "valve-held-open"),
    Link(("AHU-32",), ("AHU-18",), _here, "valve-passes"),
    Link(("AHU-24",), ("AHU-21",), _here, "damper-stuck-open", "cause"),
    Link(("AHU-26", "CMD-01", "CMD-02"), ("OVR-01",), _here, "fan-in-hand"),
    Link(("CMD-02",), ("CMD-01",), _here, "hand-switch"),
    Link(("CHW-02",), ("CHW-01",), _here, "over-pumping"),
    Link(("CHW-01",), ("OVR-01",), _the_loop_pumps, "over-pumping", "cause"),
    Link(("CHW-02",), ("OVR-01",), _the_loop_pumps, "over-pumping", ""),
    Link(("AHU-FC13",), ("AHU-24",), _here, "too-much-outdoor-air"),
    Link(("CHW-09",), ("CHW-08",), _here, "condenser-fouled"),
    Link(("CHW-09",), ("CHW-07",), _here, "evaporator"),
    Link(("CHW-04",), ("CHW-01",), _the_plant, "low-delta-t"),
    Link(("FCU-04",), ("FCU-01",), _here, "overcooled"),
    Link(("VAV-08",), ("VAV-09",), _here, "setpoint-outlier", "cause"),
    Link(("VAV-08",), ("VAV-03",), _here, "starved", "cause"),
    Link(("VAV-03",), ("AHU-FC01",), _its_air, "low-static"),
)

_OF_THE_CASE = "of the findings it explains"

CLUSTERED = ("ROOM-05", "FCU-02", "FCU-04", "VAV-03")
"""Rules whose findings, when several share a supplier, speak of the supplier."""


def cases(building: Building, findings: Sequence[Finding], now: dt.datetime) -> list[Finding]:
    """The findings with causes weighed against each other and children attached to what explains them."""
    found = list(findings)
    for link in LINKS:
        found = _follow(building, link, found, now)
    found = _passing_valves(building, found)
    return _whole_impact(_clusters(building, found, now))


def _follow(
    building: Building, link: Link, findings: list[Finding], now: dt.datetime
) -> list[Finding]:
    changed: dict[str, Finding] = {f.id: f for f in findings}
    sources = [f for f in findings if f.rule in link.causes]
    for effect in [f for f in findings if f.rule in link.effects and sources]:
        near = {e.id for e in link.where(building, building.get(effect.equip))}
        source = next((s for s in sources if s.equip in near and _together(effect, s, now)), None)
        if source is None:
            continue
        changed[effect.id] = points_at(changed[effect.id], link.cause, source, now)
        if link.attaches == "effect" and effect.parent is None:
            changed[effect.id] = replace(changed[effect.id], parent=source.id)
        elif link.attaches == "cause" and changed[source.id].parent is None:
            changed[source.id] = replace(changed[source.id], parent=effect.id)
    return list(changed.values())


def _together(effect: Finding, cause: Finding, now: dt.datetime) -> bool:
    """They overlap, and the effect does not begin long before its cause."""
    overlap = effect.start < (cause.end or now) and cause.start < (effect.end or now)
    return overlap and effect.start >= cause.start - TOGETHER


def points_at(effect: Finding, cause: str, source: Finding, now: dt.datetime) -> Finding:
    """The effect with one of its causes confirmed by another finding."""
    proof = Proof(source.subject, source.span(now), "finding", None, "", source.says)
    known = {c.id: c for c in effect.causes}
    base = known.get(cause) or Cause(cause, source.says, 1 / max(len(known), 2), source.next_check)
    known[cause] = replace(
        base,
        likelihood=base.likelihood * FOUND_ODDS,
        equip=source.equip,
        proofs=(*base.proofs, proof),
    )
    causes = ranked(list(known.values()))
    check = source.next_check if causes[0].id == cause else effect.next_check
    return replace(effect, causes=causes, next_check=check)


def _passing_valves(building: Building, findings: list[Finding]) -> list[Finding]:
    """Whole floors of passing valves belong to the plant's low delta-T; a single one is its own case."""
    plant = next((f for f in findings if f.rule == "CHW-01"), None)
    if plant is None:
        return findings
    floors: dict[str, list[Finding]] = defaultdict(list)
    for f in findings:
        if f.rule == "FCU-01" and f.start > plant.start - SAME_ONSET:
            floors[next((p.dis for p in building.place(f.equip) if p.kind == "floor"), "")].append(
                f
            )
    passing = {floor: group for floor, group in floors.items() if len(group) >= CLUSTER}
    if not passing:
        return findings
    raised = _with_passing_valves(plant, passing)
    ids = {f.id for group in passing.values() for f in group}
    return [
        raised if f is plant else replace(f, parent=plant.id) if f.id in ids else f
        for f in findings
    ]


def _with_passing_valves(plant: Finding, passing: Mapping[str, Sequence[Finding]]) -> Finding:
    group = [f for floor in passing.values() for f in floor]
    says = f"{len(group)} fan-coil valves pass, on {', '.join(sorted(passing, key=_by_number))}"
    span = Span(plant.start, plant.end or max(f.start for f in group))
    proof = Proof(group[0].equip, span, "count", float(len(group)), "", says)
    causes = [
        replace(c, likelihood=c.likelihood * FOUND_ODDS, proofs=(*c.proofs, proof))
        if c.id == "valves-passing"
        else c
        for c in plant.causes
    ]
    return replace(plant, causes=ranked(causes))


def _by_number(floor: str) -> tuple[int, str]:
    digits = "".join(ch for ch in floor if ch.isdigit())
    return int(digits or 0), floor


def _clusters(building: Building, findings: list[Finding], now: dt.datetime) -> list[Finding]:
    """SYS-04: several of a kind under one supplier, begun together and not yet explained."""
    groups: dict[tuple[str, str, bool], list[Finding]] = defaultdict(list)
    for f in findings:
        if f.rule in CLUSTERED and f.parent is None:
            for supplier in _its_air(building, building.get(f.equip)):
                groups[(f.rule, supplier.id, f.end is None)].append(f)
    raised: list[Finding] = []
    children: dict[str, str] = {}
    for (rule, shared, _), group in groups.items():
        begun = min(f.start for f in group)
        together = [f for f in group if f.start - begun < SAME_ONSET]
        if len(together) >= CLUSTER:
            parent = _common(building, rule, shared, together, now)
            raised.append(parent)
            children |= dict.fromkeys((f.id for f in together), parent.id)
    kept = [replace(f, parent=children.get(f.id, f.parent)) for f in findings]
    return kept + raised


def _common(
    building: Building, rule: str, supplier: str, group: Sequence[Finding], now: dt.datetime
) -> Finding:
    start = min(f.start for f in group)
    ends = [f.end for f in group if f.end is not None]
    end = max(ends) if len(ends) == len(group) else None
    says = f"{supplier} serves {len(group)} rooms with one trouble ({rule}), begun together"
    proofs = tuple(Proof(f.equip, f.span(now), "finding", None, "", f.says) for f in group[:10])
    causes = ranked([Cause(s.id, s.says, s.prior, s.check) for s in COMMON_CAUSE.causes])
    hours = sum(f.impact.comfort_hours or 0.0 for f in group)
    return Finding(
        id=finding_id(COMMON_CAUSE.id, supplier, start, building.zone),
        rule=COMMON_CAUSE.id, family=COMMON_CAUSE.family, equip=supplier, start=start, end=end,
        severity=Severity(COMMON_CAUSE.severity), says=says, proofs=proofs, causes=causes,
        next_check=causes[0].check, confidence=max(f.confidence for f in group),
        impact=Impact(comfort_hours=hours, method="sum over the rooms"), status=group[0].status,
    )  # fmt: skip


def _whole_impact(findings: Sequence[Finding]) -> list[Finding]:
    """Parents that cost nothing themselves take over what they explain.

    Energy: the largest child of each equipment (several rules see one and the same waste there), summed.
    Comfort: the room-hours of all rooms.
    """
    children: dict[str, list[Finding]] = defaultdict(list)
    for f in findings:
        if f.parent:
            children[f.parent].append(f)
    return [
        replace(f, impact=_impact_of(f, children[f.id])) if f.id in children else f
        for f in findings
    ]


def _impact_of(parent: Finding, children: Sequence[Finding]) -> Impact:
    own = parent.impact
    largest: dict[str, Finding] = {}
    for f in children:
        if f.impact.kwh is not None and f.impact.kwh > (_kwh(largest.get(f.equip)) or 0.0):
            largest[f.equip] = f
    rooms = sum(f.impact.comfort_hours or 0.0 for f in children if f.equip != parent.equip)
    kwh, cost, method = own.kwh, own.cost, own.method
    if kwh is None and largest:
        kwh = round(sum(_kwh(f) or 0.0 for f in largest.values()), 1)
        cost = round(sum(f.impact.cost or 0.0 for f in largest.values()), 1)
        method = f"{_OF_THE_CASE}: {next(iter(largest.values())).impact.method}"
    if rooms:
        method = f"{method}; room-hours {_OF_THE_CASE}"
    return Impact(kwh, cost, round(rooms, 1) if rooms else own.comfort_hours, method)


def _kwh(finding: Finding | None) -> float | None:
    return finding.impact.kwh if finding else None
