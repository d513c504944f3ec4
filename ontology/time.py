"""UTC instants and half-open ranges `[start, end)`; the range words of Haystack."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ontology.errors import BadRequest

UTC = dt.timezone.utc  # noqa: UP017  (Python 3.10 on the edge appliance)
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Instants that people write: a range around one must not run off the calendar."""


@dataclass(frozen=True)
class Span:
    """The half-open range `[start, end)` between two aware instants, kept in UTC.

    >>> Span.of("2026-11-20T00:00:00+07:00", "2026-11-21T00:00:00+07:00").duration
    datetime.timedelta(days=1)
    """

    start: dt.datetime
    end: dt.datetime

    def __post_init__(self) -> None:
        for edge in (self.start, self.end):
            if edge.tzinfo is None:
                raise BadRequest(f"{edge} has no time zone", hint="add an offset, such as +07:00")
        if self.end < self.start:
            raise BadRequest(
                f"the range ends ({self.end}) before it starts ({self.start})",
                hint="give the earlier time first",
            )
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))

    @classmethod
    def of(cls, start: str, end: str) -> Span:
        """From two ISO 8601 texts with offsets."""
        return cls(parse_instant(start), parse_instant(end))

    @classmethod
    def last(cls, duration: dt.timedelta, *, now: dt.datetime) -> Span:
        """The `duration` that ends at `now`."""
        return cls(now - duration, now)

    @property
    def duration(self) -> dt.timedelta:
        return self.end - self.start

    @property
    def seconds(self) -> tuple[int, int]:
        """Start and end as whole unix seconds."""
        return int(self.start.timestamp()), int(self.end.timestamp())

    def steps(self, step: dt.timedelta) -> int:
        """How many steps of this length cover the range; the last may be partial."""
        if step <= dt.timedelta(0):
            raise BadRequest(
                f"a step of {step} is not positive", hint="use a step of minutes or more"
            )
        return -(-self.duration // step)

    def __contains__(self, instant: dt.datetime) -> bool:
        return self.start <= instant < self.end


def parse_instant(text: str) -> dt.datetime:
    """An aware UTC instant from ISO 8601 text with an offset or Z."""
    try:
        instant = dt.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))  # noqa: FURB162  (3.10)
    except ValueError as cause:
        raise BadRequest(
            f"not a time: {text!r}", hint="use ISO 8601, such as 2026-11-20T14:30+07:00"
        ) from cause
    if instant.tzinfo is None:
        raise BadRequest(f"{text!r} has no time zone", hint="add an offset, such as +07:00")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise BadRequest(
            f"{text!r} is outside of {FIRST_YEAR} to {LAST_YEAR}", hint="check the year"
        )
    return instant.astimezone(UTC)


def day_of(date: dt.date, zone: ZoneInfo) -> Span:
    """The whole local day as a UTC range (23 or 25 hours long where clocks change)."""
    start = dt.datetime.combine(date, dt.time(), tzinfo=zone)
    end = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), tzinfo=zone)
    return Span(start, end)


def haystack_range(text: str, *, now: dt.datetime, zone: ZoneInfo) -> Span:
    """The range a Haystack `hisRead` names: today, yesterday, a date, two dates, two instants, one instant.

    Source: https://project-haystack.org/doc/docHaystack/Ops#hisRead
    """
    word = text.strip().strip('"')
    today = now.astimezone(zone).date()
    if word == "today":
        return day_of(today, zone)
    if word == "yesterday":
        return day_of(today - dt.timedelta(days=1), zone)
    first, _, second = word.partition(",")
    if _is_date(first):
        start = day_of(dt.date.fromisoformat(first), zone)
        end = day_of(dt.date.fromisoformat(second), zone) if second else start
        return Span(start.start, end.end)
    begin = parse_instant(first.split(" ")[0])
    return Span(begin, parse_instant(second.split(" ")[0]) if second else now)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10
