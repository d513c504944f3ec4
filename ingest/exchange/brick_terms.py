"""What Brick's class names and units mean in Haystack tags: tables, and how a name nobody listed is read word by word.

Class names as facts from https://ontology.brickschema.org; units from https://qudt.org/vocab/unit.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["site", "space", "equip", "system", "point"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """The marker tags of a class, and the words of its name that said nothing to us."""

    kind: Kind
    tags: tuple[str, ...]
    unknown: tuple[str, ...] = ()


EQUIPS: Final[Mapping[str, str]] = {
    # Brick class -> Haystack markers besides `equip`
    "AHU": "ahu", "Air_Handler_Unit": "ahu", "Air_Handling_Unit": "ahu", "RTU": "ahu rtu",
    "Rooftop_Unit": "ahu rtu", "DOAS": "ahu doas", "Dedicated_Outdoor_Air_System_Unit": "ahu doas",
    "MAU": "ahu mau", "Makeup_Air_Unit": "ahu mau", "CRAC": "crac", "CRAH": "crah",
    "Computer_Room_Air_Conditioning": "crac", "Computer_Room_Air_Handler": "crah",
    "FCU": "fcu", "Fan_Coil_Unit": "fcu", "Unit_Ventilator": "unitVent", "Heat_Pump": "heatPump",
    "VAV": "vav", "Variable_Air_Volume_Box": "vav", "RVAV": "vav hotWaterHeating",
    "Variable_Air_Volume_Box_With_Reheat": "vav hotWaterHeating", "CAV": "cav",
    "Constant_Air_Volume_Box": "cav", "Terminal_Unit": "airTerminalUnit",
    "Air_Terminal_Unit": "airTerminalUnit", "Chilled_Beam": "chilledBeam",
    "Chiller": "chiller", "Absorption_Chiller": "chiller absorption",
    "Centrifugal_Chiller": "chiller centrifugal", "Boiler": "boiler", "Cooling_Tower": "coolingTower",
    "Pump": "pump", "Chilled_Water_Pump": "pump chilled water", "Hot_Water_Pump": "pump hot water",
    "Condenser_Water_Pump": "pump condenser water", "Heat_Exchanger": "heatExchanger",
    "HX": "heatExchanger", "Heat_Wheel": "heatWheel", "Fan": "fan", "Supply_Fan": "fan discharge",
    "Discharge_Fan": "fan discharge", "Return_Fan": "fan return", "Exhaust_Fan": "fan exhaust",
    "Damper": "damper", "Outside_Damper": "damper outside", "Mixed_Damper": "damper mixed",
    "Exhaust_Damper": "damper exhaust", "Return_Damper": "damper return", "Valve": "valve",
    "Cooling_Valve": "valve cool", "Heating_Valve": "valve heat", "Coil": "coil",
    "Chilled_Water_Valve": "valve chilled water", "Hot_Water_Valve": "valve hot water",
    "Cooling_Coil": "coolingCoil", "Chilled_Water_Coil": "coolingCoil chilled water",
    "Heating_Coil": "heatingCoil", "Hot_Water_Coil": "heatingCoil hot water", "Filter": "filter",
    "Meter": "meter", "Electrical_Meter": "meter elec", "Electric_Meter": "meter elec",
    "Building_Meter": "meter siteMeter", "Building_Electrical_Meter": "meter elec siteMeter",
    "Water_Meter": "meter water", "Gas_Meter": "meter naturalGas", "Thermal_Power_Meter": "meter thermal",
    "Transformer": "transformer elec", "Switchgear": "elec", "Panelboard": "elecPanel elec",
    "Breaker_Panel": "elecPanel elec", "VFD": "vfd", "Variable_Frequency_Drive": "vfd",
    "Motor": "motor", "Thermostat": "thermostat", "Humidifier": "humidifier", "Elevator": "elevator",
    "Luminaire": "luminaire", "Lighting_Equipment": "lighting", "Weather_Station": "weatherStation",
    "IAQ_Sensor_Equipment": "iaqSensor", "Radiator": "radiantEquip radiator", "Tank": "tank",
    "Hot_Water_Radiator": "radiantEquip radiator hot water", "Thermal_Energy_Storage": "thermalStorage",
    "Equipment": "", "HVAC_Equipment": "hvac", "Water_Heater": "waterHeater", "Compressor": "compressor",
    "Economizer": "economizer", "Condenser": "condenser", "Evaporator": "evaporator",
}  # fmt: skip

SPACES: Final[Mapping[str, str]] = {
    "Space": "", "Floor": "floor", "Storey": "floor", "Basement": "floor", "Room": "room",
    "HVAC_Zone": "zone hvacZone", "Zone": "zone", "Lighting_Zone": "zone lightingZone", "Wing": "",
    "Common_Space": "", "Outdoor_Area": "outside", "Rooftop": "roof", "Hallway": "room",
    "Lobby": "room lobby", "Office": "room office", "Atrium": "room", "Laboratory": "room",
    "Auditorium": "room", "Library": "room", "Reception": "room", "Storage": "room", "Loading_Dock": "room",
    "Stairwell": "room", "Shaft": "", "Vertical_Space": "", "Location": "", "Parking_Structure": "",
}  # fmt: skip

SYSTEMS: Final[Mapping[str, str]] = {
    "System": "", "HVAC_System": "hvac", "Air_System": "air", "Water_System": "water",
    "Chilled_Water_System": "chilled water", "Hot_Water_System": "hot water", "Portfolio": "",
    "Condenser_Water_System": "condenser water", "Electrical_System": "elec", "Lighting_System": "lighting",
    "Heating_Ventilation_Air_Conditioning_System": "hvac", "Air_Loop": "air", "Water_Loop": "water",
    "Chilled_Water_Loop": "chilled water", "Hot_Water_Loop": "hot water", "Domestic_Hot_Water_System": "domestic hot water",
}  # fmt: skip

FUNCTIONS: Final[Mapping[str, str]] = {
    # the last word of a point's class -> what it does
    "sensor": "sensor", "setpoint": "sp", "command": "cmd", "status": "sensor", "alarm": "alarm sensor",
    "parameter": "sp", "limit": "sp limit", "deadband": "sp deadband", "point": "",
}  # fmt: skip

WORDS: Final[Mapping[str, str]] = {
    # words of point classes, the longest phrase first when read; "" is understood and says nothing more
    "discharge": "discharge", "supply": "discharge", "return": "return", "mixed": "mixed",
    "outside": "outside", "outdoor": "outside", "exhaust": "exhaust", "zone": "zone", "room": "zone",
    "air": "air", "water": "water", "chilled": "chilled", "hot": "hot", "condenser": "condenser",
    "domestic": "domestic", "steam": "steam", "temperature": "temp", "humidity": "humidity",
    "relative humidity": "humidity", "dewpoint": "dewPoint", "enthalpy": "enthalpy",
    "wet bulb": "wetBulb", "pressure": "pressure", "static pressure": "pressure",
    "static": "", "differential pressure": "delta pressure", "differential": "delta",
    "velocity pressure": "velocity pressure", "flow": "flow", "airflow": "air flow", "co2": "air co2",
    "co2 level": "air co2", "co": "air co", "tvoc": "air tvoc", "pm2.5": "air pm25", "pm10": "air pm10",
    "occupancy": "occ", "occupied": "occ", "unoccupied": "unocc", "cooling": "cool", "heating": "heat",
    "damper": "damper", "damper position": "damper", "valve": "valve", "valve position": "valve",
    "position": "", "fan": "fan", "supply fan": "fan", "discharge fan": "fan", "return fan": "return fan",
    "exhaust fan": "exhaust fan", "fan speed": "fan speed", "speed": "speed", "pump": "pump",
    "frequency": "freq", "load": "load", "enable": "enable", "on off": "run", "start stop": "run",
    "run": "run", "on": "run", "run request": "run request", "mode": "mode", "operating mode": "mode",
    "power": "elec active power", "electric power": "elec active power", "active power": "elec active power",
    "electrical power": "elec active power", "reactive power": "elec reactive power",
    "power factor": "elec pf", "thermal power": "thermal power", "energy": "elec active energy",
    "electric energy": "elec active energy", "electrical energy": "elec active energy",
    "energy usage": "elec active energy", "usage": "", "thermal energy": "thermal energy",
    "current": "elec current", "voltage": "elec volt", "electric": "elec", "electrical": "elec",
    "leaving": "leaving", "entering": "entering", "effective": "effective", "max": "max", "min": "min",
    "high": "high", "low": "low", "luminance": "luminance", "illuminance": "illuminance",
    "motion": "motion", "filter": "filter", "filter differential pressure": "filter air delta pressure",
    "fault": "fault", "battery": "battery", "level": "level", "standby": "standby", "lighting": "lighting",
    "reset": "reset", "override": "override", "solar radiance": "solar irradiance", "wind speed": "wind speed",
    "wind direction": "wind direction", "coil": "coil", "preheat": "preheat", "reheat": "reheat",
    "chilled water valve": "cool chilled water valve", "hot water valve": "heat hot water valve",
    "request": "request", "schedule": "", "cooling demand": "cool load", "heating demand": "heat load",
    "contact": "", "window": "window", "door": "door", "gas": "naturalGas", "volume": "volume",
}  # fmt: skip

TAILS: Final[Mapping[str, tuple[Kind, str]]] = {
    # the last word of a class nobody listed -> what it is
    "room": ("space", "room"), "office": ("space", "room office"), "zone": ("space", "zone"),
    "floor": ("space", "floor"), "space": ("space", ""), "area": ("space", ""), "hall": ("space", "room"),
    "lounge": ("space", "room"), "restroom": ("space", "room"), "bathroom": ("space", "room"),
    "fan": ("equip", "fan"), "pump": ("equip", "pump"), "damper": ("equip", "damper"),
    "valve": ("equip", "valve"), "coil": ("equip", "coil"), "meter": ("equip", "meter"),
    "chiller": ("equip", "chiller"), "boiler": ("equip", "boiler"), "filter": ("equip", "filter"),
    "vav": ("equip", "vav"), "ahu": ("equip", "ahu"), "fcu": ("equip", "fcu"), "unit": ("equip", ""),
    "equipment": ("equip", ""), "panel": ("equip", ""), "tower": ("equip", ""), "box": ("equip", ""),
    "system": ("system", ""), "loop": ("system", ""),
}  # fmt: skip

_STATES: Final = frozenset(
    {"run", "enable", "occ", "unocc", "alarm", "fault", "motion", "window", "door"}
)
_QUANTITIES: Final = frozenset(
    [
        "temp",
        "humidity",
        "pressure",
        "flow",
        "co2",
        "co",
        "tvoc",
        "pm25",
        "pm10",
        "power",
        "energy",
        "current",
        "volt",
        "pf",
        "speed",
        "load",
        "freq",
        "enthalpy",
        "dewPoint",
        "wetBulb",
        "level",
        "irradiance",
        "direction",
        "illuminance",
        "luminance",
        "volume",
        "deadband",
    ]
)

UNITS: Final[Mapping[str, str]] = {
    "DEG_C": "°C", "DEG_F": "°F", "K": "K", "PERCENT": "%", "PERCENT_RH": "%RH", "PPM": "ppm", "PPB": "ppb",
    "PA": "Pa", "KiloPA": "kPa", "HectoPA": "hPa", "BAR": "bar", "PSI": "psi", "IN_H2O": "inH₂O",
    "FT_H2O": "ftH₂O", "L-PER-SEC": "L/s", "L-PER-MIN": "L/min", "M3-PER-HR": "m³/h", "M3-PER-SEC": "m³/s",
    "FT3-PER-MIN": "cfm", "CFM": "cfm", "GAL_US-PER-MIN": "gpm", "GPM": "gpm", "W": "W", "KiloW": "kW",
    "MegaW": "MW", "KiloW-HR": "kWh", "W-HR": "Wh", "MegaW-HR": "MWh", "TON_FG": "RT", "BTU_IT-PER-HR": "Btu/h",
    "J": "J", "KiloJ": "kJ", "MegaJ": "MJ", "GigaJ": "GJ", "V": "V", "KiloV": "kV", "A": "A", "HZ": "Hz",
    "REV-PER-MIN": "rpm", "LUX": "lx", "M-PER-SEC": "m/s", "W-PER-M2": "W/m²", "HR": "h", "MIN": "min",
    "SEC": "s", "MicroGM-PER-M3": "µg/m³", "KiloV-A": "kVA", "DEG": "deg", "M2": "m²", "FT2": "ft²",
    "M3": "m³", "L": "L", "UNITLESS": "", "NUM": "",
}  # fmt: skip


def meaning_of(name: str) -> Meaning | None:
    """What a Brick class is, from the tables or word by word; None where even its last word says nothing.

    >>> meaning_of("Discharge_Air_Temperature_Sensor").tags
    ('point', 'discharge', 'air', 'temp', 'sensor')
    """
    if name in ("Building", "Site"):
        return Meaning("site", ("site",))
    tables: tuple[tuple[Kind, Mapping[str, str]], ...] = (
        ("equip", EQUIPS),
        ("space", SPACES),
        ("system", SYSTEMS),
    )
    for kind, table in tables:
        if name in table:
            return Meaning(kind, (kind, *table[name].split()))
    words = [word.lower() for word in name.replace("-", "_").split("_") if word]
    if words and words[-1] in FUNCTIONS:
        return _point(words)
    return _by_tail(words)


def value_kind(tags: tuple[str, ...]) -> str | None:
    """Haystack's `kind` of a point: Number for a quantity, Bool for a state, None where the class does not say."""
    held = frozenset(tags)
    if held & {"alarm", "fault"}:
        return "Bool"
    if held & _QUANTITIES:
        return "Number"
    if held & _STATES and "mode" not in held:
        return "Bool"
    return "Number" if held & {"damper", "valve"} else None


def water_sides(tags: tuple[str, ...], owner: Container[str]) -> tuple[str, ...]:
    """Supply and return of a water pipe as leaving and entering, which Haystack says of the equipment.

    Chillers and boilers send the supply out, towers the condenser water; whoever uses the water takes it in.
    `owner` is the tags of the equipment the point belongs to; without one the pipe is the plant's own.

    >>> water_sides(("chilled", "water", "discharge", "temp"), {"ahu"})
    ('chilled', 'water', 'entering', 'temp')
    """
    if "water" not in tags:
        return tags
    makes = "coolingTower" in owner if "condenser" in tags else not any(u in owner for u in _USERS)
    out, back = ("leaving", "entering") if makes else ("entering", "leaving")
    return tuple({"discharge": out, "return": back}.get(tag, tag) for tag in tags)


_USERS: Final = (
    "ahu",
    "fcu",
    "vav",
    "coil",
    "coolingCoil",
    "heatingCoil",
    "doas",
    "chilledBeam",
    "crah",
)


def _point(words: list[str]) -> Meaning:
    tags, unknown = _read(words[:-1])
    function = FUNCTIONS[words[-1]].split()
    if words[-1] == "status" and tags in (["fan"], ["pump"], []):
        tags.append("run")
    return Meaning("point", tuple(dict.fromkeys(["point", *tags, *function])), tuple(unknown))


def _by_tail(words: list[str]) -> Meaning | None:
    if not words or words[-1] not in TAILS:
        return None
    kind, more = TAILS[words[-1]]
    tags, unknown = _read(words[:-1])
    return Meaning(kind, tuple(dict.fromkeys([kind, *more.split(), *tags])), tuple(unknown))


def _read(words: list[str]) -> tuple[list[str], list[str]]:
    """Tags of the words, longest phrase first, and the words nobody knows."""
    tags: list[str] = []
    unknown: list[str] = []
    at = 0
    while at < len(words):
        for size in (3, 2, 1):
            phrase = " ".join(words[at : at + size])
            if phrase in WORDS and at + size <= len(words):
                tags += WORDS[phrase].split()
                break
        else:
            size = 1
            unknown.append(words[at])
        at += size
    return tags, unknown
