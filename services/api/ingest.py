"""The push door for samples from anything, and how ingest does."""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.arrow_batch import MEDIA_TYPE, MOST_ROWS, decode
from ontology.errors import BadRequest, Unavailable
from ontology.history import Samples, Status
from ontology.kinds import Ref
from ontology.time import parse_instant
from services.api.deps import ingest as ingest_of
from services.api.deps import options as options_of
from services.api.errors import NotJson, Unproven
from services.api.system import Ingests, Options

router = APIRouter(prefix="/api/ingest", tags=["ingest"])

_NAME: Final = r"^[\w.:@-]{0,120}$"
_Known = Literal["good", "stale", "fault", "overridden", "out_of_service", "estimated"]


class PushedSample(BaseModel):
    """One value: `ts` in whole seconds since 1970 or as ISO 8601 text with an offset; null is unknown."""

    model_config = ConfigDict(extra="forbid")

    point: str = Field(min_length=1, max_length=256)
    ts: int | float | str
    value: float | None
    status: _Known | int = "good"


class PushedBatch(BaseModel):
    """Samples under an id of the sender's choice: the same id again changes nothing."""

    model_config = ConfigDict(extra="forbid")

    batch: str = Field(default="", pattern=_NAME)
    samples: list[PushedSample] = Field(max_length=MOST_ROWS)


class TakenBatch(BaseModel):
    """What became of it: on disk for the history, kept aside with a reason, or taken once before."""

    batch: str
    stored: int
    aside: int
    again: bool


class IngestTold(BaseModel):
    """How ingest does; `quarantine` are the newest batches kept aside, `senders` who pushed since the start."""

    at: str
    pid: int
    lines: list[dict[str, Any]]
    forward: dict[str, Any]
    clock: dict[str, Any]
    quarantine: list[dict[str, Any]]
    senders: list[dict[str, Any]]


class Chosen(BaseModel):
    """Batches of the quarantine; null: all."""

    model_config = ConfigDict(extra="forbid")

    ids: list[int] | None = Field(default=None, max_length=1_000)


class Retried(BaseModel):
    """Samples that wait for the history once more."""

    samples: int


@router.post("/samples", status_code=202)
async def push(
    request: Request,
    options: Annotated[Options, Depends(options_of)],
    ingest: Annotated[Ingests, Depends(ingest_of)],
    *,
    x_plantroom_secret: Annotated[str, Header(description="the shared secret")] = "",
    x_plantroom_batch: Annotated[
        str, Header(description="id of an Arrow batch", pattern=_NAME)
    ] = "",
    x_plantroom_box: Annotated[str, Header(description="who sends", pattern=_NAME)] = "",
) -> TakenBatch:
    """Take samples as JSON or an Arrow stream. They are on disk when it answers; pushing again is safe."""
    _prove(options, x_plantroom_secret)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise NotJson(f"a body packed as {coding!r:.40}", hint="gzip, or not at all")
    body = await request.body()
    if kind == MEDIA_TYPE:
        samples = await asyncio.to_thread(decode, body, packed=coding == "gzip")
        batch = x_plantroom_batch
    elif kind == "application/json" and coding == "identity":
        batch, samples = await asyncio.to_thread(_from_json, body)
        batch = batch or x_plantroom_batch
    else:
        raise NotJson(
            f"a body of {kind or 'no type'!r:.60}", hint=f"application/json or {MEDIA_TYPE}"
        )
    taken = await ingest.take(samples, sender=x_plantroom_box or "push", batch=batch)
    return TakenBatch(batch=batch, stored=taken.stored, aside=taken.aside, again=taken.again)


@router.get("/status")
async def status(ingest: Annotated[Ingests, Depends(ingest_of)]) -> IngestTold:
    """Every line with when it was last heard, its errors and advice; the way on; the clock; the quarantine."""
    return IngestTold(**(await ingest.status()).to_json())


@router.post("/quarantine/retry")
async def retry(chosen: Chosen, ingest: Annotated[Ingests, Depends(ingest_of)]) -> Retried:
    """Send what is kept aside once more, as it is: after the model or the history has learnt to take it."""
    return Retried(samples=await ingest.retry(chosen.ids))


def _prove(options: Options, secret: str) -> None:
    if not options.lorawan_secret:
        raise Unavailable("the push door is closed", hint="set PLANTROOM_WEBHOOK_SECRET")
    if not hmac.compare_digest(secret.encode(), options.lorawan_secret.encode()):
        raise Unproven(
            "the shared secret is missing or wrong",
            hint="send it as the header X-Plantroom-Secret; PLANTROOM_WEBHOOK_SECRET sets it",
        )


def _from_json(body: bytes) -> tuple[str, Samples]:
    """The batch's id and columns. Raises BadRequest naming the first thing wrong."""
    try:
        told = PushedBatch.model_validate_json(body)
    except ValidationError as cause:
        first = cause.errors()[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise BadRequest(
            f"{where}: {first['msg']}"[:300], hint="see docs/how-to/edge-box.md for the form"
        ) from cause
    places: dict[str, int] = {}
    rows = told.samples
    index = np.array([places.setdefault(row.point, len(places)) for row in rows], dtype=np.int32)
    values = [np.nan if row.value is None else row.value for row in rows]
    return told.batch, Samples(
        points=tuple(map(Ref, places)),
        index=index,
        ts=np.array([_seconds(row.ts) for row in rows], dtype=np.int64),
        value=np.array(values, dtype=np.float64),
        status=np.array([_status(row.status) for row in rows], dtype=np.uint8),
    )


def _seconds(ts: float | str) -> int:
    if isinstance(ts, str):
        return int(parse_instant(ts).timestamp())
    if not abs(ts) < 2**62:  # also NaN
        raise BadRequest(f"{ts} is no time", hint="whole seconds since 1970, or ISO 8601 text")
    return int(ts)


def _status(status: str | int) -> int:
    if isinstance(status, int):
        return status if 0 <= status <= 255 else 255  # one that does not exist is kept aside
    return int(Status[status.upper()])
