"""Room rules: fan-coil units, VAV zones and the people in them. Temperatures °C, positions %."""

from __future__ import annotations

import numpy as np

from agent.diagnosis import Family, Severity
from agent.impact import FCU_FULL_FLOW_LPS, METHOD_PLANT, cooling_of_air
from agent.rules.air import FULL_PCT, ON, SHUT_PCT, on
from agent.rules.arrays import HOUR, At, Flags, for_the_last, of_others
from agent.rules.rule import Rule, Suspect, hours, minutes, supports
from ontology.history import Floats

PASSING_K = 3.0
COIL_K = 4.0
"""A fan coil with its valve open must cool the air by at least this much (catalogue FCU-02)."""
HOT_K = 1.5
"""Above setpoint by more than the usual comfort band of +-1 K and a sensor's tolerance."""
COMFORT_C = 26.0
"""The upper end of summer comfort (ASHRAE 55): a guest who asks for 22 °C on a hot afternoon proves no fault."""
HUMID_PCT = 70.0
"""Relative humidity at which mould becomes likely (ASHRAE 62.1 designs for 65 % at most)."""
HUMID_WORSE_PCT = 5.0
CO2_PPM = 1200.0
STARVED = 0.7
OUTLIER_K = 2.0


def cold_air_from_a_shut_valve(at: At) -> Flags:
    """FCU-01: the unit blows cold while its valve is commanded shut."""
    shut = for_the_last(at["cooling-valve"] <= SHUT_PCT, 2)
    drop = at["zone-air-temp"] - at["discharge-air-temp"]
    return for_the_last(on(at["fan-run"]), 2) & shut & (drop > PASSING_K)


def coil_under_delivers(at: At) -> Flags:
    """FCU-02: valve wide open, and the air hardly gets colder."""
    opened = for_the_last(at["cooling-valve"] >= 80.0, 2)
    drop = at["zone-air-temp"] - at["discharge-air-temp"]
    return for_the_last(on(at["fan-run"]), 3) & opened & (drop < COIL_K)


def fan_does_not_start(at: At) -> Flags:
    """FCU-03: told to run, and it does not."""
    return on(at["fan-cmd"]) & (at["fan-run"] < 1 - ON)


def hot_at_full_cooling(at: At) -> Flags:
    """ROOM-05: the unit gives all it has and the room stays too warm."""
    limit = np.maximum(at["zone-air-temp-effective-sp"] + HOT_K, COMFORT_C)
    hot = at["zone-air-temp"] > limit
    full = for_the_last(at["cooling-valve"] >= FULL_PCT, 4) & for_the_last(on(at["fan-run"]), 4)
    return full & hot


def humid(at: At) -> Flags:
    """FCU-04: humid for hours, and more so than most other rooms (outdoor weather moves all of them)."""
    rh = at["zone-air-humidity"]
    return (rh > HUMID_PCT) & (rh > of_others(rh) + HUMID_WORSE_PCT)


def cools_an_empty_room(at: At) -> Flags:
    """ROOM-01: nobody there for an hour, and still cooled to the guest's setpoint."""
    empty = for_the_last(at["occupied"] < 1 - ON, HOUR)
    at_guest_level = at["zone-air-temp-effective-sp"] <= at["zone-air-temp-sp"] + 0.5
    return empty & at_guest_level & on(at["fan-run"]) & (at["cooling-valve"] > 20.0)


def cools_with_the_door_open(at: At) -> Flags:
    """ROOM-02: the balcony door is open and the interlock does not close the valve."""
    opened = for_the_last(on(at["window-open"]), 2)
    return opened & (at["cooling-valve"] > 20.0) & on(at["fan-run"])


def stale_air(at: At) -> Flags:
    """ROOM-03: more CO2 than people should breathe."""
    return at["zone-air-co2"] > CO2_PPM


def starved_of_air(at: At) -> Flags:
    """VAV-03: damper wide open and much less air than asked."""
    short = at["discharge-air-flow"] < STARVED * at["discharge-air-flow-sp"]
    return (at["damper"] > FULL_PCT) & short & for_the_last(on(at["air.fan-run"]), 3)


def flow_through_a_shut_damper(at: At) -> Flags:
    """VAV-04: damper shut and air still measured, by more than a tenth of the box's own maximum."""
    most = np.nanmax(np.nan_to_num(at["discharge-air-flow-sp"]), axis=1, keepdims=True)
    shut = for_the_last(at["damper"] < 5.0, 2)
    leaks = at["discharge-air-flow"] > 0.1 * most
    return np.asarray(shut & leaks & (most > 0), dtype=np.bool_)


def setpoint_outlier(at: At) -> Flags:
    """VAV-09: in occupied hours a setpoint far from those of the other zones."""
    sp = np.where(on(at["occupied-sp"]), at["zone-air-temp-sp"], np.nan)
    return np.abs(sp - of_others(sp)) > OUTLIER_K


def _fcu_flow(at: At) -> Floats:
    return FCU_FULL_FLOW_LPS * at["fan-speed"] / 100


def _leak_kw(at: At) -> Floats:
    return cooling_of_air(_fcu_flow(at), at["zone-air-temp"] - at["discharge-air-temp"])


def outlier_kw(at: At) -> Floats:
    """Electric kW that cools of the zone's air from the sisters' temperature to its own."""
    return cooling_of_air(
        at["discharge-air-flow"], at["sisters.zone-air-temp"] - at["zone-air-temp"]
    )


def _coil_works(at: At) -> Floats:
    drop = at["zone-air-temp"] - at["discharge-air-temp"]
    return supports(drop >= COIL_K, drop)


def _coil_fails(at: At) -> Floats:
    return 1 - _coil_works(at)


def _supply_air_is_warm(at: At) -> Floats:
    air, sp = at["air.discharge-air-temp"], at["air.discharge-air-temp-sp"]
    return supports(air > sp + 2.0, air, sp)


def _water_is_warm(at: At) -> Floats:
    supply, sp = at["plant.chilled-water-leaving-temp"], at["plant.chilled-water-leaving-temp-sp"]
    return supports(supply > sp + 1.5, supply, sp)


def _door_open(at: At) -> Floats:
    return supports(at["window-open"] > 0.5, at["window-open"])


_FCU = "equip and fcu"
_VAV = "equip and vav"
_ZONE = ("zone-air-temp", "zone-air-temp-effective-sp")
_DOAS = ("air.discharge-air-temp", "air.discharge-air-temp-sp")
_WATER = ("plant.chilled-water-leaving-temp", "plant.chilled-water-leaving-temp-sp")

RULES: tuple[Rule, ...] = (
    Rule(
        id="FCU-01", family=Family.ROOM, severity=Severity.WASTE, equip=_FCU,
        needs=("zone-air-temp", "discharge-air-temp", "cooling-valve", "fan-run"),
        uses=("fan-speed", "zone-air-temp-effective-sp"),
        symptom=cold_air_from_a_shut_valve, hold=minutes(30), least=hours(4),
        says="blows {discharge-air-temp} into a room of {zone-air-temp} while its cooling valve is shut",
        source="Open-FDD cookbook; catalogue FCU-01",
        causes=(
            Suspect("valve-passes", "the cooling valve passes: dirt in the seat or a worn seat", 0.65,
                    "shut the isolation valve: does the discharge warm up within 10 min?", 15),
            Suspect("actuator-stroke", "the actuator does not close fully (stroke, spring, loose clip)", 0.25,
                    "look at the valve stem with the command at 0 %", 10),
            Suspect("sensor-bias", "the discharge sensor reads low", 0.10,
                    "compare with a thermometer at the grille", 5),
        ),
        waste=_leak_kw, method=f"250 L/s at full fan speed x temperature drop x 1.2 kJ/m3.K, {METHOD_PLANT}",
    ),
    Rule(
        id="FCU-02", family=Family.ROOM, severity=Severity.COMFORT, equip=_FCU,
        needs=("zone-air-temp", "discharge-air-temp", "cooling-valve", "fan-run"), uses=_WATER,
        symptom=coil_under_delivers, hold=minutes(60), least=hours(3), comfort=True,
        says="hardly cools: valve at {cooling-valve}, discharge {discharge-air-temp} in a room of {zone-air-temp}",
        source="Open-FDD cookbook; catalogue FCU-02",
        causes=(
            Suspect("no-water", "too little chilled water: air-lock, strainer or hand valve", 0.40,
                    "feel both coil pipes; bleed the coil", 10),
            Suspect("valve-not-open", "the valve does not open", 0.25, "look at the valve stem", 10),
            Suspect("coil-dirty", "coil or filter is dirty", 0.20, "look at filter and coil", 10),
            Suspect("water-too-warm", "the plant's water is too warm", 0.15,
                    "compare with the plant's supply temperature", 5,
                    _water_is_warm, "the plant's water was above its setpoint {pct} of that time"),
        ),
        method="room-hours",
    ),
    Rule(
        id="FCU-03", family=Family.ROOM, severity=Severity.COMFORT, equip=_FCU,
        needs=("fan-cmd", "fan-run"), symptom=fan_does_not_start, hold=minutes(30), least=hours(1), comfort=True,
        says="does not start its fan although it is told to",
        source="Catalogue FCU-03",
        causes=(
            Suspect("breaker", "breaker or fuse has tripped", 0.40, "look at the breaker", 5),
            Suspect("motor", "motor or capacitor has failed", 0.40, "turn the wheel by hand, measure the capacitor", 20),
            Suspect("status-wrong", "the fan runs and its status contact is wrong", 0.20, "listen at the grille", 5),
        ),
        method="room-hours",
    ),
    Rule(
        id="ROOM-05", family=Family.ROOM, severity=Severity.COMFORT, equip=_FCU,
        needs=("zone-air-temp", "zone-air-temp-effective-sp", "cooling-valve", "fan-run"),
        uses=("discharge-air-temp", *_DOAS, *_WATER, "window-open", "occupied"),
        symptom=hot_at_full_cooling, hold=minutes(60), least=hours(3), comfort=True,
        says="stays at {zone-air-temp} where {zone-air-temp-effective-sp} is wanted, with its valve at {cooling-valve}",
        source="NIST VPACC (VAV-02) for fan coils",
        causes=(
            Suspect("warm-fresh-air", "the fresh air it is given is too warm and humid", 0.30,
                    "measure the temperature at the fresh-air grille", 5,
                    _supply_air_is_warm, "its fresh air was more than 2 K above setpoint {pct} of that time"),
            Suspect("coil-weak", "its own coil under-delivers", 0.25, "feel both coil pipes; look at the filter", 10,
                    _coil_fails, "its coil cooled the air by less than 4 K {pct} of that time"),
            Suspect("water-too-warm", "the plant's water is too warm", 0.15,
                    "compare with the plant's supply temperature", 5,
                    _water_is_warm, "the plant's water was above its setpoint {pct} of that time"),
            Suspect("door-open", "balcony door or window open", 0.15, "look at the balcony door", 5,
                    _door_open, "the balcony door was open {pct} of that time"),
            Suspect("high-load", "more sun or people than the unit is made for", 0.15, "look at blinds and guests", 5),
        ),
        method="room-hours above setpoint",
    ),
    Rule(
        id="FCU-04", family=Family.ROOM, severity=Severity.COMFORT, equip=_FCU,
        needs=("zone-air-humidity",), uses=(*_DOAS, "window-open", "cooling-valve"),
        symptom=humid, hold=hours(2), least=hours(4), comfort=True,
        says="is humid: {zone-air-humidity}",
        source="Catalogue FCU-04",
        causes=(
            Suspect("warm-fresh-air", "the fresh air it is given is not dried", 0.35,
                    "measure the fresh air's temperature and humidity at the grille", 5,
                    _supply_air_is_warm, "its fresh air was more than 2 K above setpoint {pct} of that time"),
            Suspect("door-open", "balcony door or window open", 0.30, "look at the balcony door", 5,
                    _door_open, "the balcony door was open {pct} of that time"),
            Suspect("little-drying", "the coil runs too little to dry the air", 0.20, "look at valve and fan hours", 5),
            Suspect("water-leak", "wet carpet, drain pan or pipe", 0.15, "look at drain pan and ceiling", 10),
        ),
        method="room-hours",
    ),
    Rule(
        id="ROOM-01", family=Family.ROOM, severity=Severity.WASTE, equip=_FCU,
        needs=(*_ZONE, "zone-air-temp-sp", "occupied", "fan-run", "cooling-valve"),
        uses=("discharge-air-temp", "fan-speed"),
        symptom=cools_an_empty_room, hold=hours(2), least=hours(4),
        says="cools an empty room to the guest's setpoint ({zone-air-temp-effective-sp})",
        source="Catalogue ROOM-01",
        causes=(
            Suspect("setback-off", "the setback for empty rooms is switched off there", 0.45,
                    "compare the room's setback parameters with its neighbours", 5),
            Suspect("pms-link", "the link to the booking system is lost", 0.30, "look at other rooms of the floor", 5),
            Suspect("key-switch", "the key-card switch is bridged or faulty", 0.25, "try the key-card switch", 10),
        ),
        waste=_leak_kw, method=f"250 L/s at full fan speed x temperature drop x 1.2 kJ/m3.K, {METHOD_PLANT}",
    ),
    Rule(
        id="ROOM-02", family=Family.ROOM, severity=Severity.WASTE, equip=_FCU,
        needs=("window-open", "cooling-valve", "fan-run"),
        uses=("zone-air-temp", "discharge-air-temp", "fan-speed"),
        symptom=cools_with_the_door_open, hold=minutes(45), least=hours(1),
        says="cools with the balcony door open (valve at {cooling-valve})",
        source="Catalogue ROOM-02",
        causes=(
            Suspect("interlock-off", "the door interlock does not act on the valve", 0.6,
                    "open the door and watch the valve command", 10),
            Suspect("door-open", "the door is left open", 0.4, "ask housekeeping to close it", 5),
        ),
        waste=_leak_kw, method=f"250 L/s at full fan speed x temperature drop x 1.2 kJ/m3.K, {METHOD_PLANT}",
    ),
    Rule(
        id="ROOM-03", family=Family.ROOM, severity=Severity.COMFORT, equip="equip and iaqSensor",
        needs=("zone-air-co2",), symptom=stale_air, hold=minutes(60), least=hours(2), comfort=True,
        says="measures stale air: {zone-air-co2} of CO2",
        source="ASHRAE 62.1; catalogue ROOM-03",
        causes=(
            Suspect("little-fresh-air", "too little fresh air reaches the room", 0.5,
                    "measure the fresh-air grille; look at the damper", 10),
            Suspect("crowded", "more people than the room is made for", 0.35, "count the people", 5),
            Suspect("sensor-bias", "the CO2 sensor needs calibration", 0.15, "take the sensor outdoors: 420 ppm", 15),
        ),
        method="room-hours above 1,200 ppm",
    ),
    Rule(
        id="VAV-03", family=Family.ROOM, severity=Severity.COMFORT, equip=_VAV,
        needs=("damper", "discharge-air-flow", "discharge-air-flow-sp", "air.fan-run"),
        uses=("air.discharge-air-pressure", "air.discharge-air-pressure-sp"),
        symptom=starved_of_air, hold=minutes(60), least=hours(3), comfort=True,
        says="is starved of air: damper at {damper}, {discharge-air-flow} of {discharge-air-flow-sp}",
        source="Guideline 36; catalogue VAV-03",
        causes=(
            Suspect("low-static", "the duct pressure is too low", 0.4, "read the air handler's duct pressure", 5),
            Suspect("duct-blocked", "flexible duct crushed or fire damper shut", 0.35, "look above the ceiling", 20),
            Suspect("flow-sensor", "the flow sensor is blocked", 0.25, "blow out the flow cross", 15),
        ),
        method="zone-hours",
    ),
    Rule(
        id="VAV-04", family=Family.ROOM, severity=Severity.WASTE, equip=_VAV,
        needs=("damper", "discharge-air-flow", "discharge-air-flow-sp"),
        symptom=flow_through_a_shut_damper, hold=minutes(60), least=hours(3),
        says="measures {discharge-air-flow} through a shut damper ({damper})",
        source="Open-FDD cookbook; catalogue VAV-04",
        causes=(
            Suspect("sensor-zero", "the flow sensor's zero has drifted", 0.6, "zero the sensor with the fan off", 15),
            Suspect("blade-slipped", "the blade has slipped on its shaft", 0.4, "look whether the blade follows", 15),
        ),
    ),
    Rule(
        id="VAV-09", family=Family.ROOM, severity=Severity.WASTE, equip=_VAV,
        needs=("zone-air-temp-sp", "occupied-sp"),
        uses=("zone-air-temp", "sisters.zone-air-temp-sp", "sisters.zone-air-temp", "discharge-air-flow"),
        symptom=setpoint_outlier, hold=hours(4), least=hours(24), join=hours(84),
        says="has a setpoint of {zone-air-temp-sp} where the other zones have {sisters.zone-air-temp-sp}",
        source="Catalogue VAV-09",
        causes=(
            Suspect("tenant-override", "somebody set it by hand", 0.7, "ask the tenant; restore the setpoint and its limits", 5),
            Suspect("special-use", "the zone has a special use (server, copier)", 0.3, "look at what stands in the zone", 5),
        ),
        waste=outlier_kw, method=f"its own air flow x (sisters' temperature - its own), {METHOD_PLANT}",
    ),
)  # fmt: skip
