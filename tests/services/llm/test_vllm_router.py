"""What vllm-project's router (PyPI `vllm-router` 0.1.17) does well, and where it falls short of what one box needs.

Each test states what the router does today, on real sockets; `docs/decisions/0019-gateway.md` rests on them. One that
fails after an upgrade says that the router has changed and the decision is worth another look. The router is looked for
in PLANTROOM_VLLM_ROUTER, in `.venv-router/bin` (`make router`) and on the PATH.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from services.llm.gateway.routing import bound
from tests.services.llm.replicas import Stub, ask, clients, router_program, stubs
from tests.services.llm.stubs import free_port

START_S = 30.0


PROGRAM = router_program()
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(PROGRAM is None, reason="vllm-router is not installed: make router"),
]


@dataclass
class Router:
    url: str
    metrics_url: str
    replicas: list[Stub]
    http: aiohttp.ClientSession

    async def metrics(self) -> str:
        async with self.http.get(self.metrics_url) as answer:
            return await answer.text()

    async def asked(self) -> list[int]:
        return [(await one.seen())["requests"] for one in self.replicas]


@asynccontextmanager
async def router(*flags: str, names: str = "ab") -> AsyncIterator[Router]:
    """The router before stubs whose engine takes 20 ms a token."""
    with stubs(names, "--workers", "1", "--latency-ms", "20") as replicas:
        async with clients(replicas) as http:
            port, told = free_port(), free_port()
            command = [
                str(PROGRAM), "--host", "127.0.0.1", "--port", str(port), "--prometheus-port", str(told),
                "--worker-startup-check-interval", "1", *flags, "--worker-urls", *(stub.url for stub in replicas),
            ]  # fmt: skip
            process = started(command)
            try:
                await _up(http, f"http://127.0.0.1:{port}")
                yield Router(
                    f"http://127.0.0.1:{port}", f"http://127.0.0.1:{told}/metrics", replicas, http
                )
            finally:
                process.terminate()
                process.wait(timeout=10)
                for stub in replicas:
                    if stub.process.poll() is None:
                        await stub.well()


def started(command: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def _up(http: aiohttp.ClientSession, url: str) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            async with http.get(f"{url}/readiness") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError("the router did not start")


async def test_it_loses_no_request_that_had_not_begun_when_a_replica_is_killed() -> None:
    async with router() as r:
        asked = [
            asyncio.create_task(ask(r.http, r.url, f"{i} why?", tokens=60)) for i in range(200)
        ]
        await asyncio.sleep(0.02)
        r.replicas[0].kill()
        got = await asyncio.gather(*asked)
        assert (
            sum(one.whole for one in got) + sum(one.chunks > 0 and one.broken != "" for one in got)
            == 200
        )


async def test_it_lets_streams_end_when_a_worker_is_removed() -> None:
    async with router("--policy", "cache_aware") as r:
        long = asyncio.create_task(ask(r.http, r.url, tokens=100))
        await asyncio.sleep(0.3)
        async with r.http.post(
            f"{r.url}/remove_worker", params={"url": r.replicas[0].url}
        ) as answer:
            assert answer.status == 200
        assert (await long).whole
        async with r.http.post(f"{r.url}/add_worker", params={"url": r.replicas[0].url}) as answer:
            assert answer.status == 200


async def test_its_only_deadline_is_for_the_whole_so_a_frozen_stream_stays_and_a_healthy_long_one_is_cut() -> (
    None
):
    async with router("--request-timeout-secs", "3") as r:
        healthy = await ask(r.http, r.url, tokens=250)
        assert (healthy.status, bool(healthy.broken)) == (200, True), "250 tokens of 20 ms take 5 s"
        asked = asyncio.create_task(ask(r.http, r.url, tokens=100))
        await asyncio.sleep(0.5)
        await asyncio.gather(*(stub.freeze() for stub in r.replicas))
        frozen = await asyncio.wait_for(asked, 10)
        assert frozen.broken
        assert frozen.whole_s > 2.5, "no byte for seconds, and it waits for the whole deadline"
    async with router() as r:
        asked = asyncio.create_task(ask(r.http, r.url, tokens=100))
        await asyncio.sleep(0.5)
        await asyncio.gather(*(stub.freeze() for stub in r.replicas))
        done, _ = await asyncio.wait({asked}, timeout=8)
        assert not done, "by default the deadline is 1,800 s"
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)


async def test_it_sends_a_request_five_times_to_the_replica_that_hangs_and_never_to_the_healthy_one() -> (
    None
):
    async with router("--request-timeout-secs", "1") as r:
        assert (await ask(r.http, r.url)).whole
        home = (await r.asked()).index(1)
        await r.replicas[home].mode("hang")
        before = await r.asked()
        got = await ask(r.http, r.url)
        shares = [now - was for now, was in zip(await r.asked(), before, strict=True)]
        assert got.status == 500
        assert shares[home] == 5
        assert shares[1 - home] == 0


@pytest.mark.parametrize("policy", ["consistent_hash", "sticky_least_loaded"])
async def test_its_session_affinity_has_no_bound_on_the_load(policy: str) -> None:
    async with router("--policy", policy) as r:
        named = {"X-Session-Id": "engineer-7"}
        before = await r.asked()
        got = await asyncio.gather(
            *(ask(r.http, r.url, tokens=20, headers=named) for _ in range(64))
        )
        assert all(one.whole for one in got)
        shares = [now - was for now, was in zip(await r.asked(), before, strict=True)]
        assert max(shares) == 64 > bound(64, 2)


async def test_it_passes_a_page_of_html_on_as_an_answer() -> None:
    async with router() as r:
        for stub in r.replicas:
            await stub.mode("html")
        got = await ask(r.http, r.url)
        assert got.status == 200
        assert got.headers["content-type"] == "text/event-stream"
        assert "<html" in got.text


async def test_it_does_not_wait_for_a_replica_to_come_back_and_says_so_in_plain_text() -> None:
    async with router("--health-check-interval-secs", "1", "--queue-timeout-secs", "30") as r:
        for stub in r.replicas:
            stub.kill()
        got = await ask(r.http, r.url)
        assert got.status in (500, 503)
        assert got.whole_s < 5
        assert not got.text.startswith("{"), "no client of OpenAI's API shows what happened"


async def test_it_does_not_tell_how_long_a_replica_has_been_quiet() -> None:
    async with router() as r:
        asked = asyncio.create_task(ask(r.http, r.url, tokens=100))
        await asyncio.sleep(0.5)
        await asyncio.gather(*(stub.freeze() for stub in r.replicas))
        await asyncio.sleep(2.5)
        told = await r.metrics()
        assert "vllm_router_running_requests" in told, "in flight it does tell"
        assert not [word for word in ("quiet", "idle", "last_token", "last_byte") if word in told]
        assert 'vllm_router_worker_health{worker="' in told
        assert "vllm_router_worker_health{" in told
        assert all(
            line.endswith(" 1")
            for line in told.splitlines()
            if line.startswith("vllm_router_worker_health{")
        )
        await asyncio.gather(*(stub.thaw() for stub in r.replicas))
        assert (await asked).whole


async def test_it_has_no_names_that_mean_an_adapter() -> None:
    async with router() as r:
        got = await ask(r.http, r.url, model="engineer")
        assert got.status == 404
        for path in ("/aliases", "/v1/aliases", "/aliases/engineer"):
            async with r.http.post(r.url + path, json={"model": "chief"}) as answer:
                assert answer.status in (404, 405)
