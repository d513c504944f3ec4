"""The verb `overrides`: what is held by hand now, at which value and level, since when."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from agent.diagnosis import Family
from agent.evidence import ToolResult
from agent.faultbook import below
from agent.figures import show, show_time
from agent.tools.faults import finding_lines, finding_row
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.history import Sample, Status
from ontology.time import Span

LOOK_BACK: Final = dt.timedelta(days=30)
MAX_LISTED: Final = 50


async def overrides(box: Toolbox, *, of: list[str] | None = None) -> ToolResult:
    """Rows of {point, equip, value, level, since}; findings add what the BMS does not admit to."""
    wanted = {id for one in of or () for id in below(box.building, one)}
    points = [p for p in box.building if p.is_point and (not of or _owner(p) in wanted)]
    newest = await box.history.latest([p.ref for p in points])
    held = [p for p in points if p.ref in newest and newest[p.ref].status is Status.OVERRIDDEN]
    draft = Draft("overrides")
    cite = draft.cite(
        "live", "points whose status is overridden" + (f" in {', '.join(of)}" if of else "")
    )
    total = draft.figure("overridden", len(held), "", cite)
    draft.facts |= {"of": of or [], "total": total, "now": box.now}
    draft.lines.append(f"{len(held)} points overridden now [{cite}]")
    for point in held[:MAX_LISTED]:
        row = await _row(box, draft, point, newest[point.ref], cite)
        draft.rows.append(row)
        since = (
            show_time(row["since"], box.zone, box.now)
            if row["since"]
            else "longer than its history"
        )
        level = f" at level {show(row['level'])}" if row["level"].value is not None else ""
        draft.lines.append(f"{row['point']} held at {show(row['value'])}{level} since {since}")
    await _findings(box, draft, wanted if of else None)
    return draft.done()


def _owner(point: Entity) -> str:
    ref = point.get_ref("equipRef")
    return ref.id if ref else point.id


async def _row(
    box: Toolbox, draft: Draft, point: Entity, sample: Sample, cite: str
) -> dict[str, Any]:
    unit = "on/off" if point.role and point.role.is_bool else point.unit
    level = box.override_level(point.ref)
    return {
        "point": point.id, "equip": _owner(point), "dis": point.dis, "at": sample.at,
        "value": draft.figure(f"{point.id}.value", sample.value, unit, cite),
        "level": draft.figure(f"{point.id}.level", level, "", cite),
        "since": await _since(box, point, sample), "evidence": cite,
    }  # fmt: skip


async def _since(box: Toolbox, point: Entity, sample: Sample) -> dt.datetime | None:
    """When the unbroken run of overridden samples began; None if it fills the look-back."""
    span = Span(box.now - LOOK_BACK, max(sample.at, box.now) + dt.timedelta(seconds=1))
    past = await box.history.raw(point.ref, span)
    free = [int(t) for t, s in zip(past.ts, past.status, strict=True) if s != Status.OVERRIDDEN]
    held = [int(t) for t in past.ts if not free or t > free[-1]]
    if not free or not held:
        return None
    return dt.datetime.fromtimestamp(held[0], tz=dt.UTC)


async def _findings(box: Toolbox, draft: Draft, wanted: set[str] | None) -> None:
    """Open findings about hands left on: they also know switches that no status shows."""
    shown = {row["point"] for row in draft.rows}
    rows = []
    for finding in await box.faultbook.open_faults(limit=500):
        if finding.family is not Family.OVERRIDE or (
            wanted is not None and finding.equip not in wanted
        ):
            continue
        row = finding_row(box, draft, finding)
        row["listed"] = finding.point in shown
        rows.append(row)
        draft.lines += finding_lines(box, row, deep=False)
    draft.facts["findings"] = rows


TOOL = Tool(
    "overrides",
    "Points in hand (BACnet manual operator or hand switch) now: value, level, since when.",
    (Arg("of", "ids", "only in these; none: the whole building"),),
    overrides,
)
