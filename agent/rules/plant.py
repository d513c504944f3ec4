"""Plant rules: chillers, towers, pumps and the chilled-water loop. Temperatures °C, flows L/s, powers kW."""

from __future__ import annotations

import numpy as np

from agent.diagnosis import Family, Severity
from agent.impact import FAN_EXPONENT, LIFT_SHARE_PER_K
from agent.rules.air import FULL_PCT, ON, on
from agent.rules.arrays import DAY, HOUR, At, Flags, for_the_last, median, quantile, rolling_mean
from agent.rules.rule import Rule, Suspect, hours, minutes, supports
from ontology.history import Floats

DESIGN_DELTA_K = 6.7
"""Design temperature difference of the usual 6.7/13.4 °C (44/56 °F) loop."""
LOW_DELTA = 0.6
APPROACH_WORSE_K = 1.5
"""Catalogue CHW-07/08: above design, here above the chiller's own best and its sisters'."""
APPROACH_LOAD_PCT = 50.0
TOWER_K = 6.0
"""Design approach of 4 K (3-5 K) plus 2 K."""
WORSE = 1.08
"""Catalogue CHW-09: 8 % above its own baseline."""
SOFT_START = 3
"""Steps a chiller needs to pull its water down (20 min, and the step it starts in)."""
BASELINE_DAYS = 7


def low_delta_t(at: At) -> Flags:
    """CHW-01: the water comes back too cold while a chiller is well loaded."""
    delta = at["chilled-water-entering-temp"] - at["chilled-water-leaving-temp"]
    loaded = at["chillers.max:load"] > 30.0
    return loaded & (rolling_mean(delta, HOUR) < LOW_DELTA * DESIGN_DELTA_K)


def more_secondary_than_primary(at: At) -> Flags:
    """CHW-02: the loop draws more than the primary pumps give, so return water mixes into the supply."""
    return at["secondary-flow"] > 1.05 * at["primary-flow"]


def supply_off_setpoint(at: At) -> Flags:
    """CHW-03: a chiller that has had time to settle supplies water more than 1 K too warm."""
    settled = for_the_last(on(at["run"]), SOFT_START)
    return settled & (at["chilled-water-leaving-temp"] > at["chilled-water-leaving-temp-sp"] + 1.0)


def short_cycles(at: At) -> Flags:
    """CHW-04: more than four starts within 24 h."""
    running = at["run"] > 0.5
    starts = np.zeros(running.shape)
    starts[:, 1:] = running[:, 1:] & ~running[:, :-1] & np.isfinite(at["run"][:, :-1])
    total = np.cumsum(starts, axis=1)
    if total.shape[1] > DAY:
        total[:, DAY:] = total[:, DAY:] - total[:, :-DAY]
    return (total > 4) & np.isfinite(at["run"])


def _loaded(at: At) -> Flags:
    return for_the_last(on(at["run"]), SOFT_START) & (at["load"] >= APPROACH_LOAD_PCT)


def condenser_approach(at: At) -> Floats:
    """Condensing minus leaving condenser-water temperature at full load, K; NaN below half load.

    The approach is proportional to the heat rejected (constant UA and flow): it is scaled to 100 % load.
    """
    apart = at["condenser-refrig-temp"] - at["condenser-water-leaving-temp"]
    return apart / np.where(_loaded(at), at["load"] / 100, np.nan)


def evaporator_approach(at: At) -> Floats:
    """Leaving chilled-water minus evaporating temperature at full load, K; NaN below half load."""
    apart = at["chilled-water-leaving-temp"] - at["evaporator-refrig-temp"]
    return apart / np.where(_loaded(at), at["load"] / 100, np.nan)


def _worse_than_best(approach: Floats) -> Flags:
    """Above the lowest daily level seen, of its own and of its sisters, by more than 1.5 K."""
    best = np.nanmin(_daily_level(approach)) if np.isfinite(approach).any() else np.nan
    return rolling_mean_known(approach) > best + APPROACH_WORSE_K


def rolling_mean_known(values: Floats) -> Floats:
    """Mean of the known values of the last day, where there is one now: chillers run in turns."""
    known = np.isfinite(values)
    total, count = _day_total(np.where(known, values, 0.0)), _day_total(known.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, total / count, np.nan)


def _day_total(values: Floats) -> Floats:
    total = np.cumsum(values, axis=1)
    if total.shape[1] > DAY:
        total[:, DAY:] = total[:, DAY:] - total[:, :-DAY]
    return total


def _daily_level(values: Floats) -> Floats:
    """Medians of whole days with at least three known hours, shape (rows, days); NaN for other days."""
    days = max(1, values.shape[1] // DAY)
    whole = values[:, : days * DAY].reshape(len(values), days, -1)
    enough = np.isfinite(whole).sum(axis=2) >= min(3 * HOUR, whole.shape[2])
    return np.where(enough, median(whole, axis=2)[:, :, 0], np.nan)


def condenser_fouled(at: At) -> Flags:
    """CHW-08."""
    return _worse_than_best(condenser_approach(at))


def evaporator_fouled(at: At) -> Flags:
    """CHW-07."""
    return _worse_than_best(evaporator_approach(at))


def specific_power(at: At) -> Floats:
    """Electric kW per kW of cooling; NaN below half load."""
    cooling = np.where(_loaded(at) & (at["cooling-power"] > 0), at["cooling-power"], np.nan)
    return at["power"] / cooling


def power_over_baseline(at: At) -> Floats:
    """Power per cooling over what the chiller itself needed in its first week at that load and lift.

    The baseline is a plane through the first week: log(kW/kW) = a + b x lift + c x load. NaN below half
    load, in that first week, and for a chiller that ran loaded for less than a day of it.
    """
    figure = np.log(specific_power(at))
    lift = at["condenser-water-leaving-temp"] - at["chilled-water-leaving-temp"]
    ratio = np.full(figure.shape, np.nan)
    for row, own in enumerate(figure):
        terms = np.stack([np.ones_like(own), lift[row], at["load"][row]], axis=1)
        known = np.flatnonzero(np.isfinite(own) & np.isfinite(terms).all(axis=1))
        first = known[known < BASELINE_DAYS * DAY]
        later = known[known >= BASELINE_DAYS * DAY]
        if len(first) >= 24 * HOUR:
            plane = np.linalg.lstsq(terms[first], own[first], rcond=None)[0]
            ratio[row, later] = np.exp(own[later] - terms[later] @ plane)
    return ratio


def efficiency_drifted(at: At) -> Flags:
    """CHW-09: over the last day more than 8 % above its own baseline."""
    return rolling_mean_known(power_over_baseline(at)) > WORSE


def heat_does_not_balance(at: At) -> Flags:
    """CHW-10: heat rejected is not heat taken in plus electricity, within 10 %."""
    rejected = (
        4.187
        * at["condenser-water-flow"]
        * (at["condenser-water-leaving-temp"] - at["condenser-water-entering-temp"])
    )
    taken = at["cooling-power"] + 0.97 * at["power"]
    steady = for_the_last(on(at["run"]), 4) & (at["load"] > 40.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return steady & (np.abs(rolling_mean((rejected - taken) / rejected, HOUR)) > 0.10)


def tower_approach(at: At) -> Flags:
    """CT-01: fan at full speed and the water stays more than 6 K above the wet bulb."""
    full = for_the_last((at["speed"] >= FULL_PCT) & on(at["run"]), 4)
    approach = at["condenser-water-leaving-temp"] - at["weather.outside-air-wet-bulb"]
    return full & (approach > TOWER_K)


def valve_open_on_a_stopped_chiller(at: At) -> Flags:
    """CHW-15: water flows through a chiller that is off."""
    stopped = for_the_last(at["run"] < 1 - ON, 4)
    return stopped & on(at["isolation-valve"])


def meters_disagree(at: At) -> Flags:
    """MET-01: a meter and what it measures differ by more than 10 %."""
    own, measured = at["power"], at["measured.power"]
    apart = np.abs(rolling_mean(own - measured, 4 * HOUR))
    return (apart > 0.10 * np.abs(rolling_mean(measured, 4 * HOUR))) & (measured > 20.0)


def _overpumping_kw(at: At) -> Floats:
    """Secondary pump power above what the design temperature difference would need."""
    delta = at["chilled-water-entering-temp"] - at["chilled-water-leaving-temp"]
    needed = np.clip(delta / (0.85 * DESIGN_DELTA_K), 0.0, 1.0)
    return at["secondary.sum:power"] * (1 - needed**FAN_EXPONENT)


def _lift_kw(at: At) -> Floats:
    """Share of the chiller's power that the higher condensing temperature takes (above 1.5 K of approach)."""
    excess = np.nan_to_num(condenser_approach(at) - quantile(condenser_approach(at), 0.05, axis=1))
    return at["power"] * LIFT_SHARE_PER_K * np.maximum(excess, 0.0)


def _drift_kw(at: At) -> Floats:
    return at["power"] * np.clip(1 - 1 / power_over_baseline(at), 0.0, 0.5)


def _over_pressure(at: At) -> Floats:
    dp, sp = at["chilled-water-pressure"], at["chilled-water-pressure-sp"]
    return supports(dp > 1.1 * sp, dp, sp)


def _approach_up(at: At) -> Floats:
    approach = condenser_approach(at)
    best = quantile(approach, 0.05, axis=1)
    return np.where(np.isfinite(approach), (approach > best + 1.0).astype(np.float64), np.nan)


def _evaporator_up(at: At) -> Floats:
    approach = evaporator_approach(at)
    best = quantile(approach, 0.05, axis=1)
    return np.where(np.isfinite(approach), (approach > best + 1.0).astype(np.float64), np.nan)


_CONDENSER = ("condenser-refrig-temp", "condenser-water-leaving-temp", "load", "run")
_EVAPORATOR = ("chilled-water-leaving-temp", "evaporator-refrig-temp", "load", "run")
_LOOP = ("chilled-water-entering-temp", "chilled-water-leaving-temp")

RULES: tuple[Rule, ...] = (
    Rule(
        id="CHW-01", family=Family.PLANT, severity=Severity.WASTE, equip="equip and chilledWaterPlant",
        needs=(*_LOOP, "chillers.max:load"),
        uses=("chilled-water-pressure", "chilled-water-pressure-sp", "secondary-flow", "primary-flow",
              "secondary.sum:power", "secondary.max:speed"),
        symptom=low_delta_t, hold=hours(2), least=hours(8),
        says="returns its water too cold: {chilled-water-leaving-temp} out, {chilled-water-entering-temp} back "
             "at {secondary-flow}",
        source="Open-FDD cookbook; catalogue CHW-01",
        causes=(
            Suspect("over-pumping", "the secondary pumps push more water than the coils can use", 0.35,
                    "compare pump speed and loop pressure with their setpoints", 5,
                    _over_pressure, "loop pressure was more than 10 % above setpoint {pct} of that time"),
            Suspect("valves-passing", "control valves at the coils pass or are open without need", 0.35,
                    "rank the floors by return temperature at the risers", 30),
            Suspect("three-way-bypass", "bypass or three-way valves return unused water", 0.15,
                    "look at the end-of-line bypasses", 20),
            Suspect("coils-fouled", "coils are fouled on the air side", 0.15,
                    "compare air and water temperature at the largest coils", 30),
        ),
        waste=_overpumping_kw,
        method="secondary pump power x (1 - (delta-T / 5.7 K)^2.7), 5.7 K = 85 % of design",
    ),
    Rule(
        id="CHW-02", family=Family.PLANT, severity=Severity.COMFORT, equip="equip and chilledWaterPlant",
        needs=("primary-flow", "secondary-flow"), uses=("decoupler-flow", "chillers.max:load"),
        symptom=more_secondary_than_primary, hold=minutes(60), least=hours(4),
        says="mixes return water into its supply: secondary {secondary-flow}, primary {primary-flow}",
        source="Catalogue CHW-02",
        causes=(
            Suspect("over-pumping", "the secondary pumps push too much", 0.45, "compare pump speed and loop pressure", 5),
            Suspect("staging-late", "the next chiller and its pump start too late", 0.35, "look at the staging logic", 15),
            Suspect("primary-pump-weak", "a primary pump under-delivers", 0.20, "read the pump's pressure and amps", 10),
        ),
    ),
    Rule(
        id="CHW-03", family=Family.PLANT, severity=Severity.COMFORT, equip="equip and chiller",
        needs=("run", "chilled-water-leaving-temp", "chilled-water-leaving-temp-sp"), uses=("load",),
        symptom=supply_off_setpoint, hold=minutes(45), least=hours(2),
        says="supplies {chilled-water-leaving-temp} where {chilled-water-leaving-temp-sp} is asked for, at {load} load",
        source="Open-FDD cookbook; catalogue CHW-03",
        causes=(
            Suspect("capacity-short", "the running chillers are at their limit", 0.40, "read load and amps", 5,
                    lambda at: supports(at["load"] > FULL_PCT, at["load"]), "it was above 95 % load {pct} of that time"),
            Suspect("refrigerant-low", "refrigerant charge is low", 0.25, "read the evaporator approach", 10),
            Suspect("flow-high", "more flow than design", 0.20, "read the evaporator's pressure drop", 10),
            Suspect("guide-vanes", "vanes or drive do not follow", 0.15, "read vane position against command", 10),
        ),
    ),
    Rule(
        id="CHW-04", family=Family.PLANT, severity=Severity.RISK, equip="equip and chiller",
        needs=("run",), symptom=short_cycles, hold=minutes(60), least=hours(1),
        says="starts too often: more than four times in 24 h",
        source="Catalogue CHW-04",
        causes=(
            Suspect("staging-deadband", "staging limits are too close together", 0.5, "look at the staging limits", 10),
            Suspect("low-load", "the load is below the chiller's minimum", 0.3, "look at the load when it stops", 5),
            Suspect("flow-switch", "the flow switch chatters", 0.2, "read the chiller's trip log", 10),
        ),
    ),
    Rule(
        id="CHW-07", family=Family.PLANT, severity=Severity.RISK, equip="equip and chiller",
        needs=_EVAPORATOR, symptom=evaporator_fouled, hold=hours(2), least=hours(12), join=hours(72),
        says="has a high evaporator approach: water {chilled-water-leaving-temp}, refrigerant {evaporator-refrig-temp}",
        source="Catalogue CHW-07",
        causes=(
            Suspect("low-charge", "refrigerant charge is low", 0.45, "read the charge and look for leaks", 30),
            Suspect("tubes-fouled", "evaporator tubes are fouled", 0.30, "inspect the tubes", 120),
            Suspect("oil", "oil has collected in the evaporator", 0.25, "look at the oil log", 15),
        ),
    ),
    Rule(
        id="CHW-08", family=Family.PLANT, severity=Severity.RISK, equip="equip and chiller",
        needs=_CONDENSER, uses=("power", "condenser-water-flow"),
        symptom=condenser_fouled, hold=hours(2), least=hours(12), join=hours(72),
        says="condenses too hot: refrigerant {condenser-refrig-temp} against water leaving at "
             "{condenser-water-leaving-temp}, at {load} load",
        source="Catalogue CHW-08",
        causes=(
            Suspect("tubes-fouled", "the condenser tubes are fouled or scaled", 0.55,
                    "compare with the last tube brushing; read the condenser's pressure drop", 20),
            Suspect("non-condensables", "air in the refrigerant", 0.20,
                    "compare condensing pressure with saturation at rest", 30),
            Suspect("low-flow", "too little condenser water", 0.25, "read the condenser's pressure drop and strainer", 10),
        ),
        waste=_lift_kw, method="chiller power x 2.5 % per kelvin of approach above its best days",
    ),
    Rule(
        id="CHW-09", family=Family.PLANT, severity=Severity.WASTE, equip="equip and chiller",
        needs=("power", "cooling-power", *_LOOP[1:], *_CONDENSER), uses=("evaporator-refrig-temp",),
        symptom=efficiency_drifted, hold=hours(2), least=hours(12), join=hours(72),
        says="uses more power for its cooling than in its first week ({power} of electricity for {cooling-power} of cooling)",
        source="Catalogue CHW-09",
        causes=(
            Suspect("condenser-fouled", "its condenser is fouled", 0.40, "read the condenser approach (CHW-08)", 5,
                    _approach_up, "its condenser approach was up by more than 1 K {pct} of that time"),
            Suspect("evaporator", "its evaporator transfers less heat", 0.20, "read the evaporator approach (CHW-07)", 5,
                    _evaporator_up, "its evaporator approach was up by more than 1 K {pct} of that time"),
            Suspect("sensor", "a flow or temperature sensor has drifted", 0.20, "check the heat balance (CHW-10)", 10),
            Suspect("compressor", "compressor or drive has worn", 0.20, "read the oil analysis", 60),
        ),
        waste=_drift_kw, method="chiller power x (1 - 1 / ratio to its own first week at the same load and lift)",
    ),
    Rule(
        id="CHW-10", family=Family.SENSOR, severity=Severity.COMFORT, equip="equip and chiller",
        needs=("condenser-water-flow", "condenser-water-leaving-temp", "condenser-water-entering-temp",
               "cooling-power", "power", "run", "load"),
        symptom=heat_does_not_balance, hold=hours(2), least=hours(12), join=hours(72),
        says="does not balance its heat within 10 %: {cooling-power} taken in, {power} of electricity",
        source="Catalogue CHW-10 (AHRI 550/590 heat balance)",
        causes=(
            Suspect("flow-meter", "a flow meter is off", 0.5, "compare with the pump curve", 30),
            Suspect("temperature-pair", "a pair of temperature sensors is off", 0.4, "match the pair at zero load", 20),
            Suspect("meter-ratio", "the power meter's CT ratio is wrong", 0.1, "compare with a clamp meter", 15),
        ),
    ),
    Rule(
        id="CHW-15", family=Family.PLANT, severity=Severity.WASTE, equip="equip and chiller",
        needs=("run", "isolation-valve"), symptom=valve_open_on_a_stopped_chiller, hold=minutes(60), least=hours(4),
        says="is off with its isolation valve open",
        source="Catalogue CHW-15",
        causes=(
            Suspect("actuator", "the valve's actuator has failed or is in hand", 0.7, "look at the actuator", 10),
            Suspect("logic", "the stop sequence does not close it", 0.3, "look at the stop sequence", 10),
        ),
    ),
    Rule(
        id="CT-01", family=Family.PLANT, severity=Severity.WASTE, equip="equip and coolingTower",
        needs=("run", "speed", "condenser-water-leaving-temp", "weather.outside-air-wet-bulb"),
        symptom=tower_approach, hold=hours(2), least=hours(12),
        says="cools to {condenser-water-leaving-temp} at full fan, wet bulb {weather.outside-air-wet-bulb}",
        source="Open-FDD cookbook; catalogue CT-01",
        causes=(
            Suspect("fill-scaled", "the fill is scaled", 0.4, "look at the fill", 15),
            Suspect("nozzles", "nozzles are blocked, water spreads unevenly", 0.3, "look at the spray", 15),
            Suspect("belt", "the fan belt slips", 0.2, "read the fan's amps", 10),
            Suspect("wet-bulb", "the wet-bulb reading is wrong", 0.1, "compare with a sling psychrometer", 15),
        ),
    ),
    Rule(
        id="MET-01", family=Family.SENSOR, severity=Severity.COMFORT, equip="equip and elec and meter",
        needs=("power", "measured.power"), symptom=meters_disagree, hold=hours(12), least=hours(24),
        says="reads {power} where what it measures reads {measured.power}",
        source="Catalogue MET-01",
        causes=(
            Suspect("ct-ratio", "wrong current-transformer ratio", 0.6, "compare with a clamp meter", 15),
            Suspect("other-load", "something else hangs on the same meter", 0.4, "look at the single-line diagram", 20),
        ),
    ),
)  # fmt: skip
