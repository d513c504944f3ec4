"""Adapters in running servers: loaded into every replica, tried there, and only then given to those who ask.

What is asked for is an alias of the gateway; switching and rolling back is moving it, which takes no loading. Every step is
written down in a file, so that it can be told later which adapter answered when.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import httpx2

from agent.model import CANARY, HttpModel, Patience, Text
from ontology.errors import BadRequest, Conflict, PlantroomError, Unavailable
from services.llm.files import json_line
from services.llm.lora import Adapter

LOAD_S: Final = 120.0
"""Reading a rank-64 adapter of a 72B model (1.7 GB) from a network disk."""
ASK_S: Final = 10.0
CANARY_S: Final = 60.0
SHOWN: Final = 300
MOST_STEPS: Final = 10_000
MOST_BYTES: Final = 1_000_000
"""Of an answer: lists of models, and what a server says of an adapter."""


@dataclass(frozen=True)
class Servers:
    """Whom to ask: replicas by name, and the gateway with its admin key where there is one."""

    replicas: Mapping[str, str]
    gateway: str = ""
    admin: str = ""
    key: str = ""
    """What replicas want to be shown."""


class Adapters:
    """Loads, switches, rolls back; use as an async context manager. `history`: the file of what was served when."""

    def __init__(self, servers: Servers, history: Path) -> None:
        self._servers, self._history = servers, history
        self._http = httpx2.AsyncClient(timeout=ASK_S, trust_env=False, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:  # fmt: skip
        await self._http.aclose()

    async def listed(self) -> dict[str, list[str]]:
        """What each replica serves. Raises Unavailable."""
        names = await asyncio.gather(*(self._models(url) for url in self._servers.replicas.values()))  # fmt: skip
        return dict(zip(self._servers.replicas, names, strict=True))

    async def aliases(self) -> dict[str, str]:
        """What the gateway's aliases mean; none without a gateway."""
        return await self._admin("GET", "/aliases") if self._servers.gateway else {}

    async def load(self, name: str, adapter: Adapter, *, alias: str = "") -> None:
        """Into every replica, tried on each; then the alias, if one is given, means it.

        Raises what went wrong first; then no replica has it that had it not before, and the alias means what it meant.
        """
        had = [replica for replica, names in (await self.listed()).items() if name in names]
        if had:
            raise Conflict(f"{', '.join(had)} already serve {name!r}", hint="give each adapter a name of its own, such as chief-2026-11-21")  # fmt: skip
        told = {"name": name, "folder": str(adapter.folder), "sha256": adapter.digest}
        try:
            await self._everywhere(lambda replica, url: self._load(replica, url, name, adapter))
            await self._everywhere(lambda replica, url: self._try(replica, url, name))
            if alias:
                await self._admin("POST", f"/aliases/{_quoted(alias)}", {"model": name})
        except (PlantroomError, asyncio.CancelledError) as wrong:
            await self._taken_back(name)
            self._write("failed", **told, why=str(wrong) or "interrupted")
            raise
        self._write("loaded", **told, alias=alias or None, replicas=list(self._servers.replicas))

    async def unload(self, name: str) -> None:
        """From every replica. Raises Conflict while an alias means it."""
        meaning = [alias for alias, model in (await self.aliases()).items() if model == name]
        if meaning:
            raise Conflict(f"{', '.join(meaning)} means {name!r} now", hint="roll back, or load another first")  # fmt: skip
        await self._everywhere(lambda replica, url: self._unload(replica, url, name))
        self._write("unloaded", name=name, replicas=list(self._servers.replicas))

    async def roll_back(self, alias: str) -> tuple[str, float]:
        """The alias means again what it meant before, at once. Gives that, and the seconds it took."""
        began = time.monotonic()
        now = (await self.aliases()).get(alias, alias)
        before = str(
            (await self._admin("POST", f"/aliases/{_quoted(alias)}/rollback", {}))["model"]
        )
        took = time.monotonic() - began
        missing = [replica for replica, names in (await self.listed()).items() if before not in names]  # fmt: skip
        if missing:
            await self._admin("POST", f"/aliases/{_quoted(alias)}", {"model": now})
            raise Conflict(f"{', '.join(missing)} no longer serve {before!r}: {alias} still means {now!r}",
                           hint=f"load it again: plantroom llm adapter load {before} FOLDER --alias {alias}")  # fmt: skip
        self._write("rolled back", alias=alias, name=before, instead_of=now)
        return before, took

    def history(self) -> list[dict[str, Any]]:
        """What was done, oldest first; lines that are cut off are left out."""
        try:
            lines = self._history.read_text(encoding="utf-8").splitlines()[-MOST_STEPS:]
        except FileNotFoundError:
            return []
        return [found for line in lines if (found := json_line(line))]

    def _write(self, step: str, **what: Any) -> None:
        when = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        self._history.parent.mkdir(parents=True, exist_ok=True)
        with self._history.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"when": when, "step": step, **what}) + "\n")

    async def _everywhere(self, ask: Any) -> None:
        """On all replicas at once; waits for all, then raises what the first of them raised."""
        asked = (ask(name, url) for name, url in self._servers.replicas.items())
        found = await asyncio.gather(*asked, return_exceptions=True)
        for wrong in found:
            if isinstance(wrong, BaseException):
                raise wrong

    async def _taken_back(self, name: str) -> None:
        """Best effort: a replica that is away forgets its adapters when it starts anew."""
        asked = (self._unload(replica, url, name) for replica, url in self._servers.replicas.items())  # fmt: skip
        await asyncio.gather(*asked, return_exceptions=True)

    async def _load(self, replica: str, url: str, name: str, adapter: Adapter) -> None:
        asked = {"lora_name": name, "lora_path": str(adapter.folder)}
        answer = await self._post(replica, f"{url}/v1/load_lora_adapter", asked, LOAD_S)
        if answer.status_code == 404 and "lora" not in answer.text.lower():
            raise Unavailable(f"{replica} cannot load adapters while it runs",
                              hint="start vLLM with --enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True")  # fmt: skip
        if answer.status_code != 200:
            raise BadRequest(f"{replica} refused {name!r}: {_said(answer)}", hint="the folder must be readable where the replica runs")  # fmt: skip

    async def _unload(self, replica: str, url: str, name: str) -> None:
        answer = await self._post(replica, f"{url}/v1/unload_lora_adapter", {"lora_name": name}, ASK_S)  # fmt: skip
        if answer.status_code not in {200, 404}:
            raise Unavailable(
                f"{replica} did not unload {name!r}: {_said(answer)}", hint="see its log"
            )

    async def _try(self, replica: str, url: str, name: str) -> None:
        """A completion and a tool call on the adapter itself."""
        patience = Patience(first_s=CANARY_S)
        async with HttpModel(url, name=name, key=self._servers.key, patience=patience) as model:
            try:
                _ = [piece async for piece in model.stream(CANARY, max_tokens=4) if isinstance(piece, Text)]  # fmt: skip
                able = await model.probe()
            except PlantroomError as wrong:
                raise Unavailable(f"{name!r} does not answer on {replica}: {wrong}", hint="nothing was switched") from wrong  # fmt: skip
        if not able.tools:
            raise Unavailable(f"{name!r} calls no tool on {replica}: {able.why}",
                              hint="nothing was switched; see --tool-call-parser, and the data it was trained on")  # fmt: skip

    async def _models(self, url: str) -> list[str]:
        try:
            answer = await self._send("GET", f"{url}/v1/models", self._servers.key)
            return [str(one["id"]) for one in answer.json()["data"]]
        except (httpx2.HTTPError, ValueError, LookupError, TypeError) as cause:
            raise Unavailable(f"{url} does not list its models", hint="is it up? see `plantroom llm status`") from cause  # fmt: skip

    async def _post(self, replica: str, url: str, body: Mapping[str, Any], patience_s: float) -> httpx2.Response:  # fmt: skip
        try:
            return await self._send("POST", url, self._servers.key, body, patience_s)
        except httpx2.HTTPError as cause:
            raise Unavailable(f"{replica} does not answer: {type(cause).__name__}", hint="see `plantroom llm status`") from cause  # fmt: skip

    async def _send(
        self, verb: str, url: str, key: str, body: Mapping[str, Any] | None = None, patience_s: float = ASK_S
    ) -> httpx2.Response:  # fmt: skip
        """An answer read to its end. Raises httpx2.HTTPError, also for one that is too long or comes too slowly."""
        content = bytearray()
        try:
            async with asyncio.timeout(patience_s), self._http.stream(
                verb, url, json=body and dict(body), timeout=patience_s, headers=_bearer(key)
            ) as answer:  # fmt: skip
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > MOST_BYTES:
                        raise httpx2.DecodingError(f"more than {MOST_BYTES:,} bytes")
                return httpx2.Response(answer.status_code, content=bytes(content))
        except TimeoutError as cause:
            raise httpx2.ReadTimeout(f"no whole answer within {patience_s:g} s") from cause

    async def _admin(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if not self._servers.gateway:
            raise BadRequest("aliases belong to a gateway, and none is named", hint="give --box, or --gateway and --admin-key")  # fmt: skip
        try:
            answer = await self._send(
                verb, f"{self._servers.gateway}{path}", self._servers.admin, body
            )
            if answer.status_code == 200:
                return answer.json()
        except (httpx2.HTTPError, ValueError) as cause:
            raise Unavailable(f"the gateway {self._servers.gateway} does not answer", hint="is `plantroom llm serve` or `llm gateway` running?") from cause  # fmt: skip
        kind = Conflict if answer.status_code == 409 else BadRequest
        raise kind(f"the gateway says {_said(answer)}", hint="see its admin key, and `plantroom llm adapter list`")  # fmt: skip


def _quoted(alias: str) -> str:
    """As one part of a path: `team/rollback` is a name, and no order to roll `team` back."""
    return quote(alias, safe="")


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def _said(answer: httpx2.Response) -> str:
    return f"{answer.status_code}: {' '.join(answer.text.split())[:SHOWN]}"


def replicas_of(urls: Sequence[str]) -> dict[str, str]:
    """Servers named by their URLs, without /v1 and a slash at the end."""
    return {url: url.rstrip("/").removesuffix("/v1") for url in urls}
