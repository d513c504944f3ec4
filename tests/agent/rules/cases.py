"""For each rule: sound equipment, and the same equipment with the symptom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from agent.rules.arrays import DAY, HOUR, At
from ontology.history import Floats

DAYS = 30


@dataclass(frozen=True)
class Case:
    """What the rule reads when all is well, and what changes with the fault. Numbers hold all the time."""

    rule: str
    sound: Mapping[str, float | list[float] | Floats]
    ill: Mapping[str, float | list[float] | Floats]
    days: int = 3

    def at(self, changes: Mapping[str, float | list[float] | Floats]) -> At:
        steps = self.days * DAY
        values = {**self.sound, **changes}
        rows = max((np.asarray(v).shape[0] for v in values.values() if np.ndim(v) >= 1), default=1)
        full = {}
        for name, value in values.items():
            array = np.asarray(value, dtype=np.float64)
            if array.ndim == 1:
                array = array[:, None]
            full[name] = np.broadcast_to(array, (rows, steps)).copy()
        hour = (np.arange(steps) % DAY) / HOUR
        weekday = np.arange(steps) // DAY % 7.0
        return full | {"clock.hour": hour[None], "clock.weekday": weekday[None]}


def over_days(shape: Callable[[Floats, Floats], Floats], days: int = DAYS) -> Floats:
    """A row of values from the hour of day and the number of the day, shape (1, steps)."""
    steps = np.arange(days * DAY)
    return shape((steps % DAY) / HOUR, np.floor(steps / DAY))[None]


def swing(mid: float, by: float, days: int = 3) -> Floats:
    """A daily rise and fall, highest at 15:00."""
    return over_days(lambda hour, _: mid + by * np.cos((hour - 15) / 24 * 2 * np.pi), days)


def rows(*each: Floats) -> Floats:
    return np.concatenate(each)


_AHU = {"fan-run": 1, "discharge-air-temp": 14.2, "discharge-air-temp-sp": 14, "cooling-valve": 60,
        "mixed-air-temp": 26, "return-air-temp": 24, "outside-air-temp": 33, "outside-damper": 20}  # fmt: skip
_FCU = {"zone-air-temp": 24, "zone-air-temp-sp": 24, "zone-air-temp-effective-sp": 24, "discharge-air-temp": 15,
        "cooling-valve": 50, "fan-run": 1, "fan-cmd": 1, "occupied": 1, "window-open": 0}  # fmt: skip
_OFFICE_FAN = over_days(lambda hour, _: ((hour >= 7) & (hour < 19)).astype(float))
_NIGHTS_TOO = over_days(lambda hour, day: ((hour >= 7) & (hour < 19) | (day >= 24)).astype(float))
_CHILLER = {"run": 1, "load": 70, "chilled-water-leaving-temp": 7, "chilled-water-leaving-temp-sp": 7,
            "evaporator-refrig-temp": 5.6, "condenser-water-leaving-temp": 34, "condenser-refrig-temp": 35.3,
            "power": 250, "cooling-power": 1500, "condenser-water-entering-temp": 29, "condenser-water-flow": 83.2}  # fmt: skip
_LIFT = swing(34, 2, DAYS)


def _slowly(start: float, end: float) -> Floats:
    """Unchanged for 10 days, then over 15 days to its end."""
    return over_days(lambda _, day: start + (end - start) * np.clip((day - 10) / 15, 0, 1))


CASES = (
    Case("SV-01", {"zone-air-temp": 24}, {"zone-air-temp": -40}),
    Case("SV-02", {"zone-air-temp": rows(*[swing(24, 1)] * 3)},
         {"zone-air-temp": rows(np.full((1, 3 * DAY), 24.0), swing(24, 1), swing(24, 1))}),
    Case("SV-05", {"return-air-temp": [24.2, 24.1, 24.0], "zone.zone-air-temp": 24, "fan-run": 1},
         {"return-air-temp": [27.2, 24.1, 24.0]}, days=5),
    Case("SV-06", {"return-air-temp": swing(24, 0.3, DAYS), "zone.zone-air-temp": 24, "fan-run": 1},
         {"return-air-temp": _slowly(24, 26.5)}, days=DAYS),
    Case("AHU-FC13", _AHU, {"cooling-valve": 100, "discharge-air-temp": 20}),
    Case("AHU-32", _AHU, {"cooling-valve": 100, "discharge-air-temp": 10}),
    Case("AHU-18", _AHU | {"cooling-valve": 0, "discharge-air-temp": 26.5}, {"discharge-air-temp": 21}),
    Case("AHU-19", _AHU, {"discharge-air-temp": 25.5}),
    Case("AHU-24", _AHU, {"mixed-air-temp": 31}),
    Case("AHU-21", _AHU | {"outside-damper": swing(50, 40, 4), "mixed-air-temp": swing(28.5, 3.6, 4)},
         {"mixed-air-temp": 28.5}, days=4),
    Case("AHU-26", {"fan-run": _OFFICE_FAN, "occupied-sp": _OFFICE_FAN, "return-air-co2": 450,
                    "weather.outside-air-co2": 420}, {"fan-run": _NIGHTS_TOO}, days=DAYS),
    Case("AHU-30", {"fan-run": 1, "filter-pressure": 100, "discharge-air-flow": 3000},
         {"filter-pressure": _slowly(100, 260)}, days=DAYS),
    Case("AHU-FC01", {"fan-run": 1, "fan-speed": 70, "discharge-air-pressure": 250, "discharge-air-pressure-sp": 250},
         {"fan-speed": 100, "discharge-air-pressure": 180}),
    Case("FCU-01", _FCU | {"cooling-valve": 0, "discharge-air-temp": 23.5}, {"discharge-air-temp": 16}),
    Case("FCU-02", _FCU | {"cooling-valve": 95}, {"discharge-air-temp": 22.5}),
    Case("FCU-03", _FCU, {"fan-run": 0}),
    Case("FCU-04", {"zone-air-humidity": [58, 57, 56]}, {"zone-air-humidity": [76, 57, 56]}),
    Case("ROOM-01", _FCU | {"occupied": 0, "zone-air-temp-effective-sp": 26}, {"zone-air-temp-effective-sp": 24}),
    Case("ROOM-02", _FCU, {"window-open": 1}),
    Case("ROOM-03", {"zone-air-co2": 750}, {"zone-air-co2": 1600}),
    Case("ROOM-05", _FCU | {"cooling-valve": 100}, {"zone-air-temp": 27.5}),
    Case("VAV-03", {"damper": 100, "discharge-air-flow": 300, "discharge-air-flow-sp": 310, "air.fan-run": 1},
         {"discharge-air-flow": 120}),
    Case("VAV-04", {"damper": 0, "discharge-air-flow": 3, "discharge-air-flow-sp": 300}, {"discharge-air-flow": 90}),
    Case("VAV-08", {"cooling-requests": [0.2, 0.3, 0.2, 0.1], "occupied-sp": 1, "air.fan-run": 1},
         {"cooling-requests": [3, 0.3, 0.2, 0.1]}),
    Case("VAV-09", {"zone-air-temp-sp": [24, 24.5, 24, 23.5], "occupied-sp": 1}, {"zone-air-temp-sp": [19, 24.5, 24, 23.5]}),
    Case("CHW-01", {"chilled-water-leaving-temp": 7, "chilled-water-entering-temp": 13, "chillers.max:load": 70},
         {"chilled-water-entering-temp": 10}),
    Case("CHW-02", {"primary-flow": 80, "secondary-flow": 75}, {"secondary-flow": 100}),
    Case("CHW-03", _CHILLER, {"chilled-water-leaving-temp": 9}),
    Case("CHW-04", {"run": 1}, {"run": over_days(lambda hour, _: (np.floor(hour / 2) % 2).astype(float), 3)}),
    Case("CHW-07", _CHILLER, {"evaporator-refrig-temp": _slowly(5.6, 3)}, days=DAYS),
    Case("CHW-08", _CHILLER, {"condenser-refrig-temp": _slowly(35.3, 38)}, days=DAYS),
    Case("CHW-09", _CHILLER | {"condenser-water-leaving-temp": _LIFT, "power": 250 * (1 + 0.02 * (_LIFT - 34))},
         {"power": 250 * (1 + 0.02 * (_LIFT - 34)) * _slowly(1, 1.15)}, days=DAYS),
    Case("CHW-10", _CHILLER, {"condenser-water-flow": 60}),
    Case("CHW-15", {"run": 0, "isolation-valve": 0}, {"isolation-valve": 1}),
    Case("CT-01", {"run": 1, "speed": 100, "condenser-water-leaving-temp": 30, "weather.outside-air-wet-bulb": 26},
         {"condenser-water-leaving-temp": 34}),
    Case("MET-01", {"power": 250, "measured.power": 252}, {"power": 200}),
    Case("OVR-02", _AHU | {"cooling-valve": swing(60, 20), "discharge-air-temp": 14}, {"cooling-valve": 80, "discharge-air-temp": 10}),
    Case("CMD-01", {"run-cmd": 1, "run": 1}, {"run-cmd": 0}),
    Case("CMD-02", {"run": 1, "user.max:run": 1}, {"user.max:run": 0}),
)  # fmt: skip
