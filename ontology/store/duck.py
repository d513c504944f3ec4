"""The History in one DuckDB file: what Plantroom uses unless told otherwise."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb
import numpy as np
import pyarrow as pa

from ontology.errors import Corrupt, PlantroomError, Unavailable
from ontology.graph import Building
from ontology.history import Floats, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store import duck_layout, duck_views
from ontology.store.columns import (
    Columns,
    PointNumbers,
    Steps,
    blocks,
    checked,
    empty,
    joined,
    last_writes,
    whole_seconds,
)
from ontology.store.duck_file import DuckFile
from ontology.store.memory_history import sample_of
from ontology.store.snapshot import Snapshot
from ontology.time import Span

HOT_ROWS = 200_000
"""Compact above this: merging hot costs a read 1 to 2 ms at this size (decision 0002)."""
BULK_ROWS = 2_000_000
"""Rows of one sorted block of a bulk load: about 300 MB while it is sorted."""
READ_POINTS = 256
"""Points read at once: at 30 days of 5 min, 2.2 million rows, about 50 MB."""
_READ = """
SELECT point, ts, value FROM store.merged
WHERE point IN ({points}) AND ts >= ? AND ts < ? AND isfinite(value) AND status <> ?
"""
_RAW = """
SELECT ts, value, status FROM store.merged
WHERE point = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?
"""

T = TypeVar("T")
_log = logging.getLogger(__name__)


class DuckHistory:
    """Reads run in threads of their own; all writing goes through one writer thread, in order."""

    def __init__(self, file: DuckFile, *, hot_rows: int = HOT_ROWS) -> None:
        self._file = file
        self._hot_limit = hot_rows
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="history-writer")
        self._closed = False
        self._uncertain = False
        self._version = 0
        self._snapped: Snapshot | None = None
        self._latest: tuple[Columns, dict[Ref, Sample]] = (empty(), {})
        self._load()

    @classmethod
    def open(
        cls,
        path: Path,
        building: Building | None = None,
        *,
        memory: str = "1GB",
        hot_rows: int = HOT_ROWS,
    ) -> DuckHistory:
        """Open or create the file, and publish the building's SQL views in it.

        Raises Conflict when another process owns the file, Corrupt when it cannot be read,
        OutOfSpace or Unavailable when the disk refuses. `memory` bounds DuckDB's own.
        """
        file = DuckFile(path, memory=memory)
        try:
            history = cls(file, hot_rows=hot_rows)
            if building is not None:
                history._publish(building)
        except BaseException:
            file.close()
            raise
        return history

    async def write(self, samples: Samples) -> None:
        if len(checked(samples)):
            await self._in_writer(partial(self._write, samples))

    async def bulk(
        self, batches: Iterable[Samples], progress: Callable[[int], None] | None = None
    ) -> int:
        """Write many batches straight to sorted storage; returns how many samples came.

        Meant for millions: each block of `BULK_ROWS` is durable once `progress` (samples so far)
        hears of it. Writing the same again, or over what is there, is right and only slower.
        """
        source = blocks(iter(batches), BULK_ROWS)
        stored = 0
        while block := await asyncio.to_thread(next, source, None):
            await self._in_writer(partial(self._write_block, block))
            stored += sum(len(batch) for batch in block)
            if progress:
                progress(stored)
        return stored

    async def read(
        self, points: Sequence[Ref], span: Span, step: dt.timedelta
    ) -> dict[Ref, Floats]:
        points = list(dict.fromkeys(points))
        steps = Steps.over(span, step, len(points))
        return await asyncio.to_thread(self._read, points, steps)

    async def raw(self, point: Ref, span: Span, *, limit: int = 100_000) -> Samples:
        return await asyncio.to_thread(self._raw, point, *whole_seconds(span), limit)

    async def latest(self, points: Sequence[Ref] | None = None) -> dict[Ref, Sample]:
        newest, samples = self._latest
        if newest is not self._newest:  # something was written since
            newest = self._newest
            rows = (sample_of(self._numbers, newest, row) for row in range(len(newest)))
            samples = {sample.point: sample for sample in rows}
            self._latest = (newest, samples)
        if points is None:
            return dict(samples)
        return {point: samples[point] for point in points if point in samples}

    async def compact(self) -> None:
        """Move recent samples into sorted storage now; happens by itself as they pile up."""
        await self._in_writer(self._compact)

    async def publish(self, building: Building) -> None:
        """Make the SQL views say what this building is; does nothing when they already do."""
        await self._in_writer(partial(self._publish, building))

    async def snapshot(self, known: int = -1) -> Snapshot | None:
        """The history at this moment, for another process; None when it is still the one `known`."""
        if self._version == known:
            return None
        return await asyncio.to_thread(self._snapshot)

    def cursor(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection for reading SQL (`ontology.store.sql`)."""
        return self._file.cursor()

    async def close(self) -> None:
        """Finish what is being written, then give the file back."""
        self._closed = True
        await asyncio.to_thread(self._writer.shutdown)
        self._file.close()

    # in the writer thread

    async def _in_writer(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise Unavailable("the history is closed", hint="open it again")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._certain, work)

    def _certain(self, work: Callable[[], T]) -> T:
        """Do the work; after a failure, what the file says counts, not what memory remembers."""
        if self._uncertain:
            self._load()
        self._uncertain = True  # a commit that failed may have reached the disk all the same
        done = work()
        self._uncertain = False
        self._version += 1
        return done

    def _load(self) -> None:
        """What is kept in memory, from the file: point numbers, newest samples, next `seq`."""
        with self._file.transaction() as db:
            duck_layout.create(db)
            ids = db.execute("SELECT point, id FROM store.points ORDER BY point").fetchall()
            newest = db.execute("SELECT * FROM store.latest ORDER BY point").fetchnumpy()
            hot = db.execute("SELECT count(*), coalesce(max(seq), 0) FROM store.hot").fetchone()
        if [number for number, _ in ids] != list(range(len(ids))):
            raise Corrupt(
                f"{self._file.path.name}: the numbers of its points have gaps",
                hint="restore it from a backup",
            )
        self._numbers = PointNumbers([id for _, id in ids])
        self._newest = Columns(
            newest["point"], newest["ts"], duck_layout.floats(newest["value"]), newest["status"]
        )
        self._latest = (empty(), {})
        self._hot, self._seq = (int(hot[0]), int(hot[1])) if hot else (0, 0)
        self._compact_above = self._hot_limit

    def _write(self, samples: Samples) -> None:
        with self._file.transaction() as db:
            rows, new = self._numbered(db, [samples])
            duck_layout.append_hot(db, rows, self._seq + 1)
            newer = self._newer(rows)
            duck_layout.put_latest(db, newer)
        self._accept(new, newer)
        self._seq += 1
        self._hot += len(rows)
        if self._hot > self._compact_above:
            self._compact_or_wait()

    def _write_block(self, block: list[Samples]) -> None:
        self._compact()
        with self._file.transaction() as db:
            rows, new = self._numbered(db, block)
            if not len(rows):
                return
            duck_layout.append_cold(db, rows)
            newer = self._newer(rows)
            duck_layout.put_latest(db, newer)
        self._accept(new, newer)

    def _numbered(self, db: duckdb.DuckDBPyConnection, batches: list[Samples]) -> tuple[Columns, list[Ref]]:  # fmt: skip
        """The samples as sorted columns, and the points that are new (already in the transaction)."""
        new = self._numbers.missing([p for points in {b.points for b in batches} for p in points])
        if new:
            duck_layout.add_points(db, [point.id for point in new], len(self._numbers))
        numbers = {points: self._numbers.of(points, new) for points in {b.points for b in batches}}
        rows = last_writes(
            np.concatenate([numbers[b.points][b.index] for b in batches]),
            np.concatenate([b.ts for b in batches]),
            np.concatenate([b.value for b in batches]),
            np.concatenate([b.status for b in batches]),
        )
        return rows, new

    def _newer(self, rows: Columns) -> Columns:
        """The samples of `rows` that become their point's newest."""
        last = rows.newest()
        size = 1 + max(last.point.max(initial=-1), self._newest.point.max(initial=-1))
        known = np.full(size, -1, dtype=np.int64)
        known[self._newest.point] = self._newest.ts
        return last[last.ts >= known[last.point]]

    def _accept(self, new: list[Ref], newer: Columns) -> None:
        """After the commit: what the file now says, in memory."""
        self._numbers.add(new)
        self._newest = joined([self._newest, newer]).newest()

    def _compact(self) -> None:
        if self._hot:
            with self._file.transaction() as db:
                duck_layout.compact(db)
            self._hot = 0
        self._compact_above = self._hot_limit
        with self._file.cursor() as db:
            period = duck_layout.ragged_period(db)
        if period is not None:
            with self._file.transaction() as db:
                duck_layout.sort_period(db, period)

    def _compact_or_wait(self) -> None:
        """The samples are safe already: a compaction that fails is told, and tried again later."""
        try:
            self._compact()
        except PlantroomError as error:
            self._compact_above = self._hot + self._hot_limit // 2
            _log.warning("history not compacted: %s (%s)", error, error.hint)

    def _publish(self, building: Building) -> None:
        new = self._numbers.missing([e.ref for e in building if e.is_point])
        with self._file.transaction() as db:
            duck_layout.add_points(db, [point.id for point in new], len(self._numbers))
            numbers = PointNumbers([ref.id for ref in [*self._numbers.refs, *new]])
            duck_views.publish(db, building, numbers)
        self._accept(new, empty())

    # in a reader's thread

    def _snapshot(self) -> Snapshot:
        version, snapped = self._version, self._snapped
        if snapped is not None and snapped.version == version:
            return snapped
        with self._file.transaction() as db:
            fresh = db.sql("SELECT * FROM store.merged").to_arrow_table()
            latest = db.sql("SELECT * FROM store.latest").to_arrow_table()
            ids = db.execute("SELECT id FROM store.points ORDER BY point").fetchall()
        self._snapped = Snapshot(
            version,
            (),
            _stream(fresh),
            tuple(id for (id,) in ids),
            latest=_stream(latest),
            corrects=False,
        )
        return self._snapped

    def _read(self, points: list[Ref], steps: Steps) -> dict[Ref, Floats]:
        found: dict[Ref, Floats] = {}
        with self._file.cursor() as db:
            for at in range(0, len(points), READ_POINTS):
                some = points[at : at + READ_POINTS]
                means = self._means(db, some, steps)
                found.update(zip(some, means, strict=True))
        return found

    def _means(self, db: duckdb.DuckDBPyConnection, points: list[Ref], steps: Steps) -> Floats:
        """Shape (len(points), steps.count)."""
        rows = {n: row for row, p in enumerate(points) if (n := self._numbers.get(p)) is not None}
        if not rows:
            return np.full((len(points), steps.count), np.nan)
        row_of = np.full(max(rows) + 1, -1, dtype=np.int64)
        row_of[list(rows)] = list(rows.values())
        text = _READ.format(points=",".join(map(str, rows)))
        got = db.execute(text, [steps.first, steps.end, int(Status.FAULT)]).fetchnumpy()
        return steps.means(row_of[got["point"]], got["ts"], got["value"], len(points))

    def _raw(self, point: Ref, first: int, end: int, limit: int) -> Samples:
        number = self._numbers.get(point)
        if number is None:
            none = empty()
            return Samples((point,), none.point, none.ts, none.value, none.status)
        with self._file.cursor() as db:
            got = db.execute(_RAW, [number, first, end, limit]).fetchnumpy()
        index = np.zeros(len(got["ts"]), dtype=np.int32)
        return Samples((point,), index, got["ts"], duck_layout.floats(got["value"]), got["status"])


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
