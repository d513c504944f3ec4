"""Units and kinds of quantity: the only place where a number changes its unit.

Factors are exact or from NIST SP 811 (https://www.nist.gov/pml/special-publication-811, appendix B).
A temperature and a temperature difference are different kinds: 10 °C is 50 °F, 10 K is 18 °F of
difference. Efficiency converts between kW/RT and COP, which are reciprocal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ontology.errors import BadRequest

KW_PER_RT: Final = 3.51685
"""One refrigeration ton is 12,000 Btu(IT)/h."""


@dataclass(frozen=True)
class Unit:
    """`base = value * scale + offset`, where base is the kind's first unit; `inverse`: base = scale / value."""

    symbol: str
    kind: str
    scale: float
    offset: float = 0.0
    inverse: bool = False

    def to_base(self, value: float) -> float:
        return _over(self.scale, value) if self.inverse else value * self.scale + self.offset

    def from_base(self, base: float) -> float:
        return _over(self.scale, base) if self.inverse else (base - self.offset) / self.scale


def _over(top: float, bottom: float) -> float:
    return top / bottom if bottom else float("nan")


def _rows(kind: str, *rows: tuple[str, float] | tuple[str, float, float]) -> list[Unit]:
    return [Unit(row[0], kind, row[1], *row[2:]) for row in rows]


_FAHRENHEIT = 5 / 9

UNITS: tuple[Unit, ...] = (
    *_rows("temp", ("°C", 1.0), ("°F", _FAHRENHEIT, -32 * _FAHRENHEIT), ("K", 1.0, -273.15)),
    *_rows("temp-difference", ("K", 1.0), ("°C", 1.0), ("°F", _FAHRENHEIT)),
    *_rows("power", ("kW", 1.0), ("W", 1e-3), ("MW", 1e3), ("RT", KW_PER_RT),
           ("Btu/h", KW_PER_RT / 12_000), ("MBH", KW_PER_RT / 12), ("hp", 0.7456999)),
    *_rows("energy", ("kWh", 1.0), ("Wh", 1e-3), ("MWh", 1e3), ("GWh", 1e6), ("MJ", 1 / 3.6),
           ("GJ", 1e3 / 3.6), ("RTh", KW_PER_RT), ("kBtu", KW_PER_RT / 12)),
    *_rows("pressure", ("Pa", 1.0), ("kPa", 1e3), ("bar", 1e5), ("mbar", 100.0),
           ("psi", 6894.757), ("inH₂O", 249.089), ("ftH₂O", 2989.067), ("mH₂O", 9806.65)),
    *_rows("flow", ("L/s", 1.0), ("m³/h", 1 / 3.6), ("m³/s", 1e3), ("cfm", 0.4719474),
           ("gpm", 0.0630902), ("L/min", 1 / 60)),
    *_rows("humidity", ("%RH", 1.0), ("%", 1.0)),
    *_rows("percent", ("%", 1.0)),
    *_rows("co2", ("ppm", 1.0)),
    *_rows("current", ("A", 1.0)),
    *_rows("voltage", ("V", 1.0), ("kV", 1e3)),
    *_rows("duration", ("h", 1.0), ("min", 1 / 60), ("s", 1 / 3600), ("d", 24.0)),
    *_rows("efficiency", ("kW/RT", 1.0)),
    Unit("COP", "efficiency", KW_PER_RT, inverse=True),
)  # fmt: skip

_KIND_OF_QUANTITY = {"air-flow": "flow", "water-flow": "flow"}
_TABLE: dict[tuple[str, str], Unit] = {(unit.kind, unit.symbol): unit for unit in UNITS}

_ALIASES = {
    "c": "°C", "degc": "°C", "celsius": "°C", "deg c": "°C", "f": "°F", "degf": "°F", "fahrenheit": "°F",
    "deg f": "°F", "k": "K", "kelvin": "K", "δ°c": "K", "ton": "RT", "tons": "RT", "tr": "RT",
    "rt": "RT", "tonref": "RT", "kw": "kW", "mw": "MW", "w": "W", "btu/h": "Btu/h", "btuh": "Btu/h",
    "kwh": "kWh", "mwh": "MWh", "wh": "Wh", "gwh": "GWh", "gj": "GJ", "mj": "MJ", "kbtu": "kBtu",
    "rth": "RTh", "ton-h": "RTh", "l/s": "L/s", "lps": "L/s", "m3/h": "m³/h", "cmh": "m³/h", "m3/s": "m³/s",
    "lpm": "L/min", "l/min": "L/min", "usgpm": "gpm", "pa": "Pa", "kpa": "kPa", "inwc": "inH₂O",
    "inh2o": "inH₂O", "in.w.c.": "inH₂O", "fth2o": "ftH₂O", "mh2o": "mH₂O", "rh": "%RH", "%rh": "%RH",
    "percent": "%", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "minutes": "min", "mins": "min",
    "days": "d", "day": "d", "seconds": "s", "kw/rt": "kW/RT", "kw/ton": "kW/RT", "kw/tr": "kW/RT",
    "cop": "COP", "a": "A", "v": "V", "psig": "psi", "mbh": "MBH", "cfm": "cfm", "gpm": "gpm", "hp": "hp",
}  # fmt: skip


def symbol(name: str) -> str:
    """The unit's symbol as shown to people: "degF" and "f" are "°F". Unknown names come back as they are.

    >>> symbol("tons"), symbol("m3/h"), symbol("furlong")
    ('RT', 'm³/h', 'furlong')
    """
    name = name.strip()
    if any(unit.symbol == name for unit in UNITS):
        return name
    return _ALIASES.get(name.lower(), name)


def units_of(kind: str) -> tuple[str, ...]:
    """Symbols a kind of quantity can be shown in; empty for counts, states and ratios."""
    kind = _KIND_OF_QUANTITY.get(kind, kind)
    return tuple(unit.symbol for unit in UNITS if unit.kind == kind)


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
    if here is None or there is None:
        able = ", ".join(units_of(kind)) or ", ".join(_partners(source)) or "no other unit"
        raise BadRequest(
            f"{source or 'a plain number'} cannot be shown in {target}", hint=f"possible: {able}"
        )
    return there.from_base(here.to_base(value))


def _kind_of(source: str, target: str) -> str:
    """The kind both units belong to; "" if there is none."""
    kinds = {k for k, s in _TABLE if s == source} & {k for k, s in _TABLE if s == target}
    if kinds == {"temp", "temp-difference"}:
        return "temp-difference" if "K" in (source, target) else "temp"
    return next(iter(sorted(kinds)), "")


def _partners(source: str) -> list[str]:
    kinds = {k for k, s in _TABLE if s == source}
    return sorted({unit.symbol for unit in UNITS if unit.kind in kinds})
