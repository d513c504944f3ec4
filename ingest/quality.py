"""Plausibility: a value no sensor of its kind can mean is a fault, whatever the device claims."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ingest.driver import Reading
from ontology.entity import Entity
from ontology.history import Samples, Status
from ontology.kinds import Ref


@dataclass(frozen=True, slots=True)
class Bounds:
    """The closed range of believable values, in the canonical unit."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


QUANTITY: Final[Mapping[tuple[str, str], Bounds]] = {
    # (quantity, unit) -> believable range: what instruments of the trade can show, not what is comfortable
    ("temp", "°C"): Bounds(-50, 150),  # Pt1000 and NTC transmitters
    ("humidity", "%RH"): Bounds(0, 105),  # capacitive sensors overshoot 100 when wet
    ("co2", "ppm"): Bounds(200, 10_000),  # outdoors about 420; NDIR ends at 10,000
    ("pressure", "Pa"): Bounds(-2_500, 5_000),
    ("pressure", "kPa"): Bounds(-100, 2_500),
    ("air-flow", "L/s"): Bounds(-1_000, 200_000),
    ("water-flow", "L/s"): Bounds(-2_000, 2_000),
    ("percent", "%"): Bounds(-5, 110),
    ("power", "kW"): Bounds(-20_000, 100_000),
    ("energy", "kWh"): Bounds(0, 1e10),
    ("ratio", ""): Bounds(-1.001, 1.001),
    ("current", "A"): Bounds(0, 10_000),
    ("voltage", "V"): Bounds(0, 40_000),
    ("state", ""): Bounds(0, 1),
    ("count", ""): Bounds(0, 1e6),
}
ROLE: Final[Mapping[str, Bounds]] = {
    # where a role is narrower than its quantity
    "outside-air-temp": Bounds(-50, 60),
    "outside-air-wet-bulb": Bounds(-50, 45),
    "return-air-temp": Bounds(-10, 60),
    "zone-air-temp": Bounds(-10, 60),
    "chilled-water-leaving-temp": Bounds(-10, 60),
    "chilled-water-entering-temp": Bounds(-10, 60),
}


_ANY: Final = Bounds(-math.inf, math.inf)


class Plausibility:
    """The believable range of each point, from what it measures."""

    def __init__(self, points: Iterable[Entity]) -> None:
        self._bounds: dict[Ref, Bounds] = {}
        for point in points:
            role = point.role
            if role is None:
                continue
            bounds = ROLE.get(role.name) or QUANTITY.get((role.quantity, role.unit))
            if bounds is not None:
                self._bounds[point.ref] = bounds

    def judge(self, reading: Reading) -> Reading:
        """The reading, with status FAULT where its value is missing or not believable."""
        if reading.status in (Status.FAULT, Status.STALE):
            return reading
        bounds = self._bounds.get(reading.point)
        missing = not math.isfinite(reading.value)
        if missing or (bounds is not None and reading.value not in bounds):
            return replace(reading, status=Status.FAULT)
        return reading

    def judge_all(self, samples: Samples) -> Samples:
        """The same for columns, such as those of a device's own log."""
        if not len(samples):
            return samples
        bounds = [self._bounds.get(point, _ANY) for point in samples.points]
        low = np.array([bound.low for bound in bounds])[samples.index]
        high = np.array([bound.high for bound in bounds])[samples.index]
        believed = (samples.value >= low) & (samples.value <= high)  # NaN is in no range
        bad = ~(believed & np.isfinite(samples.value)) & (samples.status != Status.STALE)
        status = np.where(bad, np.uint8(Status.FAULT), samples.status).astype(np.uint8)
        return replace(samples, status=status)
