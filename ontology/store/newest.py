"""The newest sample of each point, in memory: told in a moment, also right after thousands were written."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ontology.history import Sample, Status
from ontology.kinds import Ref
from ontology.store.columns import Columns, Ints, PointNumbers, empty
from ontology.store.memory_history import instant

_STATUS = tuple(Status)


class Newest:
    """Columns by point number; `Sample` objects are made when somebody asks, and kept until they change."""

    def __init__(self, rows: Columns) -> None:
        self._lock = threading.Lock()
        self._rows = _absent(0)
        self._stale = np.zeros(0, np.bool_)
        self._samples: list[Sample | None] = []
        self.put(rows)

    def ts(self, points: NDArray[np.int32]) -> Ints:
        """The time of each point's newest sample, -1 where it has none."""
        known = np.full(1 + int(points.max(initial=-1)), -1, np.int64)
        size = min(len(known), len(self._rows))
        known[:size] = self._rows.ts[:size]
        return known[points]

    def rows(self) -> Columns:
        """One row of each point that has any."""
        with self._lock:
            return self._rows[self._rows.ts >= 0]

    def put(self, rows: Columns) -> None:
        """Rows of sorted columns that are as new as what is known, or newer."""
        last = rows.newest()
        last = last[last.ts >= self.ts(last.point)]
        if not len(last):
            return
        with self._lock:
            self._grow(1 + int(last.point.max()))
            for name in ("ts", "value", "status"):
                getattr(self._rows, name)[last.point] = getattr(last, name)
            self._stale[last.point] = True

    def forget(self, before: int) -> None:
        """Points whose newest sample is older have none."""
        with self._lock:
            old = self._rows.ts < before
            self._rows.ts[old] = -1
            self._stale[:] = True
            self._samples = [None] * len(self._rows)

    def samples(self, numbers: PointNumbers, points: Sequence[Ref] | None) -> dict[Ref, Sample]:
        """As Samples: of all points when None, in the order of their numbers."""
        with self._lock:
            self._make(numbers)
            if points is None:
                return {sample.point: sample for sample in self._samples if sample is not None}
            made, size = self._samples, len(self._samples)
            asked = zip(points, numbers.known(points), strict=True)
            found = ((p, made[n]) for p, n in asked if n is not None and n < size)
            return {point: sample for point, sample in found if sample is not None}

    def _make(self, numbers: PointNumbers) -> None:
        changed = np.flatnonzero(self._stale & (self._rows.ts >= 0))
        if not len(changed):
            return
        rows, which = self._rows[changed], changed.tolist()
        seconds = rows.ts.tolist()
        times = {second: instant(second) for second in set(seconds)}
        made = map(
            Sample,
            map(numbers.refs.__getitem__, which),
            map(times.__getitem__, seconds),
            rows.value.tolist(),
            map(_STATUS.__getitem__, rows.status.tolist()),
        )
        for number, sample in zip(which, made, strict=True):
            self._samples[number] = sample
        self._stale[changed] = False

    def _grow(self, size: int) -> None:
        if size > len(self._rows):
            grown = _absent(2 * size)
            for name in ("ts", "value", "status"):
                getattr(grown, name)[: len(self._rows)] = getattr(self._rows, name)
            self._rows = grown
            self._samples += [None] * (len(grown) - len(self._samples))
            self._stale = np.append(self._stale, np.zeros(len(grown) - len(self._stale), np.bool_))


def _absent(size: int) -> Columns:
    none = empty()
    if not size:
        return none
    return Columns(
        np.arange(size, dtype=np.int32), np.full(size, -1, np.int64), np.full(size, np.nan), np.zeros(size, np.uint8),
    )  # fmt: skip
