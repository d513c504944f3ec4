"""The verb `overview`: the site or one entity at a glance: what runs, key values, open findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from agent.evidence import ToolResult, Trust
from agent.faultbook import below
from agent.figures import show, show_time
from agent.tools.faults import finding_lines, finding_row, roots_of
from agent.tools.history import STALE
from agent.tools.quantities import DERIVED, Reading, quantity_dis, readings
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.errors import NotFound
from ontology.history import Sample, Status
from ontology.kinds import Ref

MAX_POINTS: Final = 24
MAX_FINDINGS: Final = 5
RUNNING_KINDS: Final = (
    "chiller",
    "chilled-water-pump",
    "condenser-water-pump",
    "cooling-tower",
    "ahu",
    "doas",
)
SITE_VALUES: Final = (
    # (kind of equipment, quantity) that a shift looks at first
    ("site", "power"), ("chilled-water-plant", "cooling-power"), ("chilled-water-plant", "efficiency"),
    ("chilled-water-plant", "chilled-water-leaving-temp"), ("chilled-water-plant", "delta-t"),
    ("weather-station", "outside-air-temp"), ("weather-station", "outside-air-humidity"),
)  # fmt: skip


async def overview(box: Toolbox, *, of: list[str] | None = None) -> ToolResult:
    """Values now, relations and findings of each entity; of the site when none is named."""
    draft = Draft("overview")
    draft.facts |= {"of": of or [], "now": box.now, "sections": []}
    for id in of or [box.building.site.id]:
        entity = box.building.get(id)
        section = await _section(box, draft, entity)
        draft.facts["sections"].append(section)
        draft.rows.append({"id": entity.id, "dis": entity.dis, "kind": entity.kind})
    return draft.done()


async def _section(box: Toolbox, draft: Draft, entity: Entity) -> dict[str, Any]:
    place = [p.dis for p in box.building.place(entity.ref) if p.is_space]
    suppliers = [(e.id, medium) for e, medium, hop in box.building.upstream(entity.ref) if hop == 1]
    users = [e.id for e, _ in box.building.feeds(entity.ref) if not e.is_space]
    draft.lines.append(f"{entity.id}: {entity.dis}" + (f", {', '.join(place)}" if place else ""))
    graph = draft.cite("ontology", entity.id, entity.dis, Trust.ONTOLOGY)
    if suppliers:
        draft.lines.append("fed by " + ", ".join(f"{id} ({medium})" for id, medium in suppliers))
    whole = "site" in entity or entity.kind == "floor"
    wanted = _site_readings(box) if "site" in entity else _own_readings(box, entity)
    values = await _values(box, draft, entity, wanted)
    running = (
        await _running(box, draft, entity) if whole or entity.kind == "chilled-water-plant" else []
    )
    return {
        "id": entity.id, "dis": entity.dis, "kind": entity.kind, "place": place, "suppliers": suppliers,
        "users": users, "values": values, "running": running, "evidence": graph,
        "capacity": _capacity(draft, entity, graph), "findings": await _findings(box, draft, entity),
    }  # fmt: skip


def _capacity(draft: Draft, entity: Entity, cite: str) -> Any:
    number = entity.tags.get("coolingCapacity")
    value, unit = (number.value, number.unit) if number is not None else (None, "")
    return draft.figure(f"{entity.id}.capacity", value, unit, cite)


def _site_readings(box: Toolbox) -> list[tuple[str, Reading]]:
    found = []
    for kind, quantity in SITE_VALUES:
        for entity in [box.building.site] if kind == "site" else box.building.of_kind(kind)[:1]:
            found += _readings(box, entity, quantity)
    return found


def _own_readings(box: Toolbox, entity: Entity) -> list[tuple[str, Reading]]:
    """Its points in the ontology's order, then the instantaneous derived quantities."""
    if entity.is_point:
        return [
            (
                entity.role.name if entity.role else entity.id,
                readings(box.building, entity.id, "")[0],
            )
        ]
    if entity.kind == "floor":
        return []
    roles = [p.role.name for p in box.building.points(entity.ref) if p.role]
    derived = [
        n
        for n, derive in DERIVED.items()
        if (r := derive(box.building, entity)) and r.fold in ("mean", "ratio")
    ]
    names = [*dict.fromkeys(roles), *derived][: MAX_POINTS + len(derived)]
    return [pair for name in names for pair in _readings(box, entity, name)]


def _readings(box: Toolbox, entity: Entity, quantity: str) -> list[tuple[str, Reading]]:
    try:
        return [(quantity, readings(box.building, entity.id, quantity)[0])]
    except NotFound:
        return []


async def _values(
    box: Toolbox, draft: Draft, entity: Entity, wanted: Sequence[tuple[str, Reading]]
) -> list[dict[str, Any]]:
    points = list(dict.fromkeys(p for _, reading in wanted for p in reading.points))
    newest = await box.history.latest(points) if points else {}
    cite = draft.cite(
        "live", f"points of {entity.id}", points=[p.id for p in points][:50], at=box.now
    )
    rows = [_value(draft, quantity, reading, newest, cite) for quantity, reading in wanted]
    for row in rows:
        late = row["at"] is not None and box.now - row["at"] > STALE
        line = f"{row['id']} {row['dis']}: {show(row['value'])} [{cite}]"
        draft.lines.append(
            line + (f" (STALE since {show_time(row['at'], box.zone, box.now)})" if late else "")
        )
    return rows


def _value(
    draft: Draft, quantity: str, reading: Reading, newest: dict[Ref, Sample], cite: str
) -> dict[str, Any]:
    samples = [newest[p] for p in reading.points if p in newest]
    value, at = np.nan, None
    if len(samples) == len(reading.points):
        good = [np.array([np.nan if s.status is Status.FAULT else s.value]) for s in samples]
        value, at = float(reading.value(good)[0]), min(s.at for s in samples)
    id = reading.entity.id
    held = any(s.status is Status.OVERRIDDEN for s in samples)
    return {
        "id": id, "quantity": quantity, "dis": quantity_dis(quantity), "at": at, "held": held,
        "value": draft.figure(f"{id}.{quantity}", value, reading.unit, cite),
    }  # fmt: skip


async def _running(box: Toolbox, draft: Draft, entity: Entity) -> list[dict[str, Any]]:
    """Per kind: how many of its machines run now, and which."""
    inside = below(box.building, entity.id) if "site" not in entity else None
    machines = [e for e in box.building.of_kind(*RUNNING_KINDS) if inside is None or e.id in inside]
    point_of = {
        e.id: p for e in machines for role in ("run", "fan-run") if (p := box.building.point(e.ref, role))
    }  # fmt: skip
    newest = await box.history.latest([p.ref for p in point_of.values()]) if point_of else {}
    cite = draft.cite("live", "run status of machines", at=box.now)
    rows = []
    for kind in RUNNING_KINDS:
        of_kind = [e.id for e in machines if e.kind == kind and e.id in point_of]
        fresh = {id: newest.get(point_of[id].ref) for id in of_kind}
        on = [
            id for id, s in fresh.items() if s is not None and _fresh(s, box.now) and s.value >= 0.5
        ]
        unknown = [id for id, s in fresh.items() if s is None or not _fresh(s, box.now)]
        if not of_kind:
            continue
        row: dict[str, Any] = {
            "kind": kind, "on": on, "unknown": unknown, "evidence": cite,
            "count": draft.figure(f"{entity.id}.{kind}.running", len(on), "", cite),
            "of": draft.figure(f"{entity.id}.{kind}", len(of_kind), "", cite),
        }  # fmt: skip
        rows.append(row)
        silent = f"; status unknown: {', '.join(unknown)}" if unknown else ""
        draft.lines.append(
            f"{kind}: {show(row['count'])} of {show(row['of'])} running: {', '.join(on) or 'none'}{silent} [{cite}]"
        )
    return rows


def _fresh(sample: Sample, now: dt.datetime) -> bool:
    return now - sample.at <= STALE and sample.status is not Status.FAULT


async def _findings(box: Toolbox, draft: Draft, entity: Entity) -> dict[str, Any]:
    whole = "site" in entity
    known = await box.faultbook.open_faults(limit=500)
    inside = None if whole else below(box.building, entity.id)
    found = [f for f in known if inside is None or f.equip in inside]
    case_of = roots_of(found, known)
    wanted = {root.id for root in case_of.values()}
    roots = [f for f in known if f.id in wanted]
    own = [f for f in roots if f.equip == entity.id]
    roots = own + [f for f in roots if f not in own]
    cite = draft.cite("fault", f"open findings under {entity.id}")
    total = draft.figure(f"{entity.id}.open", len(found), "findings", cite)
    cases = draft.figure(f"{entity.id}.cases", len(roots), "cases", cite)
    rows = [finding_row(box, draft, f) for f in roots[:MAX_FINDINGS]]
    draft.lines.append(f"{len(found)} open findings in {show(cases)} cases [{cite}]")
    for row in rows:
        draft.lines += finding_lines(box, row, deep=False)
    return {"total": total, "cases": cases, "rows": rows}


TOOL = Tool(
    "overview",
    "The building, or one equipment or space, at a glance: values now, what runs, what feeds it, open findings.",
    (Arg("of", "ids", "entity ids; none: the whole building"),),
    overview,
)
