"""Site-local time in DuckDB, without its slow time-zone library."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from ontology.store.columns import LAST_S
from ontology.time import UTC

_FIRST_CHANGE_S = 946_684_800
"""2000-01-01: no building of ours has samples before it, so older changes of clocks do not matter."""


@lru_cache(maxsize=8)
def local_time(zone: ZoneInfo, ts: str = "s.ts") -> str:
    """SQL for site-local time from unix seconds, without DuckDB's (slow) time-zone library.

    Where clocks change, the offset is looked up in a tree of comparisons; the hour that a clock
    goes through twice comes out twice.
    """
    return f"make_timestamp(({ts} + {_offset_sql(_offsets(zone), ts)}) * 1000000)"


def _offsets(zone: ZoneInfo) -> list[tuple[int, int]]:
    """(from this unix second on, seconds ahead of UTC), oldest first."""
    week = 7 * 86_400  # no zone changes its clocks twice within a week
    found = [(0, _offset(zone, _FIRST_CHANGE_S))]
    for start in range(_FIRST_CHANGE_S, LAST_S, week):
        if _offset(zone, start + week) != found[-1][1]:
            low, high = start, start + week
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (middle, high) if _offset(zone, middle) == found[-1][1] else (low, middle)
                )
            found.append((high, _offset(zone, high)))
    return found


def _offset(zone: ZoneInfo, second: int) -> int:
    ahead = dt.datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    return int(ahead.total_seconds()) if ahead is not None else 0


def _offset_sql(offsets: Sequence[tuple[int, int]], ts: str) -> str:
    if len(offsets) == 1:
        return str(offsets[0][1])
    middle = len(offsets) // 2
    older, newer = _offset_sql(offsets[:middle], ts), _offset_sql(offsets[middle:], ts)
    return f"CASE WHEN {ts} < {offsets[middle][0]} THEN {older} ELSE {newer} END"
