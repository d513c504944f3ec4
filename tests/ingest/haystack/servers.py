"""Haystack servers that go wrong in one way each: a few lines on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Served:
    """Where it listens, and the requests it got (head and body)."""

    url: str = ""
    asked: list[str] = field(default_factory=list)


def answer(
    body: bytes,
    *,
    status: str = "200 OK",
    kind: str = "text/zinc; charset=utf-8",
    more: str = "",
    length: int | None = None,
) -> bytes:
    """A whole HTTP answer; `length` may lie."""
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{more}connection: close\r\n"
    shown = len(body) if length is None else length
    head += f"content-length: {shown}\r\n" if shown >= 0 else ""
    return head.encode() + b"\r\n" + body


@contextlib.asynccontextmanager
async def serving(
    reply: Callable[[str], bytes] | None = None, talk: Talk | None = None
) -> AsyncIterator[Served]:
    """A server that sends `reply(request)` and hangs up, or does whatever `talk` does."""
    served = Served()
    open_now: set[asyncio.StreamWriter] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_now.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = int((re.search(r"(?im)^content-length: (\d+)", head) or ["", "0"])[1])
            served.asked.append(head + (await reader.readexactly(size)).decode())
            if talk is not None:
                await talk(reader, writer)
            elif reply is not None:
                writer.write(reply(served.asked[-1]))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/demo"
    try:
        yield served
    finally:
        server.close()
        for writer in open_now:
            writer.transport.abort()
