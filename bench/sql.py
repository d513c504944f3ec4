"""The SQL door under attack and under analysts: nothing leaks, nothing is written, all in bounded time and memory."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from bench.report import finish
from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest, PlantroomError, Refused
from ontology.graph import Building
from ontology.history import HistoryStore, Samples
from ontology.store.duck import DuckHistory
from ontology.store.pg_history import PgHistory
from ontology.store.sql import SqlReader
from ontology.store.views import points_of
from ontology.time import parse_instant
from tests.postgres import postgres, programs

CASES = Path(__file__).parents[1] / "tests/ontology"
NOW = parse_instant("2026-11-20T14:30:00+07:00")
STEP_S = 300
FLOOR = "floor-8"
"""What the restricted reader may see; everything else is a leak."""
SECRET = "AHU-1.return-air-temp"
_FORBIDDEN = ("root:", "duckdb_", "pg_catalog", "information_schema", "memory_limit", "PLANTROOM_")


@dataclass
class Seen:
    """What one engine did with all cases."""

    leaks: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_rss: int = 0
    attacks: int = 0
    queries: int = 0


def week(building: Building, days: int) -> Samples:
    """Every point each 5 minutes, with a value that is its own number."""
    points = tuple(e.ref for e in building if e.is_point)
    steps = days * 86_400 // STEP_S
    ts = np.repeat(
        int(NOW.timestamp()) - STEP_S * np.arange(steps, 0, -1, dtype=np.int64), len(points)
    )
    index = np.tile(np.arange(len(points), dtype=np.int32), steps)
    value = index + np.round(np.sin(ts / 5000) * 3, 1)
    return Samples(points, index, ts, value, np.zeros(len(ts), np.uint8))


async def attacked(
    reader: SqlReader, narrow: SqlReader, cases: list[dict[str, str]], seen: Seen
) -> None:
    """Every attack at the open reader and at one that may see a single floor."""
    inside = points_of(Building(riverside_tower()), FLOOR)
    for case in cases:
        for door in (reader, narrow):
            began = time.monotonic()
            try:
                rows = (await door.run(case["sql"], limit=200)).rows
            except Refused:
                rows = ()
            except PlantroomError as error:
                rows = ()
                if not error.hint or not isinstance(error, BadRequest):
                    seen.failed.append(f"{case['name']}: {error}")
            if rows and case["wants"] == "refused":
                seen.leaks.append(f"{case['name']}: answered")
            took = time.monotonic() - began
            seen.slowest_s = max(seen.slowest_s, took)
            told = repr(rows)
            if any(word in told for word in _FORBIDDEN) or (
                door is narrow and _outside(rows, inside)
            ):
                seen.leaks.append(f"{case['name']}: {told[:100]}")
        seen.attacks += 1
        seen.peak_rss = max(seen.peak_rss, _worker_peak(reader), _worker_peak(narrow))


def _outside(rows: Any, inside: frozenset[str]) -> bool:
    """Whether a point of another part of the building is in what came back."""
    return any(
        isinstance(cell, str) and cell == SECRET and SECRET not in inside
        for row in rows
        for cell in row
    )


async def analysed(reader: SqlReader, cases: list[dict[str, str]], seen: Seen) -> None:
    for case in cases:
        try:
            await reader.run(case["sql"], limit=1_000, timeout_s=30)
        except BadRequest as error:
            seen.failed.append(f"{case['name']}: {error} ({error.hint})")
        seen.queries += 1


def _worker_peak(reader: SqlReader) -> int:
    """The largest resident size any of its workers ever had, in bytes; 0 where the engine has none."""
    pids = getattr(reader._engine, "pids", tuple)()  # noqa: SLF001  (a bench looks inside)
    return max((_peak(pid) for pid in pids), default=0)


def _peak(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


async def measured(history: HistoryStore, building: Building, days: int, out: Console) -> Seen:
    """One engine with all cases; what it holds must be the same before and after."""
    attacks = tomllib.loads((CASES / "sql_attacks.toml").read_text())["attack"]
    analysts = tomllib.loads((CASES / "sql_analysts.toml").read_text())["query"]
    seen = Seen()
    await history.bulk([week(building, days)])
    before = await held(history)
    reader = SqlReader(history, building, clock=lambda: NOW)
    narrow = SqlReader(history, building, clock=lambda: NOW, scope=points_of(building, FLOOR))
    try:
        await analysed(reader, analysts, seen)
        await attacked(reader, narrow, attacks, seen)
    finally:
        await reader.close()
        await narrow.close()
    if await held(history) != before:
        seen.leaks.append("something was written")
    for line in [*seen.leaks, *seen.failed]:
        out.print(f"  {line}", markup=False)
    return seen


async def held(history: HistoryStore) -> tuple[int, str]:
    """How many samples, and a digest of the newest."""
    kept = await history.kept()
    newest = sorted(
        (s.point.id, s.at.timestamp(), s.value) for s in (await history.latest()).values()
    )
    return kept.rows, hashlib.sha256(repr(newest).encode()).hexdigest()


@asynccontextmanager
async def engines(building: Building, folder: Path) -> AsyncIterator[dict[str, HistoryStore]]:
    """DuckDB, and PostgreSQL where it is installed."""
    async with AsyncExitStack() as stack:
        duck = DuckHistory.open(folder / "history.duckdb", building)
        stack.push_async_callback(duck.close)
        found: dict[str, HistoryStore] = {"duckdb": duck}
        bin = programs()
        if bin is not None:
            server = stack.enter_context(postgres(bin))
            history = PgHistory.open(server.fresh(), building)
            stack.push_async_callback(history.close)
            found["postgres"] = history
        yield found


async def measure(days: int, out: Console) -> dict[str, float]:
    building = Building(riverside_tower())
    values: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with engines(building, Path(folder)) as found:
            for name, history in found.items():
                out.print(name)
                seen = await measured(history, building, days, out)
                values |= {
                    f"{name}.attacks": seen.attacks, f"{name}.leaks_and_writes": len(seen.leaks),
                    f"{name}.queries": seen.queries, f"{name}.queries_failed": len(seen.failed),
                    f"{name}.slowest_s": round(seen.slowest_s, 2),
                }  # fmt: skip
                if seen.peak_rss:
                    values[f"{name}.worker_gb"] = round(seen.peak_rss / 1e9, 3)
    values["overrun_s"] = max(v for k, v in values.items() if k.endswith("slowest_s"))
    return {k: v for k, v in values.items() if not math.isnan(v)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--quick", action="store_true", help="one day of samples instead of five")
    asked = parser.parse_args()
    out = Console(stderr=True, quiet=asked.json)
    values = asyncio.run(measure(1 if asked.quick else 5, out))
    for name, value in values.items():
        out.print(f"{name:>28}  {value:12,.2f}")
    finish("sql", values)


if __name__ == "__main__":
    main()
