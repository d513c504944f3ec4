"""Two days of the demo building as a snapshot for SQL workers, and the same samples for any history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from ontology.graph import Building
from ontology.history import Samples, Status
from ontology.store.arrow_kinds import stream
from ontology.store.snapshot import Snapshot
from ontology.time import parse_instant

NOW = parse_instant("2026-11-20T14:30:00+07:00")
HOURS = 48
STEP_S = 300


def two_days(building: Building, only: tuple[str, ...] = ("",)) -> Samples:
    """Until NOW: each point its own number, CH-2's power its local hour, and real-looking trouble."""
    points = tuple(
        e.ref
        for e in building
        if e.is_point and e.id.lower().startswith(tuple(s.lower() for s in only))
    )
    steps = HOURS * 3600 // STEP_S
    end = int(NOW.timestamp())
    ts = np.repeat(end - STEP_S * np.arange(steps, 0, -1), len(points))
    index = np.tile(np.arange(len(points), dtype=np.int32), steps)
    value = index.astype(np.float64)
    at = {point.id: n for n, point in enumerate(points)}
    hour = (ts + 7 * 3600) // 3600 % 24
    value = np.where(index == at["CH-2.power"], hour, value)
    night = (hour < 6) | (hour >= 20)
    value = np.where(index == at["AHU-4.fan-run"], night & (ts // STEP_S % 3 == 0), value)
    meter = index == at["meter-plant.energy"]
    counted = (ts - (end - HOURS * 3600)) / STEP_S * 1.5
    value = np.where(meter, np.where(counted > 500, counted - 500, counted + 9000), value)
    room = index == at["fcu-807.zone-air-temp"] if "fcu-807.zone-air-temp" in at else index < 0
    value = np.where(room, 24 + np.sin(ts / 7000), value)
    value = np.where((index == at["CH-2.load"]) & (ts // STEP_S % 50 == 0), np.nan, value)
    status = np.zeros(len(ts), np.uint8)
    status[(index == at["AHU-1.return-air-temp"]) & (hour == 3)] = Status.FAULT
    status[(index == at["AHU-1.return-air-temp"]) & (hour == 5)] = Status.OVERRIDDEN
    return Samples(points, index, ts, value, status)


@dataclass
class Frozen:
    """A history that stands still: two segments, and fresh rows that correct some of them."""

    at: Snapshot
    asked: int = 0

    async def snapshot(self, known: int = -1) -> Snapshot | None:
        self.asked += 1
        return self.at if self.at.version > known else None


def frozen(folder: Path, samples: Samples) -> Frozen:
    table = pa.table({
        "point": pa.array(samples.index, pa.int32()), "ts": pa.array(samples.ts, pa.int64()),
        "value": pa.array(samples.value, pa.float64()), "status": pa.array(samples.status, pa.uint8()),
    })  # fmt: skip
    cut = int(np.median(samples.ts))
    late = int(samples.ts.max()) - 6 * 3600
    files = (folder / "a.duckdb", folder / "b.duckdb")
    for file, where in zip(files, (f"ts < {cut}", f"ts >= {cut} AND ts < {late}"), strict=True):
        with duckdb.connect(str(file)) as db:
            db.register("t", table)
            wrong = "value + CASE WHEN point = 3 AND ts % 3000 = 0 THEN 1000 ELSE 0 END"
            db.execute(
                f"CREATE TABLE cold AS SELECT point, ts, {wrong} AS value, status FROM t WHERE {where} ORDER BY point, ts"
            )
    with duckdb.connect() as db:
        db.register("t", table)
        fresh = db.sql(
            f"SELECT * FROM t WHERE ts >= {late} OR (point = 3 AND ts % 3000 = 0)"
        ).to_arrow_table()
        latest = db.sql(
            "SELECT point, max(ts) AS ts, arg_max(value, ts) AS value, arg_max(status, ts) AS status FROM t GROUP BY point"
        ).to_arrow_table()
    ids = tuple(point.id for point in samples.points)
    return Frozen(Snapshot(1, files, stream(fresh), ids, latest=stream(latest)))
