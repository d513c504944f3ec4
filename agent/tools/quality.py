"""The verb `quality`: points that cannot be trusted now: silent, stale, faulty, flat, drifting."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, Final

from agent.diagnosis import Family
from agent.evidence import ToolResult
from agent.faultbook import below
from agent.figures import show, show_time
from agent.tools.faults import finding_lines, finding_row
from agent.tools.history import STALE
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.history import Sample, Status

MAX_LISTED: Final = 40


async def quality(box: Toolbox, *, of: list[str] | None = None) -> ToolResult:
    """Equipment with silent or stale points, and open sensor findings."""
    wanted = {id for one in of or () for id in below(box.building, one)}
    points = [
        p for p in box.building if p.is_point and (not of or _owner(p) in wanted or p.id in of)
    ]
    newest = await box.history.latest([p.ref for p in points])
    draft = Draft("quality")
    cite = draft.cite("live", f"newest sample of each point{' of ' + ', '.join(of) if of else ''}")
    bad: dict[tuple[str, str], list[tuple[Entity, Sample | None]]] = {}
    for point in points:
        sample = newest.get(point.ref)
        state = _state(sample, box.now)
        if state:
            bad.setdefault((_owner(point), state), []).append((point, sample))
    for key, members in list(bad.items())[:MAX_LISTED]:
        draft.rows.append(_row(box, draft, key, members, cite))
    draft.facts |= {
        "of": of or [], "now": box.now,
        "points": draft.figure("points", len(points), "points", cite),
        "bad": draft.figure("bad", sum(map(len, bad.values())), "points", cite),
    }  # fmt: skip
    draft.lines.append(
        f"{show(draft.facts['bad'])} of {show(draft.facts['points'])} not fit for use now [{cite}]"
    )
    draft.lines += [row["line"] for row in draft.rows]
    await _findings(box, draft, wanted if of else None)
    return draft.done()


def _owner(point: Entity) -> str:
    ref = point.get_ref("equipRef")
    return ref.id if ref else point.id


def _state(sample: Sample | None, now: dt.datetime) -> str:
    if sample is None:
        return "silent"
    if sample.status in (Status.STALE, Status.FAULT, Status.OUT_OF_SERVICE):
        return {Status.STALE: "stale", Status.FAULT: "faulty"}.get(sample.status, "out of service")
    if math.isnan(sample.value):
        return "without a value"
    return "stale" if now - sample.at > STALE else ""


def _row(
    box: Toolbox, draft: Draft, key: tuple[str, str], members: list[tuple[Entity, Sample | None]], cite: str
) -> dict[str, Any]:  # fmt: skip
    equip, state = key
    last = max((s.at for _, s in members if s is not None), default=None)
    hours = (box.now - last) / dt.timedelta(hours=1) if last else None
    row: dict[str, Any] = {
        "equip": equip, "state": state, "points": [p.id for p, _ in members], "last": last, "evidence": cite,
        "count": draft.figure(f"{equip}.{state}", len(members), "points", cite),
        "silent_for": draft.figure(f"{equip}.silent_for", hours, "h", cite),
    }  # fmt: skip
    since = (
        f", last heard {show_time(last, box.zone, box.now)} ({show(row['silent_for'])} ago)"
        if last
        else ", never heard"
    )
    return row | {"line": f"{equip}: {show(row['count'])} {state}{since}"}


async def _findings(box: Toolbox, draft: Draft, wanted: set[str] | None) -> None:
    rows = []
    for finding in await box.faultbook.open_faults(limit=500):
        if finding.family is not Family.SENSOR or (
            wanted is not None and finding.equip not in wanted
        ):
            continue
        row = finding_row(box, draft, finding)
        rows.append(row)
        draft.lines += finding_lines(box, row, deep=False)
    draft.facts["findings"] = rows


TOOL = Tool(
    "quality",
    "Points that cannot be trusted now: silent, stale, faulty; and sensor findings (flat, drifting, impossible).",
    (Arg("of", "ids", "only in these; none: the whole building"),),
    quality,
)
