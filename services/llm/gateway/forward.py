"""A request's whole way: a place, an attempt, another one where the first failed before its first byte; then bytes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from services.llm.gateway.ask import REQUEST_ID, Ask
from services.llm.gateway.budget import Budget
from services.llm.gateway.errors import (
    ClientGone,
    GatewayError,
    NobodyListens,
    ReplicaDown,
    ReplicaErred,
    ReplicaFailed,
    TooLate,
    body_of,
)
from services.llm.gateway.metrics import TAIL_BYTES, Metrics
from services.llm.gateway.pool import Place, Pool
from services.llm.gateway.upstream import Attempt

# A third replica that fails on one request is a request that kills replicas.
MOST_RETRIES = 2
# Where only replicas are left that failed this request: time for their supervisor to see it, once and then twice.
PAUSE_S = 1.0
_SHOWN = {
    "X-Request-Id": REQUEST_ID, "Retry-After": re.compile(r"[\w ,:]{1,40}", re.ASCII),
    "Content-Type": re.compile(r"[\w/.+-]+(; ?charset=[\w-]+)?", re.ASCII),
}  # fmt: skip


@dataclass(slots=True)
class Way:
    """One request under way. `wait_left_s`: of its wait, over all attempts."""

    request: web.Request
    ask: Ask
    started: float
    whole_at: float
    wait_left_s: float
    tried: set[str] = field(default_factory=set)
    failures: int = 0
    erred: list[Place] = field(default_factory=list)
    """Where it was answered with a 5xx."""
    replica: str = "none"
    out: web.StreamResponse | None = None

    @property
    def own_fault(self) -> bool:
        """Two replicas answered it with a 5xx: the request is wrong, not the house."""
        return len({place.replica.name for place in self.erred}) > 1


class Forwarder:
    """Sends requests to the replicas of a pool and their answers back. `key`: shown to replicas."""

    def __init__(self, pool: Pool, http: aiohttp.ClientSession, key: str, metrics: Metrics) -> None:
        self._pool, self._http, self._key, self._metrics = pool, http, key, metrics
        self._budget = Budget(pool.box.gateway.most_in_flight)

    async def answer(self, request: web.Request, ask: Ask) -> web.StreamResponse:
        """The replica's answer; raises GatewayError where none can be had. After its first byte it raises no more."""
        limits = self._pool.box.gateway
        way = Way(request, ask, time.monotonic(), _now() + ask.within_s, limits.wait_s)
        self._budget.asked()
        code = 499
        try:
            answer = await self._tried(way)
        except GatewayError as error:
            code = error.status
            if way.out is None:
                raise
            return await self._broken_off(way, error)
        else:
            code = answer.status
            return answer
        finally:
            self._metrics.requests.labels(ask.kind, way.replica, str(code)).inc()
            self._metrics.whole.labels(ask.kind).observe(time.monotonic() - way.started)

    async def _tried(self, way: Way) -> web.StreamResponse:
        """Attempts until one succeeds. Bounded: by the budget and MOST_RETRIES where a replica may have read the
        request, by its wait where nobody listened, since a breaker lets one such attempt through a second."""
        while True:
            try:
                return await self._attempt(way)
            except ReplicaFailed as failure:
                if way.out is not None or not self._again(way, failure):
                    raise
                self._metrics.retries.labels(way.replica, failure.code).inc()
                if not isinstance(failure, (NobodyListens, ReplicaDown)):
                    await self._pause(way)

    def _again(self, way: Way, failure: ReplicaFailed) -> bool:
        way.tried.add(way.replica)
        if isinstance(failure, NobodyListens):
            return True
        way.failures += 1
        return way.failures <= MOST_RETRIES and not way.own_fault and self._budget.spend()

    async def _pause(self, way: Way) -> None:
        if self._pool.ready_beside(way.tried):
            return
        nap = max(0.0, min(PAUSE_S * way.failures, way.wait_left_s, way.whole_at - _now()))
        way.wait_left_s -= nap
        await asyncio.sleep(nap)

    async def _attempt(self, way: Way) -> web.StreamResponse:
        from_ = _now()
        wait_s = max(0.0, min(way.wait_left_s, way.whole_at - from_))
        async with self._pool.place(
            way.ask.blocks, way.ask.session, wait_s, frozenset(way.tried)
        ) as place:
            waited = _now() - from_
            way.wait_left_s -= waited
            way.replica = place.replica.name
            self._metrics.waited.observe(waited)
            self._metrics.placed(place, len(way.ask.blocks))
            try:
                return await self._at(place, way)
            except ReplicaFailed as failure:
                nobody = isinstance(failure, NobodyListens)
                way.wait_left_s -= (_now() - from_ - waited) if nobody else 0.0
                self._blame(place, way, failure)
                raise
            except (ClientGone, TooLate, asyncio.CancelledError):
                self._pool.unknown(place)
                raise

    def _blame(self, place: Place, way: Way, failure: ReplicaFailed) -> None:
        """A request that is wrong itself must not shut out the house."""
        if isinstance(failure, ReplicaErred):
            way.erred.append(place)
        if not way.own_fault:
            self._pool.failed(place, refused=isinstance(failure, NobodyListens))
            return
        for each in way.erred:
            self._pool.answered(each)

    async def _at(self, place: Place, way: Way) -> web.StreamResponse:
        attempt = Attempt(place, way.ask, self._pool.box.gateway, way.whole_at)
        async with attempt.sent(self._http, self._key) as head:
            if head.content_type == "text/event-stream":
                return await self._streamed(attempt, way)
            body = await attempt.whole()
        self._pool.answered(place)
        self._metrics.first.labels(way.ask.kind).observe(time.monotonic() - way.started)
        self._metrics.used(place.replica.name, body)
        return web.Response(body=body, status=head.status, headers=_headers(head, way.ask))

    async def _streamed(self, attempt: Attempt, way: Way) -> web.StreamResponse:
        chunk = await attempt.chunk()
        if not chunk:
            raise ReplicaFailed(f"replica {way.replica} closed its stream before the first token")
        self._pool.answered(attempt.place)
        out = web.StreamResponse(
            status=attempt.answer.status, headers=_headers(attempt.answer, way.ask)
        )
        end = b""
        way.out, attempt.begun = out, True
        self._metrics.first.labels(way.ask.kind).observe(time.monotonic() - way.started)
        try:
            await out.prepare(way.request)
            while chunk:
                attempt.writing = True
                await out.write(chunk)
                attempt.writing = False
                end = (end + chunk)[-TAIL_BYTES:]
                chunk = await self._next(attempt)
            await out.write_eof()
        except (ConnectionResetError, BrokenPipeError) as cause:
            attempt.answer.close()
            raise ClientGone("the client left") from cause
        self._metrics.used(way.replica, end)
        return out

    async def _next(self, attempt: Attempt) -> bytes:
        """The next bytes; a connection lost to the replica is not one lost to the client."""
        try:
            return await attempt.chunk()
        except ConnectionResetError as cause:
            raise ReplicaFailed(
                f"replica {attempt.place.replica.name} closed the connection"
            ) from cause

    async def _broken_off(self, way: Way, error: GatewayError) -> web.StreamResponse:
        """After the first byte: an error event, as vLLM sends one, then an end that no client takes for a whole answer."""
        assert way.out is not None
        if not isinstance(error, ClientGone):
            self._metrics.broken.labels(way.replica).inc()
            event = web.json_response(body_of(error)).body
            assert isinstance(event, bytes)
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                await way.out.write(b"\n\ndata: " + event + b"\n\n")
        if way.request.transport is not None:
            way.request.transport.close()
        return way.out


def _headers(answer: aiohttp.ClientResponse, ask: Ask) -> dict[str, str]:
    """What a client sees of the replica's head: what is of the form it should have, so that none can be smuggled in."""
    shown = {
        name: answer.headers[name]
        for name, form in _SHOWN.items() if form.fullmatch(answer.headers.get(name, ""))
    }  # fmt: skip
    return {"X-Request-Id": ask.id, "Content-Type": answer.content_type, "Cache-Control": "no-store", **shown}  # fmt: skip


def _now() -> float:
    return asyncio.get_running_loop().time()
