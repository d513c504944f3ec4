"""One attempt at one replica: send, wait within deadlines, pass bytes on. Whatever can go wrong there has one name here."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from services.llm.box import Gateway
from services.llm.gateway.ask import Ask
from services.llm.gateway.errors import (
    ClientGone,
    GatewayError,
    NobodyListens,
    ReplicaDown,
    ReplicaErred,
    ReplicaFailed,
    ReplicaSilent,
    TooLate,
)
from services.llm.gateway.pool import Place

# A host that is switched off does not answer; loopback and a machine room do within milliseconds.
CONNECT_S = 5.0
# uvicorn, which vLLM runs on, closes an idle connection after 5 s; one second less, so that no request meets the end.
KEEP_S = 4.0
# Embeddings of a large batch are the largest answers: 2,048 x 4,096 numbers are 80 MB of text and nobody's right.
MOST_ANSWER_BYTES = 32 * 2**20
# Reading a megabyte of JSON holds up all other streams for 5 ms.
MOST_PARSED_BYTES = 2**20
# What of a replica's own words about its failure is passed on.
MOST_WORDS = 300


def session() -> aiohttp.ClientSession:
    """Connections to replicas: no proxies, no cookies, no limit but the pool's."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_S),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,  # nothing packed is asked for: see _judge
    )


async def read_bounded(answer: aiohttp.ClientResponse, most: int) -> bytes:
    """A body's first `most` bytes or a little more; the rest is left unread."""
    read = bytearray()
    while len(read) < most and (chunk := await answer.content.readany()):
        read += chunk
    return bytes(read)


@dataclass(slots=True)
class Attempt:
    """A request at a replica.

    Deadlines hold through `place.until`, which a replica taken DOWN ends at once. `begun`: bytes have gone to the
    client; `writing`: just now it is the client who is waited for.
    """

    place: Place
    ask: Ask
    limits: Gateway
    whole_at: float
    answer: aiohttp.ClientResponse = field(init=False)
    begun: bool = False
    writing: bool = False

    @asynccontextmanager
    async def sent(
        self, http: aiohttp.ClientSession, key: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The replica's answer, its head read and found to be one that a client may see.

        Raises ReplicaFailed and its kinds, and TooLate. Everything inside of the block runs under the same deadlines.
        """
        headers = {**self.ask.headers, **({"Authorization": f"Bearer {key}"} if key else {})}
        try:
            async with asyncio.timeout_at(
                min(self.whole_at, _now() + self.ask.first_s)
            ) as self.place.until:
                if self.place.lost:  # taken down between the choice and here
                    raise self._late()
                url = self.place.replica.base + self.ask.path
                body = io.BytesIO(
                    self.ask.body
                )  # sent in pieces: a long prompt does not hold up the other streams
                async with http.post(
                    url, data=body, headers=headers, allow_redirects=False
                ) as self.answer:
                    self.place.beat()
                    await self._judge()
                    yield self.answer
        except aiohttp.ServerTimeoutError as cause:
            raise NobodyListens(f"{self._name}: no connection within {CONNECT_S:g} s") from cause
        except aiohttp.ClientConnectorError as cause:
            raise NobodyListens(
                f"{self._name}: nobody listens at {self.place.replica.base}"
            ) from cause
        except aiohttp.ClientError as cause:
            raise ReplicaFailed(
                f"{self._name} closed the connection ({type(cause).__name__})"
            ) from cause
        except TimeoutError as cause:
            raise self._late() from cause
        finally:
            self.place.until = None

    async def chunk(self) -> bytes:
        """The next bytes as they came; empty at the end."""
        chunk = await self.answer.content.readany()
        if self.place.lost:
            raise self._late()
        self.place.beat()
        assert self.place.until is not None
        self.place.until.reschedule(min(self.whole_at, _now() + self.limits.idle_s))
        return chunk

    async def whole(self) -> bytes:
        """An answer in one piece. Raises ReplicaFailed for one too large, or that is no JSON."""
        chunks: list[bytes] = []
        size = 0
        while chunk := await self.chunk():
            size += len(chunk)
            if size > MOST_ANSWER_BYTES:
                self.answer.close()
                raise ReplicaFailed(
                    f"{self._name} answered with more than {MOST_ANSWER_BYTES:,} bytes"
                )
            chunks.append(chunk)
        body = b"".join(chunks)
        if not _is_object(body):
            raise ReplicaFailed(
                f"{self._name} answered with what is no JSON object", hint=_NOT_OPENAI
            )
        return body

    @property
    def _name(self) -> str:
        return f"replica {self.place.replica.name}"

    async def _judge(self) -> None:
        """Refuse what no client should see: errors of the server, other people's pages, redirects, refused keys."""
        status, kind = self.answer.status, self.answer.content_type
        if status in (401, 403):
            raise ReplicaFailed(
                f"{self._name} refused the gateway's own key", hint="give it with --upstream-key"
            )
        if status >= 500:
            raise ReplicaErred(f"{self._name} answered {status}{await self._words()}")
        if kind not in ("application/json", "text/event-stream") or not (
            status == 200 or status >= 400
        ):
            raise ReplicaFailed(
                f"{self._name} answered {status} with {kind[:80]}", hint=_NOT_OPENAI
            )
        packed = self.answer.headers.get("Content-Encoding", "identity")[:20]
        if (
            packed.strip().lower() != "identity"
        ):  # 300 kB of gzip can be 300 MB; nobody asked for it
            raise ReplicaFailed(f"{self._name} answered in {packed!r}, not asked for", hint=_NOT_OPENAI)  # fmt: skip

    async def _words(self) -> str:
        """What its error object says, shortened."""
        try:
            said: Any = json.loads(await read_bounded(self.answer, 65_536))
            words = said["error"]["message"] if isinstance(said["error"], dict) else said["error"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return ""
        return f": {str(words)[:MOST_WORDS]}"

    def _late(self) -> GatewayError:
        if self.place.lost:
            return ReplicaDown(f"{self._name}: {self.place.lost}")
        if self.writing:
            return ClientGone("the client does not read its answer")
        if _now() >= self.whole_at:
            return TooLate(f"no whole answer within {self.ask.within_s:g} s", hint="ask for fewer tokens, or give more time")  # fmt: skip
        if self.begun:
            return ReplicaSilent(f"{self._name} gave no byte for {self.limits.idle_s:g} s")
        return ReplicaSilent(f"{self._name} gave no first byte within {self.ask.first_s:g} s")


def _is_object(body: bytes) -> bool:
    """Whether it is a JSON object; of a large one only its ends are looked at."""
    if len(body) > MOST_PARSED_BYTES:
        return body.startswith(b"{") and body.rstrip().endswith(b"}")
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


_NOT_OPENAI = "something else answers at its port; see `plantroom llm status`"


def _now() -> float:
    return asyncio.get_running_loop().time()
