"""The embedded History: a DuckDB file for what is fresh, immutable segments beside it for the rest."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from ontology.errors import Corrupt, PlantroomError, Unavailable
from ontology.graph import Building
from ontology.history import Floats, Kept, Retention, Sample, Samples
from ontology.kinds import Ref
from ontology.store import (
    duck_backup,
    duck_layout,
    duck_migrate,
    duck_reads,
    rollups,
)
from ontology.store.columns import (
    LAST_S,
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
from ontology.store.duck_file import Db, DuckFile
from ontology.store.duck_mill import Mill
from ontology.store.duck_plan import folder_of
from ontology.store.duck_retain import Trim
from ontology.store.duck_shelf import Shelf
from ontology.store.duck_snapshot import Snapshots
from ontology.store.duck_sorter import Sorter, Swap, keys
from ontology.store.duck_tails import Moment, Tails
from ontology.store.memory_history import SCAN_ROWS, instant
from ontology.store.newest import Newest
from ontology.store.snapshot import Snapshot
from ontology.time import Span

HOT_ROWS = 200_000
"""Above this the tails become a segment: reading 200,000 fresh rows beside it costs under a millisecond."""
BULK_ROWS = 2_000_000
"""Rows of one sorted block of a bulk load: about 300 MB while it is sorted."""
READ_POINTS = 256
"""Points read at once: at 30 days of 5 min, 2.2 million rows, about 50 MB."""
BULK_MERGE = 16
"""Blocks of a bulk load between two merges."""

_SORTER_NICE = 10

T = TypeVar("T")
_log = logging.getLogger(__name__)


class DuckHistory:
    """Reads run in threads of their own. One thread writes, in order; another sorts beside it."""

    def __init__(self, file: DuckFile, folder: Path, *, hot_rows: int = HOT_ROWS) -> None:
        self._file = file
        self._tail_limit = hot_rows
        self._closed = False
        self._uncertain = False
        self._tidying = False
        self._mill = Mill(folder, stopped=lambda: self._closed)
        self._shelf = Shelf(file, folder)
        self._sorter = Sorter(self._shelf, self._mill, hot_rows)
        self._newest = Newest(empty())
        self._now = Moment()
        self._numbers = PointNumbers()
        self._snapshots = Snapshots()
        self._load()
        self._mill.keep_only(self._shelf.segments())
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="history-writer")
        self._beside = ThreadPoolExecutor(
            1, thread_name_prefix="history-sorter", initializer=_give_way
        )

    @classmethod
    def open(
        cls,
        path: Path,
        building: Building | None = None,
        *,
        memory: str = "1GB",
        hot_rows: int = HOT_ROWS,
    ) -> DuckHistory:
        """Open or create the history of the building.

        One of an older format is brought to ours first. Raises Conflict when another process owns it,
        Corrupt when it cannot be read, OutOfSpace or Unavailable when the disk refuses. `memory` bounds
        DuckDB's own; making segments takes up to 384 MB more for a while.
        """
        folder = folder_of(path)
        file = DuckFile(path, memory=memory, beside=folder)
        try:
            duck_backup.must_be_alone(file)
            duck_migrate.migrate(file, folder)
            history = cls(file, folder, hot_rows=hot_rows)
            if building is not None:
                history._meet(building)
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
        """Write many batches straight to segments; returns how many samples came.

        Meant for millions: each block of `BULK_ROWS` is durable once `progress` (samples so far)
        hears of it. Writing the same again, or over what is there, is right and only slower.
        """
        source = blocks(iter(batches), BULK_ROWS)
        stored = done = 0
        while block := await asyncio.to_thread(next, source, None):
            await self._in_sorter(partial(self._store_block, block))
            stored, done = stored + sum(len(batch) for batch in block), done + 1
            if progress:
                progress(stored)
            if done % BULK_MERGE == 0:
                await self._in_sorter(self._merge_due)
        if done:
            await self._in_sorter(self._merge_due)
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
        return self._newest.samples(self._numbers, points)

    async def scan(self, span: Span | None = None) -> AsyncIterator[Samples]:
        """See HistoryStore.scan. What is written meanwhile is not in it."""
        first, end = (0, LAST_S) if span is None else whole_seconds(span)
        with self._shelf.moment() as (db, segments):
            windows = duck_reads.in_time(db, segments, first, end)
            points = tuple(self._numbers.refs)
            while (rows := await asyncio.to_thread(next, windows, None)) is not None:
                for at in range(0, len(rows), SCAN_ROWS):
                    some = rows[at : at + SCAN_ROWS]
                    yield Samples(points, some.point, some.ts, some.value, some.status)

    async def kept(self) -> Kept:
        return await asyncio.to_thread(self._kept)

    async def retain(self, retention: Retention, *, now: dt.datetime) -> int:
        return await self._in_sorter(partial(self._retain, retention, now))

    async def compact(self) -> None:
        """Make segments of all recent samples now; happens by itself as they pile up."""
        await self._in_sorter(partial(self._tidy, all_of_it=True))

    async def snapshot(self, known: int = -1) -> Snapshot | None:
        """The history at this moment, for another process; None when it is still the one `known`."""
        if self._snapshots.version == known:
            return None
        return await asyncio.to_thread(self._snapshot)

    async def backup(self, folder: Path, progress: Callable[[float], None] | None = None) -> None:
        """Copy the history of this moment into an empty folder, while writing goes on.

        Segments are hard-linked where the folder is on the same disk. `progress` hears the share done.
        `duck_backup.restore` brings it back.
        """
        await asyncio.to_thread(duck_backup.backup, self._file.path, self._shelf, folder, progress)

    async def close(self) -> None:
        """Finish what is being written, then give the files back."""
        self._closed = True
        await asyncio.to_thread(self._beside.shutdown, cancel_futures=True)
        await asyncio.to_thread(self._writer.shutdown)
        self._file.close()
        self._shelf.clear()

    # in the writer thread

    async def _in_writer(self, work: Callable[[], T]) -> T:
        self._still_open()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writer, self._certain, work)

    def _still_open(self) -> None:
        if self._closed:
            raise Unavailable("the history is closed", hint="open it again")

    def _certain(self, work: Callable[[], T]) -> T:
        """Do the work; after a failure, what the file says counts, not what memory remembers."""
        with self._snapshots.changing():
            if self._uncertain:
                self._load()
            self._uncertain = True  # a commit that failed may have reached the disk all the same
            done = work()
            self._uncertain = False
            return done

    def _load(self) -> None:
        """What is kept in memory, from the file: point numbers, newest samples, next `seq`, segments."""
        with self._file.cursor() as db:
            duck_layout.create(db)
            ids = db.execute("SELECT point, id FROM store.points ORDER BY point").fetchall()
            segments = duck_layout.manifest(db)
            settled = duck_layout.columns(db.execute("SELECT * FROM store.settled").fetchnumpy())
            tails = Tails.read(db)
            self._seq = duck_layout.last_seq(db)
            self._tail_rows = duck_layout.tail_rows(db)
        if [number for number, _ in ids] != list(range(len(ids))):
            raise Corrupt(
                f"{self._file.path.name}: the numbers of its points have gaps",
                hint="restore it from a backup",
            )
        self._shelf.attach(segments)
        self._now = Moment(tuple(segments), tails, settled)
        self._shelf.sync(segments)
        self._mill.start_at(1 + max((s.number for s in segments), default=0))
        self._numbers = PointNumbers([id for _, id in ids])
        self._newest = Newest(self._now.latest())
        self._tidy_above = self._tail_limit

    def _write(self, samples: Samples) -> None:
        seq = self._seq + 1
        with self._file.transaction() as db:
            rows, new = self._numbered(db, [samples])
            newer = rows.ts > self._newest.ts(rows.point)
            ahead, behind = rows[newer], rows[~newer]
            duck_layout.append(db, "hot", ahead, seq)
            duck_layout.append(db, "late", behind, seq)
        self._numbers.add(new)
        self._now = self._now.written(ahead, behind)
        self._newest.put(rows)
        self._seq = seq
        self._tail_rows += len(rows)
        if self._tail_rows > self._tidy_above and not (self._tidying or self._closed):
            self._tidying = True
            self._beside.submit(self._tidy_or_wait)

    def _numbered(self, db: Db, batches: list[Samples]) -> tuple[Columns, list[Ref]]:
        """The samples as sorted columns, and the points that are new (already in the transaction)."""
        tuples = {id(b.points): b.points for b in batches}  # to hash 5,000 refs takes a millisecond
        new = self._numbers.missing([p for points in tuples.values() for p in points])
        if new:
            duck_layout.add_points(db, [point.id for point in new], len(self._numbers))
        numbers = {key: self._numbers.of(points, new) for key, points in tuples.items()}
        rows = last_writes(
            np.concatenate([numbers[id(b.points)][b.index] for b in batches]),
            np.concatenate([b.ts for b in batches]),
            np.concatenate([b.value for b in batches]),
            np.concatenate([b.status for b in batches]),
        )
        return rows, new

    def _number(self, block: list[Samples]) -> Columns:
        with self._file.transaction() as db:
            rows, new = self._numbered(db, block)
        self._numbers.add(new)
        return rows

    def _swap(
        self, swap: Swap, change: Callable[[Db], None] | None = None, *, seq: int = 0
    ) -> None:
        """Commit other segments and what comes with them (`change`) at once; what is left is of `seq`."""
        self._shelf.attach(swap.made)
        with self._file.transaction() as db:
            if change is not None:
                change(db)
            duck_layout.append(db, "late", swap.left, seq)
            duck_layout.drop_segments(db, swap.gone)
            duck_layout.put_segments(db, swap.made)
            newest = self._newest.rows()
            duck_layout.settle(db, newest)
            self._tail_rows = duck_layout.tail_rows(db)
            segments = tuple(duck_layout.manifest(db))
            same = change is None and not len(swap.left)
            tails = self._now.tails if same else Tails.read(db)
        self._now = Moment(segments, tails, newest)  # before those that are gone may be detached
        self._shelf.retire(swap.gone)
        self._tidy_above = max(self._tail_limit, self._tail_rows + self._tail_limit // 2)

    def _swap_block(self, swap: Swap, rows: Columns, seq: int) -> None:
        """A block's segments; where a live write met one of its samples meanwhile, the block's counts."""

        def met(db: Db) -> None:
            live = joined([duck_layout.tail(db, t, f"seq > {seq}") for t in ("hot", "late")])
            both = rows[np.isin(keys(rows), keys(live))]
            duck_layout.append(db, "late", both, self._seq)

        self._seq += 1
        self._newest.put(rows)
        self._swap(swap, met, seq=self._seq)

    def _meet(self, building: Building) -> None:
        """Number its points in its order: an equipment's points then lie side by side in each segment."""
        new = self._numbers.missing([e.ref for e in building if e.is_point])
        with self._file.transaction() as db:
            duck_layout.add_points(db, [point.id for point in new], len(self._numbers))
        self._numbers.add(new)

    # in the sorter thread

    async def _in_sorter(self, work: Callable[[], T]) -> T:
        self._still_open()
        return await asyncio.get_running_loop().run_in_executor(self._beside, work)

    def _commit(self, work: Callable[[], T]) -> T:
        return self._writer.submit(self._certain, work).result()

    def _tidy_or_wait(self) -> None:
        """The samples are safe already: tidying that fails is told, and tried again later."""
        try:
            self._tidy()
        except PlantroomError as error:
            self._tidy_above = self._tail_rows + self._tail_limit // 2
            if not self._closed:
                _log.warning("history not compacted: %s (%s)", error, error.hint)
        finally:
            self._tidying = False

    def _tidy(self, *, all_of_it: bool = False) -> None:
        with self._shelf.moment() as (db, _):
            seq = duck_layout.last_seq(db)
            hot, late = (duck_layout.tail(db, t) for t in ("hot", "late"))
        if seq:
            rows = joined([hot, late])
            suspect = rows[np.isin(keys(rows), keys(late))]
            swap = self._sorter.place(rows, suspect, all_of_it=all_of_it)
            forget = partial(duck_layout.forget_tails, seq=seq)
            self._commit(partial(self._swap, swap, forget, seq=seq))
        self._merge_due()

    def _merge_due(self) -> None:
        while (swap := self._sorter.merge()) is not None:
            self._commit(partial(self._swap, swap))

    def _store_block(self, block: list[Samples]) -> None:
        rows = self._commit(partial(self._number, block))
        if not len(rows):
            return
        with self._shelf.moment() as (db, _):
            seq = duck_layout.last_seq(db)
            tails = joined([duck_layout.tail(db, t) for t in ("hot", "late")])
        fresh = np.isin(keys(rows), keys(tails))
        free = rows[~fresh]
        suspect = free[free.ts <= self._newest.ts(free.point)]
        swap = self._sorter.place(free, suspect)
        swap.left = joined([swap.left, rows[fresh]])
        self._commit(partial(self._swap_block, swap, rows, seq))

    def _retain(self, retention: Retention, now: dt.datetime) -> int:
        raw, hourly = (rollups.horizon(now, kept) for kept in (retention.raw, retention.hourly))
        with self._shelf.moment() as (db, segments):
            seq = duck_layout.last_seq(db)
            trim = Trim(db, segments, self._mill, len(self._numbers), raw=raw, hourly=hourly)
            trim.work()

        def change(db: Db) -> None:
            if raw is not None:
                duck_layout.forget_tails(db, seq, before=raw)
                self._newest.forget(raw)

        if trim.forgotten or trim.swap.gone:
            self._commit(partial(self._swap, trim.swap, change))
        return trim.forgotten

    # in a reader's thread

    def _read(self, points: list[Ref], steps: Steps) -> dict[Ref, Floats]:
        found: dict[Ref, Floats] = {}
        with self._shelf.cursor() as db:
            now = self._now
            for at in range(0, len(points), READ_POINTS):
                some = points[at : at + READ_POINTS]
                means = self._means(db, now, some, steps)
                found.update(zip(some, means, strict=True))
        return found

    def _means(self, db: Db, now: Moment, points: list[Ref], steps: Steps) -> Floats:
        """Shape (len(points), steps.count)."""
        rows = {n: row for row, p in enumerate(points) if (n := self._numbers.get(p)) is not None}
        if not rows:
            return np.full((len(points), steps.count), np.nan)
        row_of = np.full(max(rows) + 1, -1, dtype=np.int64)
        row_of[list(rows)] = list(rows.values())
        samples = duck_reads.of_points(db, now, list(rows), steps.first, steps.end, counting=True)
        old = [s for s in now.segments if s.kind == "hourly"] if rollups.serves(steps) else []
        hours = duck_reads.hours_of(db, old, list(rows), *rollups.middles(steps))
        return rollups.means(steps, samples, hours, row_of, len(points))

    def _snapshot(self) -> Snapshot:
        return self._snapshots.take(lambda: self._now, self._newest, self._numbers, self._shelf)

    def _raw(self, point: Ref, first: int, end: int, limit: int) -> Samples:
        number, rows = self._numbers.get(point), empty()
        if number is not None:
            with self._shelf.cursor() as db:
                rows = duck_reads.first_of(db, self._now, number, first, end, limit=limit)
        index = np.zeros(len(rows), dtype=np.int32)
        return Samples((point,), index, rows.ts, rows.value, rows.status)

    def _kept(self) -> Kept:
        with self._shelf.moment() as (db, segments):
            rows = duck_reads.count(db, segments)
            bounds = duck_reads.bounds(db, segments)
        first, last = map(instant, bounds) if bounds else (None, None)
        used = sum(s.bytes for s in segments) + self._file.bytes()
        return Kept(len(self._newest.rows()), rows, used, first, last)


def _give_way() -> None:
    """Of two threads that want a core, reading and writing come before sorting (Linux alone can say so)."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _SORTER_NICE)
