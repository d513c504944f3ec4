"""Processes that are killed: `ingest FOLDER FIRST` puts and forwards, `owner FOLDER PORT` serves a history."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.fault_parts.counted import numbered
from bench.fault_parts.far_server import far_server
from ingest.outbox import Outbox
from ontology.store.duck import DuckHistory

ROOT = Path(__file__).parents[2]


async def ingest(folder: Path, first: int) -> None:
    """Put numbered samples and say each when it is acknowledged; forward meanwhile."""
    outbox = await Outbox.open(folder / "outbox.db")
    history = DuckHistory.open(folder / "history.duckdb", None)

    async def forward() -> None:
        while True:
            await outbox.filled()
            await outbox.drain(history)

    forwarding = asyncio.create_task(forward())
    for n in range(first, first + 1_000_000, 10):
        if forwarding.done():
            forwarding.result()
        await outbox.put(numbered(n, 10))
        os.write(1, b"%d\n" % (n + 9))


async def owner(folder: Path, port: int) -> None:
    """Own outbox and history of a server and take what is pushed."""
    outbox = await Outbox.open(folder / "server.db")
    history = DuckHistory.open(folder / "history.duckdb", None)
    async with far_server(outbox, history, port=port):
        os.write(1, b"ready\n")
        await asyncio.Event().wait()


@contextlib.contextmanager
def child(what: str, *args: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is killed at the latest when the block ends."""
    command = [sys.executable, "-m", "bench.fault_parts.children", what, *map(str, args)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as started:
        try:
            yield started
        finally:
            started.kill()


if __name__ == "__main__":
    work = {"ingest": ingest, "owner": owner}[sys.argv[1]]
    asyncio.run(work(Path(sys.argv[2]), int(sys.argv[3])))
