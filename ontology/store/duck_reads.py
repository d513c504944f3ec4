"""What reads see: rows of the segments and of hot, and what came late in the place of what it corrects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ontology.history import Status
from ontology.store import duck_layout
from ontology.store.columns import LAST_S, Columns, Ints, appended, joined
from ontology.store.duck_file import Db, one
from ontology.store.duck_plan import PERIOD_S, Segment
from ontology.store.duck_tails import Moment, Tails
from ontology.store.rollups import Hours

SLICE_ROWS = 2_000_000
"""Rows held at once by a walk over everything: about 50 MB."""


def of_points(
    db: Db, now: Moment, points: Sequence[int], first: int, end: int, *, counting: bool
) -> Columns:
    """Samples of these points with `first <= ts < end`; `counting`: only those that enter averages, whose
    status is not told (0).

    Sorted only where something came late.
    """
    hot, late = now.tails.of_points(points, first, end)
    low, high = min(points), max(points)
    cold = [s for s in _inside(now.segments, first, end) if s.low <= high and s.high >= low]
    bare = counting and not len(late)
    found = []
    if cold:
        if len(points) > 1:
            db.register("wanted", {"point": np.array(points, dtype=np.int32)})
        found.append(_fetched(db, _union(cold, points, first, end, bare=bare)))
    parts = [*found, *(some[some.counts()] if counting else some for some in hot)]
    rows = parts[0] if len(parts) == 1 else appended(parts)
    if len(late):
        rows = joined([rows, late])
    if not counting or (bare and np.isfinite(rows.value).all()):
        return rows
    return rows[rows.counts()]


def _union(cold: Sequence[Segment], points: Sequence[int], first: int, end: int, *, bare: bool) -> str:  # fmt: skip
    """`bare`: without the status, and without those that are FAULT. (A test of `isfinite` here would cost
    as much as all the rest.)
    """
    status, sound = ("", f" AND c.status <> {int(Status.FAULT)}") if bare else (", c.status", "")
    which = f"c.point = {points[0]}" if len(points) == 1 else "true"
    join = "" if len(points) == 1 else " JOIN wanted w ON w.point = c.point"
    return " UNION ALL ".join(
        f"SELECT c.point, c.ts, c.value{status} FROM {s.alias}.main.cold c{join}"  # noqa: S608  (names and numbers of ours)
        f" WHERE {which} AND {_cut(s, first, end)}{sound}"
        for s in cold
    )


def _cut(segment: Segment, first: int, end: int) -> str:
    """Nothing to test where the segment lies inside."""
    whole = first <= segment.first and segment.last < end
    return "true" if whole else f"c.ts >= {first} AND c.ts < {end}"


def _fetched(db: Db, text: str) -> Columns:
    """By way of Arrow, which takes half the time of numpy here."""
    table = db.sql(text).to_arrow_table()
    point, ts, value = (table[name].to_numpy() for name in ("point", "ts", "value"))
    status = table["status"].to_numpy() if table.num_columns > 3 else np.zeros(len(ts), np.uint8)
    return Columns(point, ts, value, status)


def first_of(db: Db, now: Moment, point: int, first: int, end: int, *, limit: int) -> Columns:
    """The first `limit` samples of one point, in time order."""
    hot, late = now.tails.of_points([point], first, end)
    cold = [s for s in _inside(now.segments, first, end) if s.low <= point <= s.high]
    found = []
    if cold:
        text = _union(cold, [point], first, end, bare=False)
        found.append(_fetched(db, f"SELECT * FROM ({text}) ORDER BY ts LIMIT {limit}"))  # noqa: S608  (names and numbers of ours)
    return joined([*found, *hot, late])[:limit]


def hours_of(db: Db, segments: Sequence[Segment], points: Sequence[int], first: int, end: int) -> Hours:  # fmt: skip
    """Roll-ups of these points with `first <= hour < end`, sorted."""
    found = [s for s in segments if s.kind == "hourly" and s.meets(first, end)]
    text = " UNION ALL ".join(
        f"SELECT c.* FROM {s.alias}.main.hourly c JOIN wanted w ON w.point = c.point"  # noqa: S608  (names and numbers of ours)
        f" WHERE hour >= {first} AND hour < {end}"
        for s in found
    )
    if not text:
        none: Ints = np.empty(0, np.int64)
        return Hours(np.empty(0, np.int32), none, np.empty(0), np.empty(0), np.empty(0), none)
    db.register("wanted", {"point": np.array(points, dtype=np.int32)})
    got = db.execute(text).fetchnumpy()
    hours = Hours(*(np.asarray(got[name]) for name in Hours.__annotations__))
    return hours[np.argsort(hours.key)]


def in_time(db: Db, segments: Sequence[Segment], first: int, end: int) -> Iterator[Columns]:
    """Every sample with `first <= ts < end`: window after window of time, rows by time within each."""
    some = _inside(segments, first, end)
    bounds = [(s.first, s.last) for s in some] + [b for b in _tails(db) if b]
    if not bounds:
        return
    at, last = max(first, min(b[0] for b in bounds)), min(end, 1 + max(b[1] for b in bounds))
    while at < last:
        until = min(at + _window(some, at), last)
        rows = _window_rows(db, [s for s in some if s.meets(at, until)], at, until)
        yield rows[np.argsort(rows.ts, kind="stable")]
        at = until


def slices(db: Db, segments: Sequence[Segment], first: int, end: int, points: int) -> Iterator[tuple[int, int, Columns]]:  # fmt: skip
    """(from point, to point, their samples with `first <= ts < end`, sorted): all points, some at a time."""
    some = _inside(segments, first, end)
    now = Moment(tuple(some), Tails.read(db))
    rows = sum(s.rows for s in some)
    width = max(1, points * SLICE_ROWS // max(rows, 1))
    for low in range(0, points, width):
        numbers = range(low, min(low + width, points))
        found = of_points(db, now, numbers, first, end, counting=False)
        yield low, numbers[-1] + 1, joined([found])


def bounds(db: Db, segments: Sequence[Segment]) -> tuple[int, int] | None:
    """The oldest and newest second of all samples, None when there are none."""
    found = [(s.first, s.last) for s in segments if s.kind == "cold"]
    found += [b for b in _tails(db) if b]
    return (min(b[0] for b in found), max(b[1] for b in found)) if found else None


def count(db: Db, segments: Sequence[Segment]) -> int:
    """How many samples there are: what only corrects another is not counted."""
    rows = sum(s.rows for s in segments if s.kind == "cold") + duck_layout.count(db, "hot")
    late = duck_layout.tail(db, "late")
    if not len(late):
        return rows
    first, end = int(late.ts.min()), 1 + int(late.ts.max())
    db.register("asked", {"point": late.point, "ts": late.ts})
    tables = [*(f"{s.alias}.main.cold" for s in _inside(segments, first, end)), "store.hot"]
    known = sum(
        len(
            db.execute(
                f"SELECT 1 FROM {t} c JOIN asked a ON a.point = c.point AND a.ts = c.ts"  # noqa: S608  (names of ours)
            ).fetchall()
        )
        for t in tables
    )
    return rows + len(late) - known


def _inside(segments: Sequence[Segment], first: int, end: int) -> list[Segment]:
    return [s for s in segments if s.kind == "cold" and s.meets(first, end)]


def _tails(db: Db) -> list[tuple[int, int] | None]:
    found = []
    for table in ("hot", "late"):
        row = one(db, f"SELECT min(ts), max(ts) FROM store.{table}")  # noqa: S608  (names of ours)
        found.append((int(row[0]), int(row[1])) if row and row[0] is not None else None)
    return found


def _window(segments: Sequence[Segment], at: int) -> int:
    """Seconds from `at` on that hold about an eighth of `SLICE_ROWS`, by how dense the segments are."""
    here = [s for s in segments if s.meets(at, at + 1)]
    dense = sum(s.rows / (1 + s.last - s.first) for s in here)
    ahead = min((s.first for s in segments if s.first > at), default=LAST_S)
    wide = int(SLICE_ROWS / 8 / dense) if dense else PERIOD_S
    return max(1, min(wide, max(ahead - at, 1)))


def _window_rows(db: Db, segments: Sequence[Segment], first: int, end: int) -> Columns:
    text = " UNION ALL ".join(
        f"SELECT point, ts, value, status FROM {table} WHERE ts >= {first} AND ts < {end}"  # noqa: S608  (names and numbers of ours)
        for table in [*(f"{s.alias}.main.cold" for s in segments), "store.hot"]
    )
    rows = duck_layout.columns(db.execute(text).fetchnumpy())
    late = duck_layout.tail(db, "late", f"ts >= {first} AND ts < {end}")
    return joined([rows, late])
