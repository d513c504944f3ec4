"""The guarded SELECT over HTTP: rows to show, files to keep, and what a query would read."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Final, Protocol, TypeVar, cast

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from agent.events import plain
from ontology.errors import Unavailable
from ontology.store import sql_files
from ontology.store.sql import Explained, Result
from ontology.store.sql_files import MEDIA, Format
from services.api.deps import system as system_of
from services.api.system import System

router = APIRouter(prefix="/api", tags=["sql"])
MAX_EXPORT = 1_000_000
"""Rows of a file."""
SEND_S: Final = 600
"""A client that has not taken its file after so long gets no more of it."""
MAX_SENDING: Final = 8
"""Files on their way at the same time."""
_CHUNK = 256 * 1024
_IN_MEMORY = 8 * 1024 * 1024
T = TypeVar("T")


class Select(BaseModel):
    """One SELECT; anything that writes, or reads outside the building's data, is refused."""

    query: str = Field(min_length=1, max_length=8_000)
    limit: int = Field(default=200, ge=1, le=1_000)
    timeout_s: float = Field(default=2.5, gt=0, le=60)


class Export(BaseModel):
    """One SELECT whose rows are wanted as a file."""

    query: str = Field(min_length=1, max_length=8_000)
    limit: int = Field(default=MAX_EXPORT, ge=1, le=MAX_EXPORT)
    timeout_s: float = Field(default=30, gt=0, le=60)


class Rows(BaseModel):
    """What it gave. `truncated`: there are more rows than were asked for."""

    columns: list[str]
    rows: list[list[Any]]
    sql: str
    elapsed_s: float
    truncated: bool


class Read(BaseModel):
    """A relation the query reads, and about how much it is."""

    relation: str
    points: int
    rows: int


class Plan(BaseModel):
    """What the query would read; it was not run."""

    sql: str
    engine: str
    engine_sql: str
    reads: list[Read]


class Exports(Protocol):
    """The SQL reader of a server."""

    async def fetch(self, text: str, *, limit: int, timeout_s: float) -> Result: ...
    async def explain(self, text: str) -> Explained: ...


class Kept(Protocol):
    """Where results are kept."""

    def path(self, id: str) -> Path: ...


@router.post("/sql")
async def select(
    asked: Select, request: Request, system: Annotated[System, Depends(system_of)]
) -> Rows:
    """Run a SELECT over the building's views. It is stopped when the client goes away."""
    table = await _while_wanted(
        request, system.sql.run(asked.query, limit=asked.limit, timeout_s=asked.timeout_s)
    )
    return Rows(
        columns=list(table.columns),
        rows=[[_cell(value) for value in row] for row in table.rows],
        sql=table.sql,
        elapsed_s=table.elapsed_s,
        truncated=table.truncated,
    )


@router.post("/sql/explain")
async def explain(asked: Select, system: Annotated[System, Depends(system_of)]) -> Plan:
    """What a SELECT would read, and how it is said to the engine, without running it."""
    found = await cast("Exports", system.sql).explain(asked.query)
    return Plan(
        sql=found.sql,
        engine=found.engine,
        engine_sql=found.engine_sql,
        reads=[Read(relation=r.relation, points=r.points, rows=r.rows) for r in found.reads],
    )


@router.post(
    "/sql/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {media: {} for media in MEDIA.values()}, "description": "the file"}
    },
)
async def export(
    asked: Export,
    request: Request,
    system: Annotated[System, Depends(system_of)],
    format: Annotated[Format, Query(description="what to write")] = Format.CSV,
) -> StreamingResponse:
    """All rows of a SELECT as CSV, JSON, Arrow or Parquet. `X-Plantroom-Truncated`: there were more."""
    reader = cast("Exports", system.sql)
    _sending.check()
    found = await _while_wanted(
        request, reader.fetch(asked.query, limit=asked.limit, timeout_s=asked.timeout_s)
    )
    file, size = await asyncio.to_thread(_written, found, format)
    headers = {
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="plantroom.{format}"',
        "X-Plantroom-Rows": str(found.arrow.num_rows),
        "X-Plantroom-Truncated": str(found.truncated).lower(),
    }
    return _Sent(file, media_type=MEDIA[format], headers=headers)


@router.get("/artefacts/{id}", response_class=FileResponse)
async def artefact(id: str, system: Annotated[System, Depends(system_of)]) -> FileResponse:
    """A kept result of the agent as Parquet; it is kept for a week at most."""
    kept: Kept | None = getattr(system, "artefacts", None)
    if kept is None:
        raise Unavailable("nothing is kept here", hint="ask the query at POST /api/sql/export")
    return FileResponse(kept.path(id), media_type=MEDIA[Format.PARQUET], filename=f"{id}.parquet")


@dataclass
class _Sending:
    """How many files are on their way. All of it in the server's one event loop."""

    now: int = 0

    def check(self) -> None:
        if self.now >= MAX_SENDING:
            raise Unavailable(f"{self.now} files are on their way", hint="ask again in a minute")


_sending = _Sending()


class _Sent(StreamingResponse):
    """A file on its way: closed when it has arrived, when nobody wants it, and after SEND_S."""

    def __init__(self, file: IO[bytes], *, media_type: str, headers: dict[str, str]) -> None:
        self._file = file
        super().__init__(_chunks(file), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _sending.now += 1
        try:
            async with asyncio.timeout(SEND_S):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            return  # the server closes the connection: the length was told, so nobody takes it for whole
        finally:
            _sending.now -= 1
            self._file.close()


async def _while_wanted(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; it is stopped when the client goes away."""
    job = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({job, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not job.done():
            raise Unavailable("nobody waits for the answer", hint="ask again")
        return job.result()
    finally:
        for task in (job, gone):
            task.cancel()
        await asyncio.gather(job, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    """Until the client has left."""
    while (await request.receive())["type"] != "http.disconnect":
        continue


def _written(found: Result, format: Format) -> tuple[IO[bytes], int]:
    """The file, in memory while it is small, and its bytes."""
    file = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  (closed once sent)
    sql_files.write(found.arrow, found.columns, file, format)
    size = file.tell()
    file.seek(0)
    return file, size


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, _CHUNK):
        yield chunk


def _cell(value: Any) -> Any:
    return (
        value if isinstance(value, (str, int, float, bool)) or value is None else str(plain(value))
    )
