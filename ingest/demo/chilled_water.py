"""Chilled-water plant: chillers by DOE-2 curves, pumps by affinity laws, towers, the decoupler's balance.

Temperatures degC, flows kg/s (numerically L/s), heat W, heads kPa, speeds as shares of full.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from ingest.demo import moist_air as air
from ingest.demo.coils import CP_WATER
from ingest.demo.faults import Effects

FULL_W: Final = 1_758_000.0
"""500 RT."""
COP: Final = (5.80, 5.80, 5.60)
"""At 6.7 degC leaving and 29.4 degC entering condenser water; about 0.61 kW/RT."""
PART_LOAD: Final = ((0.16, 0.42, 0.42), (0.16, 0.42, 0.42), (0.12, 0.38, 0.50))
"""EIRFPLR: guide vanes for CH-1 and CH-2, a variable-speed drive for CH-3."""
PRIMARY_KG_S: Final = 74.0
CONDENSER_KG_S: Final = 96.0
"""3 gpm per ton."""
PRIMARY_KPA: Final = 130.0
CONDENSER_KPA: Final = 230.0
PUMP_EFFICIENCY: Final = 0.74
"""Pump and motor together."""
EVAPORATOR_K: Final = 1.5
"""Approach (leaving water minus refrigerant) at full load."""
CONDENSER_K: Final = 1.6
SUPPLY_SP: Final = (6.5, 7.0)
"""Range of the reset of the leaving-water setpoint."""
SHUT_OFF_KPA: Final = 390.0
PUMP_LOSS: Final = 110.0 / 100.0**2
"""kPa per (kg/s)^2 inside one secondary pump."""
RISER_LOSS: Final = 80.0 / 150.0**2
"""kPa per (kg/s)^2 of the mains up to the remote pressure sensor."""
DESIGN_KPA: Final = 110.0
"""Remote pressure at which the coils' design flows hold."""
PRESSURE_SP: Final = (75.0, 120.0)
LOOP_KG: Final = 26_000.0
"""Water in the supply mains, and as much in the return."""
TOWER_AIR_KG_S: Final = 72.0
TOWER_NTU: Final = 2.6
"""Merkel number at equal water and air flows (Braun 1989: NTU = c (m_w/m_a)^(1+n), n = -0.6)."""
TOWER_FAN_W: Final = 22_000.0
TOWER_APPROACH_K: Final = 3.9
"""The condenser-water setpoint is the wet bulb plus this, not below 23 degC."""
ROTA: Final = ((2, 1, 3), (2, 3, 1), (3, 2, 1), (2, 1, 3), (1, 2, 3), (2, 1, 3))
"""Lead, lag, standby by day, turn about; at night the order is standby, lead, lag."""
RAMP: Final = (0.45, 0.75)
"""Soft start: the share of capacity a chiller may give in its first steps."""


@dataclass
class PlantState:
    """Memory of the plant. Lists are per machine."""

    supply: float = 7.0
    returned: float = 12.5
    setpoint: float = 6.7
    condenser: float = 29.0
    pressure_sp: float = 100.0
    pressure: float = 100.0
    speed: list[float] = field(default_factory=lambda: [0.75, 0.75])
    secondary_on: list[bool] = field(default_factory=lambda: [True, False])
    steps_on: list[int] = field(default_factory=lambda: [0, 9, 0])
    wanted: int = 1
    above: int = 0
    below: int = 0
    spare_pump: int = 0
    rest_temp: list[float] = field(default_factory=lambda: [22.0, 22.0, 22.0])
    condenser_rest: list[float] = field(default_factory=lambda: [28.0, 28.0, 28.0])


@dataclass(frozen=True)
class ChillerNow:
    """One chiller's values this step."""

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
class PlantNow:
    """The plant's values this step."""

    chillers: tuple[ChillerNow, ...]
    condenser_pump_on: tuple[bool, ...]
    tower_speed: tuple[float, ...]
    tower_leaving: tuple[float, ...]
    tower_entering: tuple[float, ...]
    tower_fan_w: tuple[float, ...]
    secondary_flow: float
    secondary_flows: tuple[float, float]
    secondary_head: tuple[float, float]
    secondary_w: tuple[float, float]
    primary_flow: float
    heat_w: float
    power_w: float
    condenser_sp: float
    pump_heat_w: float


def pump_power(flow: float, head_kpa: float) -> float:
    """Electric W of a pump that lifts this flow (kg/s) by this head."""
    return flow * head_kpa / PUMP_EFFICIENCY


def chiller_power(n: int, heat_w: float, leaving: float, entering_condenser: float) -> float:
    """Electric W of chiller n (0..2): DOE-2 form, power = capacity x CAPFT x EIRFT x EIRFPLR / COP."""
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

    def distribute(self, state: PlantState, effects: Effects, conductance: float) -> tuple[float, float, float]:
        """Set the secondary pumps for coils that pass `conductance` x sqrt(pressure) kg/s.

        Gives the total flow kg/s, its riser bypass part, and the remote pressure kPa.
        """
        bypass = effects.bypass_kg_s / math.sqrt(DESIGN_KPA)
        total = conductance + bypass
        held = [not math.isnan(speed) for speed in effects.secondary_held]
        for i in (0, 1):
            if held[i]:
                state.secondary_on[i], state.speed[i] = True, effects.secondary_held[i] / 100.0
        free = [i for i in (0, 1) if state.secondary_on[i] and not held[i]]
        for _ in range(4):  # the pressure loop settles well within one step
            flow, _ = _parallel_flow(state, total)
            state.pressure = (flow / max(total, 1e-6)) ** 2
            for i in free:
                gain = math.sqrt(state.pressure_sp / max(state.pressure, 5.0))
                state.speed[i] = min(max(state.speed[i] * min(max(gain, 0.85), 1.15), 0.35), 1.0)
        flow, _ = _parallel_flow(state, total)
        state.pressure = (flow / max(total, 1e-6)) ** 2
        self._stage_secondary(state, held)
        return flow, bypass * math.sqrt(state.pressure), state.pressure

    def _stage_secondary(self, state: PlantState, held: list[bool]) -> None:
        """The second pump joins when the first cannot hold the pressure, and leaves when it could."""
        running = sum(state.secondary_on)
        top = max(state.speed[i] for i in (0, 1) if state.secondary_on[i])
        if running == 1 and top > 0.96 and state.pressure < 0.97 * state.pressure_sp:
            spare = state.secondary_on.index(False)
            state.secondary_on[spare], state.speed[spare] = True, 0.7
            state.spare_pump = 0
        low = [i for i in (0, 1) if state.secondary_on[i] and not held[i] and state.speed[i] < 0.62]
        state.spare_pump = state.spare_pump + 1 if running == 2 and low else 0
        if state.spare_pump * self._pace > 4:
            state.secondary_on[low[-1]] = False
            state.speed[low[-1]] = 0.0

    def step(
        self,
        state: PlantState,
        effects: Effects,
        flow: float,
        coil_flow: float,
        coil_heat_w: float,
        wet_bulb: float,
        day: int,
        hour: float,
        short_of_water: float,
    ) -> PlantNow:
        """Advance one step. `flow` is the secondary flow, `coil_flow` the part through coils."""
        dt = self.step_s
        kept = LOOP_KG * CP_WATER / dt
        coil_return = state.supply + coil_heat_w / max(coil_flow * CP_WATER, 1.0)
        back = (coil_flow * coil_return + (flow - coil_flow) * state.supply) / max(flow, 1e-6)
        secondary = _secondary(state, flow)
        pump_heat = 0.85 * sum(secondary[2])
        state.returned = (kept * state.returned + flow * CP_WATER * back + pump_heat) / (kept + flow * CP_WATER)
        order = self._order(day, hour)
        self._stage(state, flow)
        running = self._start_and_stop(state, order)
        primary = PRIMARY_KG_S * sum(running)
        mixed = state.returned if primary <= flow else (
            flow * state.returned + (primary - flow) * state.supply) / primary  # fmt: skip
        chillers = tuple(self._chiller(state, effects, n, running[n], mixed) for n in range(3))
        heat = sum(c.heat_w for c in chillers)
        made = primary * CP_WATER * mixed - heat
        if flow > primary:
            made += (flow - primary) * CP_WATER * state.returned
        through = max(flow, primary) * CP_WATER
        state.supply = (kept * state.supply + made) / (kept + through)
        condenser_on = tuple(running[n] or effects.condenser_hand[n] for n in range(3))
        tower = self._towers(state, chillers, condenser_on, wet_bulb)
        self._reset(state, short_of_water)
        pumps = sum(running) * pump_power(PRIMARY_KG_S, PRIMARY_KPA)
        pumps += sum(condenser_on) * pump_power(CONDENSER_KG_S, CONDENSER_KPA)
        power = sum(c.power_w for c in chillers) + pumps + sum(secondary[2]) + sum(tower[3])
        return PlantNow(
            chillers=chillers,
            condenser_pump_on=condenser_on,
            tower_speed=tower[0],
            tower_leaving=tower[1],
            tower_entering=tower[2],
            tower_fan_w=tower[3],
            secondary_flow=flow,
            secondary_flows=secondary[0],
            secondary_head=secondary[1],
            secondary_w=secondary[2],
            primary_flow=primary,
            heat_w=heat,
            power_w=power,
            condenser_sp=tower[4],
            pump_heat_w=pump_heat,
        )

    def stored_j(self, state: PlantState, before: tuple[float, float]) -> float:
        """Heat that the mains' water took up since `before` (supply, return temperatures), J."""
        return LOOP_KG * CP_WATER * (state.supply - before[0] + state.returned - before[1])

    def _order(self, day: int, hour: float) -> tuple[int, ...]:
        """Who runs first. The rota turns at 06:30; the standby machine carries the night from 22:30."""
        by_day = 6.5 <= hour < 22.5
        lead, lag, standby = ROTA[(day if hour >= 6.5 else day - 1) % len(ROTA)]
        return (lead, lag, standby) if by_day else (standby, lead, lag)

    def _stage(self, state: PlantState, flow: float) -> None:
        """One more chiller after 15 minutes above 92 % or 1.6 K too warm; one less after 30 minutes below."""
        n = state.wanted
        need = flow * CP_WATER * max(state.returned - state.setpoint, 0.0)
        one = capacity_w(state.setpoint, state.condenser)
        short = need > 0.95 * n * one or (state.supply > state.setpoint + 1.6 and need > 0.85 * n * one)
        spare = n > 1 and need < 0.80 * (n - 1) * one and state.supply < state.setpoint + 0.6
        state.above = state.above + 1 if short else 0
        state.below = state.below + 1 if spare else 0
        if state.above * self._pace >= 3 and n < 3:
            state.wanted, state.above = n + 1, 0
        elif state.below * self._pace >= 6:
            state.wanted, state.below = n - 1, 0

    def _start_and_stop(self, state: PlantState, order: tuple[int, ...]) -> list[bool]:
        """Run the first machines of the order; a machine leaves only when its relief is at full load."""
        chosen = [n - 1 for n in order[: state.wanted]]
        ready = sum(1 for n in chosen if state.steps_on[n] * self._pace >= len(RAMP))
        running = []
        for n in range(3):
            stays = state.steps_on[n] > 0 and ready < state.wanted
            running.append(n in chosen or stays)
            state.steps_on[n] = state.steps_on[n] + 1 if running[n] else 0
        return running

    def _chiller(
        self, state: PlantState, effects: Effects, n: int, on: bool, entering: float
    ) -> ChillerNow:
        hand = effects.condenser_hand[n]
        if not on:
            return self._resting(state, n, hand)
        fouling = effects.fouling_k[n]
        capacity = capacity_w(state.setpoint, state.condenser + 0.5 * fouling)
        soft = RAMP[state.steps_on[n] - 1] if state.steps_on[n] <= len(RAMP) else 1.03
        asked = PRIMARY_KG_S * CP_WATER * max(entering - state.setpoint, 0.0)
        heat = min(max(asked, 0.10 * capacity), soft * capacity)
        leaving = entering - heat / (PRIMARY_KG_S * CP_WATER)
        load = heat / FULL_W
        # the compressor feels dirt as warmer condenser water
        power = chiller_power(n, heat, leaving, state.condenser + fouling * load)
        rejected = heat + 0.97 * power
        condenser_leaving = state.condenser + rejected / (CONDENSER_KG_S * CP_WATER)
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
            condenser=condenser_leaving + CONDENSER_K * (0.25 + 0.75 * load) + fouling * load,
            condenser_entering=state.condenser,
            condenser_leaving=condenser_leaving,
            condenser_flow=CONDENSER_KG_S,
        )

    def _resting(self, state: PlantState, n: int, hand: bool) -> ChillerNow:
        """A stopped machine warms towards its plant room (28 degC) within about ten hours."""
        warm = min(self.step_s / 36_000.0, 1.0)
        state.rest_temp[n] += warm * (28.0 - state.rest_temp[n])
        target = state.condenser if hand else 29.0
        state.condenser_rest[n] += (1.0 if hand else warm) * (target - state.condenser_rest[n])
        chilled, cooling = state.rest_temp[n], state.condenser_rest[n]
        return ChillerNow(
            on=False, leaving=chilled, entering=chilled + 0.3, flow=0.0, heat_w=0.0, power_w=0.0, load=0.0,
            evaporator=chilled + 0.4, condenser=cooling + 0.2, condenser_entering=cooling,
            condenser_leaving=cooling, condenser_flow=CONDENSER_KG_S if hand else 0.0,
        )  # fmt: skip

    def _towers(
        self, state: PlantState, chillers: tuple[ChillerNow, ...], pumps: tuple[bool, ...], wet_bulb: float
    ) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...], tuple[float, ...], float]:
        """Fans hold the common condenser-water temperature; gives speeds, water out, water in, W, setpoint."""
        setpoint = max(wet_bulb + TOWER_APPROACH_K, 23.0)
        cells = sum(pumps)
        rejected = sum(c.heat_w + 0.97 * c.power_w for c in chillers)
        per_cell = rejected / max(cells, 1)
        water = CONDENSER_KG_S * CP_WATER
        low, high = 0.15, 1.0
        for _ in range(9):  # halve the speed range until the setpoint is met
            middle = (low + high) / 2
            able = tower_heat(setpoint + per_cell / water, wet_bulb, middle)
            low, high = (low, middle) if able > per_cell else (middle, high)
        speed = high
        settled = setpoint
        if tower_heat(setpoint + per_cell / water, wet_bulb, 1.0) < per_cell:
            speed = 1.0
            for _ in range(12):
                gap = per_cell - tower_heat(settled + per_cell / water, wet_bulb, 1.0)
                settled += 0.35 * gap / water
        lag = 1.0 - math.exp(-self.step_s / 240.0)
        state.condenser += lag * (settled - state.condenser)
        entering = state.condenser + per_cell / water
        idle = wet_bulb + 3.0
        speeds = tuple(speed if on else 0.0 for on in pumps)
        return (
            speeds,
            tuple(state.condenser if on else idle for on in pumps),
            tuple(
                (c.condenser_leaving if c.on else state.condenser) if on else idle
                for on, c in zip(pumps, chillers, strict=True)
            ) if cells else (entering,) * 3,
            tuple(TOWER_FAN_W * s**3 + 150.0 * (s > 0) for s in speeds),
            setpoint,
        )  # fmt: skip

    def _reset(self, state: PlantState, short_of_water: float) -> None:
        """Trim and respond on the number of wide-open coil valves: first pressure, then temperature."""
        move = -1.0 if short_of_water < 6 else min(2.0 * (short_of_water - 5), 8.0)
        state.pressure_sp = min(max(state.pressure_sp + self._pace * move, PRESSURE_SP[0]), PRESSURE_SP[1])
        colder = state.pressure_sp >= PRESSURE_SP[1] - 10.0 and short_of_water >= 6
        step = -0.06 if colder else 0.02
        state.setpoint = min(max(state.setpoint + self._pace * step, SUPPLY_SP[0]), SUPPLY_SP[1])


def tower_heat(entering: float, wet_bulb: float, speed: float) -> float:
    """W that one tower cell takes from its water: Merkel's potential with an effectiveness (Braun 1989)."""
    m_air = TOWER_AIR_KG_S * speed
    potential = _sat_h(entering) - _sat_h(wet_bulb)
    slope = max(potential / max(entering - wet_bulb, 0.05), 500.0)
    ntu = TOWER_NTU * (CONDENSER_KG_S / m_air) ** 0.4
    ratio = min(m_air * slope / (CONDENSER_KG_S * CP_WATER), 5.0)
    decay = math.exp(-ntu * (1.0 - ratio)) if abs(1.0 - ratio) > 1e-6 else 1.0 - ntu * (1.0 - ratio)
    effectiveness = (1.0 - decay) / (1.0 - ratio * decay) if abs(1 - ratio) > 1e-6 else ntu / (1 + ntu)
    return effectiveness * m_air * potential


def _sat_h(temp: float) -> float:
    """J/kg of saturated air; a cubic through the ASHRAE values, within 150 J/kg from 15 to 45 degC."""
    pressure = 611.2 * math.exp(17.62 * temp / (243.12 + temp))  # Magnus, WMO 2014
    ratio = 0.621945 * pressure / (air.PRESSURE_PA - pressure)
    return air.CP_AIR * temp + ratio * (air.H_FG + air.CP_VAPOUR * temp)


def _parallel_flow(state: PlantState, conductance: float) -> tuple[float, float]:
    """Flow kg/s and head kPa where the pumps' curves meet the system's, by bisection on the head."""
    speeds = [s for s, on in zip(state.speed, state.secondary_on, strict=True) if on]
    resistance = 1.0 / max(conductance, 1e-6) ** 2 + RISER_LOSS
    low, high = 0.0, SHUT_OFF_KPA * max(speeds) ** 2
    for _ in range(16):
        head = (low + high) / 2
        pumped = sum(_pump_flow(s, head) for s in speeds)
        low, high = (head, high) if pumped * pumped * resistance > head else (low, head)
    return math.sqrt(low / resistance), low


def _pump_flow(speed: float, head: float) -> float:
    return math.sqrt(max(SHUT_OFF_KPA * speed * speed - head, 0.0) / PUMP_LOSS)


def _secondary(state: PlantState, flow: float) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    """Flow, head and W of each secondary pump at the present total flow."""
    head = state.pressure + RISER_LOSS * flow * flow
    flows = [_pump_flow(state.speed[i], head) if state.secondary_on[i] else 0.0 for i in (0, 1)]
    heads = [head if state.secondary_on[i] else 0.0 for i in (0, 1)]
    # the lift inside the pump is lost as heat: shaft work follows the total head of the impeller
    watts = [
        (pump_power(flows[i], heads[i] + 0.25 * PUMP_LOSS * flows[i] ** 2) + 400.0) * state.secondary_on[i]
        for i in (0, 1)
    ]
    return (flows[0], flows[1]), (heads[0], heads[1]), (watts[0], watts[1])
