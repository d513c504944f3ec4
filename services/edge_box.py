"""An edge box: it polls the lines of its home and forwards them to a Plantroom server; it needs no building."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from ingest.driver import Line
from ingest.drivers.lorawan import MqttUplinks
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.server_sink import Server, ServerSink
from ingest.status import FILE
from ontology.errors import BadRequest
from services.broker import broker_of
from services.settings import Settings


def server_of(settings: Settings) -> Server:
    """Where to forward to. Raises BadRequest where it is not set, or without its secret."""
    forward = settings.forward
    if forward.url is None:
        raise BadRequest("no server to forward to", hint="set PLANTROOM_FORWARD__URL")
    secret = forward.secret.get_secret_value()
    if not secret:
        raise BadRequest(
            "the server's secret is not set",
            hint="set PLANTROOM_FORWARD__SECRET to the server's PLANTROOM_WEBHOOK_SECRET",
        )
    box = forward.box or re.sub(r"[^\w.-]", "-", socket.gethostname())[:60] or "edge"
    return Server(str(forward.url).rstrip("/"), secret, box, forward.ca)


@asynccontextmanager
async def forwarding(
    settings: Settings, lines: Sequence[Line], server: Server
) -> AsyncIterator[Poller]:
    """Poll these lines and forward while entered; what cannot go waits in the home's outbox."""
    home, broker = settings.home, broker_of(settings)
    outbox = await Outbox.open(home / "outbox.db", most_rows=settings.forward.most_rows)
    try:
        async with ServerSink(server) as sink:
            poller = Poller(
                lines, outbox, sink, to=server.url, status=home / FILE,
                uplinks=(lambda: MqttUplinks(broker)) if broker else None,
            )  # fmt: skip
            async with poller:
                yield poller
    finally:
        await outbox.close()
