"""Kinds of equipment: the words that name them, and the points that give them away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of equipment: its marker tags, its words, and what it is to the rules.

    `words` name it only with a number behind them, or alone between two separators; `plain` words
    name it wherever they open a part of the name. `traits` reach the rules as `on:trait`.
    """

    name: str
    tags: str
    words: str
    plain: str = ""
    traits: str = ""


KINDS: Final = tuple(
    Kind(*row)
    for row in (
        ("ahu", "ahu", "rlt lta airhandler cta", "ahu", "air"),
        ("rtu", "ahu rtu", "rooftop", "rtu", "air"),
        ("doas", "ahu doas", "oau fau mua erv hrv", "pau mau doas", "air outside-unit"),
        ("vav", "vav airTerminalUnit", "vma tb ftu atu tu cav fpb vvt vv", "vav", "terminal"),
        ("fcu", "fcu", "fc fancoil fco", "fcu", "terminal coil-unit"),
        ("unit-heater", "unitHeater", "uh cuh", "", "terminal"),
        ("crac", "crac", "crah pcu ccu", "crac", "air"),
        ("heat-pump", "heatPump", "hp whp wshp", "", "terminal"),
        ("chilled-water-plant", "chilledWaterPlant plant", "chwplant cpm", "", "plant chills"),
        ("hot-water-plant", "hotWaterPlant plant", "hwplant", "", "plant heats"),
        ("chiller", "chiller", "ch chl chr wcc acc km kaltemaschine", "chiller chlr", "plant chills starter"),
        ("chilled-water-pump", "pump chilled water", "chp pchp schp", "chwp pchwp schwp", "plant machine chills"),
        ("condenser-water-pump", "pump condenser water", "cwp cdp cowp cndwp", "cdwp", "plant machine condenses"),
        ("hot-water-pump", "pump hot water", "hwp hhp phwp shwp", "hhwp", "plant machine heats"),
        ("pump", "pump", "pump pmp pu p", "", "plant machine"),
        ("cooling-tower", "coolingTower", "ct clt twr kt", "coolingtower", "tower machine condenses"),
        ("boiler", "boiler", "blr boi kessel hwb", "boiler", "plant heats starter"),
        ("heating-circuit", "hotWaterPlant", "hgrp hk heizkreis hc hkr", "", "plant heats"),
        ("heat-exchanger", "heatExchanger", "hx hex phe phx wt", "", "plant"),
        ("fan", "fan", "ef sf rf exf kef tef gef jf fan srf", "", "machine fan-unit"),
        ("elec-meter", "elec meter", "em mtr meter dpm pm mdb emdb edb db smdb mcc pqm msb emsb mccb acb incomer", "", "elec"),
        ("thermal-meter", "thermal meter", "btu btum hm", "", "thermal"),
        ("water-meter", "water meter", "wm wmtr", "", "water"),
        ("gas-meter", "gas meter", "gm gmtr", "", "gas"),
        ("weather-station", "weatherStation", "ws wx", "wst weather weatherstation wetter", "weather"),
        ("tank", "tank", "tank tk wtk cwt", "", "tank"),
        ("iaq-sensor", "iaqSensor", "iaq aqs", "", "terminal"),
        ("vrf", "vrf", "idu odu vrf vrv", "", "terminal"),
        ("controller", "controller", "nae ncm sne jace nce", "", ""),
    )
)  # fmt: skip

KIND: Final = {kind.name: kind for kind in KINDS}
ENDINGS: Final = ("ahu", "fcu", "vav", "chwp", "cdwp", "cwp", "hwp", "ef")
"""Kinds known by the end of a longer word with a number behind it: CPEF-1, KAHU-2."""
NUMBERED: Final = {
    word: kind.name for kind in KINDS for word in (kind.words + " " + kind.plain).split()
}
PLAIN: Final = frozenset(word for kind in KINDS for word in kind.plain.split())
PAIRS: Final = {
    ("cooling", "tower"): "cooling-tower", ("roof", "top"): "rtu", ("fan", "coil"): "fcu", ("air", "handler"): "ahu",
    ("heat", "exchanger"): "heat-exchanger", ("heat", "pump"): "heat-pump", ("weather", "station"): "weather-station",
    ("btu", "meter"): "thermal-meter", ("unit", "heater"): "unit-heater", ("ahu", "unit"): "ahu", ("btu", "mtr"): "thermal-meter",
}  # fmt: skip
"""Kinds named by two words."""

REFINED: Final = {
    "pump": (("chilled", "chilled-water-pump"), ("condenser", "condenser-water-pump"),
             ("condenser-or-chilled", "condenser-water-pump"), ("hot", "hot-water-pump")),
    "elec-meter": (("thermal", "thermal-meter"), ("gas", "gas-meter"), ("water", "water-meter"), ("elec", "elec-meter")),
    "tank": (),
}  # fmt: skip
"""Kinds whose word is too general: a medium named just before it says which."""

_SIGNS: Final[dict[str, dict[str, float]]] = {
    # words of the points' tags that speak for a kind (and, negative, against it)
    "vav": {"damper": 2, "discharge air flow": 3, "zone air temp": 1, "reheat": 1, "fan": -3, "mixed": -4, "return": -4,
            "window": -2, "discharge air pressure": -3},
    "fcu": {"zone air temp": 1.5, "fan": 2, "valve": 2, "window": 1, "occ": 0.5, "damper": -2, "discharge air flow": -3,
            "return air": -2, "mixed": -4, "discharge air pressure": -3},
    "ahu": {"mixed": 3, "return air": 2, "outside damper": 2, "discharge air pressure": 2, "discharge fan": 2, "return fan": 2,
            "filter": 1.5, "discharge air temp": 1, "window": -3},
    "chiller": {"chilled water leaving": 2.5, "evaporator": 3, "compressor": 2, "load": 1, "condenser water": 1},
    "boiler": {"hot water leaving": 2.5, "fault": 0.3, "enable": 0.5, "chilled": -5},
    "cooling-tower": {"basin": 4, "condenser water": 1, "evaporator": -4, "chilled": -4},
    "elec-meter": {"elec volt": 3, "elec current": 1, "active energy": 2, "elec pf": 2, "run": -3},
}  # fmt: skip
_ENOUGH: Final = 4.0
"""Signs that add up to this name a kind: at least two different strong points."""


def kind_by_points(tag_sets: Iterable[frozenset[str]]) -> str:
    """The kind whose signs the points show most clearly; "" if none does, or two do alike."""
    shown = list(tag_sets)
    scores = sorted(((_score(signs, shown), kind) for kind, signs in _SIGNS.items()), reverse=True)
    (best, kind), (second, _) = scores[:2]
    return kind if best >= _ENOUGH and best - second >= 1 else ""


def _score(signs: Mapping[str, float], shown: list[frozenset[str]]) -> float:
    return sum(
        weight
        for sign, weight in signs.items()
        if any(tags.issuperset(sign.split()) for tags in shown)
    )


def traits_of(kind: str) -> frozenset[str]:
    """What a kind is to the rules: `on:air`, `on:plant` ...; empty for an unknown kind."""
    if kind not in KIND:
        return frozenset()
    return frozenset(f"on:{trait}" for trait in (*KIND[kind].traits.split(), kind))
