"""`hisRead`: the stored samples of one point, or of several side by side."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from ontology.entity import Entity
from ontology.errors import BadRequest, NotFound
from ontology.history import Status
from ontology.kinds import NA, Grid, Ref
from ontology.time import Span, haystack_range
from ontology.zones import zone_named
from services.api.haystack.media import argument, refs
from services.api.haystack.served import Call, Served, value_of

MAX_SAMPLES: Final = 200_000
"""In one answer, over all its points: two years of quarter hours for two points, about 8 MB."""
MAX_POINTS: Final = 100
_NUMBERED: Final = re.compile("id[0-9]{1,4}")


async def his_read(call: Call) -> Grid:
    """One point: columns ts, val. Several: ts, v0, v1 ... with the id in the meta of each column.

    Times are in the point's zone, `hisStart` included and `hisEnd` not. Raises BadRequest, NotFound.
    """
    ids, several = _asked(call.grid)
    text = argument(call.grid, "range")
    if not isinstance(text, str):
        raise BadRequest("no range", hint='such as "today" or "2026-11-01,2026-11-07"')
    points = [await _point(call.served, id) for id in ids]
    zone = zone_named(str(points[0].tags.get("tz") or call.served.zone.key))
    span = range_of(text, now=call.served.clock(), zone=zone)
    columns = await _columns(call.served, points, span, zone)
    meta = {"hisStart": span.start.astimezone(zone), "hisEnd": span.end.astimezone(zone)}
    if not several:
        rows = tuple({"ts": at, "val": value} for at, value in columns[0])
        return Grid(("ts", "val"), rows, {"id": ids[0], **meta})
    return _side_by_side(ids, columns, meta)


def range_of(text: str, *, now: dt.datetime, zone: ZoneInfo) -> Span:
    """The range of a hisRead in words, dates or instants. Raises BadRequest."""
    try:
        return haystack_range(text, now=now, zone=zone)
    except (ValueError, OverflowError) as cause:
        raise BadRequest(
            f"not a range: {text!r:.80}", hint='such as "yesterday" or "2026-11-01,2026-11-07"'
        ) from cause


def _asked(grid: Grid) -> tuple[list[Ref], bool]:
    """The points, and whether the answer has a column for each."""
    ids = refs(grid)
    if not ids and grid.rows:  # a GET for several points: id0, id1 ...
        first = grid.rows[0]
        names = sorted((n for n in first if _NUMBERED.fullmatch(n)), key=lambda n: int(n[2:]))
        ids = [ref for name in names for ref in refs(grid, name)]
        several = bool(ids)
    else:
        several = len(ids) > 1 or "range" in grid.meta
    if not 1 <= len(ids) <= MAX_POINTS:
        raise BadRequest(f"{len(ids)} points", hint=f"rows with an id, 1 to {MAX_POINTS}")
    return ids, several


async def _point(served: Served, id: Ref) -> Entity:
    found = await served.entity(id)
    if found is None or not found.is_point:
        raise NotFound(f"no point {id}", hint="read(his) lists the points with a history")
    return found


async def _columns(
    served: Served, points: Sequence[Entity], span: Span, zone: ZoneInfo
) -> list[list[tuple[dt.datetime, Any]]]:
    columns: list[list[tuple[dt.datetime, Any]]] = []
    left = MAX_SAMPLES
    for point in points:
        samples = await served.history.raw(point.ref, span, limit=left + 1)
        left -= len(samples)
        if left < 0:
            raise BadRequest(
                f"more than {MAX_SAMPLES} samples", hint="ask for a shorter range or fewer points"
            )
        known = np.isfinite(samples.value) & (samples.status != Status.FAULT)
        columns.append(
            [
                (dt.datetime.fromtimestamp(ts, zone), value_of(point, value) if good else NA)
                for ts, value, good in zip(
                    samples.ts.tolist(), samples.value.tolist(), known.tolist(), strict=True
                )
            ]
        )
    return columns


def _side_by_side(
    ids: Sequence[Ref], columns: Sequence[Sequence[tuple[dt.datetime, Any]]], meta: dict[str, Any]
) -> Grid:
    rows: dict[dt.datetime, dict[str, Any]] = {}
    for i, column in enumerate(columns):
        for at, value in column:
            rows.setdefault(at, {"ts": at})[f"v{i}"] = value
    names = tuple(f"v{i}" for i in range(len(ids)))
    owners = {name: {"id": id} for name, id in zip(names, ids, strict=True)}
    return Grid(("ts", *names), tuple(rows[at] for at in sorted(rows)), meta, owners)
