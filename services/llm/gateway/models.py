"""What the replicas serve, put together: asked of those that are ready, remembered for a moment."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import aiohttp

from services.llm.gateway.pool import Listed, Pool
from services.llm.gateway.upstream import read_bounded
from services.llm.traffic import Turn

# A client that lists models in a loop costs the replicas one question each in this time.
FRESH_S = 2.0
ASK_S = 3.0
MOST_BYTES = 2**20


class Models:
    """The models of the ready replicas. `key`: shown to replicas."""

    def __init__(self, pool: Pool, http: aiohttp.ClientSession, key: str) -> None:
        self._pool, self._http = pool, http
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._at = -FRESH_S
        self._lock = asyncio.Lock()
        self._read: dict[str, list[dict[str, Any]] | None] = {}

    async def by_replica(self, *, fresh: bool = False) -> dict[str, list[dict[str, Any]] | None]:
        """The list of each ready replica; None where it did not give one in time."""
        async with self._lock:
            if fresh or time.monotonic() - self._at >= FRESH_S:
                ready = [one for one in self._pool.listed() if one.turn is Turn.READY]
                lists = await asyncio.gather(*(self.of(one) for one in ready))
                self._read = {one.name: each for one, each in zip(ready, lists, strict=True)}
                self._at = time.monotonic()
            return self._read

    async def merged(self, aliases: dict[str, str]) -> list[dict[str, Any]]:
        """Every model that some replica serves, once, with the aliases that mean one of them."""
        found: dict[str, dict[str, Any]] = {}
        for models in (await self.by_replica()).values():
            for model in models or ():
                found.setdefault(model["id"], model)
        named = {a: {**found[m], "id": a, "parent": m} for a, m in aliases.items() if m in found}
        return [*(named | {i: m for i, m in found.items() if i not in named}).values()]

    async def of(self, replica: Listed) -> list[dict[str, Any]] | None:
        """One replica's list, or None: it is away, too slow, or something else answers there."""
        try:
            async with (
                asyncio.timeout(ASK_S),
                self._http.get(
                    f"{replica.url}/v1/models", headers=self._headers, allow_redirects=False
                ) as answer,
            ):
                said = (
                    json.loads(await read_bounded(answer, MOST_BYTES))
                    if answer.status == 200
                    else None
                )
        except (aiohttp.ClientError, TimeoutError, ValueError, RecursionError):
            return None
        listed = said.get("data") if isinstance(said, dict) else None
        if not isinstance(listed, list):
            return None
        return [one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]
