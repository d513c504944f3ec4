"""From the local clock to UTC: the hour that does not exist is named, the one that comes twice is told by its order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from ingest.trends.instants import Moment, Unread

MOST_HELD: Final = 20_000
"""Rows of one series held until its doubled hour is over: two hours of seconds, and some."""
_QUARTER: Final = 900
"""Clocks change on a quarter of an hour, wherever they do today."""

What = TypeVar("What")


@lru_cache(maxsize=400_000)
def offsets(zone: ZoneInfo, quarter: int) -> tuple[int, ...]:
    """Seconds ahead of UTC in a local quarter hour: two, the earlier instant first, where it comes twice; none where never."""
    local = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=quarter * _QUARTER)  # noqa: DTZ001  (it gets its zone here)
    first, second = (_offset(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if first == second:
        return (first,)
    return (first, second) if first > second else ()


def _offset(at: dt.datetime) -> int:
    found = at.utcoffset()
    return int(found.total_seconds()) if found is not None else 0


def resolve(moment: Moment, zone: ZoneInfo | None) -> int | tuple[int, int]:
    """Unix seconds; two candidates where only the order of rows can tell. Raises Unread, in words for people."""
    if moment.universal:
        return moment.seconds
    if zone is None:
        raise Unread("a time without a zone")
    found = offsets(zone, moment.seconds // _QUARTER)
    if not found:
        shown = dt.datetime(1970, 1, 1) + dt.timedelta(seconds=moment.seconds)  # noqa: DTZ001
        raise Unread(
            f"clocks in {zone.key} went forward, this time does not exist: {shown:%Y-%m-%d %H:%M}"
        )
    if moment.zone:
        return moment.seconds - _named(moment, zone, found)
    if len(found) == 1:
        return moment.seconds - found[0]
    return moment.seconds - found[0], moment.seconds - found[1]


def _named(moment: Moment, zone: ZoneInfo, found: tuple[int, ...]) -> int:
    """The offset that an abbreviation such as EDT has in this zone."""
    names = _abbreviations(zone, moment.seconds // 86_400)
    if moment.zone not in names:
        raise Unread(f"{moment.zone} is no time of {zone.key}")
    away = names[moment.zone]
    if away in found:
        return away
    raise Unread(f"it is not {moment.zone} then in {zone.key}")


@lru_cache(maxsize=50_000)
def _abbreviations(zone: ZoneInfo, day: int) -> dict[str, int]:
    """What the zone calls its times within a day of this one."""
    noon = dt.datetime(1970, 1, 1) + dt.timedelta(days=day)  # noqa: DTZ001
    at = [(noon + dt.timedelta(days=shift)).replace(tzinfo=zone) for shift in (-2, 0, 2)]
    return {str(one.tzname()): _offset(one) for one in at}


@dataclass(slots=True)
class Doubled(Generic[What]):
    """Holds the rows of one series in the hour that comes twice, until it is known which is which."""

    held: list[tuple[int, int, What]] = field(default_factory=list)

    def hold(self, early: int, late: int, what: What) -> None:
        """Keep a row with both its possible times."""
        self.held.append((early, late, what))

    @property
    def full(self) -> bool:
        return len(self.held) >= MOST_HELD

    def settle(self, *, falling: bool) -> Iterator[tuple[int | None, What]]:
        """Rows with their times; None where the order does not tell. `falling`: the newest row comes first.

        The clock goes back once: rows before that are of the first hour, rows after it of the second.
        """
        rows, self.held = self.held, []
        back = [
            at for at in range(1, len(rows))
            if (rows[at][0] >= rows[at - 1][0] if falling else rows[at][0] <= rows[at - 1][0])
        ]  # fmt: skip
        for at, (early, late, what) in enumerate(rows):
            if len(back) != 1:
                yield None, what
            else:
                yield (early if (at < back[0]) != falling else late), what
