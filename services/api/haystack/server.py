"""The door: one route for all ops and logins under a mount; negotiation in, one grid out."""

from __future__ import annotations

import logging
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from ontology.errors import BadRequest, PlantroomError
from ontology.kinds import Grid
from services.api.haystack.answers import plain, told, written
from services.api.haystack.auth import Auth, Reply, Session
from services.api.haystack.bodies import Bodies
from services.api.haystack.errors import NotAcceptable, TooBusy, UnknownMedia
from services.api.haystack.media import arguments, format_wanted, zinc2
from services.api.haystack.ops import Op, table
from services.api.haystack.served import Call, Served
from services.api.haystack.watches import Watches

MAX_QUERY: Final = 8_192

log = logging.getLogger(__name__)


class HaystackServer:
    """The Haystack HTTP API of one house. `get_writes` lets old clients call writing ops by GET."""

    def __init__(self, served: Served, auth: Auth, *, get_writes: bool = False) -> None:
        self._served, self._auth, self._get_writes = served, auth, get_writes
        self._ops, self._bodies = table(Watches()), Bodies()

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
            return plain(404, "no such op; the op `ops` lists them")
        if request.method == "GET" and not self._may_get(op, request):
            return plain(405, f"{op.name} changes something: use POST", allow="POST")
        return await self._answered(op, known, request)

    async def _answered(self, op: Op, session: Session, request: Request) -> Response:
        """What the op gives, or why it gives nothing, in the format wanted."""
        try:
            wanted, media = format_wanted(request.headers.get("accept", ""))
        except NotAcceptable as error:
            return plain(406, f"{error}; {error.hint}")
        try:
            grid = await self._run(op, session, request)
        except UnknownMedia as error:
            return plain(415, f"{error}; {error.hint}")
        except TooBusy as error:
            return plain(429, f"{error}; {error.hint}", retry_after="1")
        except PlantroomError as error:
            log.info("haystack op %s: %s", op.name, error.code)
            return told(error, wanted, media)
        return await written(zinc2(grid) if session.zinc2 else grid, wanted, media)

    def _may_get(self, op: Op, request: Request) -> bool:
        closes = request.url.path.endswith("/user/logout")
        reads_array = op.name == "pointWrite" and "level" not in request.query_params
        return op.get or closes or reads_array or self._get_writes

    async def _run(self, op: Op, session: Session, request: Request) -> Grid:
        if request.method != "GET":
            grid = await self._bodies.grid(request)
        elif len(request.url.query) > MAX_QUERY:
            raise BadRequest("a very long address", hint="send the grid by POST")
        else:
            grid = arguments(request.query_params.multi_items())
        return await op.handler(Call(self._served, session, grid))


def _said(reply: Reply) -> Response:
    response = Response(status_code=reply.status)
    if reply.header:
        # as it is written in the standard: pyhaystack finds it in no other letter case
        response.raw_headers.append((reply.header.encode(), reply.value.encode()))
    return response
