"""What a chief engineer adds to a finding: values now, a healthy sister, past work, the page of the manual."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from agent.diagnosis import Finding
from agent.evidence import Figure, Trust
from agent.tools import upkeep
from agent.tools.manuals import where
from agent.tools.measure import Ask, newest_of
from agent.tools.quantities import Reading, readings
from agent.tools.toolbox import Draft, Toolbox
from edge.index import Only
from ontology.entity import Entity
from ontology.errors import NotFound

COMPARED: Final = {
    # rule -> the quantity in which a healthy sister differs
    "AHU-FC13": "discharge-air-temp", "AHU-19": "discharge-air-temp", "CHW-08": "condenser-approach",
    "CHW-07": "evaporator-approach", "CHW-09": "efficiency", "CT-01": "tower-approach", "AHU-30": "filter-pressure",
    "FCU-04": "zone-air-humidity",
    "ROOM-05": "zone-air-temp", "ROOM-03": "zone-air-co2", "VAV-08": "zone-air-temp-sp", "VAV-09": "zone-air-temp-sp",
}  # fmt: skip
ALIKE: Final = ("doas", "chiller", "cooling-tower", "fcu", "vav")
"""Kinds whose members are built and used alike, so that one may stand for how another should do."""
NAMED: Final = 3
"""Up to this many sisters are told one by one; more are told by their median."""
READ: Final = {
    # cause -> what to look up in the manual of the equipment
    "coil-choked": "strainer cleaning procedure", "tubes-fouled": "condenser tube brushing cleaning procedure",
    "condenser-fouled": "condenser tube brushing cleaning procedure", "damper-stuck-open": "outdoor-air damper stuck",
    "valve-passes": "valve passes leaking test", "actuator-stroke": "valve actuator",
    "left-after-work": "manual override release", "schedule-left-on": "time schedule fan out of hours",
    "hand-switch": "hand-off-auto switch", "over-pumping": "secondary pump low delta-T",
    "device-off": "battery change sensor silent", "sensor-frozen": "sensor frozen check",
    "setpoint-outlier": "zone setpoint limits",
}  # fmt: skip


async def deepen(
    box: Toolbox, draft: Draft, finding: Finding, open_now: Sequence[Finding]
) -> dict[str, Any]:
    """Keys to add to a finding's row: `now`, `compared`, `work`, `manual`, `with_it`, `per_day`."""
    best = finding.causes[0] if finding.causes else None
    log = await upkeep.orders(box)
    done = upkeep.for_cause(log, best.equip or finding.equip, best.id, box.now) if best else None
    return {
        "now": await _now(box, draft, finding),
        "compared": await _compared(box, draft, finding),
        "work": upkeep.upkeep_row(draft, done) if done else None,
        "manual": await _manual(box, draft, finding),
        "with_it": _with_it(box, draft, finding, open_now),
        "check": best.check if best and done and done.late else finding.next_check,
        "check_of": best.id if best and done and done.late else _owner_of(finding),
    }


def _owner_of(finding: Finding) -> str:
    """The cause whose check the next check is."""
    return next((c.id for c in finding.causes if c.check == finding.next_check), "")


async def _now(box: Toolbox, draft: Draft, finding: Finding) -> dict[str, Figure]:
    """Newest values of the points that prove it, by point."""
    means = [p for p in finding.proofs if p.statistic == "mean" and p.point in box.building]
    refs = list(dict.fromkeys(box.building.get(p.point).ref for p in means))
    newest = await box.history.latest(refs) if refs else {}
    if not newest:
        return {}
    cite = draft.cite("live", ", ".join(r.id for r in refs[:4]), at=box.now)
    return {
        ref.id: draft.figure(f"{ref.id}.now", sample.value, _unit(box.building.get(ref)), cite)
        for ref, sample in newest.items()
    }


def _unit(point: Entity) -> str:
    return "on/off" if point.role and point.role.is_bool else point.unit


async def _compared(box: Toolbox, draft: Draft, finding: Finding) -> dict[str, Any] | None:
    """The quantity that tells it now, and the same of equipment built alike; None when nothing compares."""
    quantity = COMPARED.get(finding.rule)
    if quantity is None:
        return None
    own = box.building.get(finding.equip)
    kin = box.building.of_kind(own.kind) if own.kind in ALIKE else []
    asked = [r for e in (own, *[k for k in kin if k != own]) if (r := _reading(box, e, quantity))]
    if not asked or asked[0].entity != own:
        return None
    found = await newest_of(box, Ask(quantity, "latest", "", None, "", 0, None, None, None), asked)
    fresh = [f for f in found if np.isfinite(f.value)]
    if not fresh or fresh[0].reading.entity != own:
        return None
    cite = draft.cite("live", f"{quantity} of {own.id} and its sisters", at=box.now)
    sisters = fresh[1:]
    figures = [
        (f.reading.entity.id, draft.figure(f"{f.reading.entity.id}.{quantity}", f.value, f.unit, cite))
        for f in [fresh[0], *(sisters if len(sisters) <= NAMED else [])]
    ]  # fmt: skip
    middle = float(np.median([f.value for f in sisters])) if len(sisters) > NAMED else None
    return {
        "quantity": quantity, "own": figures[0][1], "others": figures[1:], "evidence": cite,
        "median": draft.figure(f"{own.kind}.{quantity}.median", middle, fresh[0].unit, cite),
        "count": draft.figure(f"{own.kind}.{quantity}.count", len(sisters), "", cite),
    }  # fmt: skip


def _reading(box: Toolbox, entity: Entity, quantity: str) -> Reading | None:
    try:
        found = readings(box.building, entity.id, quantity)
    except NotFound:
        return None
    return found[0] if len(found) == 1 and found[0].entity == entity else None


async def _manual(box: Toolbox, draft: Draft, finding: Finding) -> dict[str, str] | None:
    """Where the manual of the equipment describes the check of the likeliest cause."""
    question = READ.get(finding.causes[0].id) if finding.causes else None
    if question is None or box.library is None:
        return None
    only = Only(equip=(finding.causes[0].equip or finding.equip,))
    found = await asyncio.to_thread(box.library.search, question, count=1, only=only)
    if not found:
        return None
    chunk = found[0].chunk
    cite = draft.cite(
        "manual", where(chunk), chunk.text, Trust.DOCUMENT, chunk=chunk.id, page=chunk.page, document=chunk.document,
    )  # fmt: skip
    return {"where": where(chunk), "evidence": cite}


def rooms_of(box: Toolbox, family: Sequence[Finding], equip: str) -> int:
    """How many rooms or zones suffer from what is wrong elsewhere."""
    others = {f.equip for f in family if f.equip != equip}
    return sum(box.building.get(id).kind in ("fcu", "vav") for id in others)


def _with_it(
    box: Toolbox, draft: Draft, finding: Finding, open_now: Sequence[Finding]
) -> dict[str, Any]:
    """What it explains: other symptoms on the same equipment, and how many other pieces suffer."""
    children = [f for f in open_now if f.parent == finding.id]
    cite = draft.cite("fault", f"findings explained by {finding.id}")
    near = [f for f in children if f.equip == finding.equip or len(children) <= 2]
    rows = [
        {"says": f.says, "rule": f.rule, "equip": f.equip, "point": f.point,
         "evidence": draft.cite("fault", f.id, f.says)}
        for f in near[:2]
    ]  # fmt: skip
    rooms = draft.figure(
        f"{finding.id}.with_it", rooms_of(box, children, finding.equip), "rooms", cite
    )
    return {"rows": rows, "evidence": cite, "equips": rooms}


def per_day(finding: Finding, now: dt.datetime) -> float | None:
    """Cost of a day, from the cost so far; None under a day, where it would be a guess."""
    days = finding.span(now).duration / dt.timedelta(days=1)
    return finding.impact.cost / days if finding.impact.cost is not None and days >= 1 else None
