"""Pieces of time in a text: one row per phrase, a pattern and what it means at the site's clock."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from agent.playbooks.calendar import (
    MONTHS,
    PARTS,
    POINT,
    WEEKDAYS,
    Clock,
    Days,
    Nonsense,
)
from ontology.time import Span

_UNIT = r"(minute|min|hour|h|day|d|night|week|w|month|year)s?"
_UNITS = {"min": "minute", "h": "hour", "d": "day", "night": "day", "w": "week"}
_COUNT = r"(\d{1,6}(?:\.\d+)?|a|an|few|couple of|half an?)"
_COUNTS = {"a": 1.0, "an": 1.0, "few": 3.0, "couple of": 2.0, "half a": 0.5, "half an": 0.5}
_MON = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|" + "|".join(MONTHS) + r")\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:\s*,?\s*(2[05]\d\d))?"
_WEEKDAY = r"(mon|tue|tues|wed|thu|thur|thurs|fri|saturday|sun|" + "|".join(WEEKDAYS) + r")s?"
_AFTER_SIDE = (
    r"(?:(?<=and )|(?<=vs )|(?<=or )|(?<=than )|(?<=to )|(?<=with )|(?<=against )|(?<=compare ))"
)
_TO = r"\s*(?:-|to|and|until|till|till|through|thru)\s*"
_TIME = r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|o'?clock|hrs)?"


@dataclass(frozen=True)
class Part:
    """A piece of time found at `[at, to)` of the text. One of days, span or hours is set."""

    at: int
    to: int
    days: Days | None = None
    span: Span | None = None
    hours: tuple[float, float | None] | None = None
    part_of_day: bool = False
    shift: str = ""


Means = Callable[[re.Match[str], Clock], Part]


def _days(of: Callable[[re.Match[str], Clock], Days]) -> Means:
    return lambda m, clock: Part(m.start(), m.end(), days=of(m, clock))


def _span(of: Callable[[re.Match[str], Clock], Span]) -> Means:
    return lambda m, clock: Part(m.start(), m.end(), span=of(m, clock))


def _unit(word: str) -> str:
    return _UNITS.get(word, word)


def _count(word: str) -> float:
    return _COUNTS[word] if word in _COUNTS else float(word)


def _month(word: str) -> int:
    return next(n for n, name in enumerate(MONTHS, 1) if name.startswith(word[:3]))


def _weekday(word: str) -> str:
    return next(name for name in WEEKDAYS if name.startswith(word[:3]))


def _year(word: str | None) -> int | None:
    return int(word) if word else None


def _day_of_month(day: int, clock: Clock) -> Days:
    """ "The 10th": the most recent one."""
    for back in range(4):
        month = clock.month(back).first
        try:
            found = month.replace(day=day)
        except ValueError:
            continue
        if found <= clock.today:
            return clock.one(found)
    raise Nonsense("no-such-day", str(day))


def _iso(m: re.Match[str], clock: Clock) -> Days:
    return clock.one(clock.dated(int(m[3]), int(m[2]), int(m[1])))


def _day_month(m: re.Match[str], clock: Clock) -> Days:
    return clock.one(clock.dated(int(m[1]), _month(m[2]), _year(m[3])))


def _month_day(m: re.Match[str], clock: Clock) -> Days:
    return clock.one(clock.dated(int(m[2]), _month(m[1]), _year(m[3])))


def _weekdays(m: re.Match[str], clock: Clock) -> Days:
    """ "Mon to Wed": the latest such run of days that has begun."""
    last = clock.weekday(_weekday(m[2]), today_too=True)
    back = (last.first.weekday() - WEEKDAYS.index(_weekday(m[1]))) % 7
    return Days(last.first - dt.timedelta(days=back), last.last)


def _slashed(m: re.Match[str], clock: Clock) -> Days:
    """Day first, as in Thailand and Europe; month first only where that alone makes a date."""
    day, month = int(m[1]), int(m[2])
    if month > 12 >= day:
        day, month = month, day
    return clock.one(clock.dated(day, month, _year(m[3])))


def _dates(day0: int, day1: int, month: str, year: str | None, clock: Clock) -> Days:
    first = clock.dated(day0, _month(month), _year(year))
    last = clock.dated(day1, _month(month), _year(year))
    if last < first:
        raise Nonsense("backwards", f"{day0}-{day1} {month}")
    return Days(first, last + dt.timedelta(days=1))


def _month_name(m: re.Match[str], clock: Clock) -> Days:
    month, year = _month(m[1]), _year(m[2])
    first = clock.dated(1, month, year)
    return Days(first, (first + dt.timedelta(days=32)).replace(day=1))


def _whole_year(m: re.Match[str], clock: Clock) -> Days:
    year = int(m[1])
    return clock.year(clock.today.year - (year - 543 if year >= 2400 else year))


def _last_night(_m: re.Match[str], clock: Clock) -> Span:
    back = 1 if clock.local.hour >= 6 else 0
    first = clock.day_back(back).first
    if clock.at(first, 18) >= clock.now:
        first -= dt.timedelta(days=1)
    return clock.clip(clock.at(first, 18), clock.at(first, 30))


def _ago(m: re.Match[str], clock: Clock) -> Part:
    count, unit = _count(m[1]), _unit(m[2])
    instant = clock.before(count, unit)
    if unit in {"minute", "hour"}:
        return Part(m.start(), m.end(), span=clock.clip(instant, instant + POINT))
    return Part(m.start(), m.end(), days=clock.one(instant.astimezone(clock.zone).date()))


def _hours(hour: str, minute: str | None, half: str | None) -> float:
    value = int(hour) + int(minute or 0) / 60
    if int(hour) > 24 or int(minute or 0) > 59:
        raise Nonsense("no-such-time", f"{hour}:{minute or '00'}")
    half = (half or "").replace(".", "")
    if half in {"am", "pm"}:
        if not 1 <= int(hour) <= 12:
            return value
        return value % 12 + (12 if half == "pm" else 0)
    return value


def _clock_time(m: re.Match[str], _clock: Clock) -> Part:
    return Part(m.start(), m.end(), hours=(_hours(m[1], m[2], m[3]), None))


def _clock_range(m: re.Match[str], _clock: Clock) -> Part:
    end = _hours(m[4], m[5], m[6])
    start, plain = int(m[1]), not (m[2] or m[3] or m[5] or m[6])
    if plain and end < start <= 12:
        end += 12  # "from 8 to 5" is a working day
    half = m[3] or (m[6] if m[6] in {"am", "pm"} and int(m[1]) <= int(m[4]) <= 12 else None)
    return Part(m.start(), m.end(), hours=(_hours(m[1], m[2], half), end))


def _named_hour(m: re.Match[str], _clock: Clock) -> Part:
    return Part(m.start(), m.end(), hours=(12.0 if m[1] in {"noon", "midday"} else 0.0, None))


def _part_of_day(m: re.Match[str], _clock: Clock) -> Part:
    first, last = PARTS[m[1].rstrip("s")]
    return Part(m.start(), m.end(), hours=(first, last), part_of_day=True)


def _shift(m: re.Match[str], _clock: Clock) -> Part:
    """ "The week before", "same day last week"; "the last one" takes the unit said before it."""
    word = m[0] if re.search("day|week|month|year|night|period|time", m[0]) else m.string
    unit = next((u for u in ("month", "week", "year") if u in word), "day")
    return Part(m.start(), m.end(), shift=unit)


def _row(pattern: str, means: Means) -> tuple[re.Pattern[str], Means]:
    return re.compile(rf"(?<![\w/]){pattern}(?![\w%])"), means


_ROWS: tuple[tuple[re.Pattern[str], Means], ...] = (
    _row(r"(?:the )?(?:same|this) (?:day|time|period|hour|date)s? (?:of )?(?:the )?(?:last|previous|on)? ?(?:week|month|year|yesterday|day|\w+day)", _shift),
    _row(r"(?:the )?(?:week|month|day|night|year|period) (?:before(?: that| last)?|prior|earlier)(?! yesterday)", _shift),
    _row(r"(?:the )?(?:previous|preceding|prior) (?:period|one)", _shift),
    _row(rf"{_AFTER_SIDE}(?:the )?(?:last|previous|prev)(?: one)?(?=\W*$)", _shift),
    _row(r"the \d{1,3} (?:hour|day|week|month|year)s? (?:before|prior|earlier)(?: that)?", _shift),
    # dates
    _row(r"(\d{4})-(\d{1,2})-(\d{1,2})(?=t\d|\b)t?", _days(_iso)),
    _row(rf"{_DAY}{_TO}{_DAY}\s*(?:of )?{_MON}{_YEAR}",
         _days(lambda m, c: _dates(int(m[1]), int(m[2]), m[3], m[4], c))),
    _row(rf"{_MON}\s*{_DAY}\s*(?:-|to|until|till|through)\s*{_DAY}{_YEAR}(?!\s*(?:{_MON}|am|pm|:))",
         _days(lambda m, c: _dates(int(m[2]), int(m[3]), m[1], m[4], c))),
    _row(rf"{_DAY}\s*(?:of )?{_MON}{_YEAR}", _days(_day_month)),
    _row(rf"{_MON}\s*{_DAY}{_YEAR}(?!\s*:)", _days(_month_day)),
    _row(r"(\d{1,2})[/](\d{1,2})(?:[/](\d{4}|\d{2}))?", _days(_slashed)),
    _row(r"(?:of|in|for|during|since|on) (may|mar|march|jan|feb|sep)(?: (2[05]\d\d))?", _days(_month_name)),
    _row(r"(?:last |for |in )?(january|february|april|june|july|august|september|october|november|december|oct|nov|aug|jul|jun|apr|dec)"
         r"(?: (2[05]\d\d))?", _days(_month_name)),
    _row(r"(201[3-9]|202\d|25[67]\d)", _days(_whole_year)),
    _row(r"(?:in )?(?:the )?year ([1-9]\d{3})", _days(_whole_year)),
    _row(r"(?:in|for|during|of|year) (20[12]\d|25[67]\d)", _days(_whole_year)),
    # relative days
    _row(r"(?:the )?day before yesterday", _days(lambda _, c: c.day_back(2))),
    _row(r"(?:last night|yesterday night|overnight|past night|previous night)", _span(_last_night)),
    _row(r"today|this day|so far today|this shift", _days(lambda _, c: c.day_back(0))),
    _row(r"yesterday", _days(lambda _, c: c.day_back(1))),
    _row(rf"{_COUNT} {_UNIT} (?:ago|before|earlier)", _ago),
    # rolling ranges end now
    _row(rf"(?:over |in |for |during |within )?(?:the )?(?:last|past|previous|back|recent|latest) ?{_COUNT}(?: |-)?{_UNIT}(?: or so)?",
         _span(lambda m, c: c.rolling(_count(m[1]), _unit(m[2])))),
    _row(rf"(?:over |in |for |during )?{_COUNT}(?: |-)?{_UNIT} (?:back|until now|to now|up to now)",
         _span(lambda m, c: c.rolling(_count(m[1]), _unit(m[2])))),
    _row(r"(?:over |in |for |during |within )?(?:the )?(?:past|recent|(?:the )?last(?= day)) (hour|day|week|month|year)",
         _span(lambda m, c: c.rolling(1, m[1]))),
    _row(r"(?:the )?(?:last|previous) (hour)", _span(lambda m, c: c.rolling(1, m[1]))),
    _row(rf"(?:for|over|in|within|during) {_COUNT}(?: |-)?{_UNIT}",
         _span(lambda m, c: c.rolling(_count(m[1]), _unit(m[2])))),
    _row(r"(\d{1,4}) ?(h|hours)(?= (?:trend|graph|history|chart|plot))", _span(lambda m, c: c.rolling(float(m[1]), "hour"))),
    _row(r"(?<!every )(?<!each )(\d{1,4})(?: |-)?(h|hours?|d|days?|w|weeks?|months?)(?! (?:old|later|of|per|run|delivered))",
         _span(lambda m, c: c.rolling(float(m[1]), _unit(m[2].rstrip("s"))))),
    _row(r"(?:on |since |from |until |of )?the (\d{1,2})(?:st|nd|rd|th)(?! (?:floor|level|room|chiller|pump|tower))", _days(lambda m, c: _day_of_month(int(m[1]), c))),
    _row(r"lately|recently|of late|these days|in recent days", _span(lambda _, c: c.rolling(7, "day"))),
    # calendar periods
    _row(r"(?:this|current) weeks?(?: so far)?|week to date|wtd", _days(lambda _, c: c.week(0))),
    _row(r"(?:the )?(?:last|previous|prev|prior) weeks?(?!end)", _days(lambda _, c: c.week(1))),
    _row(r"(?:this|current) months?(?: so far)?|month to date|mtd", _days(lambda _, c: c.month(0))),
    _row(r"(?:the )?(?:last|previous|prev) months?", _days(lambda _, c: c.month(1))),
    _row(r"(?:this|current) year(?: so far)?|year to date|ytd", _days(lambda _, c: c.year(0))),
    _row(r"(?:the )?(?:last|previous) year", _days(lambda _, c: c.year(1))),
    _row(r"(?:(?:over |on |during |at )?(?:the |this |last |past )?weekend)", _days(lambda _, c: c.weekend())),
    _row(rf"between {_WEEKDAY} and {_WEEKDAY}", _days(_weekdays)),
    _row(rf"{_WEEKDAY}\s*(?:-|to|till|through)\s*{_WEEKDAY}", _days(_weekdays)),
    _row(rf"(?:last|past|previous|on|this|since) {_WEEKDAY}", _days(lambda m, c: c.weekday(
        _weekday(m[1]), today_too=m[0].startswith(("on", "this", "since"))))),
    _row(rf"{_AFTER_SIDE}{_WEEKDAY}", _days(lambda m, c: c.weekday(_weekday(m[1]), today_too=True))),
    _row(r"(monday|tuesday|wednesday|thursday|friday|saturday|sunday)", _days(lambda m, c: c.weekday(m[1], today_too=True))),
    # clocks
    _row(rf"(?:between|from) {_TIME}{_TO}{_TIME}", _clock_range),
    _row(r"(\d{1,2})[:.](\d{2})\s*(am|pm)?" + _TO + r"(\d{1,2})[:.](\d{2})\s*(am|pm)?", _clock_range),
    _row(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?" + _TO + r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)", _clock_range),
    _row(r"(?:at |around |about |@ ?)?(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|o'?clock)", _clock_time),
    _row(r"(?:at |around |about |@ ?)?(\d{1,2}):(\d{2})(?::\d{2})?()", _clock_time),
    _row(r"(?:at|around|about|@|since|from|after|until) (\d{1,2})\.(\d{2})()", _clock_time),
    _row(r"(?:at|by|around|about|to|until|till|from) (\d{1,2})()()(?= (?:this|yesterday|today|last|on|in the|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b)",
         _clock_time),
    _row(r"(?:since|after) (\d{1,2})()()(?=\W*$)", _clock_time),
    _row(r"(?:at |around |until |to )?(noon|midday|midnight)", _named_hour),
    _row(r"(?:in the |during the |this |at )?(mornings?|afternoons?|evenings?|nights?)", _part_of_day),
)  # fmt: skip


def parts_of(text: str, clock: Clock, *, most: int = 8) -> list[Part]:
    """The pieces of time in a text, in order; at most `most`, nobody says more. May raise Nonsense."""
    found: list[Part] = []
    taken = [False] * len(text)
    for pattern, means in _ROWS:
        for m in pattern.finditer(text):
            if not any(taken[m.start() : m.end()]):
                found.append(means(m, clock))
                taken[m.start() : m.end()] = [True] * (m.end() - m.start())
    return sorted(found, key=lambda part: part.at)[:most]


def blank(text: str) -> str:
    """The text with every time phrase blanked, whether or not it makes sense."""
    for pattern, _ in _ROWS:
        text = pattern.sub(lambda m: " " * len(m[0]), text)
    return text
