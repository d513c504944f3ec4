"""Device to `latest`: Modbus units in their own process, driver, outbox, DuckDB history; how long it holds, how flat."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.ingest_parts.modbus import _unit as modbus_unit
from bench.ingest_parts.modbus_unit import REGISTERS
from ingest.driver import Line, Register
from ingest.outbox import Outbox
from ingest.poller import Poller
from ontology.history import History
from ontology.kinds import Ref
from ontology.store.duck import DuckHistory
from ontology.time import UTC, Span

LINES = 6
POINTS = 4_000
"""Of each line, a float32 each, polled every second: 24,000 samples/s are offered."""
_SETTLE_SHARE = 0.3
"""Caches fill in the beginning; memory is judged after that."""


@dataclass
class Course:
    """What was seen while it ran, once a second."""

    seconds: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    age_s: list[float] = field(default_factory=list)


def measure(quick: bool) -> dict[str, float]:
    """`end_to_end_samples_s` over 20 s or 5 min, the slope of memory, and what was acknowledged and is not there (nothing)."""
    return asyncio.run(_measure(20.0 if quick else 300.0))


async def _measure(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="plantroom-bench-") as folder:
        outbox = await Outbox.open(Path(folder) / "outbox.db")
        history = DuckHistory.open(Path(folder) / "history.duckdb", None)
        try:
            async with modbus_unit() as port:
                lines = [_line(n, port) for n in range(LINES)]
                async with Poller(lines, outbox, history) as poller:
                    course, acknowledged, took_s = await _run(poller, outbox, history, seconds)
            await outbox.drain(history)
            missing = await _missing(history, lines)
        finally:
            moved = outbox.moved
            waiting = outbox.rows
            await outbox.close()
            await history.close()
    settled = int(len(course.seconds) * _SETTLE_SHARE)
    slope_mb_s = np.polyfit(course.seconds[settled:], course.rss_mb[settled:], 1)[0]
    return {
        "end_to_end_samples_s": acknowledged / took_s,
        "end_to_end_s": took_s,
        "end_to_end_rss_mb": max(course.rss_mb),
        "end_to_end_rss_mb_per_min": float(60 * slope_mb_s),
        "end_to_end_most_waiting": float(max(course.waiting)),
        "end_to_end_latest_age_p95_s": float(np.percentile(course.age_s, 95)),
        "end_to_end_lost": float(max(0, _stored(poller) - moved - waiting) + missing),
    }


async def _run(
    poller: Poller, outbox: Outbox, history: History, seconds: float
) -> tuple[Course, int, float]:
    """Watch it for so long; the samples that were acknowledged meanwhile, and the seconds."""
    while min(state.polls for state in poller.states.values()) < 1:  # noqa: ASYNC110  (no event tells)
        await asyncio.sleep(0.05)
    course, began = Course(), time.perf_counter()
    first = _stored(poller)
    probes = [Ref(f"unit-{n}.p{n}") for n in range(LINES)]
    while (now := time.perf_counter() - began) < seconds:
        course.seconds.append(now)
        course.rss_mb.append(_rss_mb())
        course.waiting.append(outbox.rows)
        latest = await history.latest(probes)
        ages = [(dt.datetime.now(UTC) - sample.at).total_seconds() for sample in latest.values()]
        course.age_s.append(max(ages, default=now))
        await asyncio.sleep(1.0)
    return course, _stored(poller) - first, time.perf_counter() - began


def _stored(poller: Poller) -> int:
    """What was acknowledged; a poll that ends with the poller may be stored and not be counted."""
    return sum(state.samples for state in poller.states.values())


async def _missing(history: History, lines: list[Line]) -> int:
    """Seconds that some points of a line have and others of it have not: all were put together."""
    ever = Span(dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2100, 1, 1, tzinfo=UTC))
    chance, missing = np.random.default_rng(1), 0
    for line in lines:
        points = [line.registers[n].point for n in chance.integers(0, POINTS, 20)]
        found = [await history.raw(point, ever) for point in points]
        whole = np.unique(np.concatenate([samples.ts for samples in found]))
        missing += sum(len(whole) - len(samples) for samples in found)
    return missing


def _line(n: int, port: int) -> Line:
    shift = (n * 20) % (REGISTERS - 2 * POINTS)
    registers = tuple(
        Register(Ref(f"unit-{n}.p{i}"), f"holding:{shift + 2 * i}:float32") for i in range(POINTS)
    )
    return Line(f"unit-{n}", "modbus", "127.0.0.1", port, 1, every_s=1.0, registers=registers)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
