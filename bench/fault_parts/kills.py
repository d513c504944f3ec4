"""kill -9 in the middle: of the process that takes samples in, and of the process that owns the history."""

from __future__ import annotations

import asyncio
import random
import socket
import subprocess
import time
from pathlib import Path

from bench.fault_parts.children import child
from bench.fault_parts.counted import numbered, verdict
from bench.fault_parts.far_server import SECRET
from ingest.forwarder import Forwarder
from ingest.line_state import Backoff
from ingest.outbox import Outbox
from ingest.server_sink import Server, ServerSink
from ingest.wall_clock import WallClock
from ontology.store.duck import DuckHistory

_ALIVE_S = 30.0


async def of_ingest(folder: Path, kills: int) -> dict[str, float]:
    """Acknowledged is what the killed process had said so before it died; it goes on behind that."""
    first = 0
    chance = random.Random(1)
    for _ in range(kills):
        first = 1 + await asyncio.to_thread(_until_killed, folder, first, chance.uniform(0.0, 0.5))
    outbox = await Outbox.open(folder / "outbox.db")
    history = DuckHistory.open(folder / "history.duckdb", None)
    try:
        await outbox.drain(history)
        return {"ingest_kills": float(kills)} | await verdict(history, first, "ingest_kill")
    finally:
        await outbox.close()
        await history.close()


def _until_killed(folder: Path, first: int, seconds: float) -> int:
    """The last sample that the process acknowledged."""
    with child("ingest", folder, first) as started:
        assert started.stdout is not None
        head = started.stdout.readline()
        time.sleep(seconds)
        started.kill()
        said = (head + started.stdout.read()).split(b"\n")[:-1]  # a torn last line says nothing
    return int(said[-1]) if said else first - 1


async def of_owner(folder: Path, kills: int) -> dict[str, float]:
    """An edge box goes on measuring while its server is killed and started again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    edge = await Outbox.open(folder / "edge.db")
    chance = random.Random(2)
    put = 0
    async with ServerSink(Server(f"http://localhost:{port}", SECRET, "box")) as sink:
        backoff = Backoff(first_s=0.02, most_s=0.1)
        forwarder = Forwarder(edge, sink, backoff=backoff, clock=WallClock())
        forwarding = asyncio.create_task(forwarder.run())
        for _ in range(kills):
            with child("owner", folder, port) as server:
                await _ready(server)
                until = time.monotonic() + chance.uniform(0.6, 1.1)
                while time.monotonic() < until:
                    await edge.put(numbered(put, 50))
                    put += 50
                    await asyncio.sleep(0.005)
        with child("owner", folder, port) as server:
            await _ready(server)
            async with asyncio.timeout(_ALIVE_S):
                while edge.rows:  # noqa: ASYNC110  (it empties from another task)
                    await asyncio.sleep(0.05)
        forwarding.cancel()
        await asyncio.wait({forwarding})
    await edge.close()
    there = await Outbox.open(folder / "server.db")
    history = DuckHistory.open(folder / "history.duckdb", None)
    try:
        await there.drain(history)
        return {"owner_kills": float(kills)} | await verdict(history, put, "owner_kill")
    finally:
        await there.close()
        await history.close()


async def _ready(server: subprocess.Popen[bytes]) -> None:
    assert server.stdout is not None
    said = await asyncio.wait_for(asyncio.to_thread(server.stdout.readline), _ALIVE_S)
    if said != b"ready\n":
        raise SystemExit("the owner of the history did not start")
