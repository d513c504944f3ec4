"""How soon a stopped and a killed worker of real vLLM are missed, and whether new requests notice.

One replica of two tensor-parallel workers under our supervisor, our gateway before it, the box file's usual watch. From the
moment of the fault a request is sent every second until the group is ready again; none of them may fail.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from services.llm.launch.standing import State
from tests.llm.tiny_model import write_tiny_model
from tests.llm.watched import Watched, real_box, watched

ASK_EVERY_S = 1.0
FAULTS = {"frozen": signal.SIGSTOP, "killed": signal.SIGKILL}


async def after(fault: signal.Signals, at_work: Watched) -> tuple[float, float, list[int]]:
    """Seconds until the gateway was told, seconds until it is ready again, and the status of each new request."""
    workers = await at_work.workers()
    assert await at_work.ask() == 200
    began = time.monotonic()
    os.kill(workers[0], fault)
    asked: list[asyncio.Task[int]] = []
    ready = asyncio.create_task(at_work.until(State.READY, since=began))
    while not ready.done():
        asked.append(asyncio.create_task(at_work.ask()))
        await asyncio.wait([ready], timeout=ASK_EVERY_S)
    missed, _ = await at_work.until(State.STOPPING, since=began)
    restored, _ = ready.result()
    return missed - began, restored - began, await asyncio.gather(*asked)


async def _measure(folder: Path) -> dict[str, float]:
    found: dict[str, float] = {"watch_new_requests": 0, "watch_new_requests_failed": 0}
    async with watched(real_box(write_tiny_model(folder / "tiny")), folder) as at_work:
        for name, fault in FAULTS.items():
            missed_s, restored_s, statuses = await after(fault, at_work)
            found[f"watch_{name}_detected_s"] = missed_s
            found[f"watch_{name}_restored_s"] = restored_s
            found["watch_new_requests"] += len(statuses)
            found["watch_new_requests_failed"] += sum(status != 200 for status in statuses)
    return found


def measure(quick: bool) -> dict[str, float]:  # noqa: ARG001  (a fault happens once either way)
    """Figures by name; seconds, and counts of requests."""
    with tempfile.TemporaryDirectory() as made:
        return asyncio.run(_measure(Path(made)))


if __name__ == "__main__":
    for name, value in measure("--quick" in sys.argv).items():
        print(f"{name:>28}  {value:12,.2f}")
