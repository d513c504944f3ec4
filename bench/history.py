"""A month of the demo building in the history: loading, reading, SQL, on this machine."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.report import finish
from ingest.demo.model import riverside_tower
from ontology.graph import Building
from ontology.history import Samples
from ontology.kinds import Ref
from ontology.store.duck import DuckHistory
from ontology.store.sql import SqlReader
from ontology.time import UTC, Span

NOW = dt.datetime(2026, 11, 20, tzinfo=UTC)
STEP_S = 300
MONTH = Span.last(dt.timedelta(days=30), now=NOW)
DAY = Span.last(dt.timedelta(days=1), now=NOW)
FIVE_MINUTES, HOUR = dt.timedelta(minutes=5), dt.timedelta(hours=1)
POLLS = 150
"""Live polls of every point after the load: enough for two compactions."""


def month(points: tuple[Ref, ...]) -> Iterator[Samples]:
    """30 days of every point, a day at a time; one decimal, as real sensors give."""
    chance = np.random.default_rng(7)
    for day in range(30):
        steps = int(MONTH.start.timestamp()) + STEP_S * (288 * day + np.arange(288, dtype=np.int64))
        rows = len(steps) * len(points)
        yield Samples(
            points, np.tile(np.arange(len(points), dtype=np.int32), len(steps)), np.repeat(steps, len(points)),
            np.round(chance.normal(22, 3, rows), 1), np.zeros(rows, np.uint8),
        )  # fmt: skip


def poll(points: tuple[Ref, ...], minute: int) -> Samples:
    """Every point once."""
    ts = np.full(len(points), int(NOW.timestamp()) + 60 * minute, dtype=np.int64)
    index = np.arange(len(points), dtype=np.int32)
    return Samples(points, index, ts, np.sin(index + minute), np.zeros(len(points), np.uint8))


async def timed(work: Callable[[], Awaitable[object]], times: int = 5) -> float:
    """Median seconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


async def measure(folder: Path) -> dict[str, float]:
    building = Building(riverside_tower())
    points = tuple(entity.ref for entity in building if entity.is_point)
    file = folder / "history.duckdb"
    history = DuckHistory.open(file, building)
    began = time.perf_counter()
    rows = await history.bulk(month(points))
    values = {"rows": float(rows), "bulk_s": time.perf_counter() - began}
    values["bytes_per_row"] = file.stat().st_size / rows
    values |= await _reads(history, points)
    writes = [await timed(lambda m=m: history.write(poll(points, m)), 1) for m in range(POLLS)]  # type: ignore[misc]
    values["write_2976_ms"] = 1e3 * statistics.median(writes)
    values["write_worst_ms"] = 1e3 * max(writes)
    reader = SqlReader(history, building, clock=lambda: NOW)
    for name, query in QUERIES.items():
        values[name] = 1e3 * await timed(lambda query=query: reader.run(query, timeout_s=30))  # type: ignore[misc]
    await history.close()
    began = time.perf_counter()
    await DuckHistory.open(file, building).close()
    values["open_s"] = time.perf_counter() - began
    return values


QUERIES = {
    "sql_view_hourly_ms": "SELECT bucket(ts, 60) AS h, avg(power), pct(load, 95) FROM ch_2 GROUP BY h ORDER BY h",
    "sql_all_rooms_ms": "SELECT p.floor, avg(s.value) FROM samples s JOIN points p USING (point)"
    " WHERE p.role = 'zone-air-temp' GROUP BY p.floor",
}


async def _reads(history: DuckHistory, points: tuple[Ref, ...]) -> dict[str, float]:
    return {
        "latest_all_ms": 1e3 * await timed(history.latest),
        "day_of_one_ms": 1e3 * await timed(lambda: history.read(points[77:78], DAY, FIVE_MINUTES)),
        "month_hourly_50_ms": 1e3 * await timed(lambda: history.read(points[100:150], MONTH, HOUR)),
        "month_all_5min_s": await timed(lambda: history.read(points, MONTH, FIVE_MINUTES), 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument(
        "--quick", action="store_true", help="accepted; this bench has only one length"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        values = asyncio.run(measure(Path(folder)))
    out = Console(stderr=True, quiet=asked.json)
    for name, value in values.items():
        out.print(f"{name:>22}  {value:12,.2f}")
    finish("history", values)


if __name__ == "__main__":
    main()
