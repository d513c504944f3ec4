"""The load generator against a server with an engine of its own, and against servers that misbehave."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from ontology.errors import BadRequest, ModelSilent
from services.llm.measure.figures import Slo, Tally, measured_of, plain, spread
from services.llm.measure.how import How
from services.llm.measure.load import load, meet, put, send, session
from services.llm.measure.prompts import Length, learned, prompts
from services.llm.measure.timed import Api, Limits, Timed, Wrong
from services.llm.sizing.speed import Workload
from tests.services.llm.stub_server import Engine, Stub, flags_of
from tests.services.llm.stubs import free_port

STEP_MS, READ_MS = 10.0, 40.0
QUICK = Limits(connect_s=2, first_s=0.4, idle_s=0.4, request_s=2)


@dataclass(frozen=True)
class Slow:
    """A stub in this process: a child of its own would take a second per test to start."""

    url: str
    engine: Engine


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    port = free_port()
    made = Stub(flags_of(["--port", str(port), "--latency-ms", str(STEP_MS), "--prefill-ms", str(READ_MS)]))  # fmt: skip
    runner = web.AppRunner(made.app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield Slow(f"http://127.0.0.1:{port}", made.engine)
    await runner.cleanup()


@asynccontextmanager
async def saying(
    answer: Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """A server that answers completions by this function."""

    async def asked(request: web.Request) -> web.StreamResponse:
        return await answer(request, await request.json())

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "some"}]})

    app = web.Application()
    app.add_routes([web.post("/v1/chat/completions", asked), web.get("/v1/models", models)])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def stream(request: web.Request, *events: bytes, pause_s: float = 0.0) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await answer.prepare(request)
    for event in events:
        await answer.write(b"data: " + event + b"\n\n")
        await asyncio.sleep(pause_s)
    return answer


def piece(text: str, **more: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "delta": {"content": text}, **more}]}).encode()


@pytest.mark.parametrize("api", list(Api))
async def test_a_single_stream_shows_the_servers_own_steps(slow: Slow, api: Api) -> None:
    found = await load(slow.url, "", Workload(100, 10, 1), How(requests=5, api=api))
    assert (found.sent, found.answered, found.errors) == (5, 5, {})
    assert (found.isl, found.osl, found.counted) == (100, 10, "usage")
    assert READ_MS / 1e3 <= found.ttft.p50 < 2 * READ_MS / 1e3
    assert STEP_MS / 1e3 <= found.tpot.p50 < 2 * STEP_MS / 1e3
    assert found.tok_s == pytest.approx(50 / found.seconds)
    assert found.e2e.p50 == pytest.approx(found.ttft.p50 + 9 * found.tpot.p50, rel=0.2)


async def test_a_closed_loop_holds_its_concurrency_and_not_more(slow: Slow) -> None:
    found = await load(slow.url, "chief", Workload(50, 8, 6), How(requests=30))
    assert found.answered == 30
    busy = found.e2e.mean * found.answered / found.seconds
    assert 4.5 < busy < 6.3


async def test_an_open_loop_keeps_its_rate_while_answers_are_slow(slow: Slow) -> None:
    found = await load(slow.url, "chief", Workload(50, 40, 1), How(requests=40, rate_s=40))
    assert found.rate_s == 40
    assert found.answered == 40
    assert 0.4 < found.seconds < 3.5
    assert (
        found.e2e.mean * found.answered / found.seconds > 3
    )  # many at once though concurrency says 1


async def test_goodput_counts_only_answers_that_kept_the_slo(slow: Slow) -> None:
    within = await load(slow.url, "", Workload(50, 5, 1), How(requests=4, slo=Slo(ttft_s=5, tpot_s=1)))  # fmt: skip
    assert within.goodput_s == pytest.approx(within.requests_s)
    missed = await load(slow.url, "", Workload(50, 5, 1), How(requests=4, slo=Slo(tpot_s=STEP_MS / 2e3)))  # fmt: skip
    assert missed.goodput_s == 0


async def test_progress_is_told_after_each_request(slow: Slow) -> None:
    told: list[tuple[int, int]] = []
    await load(slow.url, "", Workload(20, 2, 3), How(requests=7), tick=lambda *at: told.append(at))
    assert told == [(n, 7) for n in range(1, 8)]


@pytest.mark.parametrize(
    ("mode", "wrong"),
    [("hang", Wrong.HUNG_FIRST), ("html", Wrong.PAGE), ("error", Wrong.REFUSED), ("cut", Wrong.EARLY)],
)  # fmt: skip
async def test_a_server_that_fails_in_the_middle_is_counted_by_kind(slow: Slow, mode: str, wrong: Wrong) -> None:  # fmt: skip
    how = How(requests=4, limits=QUICK)
    async with session(how) as client:
        server = await meet(client, slow.url, "", how)
        slow.engine.mode = mode
        found = await put(client, server, Workload(20, 5, 2), how)
    assert found.errors == {str(wrong): 4}
    assert found.answered == 0
    assert math.isnan(found.ttft.p50)
    assert found.tok_s == 0
    assert found.examples


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ([b"{not json"], Wrong.MALFORMED),
        ([b"[" * 100_000], Wrong.MALFORMED),
        ([b"7"], Wrong.MALFORMED),
        ([b'{"error": {"message": "EngineCore died"}}'], Wrong.TOLD),
        ([b"[DONE]"], Wrong.EMPTY),
        ([b'{"choices": [{"delta": {"role": "assistant", "content": ""}}]}', b"[DONE]"], Wrong.EMPTY),
        ([b'{"choices": "none", "usage": [1]}', b"[DONE]"], Wrong.EMPTY),
        ([piece("a"), piece("b")], Wrong.EARLY),
        ([b"x" * 2_000_000], Wrong.MALFORMED),
    ],
    ids=["torn", "deep", "no object", "told", "nothing", "only a role", "odd", "no end", "endless line"],
)  # fmt: skip
async def test_a_malformed_stream_is_told_and_never_raises(events: list[bytes], wrong: Wrong) -> None:  # fmt: skip
    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        said = [piece("a"), b"[DONE]"] if body["max_tokens"] == 1 else events
        return await stream(request, *said)

    async with saying(answer) as url:
        found = await load(url, "", Workload(20, 5, 1), How(requests=2, limits=QUICK))
    assert found.errors == {str(wrong): 2}


async def test_a_stream_that_goes_quiet_is_another_error_than_one_that_never_begins() -> None:
    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        quiet = 0.0 if body["max_tokens"] == 1 else 1.0
        return await stream(request, piece("a"), b"[DONE]", pause_s=quiet)

    async with saying(answer) as url:
        found = await load(url, "", Workload(20, 5, 1), How(requests=1, warm=0, limits=QUICK))
    assert found.errors == {str(Wrong.HUNG): 1}


async def test_without_usage_tokens_are_chunks_and_it_is_said() -> None:
    async def answer(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        said = [piece("a"), piece("b"), piece("c"), b'{"choices": [{"delta": {}, "finish_reason": "stop"}]}']  # fmt: skip
        return await stream(request, *said, b"[DONE]", pause_s=0.01)

    async with saying(answer) as url:
        found = await load(url, "", Workload(20, 3, 1), How(requests=2))
    assert (found.counted, found.osl) == ("chunks", 3)
    assert math.isnan(found.isl)
    assert math.isnan(found.total_tok_s)
    assert any("guessed" in note for note in found.notes)


async def test_a_server_that_refuses_ignore_eos_is_asked_without_it() -> None:
    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        if "ignore_eos" in body:
            return web.json_response({"error": "unknown field ignore_eos"}, status=400)
        return await stream(request, piece("a"), b"[DONE]")

    async with saying(answer) as url:
        found = await load(url, "", Workload(20, 3, 1), How(requests=2))
    assert found.answered == 2
    assert any("ignore_eos" in note for note in found.notes)


async def test_tool_calls_and_thoughts_are_tokens_too() -> None:
    async def answer(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        thought = b'{"choices": [{"delta": {"reasoning_content": "hm"}}]}'
        call = b'{"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}}]}'
        return await stream(request, thought, call, b"[DONE]")

    async with saying(answer) as url:
        found = await load(url, "", Workload(20, 3, 1), How(requests=1))
    assert found.osl == 2


async def test_nothing_that_listens_is_told_with_a_hint() -> None:
    with pytest.raises(ModelSilent) as told:
        await load(f"http://127.0.0.1:{free_port()}", "", Workload(10, 2), How(requests=1))
    assert "address" in told.value.hint


async def test_a_route_that_holds_its_tokens_back_is_told_with_the_other_one() -> None:
    async def answer(request: web.Request, _: dict[str, Any]) -> web.StreamResponse:
        return await stream(request, b'{"choices": [{"delta": {}, "finish_reason": "length"}]}', b"[DONE]")  # fmt: skip

    async with saying(answer) as url:
        with pytest.raises(ModelSilent) as told:
            await load(url, "", Workload(20, 5, 1), How(requests=1, limits=QUICK))
    assert "--api completions" in told.value.hint


async def test_an_answer_of_one_token_without_letters_is_an_answer() -> None:
    """vLLM shows half of a letter, and marks such as the end of a turn, as an empty text."""

    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        tokens = body["max_tokens"]
        last = b'{"choices": [{"delta": {}, "finish_reason": "length"}]}'
        usage = b'{"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": %d}}' % tokens
        return await stream(request, last, usage, b"[DONE]")

    async with saying(answer) as url:
        one, five = [await load(url, "", Workload(20, n, 1), How(requests=2, limits=QUICK)) for n in (1, 5)]  # fmt: skip
    assert (one.answered, one.errors) == (2, {})
    assert (five.answered, five.errors) == (0, {str(Wrong.EMPTY): 2})


async def test_a_model_that_is_not_served_is_refused_with_those_that_are(slow: Slow) -> None:
    with pytest.raises(BadRequest) as told:
        await load(slow.url, "other", Workload(10, 2), How(requests=1))
    assert "chief" in told.value.hint


async def test_a_load_ends_when_its_time_is_up(slow: Slow) -> None:
    how = How(requests=50, most_s=0.5, warm=0)
    found = await load(slow.url, "", Workload(20, 50, 1), how)
    assert found.sent < 50
    assert any("not measured" in note for note in found.notes)


async def test_bodies_of_ones_own_are_sent_as_they_are(slow: Slow) -> None:
    how = How()
    async with session(how) as client:
        server = await meet(client, slow.url, "", how)
        own = {"model": "chief", "messages": [{"role": "user", "content": "a b c"}], "stream": True, "max_tokens": 4, "stream_options": {"include_usage": True}}  # fmt: skip
        tally, _ = await send(client, server, [own] * 3, how, 3)
    assert [(t.prompt_tokens, t.answer_tokens) for t in tally.done] == [(3, 4)] * 3


def test_a_run_written_as_json_is_read_back_the_same() -> None:
    done = [Timed(0.0, 0.1, 0.5, [0.2, 0.2], 3, 10, 3), Timed(0.1, wrong=Wrong.HUNG, says="after 3 s")]  # fmt: skip
    run = Tally(done).measured(Workload(10, 3, 2), 2.0, slo=Slo(ttft_s=1), rate_s=None)
    assert run.answered == 1
    assert run.goodput_s == 0.5
    again = measured_of(plain(json.dumps(run.to_json(), allow_nan=False)))
    assert again == run


def test_time_per_token_is_vllms_and_unknown_for_one_token() -> None:
    assert Timed(0.0, 0.1, 0.9, [], 9, 5, 5).tpot_s == pytest.approx(0.2)
    assert math.isnan(Timed(0.0, 0.1, 0.1, [], 1, 5, 1).tpot_s)
    assert math.isnan(spread([]).p99)


@given(st.floats(0, 200), st.floats(0.2, 6), st.integers(2, 4000))
def test_prompts_have_the_asked_length_by_the_servers_own_count(fixed: float, each: float, words: int) -> None:  # fmt: skip
    length = Length(fixed, each)
    tokens = round(fixed + each * words)
    (text,) = prompts(1, tokens, length)
    assert abs(len(text.split()) * each + fixed - tokens) <= max(each, 1)


@given(st.integers(0, 60))
def test_prompts_are_each_ones_own_beyond_what_they_share(shared: int) -> None:
    made = prompts(20, 100, Length(0, 1), shared=shared, seed=3)
    assert len(set(made)) == 20
    assert len({" ".join(text.split()[:shared]) for text in made}) == 1
    assert len({" ".join(text.split()[: shared + 12]) for text in made}) == 20


def test_a_tokenizer_that_does_not_grow_is_not_believed() -> None:
    assert learned((16, 40), (144, 40), "usage") == Length()
