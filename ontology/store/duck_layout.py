"""The tables of `history.duckdb`: what was written lately, and which segments hold the rest.

    store.points    number and id of each point
    store.hot       samples newer than any their point had before: each (point, ts) once
    store.late      all other samples, as they came: they may correct hot, a segment, or one another
    store.settled   the newest sample of each point when hot was last emptied
    store.segments  the manifest: a file that is not in it does not count
    store.meta      the format

    store.latest    the newest sample of each point, as a view

Both tails have a rising `seq`: the higher one wins. No primary keys: they multiply the size of a file by
ten. DuckDB reads a NaN of numpy as NULL: that is how "no value" is stored, and `floats` gives it back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ontology.errors import Corrupt
from ontology.store.columns import Columns, joined
from ontology.store.duck_file import Db, one
from ontology.store.duck_plan import Segment

FORMAT = "2"
"""Rises when a file of ours can no longer be read by an older Plantroom, or the other way round.
1 had the sorted samples in the file itself (`ontology.store.duck_migrate` brings it here)."""

_SAMPLE = "point INTEGER, ts BIGINT, value DOUBLE, status UTINYINT"
_SCHEMA = f"""
CREATE SCHEMA IF NOT EXISTS store;
CREATE TABLE IF NOT EXISTS store.meta (name VARCHAR, value VARCHAR);
CREATE TABLE IF NOT EXISTS store.points (point INTEGER, id VARCHAR);
CREATE TABLE IF NOT EXISTS store.hot ({_SAMPLE}, seq BIGINT);
CREATE TABLE IF NOT EXISTS store.late ({_SAMPLE}, seq BIGINT);
CREATE TABLE IF NOT EXISTS store.settled ({_SAMPLE});
CREATE TABLE IF NOT EXISTS store.segments (number BIGINT, kind VARCHAR, rows BIGINT, first BIGINT,
    last BIGINT, low INTEGER, high INTEGER, bytes BIGINT, sha256 VARCHAR);
CREATE OR REPLACE VIEW store.latest AS SELECT point, max(ts) AS ts,
    arg_max_null(value, (ts, seq)) AS value, arg_max(status, (ts, seq)) AS status FROM
    (SELECT *, 0 AS seq FROM store.settled UNION ALL FROM store.hot UNION ALL FROM store.late)
    GROUP BY point
"""  # noqa: S608  (texts of ours)
_LATE = """SELECT point, ts, arg_max_null(value, seq) AS value, arg_max(status, seq) AS status
FROM (FROM store.late WHERE {where}) GROUP BY point, ts"""


def found_format(db: Db) -> str | None:
    """The format of the file; None while it is empty."""
    if one(db, "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'store' AND table_name = 'meta'") is None:  # fmt: skip
        return None
    found = one(db, "SELECT value FROM store.meta WHERE name = 'format'")
    return None if found is None else str(found[0])


def create(db: Db) -> None:
    """Make the tables that are not there yet. Raises Corrupt for a file of another format."""
    found = found_format(db)
    if found not in {None, FORMAT}:
        raise Corrupt(
            f"the history is in format {found}, this Plantroom reads format {FORMAT}",
            hint="use the version of Plantroom that wrote it, or give this one its own data directory",
        )
    _all(db, _SCHEMA)
    if found is None:
        db.execute("INSERT INTO store.meta VALUES ('format', ?)", [FORMAT])


def manifest(db: Db) -> list[Segment]:
    """The segments of this moment, by number."""
    names = ", ".join(field.name for field in fields(Segment))
    rows = db.execute(f"SELECT {names} FROM store.segments ORDER BY number").fetchall()  # noqa: S608  (names of ours)
    return [Segment(*row) for row in rows]


def numbers(db: Db) -> list[int]:
    """The numbers of the segments of this moment."""
    return [
        n for (n,) in db.execute("SELECT number FROM store.segments ORDER BY number").fetchall()
    ]


def put_segments(db: Db, segments: Sequence[Segment]) -> None:
    """Enter them in the manifest."""
    for s in segments:
        row = [getattr(s, field.name) for field in fields(Segment)]
        db.execute("INSERT INTO store.segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def drop_segments(db: Db, segments: Sequence[Segment]) -> None:
    """Take them out of the manifest."""
    for s in segments:
        db.execute("DELETE FROM store.segments WHERE number = ?", [s.number])


def add_points(db: Db, ids: list[str], first: int) -> None:
    """Number the points from `first` on."""
    added = np.arange(first, first + len(ids), dtype=np.int32)
    _insert(db, "points", {"point": added, "id": np.array(ids, dtype=object)})


def append(db: Db, table: str, rows: Columns, seq: int) -> None:
    """Add to `hot` or `late`; a higher `seq` wins over a lower one."""
    if len(rows):
        _insert(db, table, {**arrays(rows), "seq": np.full(len(rows), seq, dtype=np.int64)})


def settle(db: Db, newest: Columns) -> None:
    """Note the newest sample of each point."""
    db.execute("DELETE FROM store.settled")
    if len(newest):
        _insert(db, "settled", arrays(newest))


def forget_tails(db: Db, seq: int, *, before: int | None = None) -> None:
    """Empty hot and late of what was written up to `seq` (of what is older than `before`, when given)."""
    older = "" if before is None else f" AND ts < {before}"
    for table in ("hot", "late"):
        db.execute(f"DELETE FROM store.{table} WHERE seq <= ?{older}", [seq])  # noqa: S608  (names of ours)


def last_seq(db: Db) -> int:
    """The highest `seq` in either tail, 0 when both are empty."""
    found = one(
        db,
        "SELECT max(seq) FROM (SELECT max(seq) AS seq FROM store.hot UNION ALL SELECT max(seq) FROM store.late)",
    )
    return int(found[0] or 0) if found else 0


def count(db: Db, table: str) -> int:
    """Rows of `hot` or `late`."""
    found = one(db, f"SELECT count(*) FROM store.{table}")  # noqa: S608  (names of ours)
    return int(found[0]) if found else 0


def tail_rows(db: Db) -> int:
    """Rows of both tails, each write of a sample counted."""
    return count(db, "hot") + count(db, "late")


def tail(db: Db, table: str, where: str = "true") -> Columns:
    """Rows of hot, or the last writes of late, as sorted columns."""
    lately = f"SELECT point, ts, value, status FROM store.hot WHERE {where}"  # noqa: S608  (texts of ours)
    got = db.execute(_LATE.format(where=where) if table == "late" else lately).fetchnumpy()
    return joined([columns(got)])


def columns(got: Mapping[str, NDArray[np.generic]]) -> Columns:
    """A fetched result; as it came, not sorted."""
    return Columns(got["point"], got["ts"], floats(got["value"]), got["status"])  # type: ignore[arg-type]


def floats(column: NDArray[np.generic]) -> NDArray[np.float64]:
    """A fetched column, NaN where it is NULL."""
    return np.asarray(np.ma.filled(column, np.nan))


def batch(rows: Columns) -> pa.RecordBatch:
    """As DuckDB would give them: NaN is null."""
    columns = arrays(rows) | {"value": pa.array(rows.value, from_pandas=True)}
    return pa.RecordBatch.from_arrays(list(map(pa.array, columns.values())), list(columns))


def arrays(rows: Columns) -> dict[str, NDArray[np.generic]]:
    """As DuckDB takes them."""
    return {"point": rows.point, "ts": rows.ts, "value": rows.value, "status": rows.status}


def _insert(db: Db, table: str, rows: Mapping[str, NDArray[np.generic]]) -> None:
    db.register("incoming", dict(rows))
    db.execute(f"INSERT INTO store.{table} SELECT * FROM incoming")  # noqa: S608  (our own table names)
    db.unregister("incoming")


def _all(db: Db, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            db.execute(statement)
