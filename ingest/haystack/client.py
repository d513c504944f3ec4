"""An async client of any Haystack 4 server. It reads: writing to a building is a person's decision."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

from ingest.exchange.source import VOLATILE
from ingest.haystack.grids import grid_of, rows_of
from ingest.haystack.login import by_token, log_in
from ingest.haystack.transport import Answer, Limits, Transport
from ontology.codec import zinc
from ontology.errors import BadRequest, Corrupt, NotFound, Refused, Unavailable
from ontology.kinds import MARKER, Grid, Number, Ref, Tags

READS: Final = frozenset(
    {"about", "close", "defs", "libs", "ops", "filetypes", "formats", "read", "nav",
     "watchSub", "watchUnsub", "watchPoll", "hisRead"}
)  # fmt: skip
"""Ops this client calls. None of them changes a building."""
SITE_PARTS: Final = ("site", "space and not site", "equip and not space", "point and not equip")
"""A model in parts, each of them one answer: the whole before its parts."""
_EMPTY: Final = Grid(("empty",))
_ACCEPT: Final = "text/zinc, application/json;q=0.5"
_BATCH: Final = 500
"""Rows decoded in one go in a thread, between two looks at other tasks."""


@dataclass(frozen=True)
class Watched:
    """A watch on the server, with what it told of the entities."""

    id: str
    lease_s: float | None
    rows: Sequence[Tags]


class HaystackClient:
    """`async with HaystackClient(url, user="..", password="..") as client: await client.about()`.

    `url` ends where the server's `about` is, such as `https://bms.example/api/tower`. Give user and
    password, or a bearer `token`, or neither for a server that asks for no login.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str = "",
        password: str = "",
        token: str = "",
        limits: Limits | None = None,
    ) -> None:
        self._user, self._password = user, password
        self._proof: Mapping[str, str] = by_token(token) if token else {}
        self._transport = Transport(url, limits or Limits())
        self._logging_in = asyncio.Lock()

    async def __aenter__(self) -> Self:
        try:
            await self.login()
        except BaseException:
            await self._transport.close()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._transport.close()

    @property
    def url(self) -> str:
        """The address all ops are below."""
        return self._transport.base

    async def login(self) -> None:
        """Log in anew. Raises Refused for a wrong password; nothing to do without a user."""
        if self._user:
            self._proof = await log_in(self._transport, self._user, self._password)

    async def about(self) -> Tags:
        """The server's own description."""
        grid = await self.call("about", get={})
        if len(grid) != 1:
            raise Corrupt(f"{self.url}/about tells {len(grid)} rows", hint="one is expected")
        return grid.rows[0]

    async def read(self, filter: str, *, limit: int | None = None) -> Grid:
        """Entities that match a Haystack filter."""
        return await self.call("read", _read(filter, limit))

    async def stream(self, filter: str, *, limit: int | None = None) -> AsyncIterator[Tags]:
        """The same one by one: the answer is never in memory as a whole."""
        async with self._answer("read", _read(filter, limit), None) as answer:
            rows = rows_of(answer)
            while batch := await asyncio.to_thread(_some, rows):
                for row in batch:
                    yield row

    async def read_ids(self, ids: Sequence[Ref]) -> list[Tags | None]:
        """Entities by id, in the order asked; None for one the server does not know."""
        grid = await self.call("read", Grid(("id",), tuple({"id": id} for id in ids)))
        found = {row["id"]: row for row in grid if isinstance(row.get("id"), Ref)}
        return [found.get(id) for id in ids]

    async def nav(self, nav_id: str | None = None) -> Grid:
        """The server's tree: its top, or what is inside the row with this `navId`."""
        return await self.call("nav", Grid.of(({"navId": nav_id},)) if nav_id else None)

    async def his_read(self, points: Sequence[Ref], range: str) -> dict[Ref, list[tuple[Any, Any]]]:
        """Samples (time, value) of each point. `range` as Haystack writes it: "today", "2026-11-01,2026-11-07".

        One call a point: batches are not known to every server.
        """
        return {point: await self._samples(point, range) for point in points}

    async def watch_sub(
        self,
        ids: Sequence[Ref],
        *,
        dis: str = "Plantroom",
        lease_s: float = 60.0,
        watch: str | None = None,
    ) -> Watched:
        """A new watch on these entities, or more of them in `watch`."""
        meta = {"watchDis": dis, "lease": Number(lease_s, "s")} | (
            {"watchId": watch} if watch else {}
        )
        grid = await self.call("watchSub", Grid(("id",), tuple({"id": id} for id in ids), meta))
        id, lease = grid.meta.get("watchId"), grid.meta.get("lease")
        if not isinstance(id, str):
            raise Corrupt(f"{self.url}/watchSub names no watch", hint="it may not offer watches")
        given = (
            lease.value if isinstance(lease, Number) and lease.unit in ("s", "sec", "") else None
        )
        return Watched(id, given, [row for row in grid if row])

    async def watch_poll(self, watch: str, *, refresh: bool = False) -> list[Tags]:
        """Entities changed since the last poll; all of them with `refresh`."""
        meta = {"watchId": watch} | ({"refresh": MARKER} if refresh else {})
        return [row for row in await self.call("watchPoll", Grid(("empty",), (), meta)) if row]

    async def watch_unsub(self, watch: str, ids: Sequence[Ref] = ()) -> None:
        """Fewer entities in a watch; without ids, its end."""
        meta = {"watchId": watch} | ({} if ids else {"close": MARKER})
        await self.call("watchUnsub", Grid(("id",), tuple({"id": id} for id in ids), meta))

    async def close(self) -> None:
        """End the login at the server."""
        await self.call("close")

    async def call(
        self, op: str, grid: Grid | None = None, *, get: Mapping[str, str] | None = None
    ) -> Grid:
        """The answer of one op, posted, or got with `get`.

        Raises Unavailable with the server's own words for an error grid, Corrupt for what is no
        grid or half of one, Refused for ops that write.
        """
        if op not in READS:
            raise Refused(
                f"{op!r:.40} is not called", hint=f"reading ops: {', '.join(sorted(READS))}"
            )
        async with self._answer(op, grid, get) as answer:
            return await asyncio.to_thread(grid_of, answer)

    async def _samples(self, point: Ref, range: str) -> list[tuple[Any, Any]]:
        grid = await self.call("hisRead", Grid(("id", "range"), ({"id": point, "range": range},)))
        value = next((name for name in grid.columns if name != "ts"), "val")
        return [(row["ts"], row.get(value)) for row in grid if "ts" in row]

    @asynccontextmanager
    async def _answer(
        self, op: str, grid: Grid | None, get: Mapping[str, str] | None
    ) -> AsyncIterator[Answer]:
        """An answer with status 200. An expired login is renewed once."""
        for again in (True, False):
            proof = self._proof
            async with self._exchange(op, grid, get) as answer:
                if answer.status not in (401, 403):
                    _check_status(answer, op)
                    yield answer
                    return
            if not (again and self._user):
                break
            async with self._logging_in:
                if self._proof is proof:  # nobody else did it while we waited
                    await self.login()
        raise Unavailable(
            f"{self.url}/{op}: the login is no longer accepted",
            hint="log in again" if self._user else "give a fresh token, or user and password",
        )

    @asynccontextmanager
    async def _exchange(
        self, op: str, grid: Grid | None, get: Mapping[str, str] | None
    ) -> AsyncIterator[Answer]:
        headers = {"accept": _ACCEPT, **self._proof}
        content = (
            None if get is not None else zinc.encode(_EMPTY if grid is None else grid).encode()
        )
        if content is not None:
            headers["content-type"] = "text/zinc; charset=utf-8"
        async with self._transport.exchange(op, headers, content=content, query=get) as answer:
            yield answer


async def read_site(
    client: HaystackClient, parts: Sequence[str] = SITE_PARTS
) -> AsyncIterator[Tags]:
    """Every entity of a server, once, part by part. Raises Corrupt for one without an id.

    Volatile tags (`curVal` and its like) are left out: a model is what stays.
    """
    seen: set[Ref] = set()
    for part in parts:
        async for row in client.stream(part):
            id = row.get("id")
            if not isinstance(id, Ref):
                raise Corrupt(
                    f"{client.url}/read: an entity of {part!r} has no id: {dict(row)!r:.80}",
                    hint="nothing was imported; read that part with another client",
                )
            if id not in seen:
                seen.add(id)
                yield {tag: value for tag, value in row.items() if tag not in VOLATILE}


_STATUS: Final[Mapping[int, tuple[type[Unavailable | NotFound], str]]] = {
    404: (NotFound, "the address may lack /api/PROJECT, or the server does not offer this op"),
    405: (Unavailable, "the server wants another method for this op"),
    406: (Unavailable, "the server writes neither Zinc nor JSON of Haystack 4"),
    415: (Unavailable, "the server does not read Zinc"),
    429: (Unavailable, "too many requests: wait a minute"),
}


def _check_status(answer: Answer, op: str) -> None:
    """Raises what a status other than 200 means."""
    status = answer.status
    if status == 200:
        return
    answer.check_here()
    kind, hint = _STATUS.get(status, (Unavailable, "see the server's log"))
    raise kind(f"{answer.where} answers {status} to {op}: {answer.peek()}", hint=hint)


def _read(filter: str, limit: int | None) -> Grid:
    if limit is not None and limit < 1:
        raise BadRequest(f"a limit of {limit}", hint="ask for at least 1")
    row = {"filter": filter} | ({"limit": Number(limit)} if limit else {})
    return Grid(tuple(row), (row,))


def _some(rows: Iterator[Tags]) -> list[Tags]:
    return list(itertools.islice(rows, _BATCH))
