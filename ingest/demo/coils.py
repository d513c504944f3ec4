"""Cooling coils: effectiveness-NTU with condensation, and a bypass factor for the latent split.

Wet coils by the enthalpy-potential method (Braun, Klein, Mitchell 1989, ASHRAE Trans. 95):
air exchanges with saturated air at the water's temperature; the dry and the wet answer are both
computed and the larger one holds. All flows kg/s, temperatures degC, heat W.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.demo import moist_air as air
from ontology.history import Floats

CP_WATER: Final = 4187.0
RANGEABILITY: Final = 40.0
"""Equal-percentage valve: flow rises by the same factor for each step of the stem."""
LEAST_FLOW: Final = 1e-4
"""kg/s that stands for "no flow", so that no division by zero occurs."""


@dataclass(frozen=True)
class CoilSize:
    """Design of many coils as arrays: conductances W/K at the design flows kg/s."""

    air_flow: Floats
    water_flow: Floats
    air_ua: Floats
    water_ua: Floats

    @classmethod
    def of(
        cls, air_flow: Floats, water_flow: Floats, air_ntu: Floats, water_ntu: Floats
    ) -> CoilSize:
        """From numbers of transfer units on each side at the design flows."""
        return cls(
            air_flow,
            water_flow,
            air_ntu * air_flow * air.CP_AIR,
            water_ntu * water_flow * CP_WATER,
        )


@dataclass(frozen=True)
class CoilState:
    """What leaves the coils: air temperature and humidity ratio, water temperature, heat W."""

    air_temp: Floats
    air_ratio: Floats
    water_temp: Floats
    heat: Floats


def valve_opening(command_pct: Floats) -> Floats:
    """Share of the design flow that an equal-percentage valve passes at design pressure."""
    return np.asarray((RANGEABILITY ** (command_pct / 100.0) - 1.0) / (RANGEABILITY - 1.0))


def cool(
    size: CoilSize,
    air_flow: Floats,
    temp: Floats,
    ratio: Floats,
    *,
    water_flow: Floats,
    water_temp: float,
) -> CoilState:
    """Steady state of all coils for these inlet conditions."""
    m_air = np.maximum(air_flow, LEAST_FLOW)
    m_water = np.maximum(water_flow, LEAST_FLOW)
    # heat transfer grows less than flow does: exponents 0.6 (air over fins), 0.8 (water in tubes)
    air_ua = size.air_ua * (m_air / size.air_flow) ** 0.6
    water_ua = size.water_ua * np.minimum(m_water / size.water_flow, 1.5) ** 0.8
    heat_in = air.enthalpy(temp, ratio)
    dry = _dry_heat(
        m_air * (air.CP_AIR + air.CP_VAPOUR * ratio), m_water, air_ua, water_ua, temp - water_temp
    )
    wet = _wet_heat(m_air, m_water, air_ua, water_ua, heat_in=heat_in, water_temp=water_temp)
    heat = np.maximum(np.maximum(dry, wet), 0.0)
    heat_out = heat_in - heat / m_air
    bypass = np.exp(-air_ua / (m_air * air.CP_AIR))
    surface = air.saturation_temp(heat_in - heat / m_air / (1.0 - bypass))
    air_temp = np.maximum(surface + (temp - surface) * bypass, surface)
    air_ratio = (heat_out - air.CP_AIR * air_temp) / (air.H_FG + air.CP_VAPOUR * air_temp)
    is_dry = air_ratio >= ratio
    air_ratio = np.where(is_dry, ratio, air_ratio)
    dry_temp = (heat_out - ratio * air.H_FG) / (air.CP_AIR + air.CP_VAPOUR * ratio)
    air_temp = np.where(is_dry, dry_temp, air_temp)
    return CoilState(air_temp, air_ratio, water_temp + heat / (m_water * CP_WATER), heat)


def _dry_heat(
    c_air: Floats, m_water: Floats, air_ua: Floats, water_ua: Floats, gap: Floats
) -> Floats:
    c_water = m_water * CP_WATER
    least = np.minimum(c_air, c_water)
    ntu = (air_ua * water_ua) / (air_ua + water_ua) / least
    return np.asarray(_counterflow(ntu, least / np.maximum(c_air, c_water)) * least * gap)


def _wet_heat(
    m_air: Floats,
    m_water: Floats,
    air_ua: Floats,
    water_ua: Floats,
    *,
    heat_in: Floats,
    water_temp: float,
) -> Floats:
    at_water = float(air.saturated_enthalpy(np.array(water_temp)))
    # slope of saturated enthalpy over the water's range, J/(kg K): a fictitious specific heat
    warm = air.saturation_temp(heat_in)
    slope = (heat_in - at_water) / np.maximum(warm - water_temp, 0.1)
    ua_mass = air_ua / air.CP_AIR / (1.0 + slope / air.CP_AIR * air_ua / water_ua)
    capacity = m_water * CP_WATER / slope
    least = np.minimum(m_air, capacity)
    ratio = least / np.maximum(m_air, capacity)
    return np.asarray(_counterflow(ua_mass / least, ratio) * least * (heat_in - at_water))


def _counterflow(ntu: Floats, ratio: Floats) -> Floats:
    ratio = np.minimum(ratio, 0.999)
    decay = np.exp(-ntu * (1.0 - ratio))
    return np.asarray((1.0 - decay) / (1.0 - ratio * decay))
