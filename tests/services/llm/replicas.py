"""Stub replicas as child processes, a gateway before them, and clients: all over real sockets on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from services.llm.box import Box
from services.llm.gateway.aliases import Aliases
from services.llm.gateway.app import serving
from services.llm.gateway.keys import Keys
from services.llm.gateway.pool import Pool
from services.llm.traffic import Turn
from tests.services.llm.stubs import free_port

ROOT = Path(__file__).parents[3]
STUB = Path(__file__).parent / "stub_server.py"
ADMIN = "an-admin-key-of-tests"
START_S = 20.0


def router_program() -> str | None:
    """vllm-project's router, if it is installed: PLANTROOM_VLLM_ROUTER, `.venv-router/bin`, the PATH."""
    named, beside = os.environ.get("PLANTROOM_VLLM_ROUTER"), ROOT / ".venv-router/bin/vllm-router"
    return named or (str(beside) if beside.exists() else None) or shutil.which("vllm-router")


@dataclass
class Stub:
    """A replica's process. `freeze` stops the worker that its engine waits for; /health goes on."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    http: aiohttp.ClientSession = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def seen(self) -> dict[str, Any]:
        async with self.http.get(f"{self.url}/stub") as answer:
            said: dict[str, Any] = await answer.json()
            return said

    async def mode(self, mode: str) -> None:
        async with self.http.post(f"{self.url}/stub", json={"mode": mode}) as answer:
            assert answer.status == 200

    async def freeze(self) -> None:
        for pid in (await self.seen())["workers"]:
            os.kill(pid, signal.SIGSTOP)

    async def thaw(self) -> None:
        for pid in (await self.seen())["workers"]:
            os.kill(pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)

    async def well(self) -> None:
        """As it was at its start, whatever a test did to it."""
        await self.mode("ok")
        await self.thaw()

    def up(self) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"stub {self.name} did not start")


@contextmanager
def stubs(names: str, *flags: str) -> Iterator[list[Stub]]:
    """One replica for each letter, all up."""
    started = [start(name, *flags) for name in names]
    try:
        for stub in started:
            stub.up()
        yield started
    finally:
        for stub in started:
            end(stub)


def start(name: str, *flags: str, port: int = 0) -> Stub:
    port = port or free_port()
    command = [sys.executable, str(STUB), "--port", str(port), "--model", "chief", *flags]
    silent = subprocess.DEVNULL
    return Stub(name, port, subprocess.Popen(command, stdout=silent, stderr=silent))


def end(stub: Stub) -> None:
    if stub.process.poll() is None:
        stub.process.terminate()
        try:
            stub.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            stub.kill()


def box_of(replicas: list[Stub], **gateway: Any) -> Box:
    return Box.model_validate({
        "served": {"path": "model"}, "gateway": {"port": free_port(), **gateway},
        "replicas": [{"name": one.name, "port": one.port} for one in replicas],
    })  # fmt: skip


@dataclass
class House:
    """A gateway with its replicas."""

    url: str
    pool: Pool
    replicas: list[Stub]
    http: aiohttp.ClientSession

    async def asked(self) -> list[int]:
        """Requests that each replica has got."""
        return [(await one.seen())["requests"] for one in self.replicas]

    async def metric(self, name: str) -> dict[str, float]:
        """Samples of a metric by their labels as text."""
        async with self.http.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        found = [
            line.removeprefix(name).rsplit(" ", 1)
            for line in lines
            if line.startswith((name + "{", name + " "))
        ]
        return {labels: float(value) for labels, value in found}


@asynccontextmanager
async def house(
    replicas: list[Stub],
    *,
    keys: Keys | None = None,
    at_start: Turn = Turn.READY,
    aliases: Aliases | None = None,
    **gateway: Any,
) -> AsyncIterator[House]:
    """A gateway before running replicas, which are well again afterwards."""
    pool = Pool(box_of(replicas, **gateway), at_start=at_start)
    async with clients(replicas) as http:
        async with serving(pool, keys or Keys(admin=ADMIN), aliases=aliases, stop_s=0.2) as url:
            yield House(url, pool, replicas, http)
        for stub in replicas:
            if stub.process.poll() is None:
                await stub.well()


@asynccontextmanager
async def clients(replicas: list[Stub]) -> AsyncIterator[aiohttp.ClientSession]:
    """As many connections as a test wants."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        for stub in replicas:
            stub.http = http
        yield http


@dataclass
class Answered:
    """What a client got. `first_s`, `whole_s`: from its request; `broken`: the stream ended without its end."""

    status: int = 0
    chunks: int = 0
    text: str = ""
    first_s: float | None = None
    whole_s: float = 0.0
    broken: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        return self.status == 200 and not self.broken


async def ask(
    http: aiohttp.ClientSession, url: str, content: str = "Is chiller 2 well?", *, tokens: int = 4, stream: bool = True,
    headers: dict[str, str] | None = None, path: str = "/v1/chat/completions", **body: Any,
) -> Answered:  # fmt: skip
    """One chat completion, read to its end, whatever that is."""
    asked = {
        "model": "chief",
        "messages": [{"role": "user", "content": content}],
        "max_tokens": tokens,
        "stream": stream,
    }
    got, start_ = Answered(), time.monotonic()
    try:
        async with http.post(url + path, json=asked | body, headers=headers) as answer:
            got.status = answer.status
            got.headers = {name.lower(): value for name, value in answer.headers.items()}
            async for chunk in answer.content.iter_any():
                got.first_s = got.first_s or time.monotonic() - start_
                got.chunks += 1
                got.text += chunk.decode()
    except aiohttp.ClientError as error:
        got.broken = type(error).__name__
    if stream and got.status == 200 and not got.broken and "[DONE]" not in got.text:
        got.broken = "no [DONE]"
    got.whole_s = time.monotonic() - start_
    return got
