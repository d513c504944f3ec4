"""Secondary chilled-water pumps: where the pumps' curves meet the coils, by the affinity laws.

Flows kg/s (numerically L/s), heads kPa, speeds as shares of full.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

PUMP_EFFICIENCY: Final = 0.74
"""Pump and motor together."""
SHUT_OFF_KPA: Final = 390.0
PUMP_LOSS: Final = 110.0 / 100.0**2
"""kPa per (kg/s)^2 inside one secondary pump."""
RISER_LOSS: Final = 80.0 / 150.0**2
"""kPa per (kg/s)^2 of the mains up to the remote pressure sensor."""
DESIGN_KPA: Final = 110.0
"""Remote pressure at which the coils' design flows hold."""
PRESSURE_SP: Final = (75.0, 120.0)
LEAST_SPEED: Final = 0.35
DRIVE_W: Final = 400.0


@dataclass
class PumpState:
    """Memory of the two secondary pumps and their pressure loop."""

    speed: list[float] = field(default_factory=lambda: [0.75, 0.0])
    on: list[bool] = field(default_factory=lambda: [True, False])
    pressure: float = 100.0
    pressure_sp: float = 100.0
    steps_spare: int = 0


@dataclass(frozen=True)
class Pumped:
    """The secondary side this step: total flow, its part through coils, and each pump's own values."""

    flow: float
    coil_flow: float
    flows: tuple[float, float]
    heads: tuple[float, float]
    watts: tuple[float, float]


def pump_power(flow: float, head_kpa: float) -> float:
    """Electric W of a pump that lifts this flow (kg/s) by this head."""
    return flow * head_kpa / PUMP_EFFICIENCY


def distribute(
    state: PumpState, held_pct: list[float], conductance: float, bypass_kg_s: float, pace: float
) -> Pumped:
    """Run the pumps for coils that pass `conductance` x sqrt(kPa) kg/s beside an open bypass.

    `held_pct` is the speed in hand of each pump, NaN when automatic; `bypass_kg_s` holds at the
    design pressure; `pace` is the step as a multiple of 5 minutes.
    """
    total = max(conductance + bypass_kg_s / math.sqrt(DESIGN_KPA), 1e-6)
    held = [not math.isnan(speed) for speed in held_pct]
    for i in (0, 1):
        if held[i]:
            state.on[i], state.speed[i] = True, held_pct[i] / 100.0
    for _ in range(4):  # the pressure loop settles well within one step
        state.pressure = (_meeting_flow(state, total) / total) ** 2
        _trim_speed(state, held)
    flow = _meeting_flow(state, total)
    state.pressure = (flow / total) ** 2
    pumped = _each(state, flow, flow * conductance / total)
    _stage(state, held, pace)
    return pumped


def reset_pressure(state: PumpState, wide_open: float, pace: float) -> bool:
    """Trim and respond on wide-open coil valves; gives whether pressure alone no longer suffices."""
    short = wide_open >= 6
    move = min(2.0 * (wide_open - 5), 8.0) if short else -1.0
    state.pressure_sp = min(max(state.pressure_sp + pace * move, PRESSURE_SP[0]), PRESSURE_SP[1])
    return short and state.pressure_sp >= PRESSURE_SP[1] - 10.0


def _trim_speed(state: PumpState, held: list[bool]) -> None:
    """Head follows the square of speed: the step towards the setpoint is its square root."""
    gain = math.sqrt(state.pressure_sp / max(state.pressure, 5.0))
    for i in (0, 1):
        if state.on[i] and not held[i]:
            moved = state.speed[i] * min(max(gain, 0.85), 1.15)
            state.speed[i] = min(max(moved, LEAST_SPEED), 1.0)


def _stage(state: PumpState, held: list[bool], pace: float) -> None:
    """The second pump joins when the first cannot hold the pressure, and leaves when it could."""
    running = sum(state.on)
    top = max(state.speed[i] for i in (0, 1) if state.on[i])
    if running == 1 and top > 0.96 and state.pressure < 0.97 * state.pressure_sp:
        spare = state.on.index(False)
        state.on[spare], state.speed[spare] = True, 0.7
        state.steps_spare = 0
    low = [i for i in (0, 1) if state.on[i] and not held[i] and state.speed[i] < 0.62]
    state.steps_spare = state.steps_spare + 1 if running == 2 and low else 0
    if state.steps_spare * pace > 4:
        state.on[low[-1]], state.speed[low[-1]] = False, 0.0


def _meeting_flow(state: PumpState, conductance: float) -> float:
    """Flow where the pumps' curves meet the system's, by bisection on the head."""
    speeds = [s for s, on in zip(state.speed, state.on, strict=True) if on]
    resistance = 1.0 / conductance**2 + RISER_LOSS
    low, high = 0.0, SHUT_OFF_KPA * max(speeds) ** 2
    for _ in range(16):
        head = (low + high) / 2
        pumped = sum(_pump_flow(s, head) for s in speeds)
        low, high = (head, high) if pumped * pumped * resistance > head else (low, head)
    return math.sqrt(low / resistance)


def _pump_flow(speed: float, head: float) -> float:
    """H = H0 s^2 - k q^2, solved for q; a pump too slow for the head stands behind its check valve."""
    return math.sqrt(max(SHUT_OFF_KPA * speed * speed - head, 0.0) / PUMP_LOSS)


def _each(state: PumpState, flow: float, coil_flow: float) -> Pumped:
    head = state.pressure + RISER_LOSS * flow * flow
    flows = [_pump_flow(state.speed[i], head) if state.on[i] else 0.0 for i in (0, 1)]
    heads = [head if state.on[i] else 0.0 for i in (0, 1)]
    # a quarter of the loss inside the pump is friction that the shaft pays on top of the head
    watts = [
        (pump_power(flows[i], heads[i] + 0.25 * PUMP_LOSS * flows[i] ** 2) + DRIVE_W) * state.on[i]
        for i in (0, 1)
    ]
    return Pumped(flow, coil_flow, (flows[0], flows[1]), (heads[0], heads[1]), (watts[0], watts[1]))
