"""`plantroom ingest run`: lines polled without the web server, into the home's history or on to a server."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from rich.console import Console
from rich.status import Status as Spinner

from ingest.driver import Line
from ingest.drivers.lorawan import MqttUplinks
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.quality import Plausibility
from ingest.server_sink import Server
from ingest.status import FILE
from services.broker import broker_of
from services.edge_box import forwarding
from services.folder import owned
from services.overrides import keep_overrides, known_overrides
from services.settings import Settings
from services.terminal import readable
from services.wire import open_system

_EVERY_S: Final = 1.0


async def run(
    settings: Settings, lines: Sequence[Line], server: Server | None, console: Console
) -> None:
    """Poll until told to stop: into this home's history, or, with a server, on to it.

    Raises Conflict where another process owns the home, NotFound where it holds no building.
    """
    with owned(settings.home), _told_to_stop() as stopped:
        opened = forwarding(settings, lines, server) if server else _local(settings, lines)
        async with opened as poller:
            to = f"{server.url} as {server.box}" if server else str(settings.home)
            console.print(
                f"{len(lines)} lines are polled into {to}   (Ctrl-C stops it)", markup=False
            )
            await _show_until(stopped, poller, console)
    console.print(
        readable(f"stopped; {poller.forwarding.waiting:,} samples wait in the outbox"), markup=False
    )


@asynccontextmanager
async def _local(settings: Settings, lines: Sequence[Line]) -> AsyncIterator[Poller]:
    """Poll into the history of this home while entered."""
    async with open_system(settings) as system:
        outbox = await Outbox.open(settings.home / "outbox.db")
        broker = broker_of(settings)
        try:
            poller = Poller(
                lines, outbox, system.history, plausibility=Plausibility(system.building),
                overrides=await known_overrides(system),
                on_override=lambda changes: keep_overrides(system, changes),
                uplinks=(lambda: MqttUplinks(broker)) if broker else None,
                status=settings.home / FILE,
            )  # fmt: skip
            async with poller:
                yield poller
        finally:
            await outbox.close()


async def _show_until(stopped: asyncio.Event, poller: Poller, console: Console) -> None:
    """One line that lives, on a terminal; elsewhere nothing until the end."""
    if not console.is_terminal:
        await stopped.wait()
        return
    with Spinner("starting", console=console) as shown:
        while not stopped.is_set():
            shown.update(readable(one_line(poller)))
            try:
                async with asyncio.timeout(_EVERY_S):
                    await stopped.wait()
            except TimeoutError:
                continue


def one_line(poller: Poller) -> str:
    """How it goes, in a line."""
    states = poller.states.values()
    health = Counter("stale" if state.stale else state.health for state in states)
    rate = sum(state.rate for state in states if not state.stale)
    way = poller.forwarding
    said = [f"{count} {name}" for name, count in health.most_common()]
    said += [f"{rate:,.1f} samples/s", f"{way.moved:,} moved"]
    said += [f"{way.waiting:,} wait"] if way.waiting else []
    said += [way.error] if way.error else []
    return " · ".join(said)


@contextmanager
def _told_to_stop() -> Iterator[asyncio.Event]:
    """Set at Ctrl-C, and when the system ends us."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
