"""How fast Modbus registers are read, decoded and judged: one unit over one connection, in its own process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator

from bench.ingest_parts.modbus_unit import REGISTERS
from ingest.driver import Line, Register
from ingest.drivers.modbus import Modbus
from ontology.kinds import Ref

_START_S = 20.0


def measure(quick: bool) -> dict[str, float]:
    """`modbus_registers_s` in whole blocks, `modbus_single_registers_s` one a request, and poll latencies."""
    return asyncio.run(_measure(2.0 if quick else 10.0))


async def _measure(seconds: float) -> dict[str, float]:
    async with _unit() as port:
        floats = _line(port, [f"holding:{n}:float32" for n in range(0, REGISTERS, 2)])
        words = _line(port, [f"holding:{n}:uint16" for n in range(REGISTERS)])
        room = _line(port, [f"holding:{n}:float32" for n in range(0, 100, 2)])
        apart = _line(port, [f"holding:{n}:uint16" for n in range(0, 4_000, 40)])
        many, _ = await _polls(floats, seconds)
        single, _ = await _polls(words, seconds)
        scattered, _ = await _polls(apart, seconds / 2)
        _, took = await _polls(room, seconds / 2)
    return {
        "modbus_registers_s": many * REGISTERS,
        "modbus_words_s": single * REGISTERS,
        "modbus_single_registers_s": scattered * 100,
        "modbus_poll_p50_ms": statistics.median(took) * 1000,
        "modbus_poll_p95_ms": sorted(took)[int(len(took) * 0.95)] * 1000,
    }


async def _polls(line: Line, seconds: float) -> tuple[float, list[float]]:
    """Polls per second, and what each took."""
    took: list[float] = []
    async with Modbus(line) as unit:
        readings = await unit.read(line.registers)
        if sum(reading.status for reading in readings):
            raise SystemExit("the unit of the bench gives no good values")
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            await unit.read(line.registers)
            took.append(time.perf_counter() - start)
    return len(took) / sum(took), took


def _line(port: int, addresses: list[str]) -> Line:
    registers = tuple(Register(Ref(f"p{n}"), address) for n, address in enumerate(addresses))
    return Line("unit", "modbus", "127.0.0.1", port, 1, registers=registers)


@contextlib.asynccontextmanager
async def _unit() -> AsyncIterator[int]:
    """The port of a unit in its own process, which ends with us."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.ingest_parts.modbus_unit", str(port),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if child.stdin is None or child.stdout is None:
        raise SystemExit("the unit of the bench has no pipes")
    try:
        async with asyncio.timeout(_START_S):
            await child.stdout.readline()
        yield port
    finally:
        child.stdin.close()
        await child.wait()


if __name__ == "__main__":
    print(measure(quick=True))
