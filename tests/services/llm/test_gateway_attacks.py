"""Clients and replicas that mean harm: bodies that never come, lines that are no HTTP, bombs, heads with another's lines."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from services.llm.box import Box
from services.llm.gateway.app import serving
from services.llm.gateway.keys import Keys
from services.llm.gateway.pool import Pool
from services.llm.traffic import Turn
from tests.services.llm.replicas import ADMIN, Answered, Stub, ask, house, stubs
from tests.services.llm.stubs import free_port

HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
JSON = b'Content-Type: application/json\r\n\r\n{"choices": []}'
STREAM = b"Content-Type: text/event-stream\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(scope="module")
def one() -> Iterator[list[Stub]]:
    with stubs("a") as replicas:
        yield replicas


@asynccontextmanager
async def before(answer: bytes | None, **gateway: Any) -> AsyncIterator[tuple[str, Pool]]:
    """A gateway before a replica that says these bytes to whoever asks; None: nothing, ever."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await reader.read()  # until the gateway gives up
        else:
            writer.write(answer)
        writer.close()

    replica = await asyncio.start_server(say, "127.0.0.1", 0)
    port = replica.sockets[0].getsockname()[1]
    box = Box.model_validate({
        "served": {"path": "m"}, "engine": {"kind": "external"}, "gateway": {"port": free_port(), **gateway},
        "replicas": [{"name": "a", "url": f"http://127.0.0.1:{port}"}],
    })  # fmt: skip
    pool = Pool(box, at_start=Turn.READY)
    async with replica, serving(pool, Keys(admin=ADMIN), stop_s=0.2) as url:
        yield url, pool


async def asked(url: str, **more: Any) -> Answered:
    async with aiohttp.ClientSession() as http:
        return await ask(http, url, **more)


async def test_bodies_that_are_promised_and_never_come_take_nobodys_place(one: list[Stub]) -> None:
    promises = (b"Content-Length: 8388608\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc")
    async with house(one) as h, AsyncExitStack() as lines:
        port = int(h.url.rpartition(":")[2])
        for promise in promises * 70:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            lines.callback(writer.close)
            writer.write(POST + promise)
        await asyncio.sleep(0.3)
        assert (await ask(h.http, h.url)).whole


async def test_a_key_in_a_line_that_is_no_http_is_not_logged(
    one: list[Stub], caplog: pytest.LogCaptureFixture
) -> None:
    async with house(one) as h:
        port = int(h.url.rpartition(":")[2])
        with caplog.at_level(logging.DEBUG):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(POST + b"Authorization: Bearer my-secret-key\x01\r\n\r\n")
            assert b" 400 " in await reader.readline()
            writer.close()
        assert "my-secret-key" not in caplog.text


async def test_json_in_another_encoding_is_refused(one: list[Stub]) -> None:
    async with house(one) as h:
        body = json.dumps({"model": "chief", "messages": []}).encode("utf-16")
        async with h.http.post(f"{h.url}/v1/chat/completions", data=body) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("kind", [b"application/json", b"text/event-stream"])
async def test_a_packed_answer_is_refused_before_it_is_unpacked(kind: bytes) -> None:
    bomb = gzip.compress(b" " * 20_000_000)
    async with before(HEAD + b"Content-Type: " + kind + b"\r\nContent-Encoding: gzip\r\n\r\n" + bomb) as (url, _):  # fmt: skip
        got = await asked(url, stream=kind != b"application/json")
        assert got.status == 502
        assert "gzip" in got.text
        assert len(got.text) < 1000


@pytest.mark.parametrize("line", [
    b"X-Request-Id: a\x0bb", b"X-Request-Id: \xff\xfe", b"X-Request-Id: a\r\n b", b"Retry-After: " + b"9" * 5000,
])  # fmt: skip
async def test_a_line_of_a_replicas_head_that_is_none_is_left_out(line: bytes) -> None:
    for rest in (JSON, STREAM + b"\r\ndata: [DONE]\n\n"):
        async with before(HEAD + line + b"\r\n" + rest) as (url, _):
            got = await asked(url, stream=rest != JSON, headers={"X-Request-Id": "mine"})
            assert got.whole
            assert got.headers["x-request-id"] == "mine"
            assert "retry-after" not in got.headers


async def test_a_type_with_more_than_a_charset_is_cut_to_the_type() -> None:
    answer = HEAD + b'Content-Type: application/json; x="\x0b"\r\n\r\n{"choices": []}'
    async with before(answer) as (url, _):
        assert (await asked(url, stream=False)).headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "more"),
    [("/v1/chat/completions", {"stream": False, "tokens": 1}), ("/v1/embeddings", {"stream": False}), ("/tokenize", {"stream": False})],
)  # fmt: skip
async def test_an_answer_in_one_piece_has_a_deadline_for_its_beginning_too(path: str, more: Any) -> None:  # fmt: skip
    async with before(None, first_s=0.2, wait_s=0.2, request_s=60) as (url, pool):
        got = await asyncio.wait_for(asked(url, path=path, **more), 10)
        assert got.status == 504
        assert "no first byte" in got.text
        assert pool.in_flight == 0
