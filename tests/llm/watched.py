"""Real vLLM on this CPU under our supervisor and gateway: for the test and the bench of the watchdog."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from services.llm.box import Box
from services.llm.gateway.app import serving
from services.llm.gateway.pool import Pool
from services.llm.launch.fleet import Fleet
from services.llm.launch.standing import Standing, State
from services.llm.measure.engine import ENTRY, on_cpu
from tests.llm.server import PYTHON
from tests.services.llm.stubs import free_port

FLAGS = (
    "--dtype", "float32", "--enforce-eager", "--max-num-batched-tokens", "512",
    "--distributed-executor-backend", "mp",
)  # fmt: skip


def real_box(
    model: Path, *, tp: int = 2, replicas: int = 1, context: int = 16_384, **served: bool | int
) -> Box:
    """Two ranks, one core each; with the watch's own defaults, which are what is measured."""
    return Box.model_validate({
        "served": {"path": str(model), "name": "tiny", "tool_parser": "hermes", **served},
        "engine": {
            "command": [str(PYTHON), *ENTRY, "--model"], "env": on_cpu(tp),
            "arguments": [*FLAGS, "--max-model-len", str(context), "--tensor-parallel-size", str(tp)],
        },
        "replicas": [{"name": f"r{n}", "port": free_port()} for n in range(replicas)],
        "gateway": {"port": free_port(), "wait_s": 240, "first_s": 300, "request_s": 600},
        "watch": {"start_s": 300, "drain_s": 10},
    })  # fmt: skip


@dataclass
class Watched:
    """A box that serves. `history`: each change of standing with the monotonic time it came at."""

    url: str
    box: Box
    fleet: Fleet
    history: list[tuple[float, str, Standing]] = field(default_factory=list)

    async def until(self, *states: State, since: float = 0.0, within_s: float = 300.0) -> tuple[float, Standing]:  # fmt: skip
        """The first change to one of these after `since`."""
        deadline = time.monotonic() + within_s
        while True:
            for at, _, standing in self.history:
                if at >= since and standing.state in states:
                    return at, standing
            assert time.monotonic() < deadline, self.history[-1:]
            await asyncio.sleep(0.05)

    async def workers(self) -> list[int]:
        """Pids of vLLM's tensor-parallel workers, by the names they give themselves."""
        (replica, *_) = await self.fleet.report()
        named = {pid: _title(pid) for pid in replica["pids"]}
        found = [pid for pid, title in named.items() if "worker" in title.lower()]
        assert len(found) >= 2, named
        return found

    async def ask(self, words: int = 3, tokens: int = 4, timeout_s: float = 300.0) -> int:
        """Status of one completion through the gateway."""
        said = [{"role": "user", "content": "why " * words}]
        body = {"model": "tiny", "messages": said, "max_tokens": tokens}
        async with httpx2.AsyncClient(trust_env=False, timeout=timeout_s) as client:
            answer = await client.post(f"{self.url}/v1/chat/completions", json=body)
            return answer.status_code


def _title(pid: int) -> str:
    """What it calls itself: vLLM's workers write VLLM::Worker_TP0 over their command line."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")[:200]
    return ""


@asynccontextmanager
async def watched(box: Box, folder: Path) -> AsyncIterator[Watched]:
    """Ready when the block begins; everything is gone when it has ended."""
    pool = Pool(box)
    async with serving(pool) as url:
        history: list[tuple[float, str, Standing]] = []
        fleet = Fleet(box, box.replicas, folder, pool, heard=lambda name, s: history.append((time.monotonic(), name, s)))  # fmt: skip
        life = asyncio.create_task(fleet.run())
        try:
            stood = await asyncio.wait_for(fleet.settled(), 320)
            assert all(one.state is State.READY for one in stood.values()), stood
            yield Watched(url, box, fleet, history)
        finally:
            fleet.stop()
            await asyncio.wait_for(life, 120)
