"""Days, weeks, months and clock times as spans at the site, half-open and in the past.

Choices where people differ, in one place: weeks start on Monday; "morning" is 06-12, "afternoon"
12-18, "evening" 18-22, "night" 18-06; "last N days" end now, "last week" is the calendar week;
a point in time ("at 3pm", "two hours ago") is the ten minutes from it: two samples at 5 min.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ontology.time import Span

POINT = dt.timedelta(minutes=10)
REACH = dt.timedelta(days=5 * 365)
"""Nothing older is read; no site keeps it."""
PARTS: dict[str, tuple[int, int]] = {
    # part of the day -> first and last hour; past 24 is the next day
    "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 22), "night": (18, 30), "overnight": (18, 30),
}  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


class Nonsense(ValueError):
    """A time that cannot be meant: 31 February, an end before its start, the future.

    `why` is a key of `agent.playbooks.replies`.
    """

    def __init__(self, why: str, said: str) -> None:
        super().__init__(f"{why}: {said}")
        self.why = why
        self.said = said


@dataclass(frozen=True)
class Days:
    """Whole local days `[first, last)`."""

    first: dt.date
    last: dt.date

    @property
    def single(self) -> bool:
        return self.last - self.first == dt.timedelta(days=1)


@dataclass(frozen=True)
class Clock:
    """The site's clock: turns local days and hours into spans that never pass `now`."""

    now: dt.datetime
    zone: ZoneInfo

    @property
    def local(self) -> dt.datetime:
        return self.now.astimezone(self.zone)

    @property
    def today(self) -> dt.date:
        return self.local.date()

    def at(self, day: dt.date, hours: float) -> dt.datetime:
        """Local wall time, `hours` after midnight of `day`; past 24 is the next day."""
        days, rest = divmod(hours, 24)
        midnight = dt.datetime.combine(day + dt.timedelta(days=int(days)), dt.time())
        return (midnight + dt.timedelta(hours=rest)).replace(tzinfo=self.zone)

    def days(self, days: Days) -> Span:
        """Whole days, clipped to now."""
        return self.clip(self.at(days.first, 0), self.at(days.last, 0))

    def clip(self, start: dt.datetime, end: dt.datetime) -> Span:
        """Refuses ranges that start in the future, lie too far back or hold nothing."""
        if start >= self.now:
            raise Nonsense("future", "")
        if end <= start:
            raise Nonsense("empty", "")
        if start < self.now - REACH:
            raise Nonsense("too-old", "")
        return Span(start, min(end, self.now))

    def day_back(self, days: int) -> Days:
        return self.one(self._date(self.today.toordinal() - days))

    def one(self, day: dt.date) -> Days:
        return Days(day, day + dt.timedelta(days=1))

    def week(self, back: int) -> Days:
        monday = self._date(self.today.toordinal() - self.today.weekday() - 7 * back)
        return Days(monday, monday + dt.timedelta(days=7))

    def month(self, back: int) -> Days:
        first = months_before(self.today.replace(day=1), back)
        return Days(first, months_before(first, -1))

    def year(self, back: int) -> Days:
        year = self.today.year - back
        if not 1970 <= year <= 2200:
            raise Nonsense("too-old", "")
        return Days(dt.date(year, 1, 1), dt.date(year + 1, 1, 1))

    def weekend(self) -> Days:
        """The last one that has begun."""
        back = (self.today.weekday() - 5) % 7
        saturday = self._date(self.today.toordinal() - back)
        return Days(saturday, saturday + dt.timedelta(days=2))

    def weekday(self, name: str, *, today_too: bool = False) -> Days:
        """The most recent one before today (or today)."""
        back = (self.today.weekday() - WEEKDAYS.index(name)) % 7
        return self.day_back(back or (0 if today_too else 7))

    def rolling(self, count: float, unit: str) -> Span:
        """The `count` units that end now."""
        return self.clip(self.before(count, unit), self.now)

    def before(self, count: float, unit: str) -> dt.datetime:
        """The instant `count` units before now; months keep the day of the month."""
        if count > 50_000:
            raise Nonsense("too-old", f"{count:g} {unit}s")
        if unit in UNIT_SECONDS:
            return self.now - dt.timedelta(seconds=count * UNIT_SECONDS[unit])
        months = round(count * (12 if unit == "year" else 1))
        if months > 12 * 50:
            raise Nonsense("too-old", f"{count:g} {unit}s")
        day = months_before(self.today, months)
        return dt.datetime.combine(day, self.local.timetz().replace(tzinfo=None), tzinfo=self.zone)

    def dated(self, day: int, month: int, year: int | None) -> dt.date:
        """A date as said; without a year the latest that is not in the far future."""
        said = f"{day}/{month}" + (f"/{year}" if year else "")
        guess = self.today.year if year is None else full_year(year)
        try:
            found = dt.date(guess, month, day)
        except ValueError:
            raise Nonsense("no-such-day", said) from None
        if year is None and found > self.today + dt.timedelta(days=60):
            try:
                found = found.replace(year=guess - 1)
            except ValueError:
                raise Nonsense("no-such-day", said) from None
        if found > self.today:
            raise Nonsense("future", said)
        return found

    def _date(self, ordinal: int) -> dt.date:
        if ordinal < self.today.toordinal() - REACH.days:
            raise Nonsense("too-old", "")
        return dt.date.fromordinal(ordinal)


def full_year(year: int) -> int:
    """Two digits are 20xx; the Thai calendar is 543 years ahead."""
    if year < 100:
        return 2000 + year if year < 60 else 2500 + year - 543
    return year - 543 if year >= 2400 else year


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day `months` earlier, or the last day of that month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9998:
        raise Nonsense("too-old", "")
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
