"""Averaged histories to draw: a few points, a bounded number of steps, null where silent."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.time import Span, parse_instant
from services.api.deps import options as options_of
from services.api.deps import system as system_of
from services.api.system import Options, System

router = APIRouter(prefix="/api/histories", tags=["histories"])

MAX_POINTS = 12
MAX_STEPS = 2_000
"""More steps than a screen has pixels across are only weight."""
NICE_STEPS_S = (300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400)
WANTED_STEPS = 400


class Line(BaseModel):
    """One point's averages in its unit; null where it was silent."""

    point: str
    dis: str
    role: str
    unit: str
    values: list[float | None]


class Histories(BaseModel):
    """Lines of equal length: value `i` is the mean over `[start + i * step_s, + step_s)`."""

    start: int
    step_s: int
    lines: list[Line]


@router.get("")
async def averaged(
    *,
    system: Annotated[System, Depends(system_of)],
    options: Annotated[Options, Depends(options_of)],
    points: Annotated[str, Query(max_length=1_000, description="ids, separated by commas")],
    start: Annotated[str | None, Query(description="ISO 8601 with offset")] = None,
    end: Annotated[str | None, Query(description="ISO 8601 with offset, exclusive")] = None,
    hours: Annotated[float, Query(gt=0, le=24 * 366, description="without a start")] = 24,
    step_minutes: Annotated[int | None, Query(ge=1, le=1_440)] = None,
) -> Histories:
    """Means of each step of up to 12 points; without a step, about 400 of them."""
    asked = [_point(system, id) for id in points.split(",") if id.strip()]
    if not 1 <= len(asked) <= MAX_POINTS:
        raise BadRequest(
            f"{len(asked)} points asked, 1 to {MAX_POINTS} possible", hint="ask for fewer points"
        )
    until = parse_instant(end) if end else options.clock()
    since = parse_instant(start) if start else until - dt.timedelta(hours=hours)
    step_s = step_minutes * 60 if step_minutes else _nice_step_s(until - since)
    span = _whole_steps(since, until, step_s)
    read = await system.history.read(
        [point.ref for point in asked], span, dt.timedelta(seconds=step_s)
    )
    lines = [
        Line(
            point=point.id,
            dis=_line_name(point),
            role=point.role.name if point.role else "",
            unit=point.unit,
            values=[v if math.isfinite(v) else None for v in read[point.ref].tolist()],
        )
        for point in asked
    ]
    return Histories(start=span.seconds[0], step_s=step_s, lines=lines)


def _line_name(point: Entity) -> str:
    """Short enough for a legend: "CH-2 power"."""
    if point.role is None:
        return point.dis
    first, *rest = point.role.dis.split(" ")
    first = first if first.isupper() or any(c.isdigit() for c in first) else first.lower()
    equip = point.get_ref("equipRef")
    return " ".join([equip.id if equip else "", first, *rest]).strip()


def _point(system: System, id: str) -> Entity:
    entity = system.building.get(id.strip())
    if not entity.is_point:
        raise BadRequest(
            f"{entity.id} is not a point", hint=f"ask for a point of it: /api/equipment/{entity.id}"
        )
    return entity


def _nice_step_s(duration: dt.timedelta) -> int:
    wanted = duration.total_seconds() / WANTED_STEPS
    return next((step for step in NICE_STEPS_S if step >= wanted), NICE_STEPS_S[-1])


def _whole_steps(since: dt.datetime, until: dt.datetime, step_s: int) -> Span:
    """The range widened to whole steps, so that a chart does not shiver as `now` moves."""
    if until <= since:
        raise BadRequest("the range ends before it starts", hint="give the earlier time first")
    first = since.timestamp() // step_s * step_s
    last = -(-until.timestamp() // step_s) * step_s
    steps = (last - first) / step_s
    if steps > MAX_STEPS:
        least = math.ceil((last - first) / MAX_STEPS / 60)
        raise BadRequest(
            f"{steps:.0f} steps asked, at most {MAX_STEPS} possible",
            hint=f"use step_minutes of at least {least}",
        )
    return Span(dt.datetime.fromtimestamp(first, dt.UTC), dt.datetime.fromtimestamp(last, dt.UTC))
