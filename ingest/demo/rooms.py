"""Rooms and zones as two heat stores each (air, mass), with moisture and CO2; and the fan-coils' control.

207 spaces in one set of arrays: 192 guest rooms, 12 office zones, lobby, ballroom, restaurant.
Heat by backward Euler (stable at any step, closes the energy balance exactly); moisture and CO2
by the exact exponential of a mixed volume.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.demo import moist_air as air
from ingest.demo.model import ROOMS
from ingest.demo.occupancy import Bools
from ontology.history import Floats

N_ROOMS: Final = len(ROOMS)
N_ZONES: Final = 15
N: Final = N_ROOMS + N_ZONES
FURNITURE: Final = 5.0
"""The air store includes light furniture: a multiple of the air's own capacity."""
DAMP_STORE: Final = 8.0
"""Fabrics take up moisture: the humidity store as a multiple of the air's own."""
PERSON_W: Final = 72.0
PERSON_KG_S: Final = 1.6e-5
"""About 58 g/h of moisture for a seated person (ASHRAE Fundamentals ch. 18)."""
PERSON_CO2_M3_S: Final = 5.2e-6

CORNER = np.array([room.endswith("07") for room in ROOMS])
"""Rooms x07: corner suites, all glass to the west and south."""


def _facade_of(room: str) -> int:
    """Index into weather.FACADES: 01-03 north, 04-06 east, 07-09 west, 10-12 south."""
    return (0, 1, 3, 2)[(int(room[-2:]) - 1) // 3]


@dataclass(frozen=True)
class Build:
    """Constants of the spaces, SI units, shape (207,)."""

    volume: Floats
    air_store: Floats
    mass_store: Floats
    air_to_mass: Floats
    window_ua: Floats
    wall_ua: Floats
    glass: Floats
    """Effective sunlit area m2 (area x solar heat gain x curtains), shape (207, 5)."""
    leak: Floats
    """Infiltration kg/s."""


def build() -> Build:
    """Riverside Tower's spaces."""
    area = np.concatenate(
        [np.where(CORNER, 62.0, 45.0), np.full(12, 350.0), [4500.0, 4000.0, 2800.0]]
    )
    height = np.concatenate([np.full(N_ROOMS, 2.7), np.full(12, 3.0), [6.0, 6.0, 4.5]])
    volume = area * height
    glass = np.zeros((N, 5))
    for i, room in enumerate(ROOMS):
        glass[i, _facade_of(room)] = 3.4 if CORNER[i] else 1.9
        glass[i, 2] += 4.2 * CORNER[i]  # the corner suites have glass to the south as well
    for zone in range(12):
        glass[N_ROOMS + zone, (0, 0, 0, 1, 1, 1, 3, 3, 3, 2, 2, 2)[zone]] = 9.0
    glass[-3:, :] = [[45, 45, 45, 45, 8], [4, 4, 4, 4, 22], [14, 0, 18, 14, 11]]
    return Build(
        volume=volume,
        air_store=volume * air.AIR_KG_M3 * air.CP_AIR * FURNITURE,
        mass_store=area * np.where(np.arange(N) < N_ROOMS, 130e3, 190e3),
        air_to_mass=area * 14.0,
        window_ua=np.concatenate([np.where(CORNER, 62.0, 26.0), np.full(12, 90.0), [1400.0, 400.0, 600.0]]),
        wall_ua=np.concatenate([np.where(CORNER, 24.0, 14.0), np.full(12, 55.0), [900.0, 1000.0, 800.0]]),
        glass=glass,
        leak=np.concatenate([np.where(CORNER, 0.014, 0.005), np.full(12, 0.03), [3.5, 0.8, 1.0]]),
    )  # fmt: skip


@dataclass
class SpaceState:
    """What the spaces remember from step to step."""

    temp: Floats = field(default_factory=lambda: np.full(N, 24.5))
    mass_temp: Floats = field(default_factory=lambda: np.full(N, 25.0))
    ratio: Floats = field(default_factory=lambda: np.full(N, 0.0105))
    co2: Floats = field(default_factory=lambda: np.full(N, 550.0))


@dataclass(frozen=True)
class Inflow:
    """Air blown into each space from its air handler."""

    flow: Floats
    temp: Floats
    ratio: Floats
    co2: Floats


@dataclass(frozen=True)
class Loads:
    """What acts on the spaces from inside this step, shape (207,) each."""

    power_w: Floats
    people: Floats
    damp_kg_s: Floats
    coil_w: Floats
    """Sensible heat that fan-coils take out."""
    coil_kg_s: Floats
    """Moisture that fan-coils take out."""
    door: Floats
    """Outdoor air through open balcony doors, kg/s."""


@dataclass(frozen=True)
class Balance:
    """Heat of one step, summed over all spaces, J: what went in, what the stores kept."""

    gained: float
    stored: float


class Spaces:
    """The physics of all rooms and zones."""

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self.built = build()
        self._air = self.built.air_store / step_s
        self._mass = self.built.mass_store / step_s
        self._air_kg = self.built.volume * air.AIR_KG_M3

    def step(
        self,
        state: SpaceState,
        outside: tuple[float, float, float],
        sun: Floats,
        loads: Loads,
        inflow: Inflow,
    ) -> Balance:
        """Advance one step. `outside` is (temp, ratio, co2); `sun` is W/m2 on weather.FACADES."""
        leak = self.built.leak + loads.door
        balance = self._heat(state, outside[0], sun, loads, (leak, inflow))
        fresh = leak + inflow.flow
        carried = leak * outside[1] + inflow.flow * inflow.ratio
        carried = carried + loads.people * PERSON_KG_S + loads.damp_kg_s - loads.coil_kg_s
        state.ratio = _mixed(state.ratio, carried, fresh, self._air_kg * DAMP_STORE, self.step_s)
        # dry rooms cannot go below what the coils leave; wet ones condense on the glass
        state.ratio = np.clip(state.ratio, 0.004, air.saturated_ratio(state.temp))
        gas = leak * outside[2] + inflow.flow * inflow.co2
        gas = gas + loads.people * (PERSON_CO2_M3_S * 1e6 * air.AIR_KG_M3)
        state.co2 = _mixed(state.co2, gas, fresh, self._air_kg, self.step_s)
        return balance

    def _heat(
        self,
        state: SpaceState,
        out_temp: float,
        sun: Floats,
        loads: Loads,
        blown_in: tuple[Floats, Inflow],
    ) -> Balance:
        """Backward Euler of both stores of all spaces; gives the step's heat balance."""
        b, (leak, inflow) = self.built, blown_in
        solar = b.glass @ sun
        to_air = loads.power_w + loads.people * PERSON_W + 0.3 * solar - loads.coil_w
        to_mass = 0.7 * solar
        blown = inflow.flow * air.CP_AIR
        through = b.window_ua + leak * air.CP_AIR
        mass_sum = self._mass + b.air_to_mass + b.wall_ua
        mass_part = self._mass * state.mass_temp + to_mass + b.wall_ua * out_temp
        temp = (
            self._air * state.temp + to_air + through * out_temp + blown * inflow.temp
            + b.air_to_mass * mass_part / mass_sum
        ) / (self._air + through + blown + b.air_to_mass - b.air_to_mass**2 / mass_sum)  # fmt: skip
        mass_temp = (mass_part + b.air_to_mass * temp) / mass_sum
        stored = float(
            b.air_store @ (temp - state.temp) + b.mass_store @ (mass_temp - state.mass_temp)
        )
        gained = self.step_s * float(
            np.sum(
                to_air + to_mass + through * (out_temp - temp) + b.wall_ua * (out_temp - mass_temp)
                + blown * (inflow.temp - temp)
            )
        )  # fmt: skip
        state.temp, state.mass_temp = temp, mass_temp
        return Balance(gained, stored)


def _mixed(now: Floats, source: Floats, flow: Floats, store_kg: Floats, step_s: float) -> Floats:
    """A mixed volume after one step: exact for constant sources, so decay equals the air change."""
    settled = source / flow
    return np.asarray(settled + (now - settled) * np.exp(-flow * step_s / store_kg))


FAN_STAGES = np.array([0.0, 40.0, 70.0, 100.0])
"""% of full speed for off, low, medium, high."""
AWAY_K: Final = 2.0
UNSOLD_C: Final = 27.0


@dataclass
class FcuState:
    """Fan-coil controllers' memory: PI integral (0..1) and the valve, %."""

    integral: Floats = field(default_factory=lambda: np.full(N_ROOMS, 0.3))
    valve: Floats = field(default_factory=lambda: np.full(N_ROOMS, 30.0))
    fan: Floats = field(default_factory=lambda: np.full(N_ROOMS, 40.0))


def effective_setpoint(setpoint: Floats, rented: Bools, present: Bools) -> Floats:
    """The thermostat's own setpoint with guests in, 2 K above when they are out, 27 degC unsold."""
    return np.asarray(np.where(present, setpoint, np.where(rented, setpoint + AWAY_K, UNSOLD_C)))


def control_fcu(
    state: FcuState,
    temp: Floats,
    setpoint: Floats,
    rented: Bools,
    door_open: Bools,
    *,
    step_s: float,
) -> None:
    """PI valve and fan stage of all fan-coils. An open balcony door shuts valve and fan."""
    error = temp - setpoint
    state.integral = np.clip(state.integral + 0.09 * (step_s / 300.0) * error, 0.0, 1.0)
    demand = np.clip(0.40 * error + state.integral, 0.0, 1.0)
    demand = np.where(door_open, 0.0, demand)
    state.integral = np.where(door_open, 0.2, state.integral)
    state.valve = 100.0 * demand
    stage = np.where(
        demand > 0.72, 3, np.where(demand > 0.42, 2, np.where((demand > 0.02) | rented, 1, 0))
    )
    state.fan = np.where(door_open, 0.0, FAN_STAGES[stage])
