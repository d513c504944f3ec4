"""How a figure is shown: the one place where a number becomes text, in digits a technician expects."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agent.evidence import Figure

_DIGITS = {
    "°C": 1, "°F": 1, "K": 1, "kW/RT": 2, "COP": 2, "kPa": 0, "Pa": 0, "bar": 2, "psi": 1, "inH₂O": 2,
    "ppm": 0, "%": 0, "%RH": 0, "cfm": 0, "gpm": 0, "A": 0, "V": 0, "min": 0, "MWh": 1, "GJ": 1, "RT": 0,
    "THB": 0, "USD": 0, "EUR": 0, "room-hours": 0,
}  # fmt: skip
"""Decimals by unit: what the sensor or the trade can tell apart. Others by size."""

COUNTED = (
    "starts", "times", "days", "months", "work orders", "rows", "points", "rooms", "findings", "cases", "room-hours",
)  # fmt: skip
_THAI_UNITS = {
    "starts": "ครั้ง", "times": "ครั้ง", "days": "วัน", "months": "เดือน", "work orders": "ใบงาน", "rows": "แถว",
    "points": "จุด", "rooms": "ห้อง", "findings": "รายการ", "cases": "เรื่อง", "room-hours": "ห้อง-ชั่วโมง", "h": "ชม.",
    "THB": "บาท", "THB/kWh": "บาท/kWh", "on/off": "on/off",
}  # fmt: skip
WHOLE_UNITS = ("", "%", *COUNTED)


def show(figure: Figure, *, missing: str = "no data", thai: bool = False) -> str:
    """The figure with its unit: "5.4 K", "12,340 kWh", "on". Unknown is said, never zero.

    >>> show(Figure("a", 1234.56, "kWh", "E1")), show(Figure("b", None, "kW", "E1"))
    ('1,235 kWh', 'no data')
    """
    if figure.value is None:
        return missing
    if figure.unit == "on/off":
        return "on" if figure.value >= 0.5 else "off"
    text = number(figure.value, figure.unit)
    if figure.unit.startswith("%"):
        return text + figure.unit
    if thai:
        return f"{text} {_THAI_UNITS.get(figure.unit, figure.unit)}".strip()
    one = figure.value == 1 and figure.unit in COUNTED
    return f"{text} {figure.unit.removesuffix('s') if one else figure.unit}".strip()


def number(value: float, unit: str) -> str:
    """The digits alone, thousands separated; minus zero is zero."""
    if value == 0:
        return "0"
    if unit in (*WHOLE_UNITS, "h") and float(value).is_integer():
        return f"{value:,.0f}"
    digits = _DIGITS.get(unit)
    if digits is None:
        digits = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    elif digits == 0 and unit in ("kPa", "Pa", "A", "RT", "%") and 0 < abs(value) < 10:
        digits = 1
    text = f"{value:,.{digits}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def signed(figure: Figure) -> str:
    """A change with its sign: "+1.2 K"."""
    return ("+" if (figure.value or 0) > 0 else "") + show(figure)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_THAI_DAYS = ("จ.", "อ.", "พ.", "พฤ.", "ศ.", "ส.", "อา.")
_THAI_MONTHS = ("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.")  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """Times as people on site say them: local, with the date unless it is today, English or Thai."""

    zone: ZoneInfo
    now: dt.datetime
    thai: bool = False

    def time(self, instant: dt.datetime, *, dated: bool = False) -> str:
        """An instant: "14:30", "Thu 19 Nov 14:30"."""
        local = instant.astimezone(self.zone)
        if local.date() == self.now.astimezone(self.zone).date() and not dated:
            return f"{local:%H:%M}"
        return f"{self.date(local.date())} {local:%H:%M}"

    def date(self, day: dt.date) -> str:
        """A day: "Thu 19 Nov"; with its year when that is not this one."""
        days, months = (_THAI_DAYS, _THAI_MONTHS) if self.thai else (_DAYS, _MONTHS)
        year = "" if day.year == self.now.astimezone(self.zone).year else f" {day.year}"
        return f"{days[day.weekday()]} {day.day} {months[day.month - 1]}{year}"

    def span(self, start: dt.datetime, end: dt.datetime) -> str:
        """A range, whole days as dates: "Thu 19 Nov", "08:00 to 14:30", "Mon 16 Nov 00:00 to Fri 20 Nov 14:30"."""
        first, last = start.astimezone(self.zone), end.astimezone(self.zone)
        to = "ถึง" if self.thai else "to"
        if first.time() == last.time() == dt.time():
            final = last.date() - dt.timedelta(days=1)
            begin = self.date(first.date())
            return begin if final <= first.date() else f"{begin} {to} {self.date(final)}"
        if first.date() == last.date():
            return f"{self.time(start)} {to} {last:%H:%M}"
        return f"{self.time(start, dated=True)} {to} {self.time(end, dated=True)}"


def show_time(instant: dt.datetime, zone: ZoneInfo, now: dt.datetime) -> str:
    """An instant in English."""
    return Clock(zone, now).time(instant)


def show_span(start: dt.datetime, end: dt.datetime, zone: ZoneInfo, now: dt.datetime) -> str:
    """A range in English."""
    return Clock(zone, now).span(start, end)
