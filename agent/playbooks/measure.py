"""Which quantity is meant: base and modifier words, resolved by the kind of equipment they are said of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent.playbooks.words.measures import (
    BASE_PATTERNS,
    IMPLIED,
    MODIFIER_PATTERNS,
    REFINED,
    RULES,
    UNIT_PATTERNS,
)

_NOT_UNITS = re.compile(r"\b(?:kw/rt)\b")
_CONDITION = re.compile(
    r"(?P<op>not (?:above|over|below|under)|more than|less than|higher than|lower than|hotter than|colder than|warmer than|"
    r"cooler than|greater than|at least|at most|above|over|below|under|exceed(?:s|ed|ing)?|beyond|>=|<=|>|<|=)\s*"
    r"(?P<value>-?\d+(?:\.\d+)?)\s*(?P<unit>°?\s*[cf]\b|degrees(?: [cf]\b)?|%|percent|ppm|kw\b|kwh|rt\b|kpa|pa\b|hz)?"
)  # fmt: skip
_OPS = {
    "above": ">", "over": ">", "more than": ">", "higher than": ">", "hotter than": ">", "warmer than": ">",
    "greater than": ">", "beyond": ">", "at least": ">=", "below": "<", "under": "<", "less than": "<",
    "lower than": "<", "colder than": "<", "cooler than": "<", "at most": "<=", ">": ">", "<": "<", ">=": ">=",
    "<=": "<=", "=": "==", "not above": "<=", "not over": "<=", "not below": ">=", "not under": ">=",
}  # fmt: skip
_UNIT_BASE = {"c": "temp", "f": "temp", "degrees": "temp", "%": "humidity", "percent": "humidity", "ppm": "co2",
              "kw": "power", "kwh": "energy-use", "rt": "cooling"}  # fmt: skip
_TIMES = {"runtime", "starts"}
_SIDES = re.compile(r"\b(?:and|vs\.?|versus|plus|against)\b|[,&+]")
_LEVEL = re.compile(r"(?<![\w.])(\d{2,3}(?:\.\d+)?)\s*(?:°|degrees )?\s*([cf])\b")
_MOST_SIDES = 5
_STREAMS = frozenset({"supply", "return", "entering", "leaving", "mixed", "outside"})
_ACTUAL = re.compile(r"\b(?:actual|real|measured|reading|value)\b")


@dataclass(frozen=True)
class Measure:
    """What is measured, before it is known of what. `bases` are in the order of their table."""

    bases: tuple[str, ...] = ()
    mods: frozenset[str] = frozenset()
    unit: str = ""
    condition: Mapping[str, Any] | None = None

    @property
    def base(self) -> str:
        """The base that decides: pressure and flow keep theirs when a setpoint is asked."""
        bases = self.bases
        if self.condition and len(bases) > 1 and bases[0] in _TIMES:
            bases = bases[1:]
        if not bases:
            return "temp" if _told_by_mods(self.mods) else ""
        if bases[0] == "setpoint" and (other := {"pressure", "flow"} & set(bases)):
            return min(other)
        return bases[0]

    def of(self, family: str, kind: str = "") -> str | None:
        """The role or derived quantity on a family of equipment; None if nothing fits."""
        if not self.base:
            return None
        for rule in RULES:
            if rule.family in (family, "") and rule.base == self.base and rule.mods <= self.mods:
                return REFINED.get((kind, rule.quantity), rule.quantity)
        return None

    @property
    def implied(self) -> str:
        """The family this must be about when nothing is named; "" if it could be anything's."""
        return next(
            (
                family
                for mods, bases, family in IMPLIED
                if self.base in bases.split() and mods <= self.mods
            ),
            "",
        )


def _told_by_mods(mods: frozenset[str]) -> bool:
    """ "Mixed air?", "chilled water supply": streams are asked about by their temperature."""
    stream = mods & {"return", "supply", "leaving", "entering"} and mods & {
        "air",
        "water",
        "chilled",
    }
    return bool(stream) or "mixed" in mods


def read_measure(text: str) -> Measure:
    """Bases, modifiers, wanted unit and condition in a text whose times and entities are masked."""
    condition = _condition(text)
    plain = _CONDITION.sub(" ", text)
    bases = tuple(base for base, pattern in BASE_PATTERNS if pattern.search(plain))
    if condition and not set(bases) - _TIMES - {"run"}:
        implied = condition.pop("base")
        bases = (*bases, implied) if implied else bases
    if condition:
        condition.pop("base", None)
    mods = frozenset(mod for mod, pattern in MODIFIER_PATTERNS if pattern.search(plain))
    unit = _unit(text, bases)
    if condition and condition.pop("fahrenheit", False):
        unit = "°F"
    return Measure(bases, mods, unit, condition)


def at_level(measure: Measure, text: str) -> Measure:
    """ "Rooms 80f": of many, a temperature alone is one to reach."""
    level = _LEVEL.search(text)
    if level is None or measure.condition or measure.base not in {"", "temp"}:
        return measure
    condition = {"op": ">=", "value": float(level[1])}
    return replace(
        measure, bases=("temp",), unit="°F" if level[2] == "f" else "", condition=condition
    )


def together(text: str, family: str, kind: str, first: str) -> tuple[str, ...]:
    """All that is asked in one breath, as said: "temp and humidity", "setpoint vs actual". () if one."""
    sides = _SIDES.split(text)
    read = [read_measure(side) for side in sides]
    if len(sides) < 2 or len(sides) > _MOST_SIDES:
        return ()
    if any(one.base == "temp" for one in read):  # "supply and return temp"
        read = [
            read_measure(f"{s} temp") if _streams(one) else one
            for s, one in zip(sides, read, strict=True)
        ]
    said = [one.of(family, kind) for one in read]
    if first.endswith("-sp") and any(_ACTUAL.search(side) for side in sides):
        said.append(first.removesuffix("-sp"))
    found = tuple(dict.fromkeys(each for each in said if each))
    return found if first in found and len(found) > 1 else ()


def _streams(measure: Measure) -> bool:
    """Which air or water, without what of it."""
    return not measure.bases and bool(measure.mods & _STREAMS)


def _unit(text: str, bases: tuple[str, ...]) -> str:
    plain = _NOT_UNITS.sub(" ", text)
    found = next((unit for unit, pattern in UNIT_PATTERNS if pattern.search(plain)), "")
    if found in {"°C", "kWh", "L/s", "kPa"}:
        return ""
    return "" if found == "RT" and "cooling" not in bases and "load" not in bases else found


def _condition(text: str) -> dict[str, Any] | None:
    m = _CONDITION.search(text)
    if not m:
        return None
    op = _OPS.get(m["op"], ">")
    unit = (m["unit"] or "").replace("°", "").strip()
    fahrenheit = unit.endswith("f")
    word = unit.split()[0] if unit else ""
    base = _UNIT_BASE.get(word, "" if unit else "temp" if 10 <= float(m["value"]) <= 110 else "")
    return {"op": op, "value": float(m["value"]), "base": base, "fahrenheit": fahrenheit}
