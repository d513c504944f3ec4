"""Stub servers as child processes, for tests: `async with stub(...) as server`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

STUB = Path(__file__).with_name("stub_server.py")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class StubAt:
    """One that runs. `told` and `mode` speak to its own control, not through its OpenAI side."""

    port: int
    child: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def mode(self, mode: str) -> None:
        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                (await client.post(f"{self.url}/stub", json={"mode": mode})).raise_for_status()
            except httpx2.TransportError:
                assert mode == "die", "it does not answer"

    async def told(self) -> dict[str, Any]:
        async with httpx2.AsyncClient(trust_env=False) as client:
            return dict((await client.get(f"{self.url}/stub")).json())


@asynccontextmanager
async def stub(*flags: str, port: int = 0) -> AsyncIterator[StubAt]:
    """Starts one, waits until it listens, ends it."""
    port = port or free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(STUB), "--port", str(port), *flags
    )
    try:
        await listens(port)
        yield StubAt(port, child)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def listens(port: int, within_s: float = 15.0) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError(f"nothing listens on {port} after {within_s} s")
