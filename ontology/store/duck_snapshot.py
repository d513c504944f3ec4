"""Snapshots for other processes: which segments count, and the fresh rows as Arrow, made once per version."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from ontology.store import duck_layout
from ontology.store.duck_shelf import Shelf
from ontology.store.newest import Newest
from ontology.store.snapshot import Snapshot

_FRESH = "SELECT point, ts, value, status FROM store.hot"
_MENDED = """SELECT point, ts, value, status FROM store.hot c
WHERE NOT EXISTS (SELECT 1 FROM store.late l WHERE l.point = c.point AND l.ts = c.ts)
UNION ALL SELECT point, ts, arg_max_null(value, seq) AS value, arg_max(status, seq) AS status
FROM store.late GROUP BY point, ts"""


class Snapshots:
    """The version rises by one while something is written and once more when it is done."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._lock = threading.Lock()
        self._ticks = 0
        self._taken: Snapshot | None = None

    @property
    def version(self) -> int:
        """What was done until now: the half of an even number of ticks."""
        return self._ticks // 2

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Around every change, by the one thread that makes them."""
        self._ticks += 1
        try:
            yield
        finally:
            self._ticks += 1

    def take(self, newest: Newest) -> Snapshot:
        """The snapshot of this moment; the one taken before when nothing changed since."""
        with self._lock:
            before, taken = self._ticks, self._taken
            if taken is not None and taken.version == before // 2:
                return taken
            with self._shelf.moment() as (db, segments):
                late = bool(duck_layout.count(db, "late"))
                fresh = _stream(db.sql(_MENDED if late else _FRESH).to_arrow_table())
                ids = db.execute("SELECT id FROM store.points ORDER BY point").fetchall()
                latest = duck_layout.arrow(newest.rows())
                if self._ticks != before or before % 2:  # memory may be a write ahead
                    latest = db.sql("SELECT * FROM store.latest").to_arrow_table()
            self._taken = Snapshot(
                version=before // 2,
                segments=tuple(self._shelf.path(s) for s in segments if s.kind == "cold"),
                fresh=fresh,
                points=tuple(id for (id,) in ids),
                latest=_stream(latest),
                corrects=late,
                hourly=tuple(self._shelf.path(s) for s in segments if s.kind == "hourly"),
            )
            return self._taken


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
