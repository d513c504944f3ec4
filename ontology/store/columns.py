"""Samples as sorted columns: the arithmetic that every history shares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ontology.errors import BadRequest
from ontology.history import Floats, Samples, Status
from ontology.kinds import Ref
from ontology.time import UTC, Span

LAST_S = 4_102_444_800
"""2100-01-01: a device clock beyond it is broken, and would hide every later sample."""
MAX_CELLS = 100_000_000
"""Most means one read gives: 800 MB of float64."""
_POINT_SHIFT = 32
"""LAST_S fits in 32 bits, so `point << 32 | ts` sorts by point, then by time."""
_SLICE_ROWS = 16_384
"""128 KB a column: a slice stays in a core's cache."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """Samples sorted by (point, ts), each pair once. `point` holds the numbers of a `PointNumbers`."""

    point: NDArray[np.int32]
    ts: Ints
    value: Floats
    status: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ts)

    def __getitem__(self, which: slice | NDArray[np.bool_] | Ints) -> Columns:
        return Columns(self.point[which], self.ts[which], self.value[which], self.status[which])

    def newest(self) -> Columns:
        """The last sample of each point."""
        return self[np.flatnonzero(np.append(np.diff(self.point) != 0, True))[: len(self)]]

    def counts(self) -> NDArray[np.bool_]:
        """Which samples enter averages: finite ones that are not FAULT."""
        return np.isfinite(self.value) & np.not_equal(self.status, Status.FAULT)

    def of(self, point: int, first: int, end: int) -> Columns:
        """The samples of one point with `first <= ts < end`."""
        begin, stop = np.searchsorted(self.point, [point, point + 1])
        low, high = begin + np.searchsorted(self.ts[begin:stop], [first, end])
        return self[int(low) : int(high)]


class PointNumbers:
    """Small dense numbers for points, in the order they were first met."""

    def __init__(self, ids: Sequence[str] = ()) -> None:
        self.refs: list[Ref] = [Ref(id) for id in ids]
        self._number = {id: i for i, id in enumerate(ids)}

    def __len__(self) -> int:
        return len(self.refs)

    def get(self, point: Ref) -> int | None:
        return self._number.get(point.id)

    def known(self, points: Sequence[Ref]) -> list[int | None]:
        """The number of each, None where it has none."""
        number = self._number.get
        return [number(point.id) for point in points]

    def of_ids(self, ids: Sequence[str]) -> list[int]:
        """The number of each id; all must be known."""
        return [self._number[id] for id in ids]

    def missing(self, points: Sequence[Ref]) -> list[Ref]:
        """Those that have no number yet, each once."""
        return list(dict.fromkeys(p for p in points if p.id not in self._number))

    def add(self, points: Sequence[Ref]) -> None:
        for point in points:
            self._number[point.id] = len(self.refs)
            self.refs.append(point)

    def of(self, points: Sequence[Ref], extra: Sequence[Ref] = ()) -> NDArray[np.int32]:
        """The number of each; those in `extra` count on from the last one given out."""
        number = self._number
        if extra:
            number = number | {point.id: len(self.refs) + i for i, point in enumerate(extra)}
        numbers = [number[point.id] for point in points]
        return np.array(numbers, dtype=np.int32)


def checked(samples: Samples) -> Samples:
    """The samples, or BadRequest when a time or an index cannot be right."""
    if not len(samples):
        return samples
    first, last = int(samples.ts.min()), int(samples.ts.max())
    if first < 0 or last >= LAST_S:
        raise BadRequest(
            f"sample times from {first} to {last} unix seconds",
            hint=f"times are whole seconds since 1970, below {LAST_S} (the year 2100)",
        )
    if int(samples.index.min()) < 0 or int(samples.index.max()) >= len(samples.points):
        raise BadRequest(
            f"a sample of point number {int(samples.index.max())} of {len(samples.points)}",
            hint="`index` counts into `points` from 0",
        )
    return samples


def last_writes(
    point: NDArray[np.int32], ts: Ints, value: Floats, status: NDArray[np.uint8]
) -> Columns:
    """Columns sorted by (point, ts); where a pair came twice, its last row."""
    key = (point.astype(np.int64) << _POINT_SHIFT) | ts.astype(np.int64)
    order = np.argsort(key)
    again = np.diff(key[order]) == 0
    if again.any():
        order = np.argsort(key, kind="stable")
        order = order[np.append(np.diff(key[order]) != 0, True)]
    return Columns(
        point[order].astype(np.int32),
        ts[order].astype(np.int64),
        value[order].astype(np.float64),
        status[order].astype(np.uint8),
    )


def joined(parts: Sequence[Columns]) -> Columns:
    """All parts as one, a later part winning over an earlier one."""
    rows = appended(parts)
    return last_writes(rows.point, rows.ts, rows.value, rows.status)


def appended(parts: Sequence[Columns]) -> Columns:
    """All parts one after another, as they are."""
    if not parts:
        return empty()
    return Columns(
        np.concatenate([part.point for part in parts]),
        np.concatenate([part.ts for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.status for part in parts]),
    )


def empty() -> Columns:
    """No samples."""
    return Columns(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8))


@dataclass(frozen=True)
class Steps:
    """The steps of one read: `count` of them, each `step_us` long, from `start_us` (microseconds)."""

    start_us: int
    step_us: int
    count: int
    first: int
    end: int
    """Whole seconds: a sample is inside when `first <= ts < end`."""

    @classmethod
    def over(cls, span: Span, step: dt.timedelta, points: int) -> Steps:
        """BadRequest when `points` times the number of steps is more than memory should hold."""
        count = span.steps(step)
        if count * points > MAX_CELLS:
            raise BadRequest(
                f"{points} points x {count} steps asked, {MAX_CELLS} means possible",
                hint="use a longer step, a shorter range or fewer points",
            )
        first, end = whole_seconds(span)
        micro = dt.timedelta(microseconds=1)
        start_us = (span.start - dt.datetime(1970, 1, 1, tzinfo=UTC)) // micro
        return cls(start_us, step // micro, count, first, end)

    def means(
        self,
        row_of: Ints,
        point: NDArray[np.int32],
        ts: Ints,
        value: Floats,
        rows: int,
        *,
        weight: Floats | None = None,
    ) -> Floats:
        """Mean of each step, shape (rows, count), NaN where nothing fell; `row_of[point]` is the row.

        `weight`: 1 where not given. Samples of a cell are added in the order of their time, so that
        equal samples give equal bits however they were delivered.
        """
        cells = rows * self.count
        sums, counts = np.zeros(cells), np.zeros(cells)
        for some in _turns(point, ts):
            slot = row_of[point[some]] * self.count + self._steps_of(ts[some])
            heavy = 1.0 if weight is None else weight[some]
            np.add.at(sums, slot, value[some] * heavy)
            np.add.at(counts, slot, heavy)
        with np.errstate(invalid="ignore", divide="ignore"):
            return (sums / counts).reshape(rows, self.count)

    def _steps_of(self, ts: Ints) -> Ints:
        second = 1_000_000
        if self.start_us % second or self.step_us % second:
            return (ts * second - self.start_us) // self.step_us
        return (ts - self.start_us // second) // (self.step_us // second)


def _turns(point: NDArray[np.int32], ts: Ints) -> Iterator[slice | Ints]:
    """Which rows to take, slice after slice, so that each point's come in the order of time.

    Storage gives sorted pieces: putting these in order is nearly free. And whole columns of half a
    million rows would be fresh pages of memory, which cost more than all the arithmetic: hence slices.
    """
    start = _pieces(point, ts)
    length = np.diff(np.append(start, len(ts)))
    order = np.lexsort((ts[start], point[start]))
    if (np.diff(order) == 1).all():
        yield from (slice(at, at + _SLICE_ROWS) for at in range(0, len(ts), _SLICE_ROWS))
        return
    start, length = start[order], length[order]
    last = ts[start + length - 1]
    if ((point[start[1:]] == point[start[:-1]]) & (ts[start[1:]] <= last[:-1])).any():
        rows = np.lexsort((ts, point))
        yield from (rows[at : at + _SLICE_ROWS] for at in range(0, len(ts), _SLICE_ROWS))
        return
    begin = np.cumsum(length) - length
    for at in range(0, len(ts), _SLICE_ROWS):
        stop = min(at + _SLICE_ROWS, len(ts))
        some = slice(np.searchsorted(begin, at, "right") - 1, np.searchsorted(begin, stop))
        bounds = np.append(np.maximum(begin[some], at), stop)
        yield np.arange(at, stop) + np.repeat(start[some] - begin[some], np.diff(bounds))


def _pieces(point: NDArray[np.int32], ts: Ints) -> Ints:
    """Where a row does not follow the one before: another point, or not later."""
    found = [np.zeros(min(len(ts), 1), np.int64)]
    for at in range(1, len(ts), _SLICE_ROWS):
        here, before = slice(at, at + _SLICE_ROWS), slice(at - 1, at - 1 + _SLICE_ROWS)
        rows = len(ts[here])
        follows = (point[here] == point[before][:rows]) & (ts[here] > ts[before][:rows])
        found.append(at + np.flatnonzero(~follows))
    return np.concatenate(found)


def whole_seconds(span: Span) -> tuple[int, int]:
    """The first whole second inside the range, and the first after it."""
    second = dt.timedelta(seconds=1)
    epoch = dt.datetime(1970, 1, 1, tzinfo=UTC)
    return -((epoch - span.start) // second), -((epoch - span.end) // second)


def blocks(batches: Iterator[Samples], rows: int) -> Iterator[list[Samples]]:
    """Consecutive batches gathered until they hold at least `rows` samples."""
    block: list[Samples] = []
    gathered = 0
    for batch in batches:
        block.append(checked(batch))
        gathered += len(batch)
        if gathered >= rows:
            yield block
            block, gathered = [], 0
    if block:
        yield block
