"""What a client asks, read once from its request: nothing of it is trusted, most of it is passed on as it came."""

from __future__ import annotations

import asyncio
import json
import math
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from ontology.errors import BadRequest
from services.llm.box import Box, Gateway
from services.llm.gateway.aliases import Aliases
from services.llm.gateway.errors import QueueFull, TooLate
from services.llm.gateway.prefixes import Blocks, prompt_blocks

# What may be asked, by the name it has in metrics. Everything else is refused: a replica has routes that load code
# and adapters, and a client has no business there.
PATHS = {
    "/v1/chat/completions": "chat", "/v1/completions": "completions", "/v1/embeddings": "embeddings",
    "/tokenize": "tokenize",
}  # fmt: skip
# A prompt of a million tokens is 4 MB; twice that leaves room for a picture. JSON of this size takes 50 ms to read.
MOST_BODY_BYTES = 8 * 2**20
# All bodies that are held at once, read or being read: 64 of the largest, thousands of the usual ones. Without it the
# queue's length would be bounded and its memory not.
MOST_HELD_BYTES = 64 * MOST_BODY_BYTES
# A client that needs longer to send its question is holding a place for nothing.
BODY_S = 30.0
MOST_NAME = 256
_WRITING = ("chat", "completions")
# A large model on processors still writes one token a second; a replica that needs longer has stopped.
SLOWEST_TOK_S = 1.0
SESSION_HEADER = "X-Session-Id"
DEADLINE_HEADER = "X-Deadline-S"
REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
# Headers a replica may see: what is listed. Keys, cookies and whatever belongs to one hop stay here.
_PASSED_ON = ("Accept", "traceparent", "tracestate")


class Room:
    """Memory for the bodies of requests, from their first byte until they are answered."""

    def __init__(self, most: int = MOST_HELD_BYTES) -> None:
        self._most, self.held = most, 0

    @contextmanager
    def of(self, request: web.Request) -> Iterator[Body]:
        """Room for one, taken as its bytes come: who only says that many will come, or sends none, takes none."""
        body = Body(request, self._take)
        try:
            yield body
        finally:
            self.held -= len(body.raw)

    def _take(self, size: int) -> None:
        if self.held + size > self._most:
            raise QueueFull(
                f"requests of {self.held:,} bytes are held already", hint="try again later"
            )
        self.held += size


class Body:
    """A request's body. `take` is asked for room before each piece is kept, and raises where there is none."""

    def __init__(self, request: web.Request, take: Callable[[int], None]) -> None:
        self._request, self._take = request, take
        self.raw = bytearray()

    async def read(self) -> bytes:
        """All of it. Raises QueueFull, TooLate for one that does not come, and aiohttp's own for one too large."""
        self._bounded(self._request.content_length or 0)
        try:
            async with asyncio.timeout(BODY_S):
                while piece := await self._request.content.readany():
                    self._bounded(len(self.raw) + len(piece))
                    self._take(len(piece))
                    self.raw += piece
        except TimeoutError as cause:
            raise TooLate(f"the request's body did not come within {BODY_S:g} s") from cause
        return bytes(self.raw)

    def _bounded(self, size: int) -> None:
        if size > MOST_BODY_BYTES:
            raise web.HTTPRequestEntityTooLarge(MOST_BODY_BYTES, size)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request on its way. `within_s`: for the whole answer, `first_s`: for its first byte; `session` is empty where
    none was named."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    stream: bool
    blocks: Blocks
    session: str
    within_s: float
    first_s: float
    id: str

    @property
    def kind(self) -> str:
        """The route's name in metrics."""
        return PATHS[self.path]


def ask_of(request: web.Request, raw: bytes, box: Box, aliases: Aliases) -> Ask:
    """A request whose body is `raw`. Raises BadRequest."""
    body = _object(raw)
    asked = body.get("model") or box.served.name
    if not isinstance(asked, str) or len(asked) > MOST_NAME:
        raise BadRequest(f"`model` must be a name of at most {MOST_NAME} characters")
    model = aliases.model(asked)
    if model != body.get("model"):
        body["model"] = model
        raw = json.dumps(body, separators=(",", ":")).encode()
    id = _id(request.headers.get("X-Request-Id", ""))
    passed = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    return Ask(
        request.path, raw,
        {**passed, "Content-Type": "application/json", "Accept-Encoding": "identity", "X-Request-Id": id},
        body.get("stream") is True, prompt_blocks(body), _session(request, body),
        _within_s(request.headers.get(DEADLINE_HEADER), box.gateway.request_s),
        _first_s(body, PATHS[request.path], box.gateway), id,
    )  # fmt: skip


def _object(raw: bytes) -> dict[str, Any]:
    try:  # as UTF-8: of other encodings a replica might read something else
        body = json.loads(raw.decode())
    except (ValueError, RecursionError) as cause:
        raise BadRequest("the request's body is no JSON", hint="send an object as OpenAI's API has it") from cause  # fmt: skip
    if not isinstance(body, dict):
        raise BadRequest(
            "the request's body is no JSON object", hint="send an object as OpenAI's API has it"
        )
    return body


def _session(request: web.Request, body: dict[str, Any]) -> str:
    named = request.headers.get(SESSION_HEADER) or body.get("user") or ""
    return named[:MOST_NAME] if isinstance(named, str) else ""


def _within_s(given: str | None, most: float) -> float:
    """The client's own deadline where it is the sooner one."""
    if given is None:
        return most
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise BadRequest(f"{DEADLINE_HEADER} must be seconds above 0, such as 12.5")
    return min(most, seconds)


def _first_s(body: dict[str, Any], kind: str, limits: Gateway) -> float:
    """Longest silence before an answer begins. One in one piece begins with its end: it gets its tokens' time besides."""
    if body.get("stream") is True or kind not in _WRITING:
        return limits.first_s
    asked = body.get("max_completion_tokens") or body.get("max_tokens")
    if not isinstance(asked, int) or asked <= 0:
        return limits.request_s
    return min(limits.request_s, limits.first_s + asked / SLOWEST_TOK_S)


def _id(given: str) -> str:
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
