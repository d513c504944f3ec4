"""What the demo building did while nobody polled it: rows from the end of its recording until now, as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from ingest.demo.live import LivePlant
from ontology.history import Samples
from ontology.kinds import Ref
from ontology.time import UTC

STEP_S: Final = 300
_CHUNK_ROWS: Final = 256


def write_missed(path: Path, plant: LivePlant, begin: int, end: int) -> int:
    """Rows every five minutes in `[begin, end)`, unix seconds; returns how many. Writes no empty file."""
    instants = np.arange(begin, end, STEP_S, dtype=np.int64)
    if not len(instants):
        return 0
    points: tuple[str, ...] = ()
    values, status = [], []
    for ts in instants.tolist():
        at = dt.datetime.fromtimestamp(ts, UTC)
        row = plant.values(at)
        points = tuple(row)
        values.append(np.fromiter(row.values(), dtype=np.float32, count=len(row)))
        status.append(np.array([plant.status(point, at) for point in points], dtype=np.uint8))
    with path.open("wb") as file:
        np.savez(
            file,
            points=np.array(points),
            ts=instants,
            values=np.stack(values),
            status=np.stack(status),
        )
    return len(instants)


def read_missed(path: Path) -> Iterator[Samples]:
    """The rows of such a file as samples in time order, gaps left out."""
    with np.load(path) as file:
        refs = tuple(Ref(str(point)) for point in file["points"])
        ts, values, status = file["ts"], file["values"], file["status"]
    for start in range(0, len(ts), _CHUNK_ROWS):
        block = values[start : start + _CHUNK_ROWS]
        step, place = np.nonzero(np.isfinite(block))
        yield Samples(
            points=refs,
            index=place.astype(np.int32),
            ts=ts[start + step],
            value=block[step, place].astype(np.float64),
            status=status[start : start + _CHUNK_ROWS][step, place],
        )
