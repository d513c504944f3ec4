"""The same batches delivered once in order, and doubled, shuffled and late: the same history."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from bench.fault_parts.counted import POINTS, numbered, verdict
from bench.fault_parts.far_server import SECRET, far_server
from ingest.outbox import Outbox
from ingest.server_sink import Server, ServerSink
from ontology.errors import Conflict
from ontology.store.duck import DuckHistory


async def doubled_and_shuffled(folder: Path, batches: int) -> dict[str, float]:
    """A fifth comes twice, all in random order with a tenth very late, through the push door."""
    chance = random.Random(3)
    order = [n for n in range(batches) for _ in range(2 if chance.random() < 0.2 else 1)]
    chance.shuffle(order)
    late = [n for n in order if n % 10 == 0]
    order = [n for n in order if n % 10] + late
    there = await Outbox.open(folder / "server.db")
    history = DuckHistory.open(folder / "history.duckdb", None)
    try:
        async with (
            far_server(there, history) as (url, _),
            ServerSink(Server(url, SECRET, "box")) as sink,
        ):
            for n in order:
                await sink.write(numbered(n * 200, 200))
        await there.drain(history)
        found = await verdict(history, batches * 200, "delivery")
        latest = await history.latest()
    finally:
        await there.close()
        await history.close()
    newest = np.array([latest[point].value for point in POINTS])
    last = batches * 200 - 1
    found["delivery_latest_off"] = float(
        np.abs(np.sort(newest) - np.arange(last - 6, last + 1)).sum()
    )
    return found | {"delivery_batches": float(len(order))}


async def two_writers(folder: Path) -> dict[str, float]:
    """A second owner of outbox or history is refused in words, and the first goes on."""
    outbox = await Outbox.open(folder / "outbox.db")
    history = DuckHistory.open(folder / "history.duckdb", None)
    refused = 0
    try:
        for n in range(5):
            try:
                await (await Outbox.open(folder / "outbox.db")).close()
            except Conflict as told:
                refused += bool(told.hint)
            try:
                await DuckHistory.open(folder / "history.duckdb", None).close()
            except Conflict as told:
                refused += bool(told.hint)
            await outbox.put(numbered(n * 100, 100))
            await outbox.drain(history)
        found = await verdict(history, 500, "writers")
    finally:
        await outbox.close()
        await history.close()
    return found | {"writers_refused": float(refused)}
