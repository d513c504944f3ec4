"""The gateway as a server: which routes there are, who may use them, how errors look, how it starts and stops.

pool = Pool(box)                                  # a Traffic: hand it to the supervisor
async with serving(pool, Keys(admin=key)) as url:  # http://127.0.0.1:8000
    ...
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST

from ontology.errors import (
    BadRequest,
    Conflict,
    Corrupt,
    NotFound,
    PlantroomError,
    Refused,
    Unavailable,
)
from services.llm.box import reachable
from services.llm.gateway.admin import Admin
from services.llm.gateway.aliases import Aliases
from services.llm.gateway.ask import MOST_BODY_BYTES, PATHS, Room, ask_of
from services.llm.gateway.errors import RETRY_AFTER_S, GatewayError, body_of, error_body
from services.llm.gateway.forward import Forwarder
from services.llm.gateway.keys import Keys, admits
from services.llm.gateway.metrics import Metrics
from services.llm.gateway.models import Models
from services.llm.gateway.pool import Pool
from services.llm.gateway.upstream import session

# One line or header; OpenAI's clients send 2 kB in all.
MOST_HEADER_BYTES = 8190
MOST_HEADERS = 64
# Idle connections, and heads that come too slowly, are closed after this.
KEEP_S = 75.0
# Connections beyond what is in flight and waiting: health checks, scrapes, the idle ones of keep-alive clients.
SPARE_CONNECTIONS = 1024
_LOG = logging.getLogger("plantroom.gateway")
_LOG.addFilter(
    lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
)
"""Without requests that are no HTTP: aiohttp quotes the line it could not read, and a key may stand in it."""
_ADMIN = ("/replicas", "/aliases")
_OPEN = ("/health", "/metrics")
_STATUS: tuple[tuple[type[PlantroomError], int], ...] = (
    (Refused, 403), (BadRequest, 400), (NotFound, 404), (Conflict, 409), (Unavailable, 503), (Corrupt, 500),
)  # fmt: skip


@asynccontextmanager
async def serving(
    pool: Pool, keys: Keys | None = None, *, aliases: Aliases | None = None, stop_s: float = 10.0
) -> AsyncIterator[str]:
    """The gateway of the pool's box, listening while the block runs; gives its URL, without /v1.

    At the end it takes no more connections and lets what is in flight end for `stop_s` seconds.
    Raises Conflict where its port is taken, Unavailable where its address is not this machine's.
    """
    gateway = pool.box.gateway
    async with session() as http:
        app = _application(pool, keys or Keys(), aliases or Aliases(), http)
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, keepalive_timeout=KEEP_S, shutdown_timeout=stop_s,
            max_line_size=MOST_HEADER_BYTES, max_field_size=MOST_HEADER_BYTES, max_headers=MOST_HEADERS, logger=_LOG,
        )  # fmt: skip
        await runner.setup()
        try:
            server = await _listen(
                runner, gateway.host, gateway.port, gateway.most_in_flight + gateway.most_waiting
            )
            try:
                port = server.sockets[0].getsockname()[1]
                yield f"http://{reachable(gateway.host)}:{port}"
            finally:
                server.close()
        finally:
            await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int, requests: int) -> asyncio.Server:
    """Connections beyond the bound are closed as they come: whoever opens thousands cannot eat the memory."""
    server = runner.server
    assert server is not None
    most = requests + SPARE_CONNECTIONS

    def protocol() -> asyncio.Protocol:
        return server() if len(server.connections) < most else _Full()

    try:
        return await asyncio.get_running_loop().create_server(protocol, host, port, backlog=1024)
    except OSError as cause:
        if cause.errno == 98:
            raise Conflict(
                f"port {port} of {host} is taken",
                hint="give gateway.port another, or stop who has it",
            ) from cause
        raise Unavailable(
            f"cannot listen at {host}:{port}: {cause.strerror}",
            hint="gateway.host must be an address of this machine",
        ) from cause


class _Full(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _application(pool: Pool, keys: Keys, aliases: Aliases, http: Any) -> web.Application:
    metrics, models = Metrics(pool), Models(pool, http, keys.upstream)
    forwarder, room = Forwarder(pool, http, keys.upstream, metrics), Room()

    async def ask(request: web.Request) -> web.StreamResponse:
        with room.of(request) as body:
            asked = ask_of(request, await body.read(), pool.box, aliases)
            return await forwarder.answer(request, asked)

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": await models.merged(aliases.current())})

    async def health(_: web.Request) -> web.Response:
        turns = {one.name: one.turn.value for one in pool.listed()}
        return web.json_response(
            {"ready": pool.ready, "replicas": turns}, status=200 if pool.ready else 503
        )

    async def counted(_: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(middlewares=[_explained, _guard(keys)], client_max_size=MOST_BODY_BYTES)
    app.add_routes([
        *(web.post(path, ask) for path in PATHS), web.get("/v1/models", listed), web.get("/health", health),
        web.get("/metrics", counted), *Admin(pool, aliases, models).routes(),
    ])  # fmt: skip
    return app


def _guard(keys: Keys) -> Middleware:
    """Health and numbers are open: they tell how much, never what. The rest needs its key."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given, resource = request.headers.get("Authorization"), request.match_info.route.resource
        path = resource.canonical if resource else ""
        if path.startswith(_ADMIN):
            if not keys.admin:
                raise Refused(
                    "this gateway has no admin key", hint="start it with --admin-key FILE"
                )
            if not admits(given, keys.admin):
                raise web.HTTPUnauthorized(text="the admin key is missing or wrong")
        elif path not in _OPEN and keys.client and not admits(given, keys.client):
            raise web.HTTPUnauthorized(text="the API key is missing or wrong")
        return await handler(request)

    return guard


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as JSON that OpenAI's clients show, with what to do."""
    try:
        return await handler(request)
    except GatewayError as error:
        wait = {"Retry-After": str(RETRY_AFTER_S)} if error.status in (429, 503) else {}
        return web.json_response(body_of(error), status=error.status, headers=wait)
    except PlantroomError as error:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
        return web.json_response(
            error_body(str(error), "invalid_request_error", error.code, error.hint), status=status
        )
    except web.HTTPException as error:
        return web.json_response(_of_http(error), status=error.status)


def _of_http(error: web.HTTPException) -> dict[str, Any]:
    told = {
        401: ("invalid_api_key", error.text or "", "send it as `Authorization: Bearer KEY`"),
        404: ("not-found", "the gateway has no such route", f"it has {', '.join(PATHS)} and /v1/models"),
        405: ("method-not-allowed", "the route takes another method", ""),
        413: ("too-large", f"the request is larger than {MOST_BODY_BYTES:,} bytes", "send a shorter prompt"),
    }  # fmt: skip
    code, message, hint = told.get(error.status, ("bad-request", error.reason, ""))
    return error_body(message, "invalid_request_error", code, hint)
