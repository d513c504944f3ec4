"""Reading samples out of PostgreSQL: arrays of columns, a bounded number of rows at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ontology.history import Floats, Status
from ontology.store import rollups
from ontology.store.columns import Columns, Ints, Steps
from ontology.store.pg_binary import FLOAT8, INT2, INT4, TIMESTAMPTZ, arrays
from ontology.store.pg_door import Session
from ontology.time import UTC

FETCH_ROWS: Final = 2_000_000
"""Rows of one answer where every point speaks each second; some 70 MB."""
MOST_ROWS: Final = 2 * FETCH_ROWS
"""An answer with more is asked for again, of a shorter time."""
GROWTH: Final = 4
"""Points mostly speak less often than each second: then the next window is longer by this."""
SCAN_ROWS: Final = 500_000
_SCAN_WIDTHS_S: Final = (1, 60, 3_600, 4 * 3_600, 86_400, 8 * 86_400, 32 * 86_400)
"""Windows of a scan. A day of blocks lies together: shorter windows would go through its pages again."""

FINITE: Final = "abs({value}) <= '1.7976931348623157e308'::double precision"
"""PostgreSQL's NaN is larger than every number, so this leaves it out with the infinities."""
_READ: Final = """
SELECT array_agg(point), array_agg(ts), array_agg(value) FROM (SELECT point, ts, value FROM samples
WHERE point IN ({points}) AND ts >= {first} AND ts < {end}
AND status <> {fault} AND {finite} LIMIT {limit}) s
"""
_ROLLED: Final = """
SELECT array_agg(point), array_agg(ts), array_agg(mean), array_agg(count) FROM hourly
WHERE point IN ({points}) AND ts >= {first} AND ts < {end}
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
FROM (SELECT point, ts, value, status FROM samples WHERE ts >= {first} AND ts < {end} LIMIT {limit}) s
"""


def instant(second: int) -> str:
    """A unix second as SQL."""
    return f"'{dt.datetime.fromtimestamp(second, UTC).isoformat()}'::timestamptz"


@dataclass
class Tally:
    """Sums and weights of steps, filled window by window in time order.

    Samples of a cell are added one after the other in time order, as `Steps.means` adds them: equal
    samples give equal bits.
    """

    steps: Steps
    sums: Floats
    weights: Floats

    @classmethod
    def over(cls, steps: Steps, rows: int) -> Tally:
        """`rows` points, nothing counted yet."""
        cells = rows * steps.count
        return cls(steps, np.zeros(cells), np.zeros(cells))

    def add(self, row: Ints, ts: Ints, value: Floats, weight: Floats) -> None:
        """Values of a window; an hour's roll-up weighs as many samples as it stands for."""
        order = np.lexsort((ts, row))
        row, ts, value, weight = row[order], ts[order], value[order], weight[order]
        slot = row * self.steps.count + (ts * 1_000_000 - self.steps.start_us) // self.steps.step_us
        with np.errstate(over="ignore", invalid="ignore"):
            np.add.at(self.sums, slot, value * weight)
        np.add.at(self.weights, slot, weight)

    def means(self) -> Floats:
        """Shape (rows, steps)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.sums / self.weights).reshape(-1, self.steps.count)


def means(db: Session, numbers: Sequence[int | None], steps: Steps, rolled_until: int) -> Floats:
    """Mean of each step for each point's number, shape (len(numbers), steps.count); NaN where silent.

    From `rolled_until` (unix seconds) on there are no roll-ups to look for.
    """
    rows = {number: row for row, number in enumerate(numbers) if number is not None}
    tally = Tally.over(steps, len(numbers))
    if rows:
        rolled_until = rolled_until if rollups.serves(steps) else 0
        row_of = np.full(max(rows) + 1, -1, dtype=np.int64)
        row_of[list(rows)] = list(rows.values())
        for point, ts, value, weight in _windows(db, list(rows), steps.first, steps.end, rolled_until):  # fmt: skip
            tally.add(row_of[point], ts, value, weight)
    return tally.means()


def _windows(
    db: Session, points: Sequence[int], first: int, end: int, rolled_until: int
) -> Iterator[tuple[Ints, Ints, Floats, Floats]]:
    """Point, time, value, weight of what counts, in windows of at most `FETCH_ROWS` at one a second."""
    shortest = max(1, FETCH_ROWS // len(points))
    width, listed = shortest, ",".join(map(str, points))
    while first < end:
        until = min(first + width, end)
        point, ts, value = _counting(db, listed, first, until)
        if len(ts) > MOST_ROWS:  # suddenly they all speak often
            width = shortest
            continue
        if len(ts) * GROWTH < FETCH_ROWS:
            width *= GROWTH
        weight = np.ones(len(ts))
        if first < rolled_until:
            rolled = _rolled(db, listed, first, until)
            point, ts, value, weight = (
                np.concatenate(pair)
                for pair in zip((point, ts, value, weight), rolled, strict=True)
            )
        yield point, ts, value, weight
        first = until


def _counting(db: Session, points: str, first: int, end: int) -> tuple[Ints, Ints, Floats]:
    """The samples that enter averages."""
    text = _READ.format(
        points=points,
        first=instant(first),
        end=instant(end),
        fault=int(Status.FAULT),
        finite=FINITE.format(value="value"),
        limit=MOST_ROWS + 1,
    )
    point, ts, value = arrays(db.copy_out(text), (INT4, TIMESTAMPTZ, FLOAT8))
    return point.astype(np.int64), ts.astype(np.int64), value.astype(np.float64)


def _rolled(db: Session, points: str, first: int, end: int) -> tuple[Ints, Ints, Floats, Floats]:
    """The roll-ups of hours whose middle is inside, at their middle."""
    half = rollups.HOUR_S // 2
    text = _ROLLED.format(points=points, first=instant(first - half), end=instant(end - half))
    point, hour, mean, count = arrays(db.copy_out(text), (INT4, TIMESTAMPTZ, FLOAT8, INT4))
    return (
        point.astype(np.int64),
        hour.astype(np.int64) + half,
        mean.astype(np.float64),
        count.astype(np.float64),
    )


def raw(db: Session, point: int, first: int, end: int, limit: int) -> Columns:
    """The samples of one point in time order."""
    text = _RAW.format(point=point, first=instant(first), end=instant(end), limit=max(0, limit))
    return _columns(db, text, point)


def latest(db: Session) -> Columns:
    """The newest sample of each point, by point number."""
    found = _columns(db, _LATEST)
    return found[np.argsort(found.point)]


def scan(db: Session, first: int, end: int) -> Iterator[Columns]:
    """All samples with `first <= ts < end` in the order of (ts, point), at most `SCAN_ROWS` at a time."""
    size = 2
    while first < end:
        width = _SCAN_WIDTHS_S[size]
        until = min((first // width + 1) * width, end)
        limit = MOST_ROWS + 1 if size else 2**31
        found = _columns(db, _SCAN.format(first=instant(first), end=instant(until), limit=limit))
        if size and len(found) > MOST_ROWS:
            size -= 1
            continue
        found = found[np.lexsort((found.point, found.ts))]
        for at in range(0, len(found), SCAN_ROWS):
            yield found[at : at + SCAN_ROWS]
        if len(found) * 4 < FETCH_ROWS and size + 1 < len(_SCAN_WIDTHS_S):
            size += 1
        first = until


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
