"""The verb `comfort`: a complaint followed upstream to ranked causes, with sister rooms to compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from agent.comfort import COMPLAINTS, Complaint, explain_complaint
from agent.diagnosis import Cause, Proof
from agent.evidence import Chart, Series, ToolResult
from agent.figures import show
from agent.ladder import Verdict
from agent.tools.measure import STEP
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.kinds import Ref
from ontology.time import Span

MAX_PLACES: Final = 4


async def comfort(box: Toolbox, *, of: list[str], complaint: str = "hot") -> ToolResult:
    """One row per place: is it so, what is the cause, how sure, what to check next."""
    if len(of) > MAX_PLACES:
        raise BadRequest(f"{len(of)} places at once", hint=f"name at most {MAX_PLACES}")
    draft = Draft("comfort")
    draft.facts |= {"of": of, "complaint": complaint, "now": box.now}
    for id in of:
        found = await explain_complaint(
            box.building, box.history, box.faultbook, id, complaint, box.now
        )
        row = _row(draft, found)
        draft.rows.append(row)
        draft.lines += _lines(row)
        await _draw(box, draft, found, row["evidence"])
    return draft.done()


def _row(draft: Draft, found: Complaint) -> dict[str, Any]:
    window = found.span
    cite = draft.cite(
        "history", f"{found.place}, complaint {found.complaint}", found.says, start=window.start, end=window.end,
        rungs=[f"{r.step}: {r.verdict.value}: {r.says}" for r in found.rungs],
    )  # fmt: skip
    return {
        "place": found.place, "complaint": found.complaint, "confirmed": found.confirmed, "says": found.says,
        "start": window.start, "end": window.end, "evidence": cite, "next_check": found.next_check,
        "causes": [_cause(draft, found.place, cause) for cause in found.causes[:4]],
        "sisters": _proofs(draft, found.place, found.sisters, cite),
        "unknown": [r.asks for r in found.rungs if r.verdict is Verdict.UNKNOWN],
        "good": [r.step for r in found.rungs if r.verdict is Verdict.OK],
    }  # fmt: skip


def _cause(draft: Draft, place: str, cause: Cause) -> dict[str, Any]:
    points = ", ".join(dict.fromkeys(proof.point for proof in cause.proofs)) or cause.equip
    cite = draft.cite(
        "history", points, cause.says, equip=cause.equip, proofs=[p.text for p in cause.proofs]
    )
    return {
        "says": cause.says, "equip": cause.equip, "check": cause.check, "evidence": cite,
        "likelihood": draft.figure(f"{place}.{cause.id}", round(cause.likelihood * 100), "%", cite),
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
    return Series(
        point.dis, point.unit, tuple(start + i * step_s for i in range(len(values))), known
    )


TOOL = Tool(
    "comfort",
    "Trace a comfort complaint about a room, zone or public area to ranked causes, upstream equipment included.",
    (
        Arg("of", "ids", "rooms, zones, boxes or public areas, at most four", required=True),
        Arg("complaint", "choice", "what people feel", COMPLAINTS),
    ),
    comfort,
)
