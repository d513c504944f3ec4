"""Reading samples out of PostgreSQL: arrays of columns, a bounded number of rows at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ontology.history import Floats, Status
from ontology.store.columns import Columns, Ints, Steps
from ontology.store.pg_binary import FLOAT8, INT2, INT4, TIMESTAMPTZ, arrays
from ontology.store.pg_door import Session
from ontology.time import UTC

FETCH_ROWS: Final = 2_000_000
"""Rows of one answer where every point speaks each second; some 70 MB."""
GROWTH: Final = 8
"""Points mostly speak less often: then a window may be longer by this."""
SCAN_ROWS: Final = 500_000
_SCAN_FIRST_S: Final = 3_600
_SCAN_LONGEST_S: Final = 32 * 86_400

FINITE: Final = "abs({value}) <= '1.7976931348623157e308'::double precision"
"""PostgreSQL's NaN is larger than every number, so this leaves it out with the infinities."""
_READ: Final = """
SELECT array_agg(point), array_agg(ts), array_agg(value) FROM samples
WHERE point IN ({points}) AND ts >= {first} AND ts < {end}
AND status <> {fault} AND {finite}
"""
_RAW: Final = """
SELECT array_agg(ts), array_agg(value), array_agg(status) FROM (SELECT ts, value, status
FROM samples WHERE point = {point} AND ts >= {first} AND ts < {end} ORDER BY ts LIMIT {limit}) s
"""
_LATEST: Final = """
SELECT array_agg(point), array_agg(ts), array_agg(value), array_agg(status) FROM latest
"""
_SCAN: Final = """
SELECT array_agg(point), array_agg(ts), array_agg(value), array_agg(status)
FROM (SELECT point, ts, value, status FROM samples
WHERE ts >= {first} AND ts < {end} AND (ts > {first} OR point > {after})
ORDER BY ts, point LIMIT {limit}) s
"""


def instant(second: int) -> str:
    """A unix second as SQL."""
    return f"'{dt.datetime.fromtimestamp(second, UTC).isoformat()}'::timestamptz"


@dataclass
class Tally:
    """Sums and counts of steps, filled window by window in time order.

    Samples of a cell are added one after the other in time order, as `Steps.means` adds them: equal
    samples give equal bits.
    """

    steps: Steps
    sums: Floats
    counts: Ints

    @classmethod
    def over(cls, steps: Steps, rows: int) -> Tally:
        cells = rows * steps.count
        return cls(steps, np.zeros(cells), np.zeros(cells, np.int64))

    def add(self, row: Ints, ts: Ints, value: Floats) -> None:
        order = np.lexsort((ts, row))
        row, ts, value = row[order], ts[order], value[order]
        slot = row * self.steps.count + (ts * 1_000_000 - self.steps.start_us) // self.steps.step_us
        np.add.at(self.sums, slot, value)
        np.add.at(self.counts, slot, 1)

    def means(self) -> Floats:
        """Shape (rows, steps)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.sums / self.counts).reshape(-1, self.steps.count)


def means(db: Session, numbers: Sequence[int | None], steps: Steps) -> Floats:
    """Mean of each step for each point's number, shape (len(numbers), steps.count); NaN where silent."""
    rows = {number: row for row, number in enumerate(numbers) if number is not None}
    tally = Tally.over(steps, len(numbers))
    if rows:
        row_of = np.full(max(rows) + 1, -1, dtype=np.int64)
        row_of[list(rows)] = list(rows.values())
        for point, ts, value in _windows(db, list(rows), steps.first, steps.end):
            tally.add(row_of[point], ts, value)
    return tally.means()


def _windows(
    db: Session, points: Sequence[int], first: int, end: int
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """The samples that count, in windows of time that hold at most `FETCH_ROWS` at one a second."""
    shortest = max(1, FETCH_ROWS // len(points))
    counts = {"fault": int(Status.FAULT), "finite": FINITE.format(value="value")}
    width, listed = shortest, ",".join(map(str, points))
    while first < end:
        until = min(first + width, end)
        text = _READ.format(points=listed, first=instant(first), end=instant(until), **counts)
        point, ts, value = arrays(db.copy_out(text), (INT4, TIMESTAMPTZ, FLOAT8))
        yield point.astype(np.int64), ts.astype(np.int64), value.astype(np.float64)
        sparse = len(ts) * GROWTH < FETCH_ROWS
        width, first = shortest * GROWTH if sparse else shortest, until


def raw(db: Session, point: int, first: int, end: int, limit: int) -> Columns:
    """The samples of one point in time order."""
    text = _RAW.format(point=point, first=instant(first), end=instant(end), limit=max(0, limit))
    return _columns(db, text, point)


def latest(db: Session) -> Columns:
    """The newest sample of each point, by point number."""
    found = _columns(db, _LATEST)
    return found[np.argsort(found.point)]


def scan(db: Session, first: int, end: int) -> Iterator[Columns]:
    """All samples with `first <= ts < end` in the order of (ts, point), `SCAN_ROWS` at a time or fewer."""
    width, after = _SCAN_FIRST_S, -1
    while first < end:
        until = min(first + width, end)
        text = _SCAN.format(first=instant(first), end=instant(until), after=after, limit=SCAN_ROWS)
        found = _columns(db, text)
        if len(found):
            yield found
        if len(found) == SCAN_ROWS:
            first, after = int(found.ts[-1]), int(found.point[-1])
            width = max(1, width // 2)
        else:
            first, after = until, -1
            width = min(width * 2, _SCAN_LONGEST_S) if len(found) < SCAN_ROWS // 4 else width


def _columns(db: Session, text: str, point: int | None = None) -> Columns:
    """An answer as columns; `point` where it has no such column."""
    kinds = [TIMESTAMPTZ, FLOAT8, INT2] if point is not None else [INT4, TIMESTAMPTZ, FLOAT8, INT2]
    found = arrays(db.copy_out(text), kinds)
    ts, value, status = found[-3:]
    number = found[0] if point is None else np.full(len(ts), point)
    return Columns(
        number.astype(np.int32),
        ts.astype(np.int64),
        value.astype(np.float64),
        status.astype(np.uint8),
    )
