"""Moist air at sea level, vectorised: humidity ratio (kg/kg), enthalpy (J/kg), wet bulb (degC).

Formulas of ASHRAE Handbook Fundamentals ch. 1, as in psychrolib 2.5 (the tests compare the two).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ontology.history import Floats

PRESSURE_PA: Final = 101_325.0
CP_AIR: Final = 1006.0
CP_VAPOUR: Final = 1860.0
H_FG: Final = 2_501_000.0
AIR_KG_M3: Final = 1.2
"""Density at which flows in L/s are quoted (standard air)."""

_GRID = np.arange(-5.0, 70.0, 0.05)


def saturation_pressure(temp: Floats) -> Floats:
    """Pa over liquid water (Hyland and Wexler 1983)."""
    kelvin = temp + 273.15
    return np.asarray(
        np.exp(
            -5.8002206e3 / kelvin + 1.3914993 - 4.8640239e-2 * kelvin + 4.1764768e-5 * kelvin**2
            - 1.4452093e-8 * kelvin**3 + 6.5459673 * np.log(kelvin)
        )
    )  # fmt: skip


def humidity_ratio(temp: Floats, humidity_pct: Floats) -> Floats:
    """kg/kg from degC and %RH."""
    vapour = saturation_pressure(temp) * humidity_pct / 100.0
    return np.asarray(0.621945 * vapour / (PRESSURE_PA - vapour))


def enthalpy(temp: Floats, ratio: Floats) -> Floats:
    """J per kg of dry air, zero at 0 degC and dry."""
    return np.asarray(CP_AIR * temp + ratio * (H_FG + CP_VAPOUR * temp))


_SAT_PA = saturation_pressure(_GRID)
_SAT_W = 0.621945 * _SAT_PA / (PRESSURE_PA - _SAT_PA)
_SAT_H = enthalpy(_GRID, _SAT_W)


def relative_humidity(temp: Floats, ratio: Floats) -> Floats:
    """%RH from degC and kg/kg, at most 100."""
    vapour = PRESSURE_PA * ratio / (0.621945 + ratio)
    return np.asarray(np.minimum(100.0 * vapour / np.interp(temp, _GRID, _SAT_PA), 100.0))


def saturated_ratio(temp: Floats) -> Floats:
    """kg/kg of saturated air, from a table with 0.05 K steps."""
    return np.interp(temp, _GRID, _SAT_W)


def saturated_enthalpy(temp: Floats) -> Floats:
    """J/kg of saturated air, from a table with 0.05 K steps."""
    return np.asarray(np.interp(temp, _GRID, _SAT_H), dtype=np.float64)


def saturation_temp(enthalpy_j_kg: Floats) -> Floats:
    """The temperature at which saturated air has this enthalpy."""
    return np.asarray(np.interp(enthalpy_j_kg, _SAT_H, _GRID), dtype=np.float64)


def dew_point(ratio: Floats) -> Floats:
    """The temperature at which air with this humidity ratio is saturated."""
    return np.asarray(np.interp(ratio, _SAT_W, _GRID), dtype=np.float64)


def wet_bulb(temp: Floats, ratio: Floats) -> Floats:
    """Thermodynamic wet bulb by bisection on the psychrometer equation (24 halvings: < 0.001 K)."""
    low, high = np.asarray(dew_point(ratio)) - 0.1, np.asarray(temp) + 0.1
    for _ in range(24):
        guess = (low + high) / 2
        saturated = saturated_ratio(guess)
        lifted = ((2501.0 - 2.326 * guess) * saturated - 1.006 * (temp - guess)) / (
            2501.0 + 1.86 * temp - 4.186 * guess
        )
        too_wet = lifted > ratio
        high = np.where(too_wet, guess, high)
        low = np.where(too_wet, low, guess)
    return np.asarray((low + high) / 2)
