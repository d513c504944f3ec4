"""The verb `comfort`: a complaint followed upstream to ranked causes, with sister rooms to compare."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from agent.comfort import COMPLAINTS, LOOK_BACK, Complaint, explain_complaint
from agent.diagnosis import Cause, Proof
from agent.evidence import Chart, Series, ToolResult, Trust
from agent.figures import show
from agent.ladder import Rung, Verdict
from agent.tools import upkeep
from agent.tools.deepen import deepen
from agent.tools.faults import finding_row, sure
from agent.tools.history import STALE, history
from agent.tools.measure import STEP, Ask, newest_of
from agent.tools.quantities import readings
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.errors import BadRequest, NotFound
from ontology.kinds import Ref
from ontology.time import Span

MAX_PLACES: Final = 4
MAX_CAUSES: Final = 4
_THERMAL: Final = ("hot", "cold", "humid")
_SEEN: Final = ("terminal", "air", "plant")
"""Rungs of the ladder whose numbers show that a room is well served."""
WORST: Final = 5
"""Rooms named when a whole floor is asked about."""
_MEASURED: Final = {
    "hot": "zone-air-temp", "cold": "zone-air-temp", "humid": "zone-air-humidity", "stuffy": "zone-air-co2",
}  # fmt: skip


async def comfort(box: Toolbox, *, of: list[str], complaint: str = "hot") -> ToolResult:
    """One row per place: is it so, what is the cause, how sure, what to check next.

    A whole floor is answered by its worst rooms, as `history` ranks them.
    """
    if len(of) > MAX_PLACES:
        raise BadRequest(f"{len(of)} places at once", hint=f"name at most {MAX_PLACES}")
    whole = box.building.get(of[0])
    if len(of) == 1 and (whole.kind == "floor" or "site" in whole):
        return await history(box, of=of, quantity=_MEASURED.get(complaint, "zone-air-temp"),
                             rank="lowest" if complaint == "cold" else "highest", count=WORST)  # fmt: skip
    draft = Draft("comfort")
    draft.facts |= {"of": of, "complaint": complaint, "now": box.now}
    for id in of:
        found = await explain_complaint(
            box.building, box.history, box.faultbook, id, complaint, box.now
        )
        row = await _row(box, draft, found)
        draft.rows.append(row)
        draft.lines += _lines(row)
        await _draw(box, draft, found, row["evidence"])
    return draft.done()


async def _row(box: Toolbox, draft: Draft, found: Complaint) -> dict[str, Any]:
    window = found.span
    cite = draft.cite(
        "history", f"{found.place}, complaint {found.complaint}", found.says, start=window.start, end=window.end,
        rungs=[f"{r.step}: {r.verdict.value}: {r.says}" for r in found.rungs],
    )  # fmt: skip
    good = [r for r in found.rungs if r.verdict is Verdict.OK]
    if found.complaint not in _THERMAL:
        good = [r for r in good if r.step in ("sensor", "air")]
    return {
        "place": found.place, "complaint": found.complaint, "confirmed": found.confirmed, "says": found.says,
        "start": window.start, "end": window.end, "evidence": cite, "next_check": found.next_check,
        "since": found.since, "felt": found.felt or found.complaint, "now": await _now(box, draft, found),
        "causes": await _causes(box, draft, found),
        "sisters": [
            {"text": s.text, "point": s.point, "count": draft.figure(f"{s.point}.{found.complaint}", s.value, "", cite),
             "whole": draft.figure(f"{s.point}.whole", s.whole, "", cite)}
            for s in found.sisters
        ],
        "calls": await _calls(box, draft, found.terminal),
        "unknown": [r.asks for r in found.rungs if r.verdict is Verdict.UNKNOWN],
        "cleared": [r.says for r in found.rungs if r.verdict is Verdict.CLEARED],
        "good": [r.step for r in good],         "seen": [_seen(r) for r in good if r.step in _SEEN and r.proofs and found.complaint in _THERMAL],
    }  # fmt: skip


def _seen(rung: Rung) -> str:
    return rung.says if rung.equip in rung.says else f"{rung.equip}: {rung.says}"


async def _now(box: Toolbox, draft: Draft, found: Complaint) -> dict[str, Any]:
    """The newest values of the place; figures without a value where it has none."""
    cite = draft.cite("live", f"{found.place} now", at=box.now)
    kind = box.building.get(found.terminal).kind
    whom = found.terminal if kind in ("vav", "fcu") else found.place
    temp, at = await _newest(box, (whom, found.place), "zone-air-temp")
    asked, _ = await _newest(box, (whom,), "zone-air-temp-effective-sp")
    if np.isnan(asked):
        asked, _ = await _newest(box, (whom,), "zone-air-temp-sp")
    humidity, rh_at = await _newest(box, (whom, found.place), "zone-air-humidity")
    stuffy = found.complaint == "stuffy"
    co2, co2_at = await _newest(box, (found.place,), "zone-air-co2") if stuffy else (np.nan, None)
    when = at or rh_at or co2_at
    name = found.place
    return {
        "evidence": cite, "at": when, "late": when is not None and box.now - when > STALE,
        "temp": draft.figure(f"{name}.temp", temp, "°C", cite),
        "setpoint": draft.figure(f"{name}.setpoint", asked, "°C", cite),
        "above": draft.figure(f"{name}.above", temp - asked, "K", cite),
        "apart": draft.figure(f"{name}.apart", abs(temp - asked), "K", cite),
        "humidity": draft.figure(f"{name}.humidity", humidity, "%RH", cite),
        "co2": draft.figure(f"{name}.co2", co2, "ppm", cite),
        "look_back": draft.figure("look_back", LOOK_BACK / dt.timedelta(hours=1), "h", cite),
    }  # fmt: skip


async def _newest(
    box: Toolbox, ids: Sequence[str], quantity: str
) -> tuple[float, dt.datetime | None]:
    """The mean of the newest values of the first of these that has the quantity, and the time of the newest."""
    for id in dict.fromkeys(ids):
        try:
            asked = readings(box.building, id, quantity)
        except NotFound:
            continue
        ask = Ask(quantity, "latest", "", None, "", 0, None, None, None)
        known = [f for f in await newest_of(box, ask, asked) if np.isfinite(f.value)]
        if known:
            at = max((f.at for f in known if f.at is not None), default=None)
            return float(np.mean([f.value for f in known])), at
    return float("nan"), None


async def _calls(box: Toolbox, draft: Draft, equip: str) -> dict[str, Any]:
    """How often people were called to the unit lately."""
    count = upkeep.calls(await upkeep.orders(box), equip, box.now)
    cite = draft.cite("worklog", f"calls to {equip}", trust=Trust.DOCUMENT)
    return {
        "equip": equip, "evidence": cite, "count": draft.figure(f"{equip}.calls", count, "times", cite),
        "days": draft.figure("recent", upkeep.RECENT.days, "days", cite),
    }  # fmt: skip


async def _causes(box: Toolbox, draft: Draft, found: Complaint) -> list[dict[str, Any]]:
    """The likeliest causes; the first, where a finding settles it, with all that belongs to it."""
    known = await box.faultbook.open_faults(limit=500)
    by_id = {f.id: f for f in known}
    settled = {f"{r.step}:{r.equip}": by_id[r.finding] for r in found.rungs if r.finding in by_id}
    rows: list[dict[str, Any]] = []
    for cause in found.causes[:MAX_CAUSES]:
        row = _cause(draft, found.place, cause)
        finding = settled.get(cause.id)
        if finding is not None:
            row["finding"] = finding_row(box, draft, finding)
            if not rows:
                row["finding"] |= await deepen(box, draft, finding, known)
        rows.append(row)
    return rows


def _cause(draft: Draft, place: str, cause: Cause) -> dict[str, Any]:
    points = ", ".join(dict.fromkeys(proof.point for proof in cause.proofs)) or cause.equip
    cite = draft.cite(
        "history", points, cause.says, equip=cause.equip, proofs=[p.text for p in cause.proofs]
    )
    return {
        "id": cause.id, "says": cause.says, "equip": cause.equip, "check": cause.check, "evidence": cite, "finding": None,
        "likelihood": draft.figure(f"{place}.{cause.id}", sure(cause.likelihood), "%", cite),
        "proofs": _proofs(draft, cause.equip, cause.proofs, cite),
    }  # fmt: skip


def _proofs(draft: Draft, owner: str, proofs: Sequence[Proof], cite: str) -> list[dict[str, Any]]:
    return [
        {"text": p.text, "point": p.point,
         "value": draft.figure(f"{owner}.{p.point}.{p.statistic}", p.value, p.unit, cite)}
        for p in proofs
    ]  # fmt: skip


def _lines(row: dict[str, Any]) -> list[str]:
    lines = [f"{row['place']} {row['complaint']}: {row['says']} [{row['evidence']}]"]
    for cause in row["causes"]:
        lines.append(
            f"  cause {show(cause['likelihood'])}: {cause['says']} at {cause['equip']} [{cause['evidence']}]"
        )
        lines += [f"    proof: {proof['text']}" for proof in cause["proofs"][:3]]
    lines += [f"  compare: {sister['text']}" for sister in row["sisters"]]
    return [*lines, f"  next check: {row['next_check']}"] if row["next_check"] else lines


async def _draw(box: Toolbox, draft: Draft, found: Complaint, cite: str) -> None:
    """The room's temperature and, beside it, the air that its likeliest culprit delivers."""
    culprit = found.causes[0].equip if found.causes else ""
    pairs = [(found.place, "zone-air-temp"), (culprit, "discharge-air-temp")]
    points = [
        p
        for id, role in pairs
        if id in box.building and (p := box.building.point(id, role)) is not None
    ]
    if not points:
        return
    span = Span(found.span.start - 12 * STEP, box.now)
    arrays = await box.history.read([p.ref for p in points], span, 2 * STEP)
    series = [
        _series(point, span, arrays[Ref(point.id)].tolist()) for point in dict.fromkeys(points)
    ]
    start, end = found.span.seconds
    bands = ((start, end, found.complaint),) if found.confirmed else ()
    draft.charts.append(Chart(box.building.get(found.place).dis, tuple(series), bands, cite))


def _series(point: Entity, span: Span, values: list[float]) -> Series:
    start, step_s = span.seconds[0], int((2 * STEP).total_seconds())
    known = tuple(v if v == v else None for v in values)  # noqa: PLR0124  (NaN is silence)
    equip = point.id.partition(".")[0]
    name = f"{equip} {point.role.dis.lower()}" if point.role else point.dis
    return Series(name, point.unit, tuple(start + i * step_s for i in range(len(values))), known)


TOOL = Tool(
    "comfort",
    "Trace a comfort complaint about a room, zone or public area to ranked causes, upstream equipment included.",
    (
        Arg("of", "ids", "rooms, zones, boxes or public areas, at most four", required=True),
        Arg("complaint", "choice", "what people feel", COMPLAINTS),
    ),
    comfort,
)
