"""What the owner of the home asks of the server that holds its files: the history's size, a backup, forgetting what was kept aside."""

from __future__ import annotations

import datetime as dt
import hmac
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Header
from pydantic import BaseModel, ConfigDict, Field

from ontology.errors import BadRequest, Refused, Unavailable
from ontology.history import Kept
from services.api.deps import ingest as ingest_of
from services.api.deps import options as options_of
from services.api.errors import Unproven
from services.api.system import Ingests, Options

router = APIRouter(prefix="/api", tags=["care"])


class BackUp(BaseModel):
    """Where to: a folder of the server's machine, new or empty."""

    model_config = ConfigDict(extra="forbid")

    folder: str = Field(min_length=1, max_length=4_096, description="an absolute path")


class HistoryKept(BaseModel):
    """What the history holds; `bytes` are on disk."""

    points: int
    rows: int
    bytes: int
    first: dt.datetime | None
    last: dt.datetime | None


class Forgotten(BaseModel):
    """Which batches of the quarantine to forget; null: all."""

    model_config = ConfigDict(extra="forbid")

    ids: list[int] | None = Field(max_length=1_000)


class Discarded(BaseModel):
    """Samples that were kept aside, and are no more."""

    samples: int


def _owner(
    options: Annotated[Options, Depends(options_of)],
    x_plantroom_owner: Annotated[
        str, Header(description="the key in the home's server.json, which only its owner can read")
    ] = "",
) -> None:
    """Whoever can read the home may do with it as the command line would."""
    if not options.owner_key:
        raise Unavailable("this server takes no orders about its files", hint="use its machine")
    if not hmac.compare_digest(x_plantroom_owner.encode(), options.owner_key.encode()):
        raise Unproven(
            "only the owner of this home may do that",
            hint="use the plantroom command on the server's machine, as the server's user",
        )


@router.get("/history/status", dependencies=[Depends(_owner)])
async def status(options: Annotated[Options, Depends(options_of)]) -> HistoryKept:
    """How many points and samples the history holds, since when, and its size."""
    if options.kept is None:
        raise Unavailable("this history does not tell its size", hint="ask its database")
    return _told(await options.kept())


@router.post("/history/backup", dependencies=[Depends(_owner)])
async def backup(asked: BackUp, options: Annotated[Options, Depends(options_of)]) -> HistoryKept:
    """Write the history of this moment into a folder while everything goes on."""
    if options.backup is None:
        raise Refused(
            "this history is backed up by its database", hint="see docs/how-to/history.md"
        )
    folder = Path(asked.folder)
    if not folder.is_absolute() or "\0" in asked.folder:
        raise BadRequest(
            f"not an absolute path: {asked.folder!r:.80}", hint="such as /mnt/backup/x"
        )
    return _told(await options.backup(folder))


@router.post("/ingest/quarantine/discard", dependencies=[Depends(_owner)])
async def discard(chosen: Forgotten, ingest: Annotated[Ingests, Depends(ingest_of)]) -> Discarded:
    """Forget what is kept aside; it cannot be had back."""
    return Discarded(samples=await ingest.discard(chosen.ids))


def _told(kept: Kept) -> HistoryKept:
    return HistoryKept(
        points=kept.points, rows=kept.rows, bytes=kept.bytes, first=kept.first, last=kept.last
    )
