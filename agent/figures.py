"""How a figure is shown: the one place where a number becomes text, in digits a technician expects."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from agent.evidence import Figure

_DIGITS = {
    "°C": 1, "°F": 1, "K": 1, "kW/RT": 2, "COP": 2, "kPa": 0, "Pa": 0, "bar": 2, "psi": 1, "inH₂O": 2,
    "ppm": 0, "%": 0, "%RH": 0, "cfm": 0, "gpm": 0, "A": 0, "V": 0, "min": 0, "MWh": 1, "GJ": 1, "RT": 0,
}  # fmt: skip
"""Decimals by unit: what the sensor or the trade can tell apart. Others by size."""

WHOLE_UNITS = ("", "starts", "work orders", "open", "rows", "points")


def show(figure: Figure, *, missing: str = "no data") -> str:
    """The figure with its unit: "5.4 K", "12,340 kWh", "on". Unknown is said, never zero.

    >>> show(Figure("a", 1234.56, "kWh", "E1")), show(Figure("b", None, "kW", "E1"))
    ('1,235 kWh', 'no data')
    """
    if figure.value is None:
        return missing
    if figure.unit == "on/off":
        return "on" if figure.value >= 0.5 else "off"
    text = number(figure.value, figure.unit)
    return (
        f"{text} {figure.unit}".strip() if not figure.unit.startswith("%") else text + figure.unit
    )


def number(value: float, unit: str) -> str:
    """The digits alone, thousands separated; minus zero is zero."""
    if unit in WHOLE_UNITS and float(value).is_integer():
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


def show_time(instant: dt.datetime, zone: ZoneInfo, now: dt.datetime) -> str:
    """Local time, with the date unless it is today: "14:30", "Thu 19 Nov 14:30"."""
    local, today = instant.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"{local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M}"


def show_span(start: dt.datetime, end: dt.datetime, zone: ZoneInfo, now: dt.datetime) -> str:
    """A range of time, whole days as dates: "Thu 19 Nov", "19-20 Nov", "08:00-14:30"."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    midnight = dt.time()
    if first.time() == midnight and last.time() == midnight:
        final = last.date() - dt.timedelta(days=1)
        begin = f"{first:%a} {first.day} {first:%b}"
        return begin if final <= first.date() else f"{begin} to {final:%a} {final.day} {final:%b}"
    if first.date() == last.date():
        return f"{show_time(start, zone, now)} to {last:%H:%M}"
    return f"{show_time(start, zone, now)} to {show_time(end, zone, now)}"
