"""Chilled-water plant: chillers by DOE-2 curves, staging, primary and secondary mass balance.

Temperatures degC, flows kg/s (numerically L/s), heat W. Pumps and towers have files of their own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from ingest.demo import towers
from ingest.demo.coils import CP_WATER
from ingest.demo.faults import Effects
from ingest.demo.pumps import Pumped, PumpState, pump_power, reset_pressure
from ingest.demo.towers import CONDENSER_KG_S

FULL_W: Final = 1_758_000.0
"""500 RT."""
COP: Final = (5.80, 5.80, 5.60)
"""At 6.7 degC leaving and 29.4 degC entering condenser water; about 0.61 kW/RT."""
PART_LOAD: Final = ((0.16, 0.42, 0.42), (0.16, 0.42, 0.42), (0.12, 0.38, 0.50))
"""EIRFPLR: guide vanes for CH-1 and CH-2, a variable-speed drive for CH-3."""
PRIMARY_KG_S: Final = 74.0
PRIMARY_KPA: Final = 130.0
CONDENSER_KPA: Final = 230.0
EVAPORATOR_K: Final = 1.5
"""Approach (leaving water minus refrigerant) at full load."""
CONDENSER_K: Final = 1.6
SUPPLY_SP: Final = (6.5, 7.0)
"""Range of the reset of the leaving-water setpoint."""
LOOP_KG: Final = 26_000.0
"""Water in the supply mains, and as much in the return."""
ROTA: Final = ((2, 1, 3), (2, 3, 1), (3, 2, 1), (2, 1, 3), (1, 2, 3), (2, 1, 3))
"""Lead, lag, standby by day, turn about; at night the order is standby, lead, lag."""
DAY_H: Final = (6.5, 22.5)
RAMP: Final = (0.45, 0.75)
"""Soft start: the share of capacity a chiller may give in its first steps."""
LEAST_LOAD: Final = 0.10
PLANT_ROOM_C: Final = 28.0
STAND_STILL_S: Final = 36_000.0
"""A stopped machine's water takes about ten hours to reach the plant room's temperature."""


@dataclass
class PlantState:
    """Memory of the plant. Lists are per machine."""

    supply: float = 7.0
    returned: float = 12.5
    setpoint: float = 6.7
    condenser: float = 29.0
    pumps: PumpState = field(default_factory=PumpState)
    steps_on: list[int] = field(default_factory=lambda: [0, 9, 0])
    wanted: int = 1
    above: int = 0
    below: int = 0
    rest_temp: list[float] = field(default_factory=lambda: [22.0, 22.0, 22.0])
    condenser_rest: list[float] = field(default_factory=lambda: [28.0, 28.0, 28.0])


@dataclass(frozen=True)
class Demand:
    """What the building asks this step: water, heat W, and how many coil valves are wide open."""

    pumped: Pumped
    coil_heat_w: float
    wide_open: float


@dataclass(frozen=True)
class ChillerNow:
    """One chiller's values this step. `load` is a share of full."""

    on: bool
    leaving: float
    entering: float
    flow: float
    heat_w: float
    power_w: float
    load: float
    evaporator: float
    condenser: float
    condenser_entering: float
    condenser_leaving: float
    condenser_flow: float


@dataclass(frozen=True)
class TowerNow:
    """One cell's values this step. `speed` is a share of full."""

    speed: float
    leaving: float
    entering: float
    fan_w: float


@dataclass(frozen=True)
class PlantNow:
    """The plant's values this step."""

    chillers: tuple[ChillerNow, ...]
    condenser_pump_on: tuple[bool, ...]
    towers: tuple[TowerNow, ...]
    pumped: Pumped
    primary_flow: float
    heat_w: float
    power_w: float
    condenser_sp: float
    pump_heat_w: float


def chiller_power(n: int, heat_w: float, leaving: float, entering_condenser: float) -> float:
    """Electric W of chiller n (0..2): capacity x CAPFT x EIRFT x EIRFPLR / COP.

    The form is DOE-2's (Hydeman, Gillespie 2002); the coefficients are rounded ones of our own for
    a generic centrifugal machine, about 3 % per kelvin of condenser water.
    """
    capacity = capacity_w(leaving, entering_condenser)
    load = heat_w / capacity
    lift = entering_condenser - 29.4
    eir = 1.0 + 0.029 * lift + 0.0005 * lift * lift - 0.022 * (leaving - 6.7)
    a, b, c = PART_LOAD[n]
    return capacity / COP[n] * eir * (a + b * load + c * load * load)


def capacity_w(leaving: float, entering_condenser: float) -> float:
    """CAPFT: what a chiller can give at these temperatures, W."""
    return FULL_W * (1.0 + 0.028 * (leaving - 6.7) - 0.011 * (entering_condenser - 29.4))


class ChilledWater:
    """The plant's controls and balances, one step at a time."""

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self._pace = step_s / 300.0

    def step(
        self,
        state: PlantState,
        effects: Effects,
        demand: Demand,
        wet_bulb: float,
        clock: tuple[int, float],
    ) -> PlantNow:
        """Advance one step. `clock` is (day number, hour of day) in local time."""
        pump_heat = self._return(state, demand)
        self._stage(state, demand.pumped.flow)
        running = self._start_and_stop(state, _order(*clock))
        primary = PRIMARY_KG_S * sum(running)
        chillers, heat = self._make(state, effects, running, demand.pumped.flow)
        condenser_on = tuple(running[n] or effects.condenser_hand[n] for n in range(3))
        cells, setpoint = self._cool(state, chillers, condenser_on, wet_bulb)
        colder = reset_pressure(state.pumps, demand.wide_open, self._pace)
        moved = state.setpoint + self._pace * (-0.06 if colder else 0.02)
        state.setpoint = min(max(moved, SUPPLY_SP[0]), SUPPLY_SP[1])
        pumps = sum(running) * pump_power(PRIMARY_KG_S, PRIMARY_KPA)
        pumps += sum(condenser_on) * pump_power(CONDENSER_KG_S, CONDENSER_KPA)
        return PlantNow(
            chillers=chillers,
            condenser_pump_on=condenser_on,
            towers=cells,
            pumped=demand.pumped,
            primary_flow=primary,
            heat_w=heat,
            power_w=sum(c.power_w for c in chillers) + pumps + sum(demand.pumped.watts) + sum(c.fan_w for c in cells),
            condenser_sp=setpoint,
            pump_heat_w=pump_heat,
        )  # fmt: skip

    def stored_j(self, state: PlantState, before: tuple[float, float]) -> float:
        """Heat that the mains' water took up since `before` (supply, return temperatures), J."""
        return LOOP_KG * CP_WATER * (state.supply - before[0] + state.returned - before[1])

    def _return(self, state: PlantState, demand: Demand) -> float:
        """Mix what comes back from coils and bypass into the return mains; gives the pumps' heat W."""
        pumped = demand.pumped
        kept = LOOP_KG * CP_WATER / self.step_s
        pump_heat = 0.85 * sum(pumped.watts)
        back = pumped.flow * CP_WATER * state.supply + demand.coil_heat_w + pump_heat
        state.returned = (kept * state.returned + back) / (kept + pumped.flow * CP_WATER)
        return pump_heat

    def _make(
        self, state: PlantState, effects: Effects, running: list[bool], flow: float
    ) -> tuple[tuple[ChillerNow, ...], float]:
        """Run the chillers on the mixture at their inlet, and mix the supply mains; heat W.

        Surplus primary water returns through the decoupler; short of it, return water slips into
        the supply.
        """
        primary = PRIMARY_KG_S * sum(running)
        mixed = state.returned
        if primary > flow:
            mixed = (flow * state.returned + (primary - flow) * state.supply) / primary
        chillers = tuple(
            self._chiller(state, effects, n, mixed) if running[n]
            else self._resting(state, n, hand=effects.condenser_hand[n])
            for n in range(3)
        )  # fmt: skip
        heat = sum(c.heat_w for c in chillers)
        made = primary * CP_WATER * mixed - heat
        made += max(flow - primary, 0.0) * CP_WATER * state.returned
        kept = LOOP_KG * CP_WATER / self.step_s
        state.supply = (kept * state.supply + made) / (kept + max(flow, primary) * CP_WATER)
        return chillers, heat

    def _stage(self, state: PlantState, flow: float) -> None:
        """One more chiller after 15 minutes above 95 % or 1.8 K too warm; one less after 20 below 85 %."""
        n = state.wanted
        need = flow * CP_WATER * max(state.returned - state.setpoint, 0.0)
        one = capacity_w(state.setpoint, state.condenser)
        # water that slips past in the decoupler is no load that another chiller could find
        able = min(need, n * PRIMARY_KG_S * CP_WATER * (state.returned - state.setpoint))
        too_warm = state.supply > state.setpoint + 1.8 and able > 0.7 * n * one
        spare = n > 1 and need < 0.85 * (n - 1) * one and state.supply < state.setpoint + 0.6
        state.above = state.above + 1 if able > 0.95 * n * one or too_warm else 0
        state.below = state.below + 1 if spare else 0
        if state.above * self._pace >= 3 and n < 3:
            state.wanted, state.above = n + 1, 0
        elif state.below * self._pace >= 4:
            state.wanted, state.below = n - 1, 0

    def _start_and_stop(self, state: PlantState, order: tuple[int, ...]) -> list[bool]:
        """Run the first machines of the order; a machine leaves only when its relief has run up."""
        chosen = [n - 1 for n in order[: state.wanted]]
        ready = sum(1 for n in chosen if state.steps_on[n] * self._pace >= len(RAMP))
        running = []
        for n in range(3):
            stays = state.steps_on[n] > 0 and ready < state.wanted
            running.append(n in chosen or stays)
            state.steps_on[n] = state.steps_on[n] + 1 if running[n] else 0
        return running

    def _chiller(self, state: PlantState, effects: Effects, n: int, entering: float) -> ChillerNow:
        fouling = effects.fouling_k[n]
        capacity = capacity_w(state.setpoint, state.condenser + 0.5 * fouling)
        soft = RAMP[state.steps_on[n] - 1] if state.steps_on[n] <= len(RAMP) else 1.03
        asked = PRIMARY_KG_S * CP_WATER * max(entering - state.setpoint, 0.0)
        heat = min(max(asked, LEAST_LOAD * capacity), soft * capacity)
        leaving = entering - heat / (PRIMARY_KG_S * CP_WATER)
        load = heat / FULL_W
        # the compressor feels dirt as warmer condenser water
        power = chiller_power(n, heat, leaving, state.condenser + fouling * load)
        rejected = heat + 0.97 * power  # 3 % of the motor's power goes to the plant room
        warmed = state.condenser + rejected / (CONDENSER_KG_S * CP_WATER)
        state.rest_temp[n], state.condenser_rest[n] = leaving, state.condenser
        return ChillerNow(
            on=True,
            leaving=leaving,
            entering=entering,
            flow=PRIMARY_KG_S,
            heat_w=heat,
            power_w=power,
            load=load,
            evaporator=leaving - EVAPORATOR_K * (0.25 + 0.75 * load),
            condenser=warmed + CONDENSER_K * (0.25 + 0.75 * load) + fouling * load,
            condenser_entering=state.condenser,
            condenser_leaving=warmed,
            condenser_flow=CONDENSER_KG_S,
        )

    def _resting(self, state: PlantState, n: int, *, hand: bool) -> ChillerNow:
        """A stopped machine drifts to the plant room's temperature, unless its condenser pump turns."""
        drift = min(self.step_s / STAND_STILL_S, 1.0)
        state.rest_temp[n] += drift * (PLANT_ROOM_C - state.rest_temp[n])
        target, share = (state.condenser, 1.0) if hand else (PLANT_ROOM_C + 1.0, drift)
        state.condenser_rest[n] += share * (target - state.condenser_rest[n])
        chilled, cooling = state.rest_temp[n], state.condenser_rest[n]
        return ChillerNow(
            on=False, leaving=chilled, entering=chilled + 0.3, flow=0.0, heat_w=0.0, power_w=0.0, load=0.0,
            evaporator=chilled + 0.4, condenser=cooling + 0.2, condenser_entering=cooling,
            condenser_leaving=cooling, condenser_flow=CONDENSER_KG_S if hand else 0.0,
        )  # fmt: skip

    def _cool(
        self,
        state: PlantState,
        chillers: tuple[ChillerNow, ...],
        pumps: tuple[bool, ...],
        wet_bulb: float,
    ) -> tuple[tuple[TowerNow, ...], float]:
        """Reject the heat over as many cells as condenser pumps turn; gives cells and setpoint."""
        rejected = sum(c.heat_w + 0.97 * c.power_w for c in chillers)
        cooled = towers.hold(rejected, sum(pumps), wet_bulb)
        lag = 1.0 - math.exp(-self.step_s / towers.BASIN_S)
        state.condenser += lag * (cooled.settled - state.condenser)
        idle = wet_bulb + 3.0  # a cell without water stands near the wet bulb of its fill
        cells = tuple(
            TowerNow(cooled.speed, state.condenser, max(c.condenser_leaving, state.condenser) if c.on else state.condenser,
                     towers.fan_power(cooled.speed))
            if turns else TowerNow(0.0, idle, idle, 0.0)
            for turns, c in zip(pumps, chillers, strict=True)
        )  # fmt: skip
        return cells, cooled.setpoint


def _order(day: int, hour: float) -> tuple[int, ...]:
    """Who runs first. The rota turns in the morning; the standby machine carries the night."""
    lead, lag, standby = ROTA[(day if hour >= DAY_H[0] else day - 1) % len(ROTA)]
    return (lead, lag, standby) if DAY_H[0] <= hour < DAY_H[1] else (standby, lead, lag)
