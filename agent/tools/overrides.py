"""The verb `overrides`: what is held by hand now, at which value and level, since when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from agent.diagnosis import Family
from agent.evidence import ToolResult
from agent.faultbook import below
from agent.figures import show, show_time
from agent.rules.overrides import Held, overrides_now
from agent.tools.faults import finding_lines, finding_row
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox

MAX_LISTED: Final = 50


async def overrides(box: Toolbox, *, of: list[str] | None = None) -> ToolResult:
    """Rows of {point, equip, value, level, since}; findings add what the BMS does not admit to."""
    wanted = {id for one in of or () for id in below(box.building, one)}
    all_held = await overrides_now(box.building, box.history, box.records, box.now)
    held = [h for h in all_held if not of or _owner(h) in wanted]
    draft = Draft("overrides")
    where = f" in {', '.join(of)}" if of else ""
    cite = draft.cite("live", f"points whose status is overridden{where}")
    total = draft.figure("overridden", len(held), "", cite)
    draft.facts |= {"of": of or [], "total": total, "now": box.now}
    draft.lines.append(f"{len(held)} points overridden now [{cite}]")
    for one in held[:MAX_LISTED]:
        level_now = one.level if one.level is not None else box.override_level(one.point.ref)
        row = _row(draft, replace(one, level=level_now), cite)
        draft.rows.append(row)
        since = (
            f"since {show_time(one.since, box.zone, box.now)}"
            if one.since
            else "for longer than known"
        )
        level = f" at priority {show(row['level'])}" if row["level"].value is not None else ""
        draft.lines.append(f"{row['point']} held at {show(row['value'])}{level} {since}")
    await _findings(box, draft, wanted if of else None)
    return draft.done()


def _owner(held: Held) -> str:
    ref = held.point.get_ref("equipRef")
    return ref.id if ref else held.point.id


def _row(draft: Draft, held: Held, cite: str) -> dict[str, Any]:
    point = held.point
    unit = "on/off" if point.role and point.role.is_bool else point.unit
    return {
        "point": point.id, "equip": _owner(held), "dis": point.dis, "since": held.since, "evidence": cite,
        "value": draft.figure(f"{point.id}.value", held.value, unit, cite),
        "level": draft.figure(f"{point.id}.level", held.level, "", cite),
    }  # fmt: skip


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
