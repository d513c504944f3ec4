"""What people and supervisors may see and change of a running gateway: replicas' turns and what aliases mean.

    GET  /replicas                   all of them, with what waits and what aliases mean
    GET  /replicas/{name}            {"turn", "in_flight", "quiet_s"}
    POST /replicas/{name}/turn       {"to": "ready" | "draining" | "down", "reason": "..."}
    GET  /aliases                    {"chief": "chief-2026-11-20"}
    POST /aliases/{alias}            {"model": "chief-2026-11-20"}
    POST /aliases/{alias}/rollback   {} -> {"model": "chief-2026-11-13"}

Every request needs the admin key; without one in the gateway's keys these routes answer 403.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

from aiohttp import web

from ontology.errors import BadRequest, Conflict
from services.llm.gateway.aliases import Aliases
from services.llm.gateway.models import Models
from services.llm.gateway.pool import Pool
from services.llm.traffic import Turn

MOST_BODY_BYTES = 4096
MOST_REASON = 300
BODY_S = 5.0


class Admin:
    """The handlers. The guard stands before them, in the application."""

    def __init__(self, pool: Pool, aliases: Aliases, models: Models) -> None:
        self._pool, self._aliases, self._models = pool, aliases, models

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/replicas", self.replicas), web.get("/replicas/{name}", self.replica),
            web.post("/replicas/{name}/turn", self.turn), web.get("/aliases", self.aliases),
            web.post("/aliases/{alias:[^{}]+}/rollback", self.roll_back), web.post("/aliases/{alias:[^{}]+}", self.point),
        ]  # fmt: skip

    async def replicas(self, _: web.Request) -> web.Response:
        listed = [dataclasses.asdict(replica) for replica in self._pool.listed()]
        return web.json_response({
            "replicas": listed, "in_flight": self._pool.in_flight, "waiting": self._pool.waiting,
            "aliases": self._aliases.current(),
        })  # fmt: skip

    async def replica(self, request: web.Request) -> web.Response:
        seen = await self._pool.seen(request.match_info["name"])
        return web.json_response(dataclasses.asdict(seen))

    async def turn(self, request: web.Request) -> web.Response:
        body = await _object(request)
        try:
            to = Turn(body.get("to", ""))
        except ValueError:
            raise BadRequest(f"`to` must be one of {', '.join(Turn)}") from None
        name = request.match_info["name"]
        await self._pool.turn(name, to, str(body.get("reason", ""))[:MOST_REASON])
        return web.json_response(dataclasses.asdict(await self._pool.seen(name)))

    async def aliases(self, _: web.Request) -> web.Response:
        return web.json_response(self._aliases.current())

    async def point(self, request: web.Request) -> web.Response:
        alias, model = request.match_info["alias"], (await _object(request)).get("model")
        if not isinstance(model, str):
            raise BadRequest("`model` must be a name")
        await self._served_everywhere(model)
        self._aliases.point(alias, model)
        return web.json_response({"alias": alias, "model": model})

    async def roll_back(self, request: web.Request) -> web.Response:
        alias = request.match_info["alias"]
        return web.json_response({"alias": alias, "model": self._aliases.roll_back(alias)})

    async def _served_everywhere(self, model: str) -> None:
        """An alias to what only some replicas have would fail for every other request."""
        lists = await self._models.by_replica(fresh=True)
        without = [
            name for name, models in lists.items() if model not in {m["id"] for m in models or ()}
        ]
        if without:
            raise Conflict(
                f"{', '.join(without)} does not serve {model!r}",
                hint="load the adapter into every replica first",
            )


async def _object(request: web.Request) -> dict[str, Any]:
    if (request.content_length or 0) > MOST_BODY_BYTES:
        raise BadRequest(f"the request's body is larger than {MOST_BODY_BYTES:,} bytes")
    try:
        async with asyncio.timeout(BODY_S):
            body = json.loads(await request.read())
    except (ValueError, RecursionError, TimeoutError) as cause:
        raise BadRequest("the request's body is no JSON object") from cause
    if not isinstance(body, dict):
        raise BadRequest("the request's body is no JSON object")
    return body
