"""What grows old in PostgreSQL: rolled up by the hour, then forgotten, mostly as a whole partition."""

from __future__ import annotations

import datetime as dt
from typing import Final

from ontology.errors import Unavailable
from ontology.history import Retention, Status
from ontology.store import pg_layout
from ontology.store.pg_door import Moved, PgDoor, Session
from ontology.store.pg_read import instant
from ontology.store.rollups import horizon

ROLLED_UNTIL: Final = "rolled up until"
"""In `meta`: before this unix second there may be roll-ups."""
_DROP_TRIES: Final = 10
_DAY_S: Final = 86_400
_COUNTED: Final = "1e300"
"""Larger values are garbage of a wrong word order; an hour's sum of them would be no number any more."""
_ROLL_UP: Final = """
INSERT INTO hourly (point, ts, mean, min, max, count)
SELECT point, ts, sum(value) / count(*), min(value), max(value), count(*)
FROM (SELECT point, date_trunc('hour', ts) AS ts, value FROM samples
WHERE ts >= {first} AND ts < {end} AND status <> {fault} AND abs(value) <= {counted}
ORDER BY point, samples.ts) s GROUP BY point, ts ON CONFLICT (point, ts) DO NOTHING
"""


def retain(door: PgDoor, retention: Retention, *, now: dt.datetime, timescale: bool) -> int:
    """See HistoryStore.retain. An hour that was rolled up once stays as it was."""
    raw, hourly = (horizon(now, kept) for kept in (retention.raw, retention.hourly))
    forgotten = 0
    if raw is not None:
        with door.transaction() as db:
            old = [r for r in pg_layout.ranges(db, timescale=timescale) if r[0] < raw]
        for first, end in old:
            if end <= raw:
                forgotten += _forget_whole(door, first, end, timescale=timescale)
            else:  # a day at a time: who writes to this month waits a second or two, not longer
                days = range(first, raw, _DAY_S)
                forgotten += sum(_forget_part(door, d, min(d + _DAY_S, raw)) for d in days)
    if hourly is not None:
        with door.transaction() as db:
            db.script(f"DELETE FROM hourly WHERE ts < {instant(hourly)}")  # noqa: S608  (a number)
    return forgotten


def _forget_part(door: PgDoor, first: int, end: int) -> int:
    with door.transaction() as db:
        found = _rolled_up(db, first, end)
        if found:
            db.script(f"DELETE FROM samples WHERE {_within(first, end)}")  # noqa: S608  (numbers)
    return found


def _forget_whole(door: PgDoor, first: int, end: int, *, timescale: bool) -> int:
    """A partition or chunk: dropped, once nobody reads it."""
    with door.transaction() as db:
        found = _rolled_up(db, first, end)
        db.script(
            "SET LOCAL lock_timeout = '2s'"
        )  # while it waits, who comes to read waits behind it
        for _ in range(_DROP_TRIES):
            try:
                with db.attempt():
                    pg_layout.drop(db, first, end, timescale=timescale)
            except Moved:
                continue
            return found
        raise Unavailable(
            "old samples could not be dropped: somebody reads them without a pause",
            hint="try again when long queries have ended",
        )


def _rolled_up(db: Session, first: int, end: int) -> int:
    """Roll up a range; how many samples it holds. Nobody writes to its months until the transaction ends."""
    pg_layout.hold_retention(db)
    pg_layout.hold_months(db, pg_layout.months_within(first, end))
    found = int(db.value(f"SELECT count(*) FROM samples WHERE {_within(first, end)}"))  # noqa: S608
    if found:
        db.script(
            _ROLL_UP.format(
                first=instant(first), end=instant(end), fault=int(Status.FAULT), counted=_COUNTED
            )
        )
        until = max(end, int(pg_layout.meta(db, ROLLED_UNTIL) or 0))
        pg_layout.put_meta(db, ROLLED_UNTIL, str(until))
    return found


def _within(first: int, end: int) -> str:
    return f"ts >= {instant(first)} AND ts < {instant(end)}"
