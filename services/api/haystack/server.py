"""The door: one route for all ops and logins under a mount; negotiation in, one grid out."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from ontology.errors import BadRequest, PlantroomError
from ontology.kinds import Grid
from services.api.haystack.auth import Auth, Reply, Session
from services.api.haystack.errors import NotAcceptable, UnknownMedia, error_grid
from services.api.haystack.media import Format, arguments, decode, format_wanted, zinc2
from services.api.haystack.ops import Op, table
from services.api.haystack.served import Call, Served
from services.api.haystack.watches import Watches

MAX_BODY: Final = 2 * 1024 * 1024
"""Bytes of a request: ten thousand ids, or a week of samples of a point."""
MAX_QUERY: Final = 8_192
_THREAD_ROWS: Final = 500
"""Answers longer than this are written in a thread, so that others are served meanwhile."""

log = logging.getLogger(__name__)


class HaystackServer:
    """The Haystack HTTP API of one house. `get_writes` lets old clients call writing ops by GET."""

    def __init__(self, served: Served, auth: Auth, *, get_writes: bool = False) -> None:
        self._served, self._auth, self._get_writes = served, auth, get_writes
        self._ops = table(Watches())

    def router(self, prefix: str = "") -> APIRouter:
        """One route for `prefix/op`, `prefix/api/project/op`, and logins anywhere below."""
        router = APIRouter(prefix=prefix, include_in_schema=False)
        router.add_api_route("/{path:path}", self.answer, methods=["GET", "POST"])
        return router

    async def answer(self, request: Request) -> Response:
        """The answer to one request: a login's next message, a status, or a grid."""
        peer = request.client.host if request.client else ""
        known = self._auth.answer(request.headers.get("authorization"), peer)
        if isinstance(known, Reply):
            return _said(known)
        path = request.url.path.rstrip("/")
        op = self._ops.get(path.rpartition("/")[2])
        if path.endswith("/user/logout") or (op is not None and op.name == "close"):
            self._auth.close(known)  # SkySpark's way of closing, which pyhaystack uses
            op = self._ops["close"]
        if op is None:
            return _plain(404, "no such op; the op `ops` lists them")
        if request.method == "GET" and not self._may_get(op, request):
            return _plain(405, f"{op.name} changes something: use POST", allow="POST")
        try:
            wanted, media = format_wanted(request.headers.get("accept", ""))
            grid = await self._run(op, known, request)
        except NotAcceptable as error:
            return _plain(406, f"{error}; {error.hint}")
        except UnknownMedia as error:
            return _plain(415, f"{error}; {error.hint}")
        return await _written(zinc2(grid) if known.zinc2 else grid, wanted, media)

    def _may_get(self, op: Op, request: Request) -> bool:
        closes = request.url.path.endswith("/user/logout")
        reads_array = op.name == "pointWrite" and "level" not in request.query_params
        return op.get or closes or reads_array or self._get_writes

    async def _run(self, op: Op, session: Session, request: Request) -> Grid:
        try:
            if request.method == "GET":
                if len(request.url.query) > MAX_QUERY:
                    raise BadRequest("a very long address", hint="send the grid by POST")
                grid = arguments(request.query_params.multi_items())
            else:
                body = await _body(request)
                grid = await asyncio.to_thread(
                    decode, body, request.headers.get("content-type", "")
                )
            return await op.handler(Call(self._served, session, grid))
        except (NotAcceptable, UnknownMedia):
            raise
        except PlantroomError as error:
            log.info("haystack op %s: %s", op.name, error.code)
            return error_grid(error)


async def _body(request: Request) -> bytes:
    kept = bytearray()
    async for chunk in request.stream():
        kept += chunk
        if len(kept) > MAX_BODY:
            raise BadRequest(f"a grid of more than {MAX_BODY} bytes", hint="send it in parts")
    return bytes(kept)


async def _written(grid: Grid, wanted: Format, media: str) -> Response:
    assert wanted.encode is not None
    try:
        if len(grid) > _THREAD_ROWS:
            text = await asyncio.to_thread(wanted.encode, grid)
        else:
            text = wanted.encode(grid)
    except PlantroomError as error:  # a value the format cannot hold
        text = wanted.encode(error_grid(error))
    return Response(text.encode(), media_type=f"{media}; charset=utf-8")


def _said(reply: Reply) -> Response:
    response = Response(status_code=reply.status)
    if reply.header:
        # as it is written in the standard: pyhaystack finds it in no other letter case
        response.raw_headers.append((reply.header.encode(), reply.value.encode()))
    return response


def _plain(status: int, says: str, **headers: str) -> Response:
    return Response(f"{says}\n", status, headers=headers, media_type="text/plain; charset=utf-8")
