"""The published relations as PostgreSQL views, in a schema of their own: Grafana or psql read them too.

Sampled values and names are never part of a statement; names of equipment are, quoted, and only such
as `ontology.store.views.view_name` makes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from ontology.graph import Building
from ontology.history import Status
from ontology.store.pg_door import Session
from ontology.store.pg_layout import add_points, meta, put_meta
from ontology.store.pg_read import FINITE
from ontology.store.views import (
    BASE_RELATIONS,
    PointRow,
    ViewColumn,
    WideView,
    point_rows,
    wide_views,
)

_NAME_LENGTH: Final = 63
_MOST_COLUMNS: Final = 1_600 - 2
"""Limits of PostgreSQL: https://www.postgresql.org/docs/15/limits.html; `ts` and `_at` are columns too."""
_TAKEN: Final = tuple(BASE_RELATIONS)
PUBLISHED: Final = "plantroom"
"""The schema of everything that SQL may name."""
_MINUTE: Final = "date_bin('1 minute', {ts}, '2000-01-01 00:00:00+00'::timestamptz)"
_FINITE: Final = FINITE.format(value="s.value")
_POINTS: Final = """
CREATE VIEW plantroom.points AS
SELECT p.id AS point, f.equip, f.equip_kind, f.place, f.floor, f.role, f.unit, f.dis
FROM points p LEFT JOIN facts f ON f.id = p.id
"""
_SAMPLES: Final = """
CREATE VIEW plantroom.{name} AS
SELECT p.id AS point, {local} AS ts, CAST(extract(epoch FROM s.ts) AS bigint) AS _at, CASE WHEN {finite} THEN s.value END AS value,
CASE s.status {names} END AS status FROM {name} s JOIN points p ON p.point = s.point
"""
_HOURLY: Final = """
CREATE VIEW plantroom.rollup_hourly AS
SELECT p.id AS point, {local} AS ts, CAST(extract(epoch FROM s.ts) AS bigint) AS _at, s.mean, s.min, s.max, s.count
FROM hourly s JOIN points p ON p.point = s.point
"""
_WIDE: Final = """
CREATE VIEW plantroom.{name} AS SELECT {local} AS ts, CAST(extract(epoch FROM {minute}) AS bigint) AS _at, {columns}
FROM samples s WHERE s.point IN ({points}) AND s.status <> {fault}
AND {finite} GROUP BY {minute}
"""
_LOCAL_INDEX: Final = (
    # what lets `ts > ...` on a view skip most of the samples; a few pages each
    ("samples_local", "{local_ts}"),
    ("samples_local_minute", "{local_minute}"),
)


def publish(db: Session, building: Building) -> bool:
    """Make the views say what this building is. False when they said so already.

    In one transaction that holds `pg_layout.hold_creation`: a reader sees the old views or the new.
    """
    rows, views = point_rows(building), fitting(wide_views(building))
    mark = hashlib.sha256(repr((building.zone.key, rows, views, _POINTS, _SAMPLES, _HOURLY, _WIDE)).encode())  # fmt: skip
    if meta(db, "views") == mark.hexdigest():
        return False
    numbers = add_points(db, {row.point for row in rows})
    readers = _readers(db)
    db.script(f"DROP SCHEMA IF EXISTS {PUBLISHED} CASCADE; CREATE SCHEMA {PUBLISHED}")
    _put_facts(db, rows)
    for statement in _statements(views, numbers, building.zone):
        db.script(statement)
    _index_local(db, building.zone)
    for role in readers:
        grant(db, role)
    put_meta(db, "views", mark.hexdigest())
    return True


def fitting(views: Sequence[WideView]) -> list[WideView]:
    """What PostgreSQL can hold: of names alike in their first 63 characters the first, at most 1,600 columns.

    Who asks for a longer name gets the same: the server cuts it too.
    """
    found: dict[str, WideView] = {}
    for view in views:
        columns = {column.name[:_NAME_LENGTH]: column for column in reversed(view.columns)}
        first = [c for c in view.columns if columns[c.name[:_NAME_LENGTH]] is c][:_MOST_COLUMNS]
        if view.name not in _TAKEN:
            found.setdefault(view.name[:_NAME_LENGTH], replace(view, columns=tuple(first)))
    return list(found.values())


def grant(db: Session, role: str) -> None:
    """Let a role read what is published, and nothing else."""
    db.script(f"GRANT USAGE ON SCHEMA {PUBLISHED} TO {quoted(role)}")
    db.script(f"GRANT SELECT ON ALL TABLES IN SCHEMA {PUBLISHED} TO {quoted(role)}")


def quoted(name: str) -> str:
    """A name in SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def local_time(zone: ZoneInfo, ts: str = "s.ts") -> str:
    """SQL for site-local time, without zone, of a timestamptz. The hour a clock goes through twice comes twice."""
    return f"timezone('{zone.key}', {ts})"


def _statements(
    views: Sequence[WideView], numbers: Mapping[str, int], zone: ZoneInfo
) -> Iterator[str]:
    names = " ".join(f"WHEN {int(s)} THEN '{s.name.lower().replace('_', ' ')}'" for s in Status)
    yield _POINTS
    for name in ("samples", "latest"):
        yield _SAMPLES.format(name=name, local=local_time(zone), names=names, finite=_FINITE)
    yield _HOURLY.format(local=local_time(zone))
    for view in views:
        yield _wide(view, numbers, zone)


def _wide(view: WideView, numbers: Mapping[str, int], zone: ZoneInfo) -> str:
    points = sorted({numbers[id] for column in view.columns for id in column.points})
    minute = _MINUTE.format(ts="s.ts")
    return _WIDE.format(
        name=quoted(view.name),
        local=local_time(zone, minute),
        minute=minute,
        fault=int(Status.FAULT),
        finite=_FINITE,
        columns=", ".join(_column(column, numbers) for column in view.columns),
        points=", ".join(map(str, points)),
    )


def _column(column: ViewColumn, numbers: Mapping[str, int]) -> str:
    which = ", ".join(str(numbers[id]) for id in column.points)
    these = f"FILTER (WHERE s.point IN ({which}))"
    # not avg(): PostgreSQL's squares each value, and one of 1e200 would fail the whole query
    return f"sum(s.value) {these} / nullif(count(s.value) {these}, 0) AS {quoted(column.name)}"


def _index_local(db: Session, zone: ZoneInfo) -> None:
    """Indexes on local time, made anew when the site's zone is another."""
    if meta(db, "zone") == zone.key:
        return
    local = {
        "local_ts": local_time(zone, "ts"),
        "local_minute": local_time(zone, _MINUTE.format(ts="ts")),
    }
    for name, expression in _LOCAL_INDEX:
        db.script(f"DROP INDEX IF EXISTS {name}")
        db.script(
            f"CREATE INDEX {name} ON samples USING brin (({expression.format(**local)}))"
            " WITH (pages_per_range = 64, autosummarize = on)"
        )
    put_meta(db, "zone", zone.key)


def _readers(db: Session) -> list[str]:
    """The roles that may read what is published now: a new schema must let them in again."""
    found = db.run(
        "SELECT r.rolname FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee"
        " WHERE n.nspname = :name AND a.privilege_type = 'USAGE' AND a.grantee <> n.nspowner",
        {"name": PUBLISHED},
    )
    return [str(name) for (name,) in found]


def _put_facts(db: Session, rows: Sequence[PointRow]) -> None:
    db.script("DELETE FROM facts")
    if not rows:
        return
    columns = ("point", "equip", "equip_kind", "place", "floor", "role", "unit", "dis")
    given: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in columns}
    db.run(
        "INSERT INTO facts SELECT * FROM unnest(CAST(:point AS text[]), CAST(:equip AS text[]),"
        " CAST(:equip_kind AS text[]), CAST(:place AS text[]), CAST(:floor AS integer[]),"
        " CAST(:role AS text[]), CAST(:unit AS text[]), CAST(:dis AS text[]))",
        given,
    )
