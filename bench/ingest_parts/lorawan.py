"""How fast uplinks come from a real broker onto our disk: publisher and mosquitto in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.ingest_parts.lorawan_publisher import eui
from ingest.driver import Line, Register
from ingest.drivers.lorawan import Broker, MqttUplinks
from ingest.intake import Intake
from ingest.outbox import Outbox
from ingest.quality import Plausibility
from ingest.radio import Radio
from ingest.watch import Watch
from ontology.kinds import Ref

SENSORS = 500
_WAIT_S = 120.0


def measure(quick: bool) -> dict[str, float]:
    """`lorawan_uplinks_s`, from the first that is published until the last is synced to the outbox."""
    return asyncio.run(_measure(20_000 if quick else 60_000))


async def _measure(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="plantroom-bench-") as folder:
        async with _broker(Path(folder)) as port, _publisher(port, count) as publisher:
            outbox = await Outbox.open(Path(folder) / "outbox.db")
            try:
                took_s, batches = await _take(port, publisher, outbox, count)
                stored = outbox.rows
            finally:
                await outbox.close()
    if stored != 4 * count:
        raise SystemExit(f"{4 * count} samples sent and {stored} in the outbox")
    return {"lorawan_uplinks_s": count / took_s, "lorawan_uplinks_per_sync": count / batches}


async def _take(
    port: int, publisher: asyncio.subprocess.Process, outbox: Outbox, count: int
) -> tuple[float, int]:
    """Seconds until all are in the outbox, and in how many batches they came."""
    lines = [_line(n) for n in range(SENSORS)]
    watch = Watch(lines, Intake(outbox))
    radio = Radio(lines, watch, Plausibility(()))
    watch.begin()
    taken = batches = 0
    async with asyncio.timeout(_WAIT_S), MqttUplinks(Broker("127.0.0.1", port)) as uplinks:
        if publisher.stdin is None:
            raise SystemExit("the publisher of the bench has no pipe")
        publisher.stdin.write(b"go\n")
        began = time.perf_counter()
        async for batch in uplinks.batches():
            await radio.accept_all(batch)
            taken += len(batch)
            batches += 1
            if taken >= count:
                break
    return time.perf_counter() - began, batches


def _line(n: int) -> Line:
    fields = ("battery", "temperature", "humidity", "co2")
    return Line(
        f"iaq-{n}", "lorawan", "", 0, every_s=600,
        registers=tuple(Register(Ref(f"iaq-{n}.{field}"), field) for field in fields),
        options={"dev_eui": eui(n), "codec": "milesight"},
    )  # fmt: skip


@contextlib.asynccontextmanager
async def _broker(folder: Path) -> AsyncIterator[int]:
    """The port of a mosquitto of its own."""
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        raise SystemExit("mosquitto is not installed (apt-get install mosquitto)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\nmax_queued_messages 0\n"
    )
    child = await asyncio.create_subprocess_exec(
        mosquitto, "-c", str(config), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            await asyncio.sleep(0.05)
        yield port
    finally:
        child.terminate()
        await child.wait()


@contextlib.asynccontextmanager
async def _publisher(port: int, count: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The publisher, its messages made, waiting for the word."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.ingest_parts.lorawan_publisher", str(port), str(count), str(SENSORS),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    if child.stdin is None or child.stdout is None:
        raise SystemExit("the publisher of the bench has no pipes")
    try:
        async with asyncio.timeout(_WAIT_S):
            await child.stdout.readline()
        yield child
    finally:
        child.stdin.close()
        await child.wait()


if __name__ == "__main__":
    print(measure(quick=True))
