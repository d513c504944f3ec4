"""The door for LoRaWAN uplinks: a network server posts them here with a shared secret."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header
from pydantic import BaseModel

from ontology.errors import Unavailable
from services.api.deps import options as options_of
from services.api.errors import Unproven
from services.api.system import Options

router = APIRouter(prefix="/api/ingest", tags=["ingest"])


class Taken(BaseModel):
    """How many values were durably taken over."""

    values: int


@router.post("/lorawan")
async def uplink(
    body: Annotated[Mapping[str, Any], Body()],
    options: Annotated[Options, Depends(options_of)],
    x_plantroom_secret: Annotated[str, Header(description="the shared secret")] = "",
) -> Taken:
    """Take an uplink of a ChirpStack or The Things Stack webhook. It is safe to post one again."""
    if options.uplink is None or not options.lorawan_secret:
        raise Unavailable("the LoRaWAN door is closed", hint="set PLANTROOM_WEBHOOK_SECRET")
    if not hmac.compare_digest(x_plantroom_secret.encode(), options.lorawan_secret.encode()):
        raise Unproven(
            "the shared secret is missing or wrong",
            hint="send it as the header X-Plantroom-Secret; PLANTROOM_WEBHOOK_SECRET sets it",
        )
    return Taken(values=await options.uplink(body))
