"""The whole building, one step at a time: people and weather in, a row of true values out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo import air, bms, coils, moist_air, rooms
from ingest.demo.chilled_water import ChilledWater, Demand
from ingest.demo.columns import columns
from ingest.demo.faults import Active, Effects, effects_at
from ingest.demo.model import ROOMS
from ingest.demo.occupancy import Guests, Public, guests, public
from ingest.demo.pumps import DESIGN_KPA, distribute
from ingest.demo.record import Recorder, Scene
from ingest.demo.rooms import N_ROOMS
from ingest.demo.state import WorldState
from ingest.demo.weather import DAY_S, UTC_OFFSET_S, Weather, bangkok
from ontology.history import Floats

EFFECTS_S: Final = 3600.0
"""Faults that grow are re-evaluated once an hour, and at every onset and end."""
DOOR_KG_S: Final = 0.16
BACKGROUND_KG_S: Final = 0.8e-5
"""Moisture of a room's plants and wet towels: about 30 g/h."""
SHOWER_KG_S: Final = 1.2e-4
"""What the bathroom's exhaust does not catch of a shower."""
SUITE_W: Final = 480.0
"""What the corner suites have besides: bar, media."""
FCU_FAN_W: Final = np.array([14.0, 32.0, 62.0])
"""Fan power at low, medium, high."""


def coil_sizes() -> coils.CoilSize:
    """192 fan-coils, then the six handlers."""
    corner = np.array([name.endswith("07") for name in ROOMS])
    fcu_air = np.where(corner, 0.38, 0.28)
    fcu_water = np.where(corner, 0.122, 0.155)
    handler_water = np.array([40.0, 40.0, 32.0, 43.0, 32.0, 32.0])
    return coils.CoilSize.of(
        air_flow=np.concatenate([fcu_air, air.FULL_FLOW]),
        water_flow=np.concatenate([fcu_water, handler_water]),
        air_ntu=np.concatenate(
            [np.where(corner, 0.80, 0.95), np.array([2.0, 2.0, 2.1, 2.0, 2.8, 2.8])]
        ),
        water_ntu=np.concatenate([np.where(corner, 2.2, 1.3), np.full(6, 1.7)]),
    )


@dataclass
class Ledger:
    """Energy of all steps so far, J, for the balance tests."""

    rooms_gained: float = 0.0
    rooms_stored: float = 0.0
    rooms_moved: float = 0.0
    coils: float = 0.0
    pumps: float = 0.0
    chillers: float = 0.0
    loop_stored: float = 0.0


@dataclass(frozen=True)
class Given:
    """What the world is told for a stretch of steps."""

    ts: NDArray[np.int64]
    weather: Weather
    guests: Guests
    public: Public
    planned: Floats


def given(ts: NDArray[np.int64], seed: int) -> Given:
    """Weather, people and calendars at these times."""
    return Given(ts, bangkok(ts, seed), guests(ts, seed), public(ts, seed), bms.planned_fans(ts))


class World:
    """Steps the building forward. Deterministic in (state, given, story)."""

    def __init__(
        self, step_s: int, story: Sequence[Active], state: WorldState | None = None
    ) -> None:
        self.step_s = step_s
        self.state = state or WorldState()
        self.ledger = Ledger()
        self._story = story
        self._sizes = coil_sizes()
        self._spaces = rooms.Spaces(step_s)
        self._air = air.AirSide(step_s)
        self._plant = ChilledWater(step_s)
        self._recorder = Recorder(columns())
        self._edges = sorted({e for a in story for e in (a.onset, a.end)})
        self._effects: Effects = effects_at(story, -np.inf)
        self._effects_until = -np.inf

    def run(self, told: Given) -> NDArray[np.float32]:
        """True values of all points, shape (len(told.ts), points)."""
        rows = np.empty((len(told.ts), len(columns().points)), dtype=np.float32)
        for i in range(len(told.ts)):
            self._step(told, i, rows[i])
        return rows

    def _effects_now(self, ts: float) -> Effects:
        if ts >= self._effects_until:
            self._effects = effects_at(self._story, ts)
            self._effects_until = min([ts + EFFECTS_S, *(e for e in self._edges if e > ts)])
        return self._effects

    def _step(self, told: Given, i: int, row: NDArray[np.float32]) -> None:
        s, w, g, p = self.state, told.weather, told.guests, told.public
        ts = float(told.ts[i])
        effects = self._effects_now(ts)
        out = (float(w.temp[i]), float(w.ratio[i]), float(w.co2[i]), float(w.dew[i]))
        spaces = s.spaces
        setpoint = rooms.effective_setpoint(g.setpoint[i], g.rented[i], g.present[i])
        rooms.control_fcu(
            s.fcu, spaces.temp[:N_ROOMS], setpoint, g.rented[i], g.door_open[i], step_s=self.step_s
        )
        handled = self._air.handle(s.air, effects, out, told.planned[i], spaces)
        self._air.control_valves(s.air, handled, effects)
        opening = self._openings(effects)
        conductance = float(opening @ self._sizes.water_flow) / math.sqrt(DESIGN_KPA)
        pumped = distribute(
            s.plant.pumps,
            effects.secondary_held,
            conductance,
            effects.bypass_kg_s,
            self.step_s / 300.0,
        )
        water = opening * self._sizes.water_flow * math.sqrt(s.plant.pumps.pressure / DESIGN_KPA)
        fcu_air = s.fcu.fan / 100.0 * self._sizes.air_flow[:N_ROOMS]
        coil = coils.cool(
            self._sizes,
            np.concatenate([fcu_air, handled.flow]),
            np.concatenate([spaces.temp[:N_ROOMS], handled.mixed_temp]),
            np.concatenate([spaces.ratio[:N_ROOMS], handled.mixed_ratio]),
            water_flow=water,
            water_temp=s.plant.supply,
        )
        self._air.supply(s.air, handled, coil.air_temp[N_ROOMS:], coil.air_ratio[N_ROOMS:])
        fcu_watts = np.interp(s.fcu.fan, rooms.FAN_STAGES, [0.0, *FCU_FAN_W])
        gain = self._warm(told, i, coil, (fcu_air, fcu_watts), handled)
        kept = s.plant.supply, s.plant.returned
        local = ts + UTC_OFFSET_S
        plant = self._plant.step(
            s.plant, effects, Demand(pumped, float(coil.heat.sum()), float(np.sum(opening > 0.93))),
            float(w.wet_bulb[i]), (int(local // DAY_S), local % DAY_S / 3600.0),
        )  # fmt: skip
        self._enter(coil, plant.pump_heat_w, plant.heat_w, kept)
        self._recorder.write(
            row,
            Scene(
                state=s, weather=w, guests=g, i=i, effects=effects, setpoint=setpoint, handled=handled,
                planned=told.planned[i], coil=coil, plant=plant, fcu_fan_w=fcu_watts,
                public_w=p.power_w[i], room_w=gain, step_s=self.step_s,
            ),
        )  # fmt: skip

    def _openings(self, effects: Effects) -> Floats:
        valve = np.concatenate([self.state.fcu.valve, self.state.air.valve])
        valve = np.where(np.isnan(effects.valve_held), valve, effects.valve_held)
        return np.asarray(
            np.maximum(coils.valve_opening(valve), effects.valve_leak) * effects.water_share
        )

    def _warm(
        self,
        told: Given,
        i: int,
        coil: coils.CoilState,
        fcu: tuple[Floats, Floats],
        handled: air.Handled,
    ) -> Floats:
        """Advance rooms and zones; gives the electric power used inside the guest rooms, W.

        `fcu` is the fan-coils' air flow kg/s and fan power W.
        """
        g, p, w, spaces = told.guests, told.public, told.weather, self.state.spaces
        fcu_air, fcu_watts = fcu
        room_cp = moist_air.CP_AIR + moist_air.CP_VAPOUR * spaces.ratio[:N_ROOMS]
        sensible = fcu_air * room_cp * (spaces.temp[:N_ROOMS] - coil.air_temp[:N_ROOMS]) - fcu_watts
        dried = fcu_air * (spaces.ratio[:N_ROOMS] - coil.air_ratio[:N_ROOMS])
        hour = (told.ts[i] + UTC_OFFSET_S) % DAY_S / 3600.0
        lamps = 160.0 if hour >= 18 or hour < 7 else 70.0
        used = np.where(g.present[i], 140.0 + lamps, 60.0) + SUITE_W * rooms.CORNER
        zeros = np.zeros(rooms.N_ZONES)
        balance = self._spaces.step(
            spaces,
            (float(w.temp[i]), float(w.ratio[i]), float(w.co2[i])),
            w.sun[i],
            rooms.Loads(
                power_w=np.concatenate([used, p.power_w[i]]),
                people=np.concatenate([g.people[i], p.people[i]]),
                damp_kg_s=np.concatenate([BACKGROUND_KG_S + SHOWER_KG_S * g.shower[i], zeros]),
                coil_w=np.concatenate([sensible, zeros]),
                coil_kg_s=np.concatenate([dried, zeros]),
                door=np.concatenate([DOOR_KG_S * g.door_open[i], zeros]),
            ),
            rooms.Inflow(*air.inflow(self.state.air, handled, self.state.fcu.fan)),
        )
        self.ledger.rooms_gained += balance.gained
        self.ledger.rooms_stored += balance.stored
        self.ledger.rooms_moved += float(np.abs(sensible).sum()) * self.step_s
        return used

    def _enter(
        self, coil: coils.CoilState, pump_heat_w: float, made_w: float, kept: tuple[float, float]
    ) -> None:
        self.ledger.coils += float(coil.heat.sum()) * self.step_s
        self.ledger.pumps += pump_heat_w * self.step_s
        self.ledger.chillers += made_w * self.step_s
        self.ledger.loop_stored += self._plant.stored_j(self.state.plant, kept)
