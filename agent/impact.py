"""What a fault costs: first-principles formulas in kW, priced by the tariff, always with the method said.

Cooling that need not have been made is turned into electricity with one plant figure; the answer says so.
"""

from __future__ import annotations

import numpy as np

from agent.diagnosis import Impact
from ontology.history import Floats

TARIFF_PER_KWH = 4.2
"""THB per kWh: the usual all-in price of a Thai large-service customer."""
PLANT_KW_PER_KW = 0.75 / 3.517
"""Electric kW per kW of cooling: 0.75 kW/RT, the middle of the 0.65-0.90 of tropical water-cooled plants."""
AIR_KJ_PER_L_K = 1.2 * 1.005 / 1000
"""Heat that a litre of air carries per kelvin: 1.2 kg/m3 times 1.005 kJ/kg.K."""
LATENT_SHARE = 1.0
"""Latent cooling per sensible cooling of outdoor air in the humid tropics (about half of the total)."""
FAN_EXPONENT = 2.7
"""Power of a real fan or pump follows speed to the 2.5-3 (ideal 3)."""
LIFT_SHARE_PER_K = 0.025
"""Chiller power per kelvin of lift: 2-3 %."""
FCU_FULL_FLOW_LPS = 250.0
"""Air flow of a guest-room fan coil at full speed: a usual 3.5-4.5 kW unit, 4-pole fan."""

METHOD_PLANT = "cooling x 0.75 kW/RT"


def cooling_of_air(flow_lps: Floats, drop_k: Floats) -> Floats:
    """Electric kW of the plant that cools this air flow by this much; below zero counts as zero."""
    return np.maximum(flow_lps * drop_k * AIR_KJ_PER_L_K, 0.0) * PLANT_KW_PER_KW


def cooling_of_outdoor_air(flow_lps: Floats, drop_k: Floats) -> Floats:
    """As `cooling_of_air` with the moisture that outdoor air brings along."""
    return cooling_of_air(flow_lps, drop_k) * (1 + LATENT_SHARE)


def share_saved_by_slowing(from_pct: Floats, to_pct: Floats) -> Floats:
    """Share of a fan's or pump's power that running at the lower speed would save, 0 to 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.clip(1 - (to_pct / from_pct) ** FAN_EXPONENT, 0.0, 1.0)


def priced(
    kwh: float | None, tariff: float, *, comfort_hours: float | None = None, method: str = ""
) -> Impact:
    """An impact with its cost at a tariff per kWh."""
    if kwh is not None and not np.isfinite(kwh):
        kwh = None
    cost = None if kwh is None else round(kwh * tariff, 1)
    text = f"{method}; {tariff:g} per kWh" if kwh is not None and method else method
    return Impact(
        kwh=None if kwh is None else round(kwh, 1),
        cost=cost,
        comfort_hours=None if comfort_hours is None else round(comfort_hours, 1),
        method=text,
    )
