"""The History in PostgreSQL 15 or newer, with TimescaleDB where the database has it.

Several Plantrooms may write and read one database at once: nothing here holds a lock between calls,
and whatever is remembered (numbers of points, partitions) is asked again after any failure.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
from collections.abc import (
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from ontology.errors import PlantroomError, Unavailable
from ontology.graph import Building
from ontology.history import Floats, Kept, Retention, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store import pg_binary, pg_layout, pg_read, pg_retention, pg_roles, pg_views
from ontology.store.columns import (
    LAST_S,
    Columns,
    Steps,
    blocks,
    checked,
    empty,
    last_writes,
    whole_seconds,
)
from ontology.store.pg_door import Away, Moved, PgDoor, sqlstate
from ontology.time import UTC, Span

BULK_ROWS: Final = 500_000
"""Rows of one transaction of a bulk load: some 20 MB on the wire."""
READ_POINTS: Final = 256
TRIES: Final = 4
"""Times a write is tried that another writer or a retention came between."""
LONG_S: Final = 3_600.0
"""What a scan, a bulk block or a retention may take; other calls have a minute."""
_UNIQUE: Final = "23505"

T = TypeVar("T")
_log = logging.getLogger(__name__)


class PgHistory:
    """The HistoryStore port over one PostgreSQL database. Calls may come from any thread and loop."""

    def __init__(self, url: str) -> None:
        """Nothing is connected yet. Raises BadRequest for a URL that no PostgreSQL serves."""
        self._door = PgDoor(url)
        self._slow = PgDoor(url, timeout_s=LONG_S, connections=3)
        self._preparing = threading.Lock()
        self._ready = False
        self._timescale = False
        self._building: Building | None = None
        self._closed = False
        self._number: dict[str, int] = {}
        self._months: set[int] = set()
        self._refs: dict[int, Ref] = {}
        self._latest: tuple[Columns, dict[Ref, Sample]] = (empty(), {})

    @classmethod
    def open(cls, url: str, building: Building | None = None) -> PgHistory:
        """Connect, make what is missing, and publish the building's views.

        A database that is away is waited for: calls raise Unavailable until it is back, and what open
        would have done is done then. Raises Unavailable for a wrong password or a missing right,
        Corrupt for another format.
        """
        history = cls(url)
        history._building = building
        try:
            history._prepare()
        except Away as away:
            _log.warning("%s (%s)", away, away.hint)
        except BaseException:
            history._close()
            raise
        return history

    @property
    def url(self) -> str:
        """Where the history is, with its secret inside: for connecting, never for showing."""
        return self._door.url.render_as_string(hide_password=False)

    async def write(self, samples: Samples) -> None:
        if len(checked(samples)):
            await self._in_thread(lambda: self._write([samples]))

    async def bulk(
        self, batches: Iterable[Samples], progress: Callable[[int], None] | None = None
    ) -> int:
        """See HistoryStore.bulk. Fastest where nothing of it is there yet; right in any case."""
        source = blocks(iter(batches), BULK_ROWS)
        stored, new = 0, True
        while block := await asyncio.to_thread(next, source, None):
            new = await self._in_thread(lambda b=block, n=new: self._write_block(b, new=n))  # type: ignore[misc]
            stored += sum(len(batch) for batch in block)
            if progress:
                progress(stored)
        return stored

    async def read(
        self, points: Sequence[Ref], span: Span, step: dt.timedelta
    ) -> dict[Ref, Floats]:
        points = list(dict.fromkeys(points))
        steps = Steps.over(span, step, len(points))
        return await self._in_thread(lambda: self._read(points, steps))

    async def raw(self, point: Ref, span: Span, *, limit: int = 100_000) -> Samples:
        first, end = whole_seconds(span)
        found = await self._in_thread(lambda: self._raw(point, first, end, limit))
        index = np.zeros(len(found), dtype=np.int32)
        return Samples((point,), index, found.ts, found.value, found.status)

    async def latest(self, points: Sequence[Ref] | None = None) -> dict[Ref, Sample]:
        samples = await self._in_thread(self._newest)
        if points is None:
            return dict(samples)
        return {point: samples[point] for point in points if point in samples}

    async def scan(self, span: Span | None = None) -> AsyncIterator[Samples]:
        """See HistoryStore.scan: one moment of the database, in the order of (ts, point)."""
        batches = self._scan(span)
        try:
            while batch := await self._in_thread(lambda: next(batches, None)):
                yield batch
        finally:
            await asyncio.to_thread(batches.close)

    async def kept(self) -> Kept:
        return await self._in_thread(self._kept)

    async def retain(self, retention: Retention, *, now: dt.datetime) -> int:
        return await self._in_thread(lambda: self._retain(retention, now))

    async def publish(self, building: Building) -> None:
        """Make the published views say what this building is; does nothing when they already do."""
        await self._in_thread(lambda: self._publish(building))

    async def reader_url(self) -> str:
        """Where SQL of people and agent connects: as a role that reads what is published, and nothing else.

        Holds a secret. Raises Unavailable where the role is not there and may not be made.
        """
        url = await self._in_thread(lambda: pg_roles.reader_url(self._door))
        return url.render_as_string(hide_password=False)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    # in a thread

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(self._prepared, work)

    def _prepared(self, work: Callable[[], T]) -> T:
        """Do the work once all is there; after a failure, what the database says counts."""
        if self._closed:
            raise Unavailable("the history is closed", hint="open it again")
        try:
            self._prepare()
            return work()
        except PlantroomError as error:
            if isinstance(error, Unavailable):
                self._forget()
            raise

    def _prepare(self) -> None:
        with self._preparing:
            if self._ready:
                return
            with self._slow.transaction() as db:
                timescale = pg_layout.create(db)
                if self._building is not None:
                    pg_views.publish(db, self._building)
            with self._door.transaction() as db:
                self._know(pg_layout.numbers(db))
            self._timescale, self._ready = timescale, True

    def _forget(self) -> None:
        with self._preparing:
            self._ready = False
            self._number, self._refs, self._months = {}, {}, set()
            self._latest = (empty(), {})

    def _close(self) -> None:
        self._closed = True
        self._door.close()
        self._slow.close()

    def _publish(self, building: Building) -> None:
        with self._slow.transaction() as db:
            pg_layout.hold_creation(db)
            pg_views.publish(db, building)
        self._building = building

    def _write(self, batches: Sequence[Samples]) -> None:
        columns = self._numbered(batches)
        packed, months = pg_binary.rows(columns), pg_layout.months(columns.ts)
        for _ in range(TRIES):
            self._make_room(months)
            try:
                with self._door.transaction() as db:
                    pg_layout.put(db, packed, months)
            except Moved:
                self._months = set()
            else:
                return
        raise Unavailable("other writers came between again and again", hint="try again")

    def _write_block(self, block: Sequence[Samples], *, new: bool) -> bool:
        """Straight in while nothing of a bulk was there before (`new`), else as any write; whether it still is."""
        if not sum(len(batch) for batch in block):
            return new
        columns = self._numbered(block)
        if new:
            months = pg_layout.months(columns.ts)
            self._make_room(months)
            packed = pg_binary.rows(pg_layout.by_day(columns))
            try:
                with self._slow.transaction() as db:
                    pg_layout.put_new(db, packed, pg_binary.rows(columns.newest()), months)
            except PlantroomError as error:
                if sqlstate(error) != _UNIQUE and not isinstance(error, Moved):
                    raise
            else:
                return True
        self._write(block)
        return False

    def _numbered(self, batches: Sequence[Samples]) -> Columns:
        """The samples as sorted columns, new points numbered."""
        numbers: dict[int, NDArray[np.int32]] = {}  # batches of a block mostly share their points
        for batch in batches:
            if id(batch.points) not in numbers:
                numbers[id(batch.points)] = self._numbers_of(batch.points)
        return last_writes(
            np.concatenate([numbers[id(b.points)][b.index] for b in batches]),
            np.concatenate([b.ts for b in batches]),
            np.concatenate([b.value for b in batches]),
            np.concatenate([b.status for b in batches]),
        )

    def _numbers_of(self, points: Sequence[Ref]) -> NDArray[np.int32]:
        number: Mapping[str, int] = self._number
        try:
            found = [number[point.id] for point in points]
        except KeyError:
            number = self._learnt([point.id for point in points], add=True)
            found = [number[point.id] for point in points]
        return np.array(found, dtype=np.int32)

    def _learnt(self, ids: Sequence[str], *, add: bool = False) -> Mapping[str, int]:
        """The numbers of these points, as far as they have one; all have when `add` is set.

        What it returns stays whole while a failure in another thread makes this history forget.
        """
        known = self._number
        missing = [id for id in ids if id not in known]
        if not missing:
            return known
        with self._door.transaction() as db:
            found = pg_layout.numbers(db, missing)
            new = [id for id in missing if id not in found]
            if add and new:
                found |= pg_layout.add_points(db, new)
        self._know(found)
        return {**known, **found}

    def _know(self, found: Mapping[str, int]) -> None:
        """Remember numbers of points; whoever holds the maps of before may go on with them."""
        self._number = {**self._number, **found}
        self._refs = {**self._refs, **{number: Ref(id) for id, number in found.items()}}

    def _make_room(self, months: set[int]) -> None:
        """Partitions where there are none yet."""
        if self._timescale:
            return
        for month in sorted(months - self._months):
            with self._door.transaction() as db:
                pg_layout.add_partition(db, month)
            self._months = self._months | {month}

    def _read(self, points: Sequence[Ref], steps: Steps) -> dict[Ref, Floats]:
        number = self._learnt([point.id for point in points])
        found: dict[Ref, Floats] = {}
        with self._slow.transaction() as db:
            rolled_until = int(pg_layout.meta(db, pg_retention.ROLLED_UNTIL) or 0)
            for at in range(0, len(points), READ_POINTS):
                some = points[at : at + READ_POINTS]
                numbers = [number.get(point.id) for point in some]
                found.update(
                    zip(some, pg_read.means(db, numbers, steps, rolled_until), strict=True)
                )
        return found

    def _raw(self, point: Ref, first: int, end: int, limit: int) -> Columns:
        number = self._learnt([point.id]).get(point.id)
        if number is None:
            return empty()
        with self._door.transaction() as db:
            return pg_read.raw(db, number, first, end, limit)

    def _newest(self) -> dict[Ref, Sample]:
        """The newest samples; only what changed since the last call is made anew."""
        with self._door.transaction() as db:
            now, refs = pg_read.latest(db), self._refs
            if not set(now.point.tolist()) <= refs.keys():  # another writer's points
                found = pg_layout.numbers(db)
                self._know(found)
                refs = {number: Ref(id) for id, number in found.items()}
        before, samples = self._latest
        changed = np.arange(len(now))
        if np.array_equal(before.point, now.point):
            same = (before.ts == now.ts) & (before.status == now.status)
            same &= before.value.view(np.int64) == now.value.view(np.int64)
            changed = np.flatnonzero(~same)
        if len(changed):
            samples = samples | {s.point: s for s in _samples(now[changed], refs)}
            self._latest = (now, samples)
        return samples

    def _scan(self, span: Span | None) -> Generator[Samples]:
        first, end = (0, LAST_S) if span is None else whole_seconds(span)
        with self._slow.transaction(snapshot=True) as db:
            refs = {number: Ref(id) for id, number in pg_layout.numbers(db).items()}
            for since, until in pg_layout.ranges(db, timescale=self._timescale):
                for columns in pg_read.scan(db, max(first, since), min(end, until)):
                    used, index = np.unique(columns.point, return_inverse=True)
                    points = tuple(refs[number] for number in used.tolist())
                    yield Samples(points, index.astype(np.int32), columns.ts, columns.value, columns.status)  # fmt: skip

    def _kept(self) -> Kept:
        with self._slow.transaction(snapshot=True) as db:
            return pg_layout.kept(db, timescale=self._timescale)

    def _retain(self, retention: Retention, now: dt.datetime) -> int:
        return pg_retention.retain(self._slow, retention, now=now, timescale=self._timescale)


def _samples(columns: Columns, refs: Mapping[int, Ref]) -> Iterator[Sample]:
    rows = zip(
        columns.point.tolist(),
        columns.ts.tolist(),
        columns.value.tolist(),
        columns.status.tolist(),
        strict=True,
    )
    for number, ts, value, status in rows:
        yield Sample(refs[number], dt.datetime.fromtimestamp(ts, UTC), value, Status(status))
