"""How samples lie in DuckDB: a sorted cold table, a small hot one before it, the newest beside them.

    store.points   number and id of each point
    store.cold     (point, ts, value, status), each (point, ts) once; sorted by (point, ts) in runs
    store.hot      appended as written, with a rising `seq`; small, so that merging costs little
    store.latest   the newest sample of each point
    store.runs     how many sorted runs each period of cold has: many runs slow reading down
    store.merged   what reads see: cold without what hot corrects, and the last write of hot

No primary keys: they multiply the size of the file by ten. Every writer here keeps (point, ts)
unique in cold instead, within the transaction it is given. DuckDB reads a NaN of numpy as NULL:
that is how "no value" is stored, and `floats` gives it back.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np
from numpy.typing import NDArray

from ontology.errors import Corrupt
from ontology.store.columns import Columns

PERIOD_S = 10 * 86_400
"""Sorting over ten days or more is what makes cold small and fast (3.5 bytes a row or less)."""
MAX_RUNS = 24
"""More sorted runs than this in one period, and the period is sorted again as a whole."""
SORT_ROWS = 4_000_000
"""Rows sorted at once: about 100 MB, whatever the size of the history."""

_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS store;
CREATE TABLE IF NOT EXISTS store.meta (name VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS store.points (point INTEGER, id VARCHAR);
CREATE TABLE IF NOT EXISTS store.cold (point INTEGER, ts BIGINT, value DOUBLE, status UTINYINT);
CREATE TABLE IF NOT EXISTS store.hot
    (point INTEGER, ts BIGINT, value DOUBLE, status UTINYINT, seq BIGINT);
CREATE TABLE IF NOT EXISTS store.latest (point INTEGER, ts BIGINT, value DOUBLE, status UTINYINT);
CREATE TABLE IF NOT EXISTS store.runs (period BIGINT, runs INTEGER);
CREATE OR REPLACE VIEW store.fresh AS
    SELECT point, ts, arg_max_null(value, seq) AS value, arg_max(status, seq) AS status
    FROM store.hot GROUP BY point, ts;
CREATE OR REPLACE VIEW store.merged AS
    SELECT point, ts, value, status FROM store.cold c
    WHERE NOT EXISTS (SELECT 1 FROM store.hot h WHERE h.point = c.point AND h.ts = c.ts)
    UNION ALL SELECT point, ts, value, status FROM store.fresh;
"""
FORMAT = "1"
"""Rises when a file of ours can no longer be read by an older Plantroom, or the other way round."""
_MOVING_IN = (
    # `moving` holds rows that are unique by (point, ts) and win over those already in cold
    """DELETE FROM store.cold USING moving m
       WHERE cold.ts BETWEEN $first AND $last AND cold.point = m.point AND cold.ts = m.ts""",
    "INSERT INTO store.cold SELECT * FROM moving ORDER BY ts // $period_s, point, ts",
    """INSERT INTO store.runs SELECT DISTINCT ts // $period_s, 0 FROM moving
       WHERE ts // $period_s NOT IN (SELECT period FROM store.runs)""",
    """UPDATE store.runs SET runs = runs + 1
       WHERE period IN (SELECT DISTINCT ts // $period_s FROM moving)""",
)

Db = duckdb.DuckDBPyConnection


def create(db: Db) -> None:
    """Make the tables that are not there yet. Raises Corrupt for a file of another format."""
    for statement in _SCHEMA.split(";\n"):
        if statement.strip():
            db.execute(statement)
    found = db.execute("SELECT value FROM store.meta WHERE name = 'format'").fetchone()
    if found is None:
        db.execute("INSERT INTO store.meta VALUES ('format', ?)", [FORMAT])
    elif found[0] != FORMAT:
        raise Corrupt(
            f"the history is in format {found[0]}, this Plantroom reads format {FORMAT}",
            hint="use the version of Plantroom that wrote it, or give this one its own data directory",
        )


def add_points(db: Db, ids: list[str], first: int) -> None:
    """Number the points from `first` on."""
    numbers = np.arange(first, first + len(ids), dtype=np.int32)
    _insert(db, "store.points", {"point": numbers, "id": np.array(ids, dtype=object)})


def append_hot(db: Db, rows: Columns, seq: int) -> None:
    """Add a batch; a higher `seq` wins over a lower one."""
    columns = _columns(rows)
    _insert(db, "store.hot", {**columns, "seq": np.full(len(rows), seq, dtype=np.int64)})


def put_latest(db: Db, rows: Columns) -> None:
    """Replace the newest sample of each point in `rows`."""
    if not len(rows):
        return
    _register(db, _columns(rows))
    db.execute("DELETE FROM store.latest USING incoming r WHERE latest.point = r.point")
    db.execute("INSERT INTO store.latest SELECT * FROM incoming")
    db.unregister("incoming")


def append_cold(db: Db, rows: Columns) -> None:
    """Add a large block straight to cold."""
    _register(db, _columns(rows), name="moving")
    _move_in(db, int(rows.ts.min()), int(rows.ts.max()))
    db.unregister("moving")


def compact(db: Db) -> None:
    """Move hot into cold as one more sorted run."""
    found = db.execute("SELECT min(ts), max(ts) FROM store.hot").fetchone()
    if found is None or found[0] is None:
        return
    db.execute("CREATE OR REPLACE TEMP TABLE moving AS SELECT * FROM store.fresh")
    _move_in(db, int(found[0]), int(found[1]))
    db.execute("DROP TABLE moving")
    db.execute("DELETE FROM store.hot")


def floats(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """A fetched column, NaN where it is NULL."""
    return np.asarray(np.ma.filled(column, np.nan))


def ragged_period(db: Db) -> int | None:
    """A period with too many sorted runs; None when all are fine."""
    found = db.execute(
        "SELECT period FROM store.runs WHERE runs > ? ORDER BY period LIMIT 1", [MAX_RUNS]
    ).fetchone()
    return None if found is None else int(found[0])


def sort_period(db: Db, period: int) -> None:
    """Sort one period of cold as a whole, a bounded number of points at a time."""
    inside = {"first": period * PERIOD_S, "end": (period + 1) * PERIOD_S}
    db.execute(
        "CREATE OR REPLACE TEMP TABLE moving AS"
        " SELECT * FROM store.cold WHERE ts >= $first AND ts < $end",
        inside,
    )
    db.execute("DELETE FROM store.cold WHERE ts >= $first AND ts < $end", inside)
    found = db.execute("SELECT count(*), max(point) + 1 FROM moving").fetchone()
    rows, points = (int(found[0]), int(found[1] or 0)) if found else (0, 0)
    width = max(1, points * SORT_ROWS // max(rows, 1))
    for first in range(0, points, width):
        db.execute(
            "INSERT INTO store.cold SELECT * FROM moving"
            " WHERE point >= ? AND point < ? ORDER BY point, ts",
            [first, first + width],
        )
    db.execute("DROP TABLE moving")
    db.execute("UPDATE store.runs SET runs = 1 WHERE period = ?", [period])


def _move_in(db: Db, first: int, last: int) -> None:
    known = {"first": first, "last": last, "period_s": PERIOD_S}
    for statement in _MOVING_IN:
        needed = {name: value for name, value in known.items() if f"${name}" in statement}
        db.execute(statement, needed)


def _columns(rows: Columns) -> dict[str, NDArray[np.generic]]:
    return {"point": rows.point, "ts": rows.ts, "value": rows.value, "status": rows.status}


def _insert(db: Db, table: str, columns: Mapping[str, NDArray[np.generic]]) -> None:
    _register(db, columns)
    db.execute(f"INSERT INTO {table} SELECT * FROM incoming")  # noqa: S608  (our own table names)
    db.unregister("incoming")


def _register(
    db: Db, columns: Mapping[str, NDArray[np.generic]], *, name: str = "incoming"
) -> None:
    """Let SQL read numpy columns in place, as a relation."""
    db.register(name, dict(columns))
