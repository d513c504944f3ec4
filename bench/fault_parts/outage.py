"""A day without the server, in simulated time: the edge box keeps everything, and then hands it over in order."""

from __future__ import annotations

import time
from pathlib import Path

from bench.fault_parts.counted import numbered, verdict
from bench.fault_parts.far_server import SECRET, far_server
from ingest.outbox import Outbox
from ingest.server_sink import Server, ServerSink
from ontology.errors import Unavailable
from ontology.store.duck import DuckHistory

MINUTES = 24 * 60


async def day_without_server(folder: Path, points: int) -> dict[str, float]:
    """`points` samples a minute for 24 h; the box tries in vain once an hour and is restarted once."""
    edge = await Outbox.open(folder / "edge.db")
    nowhere = Server("http://127.0.0.1:9", SECRET, "box", timeout_s=1.0)
    failed = 0
    for minute in range(MINUTES):
        await edge.put(numbered(minute * points, points))
        if minute % 60 == 59:
            failed += await _in_vain(edge, nowhere)
        if minute == MINUTES // 2:
            await edge.close()
            edge = await Outbox.open(folder / "edge.db")
    waited, size = edge.rows, edge.bytes
    there = await Outbox.open(folder / "server.db")
    history = DuckHistory.open(folder / "history.duckdb", None)
    try:
        async with far_server(there) as (url, _), ServerSink(Server(url, SECRET, "box")) as sink:
            began = time.perf_counter()
            moved = await edge.drain(sink)
            took_s = time.perf_counter() - began
        await there.drain(history)
        found = await verdict(history, MINUTES * points, "outage")
    finally:
        await edge.close()
        await there.close()
        await history.close()
    return found | {
        "outage_hours": MINUTES / 60, "outage_failed_tries": float(failed), "outage_waited": float(waited),
        "outage_bytes_per_sample": size / waited, "outage_forward_samples_s": moved / took_s,
    }  # fmt: skip


async def _in_vain(edge: Outbox, server: Server) -> int:
    async with ServerSink(server) as sink:
        try:
            await edge.drain(sink)
        except Unavailable:
            return 1
    return 0
