"""Air-handling rules: coils, dampers, fans and filters of AHUs and DOASs. Temperatures °C, positions %."""

from __future__ import annotations

import numpy as np

from agent.diagnosis import Family, Severity
from agent.impact import (
    METHOD_PLANT,
    cooling_of_air,
    cooling_of_outdoor_air,
    share_saved_by_slowing,
)
from agent.rules.arrays import DAY, HOUR, At, Flags, for_the_last, quantile, rolling_mean
from agent.rules.rule import Rule, Suspect, hours, minutes, supports
from ontology.history import Floats

# Guideline 36 AFDD's usual tolerances
SHORT_K = 3.0
"""Guideline 36 allows 1.1 K; a coil at its design limit on a hot day misses by up to 3 K without a fault."""
COIL_DESIGN_C = 14.0
"""Air that a coil on 6-7 °C water is built to deliver (12-14 °C)."""
FAN_RISE_K = 1.1
APART_K = 5.6
"""Return and outdoor air must differ by this much before their mix tells anything."""
OA_PCT = 30.0
DUCT_PA = 25.0
FULL_PCT = 95.0
"""A valve or fan commanded beyond this has nothing left to give."""
SHUT_PCT = 2.0
ON = 0.9
"""Share of a step an on/off point must be on to count as on."""
PASSING_K = 2.0
NO_EFFECT_K = 1.5
HABIT = 0.7
"""Share of the earlier days on which a fan was off at this hour, for the hour to count as off-hours."""
EMPTY_PPM = 100.0
"""Return air within this of outdoor air: nobody is there (an office breathes 300 ppm and more above)."""
CLEAN_FACTOR = 2.0
FILTER_PA = 300.0
"""Final resistance at which makers of bag and panel filters ask for a change (250-450 Pa)."""
MIN_FLOW_LPS = 200.0


def on(values: Floats) -> Flags:
    """On for the whole step."""
    return values > ON


def settled(at: At, minutes_on: int = 45) -> Flags:
    """The fan has been running long enough for temperatures to mean something."""
    return for_the_last(on(at["fan-run"]), -(-minutes_on // 15))


def short_of_cold(at: At) -> Flags:
    """FC13: the valve is fully open and the air still leaves far too warm.

    A setpoint that a reset has pushed below what a coil is built for is no fault of the coil.
    """
    wanted = np.maximum(at["discharge-air-temp-sp"], COIL_DESIGN_C)
    warm = at["discharge-air-temp"] > wanted + SHORT_K
    return settled(at) & warm & (at["cooling-valve"] >= FULL_PCT)


def colder_than_asked(at: At) -> Flags:
    """AHU-32, cold side: the air leaves colder than its setpoint though the valve is open."""
    cold = at["discharge-air-temp"] < at["discharge-air-temp-sp"] - 2.0
    return settled(at) & cold & (at["cooling-valve"] > SHUT_PCT)


def cools_through_a_shut_valve(at: At) -> Flags:
    """AHU-18: the coil cools while its valve is commanded shut."""
    shut = for_the_last(at["cooling-valve"] <= SHUT_PCT, 2)
    return settled(at) & shut & (at["mixed-air-temp"] - at["discharge-air-temp"] > PASSING_K)


def open_valve_without_effect(at: At) -> Flags:
    """AHU-19: the valve is well open and the coil does next to nothing."""
    opened = for_the_last(at["cooling-valve"] > 50.0, 2)
    change = np.abs(at["mixed-air-temp"] - at["discharge-air-temp"])
    return settled(at) & opened & (change < NO_EFFECT_K)


def outdoor_share(at: At) -> Floats:
    """Outdoor air in the mix, %, from the three temperatures; NaN where they are too close to tell."""
    apart = at["outside-air-temp"] - at["return-air-temp"]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 100 * (at["mixed-air-temp"] - at["return-air-temp"]) / apart
    return np.where(np.abs(apart) > APART_K, np.clip(share, -20, 120), np.nan)


def too_much_outdoor_air(at: At) -> Flags:
    """AHU-24 / FC6: far more outdoor air in the mix than the damper's command asks for."""
    excess = rolling_mean(outdoor_share(at), 2) - at["outside-damper"]
    return settled(at) & (excess > OA_PCT)


def damper_does_not_follow(at: At) -> Flags:
    """AHU-21: over two days the command travelled, and the share of outdoor air did not."""
    share = np.where(settled(at), outdoor_share(at), np.nan)
    cmd = np.where(np.isfinite(share), at["outside-damper"], np.nan)
    flags = np.zeros(share.shape, dtype=np.bool_)
    for start in range(0, share.shape[1], 2 * DAY):
        window = slice(start, start + 2 * DAY)
        flags[:, window] = _stuck(cmd[:, window], share[:, window]) & settled(at)[:, window]
    return flags


def _stuck(cmd: Floats, share: Floats) -> Flags:
    low, high = quantile(cmd, 0.1, axis=1), quantile(cmd, 0.9, axis=1)
    at_low = quantile(np.where(cmd <= low, share, np.nan), 0.5, axis=1)
    at_high = quantile(np.where(cmd >= high, share, np.nan), 0.5, axis=1)
    enough = np.isfinite(share).sum(axis=1, keepdims=True) >= 6 * HOUR
    travelled, moved = high - low, at_high - at_low
    return np.asarray(enough & (travelled >= 30) & (moved < 0.2 * travelled), dtype=np.bool_)


def runs_out_of_hours(at: At) -> Flags:
    """AHU-26: the fan runs for nobody, when its schedule or its own habit says off."""
    running = on(at["fan-run"])
    nobody = at["return-air-co2"] < at["weather.outside-air-co2"] + EMPTY_PPM
    unscheduled = at["occupied-sp"] < 1 - ON
    return running & (unscheduled | (off_by_habit(at) & nobody))


def off_by_habit(at: At) -> Flags:
    """Hours at which the fan was off on most days of the same kind (working day, Saturday, Sunday)."""
    running = at["fan-run"]
    hour = np.floor(at["clock.hour"][0]).astype(int)
    kind = np.clip(at["clock.weekday"][0] - 4, 0, 2).astype(int)
    slot = kind * 24 + hour
    flags = np.zeros(running.shape, dtype=np.bool_)
    for one in np.unique(slot):
        here = running[:, slot == one]
        known = np.isfinite(here)
        off = ((here < 1 - ON) & known).sum(axis=1, keepdims=True)
        flags[:, slot == one] = off >= HABIT * np.maximum(known.sum(axis=1, keepdims=True), 1)
    return flags


def filter_resistance(at: At) -> Floats:
    """Filter pressure drop over flow squared: the filter's own number, whatever the fan does."""
    flow = np.where(at["discharge-air-flow"] > MIN_FLOW_LPS, at["discharge-air-flow"], np.nan)
    return rolling_mean(at["filter-pressure"] / (flow / 1000) ** 2, 4 * HOUR)


def filter_loaded(at: At) -> Flags:
    """AHU-30: twice as hard to blow through as its own best days, or past its final resistance."""
    own = filter_resistance(at)
    clean = quantile(own, 0.1, axis=1)
    return on(at["fan-run"]) & ((own > CLEAN_FACTOR * clean) | (at["filter-pressure"] > FILTER_PA))


def starved_at_full_speed(at: At) -> Flags:
    """FC1: the fan is at full speed and the duct pressure is still short."""
    short = at["discharge-air-pressure"] < at["discharge-air-pressure-sp"] - DUCT_PA
    return settled(at) & short & (at["fan-speed"] >= FULL_PCT)


def _overcooling_kw(at: At) -> Floats:
    drop = at["discharge-air-temp-sp"] - at["discharge-air-temp"]
    return cooling_of_air(at["discharge-air-flow"], drop)


def _passing_kw(at: At) -> Floats:
    return cooling_of_air(
        at["discharge-air-flow"], at["mixed-air-temp"] - at["discharge-air-temp"] + FAN_RISE_K
    )


def _excess_outdoor_kw(at: At) -> Floats:
    excess = np.clip(outdoor_share(at) - at["outside-damper"], 0, 100) / 100
    warmer = np.maximum(at["outside-air-temp"] - at["return-air-temp"], 0.0)
    return cooling_of_outdoor_air(at["discharge-air-flow"] * excess, warmer)


def _running_kw(at: At) -> Floats:
    drop = at["mixed-air-temp"] - at["discharge-air-temp"]
    return at["fan-power"] + cooling_of_air(at["discharge-air-flow"], drop)


def _loaded_kw(at: At) -> Floats:
    """Fan power that goes into the filter's pressure above clean (assumes 250 Pa at full flow)."""
    return at["fan-power"] * 0.10


def _full_speed_kw(at: At) -> Floats:
    return at["fan-power"] * share_saved_by_slowing(
        at["fan-speed"], np.full_like(at["fan-speed"], 85.0)
    )


_PLANT_WATER = ("plant.chilled-water-leaving-temp", "plant.chilled-water-leaving-temp-sp")
_PLANT_DP = ("plant.chilled-water-pressure", "plant.chilled-water-pressure-sp")


def _water_is_cold(at: At) -> Floats:
    supply, sp = (at[name] for name in _PLANT_WATER)
    return supports(supply < sp + 1.0, supply, sp)


def _water_is_warm(at: At) -> Floats:
    return 1 - _water_is_cold(at)


def _pressure_is_low(at: At) -> Floats:
    dp, sp = (at[name] for name in _PLANT_DP)
    return supports(dp < 0.8 * sp, dp, sp)


def _beyond_design(at: At) -> Floats:
    return supports(at["outside-air-temp"] > 36.0, at["outside-air-temp"])


def _valve_fully_open(at: At) -> Floats:
    return supports(at["cooling-valve"] > FULL_PCT, at["cooling-valve"])


def _told_to_run(at: At) -> Floats:
    return supports(at["fan-cmd"] > ON, at["fan-cmd"])


def _runs_untold(at: At) -> Floats:
    return 1 - _told_to_run(at)


RULES: tuple[Rule, ...] = (
    Rule(
        id="AHU-FC13", family=Family.AIR, severity=Severity.COMFORT, equip="equip and ahu",
        needs=("discharge-air-temp", "discharge-air-temp-sp", "cooling-valve", "fan-run"),
        uses=(*_PLANT_WATER, *_PLANT_DP, "outside-air-temp", "coil-leaving-water-temp"),
        symptom=short_of_cold, hold=minutes(60), least=hours(4), comfort=True,
        says="is short of cold: valve at {cooling-valve}, yet its air leaves at {discharge-air-temp} "
             "against a setpoint of {discharge-air-temp-sp}",
        source="Guideline 36 FC13",
        causes=(
            Suspect("coil-choked", "the cooling coil or its strainer is choked: water or air does not get through",
                    0.40, "read the pressure drop across the strainer and both coil water temperatures", 20,
                    _water_is_cold, "the plant supplied water at its setpoint {pct} of that time"),
            Suspect("water-too-warm", "the plant supplies water that is too warm", 0.20,
                    "compare the supply water at the coil with the plant's leaving temperature", 10,
                    _water_is_warm, "the plant's water was above its setpoint {pct} of that time"),
            Suspect("valve-not-open", "the valve is commanded open and does not open", 0.20,
                    "look at the valve stem while the command moves from 0 to 100 %", 10),
            Suspect("low-water-pressure", "too little differential pressure in the riser", 0.12,
                    "read the differential pressure at the riser", 10,
                    _pressure_is_low, "loop pressure was below 80 % of setpoint {pct} of that time"),
            Suspect("beyond-design", "it is hotter outdoors than the coil was designed for", 0.08,
                    "compare outdoor conditions with the design day", 5,
                    _beyond_design, "outdoor air was above 36 °C {pct} of that time"),
        ),
        method="hours short of cold; no energy is wasted by it",
    ),
    Rule(
        id="AHU-32", family=Family.AIR, severity=Severity.WASTE, equip="equip and ahu",
        needs=("discharge-air-temp", "discharge-air-temp-sp", "cooling-valve", "fan-run"),
        uses=("discharge-air-flow",),
        symptom=colder_than_asked, hold=hours(2), least=hours(4),
        says="blows {discharge-air-temp} where {discharge-air-temp-sp} was asked for, "
             "with its cooling valve at {cooling-valve}",
        source="Open-FDD cookbook; catalogue AHU-32",
        causes=(
            Suspect("valve-held-open", "the cooling valve is held open by hand or by an override", 0.40,
                    "read the priority array of the valve command", 5,
                    _valve_fully_open, "the valve was fully open {pct} of that time"),
            Suspect("valve-passes", "the valve does not close as far as it is told", 0.30,
                    "isolate the coil and watch the discharge temperature", 20),
            Suspect("loop-tuning", "the temperature loop is badly tuned", 0.20,
                    "step the setpoint by 1 K and watch the loop", 30),
            Suspect("sensor-bias", "the discharge sensor reads low", 0.10,
                    "compare with a reference thermometer", 15),
        ),
        waste=_overcooling_kw, method=f"air flow x (setpoint - discharge) x 1.2 kJ/m3.K, {METHOD_PLANT}",
    ),
    Rule(
        id="AHU-18", family=Family.AIR, severity=Severity.WASTE, equip="equip and ahu and not doas",
        needs=("mixed-air-temp", "discharge-air-temp", "cooling-valve", "fan-run"),
        uses=("discharge-air-flow",),
        symptom=cools_through_a_shut_valve, hold=minutes(30), least=hours(2),
        says="cools its air from {mixed-air-temp} to {discharge-air-temp} while its valve is shut",
        source="NIST APAR; catalogue AHU-18",
        causes=(
            Suspect("valve-passes", "the cooling valve passes: worn seat or short actuator stroke", 0.7,
                    "close the isolation valve: does the discharge warm up?", 20),
            Suspect("bypass-open", "the coil's hand bypass is open", 0.2, "look at the hand bypass", 5),
            Suspect("sensor-bias", "mixed or discharge sensor is wrong", 0.1,
                    "compare both sensors with the coil isolated", 20),
        ),
        waste=_passing_kw, method=f"air flow x temperature drop x 1.2 kJ/m3.K, {METHOD_PLANT}",
    ),
    Rule(
        id="AHU-19", family=Family.AIR, severity=Severity.COMFORT, equip="equip and ahu and not doas",
        needs=("mixed-air-temp", "discharge-air-temp", "cooling-valve", "fan-run"),
        symptom=open_valve_without_effect, hold=minutes(60), least=hours(2), comfort=True,
        says="has its cooling valve at {cooling-valve} and cools its air by next to nothing "
             "({mixed-air-temp} to {discharge-air-temp})",
        source="NIST APAR; catalogue AHU-19",
        causes=(
            Suspect("hand-valve-shut", "an isolation valve of the coil is shut", 0.35,
                    "look at the coil's isolation valves", 5),
            Suspect("actuator-off", "the actuator is disconnected or without power", 0.35,
                    "look at the valve stem while the command moves", 10),
            Suspect("no-water", "no chilled water arrives", 0.30, "feel both coil pipes", 5),
        ),
        method="hours without cooling",
    ),
    Rule(
        id="AHU-24", family=Family.AIR, severity=Severity.WASTE, equip="equip and ahu and not doas",
        needs=("mixed-air-temp", "return-air-temp", "outside-air-temp", "outside-damper", "fan-run"),
        uses=("discharge-air-flow",),
        symptom=too_much_outdoor_air, hold=minutes(60), least=hours(4),
        says="takes in far more outdoor air than asked: damper command {outside-damper}, "
             "yet the mix is at {mixed-air-temp} between {return-air-temp} return and {outside-air-temp} outdoors",
        source="Guideline 36 FC6; PNNL economizer RCx",
        causes=(
            Suspect("damper-stuck-open", "the outdoor-air damper is stuck open", 0.50,
                    "stroke the damper from 0 to 100 % and watch the blades", 15),
            Suspect("linkage-slipped", "actuator or linkage has slipped: the command does not move the blades", 0.25,
                    "look whether shaft and actuator turn together", 15),
            Suspect("return-damper-shut", "the return damper stays shut", 0.12,
                    "look at the return damper's blades", 15),
            Suspect("mixed-sensor-wrong", "the mixed-air sensor sits in the outdoor stream", 0.13,
                    "traverse the mixing box with a thermometer", 30),
        ),
        waste=_excess_outdoor_kw,
        method=f"excess outdoor flow x (outdoor - return) x 1.2 kJ/m3.K, as much again latent, {METHOD_PLANT}",
    ),
    Rule(
        id="AHU-21", family=Family.AIR, severity=Severity.WASTE, equip="equip and ahu and not doas",
        needs=("mixed-air-temp", "return-air-temp", "outside-air-temp", "outside-damper", "fan-run"),
        symptom=damper_does_not_follow, hold=minutes(60), least=hours(12), join=hours(60),
        says="has an outdoor damper that does not follow its command",
        source="NIST APAR; PNNL economizer RCx",
        causes=(
            Suspect("damper-stuck", "the outdoor-air damper is stuck", 0.55,
                    "stroke the damper from 0 to 100 % and watch the blades", 15),
            Suspect("linkage-slipped", "actuator or linkage has slipped", 0.30,
                    "look whether shaft and actuator turn together", 15),
            Suspect("command-not-wired", "the command does not reach the actuator", 0.15,
                    "measure the control signal at the actuator", 15),
        ),
        method="see AHU-24 for the energy",
    ),
    Rule(
        id="AHU-26", family=Family.AIR, severity=Severity.WASTE, equip="equip and ahu and not doas",
        needs=("fan-run", "occupied-sp", "return-air-co2", "weather.outside-air-co2"),
        uses=("fan-cmd", "fan-power", "discharge-air-flow", "mixed-air-temp", "discharge-air-temp"),
        symptom=runs_out_of_hours, hold=hours(2), least=hours(8), join=hours(72),
        says="runs its fan out of hours, for nobody (return air at {return-air-co2} of CO2)",
        source="PNNL AIRCx; catalogue AHU-26",
        causes=(
            Suspect("schedule-left-on", "the time schedule was left on, or a holiday was not set", 0.50,
                    "open the time schedule of the unit", 5,
                    _told_to_run, "its own control told the fan to run {pct} of that time"),
            Suspect("fan-in-hand", "the fan is in hand at its starter or overridden", 0.30,
                    "look at the hand-off-auto switch and the priority array", 5,
                    _runs_untold, "the fan ran untold {pct} of that time"),
            Suspect("night-request", "a zone or a purge sequence asks for it", 0.20,
                    "look at the zones' requests at night", 10),
        ),
        waste=_running_kw, method=f"fan power plus cooling of its air flow, {METHOD_PLANT}",
    ),
    Rule(
        id="AHU-30", family=Family.AIR, severity=Severity.WASTE, equip="equip and ahu",
        needs=("filter-pressure", "discharge-air-flow", "fan-run"), uses=("fan-power",),
        symptom=filter_loaded, hold=hours(4), least=hours(8),
        says="has a loaded filter: {filter-pressure} at {discharge-air-flow}",
        source="Catalogue AHU-30; filter makers' final resistance",
        causes=(
            Suspect("filter-dirty", "the filter is dirty", 0.85, "look at the filter", 10),
            Suspect("tubes-blocked", "the pressure tubes are wet or swapped", 0.15, "blow out the tubes", 10),
        ),
        waste=_loaded_kw, method="10 % of fan power, the usual extra of a loaded filter (5-15 %)",
    ),
    Rule(
        id="AHU-FC01", family=Family.AIR, severity=Severity.COMFORT, equip="equip and ahu",
        needs=("discharge-air-pressure", "discharge-air-pressure-sp", "fan-speed", "fan-run"),
        uses=("fan-power",),
        symptom=starved_at_full_speed, hold=minutes(60), least=hours(3), comfort=True,
        says="cannot keep its duct pressure: {discharge-air-pressure} of {discharge-air-pressure-sp} "
             "at {fan-speed} fan speed",
        source="Guideline 36 FC1",
        causes=(
            Suspect("belt-or-drive", "belt slips or the drive is limited", 0.35, "read the drive's amps and limits", 10),
            Suspect("filter-dirty", "filter or coil is blocked", 0.30, "read the filter pressure drop", 5),
            Suspect("damper-shut", "a fire or balancing damper is shut", 0.20, "walk the main duct", 30),
            Suspect("sensor-tube", "the pressure tube is off or blocked", 0.15, "blow out the tube", 10),
        ),
        waste=_full_speed_kw, method="fan power above 85 % speed, exponent 2.7",
    ),
)  # fmt: skip
