"""BACnet: points polled, changes reported and trend records read a second; the devices in a process of their own."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from contextlib import aclosing

from ingest.demo.devices.bacnet_site import NETWORK, BacnetSite
from ingest.driver import Line, Register
from ingest.drivers.bacnet import Bacnet
from ontology.kinds import Ref
from ontology.time import UTC, Span

_DEVICES = 8
_INPUTS, _OUTPUTS, _BINARIES = 120, 40, 40
_BEGIN = dt.datetime(2026, 3, 1, tzinfo=UTC)
_RECORDS = 10_000
_ROUNDS = {True: 10, False: 40}
"""Polls of every device: quick, and long."""


def measure(quick: bool) -> dict[str, float]:
    """Figures of one run; `bacnet_points_s` is value, flags and priority array of each point."""
    return asyncio.run(_measure(quick=quick))


async def _measure(*, quick: bool) -> dict[str, float]:
    async with BacnetSite({"devices": [_device(n) for n in range(1, _DEVICES + 1)]}) as site:
        lines = [_line(site, n) for n in range(1, _DEVICES + 1)]
        return {
            "bacnet_points_s": await _points(lines, _ROUNDS[quick]),
            "bacnet_changes_s": await _changes(site, lines[0], _ROUNDS[quick]),
            "bacnet_trend_records_s": await _records(lines[0]),
        }


def _device(n: int) -> dict[str, object]:
    rows = [
        [(_BEGIN + dt.timedelta(minutes=5 * k)).replace(tzinfo=None).isoformat(), float(k % 40)]
        for k in range(_RECORDS if n == 1 else 0)
    ]
    return {
        "instance": 100 + n, "mac": n,
        "fill": {"analog-input": _INPUTS, "analog-output": _OUTPUTS, "binary-input": _BINARIES},
        "logs": [{"log": "trend-log,1", "of": "analog-input,1", "size": _RECORDS, "rows": rows}],
    }  # fmt: skip


def _line(site: BacnetSite, n: int) -> Line:
    kinds = {"analog-input": _INPUTS, "analog-output": _OUTPUTS, "binary-input": _BINARIES}
    return Line(
        name=f"bench-{n}", protocol="bacnet", host=site.host, port=site.port, device=100 + n,
        registers=tuple(
            Register(Ref(f"bench-{n}.{kind}-{k}"), f"{kind},{k}", log="trend-log,1" if k == 1 else "")
            for kind, count in kinds.items()
            for k in range(1, count + 1)
        ),
        options={"network": str(NETWORK), "mac": str(n), "cov": "600"},
    )  # fmt: skip


async def _points(lines: list[Line], rounds: int) -> float:
    """All devices polled at the same time, so many rounds; the connections are warm."""

    async def poll(line: Line) -> int:
        async with Bacnet(line) as driver:
            await driver.read(line.registers)
            ready.set()
            await go.wait()
            return sum([len(await driver.read(line.registers)) for _ in range(rounds)])

    ready, go = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.ensure_future(poll(line)) for line in lines]
    await ready.wait()
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    go.set()
    points = sum(await asyncio.gather(*tasks))
    return points / (time.perf_counter() - began)


async def _changes(site: BacnetSite, line: Line, rounds: int) -> float:
    """Reports of a device whose inputs all change, from the first to the last that was sent."""
    inputs = tuple(r for r in line.registers if "output" not in r.address)
    async with Bacnet(line) as driver, aclosing(driver.changes(inputs)) as changes:
        first: set[Ref] = set()
        while len(first) < len(inputs):
            first |= {reading.point for reading in await anext(changes)}
        before = (await site.do("count", device=line.device))["notified"]
        began = time.perf_counter()
        heard, sent = 0, 0
        for _ in range(rounds):
            sent = (await site.do("storm", device=line.device, rounds=1))["notified"] - before
            while heard < sent:
                heard += len(await asyncio.wait_for(anext(changes), 5))
        return heard / (time.perf_counter() - began)


async def _records(line: Line) -> float:
    """A whole trend log."""
    span = Span(_BEGIN, _BEGIN + dt.timedelta(days=60))
    async with Bacnet(line) as driver:
        began = time.perf_counter()
        found = [len(samples) async for samples in driver.trend(line.registers[:1], span)]
        took_s = time.perf_counter() - began
    if sum(found) != _RECORDS:
        raise AssertionError(f"{sum(found)} of {_RECORDS} records came back")
    return sum(found) / took_s
