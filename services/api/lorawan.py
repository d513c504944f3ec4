"""The door for LoRaWAN uplinks: a network server posts them here with a shared secret."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query
from pydantic import BaseModel, Field

from ingest.uplinks import other_event
from ontology.errors import Unavailable
from services.api.deps import options as options_of
from services.api.errors import Unproven
from services.api.system import Options

router = APIRouter(prefix="/api/ingest", tags=["ingest"])

_BATCH = 1_000
_Message = Mapping[str, Any]


class Taken(BaseModel):
    """What was durably taken over, and which events were passed over because they carry no values."""

    values: int
    ignored: list[str] = Field(default_factory=list)


@router.post("/lorawan")
async def uplink(
    body: Annotated[_Message | Annotated[Sequence[_Message], Field(max_length=_BATCH)], Body()],
    options: Annotated[Options, Depends(options_of)],
    x_plantroom_secret: Annotated[str, Header(description="the shared secret")] = "",
    event: Annotated[
        str,
        Query(
            description="what ChirpStack calls the event; all but `up` are passed over",
            max_length=40,
        ),
    ] = "",
) -> Taken:
    """Take an uplink of a ChirpStack or The Things Stack webhook, or a list of them. It is safe to post one again."""
    if options.uplink is None or not options.lorawan_secret:
        raise Unavailable("the LoRaWAN door is closed", hint="set PLANTROOM_WEBHOOK_SECRET")
    if not hmac.compare_digest(x_plantroom_secret.encode(), options.lorawan_secret.encode()):
        raise Unproven(
            "the shared secret is missing or wrong",
            hint="send it as the header X-Plantroom-Secret; PLANTROOM_WEBHOOK_SECRET sets it",
        )
    taken = Taken(values=0)
    for message in [body] if isinstance(body, Mapping) else body:
        if other := other_event(message, event):
            taken.ignored.append(other)
        else:
            taken.values += await options.uplink(message)
    return taken
