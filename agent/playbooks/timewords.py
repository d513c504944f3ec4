"""When: English (and Thai, already in plain words) time phrases -> spans at the site.

A phrase is a row of `_ROWS`: a pattern and what it means. Parts found side by side are then put
together: a day with a clock time, a start with an end, a period with the one it is compared to.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

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
_TO = r"\s*(?:-|to|and|until|till|till|through|thru)\s*"
_TIME = r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.|o'?clock|hrs)?"
_FORWARD = re.compile(
    r"\b(?:tomorrow|day after tomorrow|next (?:\d+ )?(?:hour|day|week|month|year|shift|" + "|".join(WEEKDAYS)
    + r")s?|forecast|predict(?:ion|ed)?|coming (?:week|days|month)|later today|in (?:the )?future)\b"
)  # fmt: skip


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


@dataclass(frozen=True)
class When:
    """What was said about time. `rest` is the text with its time words blanked out."""

    rest: str
    span: Span | None = None
    compare: Span | None = None
    now_said: bool = False
    point: bool = False
    wrong: Nonsense | None = None


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
    half = m[3] or (m[6] if m[6] in {"am", "pm"} and int(m[1]) <= int(m[4]) <= 12 else None)
    return Part(m.start(), m.end(), hours=(_hours(m[1], m[2], half), end))


def _named_hour(m: re.Match[str], _clock: Clock) -> Part:
    return Part(m.start(), m.end(), hours=(12.0 if m[1] in {"noon", "midday"} else 0.0, None))


def _part_of_day(m: re.Match[str], _clock: Clock) -> Part:
    first, last = PARTS[m[1].rstrip("s")]
    return Part(m.start(), m.end(), hours=(first, last), part_of_day=True)


def _shift(m: re.Match[str], _clock: Clock) -> Part:
    word = m[0]
    unit = next((u for u in ("month", "week", "year") if u in word), "day")
    return Part(m.start(), m.end(), shift=unit)


def _row(pattern: str, means: Means) -> tuple[re.Pattern[str], Means]:
    return re.compile(rf"(?<![\w/]){pattern}(?![\w%])"), means


_ROWS: tuple[tuple[re.Pattern[str], Means], ...] = (
    _row(r"(?:the )?(?:same|this) (?:day|time|period|hour|date)s? (?:of )?(?:the )?(?:last|previous|on)? ?(?:week|month|year|yesterday|day|\w+day)", _shift),
    _row(r"(?:the )?(?:week|month|day|year|period) (?:before(?: that| last)?|prior|earlier)(?! yesterday)", _shift),
    _row(r"(?:the )?(?:previous|preceding|prior) (?:period|one)", _shift),
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
    _row(rf"(?<!every )(?<!each )(?:\d+ )?(\d{{1,4}})(?: |-)?(h|hours?|days?|weeks?|months?)(?! (?:old|later|of|per|run|delivered))",
         _span(lambda m, c: c.rolling(float(m[1]), _unit(m[2].rstrip("s"))))),
    _row(r"(?:on |since |from |until |of )?the (\d{1,2})(?:st|nd|rd|th)(?! (?:floor|level|room|chiller|pump|tower))", _days(lambda m, c: _day_of_month(int(m[1]), c))),
    # calendar periods
    _row(r"(?:this|current) weeks?(?: so far)?|week to date|wtd", _days(lambda _, c: c.week(0))),
    _row(r"(?:the )?(?:last|previous|prev|prior) weeks?(?!end)", _days(lambda _, c: c.week(1))),
    _row(r"(?:this|current) months?(?: so far)?|month to date|mtd", _days(lambda _, c: c.month(0))),
    _row(r"(?:the )?(?:last|previous|prev) months?", _days(lambda _, c: c.month(1))),
    _row(r"(?:this|current) year(?: so far)?|year to date|ytd", _days(lambda _, c: c.year(0))),
    _row(r"(?:the )?(?:last|previous) year", _days(lambda _, c: c.year(1))),
    _row(r"(?:(?:over |on |during |at )?(?:the |this |last |past )?weekend)", _days(lambda _, c: c.weekend())),
    _row(rf"(?:last|past|previous|on|this|since) {_WEEKDAY}", _days(lambda m, c: c.weekday(
        _weekday(m[1]), today_too=m[0].startswith(("on", "this", "since"))))),
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
    _row(r"(?:at |around |until |to )?(noon|midday|midnight)", _named_hour),
    _row(r"(?:in the |during the |this |at )?(mornings?|afternoons?|evenings?|nights?)", _part_of_day),
)  # fmt: skip
_NOW = re.compile(
    r"\b(?:right now|now|currently|current(?!ly? draw)|at the moment|at present|presently|live|real ?time|as of now|this (?:minute|moment|very moment)|latest reading)\b"
)
_SINCE = re.compile(
    r"(?:\bsince|\bfrom|\bafter|\bstarting(?: from)?|\bever since)\s*(?:the\s*|about\s*|at\s*)?$"
)
_JOIN = re.compile(r"^\s*(?:-|to|until|till|through|and|up to)\s*(?:the )?$")
_BEFORE_RANGE = re.compile(r"\b(?:from|between)\s*(?:the )?$")
_COMPARE = re.compile(
    r"\b(?:vs\.?|versus|compared?(?: (?:to|with|against|and))?|comparison|against|relative to|than|difference|differ)\b"
)  # fmt: skip
_SIDES = re.compile(
    r"\b(?:compare(?= )|vs\.?|versus|compared? (?:to|with|against|and)|against|relative to|than|with|and|to|or)\b"
)


def read_time(text: str, clock: Clock) -> When:
    """The time a question is about. Nonsense is told, not raised: the planner asks back."""
    forward = _FORWARD.search(text)
    now_said = _NOW.search(text) is not None
    try:
        parts = _parts(text, clock)
        rest = _blank(text, parts)
        if forward:
            return When(rest, now_said=now_said, wrong=Nonsense("future", forward[0]))
        if _COMPARE.search(text):
            found = _compared(text, parts, clock)
            if found is not None:
                return replace(found, rest=rest, now_said=now_said)
        span = _together(text, parts, clock) or _same_time(text, parts, clock)
        return When(rest, span, now_said=now_said, point=_is_point(parts))
    except Nonsense as wrong:
        return When(_blank_matches(text), now_said=now_said, wrong=wrong)


def _parts(text: str, clock: Clock) -> list[Part]:
    found: list[Part] = []
    taken = [False] * len(text)
    for pattern, means in _ROWS:
        for m in pattern.finditer(text):
            if not any(taken[m.start() : m.end()]):
                found.append(means(m, clock))
                taken[m.start() : m.end()] = [True] * (m.end() - m.start())
    return sorted(found, key=lambda part: part.at)


def _blank(text: str, parts: list[Part]) -> str:
    letters = list(text)
    for part in parts:
        letters[part.at : part.to] = " " * (part.to - part.at)
    return _NOW.sub(lambda m: " " * len(m[0]), "".join(letters))


def _blank_matches(text: str) -> str:
    """Time words blanked by pattern alone, for text whose times make no sense."""
    for pattern, _ in _ROWS:
        text = pattern.sub(lambda m: " " * len(m[0]), text)
    return text


def _is_point(parts: list[Part]) -> bool:
    return any(p.hours is not None and p.hours[1] is None for p in parts)


def _together(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """One span from all parts: start and end, day and clock, or the first that stands alone."""
    parts = [p for p in parts if not p.shift]
    if not parts:
        return None
    ranged = _from_to(text, parts, clock)
    if ranged is not None:
        return ranged
    day = next((p for p in parts if p.days is not None), None)
    span = next((p for p in parts if p.span is not None), None)
    hour = next((p for p in parts if p.hours is not None and not p.part_of_day), None)
    hour = hour or next((p for p in parts if p.part_of_day), None)
    since = _said_since(text, parts)
    if hour is not None and hour.hours is not None:
        if span is not None and span.span is not None:
            return _within(span.span, hour.hours, clock)
        part = next((p.hours for p in parts if p.part_of_day and p is not hour), None)
        if part is not None and hour.hours[1] is None and hour.hours[0] < part[0] and part[0] >= 12:
            hour = replace(hour, hours=(hour.hours[0] + 12, None))
        if hour.part_of_day and day is None and not since and _habitual(text, hour):
            return None
        return _on_clock(day.days if day else None, hour, since, clock)
    if since and (day or span):
        start = (
            clock.days(day.days).start
            if day and day.days
            else span.span.start
            if span and span.span
            else None
        )
        return clock.clip(start, clock.now) if start else None
    if day is not None and day.days is not None:
        return clock.days(day.days)
    return span.span if span else None


def _same_time(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """ "This time yesterday" on its own: ten minutes, a day or a week back."""
    shift = next((p for p in parts if p.shift in {"day", "week"}), None)
    if shift is None:
        return None
    days = 7 if shift.shift == "week" else 1
    if "time" not in text[shift.at : shift.to]:
        return clock.days(clock.day_back(days))
    start = clock.now - dt.timedelta(days=days)
    return clock.clip(start, start + POINT)


def _said_since(text: str, parts: list[Part]) -> bool:
    first = parts[0]
    if _SINCE.search(text[: first.at]):
        return True
    said = text[first.at : first.to]
    return said.startswith(("since ", "from ", "after ")) and not (first.hours and first.hours[1])


def _habitual(text: str, part: Part) -> bool:
    """ "In the afternoon", "at night", "every morning": a habit, not today's."""
    if re.search(r"\b(?:all|every|each|most)\s*$", text[: part.at]):
        return True
    said = text[part.at : part.to]
    return said.startswith(("in the", "during the", "at ")) or said.endswith("s") or "every" in text


def _from_to(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """ "from A to B" where A and B are two parts, dates or dates with clock times."""
    if len(parts) == 4 and (both := [_instant(a, b, clock) for a, b in (parts[:2], parts[2:])]):
        start, end = both
        if start and end and _JOIN.match(text[parts[1].to : parts[2].at]):
            if end < start:
                raise Nonsense("backwards", text[parts[0].at : parts[3].to])
            return clock.clip(start, end)
    for left, right in zip(parts, parts[1:], strict=False):
        between = text[left.to : right.at]
        joined = _JOIN.match(between) and not (left.part_of_day or right.part_of_day)
        if not joined or ("and" in between and not _BEFORE_RANGE.search(text[: left.at])):
            continue
        if left.days and right.days:
            first, last = clock.days(left.days), clock.days(right.days)
            if last.start < first.start:
                raise Nonsense("backwards", text[left.at : right.to])
            return clock.clip(first.start, max(first.end, last.end))
        if left.hours and right.hours and right.hours[1] is None:
            both = replace(left, hours=(left.hours[0], right.hours[0]))
            day = next((p.days for p in parts if p.days), None)
            return _on_clock(day, both, False, clock)
        if left.days and right.hours and right.hours[1] is None:
            day = right.hours[0]
            return clock.clip(clock.days(left.days).start, clock.at(left.days.first, day))
    return _two_moments(text, parts, clock)


def _two_moments(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """ "10 pm last night to 6 this morning": each side of the joint is a time of its own."""
    if len(parts) < 3:
        return None
    for at in range(1, len(parts)):
        between = text[parts[at - 1].to : parts[at].at]
        said = text[parts[at].at : parts[at].to]
        joined = _JOIN.match(between) or (
            not between.strip() and said.startswith(("to ", "until ", "till "))
        )
        if not joined or "and" in between:
            continue
        left, right = _alone(text, parts[:at], clock), _alone(text, parts[at:], clock)
        if left and right and left.start < right.start:
            end = right.start if right.duration <= POINT else right.end
            return clock.clip(left.start, end)
    return None


def _alone(text: str, parts: list[Part], clock: Clock) -> Span | None:
    """The time these parts tell without what stands before them."""
    return _together(" " * parts[0].at + text[parts[0].at :], parts, clock)


def _instant(first: Part, second: Part, clock: Clock) -> dt.datetime | None:
    """A day and a clock time, in either order, as one instant."""
    day, hour = (first, second) if first.days else (second, first)
    if day.days is None or hour.hours is None or hour.hours[1] is not None:
        return None
    return clock.at(day.days.first, hour.hours[0])


def _on_clock(days: Days | None, part: Part, since: bool, clock: Clock) -> Span:
    """A clock time or range on its day; without a day the most recent one."""
    assert part.hours is not None  # noqa: S101  (callers pass parts with hours)
    first, last = part.hours
    if days is not None and not days.single and not part.part_of_day:
        days = Days(days.first, days.first + dt.timedelta(days=1))
    if last is not None and last < first:
        last = _over_midnight(first, last)
    day = days.first if days else clock.today
    if days is None and (clock.at(day, first) >= clock.now or (last or 0) > 24):
        over = last is not None and last > 24 and not part.part_of_day
        if clock.at(day, first) >= clock.now or over:
            day -= dt.timedelta(days=1)
    start = clock.at(day, first)
    if since:
        return clock.clip(start, clock.now)
    if last == first:
        raise Nonsense("empty", "")
    return clock.clip(start, clock.at(day, last) if last is not None else start + POINT)


def _over_midnight(first: float, last: float) -> float:
    """The end of a range that passes midnight; "5 pm to 3 pm" is refused."""
    if first < 12 or last > 12 or last + 24 - first > 16:
        raise Nonsense("backwards", f"{first:g} - {last:g} h")
    return last + 24


def _within(span: Span, hours: tuple[float, float | None], clock: Clock) -> Span:
    """A clock time inside a longer span, such as "11 pm last night"; else the span itself."""
    day = span.start.astimezone(clock.zone).date()
    for add in (0, 24):
        start = clock.at(day, hours[0] + add)
        if span.start <= start < span.end:
            end = clock.at(day, hours[1] + add) if hours[1] is not None else start + POINT
            return clock.clip(start, max(end, start + POINT))
    return span


def _compared(text: str, parts: list[Part], clock: Clock) -> When | None:
    """Two periods: the first named is asked about, the second is what it is held against."""
    if not parts:
        return None
    split = next((m for m in _SIDES.finditer(text) if _splits(m, parts, text)), None)
    if split is None:
        return None
    left = [p for p in parts if p.to <= split.start()]
    right = [p for p in parts if p.at >= split.end()]
    base = _together(text[: split.start()], left, clock)
    if base is None and not right:
        return None
    shift = next((p.shift for p in parts if p.shift), "")
    if base is None:
        base = _this_period(text, right, clock)
    other = (
        _shifted(base, shift, clock)
        if shift
        else _together(text[split.end() :].rjust(len(text)), right, clock)
    )
    if other is None or other == base:
        return None
    return When("", base, _aligned(base, other, clock))


def _splits(m: re.Match[str], parts: list[Part], text: str) -> bool:
    after = any(p.at >= m.end() for p in parts)
    before = any(p.to <= m.start() for p in parts)
    weak = m[0] in {"with", "and", "to", "or", "compare"}
    inside = any(p.at < m.end() and m.start() < p.to for p in parts)
    strong_elsewhere = weak and re.search(r"\b(?:vs|versus|than|against)\b", text)
    return after and not inside and (before or not weak) and not strong_elsewhere


def _this_period(text: str, right: list[Part], clock: Clock) -> Span:
    """The running period of the same kind as the one it is compared to."""
    said = " ".join(text[p.at : p.to] for p in right)
    if "week" in said and "same day" not in said and "same time" not in said:
        return clock.days(clock.week(0))
    if "month" in said:
        return clock.days(clock.month(0))
    if "year" in said:
        return clock.days(clock.year(0))
    return clock.days(clock.day_back(0))


def _shifted(base: Span, unit: str, clock: Clock) -> Span:
    days = {"day": 1, "week": 7, "month": 28, "year": 364}[unit]
    by = dt.timedelta(days=days)
    if unit == "day" and base.duration > dt.timedelta(days=1):
        by = base.duration
    return clock.clip(base.start - by, base.end - by)


def _aligned(base: Span, other: Span, clock: Clock) -> Span:
    """A running period is held against as much of the other: ten hours of today, ten of yesterday."""
    running = base.end == clock.now
    longer = other.duration > base.duration
    return Span(other.start, other.start + base.duration) if running and longer else other
