"""What the published relations read as in a SQL worker: SQL of ours over one snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ontology.graph import Building
from ontology.history import Status
from ontology.store.arrow_kinds import stream
from ontology.store.dialect_kinds import name
from ontology.store.duck_views import local_time
from ontology.store.views import ViewColumn, WideView, point_rows, wide_views

_POINTS = "SELECT point, equip, equip_kind, place, floor, role, unit, dis FROM store.points"
_SAMPLES = """SELECT p.point AS point, {ts} AS ts, s.ts AS _at, CASE WHEN isfinite(s.value) THEN s.value END AS value,
CASE s.status {names} END AS status FROM store.{table} s JOIN store.points p ON p.number = s.point"""
_HOURS = """SELECT p.point AS point, {ts} AS ts, s.ts AS _at, s.mean, s.min, s.max, s.count
FROM store.hours s JOIN store.points p ON p.number = s.point"""
_WIDE = """SELECT {ts} AS ts, s.ts AS _at, {columns} FROM (SELECT ts - ts % 60 AS ts, point, value FROM store.merged s
WHERE point IN ({points}) AND status <> {fault} AND isfinite(value){bounds}) s GROUP BY s.ts"""
_AHEAD_S, _BEHIND_S = 14 * 3600, 12 * 3600 + 60
"""Local time is at most so far ahead of and behind UTC; the minute is for views, whose `ts` is its start."""


class Views:
    """The relations of one building, defined for whatever numbers a snapshot gives its points."""

    def __init__(self, building: Building) -> None:
        self._zone = building.zone
        self._facts = {row.point: row for row in point_rows(building)}
        self._wide = {view.name: view for view in wide_views(building)}

    def points(self, ids: Sequence[str]) -> bytes:
        """The relation `points` with the number of each, as an Arrow stream."""
        known = [*ids, *(id for id in self._facts if id not in set(ids))]
        rows = [self._facts.get(id) for id in known]  # None: it has samples, but is no more
        texts = ("equip", "equip_kind", "place", "role", "unit", "dis")
        columns: dict[str, Any] = {
            word: pa.array([getattr(row, word, None) for row in rows], pa.string())
            for word in texts
        }
        columns["point"] = pa.array(known, pa.string())
        columns["floor"] = pa.array([row.floor if row else None for row in rows], pa.int32())
        columns["number"] = pa.array(range(len(rows)), pa.int32())
        return stream(pa.table(columns))

    def defined(
        self, relations: Sequence[str], numbers: Mapping[str, int], bounds: Mapping[str, Sequence[str]]
    ) -> dict[str, str]:  # fmt: skip
        """SQL of each relation that a query names, within bounds of its local time.

        Segments know in which times their samples lie: those outside are not read.
        """
        return {
            relation: self._sql(relation, numbers, _raw(bounds.get(relation, ())))
            for relation in relations
        }

    def reads(self, relation: str, all_points: int) -> int:
        """How many points a relation reads samples of."""
        view = self._wide.get(relation)
        if view is None:
            return all_points
        return len({point for column in view.columns for point in column.points})

    def _sql(self, relation: str, numbers: Mapping[str, int], bounds: str) -> str:
        if relation == "points":
            return _POINTS
        if relation in {"samples", "latest"}:
            told = " ".join(
                f"WHEN {int(s)} THEN '{s.name.lower().replace('_', ' ')}'" for s in Status
            )
            table = "merged" if relation == "samples" else "latest"
            sql = _SAMPLES.format(table=table, names=told, ts=local_time(self._zone))
            return sql + bounds.replace(" AND ", " WHERE ", 1)
        if relation == "rollup_hourly":
            return _HOURS.format(ts=local_time(self._zone))
        return self._wide_sql(self._wide[relation], numbers, bounds)

    def _wide_sql(self, view: WideView, numbers: Mapping[str, int], bounds: str) -> str:
        known = {c: [numbers[p] for p in c.points if p in numbers] for c in view.columns}
        points = sorted({number for some in known.values() for number in some})
        return _WIDE.format(
            ts=local_time(self._zone),
            columns=", ".join(_column(c, some) for c, some in known.items()),
            points=", ".join(map(str, points)) or "NULL",
            fault=int(Status.FAULT),
            bounds=bounds,
        )


def _column(column: ViewColumn, numbers: Sequence[int]) -> str:
    some = ", ".join(map(str, numbers)) or "NULL"
    return f"avg(s.value) FILTER (WHERE s.point IN ({some})) AS {name(column.name)}"


def _raw(bounds: Sequence[str]) -> str:
    """Bounds of local time (`r."ts" >= ...`) as somewhat wider ones of unix seconds, after AND."""
    told = ""
    for bound in bounds:
        _, sign, when = bound.split(" ", 2)
        slack = f"- {_AHEAD_S}" if sign == ">=" else f"+ {_BEHIND_S}"
        told += f" AND s.ts {sign} CAST(floor(epoch({when})) AS BIGINT) {slack}"
    return told
