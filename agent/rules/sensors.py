"""Sensor rules: is what a sensor says possible, alive, and agreed by its neighbours? They gate all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agent.diagnosis import Family, Severity
from agent.rules.arrays import (
    DAY,
    HOUR,
    At,
    Flags,
    median,
    of_others,
    rolling_range,
    theil_sen,
)
from agent.rules.rule import Rule, Suspect, hours, minutes
from ontology.defs import ROLE
from ontology.history import Floats

BIAS_K = 1.5
"""Residual against redundant sensors that no calibration tolerance explains (catalogue SV-05)."""
DRIFT_K_PER_DAY = 0.3 / 30
"""Catalogue SV-06: 0.3 K a month, with p < 0.01."""
DRIFT_P = 0.01
DRIFT_WORTH_K = 1.1
"""A drift must add up to more than a good sensor's own tolerance (Guideline 36: 1.1 K) to be worth a visit."""
MOVED = 6.0
"""Neighbours must have moved by several steps of resolution while the flat one did not move at all."""


@dataclass(frozen=True)
class Quantity:
    """What a healthy sensor of a role can show: physical range, resolution, and how soon it must move."""

    role: str
    low: float
    high: float
    resolution: float
    moves_in_h: int


QUANTITIES = (
    # no place in or around a cooled building is outside these; windows as in the catalogue's SV-02
    Quantity("outside-air-temp", -20, 55, 0.1, 24),
    Quantity("outside-air-humidity", 0, 100, 0.5, 24),
    Quantity("return-air-temp", 8, 45, 0.1, 12),
    Quantity("mixed-air-temp", 5, 50, 0.1, 12),
    Quantity("discharge-air-temp", 3, 50, 0.1, 12),
    Quantity("zone-air-temp", 8, 45, 0.1, 12),
    Quantity("zone-air-humidity", 5, 100, 0.5, 12),
    Quantity("zone-air-co2", 300, 6000, 1, 12),
    Quantity("return-air-co2", 300, 6000, 1, 12),
    Quantity("chilled-water-leaving-temp", 1, 40, 0.1, 24),
    Quantity("chilled-water-entering-temp", 1, 40, 0.1, 24),
    Quantity("condenser-water-entering-temp", 5, 45, 0.1, 24),
    Quantity("condenser-water-leaving-temp", 5, 50, 0.1, 24),
)
SAME_KIND = {
    # neighbours of a sensor that must move when it does: terminals and rooms apart from plant
    "zone-air-temp": ("equip and vav", "equip and fcu", "equip and iaqSensor"),
    "zone-air-humidity": ("equip and fcu", "equip and iaqSensor"),
    "zone-air-co2": ("equip and iaqSensor",),
    "outside-air-temp": ("equip and ahu",),
}


def impossible(quantity: Quantity) -> Rule:
    """SV-01: a value outside what physics allows there."""
    role = quantity.role

    def symptom(at: At) -> Flags:
        return (at[role] < quantity.low) | (at[role] > quantity.high)

    return Rule(
        id="SV-01", family=Family.SENSOR, severity=Severity.COMFORT, equip="equip", needs=(role,),
        symptom=symptom, subject=role, gates=True, hold=minutes(15),
        says=f"shows an impossible {ROLE[role].dis.lower()} of {{{role}}}",
        source="SV-01 (sensor validation practice)",
        causes=(
            Suspect("sensor-open-or-short", "the sensor or its cable is open or shorted", 0.6,
                    "measure the sensor at the controller's terminals", 10),
            Suspect("wrong-scaling", "wrong scaling or unit at the controller or gateway", 0.3,
                    "compare the controller's own display with the trend", 5),
            Suspect("sensor-dead", "the sensor has failed", 0.1, "swap in a known good sensor", 30),
        ),
    )  # fmt: skip


def flat_lined(quantity: Quantity, equip: str) -> Rule:
    """SV-02: not one step of resolution in many hours, while its neighbours moved."""
    role = quantity.role

    def symptom(at: At) -> Flags:
        spread = rolling_range(at[role], quantity.moves_in_h * HOUR)
        return (spread < quantity.resolution / 2) & (
            of_others(spread) > MOVED * quantity.resolution
        )

    return Rule(
        id="SV-02", family=Family.SENSOR, severity=Severity.COMFORT, equip=equip, needs=(role,),
        symptom=symptom, subject=role, gates=True, hold=hours(quantity.moves_in_h / 2), join=hours(72),
        says=f"has shown one and the same {ROLE[role].dis.lower()} ({{{role}}}) for hours "
             "while its neighbours moved",
        source="SV-02 (sensor validation practice)",
        causes=(
            Suspect("sensor-frozen", "the sensor is frozen at its last value", 0.55,
                    "warm the sensor with a hand and watch the trend", 10),
            Suspect("value-substituted", "somebody put a fixed value in its place at the controller", 0.25,
                    "look for out-of-service or a manual value on the input object", 5),
            Suspect("controller-frozen", "the controller's input card has stopped", 0.2,
                    "look at the other inputs of the same controller", 10),
        ),
    )  # fmt: skip


def flat_rules() -> tuple[Rule, ...]:
    """One SV-02 row for each quantity and each kind of equipment that carries several such sensors."""
    return tuple(
        flat_lined(quantity, equip)
        for quantity in QUANTITIES
        for equip in SAME_KIND.get(quantity.role, ("equip and ahu",))
        if quantity.role in SAME_KIND or quantity.role.endswith("air-temp")
    )


def residual(measured: Floats, others: Floats, valid: Flags) -> Floats:
    """Daily medians of measured minus others where both can be compared, shape (equips, days)."""
    apart = np.where(valid, measured - others, np.nan)
    days = apart.shape[1] // DAY
    # the newest whole days: the history ends at `now`, in the middle of a day
    recent = apart[:, apart.shape[1] - days * DAY :]
    return median(recent.reshape(len(apart), days, DAY), axis=2)[:, :, 0]


def spread_over_days(daily: Flags, steps: int) -> Flags:
    """Daily flags, shape (equips, days), back on steps; the rest of a first day is False."""
    flags = np.zeros((len(daily), steps), dtype=np.bool_)
    whole = np.repeat(daily, DAY, axis=1)
    flags[:, steps - whole.shape[1] :] = whole
    return flags


def drifts(daily: Floats) -> Flags:
    """Days on which a drifting sensor had left its own early level, shape (equips, days).

    A sensor drifts when its residual climbs (Theil-Sen, Mann-Kendall p < 0.01) by more than a sensor's
    tolerance over the range. It is out from the day its line passes half that tolerance.
    """
    days = np.arange(daily.shape[1], dtype=np.float64)
    out = np.zeros(daily.shape, dtype=np.bool_)
    for row, own in enumerate(daily):
        slope, p = theil_sen(days, own)
        known = np.isfinite(own)
        total = slope * known.sum()
        if p < DRIFT_P and abs(slope) > DRIFT_K_PER_DAY and abs(total) > DRIFT_WORTH_K:
            out[row] = abs(slope) * days > DRIFT_WORTH_K / 2
    return out


def compared(role: str, others: str, equip: str, valid: str, *, moving: bool) -> Rule:
    """SV-05 (a bias) or SV-06 (`moving`: a drift): a sensor against what must show the same.

    `valid` is the on/off role during which they can be compared; "" for always.
    """

    def symptom(at: At) -> Flags:
        running = at[valid] > 0.9 if valid else np.isfinite(at[role])
        daily = residual(at[role], at[others], running)
        moves = drifts(daily)
        if moving:
            return spread_over_days(moves, at[role].shape[1])
        biased = np.abs(daily - median(daily, axis=0)) > BIAS_K
        return spread_over_days(biased & ~moves.any(axis=1, keepdims=True), at[role].shape[1])

    names = ("SV-06", "drifts away from") if moving else ("SV-05", "disagrees with")
    fault = "drifts with age" if moving else "is out of calibration"
    return Rule(
        id=names[0], family=Family.SENSOR, severity=Severity.WASTE if moving else Severity.COMFORT,
        equip=equip, needs=(role, others), uses=(valid,) if valid else (), symptom=symptom,
        subject=role, gates=True, hold=hours(48), join=hours(120),
        says=f"{ROLE[role].dis.lower()} {names[1]} its neighbours: {{{role}}} against {{{others}}}",
        source=f"{names[0]} (sensor validation practice; Theil-Sen, Mann-Kendall)",
        causes=(
            Suspect("sensor-drift" if moving else "sensor-bias", f"the sensor {fault}", 0.65,
                    "compare with a reference thermometer at two temperatures", 20),
            Suspect("sensor-misplaced", "it no longer measures where it should (moved, loose, in a draught)",
                    0.2, "look at where and how the sensor sits", 15),
            Suspect("heat-source", "a new heat source or leak beside it", 0.15,
                    "look for equipment added near the sensor", 15),
        ),
    )  # fmt: skip


_REDUNDANT = (
    ("return-air-temp", "zone.zone-air-temp", "equip and ahu and not doas", "fan-run"),
    ("outside-air-temp", "weather.outside-air-temp", "equip and ahu", ""),
    ("zone-air-temp", "room.zone-air-temp", "equip and iaqSensor", ""),
)

SILENT = Rule(
    id="SV-04", family=Family.SENSOR, severity=Severity.INFO, equip="equip", needs=(), symptom=None,
    hold=hours(1), says="has been silent for hours", source="SV-04 (sensor validation practice)",
    causes=(
        Suspect("device-off", "the device has no power or an empty battery", 0.45,
                "look at the device's battery or supply", 15),
        Suspect("link-lost", "the radio or network link is lost", 0.4,
                "look for other silent devices on the same gateway or bus", 5),
        Suspect("driver-stuck", "the line was taken out of the poller's list", 0.15,
                "look at the line's status in the poller", 5),
    ),
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    *(impossible(quantity) for quantity in QUANTITIES),
    *flat_rules(),
    *(compared(*row, moving=True) for row in _REDUNDANT),
    *(compared(*row, moving=False) for row in _REDUNDANT),
    SILENT,
)
