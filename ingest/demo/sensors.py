"""The sensor layer: lag, noise, drift, flat lines, resolution and gaps between truth and history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo import bms
from ingest.demo.columns import columns
from ingest.demo.faults import DAY_S, Active
from ontology.history import Status

Singles = NDArray[np.float32]
Statuses = NDArray[np.uint8]

BLOCK_STEPS: Final = 288
"""Noise is drawn in blocks of this many steps, so that it does not depend on where a run starts."""


@dataclass(frozen=True)
class Instrument:
    """`noise` is one standard deviation in the unit, `share` one of the reading; readings are rounded."""

    noise: float = 0.0
    share: float = 0.0
    resolution: float = 0.0
    lag_s: float = 0.0
    least: float = -np.inf
    most: float = np.inf


_BY_QUANTITY = {
    "temp": Instrument(noise=0.06, resolution=0.1, lag_s=60.0),
    "humidity": Instrument(noise=0.5, resolution=0.1, lag_s=90.0, least=0.0, most=100.0),
    "co2": Instrument(noise=7.0, resolution=1.0, lag_s=60.0, least=350.0),
    "air-flow": Instrument(share=0.008, resolution=1.0, least=0.0),
    "water-flow": Instrument(share=0.004, resolution=0.1),
    "power": Instrument(share=0.003, resolution=0.01, least=0.0),
    "energy": Instrument(),
    "percent": Instrument(resolution=0.1, least=0.0, most=100.0),
    "ratio": Instrument(noise=0.002, resolution=0.001, least=0.0, most=1.0),
    "current": Instrument(share=0.003, resolution=0.1, least=0.0),
    "voltage": Instrument(noise=0.6, resolution=0.1),
    "count": Instrument(resolution=1.0),
    "state": Instrument(),
}
_WATER = Instrument(noise=0.03, resolution=0.01, lag_s=30.0)
_BY_ROLE = {
    "cooling-valve-position": Instrument(noise=0.25, resolution=0.1, least=0.0, most=100.0),
    "load": Instrument(noise=0.3, resolution=0.1, least=0.0),
    "discharge-air-pressure": Instrument(share=0.012, resolution=0.1, least=0.0),
    "filter-pressure": Instrument(share=0.012, resolution=0.1, least=0.0),
    "chilled-water-pressure": Instrument(share=0.008, resolution=0.1, least=0.0),
    "pump-pressure": Instrument(share=0.008, resolution=0.1, least=0.0),
    "battery": Instrument(resolution=1.0),
    "chilled-water-leaving-temp": _WATER, "chilled-water-entering-temp": _WATER,
    "condenser-water-entering-temp": _WATER, "condenser-water-leaving-temp": _WATER,
    "evaporator-refrig-temp": _WATER, "condenser-refrig-temp": _WATER,
    "cooling-power": Instrument(share=0.006, resolution=0.1, least=0.0),
}  # fmt: skip


def instruments() -> list[Instrument]:
    """One instrument per column. Setpoints and on/off points are exact."""
    kinds = []
    for role in columns().roles:
        exact = role.name.endswith("-sp") or role.is_bool
        default = Instrument(resolution=0.0 if role.is_bool else 0.01) if exact else None
        kinds.append(default or _BY_ROLE.get(role.name) or _BY_QUANTITY[role.quantity])
    return kinds


class SensorLayer:
    """Turns true rows into what the history would hold. Keeps the last row and frozen readings."""

    def __init__(self, seed: int, step_s: int, story: Sequence[Active], now_s: float) -> None:
        kinds = instruments()
        self._seed, self._step_s, self._now_s = seed, step_s, now_s
        self._story = story
        self._noise = np.array([k.noise for k in kinds], dtype=np.float32)
        self._share = np.array([k.share for k in kinds], dtype=np.float32)
        self._noisy = np.flatnonzero((self._noise > 0) | (self._share > 0))
        self._resolution = np.array([k.resolution for k in kinds], dtype=np.float32)
        self._lag = np.array(
            [np.exp(-step_s / k.lag_s) if k.lag_s else 0.0 for k in kinds], np.float32
        )
        self._least = np.array([k.least for k in kinds], dtype=np.float32)
        self._most = np.array([k.most for k in kinds], dtype=np.float32)
        self._before: Singles | None = None
        self._frozen: dict[str, float] = {}

    def observe(self, ts: NDArray[np.int64], truth: Singles) -> tuple[Singles, Statuses]:
        """Values (NaN = no sample) and status codes for these rows, which follow those seen before."""
        first = truth[:1] if self._before is None else self._before
        earlier = np.concatenate([first, truth[:-1]])
        # a first-order sensor is nearly settled within a step: one earlier row is enough
        seen = truth + (earlier - truth) * self._lag
        self._before = truth[-1:].copy()
        seen[:, self._noisy] += self._draw(ts, seen[:, self._noisy])
        status = np.zeros(truth.shape, dtype=np.uint8)
        self._drift(ts, seen)
        rounded = self._resolution > 0
        step = self._resolution[rounded]
        seen[:, rounded] = np.rint(seen[:, rounded] / step) * step
        np.clip(seen, self._least, self._most, out=seen)
        self._freeze(ts, seen)
        self._mark(ts, status)
        seen[bms.silent(ts, self._seed)] = np.nan
        self._hush(ts, seen)
        return seen, status

    def _draw(self, ts: NDArray[np.int64], near: Singles) -> Singles:
        """Normal noise of these rows' own blocks."""
        row = ts // self._step_s
        parts = []
        for block in range(int(row[0]) // BLOCK_STEPS, int(row[-1]) // BLOCK_STEPS + 1):
            rng = np.random.default_rng([self._seed, block])
            drawn = rng.standard_normal((BLOCK_STEPS, len(self._noisy)), dtype=np.float32)
            inside = row[row // BLOCK_STEPS == block] % BLOCK_STEPS
            parts.append(drawn[inside])
        sigma = self._noise[self._noisy] + self._share[self._noisy] * np.abs(near)
        return np.asarray(np.concatenate(parts) * sigma)

    def _of(self, kind: str) -> list[Active]:
        return [active for active in self._story if active.fault.kind == kind]

    def _drift(self, ts: NDArray[np.int64], seen: Singles) -> None:
        """A linear drift that reaches its severity `onset_days` after it began, and goes on."""
        for active in self._of("sensor-drift"):
            age = np.clip(np.minimum(ts, active.end) - active.onset, 0.0, None)
            rate = active.fault.severity / (active.fault.onset_days_before_now * DAY_S)
            seen[:, columns().place[active.fault.target]] += (rate * age).astype(np.float32)

    def _freeze(self, ts: NDArray[np.int64], seen: Singles) -> None:
        for active in self._of("sensor-flat"):
            column = columns().place[active.fault.target]
            inside = np.flatnonzero((ts >= active.onset) & (ts < active.end))
            if len(inside):
                held = self._frozen.setdefault(active.fault.id, float(seen[inside[0], column]))
                seen[inside, column] = held

    def _mark(self, ts: NDArray[np.int64], status: Statuses) -> None:
        for active in self._story:
            point = bms.held_point(active)
            if point is not None:
                inside = (ts >= active.onset) & (ts < active.end)
                status[inside, columns().place[point]] = Status.OVERRIDDEN

    def _hush(self, ts: NDArray[np.int64], seen: Singles) -> None:
        for active in self._of("comms-gap"):
            inside = np.flatnonzero((ts >= active.onset) & (ts < active.end))
            for i, point in enumerate(columns().points):
                if point.partition(".")[0] == active.fault.equip:
                    seen[inside, i] = np.nan
