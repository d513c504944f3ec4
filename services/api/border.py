"""What every request passes first: the Host guard, the body cap, and the headers of every answer."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ontology.errors import BadRequest, PlantroomError, Refused
from services.api.errors import MEDIA_TYPE, NotJson, TooLarge, TooSlow, problem, status_of

_DRAIN: Final = 32 * 1024 * 1024
"""Bytes of a refused body still read, so that the client gets to see the answer."""

_SAFE: Final = ("GET", "HEAD", "OPTIONS")
BEARER_ONLY: Final = "/haystack/"
"""Below it every call carries a token in a header, which no form of another site can: any media type may come."""
BODY_S: Final = 20.0
"""64 KB take this long at 26 kbit/s; a sender that needs longer holds a connection for nothing."""

PUSH: Final = "/api/ingest/samples"
"""Batches of samples, JSON or Arrow: no form of another site can send the header with the secret."""

_CONTENT_POLICY: Final = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = (
    (
        b"content-security-policy",
        _CONTENT_POLICY.encode(),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
"""No remote origin may be contacted from a page of ours, whatever a document or model writes into it.

Inline styles are allowed for the chart library, which positions its canvas with them.
"""


@dataclass(frozen=True)
class Push:
    """Who shows `secret` at the door for samples may send up to `max_body` bytes there."""

    secret: str = field(repr=False)
    max_body: int

    def allows(self, path: str, headers: Mapping[bytes, str]) -> bool:
        """Whether this request may be so long."""
        shown = headers.get(b"x-plantroom-secret", "").encode()
        proven = bool(self.secret) and hmac.compare_digest(shown, self.secret.encode())
        return path == PUSH and proven


class Border:
    """ASGI middleware around the whole application."""

    def __init__(
        self, app: ASGIApp, *, hosts: tuple[str, ...], max_body: int, push: Push | None = None
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._max_body = max_body
        self._push = push

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        sending = _with_headers(send)
        try:
            self._check_origin(headers)
            if scope["method"] not in _SAFE:
                _check_intent(headers, typed=not scope["path"].startswith((BEARER_ONLY, PUSH)))
            wide = self._push is not None and self._push.allows(scope["path"], headers)
            cap = self._push.max_body if self._push and wide else self._max_body
            body = await _whole_body(headers, receive, cap)
        except PlantroomError as error:
            await _refuse(error, sending)
            return
        await self._app(scope, _replay(body, receive), sending)

    def _check_origin(self, headers: dict[bytes, str]) -> None:
        host = headers.get(b"host", "")
        name = _without_port(host)
        if "*" not in self._hosts and name not in self._hosts:
            raise Refused(
                f"this server is not called {name!r:.80}",
                hint=f"open it as {' or '.join(sorted(self._hosts))}, or allow the name in the settings",
            )
        origin = headers.get(b"origin")
        if origin and origin.partition("://")[2].lower() != host.lower():
            raise Refused(
                f"a page of {origin!r:.80} may not use this server",
                hint="open Plantroom's own page",
            )


async def _whole_body(headers: dict[bytes, str], receive: Receive, cap: int) -> bytes | None:
    """The whole body (None: the client has gone); a body over the cap is read away and refused."""
    kept, seen, more = bytearray(), 0, True
    if not headers.get(b"content-length", "0").isdigit():
        raise BadRequest("content-length is not a number", hint="send the length in bytes")
    try:
        async with asyncio.timeout(BODY_S):
            while more and seen <= _DRAIN:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                chunk = message.get("body", b"")
                seen += len(chunk)
                more = message.get("more_body", False)
                if seen <= cap:
                    kept += chunk
    except TimeoutError as cause:
        raise TooSlow(
            f"the request did not end within {BODY_S:g} s", hint="send it whole"
        ) from cause
    if seen > cap:
        raise TooLarge(
            f"the request is over {cap // 1024} KB long",
            hint="ask in a few sentences; put long texts into the documents folder",
        )
    return bytes(kept)


def _check_intent(headers: dict[bytes, str], *, typed: bool) -> None:
    """What changes something is JSON from our own page or a program: a form of another site is neither."""
    if headers.get(b"sec-fetch-site", "none") not in ("same-origin", "none"):
        raise Refused("a page of another site may not do this", hint="open Plantroom's own page")
    if not typed:
        return
    kind = headers.get(b"content-type", "").partition(";")[0].strip().lower()
    empty = headers.get(b"content-length", "0") == "0" and b"transfer-encoding" not in headers
    if kind != "application/json" and not (empty and not kind):
        raise NotJson(
            f"a body of {kind or 'no type'!r:.60}",
            hint="send JSON with Content-Type: application/json",
        )


def _without_port(host: str) -> str:
    name = host.lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]


def _replay(body: bytes | None, receive: Receive) -> Receive:
    """The body once, then what the client does next (it hangs up)."""
    first: list[Message] = [
        {"type": "http.disconnect"}
        if body is None
        else {"type": "http.request", "body": body, "more_body": False}
    ]

    async def replayed() -> Message:
        return first.pop() if first else await receive()

    return replayed


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message.get("headers", ())}
            ours = [pair for pair in SECURITY_HEADERS if pair[0] not in given]
            message = {**message, "headers": [*message.get("headers", ()), *ours]}
        await send(message)

    return sending


async def _refuse(error: PlantroomError, send: Send) -> None:
    body = json.dumps(problem(error)).encode()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status_of(error), "headers": headers})
    await send({"type": "http.response.body", "body": body})
