"""Faults: what can go wrong, how bad, since when; and what each does to the physics at an instant.

`Effects` is what the physics reads. Sensor faults act in `ingest.demo.sensors` instead: the
building is well, only what is told of it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ingest.demo.columns import columns
from ingest.demo.model import ROOMS, VAVS
from ontology.errors import BadRequest

HANDLERS: Final = ("AHU-1", "AHU-2", "AHU-3", "AHU-4", "DOAS-1", "DOAS-2")
COILS: Final = tuple(f"FCU-{room}" for room in ROOMS) + HANDLERS
DAY_S: Final = 86_400


@dataclass(frozen=True)
class Fault:
    """One fault of the story. `severity` is in the unit that `UNITS[kind]` names."""

    id: str
    kind: str
    target: str
    severity: float
    onset_days_before_now: float
    lasts_days: float | None = None
    says: str = ""
    root_cause: str = ""
    sees: str = ""
    affected: tuple[str, ...] = ()
    """Ids of points that show the fault."""

    @property
    def equip(self) -> str:
        """The equipment at fault."""
        return self.target.partition(".")[0]

    @property
    def point(self) -> str | None:
        """The point at fault, where the target is one."""
        return self.target if "." in self.target else None


class Effects:
    """The faults' grip on the physics at one instant; the values below are those of a sound plant."""

    def __init__(self) -> None:
        self.valve_leak = np.zeros(len(COILS))
        """Share of the design flow that passes a shut valve."""
        self.water_share = np.ones(len(COILS))
        """Share of the water flow that a strainer or coil lets through."""
        self.valve_held = np.full(len(COILS), np.nan)
        """%, held in priority slot 8."""
        self.damper_stuck = np.full(len(HANDLERS), np.nan)
        """% open, whatever the command."""
        self.fan_held = np.full(len(HANDLERS), np.nan)
        self.fouling_k = [0.0, 0.0, 0.0]
        """Extra condenser approach at full load, K."""
        self.secondary_held = [np.nan, np.nan]
        """%, held in priority slot 8."""
        self.bypass_kg_s = 0.0
        """Flow through an open riser bypass at design pressure."""
        self.zone_setpoint = np.full(len(VAVS), np.nan)
        self.condenser_hand = [False, False, False]


Apply = Callable[[Effects, Fault, float], None]


def _valve_passing(effects: Effects, fault: Fault, _age_s: float) -> None:
    effects.valve_leak[COILS.index(fault.equip)] = fault.severity / 100.0


def _damper_stuck(effects: Effects, fault: Fault, _age_s: float) -> None:
    effects.damper_stuck[HANDLERS.index(fault.equip)] = fault.severity


def _condenser_fouled(effects: Effects, fault: Fault, age_s: float) -> None:
    # scale grows over about 12 days, then the tube brushes' turbulence limits it
    grown = min(age_s / (12 * DAY_S), 1.0)
    effects.fouling_k[int(fault.equip[-1]) - 1] = fault.severity * grown


def _override_left(effects: Effects, fault: Fault, _age_s: float) -> None:
    effects.valve_held[COILS.index(fault.equip)] = fault.severity


def _fan_out_of_hours(effects: Effects, fault: Fault, _age_s: float) -> None:
    effects.fan_held[HANDLERS.index(fault.equip)] = 1.0


def _low_delta_t(effects: Effects, fault: Fault, _age_s: float) -> None:
    effects.secondary_held[int(fault.equip[-1]) - 1] = 100.0
    effects.bypass_kg_s = fault.severity
    for i, coil in enumerate(COILS):
        if coil.startswith(("FCU-13", "FCU-14", "FCU-15", "FCU-16")):
            effects.valve_leak[i] = max(effects.valve_leak[i], 0.015)


def _rogue_zone(effects: Effects, fault: Fault, _age_s: float) -> None:
    effects.zone_setpoint[VAVS.index(fault.equip)] = fault.severity


def _coil_starved(effects: Effects, fault: Fault, age_s: float) -> None:
    # the strainer clogs within about half a day
    clogged = min(0.5 + age_s / DAY_S, 1.0)
    effects.water_share[COILS.index(fault.equip)] = 1.0 - clogged * (1.0 - fault.severity / 100.0)


def _pump_hand(effects: Effects, fault: Fault, _age_s: float) -> None:
    effects.condenser_hand[int(fault.equip[-1]) - 1] = True


PHYSICAL: Final[dict[str, Apply]] = {
    "valve-passing": _valve_passing,
    "damper-stuck": _damper_stuck,
    "condenser-fouled": _condenser_fouled,
    "override-left": _override_left,
    "fan-out-of-hours": _fan_out_of_hours,
    "low-delta-t": _low_delta_t,
    "rogue-zone": _rogue_zone,
    "coil-starved": _coil_starved,
    "pump-hand": _pump_hand,
}
UNITS: Final = {
    "sensor-drift": "K at the end of the history",
    "sensor-flat": "1",
    "comms-gap": "1",
    "valve-passing": "% of design flow when shut",
    "damper-stuck": "% open",
    "condenser-fouled": "K of approach at full load",
    "override-left": "% held",
    "fan-out-of-hours": "1",
    "low-delta-t": "kg/s through the riser bypass",
    "rogue-zone": "degC setpoint",
    "coil-starved": "% of design water flow left",
    "pump-hand": "1",
}


@dataclass(frozen=True)
class Active:
    """A fault with its times in unix seconds; `end` is infinite while it lasts."""

    fault: Fault
    onset: float
    end: float


def schedule(story: Sequence[Fault], now_s: float) -> tuple[Active, ...]:
    """The story placed in time. Refuses kinds, equipment and points that do not exist."""
    placed = []
    known = columns()
    equips = {name for names in known.equips.values() for name in names}
    for fault in story:
        if fault.kind not in UNITS:
            raise BadRequest(
                f"unknown kind of fault: {fault.kind}", hint=f"use one of {sorted(UNITS)}"
            )
        if fault.equip not in equips or (fault.point and fault.point not in known.place):
            raise BadRequest(
                f"fault {fault.id} has an unknown target: {fault.target}",
                hint="use an id of the demo building",
            )
        onset = now_s - fault.onset_days_before_now * DAY_S
        end = float("inf") if fault.lasts_days is None else onset + fault.lasts_days * DAY_S
        placed.append(Active(fault, onset, end))
    return tuple(placed)


def effects_at(story: Sequence[Active], ts: float) -> Effects:
    """What all active physical faults do together at this instant."""
    effects = Effects()
    for active in story:
        apply = PHYSICAL.get(active.fault.kind)
        if apply is not None and active.onset <= ts < active.end:
            apply(effects, active.fault, ts - active.onset)
    return effects
