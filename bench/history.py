"""A month of 5,000 points in the history: its size, its answers alone and beside live ingest, PostgreSQL beside it."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console

from bench.report import finish
from ontology.history import HistoryStore, Samples
from ontology.kinds import Ref
from ontology.store.duck import DuckHistory
from ontology.store.duck_backup import restore
from ontology.store.pg_history import PgHistory
from ontology.time import UTC, Span
from tests.postgres import postgres, programs

NOW = dt.datetime(2026, 11, 20, tzinfo=UTC)
STEP_S = 300
DAYS, POINTS = 30, 5_000
QUICK_DAYS, QUICK_POINTS = 4, 1_000
PG_DAYS = 3
"""PostgreSQL takes 92 bytes a row: it is given fewer days, and its figures are per what it holds."""
HOUR = dt.timedelta(hours=1)
ROUNDS = 40
ASK_EVERY_S = 0.1
"""Ten rounds of asks a second, paced: busy people, not a loop that keeps the cores full by itself."""
WINDOW_S = 2.0
WINDOWS = (12, 4)
"""Pairs of windows, without and with ingest: of a building's own, and of the most one server takes."""
LIVE_EVERY_S = 0.25
BUILDING_S = 2_000
"""Samples a second of a building polled as fast as its BACnet goes (the `ingest` target), in batches."""
FULL_S = 20_000
"""Samples a second of the most one server takes (the `ingest` target, end to end)."""
NEARLY_FULL = 170_000
"""Fresh samples before the windows: so that making a segment of them falls into a window with ingest."""
AS_OF = """WITH asked AS (SELECT * FROM rows WHERE point = 200), other AS (SELECT * FROM rows WHERE point = 300)
SELECT avg(a.value - o.value) FROM asked a ASOF JOIN other o ON a.ts >= o.ts"""


def month(points: tuple[Ref, ...], days: int) -> Iterator[Samples]:
    """Days of every point each 5 min until NOW: one decimal, a daily wave, and noise that remembers itself."""
    chance = np.random.default_rng(7)
    start = int(NOW.timestamp()) - 86_400 * days
    level, noise = chance.normal(22, 4, len(points)), np.zeros(len(points))
    for day in range(days):
        steps = start + STEP_S * (288 * day + np.arange(288, dtype=np.int64))
        values = np.empty((288, len(points)))
        for step in range(288):
            noise = 0.97 * noise + chance.normal(0, 0.15, len(points))
            values[step] = level + 2 * np.sin(2 * np.pi * step / 288) + noise
        index = np.tile(np.arange(len(points), dtype=np.int32), 288)
        rows = len(index)
        yield Samples(points, index, np.repeat(steps, len(points)), np.round(values, 1).ravel(), np.zeros(rows, np.uint8))  # fmt: skip


def poll(points: tuple[Ref, ...], second: int) -> Samples:
    """Every point once."""
    ts = np.full(len(points), int(NOW.timestamp()) + second, dtype=np.int64)
    index = np.arange(len(points), dtype=np.int32)
    value = np.round(20 + np.sin(index + second), 1)
    return Samples(points, index, ts, value, np.zeros(len(points), np.uint8))


Ask = Callable[[], Awaitable[object]]


async def p95(asks: Mapping[str, Ask], rounds: int = ROUNDS) -> dict[str, float]:
    """Of each ask, and of a round of all, in milliseconds; in turns, so that what happens meanwhile meets all."""
    found: dict[str, list[float]] = {name: [] for name in [*asks, "round_ms"]}
    for _ in range(rounds):
        start = time.perf_counter()
        for name, ask in asks.items():
            began = time.perf_counter()
            await ask()
            found[name].append(1e3 * (time.perf_counter() - began))
        found["round_ms"].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.quantiles(some, n=20)[-1] for name, some in found.items()}


def asks(history: HistoryStore, points: tuple[Ref, ...], days: int) -> dict[str, Ask]:
    """The reads a building's day is made of; 50 points as they lie in a building, not side by side."""
    some = points[7 :: len(points) // 50][:50]
    span, day = Span(NOW - dt.timedelta(days=days), NOW), Span(NOW - dt.timedelta(days=1), NOW)
    return {
        "latest_ms": lambda: history.latest(points),
        "day_of_one_ms": lambda: history.read(points[777:778], day, dt.timedelta(minutes=5)),
        "month_hourly_50_ms": lambda: history.read(some, span, HOUR),
    }


class Reader:
    """What another process does with a snapshot: segments attached, fresh rows beside them."""

    def __init__(self, history: DuckHistory) -> None:
        self._history = history
        self._version, self._db = -1, duckdb.connect(config={"threads": 2})
        self._attached: dict[Path, str] = {}
        self._segments: tuple[Path, ...] = ()

    async def as_of(self) -> None:
        """Two points of the month, each sample of one with the last of the other."""
        snapshot = await self._history.snapshot(self._version)
        if snapshot is not None:
            self._version = snapshot.version
            self._db.register("fresh", pa.ipc.open_stream(snapshot.fresh).read_all())
            if snapshot.segments != self._segments:
                self._attach(snapshot.segments)
        await asyncio.to_thread(lambda: self._db.execute(AS_OF).fetchall())

    def _attach(self, segments: tuple[Path, ...]) -> None:
        self._segments = segments
        for path in segments:
            if path not in self._attached:
                self._attached[path] = f"s{len(self._attached)}"
                self._db.execute(f"ATTACH '{path}' AS {self._attached[path]} (READ_ONLY)")
        names = [f"SELECT * FROM {self._attached[path]}.cold" for path in segments]
        union = " UNION ALL ".join([*names, "SELECT * FROM fresh"])
        self._db.execute(f"CREATE OR REPLACE TEMP VIEW rows AS {union}")

    def close(self) -> None:
        self._db.close()


class Ingest:
    """Writes `samples_s`, a batch each `LIVE_EVERY_S`, while it is on; points take turns, time goes on."""

    def __init__(self, history: HistoryStore, points: tuple[Ref, ...], first: int, samples_s: int) -> None:  # fmt: skip
        self._history, self._points = history, points
        self._batch = min(int(samples_s * LIVE_EVERY_S), len(points))
        self._at = first * len(points)
        self.writes: list[float] = []

    @property
    def next_second(self) -> int:
        """The first nobody wrote."""
        return -(-self._at // len(self._points))

    async def during(self, seconds: float) -> None:
        due = time.perf_counter()
        end = due + seconds
        while due < end:
            second, at = divmod(self._at, len(self._points))
            whole = poll(self._points, second)
            some = slice(at, at + self._batch)
            batch = Samples(self._points, whole.index[some], whole.ts[some], whole.value[some], whole.status[some])  # fmt: skip
            began = time.perf_counter()
            await self._history.write(batch)
            self.writes.append(1e3 * (time.perf_counter() - began))
            self._at += len(batch)
            due = max(due + LIVE_EVERY_S, time.perf_counter())
            await asyncio.sleep(due - time.perf_counter())


async def window(asked: Mapping[str, Ask], found: dict[str, list[float]]) -> None:
    """Rounds of all asks, one begun each `ASK_EVERY_S`."""
    end = time.perf_counter() + WINDOW_S
    while (start := time.perf_counter()) < end:
        for name, ask in asked.items():
            began = time.perf_counter()
            await ask()
            found.setdefault(name, []).append(1e3 * (time.perf_counter() - began))
        found.setdefault("round_ms", []).append(1e3 * (time.perf_counter() - start))
        await asyncio.sleep(max(0.0, start + ASK_EVERY_S - time.perf_counter()))


async def live(ingest: Ingest, asked: Mapping[str, Ask], pairs: int) -> dict[str, float]:
    """The same asks in windows without and with ingest, in turns (ABBA): what drifts meets both.

    A round is what a page asks when it opens. Its p95 is over all rounds of all windows of a kind.
    """
    quiet: dict[str, list[float]] = {}
    busy: dict[str, list[float]] = {}
    for pair in range(pairs):
        for on in (False, True) if pair % 2 else (True, False):
            writing = ingest.during(WINDOW_S) if on else asyncio.sleep(0)
            await asyncio.gather(window(asked, busy if on else quiet), writing)
    alone, beside = (
        {n: statistics.quantiles(v, n=20)[-1] for n, v in f.items()} for f in (quiet, busy)
    )
    values = {f"live_{name}": value for name, value in beside.items()}
    values |= {f"live_{name.removesuffix('_ms')}_change": beside[name] / alone[name] - 1 for name in alone}  # fmt: skip
    return values | {
        "live_rounds": float(len(busy["round_ms"])), "live_writes": float(len(ingest.writes)),
        "live_write_ms": statistics.median(ingest.writes), "live_write_worst_ms": max(ingest.writes),
    }  # fmt: skip


async def beside_ingest(
    history: HistoryStore, points: tuple[Ref, ...], asked: Mapping[str, Ask]
) -> dict[str, float]:
    """With a building's ingest, and with all that one server takes (`full_...`)."""
    polls = NEARLY_FULL // len(points)
    for second in range(polls):
        await history.write(poll(points, second))
    building = Ingest(history, points, polls, BUILDING_S)
    values = await live(building, asked, WINDOWS[0])
    full = await live(Ingest(history, points, building.next_second, FULL_S), asked, WINDOWS[1])
    return values | {f"full_{name}": value for name, value in full.items()}


async def embedded(folder: Path, points: tuple[Ref, ...], days: int) -> dict[str, float]:
    path = folder / "history.duckdb"
    history = DuckHistory.open(path)
    began = time.perf_counter()
    values = {"rows": float(await history.bulk(month(points, days)))}
    values["bulk_s"] = time.perf_counter() - began
    values["bytes_per_row"] = (await history.kept()).bytes / values["rows"]
    reader = Reader(history)
    asked = asks(history, points, days) | {"asof_ms": reader.as_of}
    await p95(asked, 3)
    values |= await p95(asked)
    values |= await beside_ingest(history, points, asked)
    reader.close()
    values["live_p95_change"] = values["live_round_change"]
    values |= await _kept_safe(history, folder)
    await history.close()
    began = time.perf_counter()
    await DuckHistory.open(path).close()
    return values | {"open_s": time.perf_counter() - began}


async def _kept_safe(history: DuckHistory, folder: Path) -> dict[str, float]:
    began = time.perf_counter()
    await history.backup(folder / "backup")
    backup_s = time.perf_counter() - began
    began = time.perf_counter()
    await asyncio.to_thread(restore, folder / "backup", folder / "again" / "history.duckdb")
    return {"backup_s": backup_s, "restore_s": time.perf_counter() - began}


async def beside(points: tuple[Ref, ...], days: int) -> dict[str, float]:
    """PostgreSQL, where it is installed."""
    found = programs()
    if found is None:
        return {}
    with postgres(found) as server:
        history = await asyncio.to_thread(PgHistory.open, server.fresh())
        try:
            began = time.perf_counter()
            rows = await history.bulk(month(points, days))
            values = {"rows": float(rows), "bulk_s": time.perf_counter() - began}
            values["bytes_per_row"] = (await history.kept()).bytes / rows
            asked = asks(history, points, days)
            await p95(asked, 2)
            values |= await p95(asked, 10)
        finally:
            await history.close()
    return {f"postgres_{name}": value for name, value in values.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows: fails `rows`, checks the rest")  # fmt: skip
    asked = parser.parse_args()
    days, count = (QUICK_DAYS, QUICK_POINTS) if asked.quick else (DAYS, POINTS)
    points = tuple(Ref(f"P-{n:05d}.value") for n in range(count))
    folder = Path(tempfile.mkdtemp(prefix="plantroom-bench-"))
    try:
        values = asyncio.run(embedded(folder, points, days))
        values |= asyncio.run(beside(points, min(days, PG_DAYS)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    out = Console(stderr=True, quiet=asked.json)
    for name, value in values.items():
        out.print(f"{name:>30}  {value:14,.2f}")
    finish("history", values)


if __name__ == "__main__":
    main()
