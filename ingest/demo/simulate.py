"""Simulate Riverside Tower: every point, every step, with the truth beside what the history would hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.demo.columns import columns
from ingest.demo.faults import Active, Fault, schedule
from ingest.demo.sensors import SensorLayer
from ingest.demo.state import WorldState
from ingest.demo.story import DEFAULT_STORY
from ingest.demo.world import Ledger, World, given
from ontology.errors import BadRequest
from ontology.history import Samples
from ontology.kinds import Ref
from ontology.time import UTC

STRETCH_STEPS: Final = 288
"""Steps simulated between two reports of progress: a day at 5 minutes."""
WARM_UP_S: Final = 36 * 3600
"""Simulated before the history begins, so that walls and controllers have settled."""
MOST_DAYS: Final = 400
STEPS_S: Final = (60, 900)


@dataclass(frozen=True)
class TruthEvent:
    """What is really wrong: one fault of the story with its onset, for scoring and for answers."""

    id: str
    kind: str
    equip: str
    point: str | None
    onset: dt.datetime
    severity: float
    says: str
    root_cause: str
    sees: str
    affected: tuple[str, ...]


@dataclass(frozen=True)
class Truth:
    """Ground truth. `values` are noise-free, shape (n, points), in canonical units."""

    events: tuple[TruthEvent, ...]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Continuation:
    """All that is needed to go on from the last row."""

    world: WorldState
    sensors: SensorLayer
    story: tuple[Active, ...]
    seed: int
    step_s: int


@dataclass(frozen=True)
class Recording:
    """Histories of all points: `values[i, j]` is point j at `ts[i]`, NaN where there is no sample."""

    points: tuple[str, ...]
    ts: NDArray[np.int64]
    values: NDArray[np.float32]
    status: NDArray[np.uint8]
    truth: Truth
    state: Continuation
    ledger: Ledger

    @property
    def true_values(self) -> NDArray[np.float32]:
        """Noise-free values at the recorded steps, shape (n, points)."""
        return self.truth.values

    def column(self, point: str) -> NDArray[np.float32]:
        """The recorded values of one point."""
        return self.values[:, columns().place[point]]

    def true(self, point: str) -> NDArray[np.float32]:
        """The noise-free values of one point."""
        return self.truth.values[:, columns().place[point]]

    def samples(self, chunk_rows: int = 1_000_000) -> Iterator[Samples]:
        """All samples in time order, about `chunk_rows` at a time, gaps left out."""
        refs = tuple(Ref(point) for point in self.points)
        rows = max(chunk_rows // len(refs), 1)
        for start in range(0, len(self.ts), rows):
            block = self.values[start : start + rows]
            step, place = np.nonzero(np.isfinite(block))
            yield Samples(
                points=refs,
                index=place.astype(np.int32),
                ts=self.ts[start + step],
                value=block[step, place].astype(np.float64),
                status=self.status[start : start + rows][step, place],
            )


def simulate(
    now: dt.datetime,
    *,
    days: float = 30,
    step_s: int = 300,
    seed: int = 7,
    story: Sequence[Fault] = DEFAULT_STORY,
    progress: Callable[[float], None] | None = None,
) -> Recording:
    """The last `days` before `now` at steps of `step_s`. `story=()` is the fault-free twin.

    `progress` hears shares from 0 to 1. Same arguments, same recording.
    """
    _check(now, days, step_s)
    now_s = now.timestamp()
    last = int(now_s) // step_s * step_s
    count = round(days * 86_400 / step_s)
    first = last - (count - 1) * step_s
    placed = schedule(story, now_s)
    world = World(step_s, placed)
    warm = first - step_s * np.arange(WARM_UP_S // step_s, 0, -1, dtype=np.int64)
    world.run(given(warm, seed))
    world.ledger = Ledger()
    sensors = SensorLayer(seed, step_s, placed, now_s)
    points = columns().points
    ts = first + step_s * np.arange(count, dtype=np.int64)
    true = np.empty((count, len(points)), dtype=np.float32)
    values = np.empty_like(true)
    status = np.zeros(true.shape, dtype=np.uint8)
    for start in range(0, count, STRETCH_STEPS):
        part = slice(start, min(start + STRETCH_STEPS, count))
        true[part] = world.run(given(ts[part], seed))
        values[part], status[part] = sensors.observe(ts[part], true[part])
        if progress is not None:
            progress(part.stop / count)
    return Recording(
        points=points,
        ts=ts,
        values=values,
        status=status,
        truth=Truth(events=tuple(_event(active) for active in placed), values=true),
        state=Continuation(world.state.copy(), sensors, placed, seed, step_s),
        ledger=world.ledger,
    )


def _check(now: dt.datetime, days: float, step_s: int) -> None:
    if now.tzinfo is None:
        raise BadRequest(f"{now} has no time zone", hint="give an aware datetime")
    if not 0 < days <= MOST_DAYS:
        raise BadRequest(
            f"{days} days asked", hint=f"ask for more than 0 and at most {MOST_DAYS} days"
        )
    if not STEPS_S[0] <= step_s <= STEPS_S[1]:
        raise BadRequest(f"a step of {step_s} s asked", hint=f"use {STEPS_S[0]} to {STEPS_S[1]} s")


def _event(active: Active) -> TruthEvent:
    fault = active.fault
    return TruthEvent(
        id=fault.id,
        kind=fault.kind,
        equip=fault.equip,
        point=fault.point,
        onset=dt.datetime.fromtimestamp(active.onset, UTC),
        severity=fault.severity,
        says=fault.says,
        root_cause=fault.root_cause,
        sees=fault.sees,
        affected=fault.affected,
    )
