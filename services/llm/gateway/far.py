"""A gateway in another process, seen through its admin routes: the second implementation of `Traffic`."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from ontology.errors import BadRequest, Conflict, NotFound, PlantroomError, Refused, Unavailable
from services.llm.traffic import Seen, Turn

# A watchdog that looks every second must not hang on the gateway it looks through.
ANSWER_S = 3.0
MOST_BYTES = 2**20
_KINDS: dict[int, type[PlantroomError]] = {
    400: BadRequest,
    401: Refused,
    403: Refused,
    404: NotFound,
    409: Conflict,
}


class FarGateway:
    """Used as `async with FarGateway(url, key) as traffic`. `url` without /v1, `key`: the gateway's admin key."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"}

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            headers=self._headers, timeout=aiohttp.ClientTimeout(total=ANSWER_S), trust_env=False
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._http.close()

    async def seen(self, replica: str) -> Seen:
        said = await self._asked("GET", f"/replicas/{quote(replica, safe='')}")
        try:
            quiet = said["quiet_s"]
            return Seen(
                Turn(said["turn"]), int(said["in_flight"]), None if quiet is None else float(quiet)
            )
        except (KeyError, TypeError, ValueError) as cause:
            raise self._strange() from cause

    async def turn(self, replica: str, to: Turn, reason: str = "") -> None:
        body = {"to": to.value, "reason": reason}
        await self._asked("POST", f"/replicas/{quote(replica, safe='')}/turn", body)

    async def listed(self) -> dict[str, Any]:
        """Everything the gateway tells of itself: replicas, what waits, aliases."""
        return await self._asked("GET", "/replicas")

    async def aliases(self) -> dict[str, str]:
        """What each alias means now."""
        return {
            str(alias): str(model)
            for alias, model in (await self._asked("GET", "/aliases")).items()
        }

    async def point(self, alias: str, model: str) -> None:
        """Let an alias mean a model that every ready replica serves. Raises Conflict where one does not."""
        await self._asked("POST", f"/aliases/{quote(alias, safe='')}", {"model": model})

    async def roll_back(self, alias: str) -> str:
        """Let an alias mean what it meant before; gives that. Raises NotFound or Conflict."""
        return str(
            (await self._asked("POST", f"/aliases/{quote(alias, safe='')}/rollback", {})).get(
                "model", ""
            )
        )

    async def _asked(
        self, method: str, path: str, body: dict[str, str] | None = None
    ) -> dict[str, Any]:
        try:
            async with self._http.request(
                method, self._url + path, json=body, allow_redirects=False
            ) as answer:
                text, status = await answer.content.read(MOST_BYTES), answer.status
        except (aiohttp.ClientError, TimeoutError) as cause:
            raise Unavailable(f"no gateway answers at {self._url}", hint="start it: plantroom llm gateway BOX") from cause  # fmt: skip
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as cause:
            raise self._strange() from cause
        if not isinstance(said, dict):
            raise self._strange()
        if status != 200:
            told = said.get("error")
            told = told if isinstance(told, dict) else {}
            raise _KINDS.get(status, Unavailable)(
                str(told.get("message", f"the gateway answered {status}"))
            )
        return said

    def _strange(self) -> Unavailable:
        return Unavailable(
            f"what answers at {self._url} is no gateway", hint="check the URL: without /v1"
        )
