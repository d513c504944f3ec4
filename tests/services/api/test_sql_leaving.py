"""Clients that go away or do not read: their queries end, their files are closed."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass, field

import pytest
from starlette.requests import Request
from starlette.types import Message

from ontology.errors import Unavailable
from services.api import sql


@dataclass
class Leaving:
    """A client that has sent its question, and leaves when told."""

    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    def request(self) -> Request:
        return Request({"type": "http"}, self.receive)


async def test_a_query_ends_when_its_client_leaves() -> None:
    client, ended = Leaving(), asyncio.Event()

    async def query() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    asyncio.get_running_loop().call_later(0.05, client.left.set)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(sql._while_wanted(client.request(), query()), 5)
    assert ended.is_set()


async def test_a_query_whose_client_stays_is_answered() -> None:
    async def query() -> int:
        return 7

    assert await sql._while_wanted(Leaving().request(), query()) == 7


async def test_a_client_that_does_not_read_gets_no_more_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sql, "SEND_S", 0.1)

    file = io.BytesIO(b"x" * 1_000_000)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    sent = sql._Sent(file, media_type="text/csv", headers={})
    await asyncio.wait_for(
        sent({"type": "http", "asgi": {"spec_version": "2.4"}}, Leaving().receive, send), 5
    )
    assert file.closed
    assert sql._sending.now == 0
