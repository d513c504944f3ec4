"""The published relations and macros as DuckDB views, kept in the file: any DuckDB tool reads them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

import duckdb
import numpy as np

from ontology.graph import Building
from ontology.history import Status
from ontology.store.columns import LAST_S, PointNumbers
from ontology.store.duck_file import one
from ontology.store.views import PointRow, ViewColumn, WideView, point_rows, wide_views
from ontology.time import UTC

MACROS: dict[str, str] = {
    # name and arguments -> DuckDB; the dialect's own words, so that another store can say them its way
    "bucket(ts, minutes)": "time_bucket(to_minutes(CAST(minutes AS BIGINT)), ts)",
    "last_of(value, ts)": "arg_max(value, ts)",
    "first_of(value, ts)": "arg_min(value, ts)",
    "pct(x, p)": "quantile_cont(x, p / 100.0)",
}
_FIRST_CHANGE_S = 946_684_800
"""2000-01-01: no building of ours has samples before it, so older changes of clocks do not matter."""
_POINTS = """CREATE OR REPLACE VIEW main.points AS
SELECT p.id AS point, f.* EXCLUDE (id) FROM store.points p LEFT JOIN store.facts f ON f.id = p.id"""
_SAMPLES = """CREATE OR REPLACE VIEW main.{name} AS
SELECT p.id AS point, {ts} AS ts, CASE WHEN isfinite(s.value) THEN s.value END AS value,
CASE s.status {names} END AS status FROM store.{table} s JOIN store.points p ON p.point = s.point"""
_WIDE = """CREATE OR REPLACE VIEW main.{name} AS SELECT {ts} AS ts, {columns}
FROM (SELECT ts - ts % 60 AS ts, point, value FROM store.merged
WHERE point IN ({points}) AND status <> {fault} AND isfinite(value)) s GROUP BY s.ts"""


def publish(db: duckdb.DuckDBPyConnection, building: Building, numbers: PointNumbers) -> bool:
    """Make the views say what this building is. False when they said so already."""
    zone = building.zone
    rows = point_rows(building)
    statements = [*_base(zone), *(_wide(view, numbers, zone) for view in wide_views(building))]
    mark = hashlib.sha256(repr((statements, rows)).encode()).hexdigest()
    found = one(db, "SELECT value FROM store.meta WHERE name = 'views'")
    if found is not None and found[0] == mark:
        return False
    _drop_views(db)
    _put_facts(db, rows)
    for statement in statements:
        db.execute(statement)
    db.execute("DELETE FROM store.meta WHERE name = 'views'")
    db.execute("INSERT INTO store.meta VALUES ('views', ?)", [mark])
    return True


@lru_cache(maxsize=8)
def local_time(zone: ZoneInfo, ts: str = "s.ts") -> str:
    """SQL for site-local time from unix seconds, without DuckDB's (slow) time-zone library.

    Where clocks change, the offset is looked up in a tree of comparisons; the hour that a clock
    goes through twice comes out twice.
    """
    return f"make_timestamp(({ts} + {_offset_sql(_offsets(zone), ts)}) * 1000000)"


def _base(zone: ZoneInfo) -> Iterator[str]:
    names = " ".join(f"WHEN {int(s)} THEN '{s.name.lower().replace('_', ' ')}'" for s in Status)
    for macro, meaning in MACROS.items():
        yield f"CREATE OR REPLACE MACRO main.{macro} AS {meaning}"
    yield _POINTS
    for name, table in (("samples", "merged"), ("latest", "latest")):
        yield _SAMPLES.format(name=name, table=table, ts=local_time(zone), names=names)


def _wide(view: WideView, numbers: PointNumbers, zone: ZoneInfo) -> str:
    numbered = {c: numbers.of_ids(c.points) for c in view.columns}
    points = sorted({number for some in numbered.values() for number in some})
    return _WIDE.format(
        name=_quoted(view.name),
        ts=local_time(zone),
        columns=", ".join(_column(c, some) for c, some in numbered.items()),
        points=", ".join(map(str, points)),
        fault=int(Status.FAULT),
    )


def _column(column: ViewColumn, numbers: Sequence[int]) -> str:
    which = ", ".join(map(str, numbers))
    test = f"= {which}" if len(numbers) == 1 else f"IN ({which})"
    return f"avg(s.value) FILTER (WHERE s.point {test}) AS {_quoted(column.name)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _drop_views(db: duckdb.DuckDBPyConnection) -> None:
    """Equipment that is gone must not answer."""
    found = db.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal"
    ).fetchall()
    for (name,) in found:
        db.execute(f"DROP VIEW main.{_quoted(name)}")


def _put_facts(db: duckdb.DuckDBPyConnection, rows: Sequence[PointRow]) -> None:
    db.execute(
        "CREATE OR REPLACE TABLE store.facts (id VARCHAR, equip VARCHAR, equip_kind VARCHAR,"
        " place VARCHAR, floor INTEGER, role VARCHAR, unit VARCHAR, dis VARCHAR)"
    )
    if not rows:
        return
    texts = ("point", "equip", "equip_kind", "place", "role", "unit", "dis")
    columns = {name: np.array([getattr(row, name) for row in rows], object) for name in texts}
    columns["floor"] = np.array([-1 if r.floor is None else r.floor for r in rows], np.int32)
    known = np.array([row.floor is not None for row in rows], bool)
    db.register("incoming", {**columns, "has_floor": known})
    db.execute(
        "INSERT INTO store.facts SELECT point, equip, equip_kind, place,"
        " CASE WHEN has_floor THEN floor END, role, unit, dis FROM incoming"
    )
    db.unregister("incoming")


def _offsets(zone: ZoneInfo) -> list[tuple[int, int]]:
    """(from this unix second on, seconds ahead of UTC), oldest first."""
    week = 7 * 86_400  # no zone changes its clocks twice within a week
    found = [(0, _offset(zone, _FIRST_CHANGE_S))]
    for start in range(_FIRST_CHANGE_S, LAST_S, week):
        if _offset(zone, start + week) != found[-1][1]:
            low, high = start, start + week
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if _offset(zone, middle) == found[-1][1] else (low, middle)
                )
            found.append((high, _offset(zone, high)))
    return found


def _offset(zone: ZoneInfo, second: int) -> int:
    ahead = dt.datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    return int(ahead.total_seconds()) if ahead is not None else 0


def _offset_sql(offsets: Sequence[tuple[int, int]], ts: str) -> str:
    if len(offsets) == 1:
        return str(offsets[0][1])
    middle = len(offsets) // 2
    older, newer = _offset_sql(offsets[:middle], ts), _offset_sql(offsets[middle:], ts)
    return f"CASE WHEN {ts} < {offsets[middle][0]} THEN {older} ELSE {newer} END"
