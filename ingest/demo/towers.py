"""Cooling towers: Merkel's enthalpy potential with an effectiveness; fans that hold the water temperature.

Braun, Klein, Mitchell 1989 (ASHRAE Trans. 95): NTU = c (m_water / m_air)^(1+n) with n = -0.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ingest.demo import moist_air as air
from ingest.demo.coils import CP_WATER

CONDENSER_KG_S: Final = 96.0
"""Water of one cell, as of one condenser: 3 gpm per ton."""
TOWER_AIR_KG_S: Final = 60.0
TOWER_NTU: Final = 2.2
TOWER_FAN_W: Final = 22_000.0
APPROACH_K: Final = 3.9
"""The setpoint is the wet bulb plus this, not below LEAST_SP."""
LEAST_SP: Final = 23.0
LEAST_SPEED: Final = 0.15
BASIN_S: Final = 240.0
"""Time constant of the water in basins and mains."""


@dataclass(frozen=True)
class Cooled:
    """The towers this step: common fan speed, settled water temperature, setpoint, heat per cell W."""

    speed: float
    settled: float
    setpoint: float
    per_cell: float


def hold(rejected_w: float, cells: int, wet_bulb: float) -> Cooled:
    """Find the fan speed that meets the setpoint, or the water temperature that full speed reaches."""
    setpoint = max(wet_bulb + APPROACH_K, LEAST_SP)
    per_cell = rejected_w / max(cells, 1)
    rise = per_cell / (CONDENSER_KG_S * CP_WATER)
    if tower_heat(setpoint + rise, wet_bulb, 1.0) < per_cell:
        return Cooled(1.0, _warmer(setpoint, rise, per_cell, wet_bulb), setpoint, per_cell)
    low, high = LEAST_SPEED, 1.0
    for _ in range(9):
        middle = (low + high) / 2
        enough = tower_heat(setpoint + rise, wet_bulb, middle) > per_cell
        low, high = (low, middle) if enough else (middle, high)
    return Cooled(high, setpoint, setpoint, per_cell)


def tower_heat(entering: float, wet_bulb: float, speed: float) -> float:
    """W that one cell takes from its water at this fan speed (share of full)."""
    m_air = TOWER_AIR_KG_S * speed
    potential = _saturated_enthalpy(entering) - _saturated_enthalpy(wet_bulb)
    slope = max(potential / max(entering - wet_bulb, 0.05), 500.0)
    ntu = TOWER_NTU * math.pow(CONDENSER_KG_S / m_air, 0.4)
    ratio = min(m_air * slope / (CONDENSER_KG_S * CP_WATER), 5.0)
    if abs(1.0 - ratio) < 1e-6:
        return ntu / (1.0 + ntu) * m_air * potential
    decay = math.exp(-ntu * (1.0 - ratio))
    return (1.0 - decay) / (1.0 - ratio * decay) * m_air * potential


def fan_power(speed: float) -> float:
    """Electric W of one fan: cube law, and what its drive takes."""
    return TOWER_FAN_W * speed**3 + 150.0 if speed > 0 else 0.0


def _warmer(start: float, rise: float, per_cell: float, wet_bulb: float) -> float:
    """Water temperature at which full fans reject the heat."""
    settled = start
    for _ in range(12):
        gap = per_cell - tower_heat(settled + rise, wet_bulb, 1.0)
        settled += 0.35 * gap / (CONDENSER_KG_S * CP_WATER)
    return settled


def _saturated_enthalpy(temp: float) -> float:
    """J/kg; vapour pressure after Magnus (WMO 2014), faster for one number than the table."""
    pressure = 611.2 * math.exp(17.62 * temp / (243.12 + temp))
    ratio = 0.621945 * pressure / (air.PRESSURE_PA - pressure)
    return air.CP_AIR * temp + ratio * (air.H_FG + air.CP_VAPOUR * temp)
