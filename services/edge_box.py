"""An edge box: it polls the lines of its home and forwards them to a Plantroom server; it needs no building."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from rich.console import Console

from ingest.driver import Line
from ingest.drivers.lorawan import MqttUplinks
from ingest.lines import read_lines
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.server_sink import Server, ServerSink
from ingest.status import FILE
from ontology.errors import BadRequest
from services.broker import broker_of
from services.folder import owned
from services.settings import Settings


async def run(settings: Settings, console: Console) -> None:
    """Poll and forward until told to stop. Raises BadRequest where no server is set."""
    server = server_of(settings)
    lines = read_lines(settings.home / "lines.toml")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        with owned(settings.home):
            async with forwarding(settings, lines, server):
                said = (
                    f"{len(lines)} lines are polled and forwarded to {server.url} as {server.box}"
                )
                console.print(said, markup=False)
                await stopped.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


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
    return Server(str(forward.url), secret, box, forward.ca)


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
