"""The building-management layer: calendars, what is held in a priority array, radio and trunk gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo.chance import uniform
from ingest.demo.columns import columns
from ingest.demo.faults import Active
from ingest.demo.occupancy import office_hours
from ingest.demo.weather import DAY_S, UTC_OFFSET_S
from ontology.history import Floats

MANUAL_OPERATOR: Final = 8
"""BACnet priority of "manual operator" (ASHRAE 135 clause 19.2)."""
_HELD: Final = {
    # kind of fault -> role that stands in slot 8; the target equipment carries it
    "override-left": "cooling-valve",
    "low-delta-t": "speed",
}
LOST_UPLINKS: Final = 0.015
"""Share of LoRaWAN uplinks that never arrive."""
TRUNK_GAPS_PER_DAY: Final = 0.03
"""Chance for each floor's trunk to fall silent for 10 to 20 minutes on a day."""


def planned_fans(ts: NDArray[np.int64]) -> Floats:
    """The calendar's wish for the six handlers' fans, shape (n, 6), 1.0 = on."""
    hour = (ts + UTC_OFFSET_S) % DAY_S / 3600.0
    always = np.ones(len(ts))
    halls = (hour >= 7) & (hour < 23)
    meals = (hour >= 6) & (hour < 23)
    return np.column_stack([always, halls, meals, office_hours(ts), always, always])


def held_point(active: Active) -> str | None:
    """The point that this fault holds by hand in slot 8, if it is of that kind."""
    role = _HELD.get(active.fault.kind)
    return f"{active.fault.equip}.{role}" if role else None


def override_level(story: Sequence[Active], point: str, ts: float) -> int | None:
    """The priority that holds this point at this instant; None when control is automatic."""
    for active in story:
        if held_point(active) == point and active.onset <= ts < active.end:
            return MANUAL_OPERATOR
    return None


def silent(ts: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """Where ordinary gaps fall, shape (n, points): lost uplinks, and floor trunks that pause."""
    layout = columns()
    gaps = np.zeros((len(ts), len(layout.points)), dtype=np.bool_)
    sensors = np.arange(len(layout.equips["iaq"]))
    lost = uniform(seed, "uplink", sensors, (ts // 300)[:, None]) < LOST_UPLINKS
    floors = np.array([int(name[4:-2]) for name in layout.equips["fcu"]])
    day, second = np.divmod(ts + UTC_OFFSET_S, DAY_S)
    pauses = uniform(seed, "trunk", floors, day[:, None]) < TRUNK_GAPS_PER_DAY
    start = uniform(seed, "trunk-at", floors, day[:, None]) * (DAY_S - 1800)
    length = 600 + 600 * uniform(seed, "trunk-for", floors, day[:, None])
    paused = pauses & (second[:, None] >= start) & (second[:, None] < start + length)
    for (family, _), block in layout.block.items():
        if family == "iaq":
            gaps[:, block] = lost
        elif family == "fcu":
            gaps[:, block] = paused
    return gaps
