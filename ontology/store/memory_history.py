"""A History in memory: for tests, what-ifs and the fault-free twin. Nothing survives the process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ontology.history import Floats, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.columns import (
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


class MemoryHistory:
    """Keeps what was written in one sorted table; writes wait in a list until somebody reads."""

    def __init__(self) -> None:
        self._numbers = PointNumbers()
        self._kept = empty()
        self._written: list[Columns] = []

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
        found: dict[Ref, Floats] = {}
        for point in points:
            own = self._of(point, steps.first, steps.end)
            own = own[own.counts()]
            rows = np.zeros(len(own), dtype=np.int64)
            found[point] = steps.means(rows, own.ts, own.value, 1)[0]
        return found

    async def raw(self, point: Ref, span: Span, *, limit: int = 100_000) -> Samples:
        own = self._of(point, *whole_seconds(span))[:limit]
        index = np.zeros(len(own), dtype=np.int32)
        return Samples((point,), index, own.ts, own.value, own.status)

    async def latest(self, points: Sequence[Ref] | None = None) -> dict[Ref, Sample]:
        newest = self._sorted().newest()
        wanted = None if points is None else set(points)
        found = (sample_of(self._numbers, newest, i) for i in range(len(newest)))
        return {s.point: s for s in found if wanted is None or s.point in wanted}

    async def close(self) -> None:
        self._kept, self._written = empty(), []

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
        at=dt.datetime.fromtimestamp(int(columns.ts[row]), UTC),
        value=float(columns.value[row]),
        status=Status(int(columns.status[row])),
    )
