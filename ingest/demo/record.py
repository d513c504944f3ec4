"""From the physics' arrays to a row of points: units of the roles, meters, and derived points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo import moist_air
from ingest.demo.air import Boxes, Handled, filter_pressure
from ingest.demo.chilled_water import CONDENSER_KPA, PRIMARY_KG_S, PRIMARY_KPA, PlantNow
from ingest.demo.coils import CoilState
from ingest.demo.columns import Columns
from ingest.demo.faults import Effects
from ingest.demo.model import PUBLIC_AREAS
from ingest.demo.occupancy import Guests
from ingest.demo.pumps import pump_power
from ingest.demo.rooms import N_ROOMS
from ingest.demo.state import WorldState
from ingest.demo.towers import CONDENSER_KG_S
from ingest.demo.weather import UTC_OFFSET_S, Weather
from ontology.history import Floats

L_S: Final = 1000.0 / moist_air.AIR_KG_M3
"""L/s of standard air per kg/s."""
VOLT: Final = 400.0
HOUSE_W: Final = (
    (0, 210e3),
    (5, 230e3),
    (7, 330e3),
    (11, 380e3),
    (14, 350e3),
    (19, 420e3),
    (22, 330e3),
    (24, 210e3),
)
"""Lifts, kitchens, laundry, hot water by heat pump, back of house, facade: by local hour."""
BATTERY_PCT_S: Final = 100.0 / (5 * 365 * 86_400)
"""A LoRaWAN sensor's battery lasts about five years."""


@dataclass(frozen=True)
class Scene:
    """All there is to record at step i."""

    state: WorldState
    weather: Weather
    guests: Guests
    i: int
    effects: Effects
    setpoint: Floats
    handled: Handled
    planned: Floats
    coil: CoilState
    plant: PlantNow
    fcu_fan_w: Floats
    public_w: Floats
    room_w: Floats
    step_s: float


class Recorder:
    """Writes a scene into a row; every column is written at every step."""

    def __init__(self, layout: Columns) -> None:
        self._at = layout.block
        names = layout.equips["iaq"]
        areas = {area: N_ROOMS + (12 + n if n < 3 else 0) for n, area in enumerate(PUBLIC_AREAS)}
        rooms = {name[4:]: n for n, name in enumerate(layout.equips["fcu"])}
        self._iaq = np.array(
            [areas.get(name.split("-")[1], rooms.get(name[4:], 0)) for name in names]
        )
        # the two offices sensors hang in zones 3 and 9
        self._iaq[[i for i, n in enumerate(names) if n.startswith("IAQ-offices")]] = [
            N_ROOMS + 2,
            N_ROOMS + 8,
        ]
        self._iaq_bias = 0.15 * np.sin(np.arange(len(names)) * 2.4)

    def write(self, row: NDArray[np.float32], scene: Scene) -> None:
        """Fill `row` with true values in the canonical units of the roles."""
        self._weather(row, scene)
        self._rooms(row, scene)
        self._handlers(row, scene)
        self._boxes(row, scene.handled.boxes, scene)
        self._chillers(row, scene.plant, scene)
        self._pumps(row, scene.plant, scene)
        self._meters(row, scene)

    def _put(self, row: NDArray[np.float32], family: str, **roles: Any) -> None:
        for name, values in roles.items():
            row[self._at[family, name.replace("_", "-")]] = values

    def _weather(self, row: NDArray[np.float32], scene: Scene) -> None:
        w, i = scene.weather, scene.i
        self._put(
            row, "weather", outside_air_temp=w.temp[i], outside_air_humidity=w.humidity[i],
            outside_air_wet_bulb=w.wet_bulb[i], outside_air_co2=w.co2[i],
        )  # fmt: skip

    def _rooms(self, row: NDArray[np.float32], scene: Scene) -> None:
        spaces, fcu, g, i = scene.state.spaces, scene.state.fcu, scene.guests, scene.i
        humidity = moist_air.relative_humidity(spaces.temp, spaces.ratio)
        warmed = scene.fcu_fan_w / np.maximum(fcu.fan, 10.0) * 100.0 / 300.0
        resting = fcu.fan == 0
        discharge = np.where(
            resting, spaces.temp[:N_ROOMS] - 0.4, scene.coil.air_temp[:N_ROOMS] + warmed
        )
        self._put(
            row, "fcu",
            zone_air_temp=spaces.temp[:N_ROOMS], zone_air_temp_sp=g.setpoint[i],
            zone_air_temp_effective_sp=scene.setpoint, zone_air_humidity=humidity[:N_ROOMS],
            occupied=g.present[i], rented=g.rented[i], window_open=g.door_open[i],
            fan_cmd=~resting, fan_run=~resting, fan_speed=fcu.fan,
            cooling_valve=fcu.valve, cooling_valve_position=fcu.valve, discharge_air_temp=discharge,
        )  # fmt: skip
        age = float(scene.weather.ts[i] % (5 * 365 * 86_400))
        battery = 100.0 - (age * BATTERY_PCT_S + 7.0 * np.arange(len(self._iaq))) % 88.0
        self._put(
            row, "iaq", zone_air_co2=spaces.co2[self._iaq],
            zone_air_temp=spaces.temp[self._iaq] + self._iaq_bias,
            zone_air_humidity=humidity[self._iaq], battery=battery,
        )  # fmt: skip

    def _handlers(self, row: NDArray[np.float32], scene: Scene) -> None:
        s, h, w, i = scene.state.air, scene.handled, scene.weather, scene.i
        back = moist_air.relative_humidity(h.return_temp, h.return_ratio)
        resting = h.on == 0
        water = np.where(resting, h.return_temp - 3.0, scene.coil.water_temp[N_ROOMS:])
        mixed = np.where(resting, h.return_temp, h.mixed_temp)
        humid = moist_air.relative_humidity(s.supply_temp, s.supply_ratio)
        self._put(
            row, "air",
            outside_air_temp=w.temp[i], outside_air_humidity=w.humidity[i],
            return_air_temp=h.return_temp[:4], return_air_humidity=back[:4],
            return_air_co2=h.return_co2[:4], mixed_air_temp=mixed[:4],
            discharge_air_temp=s.supply_temp, discharge_air_temp_sp=s.supply_sp,
            discharge_air_humidity=humid[4:], discharge_air_pressure=s.static,
            discharge_air_pressure_sp=s.static_sp, discharge_air_flow=h.flow * L_S,
            filter_pressure=filter_pressure(s, h.flow), outside_damper=h.damper,
            cooling_valve=s.valve, coil_leaving_water_temp=water, fan_cmd=h.commanded, fan_run=h.on,
            fan_speed=s.speed, fan_power=h.fan_w / 1000.0, occupied_sp=scene.planned[:4],
        )  # fmt: skip

    def _boxes(self, row: NDArray[np.float32], boxes: Boxes, scene: Scene) -> None:
        temp = scene.state.spaces.temp[N_ROOMS : N_ROOMS + 12]
        blown = boxes.flow > 0
        supply = np.where(blown, scene.state.air.supply_temp[3] + 0.4, temp)
        self._put(
            row, "vav", zone_air_temp=temp, zone_air_temp_sp=boxes.setpoint, discharge_air_temp=supply,
            discharge_air_flow=boxes.flow * L_S, discharge_air_flow_sp=boxes.flow_sp * L_S,
            damper=boxes.damper, cooling_requests=boxes.requests, occupied_sp=scene.planned[3],
        )  # fmt: skip

    def _chillers(self, row: NDArray[np.float32], plant: PlantNow, scene: Scene) -> None:
        each = plant.chillers
        on = [c.on for c in each]
        p = scene.state.plant
        self._put(
            row, "chiller",
            enable_cmd=on, run=on, isolation_valve=on, load=[100.0 * c.load for c in each],
            chilled_water_leaving_temp=[c.leaving for c in each], chilled_water_leaving_temp_sp=p.setpoint,
            chilled_water_entering_temp=[c.entering for c in each], chilled_water_flow=[c.flow for c in each],
            condenser_water_entering_temp=[c.condenser_entering for c in each],
            condenser_water_leaving_temp=[c.condenser_leaving for c in each],
            condenser_water_flow=[c.condenser_flow for c in each],
            evaporator_refrig_temp=[c.evaporator for c in each],
            condenser_refrig_temp=[c.condenser for c in each],
            cooling_power=[c.heat_w / 1000.0 for c in each], power=[c.power_w / 1000.0 for c in each],
        )  # fmt: skip
        running = [c for c in each if c.on]
        warm = (
            sum(c.condenser_leaving for c in running) / max(len(running), 1)
            if running
            else p.condenser
        )
        self._put(
            row, "plant",
            chilled_water_leaving_temp=p.supply, chilled_water_leaving_temp_sp=p.setpoint,
            chilled_water_entering_temp=p.returned, primary_flow=plant.primary_flow,
            secondary_flow=plant.pumped.flow, decoupler_flow=plant.primary_flow - plant.pumped.flow,
            chilled_water_pressure=p.pumps.pressure, chilled_water_pressure_sp=p.pumps.pressure_sp,
            condenser_water_entering_temp=p.condenser, condenser_water_leaving_temp=warm,
            condenser_water_entering_temp_sp=plant.condenser_sp, cooling_power=plant.heat_w / 1000.0,
        )  # fmt: skip

    def _pumps(self, row: NDArray[np.float32], plant: PlantNow, scene: Scene) -> None:
        on = np.array([c.on for c in plant.chillers], dtype=np.float64)
        turning = np.array(plant.condenser_pump_on, dtype=np.float64)
        self._put(
            row, "primary", run_cmd=on, run=on, speed=100.0 * on,
            power=on * pump_power(PRIMARY_KG_S, PRIMARY_KPA) / 1000.0, pump_pressure=on * PRIMARY_KPA,
        )  # fmt: skip
        self._put(
            row, "condenser", run_cmd=on, run=turning, speed=100.0 * turning,
            power=turning * pump_power(CONDENSER_KG_S, CONDENSER_KPA) / 1000.0, pump_pressure=turning * CONDENSER_KPA,
        )  # fmt: skip
        running = np.array([watts > 0 for watts in plant.pumped.watts], dtype=np.float64)
        speed = 100.0 * np.array(scene.state.plant.pumps.speed) * running
        self._put(
            row, "secondary", run_cmd=running, run=running, speed=speed,
            power=np.array(plant.pumped.watts) / 1000.0, pump_pressure=plant.pumped.heads,
        )  # fmt: skip
        cells = plant.towers
        self._put(
            row, "tower", run_cmd=turning, run=turning, speed=[100.0 * c.speed for c in cells],
            power=[c.fan_w / 1000.0 for c in cells],
            condenser_water_leaving_temp=[c.leaving for c in cells],
            condenser_water_entering_temp=[c.entering for c in cells],
        )  # fmt: skip

    def _meters(self, row: NDArray[np.float32], scene: Scene) -> None:
        hour = (scene.weather.ts[scene.i] + UTC_OFFSET_S) % 86_400 / 3600.0
        hours, watts_at = zip(*HOUSE_W, strict=True)
        house = float(np.interp(float(hour), hours, watts_at))
        inside = float(
            scene.fcu_fan_w.sum()
            + scene.public_w.sum()
            + scene.room_w.sum()
            + scene.handled.fan_w.sum()
        )
        plant = scene.plant
        watts = np.array(
            [house + inside + plant.power_w, plant.power_w, *(c.power_w for c in plant.chillers)]
        )
        energy = scene.state.meters.energy
        energy += watts / 1000.0 * scene.step_s / 3600.0
        factor = np.where(watts > 0, [0.93, 0.90, 0.89, 0.89, 0.95], 1.0)
        self._put(
            row, "meter", power=watts / 1000.0, energy=energy, power_factor=factor,
            current=watts / (np.sqrt(3.0) * VOLT * factor), voltage=VOLT - 3.0e-6 * watts[0],
        )  # fmt: skip
