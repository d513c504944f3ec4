"""A history straight over a recording's columns: the second implementation the detection tests run on."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ontology.history import Floats, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.time import UTC, Span


class RecordedHistory:
    """Read-only History over arrays: `values[i, j]` is point j at `ts[i]`, NaN where silent."""

    def __init__(
        self,
        points: Sequence[str],
        ts: NDArray[np.int64],
        values: NDArray[np.float32],
        status: NDArray[np.uint8],
    ) -> None:
        self._place = {point: j for j, point in enumerate(points)}
        self._ts, self._values, self._status = ts, values, status

    async def write(self, samples: Samples) -> None:
        raise NotImplementedError

    async def read(
        self, points: Sequence[Ref], span: Span, step: dt.timedelta
    ) -> dict[Ref, Floats]:
        start, end = span.seconds
        rows = np.flatnonzero((self._ts >= start) & (self._ts < end))
        bins = (self._ts[rows] - start) // int(step.total_seconds())
        n, each = span.steps(step), max(1, int(step.total_seconds() // (self._ts[1] - self._ts[0])))
        columns = [self._place[p.id] for p in points if p.id in self._place]
        padded = np.full((n * each, len(columns)), np.nan)
        slot = bins * each + (self._ts[rows] - start - bins * int(step.total_seconds())) // int(
            self._ts[1] - self._ts[0]
        )
        padded[slot] = self._values[np.ix_(rows, columns)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            means = np.nanmean(padded.reshape(n, each, len(columns)), axis=1).T
        found = iter(means)
        return {p: next(found) if p.id in self._place else np.full(n, np.nan) for p in points}

    async def raw(self, point: Ref, span: Span, *, limit: int = 100_000) -> Samples:
        start, end = span.seconds
        j = self._place[point.id]
        rows = np.flatnonzero(
            (self._ts >= start) & (self._ts < end) & np.isfinite(self._values[:, j])
        )[:limit]
        return Samples(
            (point,), np.zeros(len(rows), np.int32), self._ts[rows],
            self._values[rows, j].astype(np.float64), self._status[rows, j],
        )  # fmt: skip

    async def latest(self, points: Sequence[Ref] | None = None) -> dict[Ref, Sample]:
        refs = [Ref(p) for p in self._place] if points is None else list(points)
        found = {}
        for ref in refs:
            j = self._place[ref.id]
            rows = np.flatnonzero(np.isfinite(self._values[:, j]))
            if len(rows):
                i = int(rows[-1])
                at = dt.datetime.fromtimestamp(int(self._ts[i]), tz=UTC)
                found[ref] = Sample(
                    ref, at, float(self._values[i, j]), Status(int(self._status[i, j]))
                )
        return found

    async def close(self) -> None: ...
