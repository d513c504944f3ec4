"""When a row was: the text, number or date of a time column as local or universal seconds.

Day or month first is decided over the whole column: `Survey` looks at every cell before one is read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from ingest.trends.rows import Cell
from ontology.errors import BadRequest

ORDERS: Final = ("day-first", "month-first", "year-first")
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001  (local times have no zone yet)
_EXCEL: Final = dt.datetime(1899, 12, 30)  # noqa: DTZ001
"""Day 0 of spreadsheets, which believe that 1900 was a leap year."""
_SERIAL: Final = (20_000.0, 80_000.0)
"""Days since then: 1954 to 2119."""
_SECONDS: Final = (631_152_000.0, 7_258_118_400.0)
"""Unix seconds of 1990 to 2200; a thousand times as much are milliseconds."""
_MONTHS: Final = {
    word: number
    for number, words in enumerate(
        ("jan january januar janvier enero gennaio", "feb february februar fevrier febrero", "mar march märz mär mrz mars",
         "apr april avr avril abril", "may mai mayo", "jun june juni juin junio", "jul july juli juillet julio",
         "aug august aout août agosto", "sep sept september septembre", "oct october okt oktober octobre",
         "nov november novembre", "dec december dez dezember decembre"), 1)
    for word in words.split()
}  # fmt: skip
_DATE: Final = re.compile(r"(\d{1,4})([-/.])(\d{1,2}|[^\W\d_]{3,9})\.?\2(\d{1,4})")
_NAMED: Final = re.compile(
    r"(?:[^\W\d_]{2,9}\.?,?\s+)?(?:(\d{1,2})\.?\s+([^\W\d_]{3,9})\.?,?\s+(\d{4})|([^\W\d_]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4}))"
)
_PACKED: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CLOCK: Final = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.](\d{2})(?:[.,:]\d{1,9})?)?")
_ZONE: Final = re.compile(r"(?:Z|UTC|GMT|([+-])(\d{2}):?(\d{2})?)", re.IGNORECASE)
_ABBREVIATION: Final = re.compile(r"[A-Z]{2,5}")
_WEEKDAY: Final = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d{5,14}(?:[.,]\d+)?")
_HALF: Final = {"am": 0, "a.m.": 0, "pm": 12, "p.m.": 12}
_LONGEST: Final = 60


class Moment(NamedTuple):
    """Seconds since 1970, of the local clock or, with `universal`, of UTC. `zone`: an abbreviation, as "EDT"."""

    seconds: int
    universal: bool = False
    zone: str = ""


class Unread(ValueError):
    """A cell that is no time; its text says why, for the list of rows set aside."""


class _Digits(NamedTuple):
    """A date in digits, in the order written."""

    first: int
    second: int
    third: int
    four: int
    """Which of the three has four digits: 1, 3, or 0 for none."""


@dataclass(slots=True)
class Survey:
    """What a whole column of times looks like."""

    kinds: Counter[str] = field(default_factory=Counter)
    """"digits", "plain" (year first, named month, typed), "number", "none"."""
    most_first: int = 0
    most_second: int = 0
    unequal: bool = False
    year_first: int = 0
    numbers: Counter[str] = field(default_factory=Counter)
    example: str = ""

    def see(self, cell: Cell) -> None:
        """Take one more cell into account."""
        kind, digits = _kind(cell) if isinstance(cell, str) else (_typed_kind(cell), None)
        self.kinds[kind] += 1
        if digits is not None:
            self._see_digits(digits, cell)
        elif kind == "number":
            self.numbers[_scale(_as_number(cell))] += 1

    def _see_digits(self, digits: _Digits, cell: str) -> None:
        if digits.four == 1 or digits.first > 31:
            self.year_first += 1
            return
        if digits.first > 12 and digits.second > 12:
            return  # no date in any order: its row will be told
        self.most_first = max(self.most_first, digits.first)
        self.most_second = max(self.most_second, digits.second)
        if digits.first != digits.second and not self.unequal:
            self.unequal, self.example = True, str(cell)[:_LONGEST]

    def order(self, given: str = "") -> str:
        """Day or month first, as given or as the column proves. Raises BadRequest where it does not.

        >>> survey = Survey()
        >>> for text in ("01/02/2026 10:00", "13/02/2026 10:00"): survey.see(text)
        >>> survey.order()
        'day-first'
        """
        if given:
            return given
        day, month = self.most_first > 12, self.most_second > 12
        if day != month or not self.unequal:
            return "month-first" if month and not day else "day-first"
        why = (
            "some dates can only be day first, others only month first"
            if day else f"dates such as {self.example!r} may be day or month first, and no date in the file decides it"
        )  # fmt: skip
        raise BadRequest(
            why, hint='say it in the map: dates = "day-first" or dates = "month-first"'
        )

    @property
    def numbers_are(self) -> str:
        """How bare numbers are meant, by what most of them are: "s", "ms", "serial", or "" for no time."""
        if (
            self.kinds["number"] * 2
            < self.kinds["number"] + self.kinds["digits"] + self.kinds["plain"]
        ):
            return ""
        return self.numbers.most_common(1)[0][0] if self.numbers else ""


def looks_like_time(cell: Cell) -> bool:
    """Whether a cell can be the time of a row; a bare number can not, which may be a value as well."""
    kind = _kind(cell)[0] if isinstance(cell, str) else _typed_kind(cell)
    return kind in ("digits", "plain")


def looks_like_clock(cell: Cell) -> bool:
    """Whether a cell holds a time of day alone."""
    if isinstance(cell, dt.time):
        return True
    return isinstance(cell, str) and len(cell) < _LONGEST and _split_clock(cell.strip()) is not None


def may_be_instant(cell: Cell) -> bool:
    """Whether a bare number lies where unix seconds, milliseconds or a spreadsheet's days do."""
    if isinstance(cell, str) and not _NUMBER.fullmatch(cell.strip()):
        return False
    return (
        isinstance(cell, (str, int, float))
        and not isinstance(cell, bool)
        and bool(_scale(_as_number(cell)))
    )


@dataclass(slots=True)
class Reader:
    """Reads the cells of a surveyed column."""

    order: str
    numbers_are: str = ""

    def read(self, cell: Cell, clock: Cell = None) -> Moment:
        """The moment a cell says, with the time of day from a second column where there is one. Raises Unread."""
        if clock not in (None, ""):
            return _joined(cell, clock, self)
        if isinstance(cell, str):
            return self._text(cell.strip())
        if isinstance(cell, dt.datetime):
            return _of_datetime(cell)
        if isinstance(cell, dt.date):
            return Moment(_day(cell.year, cell.month, cell.day))
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            return self._number(float(cell))
        raise Unread("no time")

    def _text(self, text: str) -> Moment:
        if not text:
            raise Unread("no time")
        if len(text) > _LONGEST:
            raise Unread("no time: a long text")
        if _NUMBER.fullmatch(text) and not _PACKED.fullmatch(text):
            return self._number(_as_number(text))
        date, rest = _split_date(text)
        clock, zone = _clock_and_zone(rest)
        seconds = _read_date(date, self.order) + clock
        return (
            Moment(seconds, *_meaning(zone))
            if not zone or zone[0] not in "+-"
            else _offset(seconds, zone)
        )

    def _number(self, number: float) -> Moment:
        scale = _scale(number)
        if not self.numbers_are or scale != self.numbers_are:
            raise Unread("a number where the column's other cells are times of another kind")
        if scale == "serial":
            return Moment(round((_EXCEL - _EPOCH).total_seconds() + number * 86_400))
        return Moment(int(number // 1000 if scale == "ms" else number // 1), universal=True)


def _joined(cell: Cell, clock: Cell, reader: Reader) -> Moment:
    """A date and a time of day that stand in two columns."""
    day = reader.read(cell)
    if isinstance(clock, dt.datetime):
        clock = clock.time()
    if isinstance(clock, dt.time):
        return day._replace(
            seconds=day.seconds + clock.hour * 3600 + clock.minute * 60 + clock.second
        )
    if isinstance(clock, float) and 0 <= clock < 1:  # a spreadsheet's share of a day
        return day._replace(seconds=day.seconds + round(clock * 86_400))
    seconds, zone = _clock_and_zone(str(clock).strip()[:_LONGEST])
    total = day.seconds + seconds
    return _offset(total, zone) if zone and zone[0] in "+-" else Moment(total, *_meaning(zone))


# --- what a cell is -------------------------------------------------------------------------------


def _typed_kind(cell: Cell) -> str:
    if isinstance(cell, (dt.datetime, dt.date)):
        return "plain"
    return "number" if may_be_instant(cell) else "none"


@lru_cache(maxsize=50_000)
def _date_kind(date: str) -> tuple[str, _Digits | None]:
    if (found := _DATE.fullmatch(date)) is not None:
        first, _, middle, third = found.groups()
        if not middle.isdecimal():
            return ("plain" if middle.lower() in _MONTHS else "none"), None
        four = 1 if len(first) == 4 else 3 if len(third) == 4 else 0
        return "digits", _Digits(int(first), int(middle), int(third), four)
    packed = _PACKED.fullmatch(date)
    return ("plain" if packed or _NAMED.fullmatch(date) else "none"), None


def _kind(text: str) -> tuple[str, _Digits | None]:
    text = text.strip()
    return ("none", None) if len(text) > _LONGEST else _short_kind(text)


@lru_cache(maxsize=20_000)
def _short_kind(text: str) -> tuple[str, _Digits | None]:
    """In a long table, the same time stands in many rows."""
    if not any(map(str.isdecimal, text)):
        return "none", None
    if _NUMBER.fullmatch(text) and not _PACKED.fullmatch(text):
        return ("number" if _scale(_as_number(text)) else "none"), None
    try:
        date, rest = _split_date(text)
        _clock_and_zone(rest)
    except Unread:
        return "none", None
    return _date_kind(date)


def _scale(number: float) -> str:
    if _SERIAL[0] <= number <= _SERIAL[1]:
        return "serial"
    if _SECONDS[0] <= number <= _SECONDS[1]:
        return "s"
    return "ms" if _SECONDS[0] * 1000 <= number <= _SECONDS[1] * 1000 else ""


def _as_number(cell: Cell) -> float:
    return float(cell.strip().replace(",", ".")) if isinstance(cell, str) else float(cell)


# --- parts of a text ------------------------------------------------------------------------------


def _split_date(text: str) -> tuple[str, str]:
    """The date, and what follows it."""
    text = _WEEKDAY.sub("", text, count=1) if text[:1].isalpha() else text
    for shape in (_DATE, _NAMED, _PACKED):
        found = shape.match(text)
        if found is not None:
            rest = text[found.end() :]
            if not rest or rest[0] in " T,\t_":
                return found[0], rest.lstrip(" T,\t_")
    raise Unread(f"no time: {text[:40]!r}")


@lru_cache(maxsize=200_000)
def _clock_and_zone(text: str) -> tuple[int, str]:
    """Seconds of the day, and an offset or abbreviation; 24:00 is the end of the day."""
    if not text:
        return 0, ""
    found = _split_clock(text)
    if found is None:
        raise Unread(f"no time of day: {text[:40]!r}")
    return found


def _split_clock(text: str) -> tuple[int, str] | None:
    found = _CLOCK.match(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    words = text[found.end() :].split()
    half = _HALF.get(words[0].lower()) if words else None
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour, words = hour % 12 + half, words[1:]
    zone = words[0] if words else ""
    fits = hour < 24 or (hour, minute, second) == (24, 0, 0)
    known = not zone or _ZONE.fullmatch(zone) or _ABBREVIATION.fullmatch(zone)
    if len(words) > 1 or not fits or minute > 59 or second > 60 or not known:
        return None
    return hour * 3600 + minute * 60 + min(second, 59), zone


def _meaning(zone: str) -> tuple[bool, str]:
    if zone.upper() in ("Z", "UTC", "GMT"):
        return True, ""
    return False, zone


def _offset(seconds: int, zone: str) -> Moment:
    found = _ZONE.fullmatch(zone)
    if found is None or found[1] is None or int(found[2]) > 15:
        raise Unread(f"no offset from UTC: {zone!r}")
    away = int(found[2]) * 3600 + int(found[3] or 0) * 60
    return Moment(seconds + (away if found[1] == "-" else -away), universal=True)


@lru_cache(maxsize=50_000)
def _read_date(text: str, order: str) -> int:
    """Seconds from 1970 to the beginning of a day."""
    found = _DATE.fullmatch(text)
    if found is not None and found[3].isdecimal():
        return _of_digits(text, found, order)
    if found is not None:
        month = _MONTHS.get(found[3].lower(), 0)
        if len(found[1]) == 4:
            return _day(int(found[1]), month, int(found[4]), text)
        return _day(_year(int(found[4])), month, int(found[1]), text)
    if (packed := _PACKED.fullmatch(text)) is not None:
        return _day(int(packed[1]), int(packed[2]), int(packed[3]), text)
    named = _NAMED.fullmatch(text)
    if named is None:
        raise Unread(f"no date: {text[:40]!r}")
    day, month_name, year = (
        (named[1], named[2], named[3]) if named[1] else (named[5], named[4], named[6])
    )
    return _day(int(year), _MONTHS.get(month_name.lower(), 0), int(day), text)


def _of_digits(text: str, found: re.Match[str], order: str) -> int:
    first, second, third = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == 4 or first > 31 or (order == "year-first" and third <= 31):
        return _day(_year(first), second, third, text)
    day, month = (second, first) if order == "month-first" else (first, second)
    try:
        return _day(_year(third), month, day, text)
    except Unread as cause:
        raise Unread(f"no {order} date: {text!r}") from cause


def _year(number: int) -> int:
    """Two digits are 1970 to 2069, as POSIX has it."""
    return number if number > 99 else number + (1900 if number >= 70 else 2000)


def _day(year: int, month: int, day: int, text: str = "") -> int:
    try:
        return int((dt.datetime(year, month, day) - _EPOCH).total_seconds())  # noqa: DTZ001
    except ValueError as cause:
        raise Unread(f"no such day: {text[:40]!r}") from cause


def _of_datetime(at: dt.datetime) -> Moment:
    if at.tzinfo is not None:
        return Moment(int(at.timestamp() // 1), universal=True)
    # a spreadsheet's times are fractions of a day: 10:00 may come as 09:59:59.999997
    seconds = (at - _EPOCH).total_seconds()
    nearest = round(seconds)
    return Moment(nearest if abs(seconds - nearest) < 0.001 else int(seconds // 1))
