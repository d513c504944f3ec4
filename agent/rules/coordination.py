"""Coordination rules: many pieces of equipment judged together."""

from __future__ import annotations

import numpy as np

from agent.diagnosis import Family, Severity
from agent.impact import METHOD_PLANT
from agent.rules.air import on
from agent.rules.arrays import DAY, HOUR, At, Flags
from agent.rules.rooms import OUTLIER_K, STARVED, outlier_kw
from agent.rules.rule import Rule, Suspect, hours, supports
from ontology.history import Floats

ROGUE_SHARE = 0.5
"""Catalogue VAV-08: one of many zones that makes half of all requests decides for all of them."""
ROGUE_ALWAYS = 0.7
"""Share of its occupied hours in which it asks; a sound zone asks in the morning and on hot afternoons."""
CLUSTER = 3
"""Catalogue SYS-04: as many alarms of one kind under one supplier have one cause."""


def rogue(at: At) -> Flags:
    """VAV-08: over a day's occupied hours one zone asks nearly always, and makes most of all requests."""
    running = on(at["air.fan-run"]) & on(at["occupied-sp"])
    requests = np.where(running & np.isfinite(at["cooling-requests"]), at["cooling-requests"], 0.0)
    open_hours = _day_sum(np.broadcast_to(running, requests.shape).astype(float))
    own, asking = _day_sum(requests), _day_sum((requests >= 0.5).astype(float))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = own / own.sum(axis=0, keepdims=True)
        nearly_always = asking / open_hours > ROGUE_ALWAYS
    now = running & np.isfinite(at["cooling-requests"]) & (open_hours >= 4 * HOUR)
    return np.asarray(now & nearly_always & (share > ROGUE_SHARE), dtype=np.bool_)


def _day_sum(values: Floats) -> Floats:
    total = np.cumsum(values, axis=1)
    if total.shape[1] > DAY:
        total[:, DAY:] = total[:, DAY:] - total[:, :-DAY]
    return np.asarray(total, dtype=np.float64)


def _far_below(at: At) -> Floats:
    """Its setpoint is far below the other zones'."""
    sp, others = at["zone-air-temp-sp"], at["sisters.zone-air-temp-sp"]
    return supports(sp < others - OUTLIER_K, sp, others)


def _starved(at: At) -> Floats:
    flow, sp = at["discharge-air-flow"], at["discharge-air-flow-sp"]
    return supports(flow < STARVED * sp, flow, sp)


COMMON_CAUSE = Rule(
    id="SYS-04", family=Family.COORDINATION, severity=Severity.COMFORT, equip="equip and ahu", needs=(),
    symptom=None, hold=hours(0.5),
    says="serves several rooms with one and the same trouble",
    source="Catalogue SYS-04 (common-cause cluster)",
    causes=(
        Suspect("supplier", "what they have in common is at fault: their air handler", 0.6,
                "measure temperature and flow at the air handler's outlet", 10),
        Suspect("water", "the chilled water of that riser", 0.3, "measure the riser's supply temperature and pressure", 10),
        Suspect("weather-or-load", "an unusual load on all of them", 0.1, "compare with sister risers", 5),
    ),
)  # fmt: skip

RULES: tuple[Rule, ...] = (
    Rule(
        id="VAV-08", family=Family.COORDINATION, severity=Severity.WASTE, equip="equip and vav",
        needs=("cooling-requests", "occupied-sp", "air.fan-run"),
        uses=("zone-air-temp", "zone-air-temp-sp", "sisters.zone-air-temp-sp", "sisters.zone-air-temp",
              "discharge-air-flow", "discharge-air-flow-sp"),
        symptom=rogue, hold=hours(4), least=hours(12), join=hours(84),
        says="is a rogue zone: it makes most of the cooling requests to its air handler "
             "(setpoint {zone-air-temp-sp}, others {sisters.zone-air-temp-sp})",
        source="Guideline 36 trim and respond; catalogue VAV-08",
        causes=(
            Suspect("setpoint-outlier", "its setpoint is far below the other zones'", 0.35,
                    "read the thermostat and its limits", 5,
                    _far_below, "its setpoint was more than 2 K below its sisters' {pct} of that time"),
            Suspect("undersized", "the box is too small for its zone", 0.25, "compare the load with the box's maximum flow", 20),
            Suspect("starved", "it does not get its air", 0.20, "read damper and flow", 5,
                    _starved, "it had less than 70 % of its air {pct} of that time"),
            Suspect("sensor-in-sun", "the sensor sits in the sun or above a machine", 0.20, "look at the sensor", 5),
        ),
        waste=outlier_kw,
        method=f"its own air flow x (sisters' temperature - its own), {METHOD_PLANT}; what it costs at the air handler comes on top",
    ),
    COMMON_CAUSE,
)  # fmt: skip
