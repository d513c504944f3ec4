"""A History in memory: for tests, what-ifs and the fault-free twin. Nothing survives the process."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import numpy as np

from ontology.history import Floats, Kept, Retention, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store import rollups
from ontology.store.columns import (
    LAST_S,
    Columns,
    PointNumbers,
    Steps,
    checked,
    empty,
    joined,
    last_writes,
    whole_seconds,
)
from ontology.time import UTC, Span

SCAN_ROWS = 500_000
"""Most rows of one batch of a scan."""


class MemoryHistory:
    """Keeps what was written in one sorted table; writes wait in a list until somebody reads."""

    def __init__(self) -> None:
        self._numbers = PointNumbers()
        self._kept = empty()
        self._written: list[Columns] = []
        self._hours = rollups.hours_of(empty())

    async def write(self, samples: Samples) -> None:
        checked(samples)
        self._numbers.add(self._numbers.missing(samples.points))
        point = self._numbers.of(samples.points)[samples.index]
        self._written.append(last_writes(point, samples.ts, samples.value, samples.status))

    async def bulk(
        self, batches: Iterable[Samples], progress: Callable[[int], None] | None = None
    ) -> int:
        """Write many batches; `progress` hears how many samples are in so far."""
        stored = 0
        for batch in batches:
            await self.write(batch)
            stored += len(batch)
            if progress:
                progress(stored)
        return stored

    async def read(
        self, points: Sequence[Ref], span: Span, step: dt.timedelta
    ) -> dict[Ref, Floats]:
        points = list(dict.fromkeys(points))
        steps = Steps.over(span, step, len(points))
        return {point: self._means(point, steps) for point in points}

    async def raw(self, point: Ref, span: Span, *, limit: int = 100_000) -> Samples:
        own = self._of(point, *whole_seconds(span))[:limit]
        index = np.zeros(len(own), dtype=np.int32)
        return Samples((point,), index, own.ts, own.value, own.status)

    async def latest(self, points: Sequence[Ref] | None = None) -> dict[Ref, Sample]:
        newest = self._sorted().newest()
        wanted = None if points is None else set(points)
        found = (sample_of(self._numbers, newest, i) for i in range(len(newest)))
        return {s.point: s for s in found if wanted is None or s.point in wanted}

    async def scan(self, span: Span | None = None) -> AsyncIterator[Samples]:
        """See HistoryStore.scan."""
        rows = self._sorted()
        first, end = (0, LAST_S) if span is None else whole_seconds(span)
        rows = rows[(rows.ts >= first) & (rows.ts < end)]
        rows = rows[np.argsort(rows.ts, kind="stable")]
        points = tuple(self._numbers.refs)
        for at in range(0, len(rows), SCAN_ROWS):
            some = rows[at : at + SCAN_ROWS]
            yield Samples(points, some.point, some.ts, some.value, some.status)

    async def kept(self) -> Kept:
        rows = self._sorted()
        size = sum(column.nbytes for column in (rows.point, rows.ts, rows.value, rows.status))
        first, last = (
            (instant(rows.ts.min()), instant(rows.ts.max())) if len(rows) else (None, None)
        )
        return Kept(len(rows.newest()), len(rows), size, first, last)

    async def retain(self, retention: Retention, *, now: dt.datetime) -> int:
        rows, before = self._sorted(), len(self._sorted())
        raw, hourly = (rollups.horizon(now, k) for k in (retention.raw, retention.hourly))
        if raw is not None:
            old = rollups.hours_of(rows[rows.ts < raw])
            self._hours = rollups.with_hours(self._hours, old)
            self._kept = rows[rows.ts >= raw]
        if hourly is not None:
            self._hours = self._hours[self._hours.hour >= hourly]
        return before - len(self._kept)

    async def close(self) -> None:
        self._kept, self._written = empty(), []

    def _means(self, point: Ref, steps: Steps) -> Floats:
        own = self._of(point, steps.first, steps.end)
        hours = self._hours
        first, end = rollups.middles(steps)
        wanted = (
            (hours.point == self._numbers.get(point)) & (hours.hour >= first) & (hours.hour < end)
        )
        hours = hours[wanted & rollups.serves(steps)]
        row_of = np.zeros(len(self._numbers), dtype=np.int64)
        found: Floats = rollups.means(steps, own[own.counts()], hours, row_of, 1)[0]
        return found

    def _of(self, point: Ref, first: int, end: int) -> Columns:
        number = self._numbers.get(point)
        return empty() if number is None else self._sorted().of(number, first, end)

    def _sorted(self) -> Columns:
        if self._written:
            self._kept = joined([self._kept, *self._written])
            self._written = []
        return self._kept


def sample_of(numbers: PointNumbers, columns: Columns, row: int) -> Sample:
    """One row of the columns as a Sample."""
    return Sample(
        point=numbers.refs[int(columns.point[row])],
        at=instant(columns.ts[row]),
        value=float(columns.value[row]),
        status=Status(int(columns.status[row])),
    )


def instant(second: np.int64 | int) -> dt.datetime:
    """A unix second as an instant."""
    return dt.datetime.fromtimestamp(int(second), UTC)
