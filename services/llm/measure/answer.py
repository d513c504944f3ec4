"""One streamed answer of an OpenAI-compatible server, timed: first token, gaps, last token; or what went wrong, by kind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp

from services.llm.measure.timed import Api, Limits, Timed, Wrong

MOST_LINE: Final = 1_000_000
"""Bytes of one event; a server that sends no line end must not fill the memory."""
MOST_BYTES: Final = 64_000_000
MOST_SHOWN: Final = 300
_WORDS: Final = ("content", "reasoning_content", "reasoning", "tool_calls")


class _Broken(Exception):
    def __init__(self, kind: Wrong, says: str = "") -> None:
        super().__init__(says)
        self.kind = kind


async def ask(
    session: aiohttp.ClientSession, url: str, api: Api, body: Mapping[str, Any], *, limits: Limits, began: float
) -> Timed:  # fmt: skip
    """Send one request and time its answer; `began`: the run's first instant on the loop's clock. Never raises for a server."""
    clock = asyncio.get_running_loop().time
    sent = clock()
    timed = Timed(sent - began)
    try:
        async with asyncio.timeout(limits.request_s):
            await _read(session, url + api.route, body, limits, timed)
    except _Broken as broken:
        timed.wrong, timed.says = broken.kind, str(broken)[:MOST_SHOWN]
    except TimeoutError:
        timed.wrong = _which_wait(timed, clock() - sent, limits)
        timed.says = f"after {clock() - sent:.1f} s"
    except aiohttp.ClientConnectorError as cause:
        timed.wrong, timed.says = Wrong.CONNECT, str(cause.os_error)[:MOST_SHOWN]
    except (aiohttp.ClientError, ConnectionError) as cause:
        timed.wrong = Wrong.EARLY
        timed.says = f"{type(cause).__name__}: {cause}"[:MOST_SHOWN]
    return timed


def _which_wait(timed: Timed, after_s: float, limits: Limits) -> Wrong:
    if after_s >= limits.request_s:
        return Wrong.LONG
    return Wrong.HUNG_FIRST if timed.first_s is None else Wrong.HUNG


async def _read(
    session: aiohttp.ClientSession, url: str, body: Mapping[str, Any], limits: Limits, timed: Timed
) -> None:
    clock = asyncio.get_running_loop().time
    sent = clock()
    ended = False
    async with asyncio.timeout(limits.first_s) as wait, session.post(url, json=body) as answer:
        await _need_stream(answer, timed)
        async for data in _events(answer):
            ended = data == b"[DONE]"
            if ended:
                break
            if _take(timed, data, clock() - sent):
                wait.reschedule(clock() + limits.idle_s)
    if timed.first_s is None and timed.answer_tokens == 1:
        # the whole answer has no letters: half of one, or a mark that is not shown
        timed.first_s = timed.last_s = clock() - sent
        timed.chunks = 1
    if timed.first_s is None:
        raise _Broken(Wrong.EMPTY, "the stream ended without a token")
    if not ended:
        raise _Broken(Wrong.EARLY, "the stream ended without [DONE]")


async def _need_stream(answer: aiohttp.ClientResponse, timed: Timed) -> None:
    kind = answer.content_type
    timed.status = answer.status
    if answer.status == 200 and kind == "text/event-stream":
        return
    text = (await answer.content.read(MOST_SHOWN)).decode(errors="replace")
    if answer.status != 200:
        raise _Broken(Wrong.REFUSED, f"{answer.status} {text}")
    raise _Broken(Wrong.PAGE, f"{kind}: {text}")


async def _events(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The data of each event; comments and other fields are passed over."""
    rest, read = b"", 0
    async for piece in answer.content.iter_any():
        read += len(piece)
        *lines, rest = (rest + piece).split(b"\n")
        if len(rest) > MOST_LINE or read > MOST_BYTES:
            raise _Broken(Wrong.MALFORMED, f"an event or answer beyond {MOST_LINE:,} / {MOST_BYTES:,} bytes")  # fmt: skip
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()


def _take(timed: Timed, data: bytes, at_s: float) -> bool:
    """Note what an event carries; whether it was a token."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as cause:
        raise _Broken(Wrong.MALFORMED, repr(data[:MOST_SHOWN])) from cause
    if not isinstance(found, dict):
        raise _Broken(Wrong.MALFORMED, repr(data[:MOST_SHOWN]))
    if found.get("error"):
        raise _Broken(Wrong.TOLD, str(found["error"]))
    usage = found.get("usage")
    if isinstance(usage, dict):
        timed.prompt_tokens = _count(usage.get("prompt_tokens"), timed.prompt_tokens)
        timed.answer_tokens = _count(usage.get("completion_tokens"), timed.answer_tokens)
    if not _speaks(found.get("choices")):
        return False
    if timed.first_s is None or timed.last_s is None:
        timed.first_s = at_s
    else:
        timed.gaps_s.append(at_s - timed.last_s)
    timed.last_s = at_s
    timed.chunks += 1
    return True


def _count(value: object, before: int | None) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else before  # fmt: skip


def _speaks(choices: object) -> bool:
    """Whether an event's first choice holds a token: text, thought or a call. A bare role or end is none.

    An empty text is one where no role is told beside it: a token may be half a letter, or end the text.
    """
    first = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(first, dict):
        return False
    delta = first.get("delta")
    if isinstance(delta, dict):
        if any(delta.get(name) for name in _WORDS):
            return True
        return isinstance(delta.get("content"), str) and "role" not in delta
    return bool(first.get("text")) or ("text" in first and first.get("finish_reason") is None)
