"""Air side: AHU-1..4, DOAS-1..2 and the 12 VAV boxes. Six air handlers share one set of arrays.

Order: AHU-1 lobby, AHU-2 ballroom, AHU-3 restaurant, AHU-4 offices, DOAS-1, DOAS-2.
Trim and respond resets as in ASHRAE Guideline 36 section 5.1.14, with steps for 5 minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.demo import moist_air as air
from ingest.demo.faults import Effects
from ingest.demo.model import ROOMS, doas_of
from ingest.demo.rooms import N_ROOMS, N, SpaceState
from ontology.history import Floats

OFFICES: Final = 3
FULL_FLOW = np.array([26.0, 25.0, 18.0, 26.0, 9.0, 9.0]) * air.AIR_KG_M3
"""kg/s at full speed."""
LEAST_DAMPER = np.array([25.0, 28.0, 30.0, 25.0, 100.0, 100.0])
DAMPER_LEAK: Final = 0.03
"""Share of outdoor air through a shut damper."""
FULL_STATIC = np.array([320.0, 340.0, 320.0, 350.0, 280.0, 280.0])
"""Duct static pressure at full flow, Pa."""
INSIDE_PA = np.array([560.0, 600.0, 580.0, 600.0, 650.0, 650.0])
"""Filter, coil and casing at full flow, Pa."""
FILTER_PA = np.array([95.0, 105.0, 110.0, 100.0, 115.0, 115.0])
FAN_LOSS: Final = 0.25
"""Internal loss of the fan curve as a share of its shut-off pressure."""
FAN_EFFICIENCY: Final = 0.62
"""Fan, belt and drive together."""
DRIVE_W = 0.02 * FULL_FLOW * 1000.0
"""What the drive takes at any speed."""
LEAST_SP: Final = np.array([13.0, 13.0, 13.0, 12.0, 13.3, 13.3])
MOST_SP: Final = np.array([14.8, 14.8, 14.8, 14.8, 14.8, 14.8])
ZONE_SP = np.array([24.0, 23.0, 23.5])
"""Lobby, ballroom, restaurant."""
UNOCCUPIED_ZONE_C: Final = 27.0
START_VALVE: Final = 60.0
"""% at which a coil valve opens when its fan starts."""
IGNORED: Final = 2
"""Requests that trim and respond ignores (Guideline 36 default)."""
IGNORED_BOXES: Final = 0
"""Supply reset of AHU-4 as it was set up on site: a single box can drive the whole handler."""

BOX_FULL: Final = 2.3 * air.AIR_KG_M3
BOX_LEAST: Final = 0.25 * BOX_FULL
BOX_STATIC: Final = 140.0
"""Pa at which a fully open box passes 1.15 times its full flow."""

_ROOM_SHARE = 0.045 * air.AIR_KG_M3
"""Outdoor air of a guest room at full flow, kg/s; the rest of a DOAS serves corridors."""
_SUITE_BOOST = np.array([0.20 if room.endswith("07") else 0.0 for room in ROOMS]) * air.AIR_KG_M3
"""What the corner suites' boost dampers add at full fan; they are tied to the fan-coil's stage."""
_LOW_STAGE: Final = 40.0
_ROOM_DOAS = np.array([4 if doas_of(room) == "DOAS-1" else 5 for room in ROOMS])


@dataclass
class AirState:
    """Memory of the handlers (6) and boxes (12). Temperatures degC, positions %, pressures Pa."""

    valve: Floats = field(default_factory=lambda: np.full(6, 40.0))
    supply_temp: Floats = field(default_factory=lambda: np.full(6, 14.0))
    supply_ratio: Floats = field(default_factory=lambda: np.full(6, 0.0093))
    supply_sp: Floats = field(default_factory=lambda: np.full(6, 14.0))
    static: Floats = field(default_factory=lambda: np.full(6, 200.0))
    static_sp: Floats = field(default_factory=lambda: np.full(6, 220.0))
    speed: Floats = field(default_factory=lambda: np.full(6, 70.0))
    damper: Floats = field(default_factory=LEAST_DAMPER.copy)
    loop: Floats = field(default_factory=lambda: np.full(3, 0.5))
    was_on: Floats = field(default_factory=lambda: np.ones(6))
    filter_dust: Floats = field(default_factory=lambda: np.array([0.2, 0.35, 0.5, 0.3, 0.25, 0.4]))
    box_integral: Floats = field(default_factory=lambda: np.full(12, 0.3))
    box_damper: Floats = field(default_factory=lambda: np.full(12, 40.0))


@dataclass(frozen=True)
class Boxes:
    """The VAV boxes this step: flows kg/s, setpoints degC, dampers %."""

    flow: Floats
    flow_sp: Floats
    setpoint: Floats
    damper: Floats
    requests: Floats


@dataclass(frozen=True)
class Handled:
    """What the handlers do this step, before their coils; arrays of 6."""

    on: Floats
    commanded: Floats
    flow: Floats
    damper: Floats
    mixed_temp: Floats
    mixed_ratio: Floats
    mixed_co2: Floats
    return_temp: Floats
    return_ratio: Floats
    return_co2: Floats
    fan_w: Floats
    heat_by_fan: Floats
    boxes: Boxes


class AirSide:
    """Controls and mixing of the air handlers."""

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self._pace = step_s / 300.0

    def handle(
        self,
        state: AirState,
        effects: Effects,
        outside: tuple[float, float, float, float],
        planned: Floats,
        spaces: SpaceState,
    ) -> Handled:
        """One step up to the coils. `outside` is (temp, ratio, co2, dew); `planned` the fans' calendar."""
        commanded = np.where(np.isnan(effects.fan_held), planned, effects.fan_held)
        on = commanded
        offices = spaces.temp[N_ROOMS : N_ROOMS + 12]
        boxes = self._boxes(state, effects, offices, planned[OFFICES], on[OFFICES])
        self._reset(state, boxes, outside[3], planned, spaces)
        state.static = np.where(on > 0, state.static_sp, 0.0)
        flow = on * FULL_FLOW * np.sqrt(state.static / FULL_STATIC)
        flow[OFFICES] = boxes.flow.sum() + on[OFFICES] * 0.02 * FULL_FLOW[OFFICES]
        speed, fan_w = _fan(state, flow)
        state.speed = speed * on
        back = _returns(flow, boxes, spaces)
        damper = np.where(on > 0, state.damper, 0.0)
        truly = np.where(np.isnan(effects.damper_stuck), damper, effects.damper_stuck)
        fresh = DAMPER_LEAK + (1.0 - DAMPER_LEAK) * truly / 100.0
        fresh[4:] = 1.0
        return Handled(
            on=on,
            commanded=commanded,
            flow=flow,
            damper=damper,
            mixed_temp=fresh * outside[0] + (1 - fresh) * back[0],
            mixed_ratio=fresh * outside[1] + (1 - fresh) * back[1],
            mixed_co2=fresh * outside[2] + (1 - fresh) * back[2],
            return_temp=back[0],
            return_ratio=back[1],
            return_co2=back[2],
            fan_w=fan_w,
            heat_by_fan=fan_w * 0.92,  # the rest is lost in the drive, outside the air
            boxes=boxes,
        )

    def _boxes(
        self, state: AirState, effects: Effects, temp: Floats, occupied: float, on: float
    ) -> Boxes:
        usual = 24.0 if occupied else UNOCCUPIED_ZONE_C
        setpoint = np.where(np.isnan(effects.zone_setpoint), usual, effects.zone_setpoint)
        error = temp - setpoint
        state.box_integral = np.clip(state.box_integral + 0.05 * self._pace * error, 0.0, 1.0)
        loop = np.clip(0.35 * error + state.box_integral, 0.0, 1.0)
        wanted = (BOX_LEAST + loop * (BOX_FULL - BOX_LEAST)) * on
        able = 1.15 * BOX_FULL * np.sqrt(np.maximum(state.static[OFFICES], 1.0) / BOX_STATIC) * on
        opening = np.minimum(wanted / np.maximum(able, 1e-3), 1.0)
        damper = 100.0 * opening ** (1 / 1.4)  # blade characteristic: flow share = opening ** 1.4
        state.box_damper = damper if on else state.box_damper * 0.0
        by_heat = np.where(
            error > 2.8, 3.0, np.where(error > 1.7, 2.0, np.where(loop > 0.95, 1.0, 0.0))
        )
        return Boxes(
            opening * able, wanted, setpoint, state.box_damper, by_heat * (on if occupied else 0.0)
        )

    def _reset(
        self, state: AirState, boxes: Boxes, dew: float, planned: Floats, spaces: SpaceState
    ) -> None:
        """Trim and respond: static and supply setpoints, and the dampers' demand for outdoor air."""
        error = spaces.temp[N_ROOMS + 12 :] - np.where(planned[:3] > 0, ZONE_SP, UNOCCUPIED_ZONE_C)
        state.loop = np.clip(state.loop + 0.025 * self._pace * error, 0.0, 1.0)
        loop = np.clip(0.45 * error + state.loop, 0.0, 1.0)
        state.static_sp[:3] = FULL_STATIC[:3] * (0.35 + 0.65 * loop) ** 2
        starved = float(np.sum((boxes.damper > 95.0) & (boxes.flow < 0.97 * boxes.flow_sp)))
        wanted = min(-6.0 + 12.0 * max(starved - IGNORED, 0.0), 30.0)
        state.static_sp[OFFICES] = min(
            max(state.static_sp[OFFICES] + self._pace * wanted, 60.0), 240.0
        )
        state.static_sp[4:] = FULL_STATIC[4:]
        requests = np.zeros(6)
        requests[:3] = 4.0 * (loop > 0.85)
        requests[OFFICES] = boxes.requests.sum()
        ignored = np.array([IGNORED, IGNORED, IGNORED, IGNORED_BOXES, 0, 0])
        move = 0.10 - 0.20 * np.maximum(requests - ignored, 0.0)
        # a setpoint that an open valve cannot reach gives way
        beyond = (state.valve > 97.0) & (state.supply_temp > state.supply_sp + 0.5)
        move = np.where(beyond, 0.25, np.maximum(move, -0.4)) * self._pace
        state.supply_sp = np.clip(state.supply_sp + move, LEAST_SP, MOST_SP)
        state.supply_sp[4:] = min(max(14.0 - 0.4 * (dew - 22.5), LEAST_SP[4]), MOST_SP[4])
        # demand-controlled ventilation: more outdoor air above 850 ppm
        extra = np.clip((spaces.co2[N_ROOMS + 12 :] - 850.0) / 300.0, 0.0, 1.0) * 30.0
        state.damper[:3] += 0.4 * (LEAST_DAMPER[:3] + extra - state.damper[:3])

    def control_valves(self, state: AirState, handled: Handled, effects: Effects) -> None:
        """Integral control of the coil valves on supply temperature; held valves stay where they are."""
        error = state.supply_temp - state.supply_sp
        move = np.clip(2.4 * error, -18.0, 18.0) * self._pace
        valve = np.clip(np.where(state.was_on > 0, state.valve, START_VALVE) + move, 0.0, 100.0)
        state.valve = np.where(handled.on > 0, valve, 0.0)
        held = effects.valve_held[N_ROOMS:]
        state.valve = np.where(np.isnan(held), state.valve, held)
        state.was_on = handled.on

    def supply(
        self, state: AirState, handled: Handled, coil_temp: Floats, coil_ratio: Floats
    ) -> None:
        """Supply air after the coil and the fan; a resting handler's sensor drifts to its surroundings."""
        rise = handled.heat_by_fan / np.maximum(handled.flow * air.CP_AIR, 50.0)
        resting = state.supply_temp + 0.12 * self._pace * (handled.return_temp - state.supply_temp)
        state.supply_temp = np.where(handled.on > 0, coil_temp + rise, resting)
        state.supply_ratio = np.where(handled.on > 0, coil_ratio, handled.return_ratio)
        state.filter_dust = state.filter_dust + handled.on * self.step_s / (150 * 86_400)


def filter_pressure(state: AirState, flow: Floats) -> Floats:
    """Pa across the filters: grows with dust, and with the square of the flow."""
    return np.asarray(FILTER_PA * (0.7 + state.filter_dust) * (flow / FULL_FLOW) ** 2)


def inflow(
    state: AirState, handled: Handled, fcu_fan: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Air blown into all 207 spaces: flow kg/s, temperature, ratio, CO2."""
    source = np.concatenate([_ROOM_DOAS, np.full(12, OFFICES), [0, 1, 2]])
    flow = np.empty(N)
    share = handled.flow / FULL_FLOW
    boost = np.maximum(fcu_fan - _LOW_STAGE, 0.0) / (100.0 - _LOW_STAGE)
    flow[:N_ROOMS] = (_ROOM_SHARE + _SUITE_BOOST * boost) * share[_ROOM_DOAS]
    flow[N_ROOMS : N_ROOMS + 12] = handled.boxes.flow
    flow[N_ROOMS + 12 :] = handled.flow[:3]
    temp = state.supply_temp + 0.4  # gain of the ducts
    return flow, temp[source], state.supply_ratio[source], handled.mixed_co2[source]


def _fan(state: AirState, flow: Floats) -> tuple[Floats, Floats]:
    """Speed % and electric power W from the system curve, by the fan laws."""
    share = flow / FULL_FLOW
    lift = state.static + (INSIDE_PA - FILTER_PA) * share**2 + filter_pressure(state, flow)
    shut_off = (FULL_STATIC + INSIDE_PA * 1.12) * (1.0 + FAN_LOSS) / 0.90**2
    speed = 100.0 * np.sqrt((lift + FAN_LOSS * (FULL_STATIC + INSIDE_PA) * share**2) / shut_off)
    power = lift * flow / air.AIR_KG_M3 / FAN_EFFICIENCY
    return np.minimum(speed, 100.0), np.where(flow > 0, power + DRIVE_W, 0.0)


def _returns(flow: Floats, boxes: Boxes, spaces: SpaceState) -> tuple[Floats, Floats, Floats]:
    """Return air of the handlers: their own zone's; the offices' weighted by box flow; the DOAS's are unused."""
    weight = boxes.flow + 0.01
    weight = weight / weight.sum()
    offices = slice(N_ROOMS, N_ROOMS + 12)
    out = []
    # lamps in the plenum warm by 0.5 K
    for values, extra in ((spaces.temp, 0.5), (spaces.ratio, 0.0), (spaces.co2, 0.0)):
        own = np.empty(6)
        own[:3] = values[N_ROOMS + 12 :]
        own[OFFICES] = weight @ values[offices]
        own[4:] = values[:N_ROOMS].mean()
        out.append(own + extra * (flow > 0))
    return out[0], out[1], out[2]
