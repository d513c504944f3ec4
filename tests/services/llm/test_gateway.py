"""Many replicas behind one URL: real requests through a real gateway to replicas that hang, die and lie."""

# ruff: noqa: ASYNC110  (what a replica shows is looked at again and again, as its watchdog does)
from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web

from services.llm.gateway.app import serving
from services.llm.gateway.looking import look
from services.llm.gateway.pool import Pool
from services.llm.gateway.routing import bound
from services.llm.traffic import Turn
from tests.services.llm.replicas import (
    Answered,
    House,
    Stub,
    ask,
    box_of,
    end,
    house,
    start,
    stubs,
)
from tests.services.llm.stubs import free_port

LONG = "The chilled water plant of Riverside Tower has two chillers and three pumps. " * 40


@pytest.fixture(scope="module")
def pair() -> Iterator[list[Stub]]:
    with stubs("ab", "--workers", "1", "--latency-ms", "5") as replicas:
        yield replicas


def code(got: Answered) -> str:
    """The code of an error answer; every one has a message and is JSON."""
    error = json.loads(got.text)["error"]
    assert error["message"]
    return str(error["code"])


async def rest(house: House) -> None:
    """Until nothing is in flight."""
    async with asyncio.timeout(5):
        while house.pool.in_flight:
            await asyncio.sleep(0.01)


async def started(house: House, replica: str, count: int = 1) -> None:
    """Until a replica has this many in flight."""
    async with asyncio.timeout(5):
        while (await house.pool.seen(replica)).in_flight < count:
            await asyncio.sleep(0.01)


async def test_an_answer_passes_as_the_replica_gave_it(pair: list[Stub]) -> None:
    async with house(pair) as h:
        direct, through = await ask(h.http, pair[0].url), await ask(h.http, h.url)
        assert through.whole
        assert [line for line in through.text.splitlines() if "t1" in line]
        assert through.text.count("data: ") == direct.text.count("data: ")
        whole = await ask(h.http, h.url, stream=False)
        assert json.loads(whole.text)["usage"]["completion_tokens"] == 4
        assert whole.headers["x-request-id"]


async def test_a_conversation_stays_where_its_prompt_was_read(pair: list[Stub]) -> None:
    async with house(pair) as h:
        before = await h.asked()
        for turn in range(4):
            assert (await ask(h.http, h.url, "Tower A. " + LONG + f"Turn {turn}")).whole
        one = [now - was for now, was in zip(await h.asked(), before, strict=True)]
        assert sorted(one) == [0, 4]
        for turn in range(4):
            assert (await ask(h.http, h.url, "Tower B. " + LONG + f"Turn {turn}")).whole
        both = [now - was for now, was in zip(await h.asked(), before, strict=True)]
        assert both == [4, 4], "another conversation warms the other replica"
        hits = sum((await h.metric("plantroom_gateway_prompt_blocks_read_total")).values())
        all_ = sum((await h.metric("plantroom_gateway_prompt_blocks_total")).values())
        assert 0.7 <= hits / all_ <= 0.75, (
            "six of eight prompts were known but for their last block"
        )


async def test_a_prompt_that_everybody_sends_does_not_starve_the_other_replica(
    pair: list[Stub],
) -> None:
    async with house(pair) as h:
        before = await h.asked()
        got = await asyncio.gather(*(ask(h.http, h.url, LONG, tokens=30) for _ in range(60)))
        assert all(one.whole for one in got)
        shares = [now - was for now, was in zip(await h.asked(), before, strict=True)]
        assert max(shares) <= bound(60, 2)
        assert min(shares) >= 20


async def test_a_session_has_a_home_and_leaves_it_only_where_that_is_full(pair: list[Stub]) -> None:
    async with house(pair) as h:
        before = await h.asked()
        named = {"X-Session-Id": "engineer-7"}
        for turn in range(5):
            assert (await ask(h.http, h.url, f"{turn}: why?", headers=named)).whole
        assert sorted(now - was for now, was in zip(await h.asked(), before, strict=True)) == [0, 5]
        got = await asyncio.gather(
            *(ask(h.http, h.url, "why?", tokens=30, headers=named) for _ in range(64))
        )
        assert all(one.whole for one in got)
        shares = sorted(now - was for now, was in zip(await h.asked(), before, strict=True))
        assert shares[1] <= 5 + bound(64, 2)
        assert shares[0] >= 64 - bound(64, 2)


async def test_a_replica_that_hangs_costs_its_deadline_and_another_answers(
    pair: list[Stub],
) -> None:
    async with house(pair, first_s=0.3) as h:
        await pair[0].mode("hang")
        got = await asyncio.gather(*(ask(h.http, h.url, f"{i}") for i in range(6)))
        assert all(one.whole for one in got)
        assert max(one.whole_s for one in got) < 3
        assert sum((await h.metric("plantroom_gateway_retries_total")).values()) >= 1


async def test_a_stream_that_freezes_ends_within_its_idle_deadline_and_is_never_repeated(
    pair: list[Stub],
) -> None:
    async with house(pair, idle_s=0.5) as h:
        before = sum(await h.asked())
        asked = asyncio.create_task(ask(h.http, h.url, tokens=400))
        await asyncio.sleep(0.5)
        await asyncio.gather(*(stub.freeze() for stub in pair))
        got = await asyncio.wait_for(asked, 3)
        assert got.status == 200
        assert got.broken, "no client may take it for a whole answer"
        assert "replica-silent" in got.text
        assert sum(await h.asked()) - before == 1
        assert h.pool.in_flight == 0
        assert sum((await h.metric("plantroom_gateway_streams_broken_total")).values()) == 1


async def test_a_replica_that_cuts_a_stream_is_not_asked_again_for_it(pair: list[Stub]) -> None:
    async with house(pair) as h:
        before = sum(await h.asked())
        for stub in pair:
            await stub.mode("cut")
        got = await ask(h.http, h.url, tokens=20)
        assert (got.status, bool(got.broken)) == (200, True)
        assert "replica-failed" in got.text
        assert sum(await h.asked()) - before == 1


async def test_a_replica_that_fails_again_and_again_is_left_alone(pair: list[Stub]) -> None:
    async with house(pair) as h:
        await pair[0].mode("error")
        before = (await h.asked())[0]
        got = [await ask(h.http, h.url, f"{i}") for i in range(12)]
        assert all(one.whole for one in got)
        assert (await h.asked())[0] - before == 3
        assert await h.metric("plantroom_gateway_breaker_open") == {
            '{replica="a"}': 1,
            '{replica="b"}': 0,
        }
        await pair[0].mode("ok")
        await asyncio.sleep(1.05)
        assert all([(await ask(h.http, h.url, f"{i}")).whole for i in range(4)])
        assert await h.metric("plantroom_gateway_breaker_open") == {
            '{replica="a"}': 0,
            '{replica="b"}': 0,
        }


async def test_a_lone_replica_that_errs_for_a_moment_is_asked_again_after_a_pause(pair: list[Stub]) -> None:  # fmt: skip
    async with house(pair[:1]) as h:
        await pair[0].mode("error")
        asked = asyncio.create_task(ask(h.http, h.url, "why"))
        await asyncio.sleep(0.4)
        await pair[0].mode("ok")
        assert (await asked).whole


async def test_a_request_that_every_replica_errs_on_shuts_out_none_of_them(
    pair: list[Stub],
) -> None:
    async with house(pair) as h:
        for stub in pair:
            await stub.mode("error")
        got = [await ask(h.http, h.url, f"{i}") for i in range(6)]
        assert all("replica-failed" in one.text for one in got)
        for stub in pair:
            await stub.mode("ok")
        assert (await ask(h.http, h.url, "and now")).whole
        assert set((await h.metric("plantroom_gateway_breaker_open")).values()) == {0}


async def test_what_is_no_answer_of_a_model_server_becomes_a_clear_error(pair: list[Stub]) -> None:
    async with house(pair) as h:
        for stub in pair:
            await stub.mode("html")
        for stream in (True, False):
            got = await ask(h.http, h.url, stream=stream)
            assert (got.status, code(got)) == (502, "replica-failed")
            assert "text/html" in got.text
            assert "<html" not in got.text


async def test_an_error_of_the_client_is_its_own_and_is_not_repeated(pair: list[Stub]) -> None:
    async with house(pair) as h:
        before = sum(await h.asked())
        got = await ask(h.http, h.url, model="unknown")
        assert got.status == 404
        assert "does not exist" in got.text
        assert sum(await h.asked()) - before == 1


async def test_who_finds_no_place_waits_and_who_finds_no_wait_is_told(pair: list[Stub]) -> None:
    async with house(pair, most_in_flight=2, most_waiting=2) as h:
        got = await asyncio.gather(*(ask(h.http, h.url, f"{i}", tokens=40) for i in range(8)))
        refused = [one for one in got if one.status == 429]
        assert [one.whole for one in got].count(True) == 4
        assert len(refused) == 4
        assert {code(one) for one in refused} == {"queue-full"}
        assert all(one.headers["retry-after"] for one in refused)


async def test_requests_wait_for_the_first_replica_to_be_ready(pair: list[Stub]) -> None:
    async with house(pair, at_start=Turn.DOWN, wait_s=0.5) as h:
        async with h.http.get(f"{h.url}/health") as answer:
            assert answer.status == 503
        got = await ask(h.http, h.url)
        assert (got.status, code(got)) == (503, "no-replica-ready")
        assert 0.4 < got.whole_s < 2
        waiting = asyncio.create_task(ask(h.http, h.url))
        await asyncio.sleep(0.2)
        assert h.pool.waiting == 1
        await h.pool.turn("b", Turn.READY)
        assert (await waiting).whole
        async with h.http.get(f"{h.url}/health") as answer:
            assert (answer.status, (await answer.json())["ready"]) == (200, True)


async def test_a_draining_replica_ends_its_streams_and_gets_no_new_ones(pair: list[Stub]) -> None:
    async with house(pair) as h:
        await h.pool.turn("b", Turn.DRAINING)
        long = asyncio.create_task(ask(h.http, h.url, tokens=100))
        await started(h, "a")
        await h.pool.turn("a", Turn.DRAINING, "restart")
        await h.pool.turn("b", Turn.READY)
        before = await h.asked()
        assert all(
            one.whole for one in await asyncio.gather(*(ask(h.http, h.url) for _ in range(5)))
        )
        assert [now - was for now, was in zip(await h.asked(), before, strict=True)] == [0, 5]
        assert (await h.pool.seen("a")).in_flight == 1
        assert (await long).whole
        await rest(h)
        assert (await h.pool.seen("a")).quiet_s is None


async def test_a_replica_taken_down_ends_its_streams_and_hands_over_what_had_not_begun(
    pair: list[Stub],
) -> None:
    async with house(pair) as h:
        await h.pool.turn("b", Turn.DRAINING)
        begun = asyncio.create_task(ask(h.http, h.url, tokens=400))
        await asyncio.sleep(0.3)
        await pair[0].freeze()
        mute = [asyncio.create_task(ask(h.http, h.url, f"{i}")) for i in range(5)]
        await started(h, "a", 6)
        await h.pool.turn("b", Turn.READY)
        await h.pool.turn("a", Turn.DOWN, "its worker is frozen")
        got = await asyncio.wait_for(asyncio.gather(*mute), 3)
        assert all(one.whole for one in got)
        assert (await begun).broken
        assert "its worker is frozen" in (await begun).text
        assert (await h.pool.seen("a")).in_flight == 0


async def test_the_watchdog_sees_how_long_a_replica_is_quiet(pair: list[Stub]) -> None:
    async with house(pair) as h:
        await h.pool.turn("b", Turn.DOWN)
        asked = asyncio.create_task(ask(h.http, h.url, tokens=60))
        await started(h, "a")
        await asyncio.sleep(0.2)
        seen = await h.pool.seen("a")
        assert seen.quiet_s is not None
        assert seen.quiet_s < 0.15
        await pair[0].freeze()
        await asyncio.sleep(0.4)
        seen = await h.pool.seen("a")
        assert (seen.in_flight, seen.quiet_s is not None and seen.quiet_s > 0.3) == (1, True)
        await pair[0].thaw()
        assert (await asked).whole


async def test_a_client_that_leaves_frees_its_place_and_the_replica_stops(pair: list[Stub]) -> None:
    async with house(pair) as h:
        aborted = sum([(await stub.seen())["aborted"] for stub in pair])
        asked = asyncio.create_task(ask(h.http, h.url, tokens=4000))
        await asyncio.sleep(0.3)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        await rest(h)
        async with asyncio.timeout(3):
            while sum([(await stub.seen())["aborted"] for stub in pair]) == aborted:
                await asyncio.sleep(0.02)
        codes = await h.metric("plantroom_gateway_requests_total")
        assert [labels for labels in codes if 'code="499"' in labels]


async def test_a_client_says_how_long_it_will_wait(pair: list[Stub]) -> None:
    async with house(pair) as h:
        got = await ask(h.http, h.url, tokens=4000, stream=False, headers={"X-Deadline-S": "0.3"})
        assert (got.status, code(got)) == (504, "deadline")
        assert got.whole_s < 1.5
        got = await ask(h.http, h.url, tokens=4000, headers={"X-Deadline-S": "0.3"})
        assert (got.status, bool(got.broken)) == (200, True)
        for wrong in ("soon", "-1", "nan", "0"):
            assert (await ask(h.http, h.url, headers={"X-Deadline-S": wrong})).status == 400


async def test_without_a_supervisor_the_gateway_finds_out_itself(pair: list[Stub]) -> None:
    third = start("c")
    third.up()
    async with house([*pair, third], at_start=Turn.DOWN) as h:
        looking = asyncio.create_task(look(h.pool, "", 0.1))
        async with asyncio.timeout(5):
            while {one.turn for one in h.pool.listed()} != {Turn.READY}:
                await asyncio.sleep(0.02)
        await h.pool.turn("b", Turn.DOWN, "told by a person")
        end(third)
        async with asyncio.timeout(5):
            while (await h.pool.seen("c")).turn is not Turn.DOWN:
                await asyncio.sleep(0.02)
        assert [one.turn for one in h.pool.listed()] == [Turn.READY, Turn.DOWN, Turn.DOWN]
        looking.cancel()


async def test_a_killed_replica_loses_no_request_that_had_not_begun_to_stream() -> None:
    with stubs("ab", "--latency-ms", "4", "--prefill-ms", "60", "--slots", "32") as replicas:
        async with house(replicas) as h:
            asked = [
                asyncio.create_task(ask(h.http, h.url, f"{i} {LONG}", tokens=30))
                for i in range(200)
            ]
            await started(h, "a", 60)
            await asyncio.sleep(0.3)
            replicas[0].kill()
            got = await asyncio.wait_for(asyncio.gather(*asked), 30)
            whole = sum(one.whole for one in got)
            had_begun = sum(one.broken != "" and one.chunks > 0 for one in got)
            assert whole + had_begun == 200
            assert whole >= 120
            assert sum((await h.metric("plantroom_gateway_retries_total")).values()) >= 20
            assert h.pool.in_flight == 0


async def test_a_client_that_does_not_read_is_ended_and_its_replica_is_not_blamed(
    pair: list[Stub],
) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        for _ in range(400):
            await answer.write(b"data: " + b"x" * 99_992 + b"\n\n")
        return answer

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", flood)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", flooding := free_port()).start()
    box = box_of([Stub("hose", flooding, pair[0].process)], idle_s=0.4)
    pool = Pool(box, at_start=Turn.READY)
    async with serving(pool, stop_s=0.1):
        reader, writer = await asyncio.open_connection("127.0.0.1", box.gateway.port, limit=2048)
        writer.write(
            b'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{"stream":true}'
        )
        await reader.readline()
        begun = time.monotonic()
        async with asyncio.timeout(5):
            while pool.in_flight:
                await asyncio.sleep(0.02)
        assert 0.2 < time.monotonic() - begun < 3
        assert not pool.listed()[0].breaker_open
        writer.close()
    await runner.cleanup()


async def test_aiohttp_clients_reuse_one_connection(pair: list[Stub]) -> None:
    async with (
        house(pair) as h,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as one,
    ):
        assert all([(await ask(one, h.url, stream=stream)).whole for stream in (True, False, True)])
