"""Units and kinds of quantity: the only place where a number changes its unit.

A temperature and a temperature difference are different kinds: 10 °C is 50 °F, 10 K is 18 °F of
difference. Efficiency converts between kW/RT, COP and EER, which are reciprocal. The table with its
sources is `ontology.unit_table`.
"""

from __future__ import annotations

import difflib
import math
import re
from typing import Final

from ontology.errors import BadRequest
from ontology.unit_table import KW_PER_RT, MORE, SHOWN, Unit

__all__ = [
    "ALL_UNITS", "KW_PER_RT", "UNITS", "Unit", "convert", "kinds_of_unit", "nearest_units",
    "quantity_of_unit", "symbol", "units_of",
]  # fmt: skip

UNITS: Final[tuple[Unit, ...]] = SHOWN
"""The units the house answers in; `ALL_UNITS` are those that models and devices may carry."""
ALL_UNITS: Final[tuple[Unit, ...]] = SHOWN + MORE

_KIND_OF_QUANTITY: Final = {"air-flow": "flow", "water-flow": "flow"}
_TABLE: Final[dict[tuple[str, str], Unit]] = {(unit.kind, unit.symbol): unit for unit in ALL_UNITS}

_ALIASES: Final = {
    # what people write; case does not count
    "c": "°C", "degc": "°C", "deg_c": "°C", "f": "°F", "degf": "°F", "deg_f": "°F", "k": "K", "δ°c": "Δ°C",
    "degrees-celsius": "°C", "degrees-fahrenheit": "°F", "ºc": "°C", "ºf": "°F", "℃": "°C", "℉": "°F",
    "delta_c": "Δ°C", "delta_f": "Δ°F", "δ°f": "Δ°F", "deltac": "Δ°C", "deltaf": "Δ°F",
    "ton": "RT", "tons": "RT", "tr": "RT", "tonr": "RT", "kw": "kW", "mw": "MW", "w": "W",
    "btuh": "Btu/h", "btu/hr": "Btu/h", "kbtuh": "MBH", "kbtu/hr": "MBH", "ton-h": "RTh", "ton-hr": "RTh",
    "lps": "L/s", "m3h": "m³/h", "cmh": "m³/h", "m3/hr": "m³/h", "m³/hr": "m³/h", "lpm": "L/min",
    "usgpm": "gpm", "us_gpm": "gpm", "cmm": "m³/min", "l/hr": "L/h", "inwc": "inH₂O", "inwg": "inH₂O",
    "in.w.c.": "inH₂O", "in_wc": "inH₂O", "iwc": "inH₂O", "ftwc": "ftH₂O", "kpag": "kPa", "barg": "bar",
    "psig": "psi", "rh": "%RH", "pct": "%", "hours": "h", "hrs": "h", "minutes": "min",
    "mins": "min", "days": "d", "seconds": "s", "secs": "s", "kw/tr": "kW/RT", "kw/tonref": "kW/RT",
    "a": "A", "v": "V", "lux": "lx", "sq_ft": "ft²", "sq_m": "m²", "sqm": "m²", "hz": "Hz",
    "ug/m3": "µg/m³", "μg/m³": "µg/m³", "us/cm": "µS/cm", "baht": "THB",
}  # fmt: skip
_BACNET: Final = {
    # names of BACnet's engineering units (ASHRAE 135, clause 21) that are not those of the table
    "no-units": "", "degrees-kelvin": "K", "delta-degrees-kelvin": "ΔK", "delta-degrees-fahrenheit": "Δ°F",
    "delta-degrees-celsius": "Δ°C", "foot-candles": "ftcd", "luxes": "lx", "pounds-mass": "lb", "ohms": "Ω",
    "pounds-mass-per-second": "lb/s", "pounds-mass-per-minute": "lb/min", "pounds-mass-per-hour": "lb/h",
    "tons-per-hour": "t/h", "ton-hours": "RTh", "pounds-force-per-square-inch": "psi",
    "us-gallons": "gal", "us-gallons-per-minute": "gpm", "us-gallons-per-hour": "gal/h", "kilo-btus": "kBtu",
    "kilo-btus-per-hour": "MBH", "mega-btus": "MMBTU", "months": "mo", "hundredths-seconds": "hsec",
    "meters-per-second-per-second": "m/s²", "degrees-kelvin-per-hour": "K/h", "degrees-kelvin-per-minute": "K/min",
    "newton": "N", "henrys": "henry", "watts-per-meter-per-degree-kelvin": "W/m_K", "btus": "BTU",
    "bars": "bar", "farads": "farad", "therms": "therm", "cubic-feet": "ft³", "square-inches": "in²",
    "thousand-cubic-feet": "Mcf", "watt-hours-reactive": "VARh", "kilowatt-hours-reactive": "kVARh",
    "megawatt-hours-reactive": "MVARh", "kilobtus-per-hour": "MBH", "kilovolt-ampere-hours-reactive": "kVARh", "volt-ampere-hours-reactive": "VARh",
    "megavolt-ampere-hours-reactive": "MVARh",
}  # fmt: skip
_PLAIN: Final = str.maketrans("²³₂ -", "232__")
_SHORTEST_NAME: Final = 4
"""Letters a written-out name has at least; shorter ones are symbols, whose last s is a second."""


def _plain(name: str) -> str:
    """A spelling that ignores case, superscripts, and blanks."""
    return name.strip().lower().translate(_PLAIN).replace("^", "")


def _by_exact_name() -> dict[str, str]:
    found: dict[str, str] = {unit.symbol: unit.symbol for unit in ALL_UNITS}
    for unit in ALL_UNITS:
        for name in unit.names:
            found.setdefault(name, unit.symbol)
    return found


def _by_plain_name() -> dict[str, str]:
    found = {_plain(name): symbol for name, symbol in _ALIASES.items()}
    for unit in ALL_UNITS:
        for name in (unit.symbol, *unit.names):
            found.setdefault(_plain(name), unit.symbol)
    return found


def _stem(name: str) -> str:
    """A written-out name without plurals, word signs and British spelling: "kilowattHours" is "kilowatthour"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    words = words.replace("metre", "meter").replace("litre", "liter")
    return "".join(word.removesuffix("s") for word in re.split(r"[\W_]+", words))


def _by_stem() -> dict[str, str]:
    """Units by their stems; a name written in one piece loses only the last plural."""
    names = [*_BACNET.items(), *((name, unit.symbol) for unit in ALL_UNITS for name in unit.names)]
    found: dict[str, str] = {}
    for name, symbol in names:
        if len(name) >= _SHORTEST_NAME and re.fullmatch(r"[\w-]+", name):
            found.setdefault(_stem(name), symbol)
            found.setdefault(_stem(re.sub(r"[\W_]+", "", name)), symbol)
    return found


_EXACT: Final = _by_exact_name()
_LOOSE: Final = _by_plain_name()
_STEMS: Final = _by_stem()


def _kinds() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for unit in ALL_UNITS:
        found.setdefault(unit.symbol, []).append(unit.kind)
    return {symbol: tuple(kinds) for symbol, kinds in found.items()}


_KINDS: Final = _kinds()


def symbol(name: str) -> str:
    """The unit's symbol as shown to people: "degF" and "f" are "°F". Unknown names come back as they are.

    BACnet's names are known in kebab and camel case; its "no-units" is "".

    >>> symbol("tons"), symbol("m3/h"), symbol("kilowattHours"), symbol("furlong")
    ('RT', 'm³/h', 'kWh', 'furlong')
    """
    name = name.strip()
    known = _EXACT.get(name) or _LOOSE.get(_plain(name))
    if known is None and len(name) >= _SHORTEST_NAME:
        known = _STEMS.get(_stem(name))
    return name if known is None else known


def units_of(kind: str) -> tuple[str, ...]:
    """Symbols a kind of quantity can be shown in; empty for counts, states and ratios."""
    kind = _KIND_OF_QUANTITY.get(kind, kind)
    return tuple(unit.symbol for unit in UNITS if unit.kind == kind)


def kinds_of_unit(name: str) -> tuple[str, ...]:
    """Every kind of quantity this unit can measure, the usual one first; () for an unknown unit.

    >>> kinds_of_unit("degC"), kinds_of_unit("%"), kinds_of_unit("furlong")
    (('temp', 'temp-difference'), ('percent', 'humidity'), ())
    """
    found = _KINDS.get(symbol(name), ())
    return tuple(sorted(found, key=lambda kind: kind == "humidity")) if len(found) > 1 else found


def quantity_of_unit(name: str) -> str:
    """The kind of quantity a unit measures; K, °C and °F are a temperature. BadRequest if unknown.

    >>> quantity_of_unit("kWh"), quantity_of_unit("inches_of_water")
    ('energy', 'pressure')
    """
    kinds = kinds_of_unit(name)
    if not kinds:
        raise BadRequest(f"no unit is called {name!r:.40}", hint=_perhaps(name))
    return kinds[0]


def nearest_units(name: str, *, count: int = 4) -> tuple[str, ...]:
    """Symbols of the units spelt most like an unknown one, nearest first."""
    close = difflib.get_close_matches(_plain(name)[:40], sorted(_LOOSE), n=count, cutoff=0.6)
    return tuple(dict.fromkeys(_LOOSE[one] for one in close))


def convert(value: float, source: str, target: str, kind: str | None = None) -> float:
    """The same quantity in another unit; NaN stays NaN. Raises BadRequest where units do not fit.

    `kind` is a role's quantity ("temp", "air-flow" ...) or "temp-difference". Without it K means a
    difference, °C and °F a temperature.

    >>> round(convert(100.0, "°C", "°F"), 6), round(convert(10.0, "K", "°F"), 6)
    (212.0, 18.0)
    >>> round(convert(1758.425, "kW", "RT"), 6)
    500.0
    """
    source, target = symbol(source), symbol(target)
    if source == target:
        return value
    kind = _KIND_OF_QUANTITY.get(kind, kind) if kind else _kind_of(source, target)
    here, there = _TABLE.get((kind, source)), _TABLE.get((kind, target))
    if here is None or there is None or math.isnan(here.scale):
        raise _refusal(source, target, kind)
    return there.from_base(here.to_base(value))


def _refusal(source: str, target: str, kind: str) -> BadRequest:
    for name in (source, target):
        if name and name not in _KINDS:
            return BadRequest(f"no unit is called {name!r:.40}", hint=_perhaps(name))
    able = ", ".join(units_of(kind)) or ", ".join(_partners(source)) or "no other unit"
    return BadRequest(
        f"{source or 'a plain number'} cannot be shown in {target}", hint=f"possible: {able}"
    )


def _perhaps(name: str) -> str:
    near = ", ".join(nearest_units(name))
    return (
        f"possible: {near}" if near else "possible: a unit of Haystack's database, such as °C or kW"
    )


def _kind_of(source: str, target: str) -> str:
    """The kind both units belong to; "" if there is none."""
    kinds = {*_KINDS.get(source, ())} & {*_KINDS.get(target, ())}
    if kinds == {"temp", "temp-difference"}:
        return "temp-difference" if "K" in (source, target) else "temp"
    return next(iter(sorted(kinds)), "")


def _partners(source: str) -> list[str]:
    kinds = {*_KINDS.get(source, ())}
    return sorted({unit.symbol for unit in UNITS if unit.kind in kinds})
