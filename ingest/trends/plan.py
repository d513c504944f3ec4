"""How one export will be read: its layout, its map and the first look at all of it, brought together before a row is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ingest.trends.aside import Aside
from ingest.trends.cells import CellReader
from ingest.trends.instants import Reader, Unread
from ingest.trends.rows import Opened
from ingest.trends.series import Series, Target
from ingest.trends.shape import Layout, layout_of
from ingest.trends.survey import Seen, survey
from ingest.trends.trendmap import Column, TrendMap
from ontology.errors import BadRequest

_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """All that reading needs. `series` are by heading, or in a long table by the point's name in the file."""

    opened: Opened
    layout: Layout
    map: TrendMap
    seen: Seen
    times: Reader
    falling: bool
    series: Mapping[str, Series]
    missing: tuple[str, ...] = ()
    """Columns of the map that the file does not have."""
    left_out: tuple[str, ...] = field(default=())
    """Columns of the file that the map does not bring to a point."""


def plan(
    opened: Opened,
    chosen: TrendMap,
    targets: Mapping[str, Target],
    aside: Aside,
    progress: Callable[[int], None] | None = None,
) -> Plan:
    """Look at the whole file. Raises BadRequest where a person must say more: dates, zone, columns."""
    layout = _as_told(layout_of(opened.rows(), opened.path.name), chosen, opened.path.name)
    seen = survey(opened.rows(), layout, progress)
    times = Reader(seen.times.order(chosen.dates), seen.times.numbers_are)
    _require_zone(opened, layout, chosen, times)
    here = tuple(seen.names) if layout.long else tuple(layout.headings[at] for at in layout.values)
    known = set(here)
    wanted = [column for column in chosen.columns if column.point]
    missing = tuple(column.name for column in wanted if column.name not in known)
    if len(missing) == len(wanted):
        raise BadRequest(
            f"{opened.path.name} has none of the map's columns, such as {missing[0]!r:.60}",
            hint=f"it has: {', '.join(here[:_SHOWN])}{', ...' if len(here) > _SHOWN else ''}",
        )
    units = dict(zip(layout.headings, layout.units, strict=True))
    series: dict[str, Series] = {}
    for column in wanted:
        if column.name in known:
            made = _series(
                column, targets.get(column.point), units.get(column.name, ""), chosen,
                seen=seen, aside=aside,
            )  # fmt: skip
            series |= {column.name: made} if made else {}
    left = tuple(name for name in here if name not in {column.name for column in wanted})
    return Plan(opened, layout, chosen, seen, times, seen.falling(times), series, missing, left)


def _series(
    column: Column, target: Target | None, unit: str, chosen: TrendMap, *, seen: Seen, aside: Aside
) -> Series | None:
    """How a column is read; None, and set aside as a whole, where it cannot be."""
    if target is None:
        aside.column(column.name, f"no point @{column.point} in the model")
        return None
    given = column.decimal or chosen.decimal
    dialect = seen.dialects.get(column.name)
    decimal = given or (dialect.decimal(seen.whole) if dialect else ".")
    if not decimal:
        example = dialect.example if dialect else ""
        aside.column(
            column.name,
            f'{example!r} may be a thousand or a fraction: say decimal = "," or "." in the map',
        )
        return None
    states = target.kind != "Number" or not target.unit
    made = Series(
        column.name, target, column.unit or unit, CellReader(decimal, chosen.words, states)
    )
    try:
        made.check()
    except BadRequest as cause:
        aside.column(column.name, str(cause))
        return None
    return made


def _as_told(layout: Layout, chosen: TrendMap, file: str) -> Layout:
    """The layout with what the map says of it. Raises BadRequest for headings that are not there."""
    said = {
        role: getattr(chosen, role)
        for role in ("time", "clock", "status", "point", "value", "unit")
    }
    places: dict[str, Any] = {}
    for role, name in said.items():
        if name and name not in layout.headings:
            raise BadRequest(
                f"{file} has no column {name!r:.60}, which the map calls {role}",
                hint=f"it has: {', '.join(name for name in layout.headings[:_SHOWN] if name)}",
            )
        if name:
            places[role] = layout.headings.index(name)
    told = replace(layout, **places)
    if (told.point is None) != (told.value is None):
        if told.point is None:
            return replace(told, value=None)
        raise BadRequest(
            f"{file}: the map names a column of points and none of values",
            hint='say value = "heading"',
        )
    return told


def _require_zone(opened: Opened, layout: Layout, chosen: TrendMap, times: Reader) -> None:
    if chosen.zone is not None:
        return
    for row in opened.rows():
        if row.number <= layout.header or row.fault or len(row.cells) <= layout.time:
            continue
        try:
            moment = times.read(row.cells[layout.time])
        except Unread:
            continue
        if moment.universal:
            return
        raise BadRequest(
            f"{opened.path.name}: times such as {str(row.cells[layout.time])[:40]!r} name no offset from UTC",
            hint='say where the clock stood in the map, such as zone = "Europe/Berlin"',
        )
