"""What the gateway costs and what it saves: direct, through it, and through vllm-router where that is installed.

A stub replica with a set pace, so that what differs is the way there. All programs share this machine's cores: at 256
streams a part of what is added is waiting for a core, for both routers alike.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import httpx2

from services.llm.measure.figures import Measured
from services.llm.measure.how import How
from services.llm.measure.load import load
from services.llm.sizing.speed import Workload
from tests.services.llm.replicas import Answered, Stub, ask, router_program, stubs
from tests.services.llm.stubs import free_port

START_S = 60.0
# streams at once, ms per token, tokens of an answer
LOADS = {"32": (32, 20, 25), "256": (256, 100, 10)}
KILLED_REQUESTS = 200


def measure(quick: bool) -> dict[str, float]:
    """Milliseconds added to the first token and the share of throughput kept; what a killed replica cost."""
    found: dict[str, float] = {}
    for name, (streams, pace_ms, tokens) in LOADS.items():
        with _ways("--latency-ms", str(pace_ms), "--prefill-ms", "5") as ways:
            load_ = Workload(120, tokens, streams)
            found |= asyncio.run(_added(ways, name, load_, 1 if quick else 3))
    with _ways("--latency-ms", "0.1", "--prefill-ms", "0.1") as ways:
        found |= asyncio.run(_rates(ways, 300 if quick else 1500))
    return found | asyncio.run(_killed())


@contextmanager
def _ways(*flags: str) -> Iterator[dict[str, str]]:
    """URLs: of a stub replica itself, of the gateway before it, of vllm-router before it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        stubs("a", *flags) as replicas,
        gateway(replicas, Path(folder)) as url,
        router(replicas) as beside,
    ):
        ways = {"direct": replicas[0].url, "gateway": url}
        yield {**ways, "vllm_router": beside} if beside else ways


async def _added(
    ways: dict[str, str], name: str, workload: Workload, rounds: int
) -> dict[str, float]:
    """The ways in turn, best of the rounds for each: noise of the machine only ever adds."""
    runs: dict[str, list[Measured]] = {way: [] for way in ways}
    for round_ in range(rounds):
        for way, url in ways.items():
            runs[way].append(await load(url, "chief", workload, How(requests=workload.concurrency * 3, seed=round_)))  # fmt: skip
    found = {}
    direct = _best(runs["direct"])
    for way in [way for way in ways if way != "direct"]:
        through = _best(runs[way])
        for at, (ours, theirs) in enumerate(zip(through[:2], direct[:2], strict=True)):
            found[f"{way}_{name}_added_ttft_ms_p{(50, 95)[at]}"] = (ours - theirs) * 1e3
        found[f"{way}_{name}_throughput_share"] = through[2] / direct[2]
        found[f"{way}_{name}_failed"] = float(sum(run.sent - run.answered for run in runs[way]))
    return found


def _best(runs: list[Measured]) -> tuple[float, float, float]:
    """TTFT p50 and p95 in seconds, tokens per second."""
    return min(r.ttft.p50 for r in runs), min(r.ttft.p95 for r in runs), max(r.tok_s for r in runs)


async def _rates(ways: dict[str, str], requests: int) -> dict[str, float]:
    """Requests per second of one token each, 32 at once, at a replica that takes no time: a way's own limit here."""
    found = {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=32)) as http:
        for way, url in ways.items():
            await asyncio.gather(*(ask(http, url, tokens=1, stream=False) for _ in range(64)))
            begun = time.monotonic()
            got = await asyncio.gather(*(ask(http, url, f"{i}", tokens=1, stream=False) for i in range(requests)))  # fmt: skip
            found[f"{way}_requests_s"] = sum(one.whole for one in got) / (time.monotonic() - begun)
    return found


async def _killed() -> dict[str, float]:
    """Requests lost of 200 in flight when one of two replicas is killed: those that had begun to stream, and others."""
    flags = ("--latency-ms", "4", "--prefill-ms", "30", "--slots", "32")
    with stubs("ab", *flags) as replicas, tempfile.TemporaryDirectory() as folder, gateway(replicas, Path(folder)) as url:  # fmt: skip
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            asked = [asyncio.create_task(ask(http, url, f"{i} why? " * 300, tokens=30)) for i in range(KILLED_REQUESTS)]  # fmt: skip
            await asyncio.sleep(1.0)
            replicas[0].kill()
            got: list[Answered] = await asyncio.gather(*asked)
    begun = sum(one.broken != "" and one.chunks > 0 for one in got)
    whole = sum(one.whole for one in got)
    return {
        "gateway_killed_whole": float(whole), "gateway_killed_begun": float(begun),
        "gateway_killed_lost": float(KILLED_REQUESTS - whole - begun),
    }  # fmt: skip


@contextmanager
def gateway(replicas: list[Stub], folder: Path) -> Iterator[str]:
    """The gateway as people run it: a program of its own."""
    port, box = free_port(), folder / "box.toml"
    lines = ["[served]", 'path = "model"', "[engine]", 'kind = "external"', "[gateway]", f"port = {port}", "most_in_flight = 1024"]  # fmt: skip
    for stub in replicas:
        lines += ["[[replicas]]", f'name = "{stub.name}"', f'url = "{stub.url}"']
    box.write_text("\n".join(lines))
    with _running([sys.executable, "-m", "services.cli", "llm", "gateway", str(box)], f"http://127.0.0.1:{port}", "/health"):  # fmt: skip
        yield f"http://127.0.0.1:{port}"


@contextmanager
def router(replicas: list[Stub]) -> Iterator[str | None]:
    """vllm-router with its defaults, or None where it is not installed."""
    program = router_program()
    if program is None:
        yield None
        return
    port, told = free_port(), free_port()
    command = [
        program, "--host", "127.0.0.1", "--port", str(port), "--prometheus-port", str(told), "--log-level", "error",
        "--worker-startup-check-interval", "1", "--worker-urls", *(stub.url for stub in replicas),
    ]  # fmt: skip
    with _running(command, f"http://127.0.0.1:{port}", "/readiness"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], url: str, ready: str) -> Iterator[None]:
    """A program, from the moment it says that it is ready to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + START_S
        while not _says_ready(url + ready):
            if time.monotonic() > until or process.poll() is not None:
                raise AssertionError(f"{Path(command[0]).name} did not start")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def _says_ready(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False
