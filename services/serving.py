"""The server: chat and API, the poller behind them, and the fault rules on their round."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import signal
import socket
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from rich.console import Console

from ingest.driver import Line
from ingest.drivers.lorawan import MqttUplinks
from ingest.intake import Intake, Taken
from ingest.line_state import LineState
from ingest.lines import read_lines
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.pushed import Pushed
from ingest.quality import Plausibility
from ingest.status import FILE as STATUS_FILE
from ingest.status import IngestStatus
from ingest.uplinks import decode_uplink
from ontology.errors import Conflict, PlantroomError, Unavailable
from ontology.history import HistoryStore, Kept, Samples
from ontology.store.duck import DuckHistory
from services.api.app import create_app
from services.api.runlog import RunLog
from services.api.system import Device, Options
from services.broker import broker_of
from services.folder import owned
from services.home import require_building, server_card
from services.overrides import keep_overrides, known_overrides
from services.settings import Settings
from services.wire import System, open_system
from services.worker import rounds

STOP_S: Final = 10
"""Seconds that open requests have to end when the server stops."""
MAX_CONNECTIONS: Final = 256
"""Open requests and followed runs at the same time; more are told to come back (503)."""
_STATES: Final = {"good": "ok", "starting": "late", "silent": "silent", "failing": "late"}


async def run(settings: Settings, console: Console) -> None:
    """Serve the building in `home` with the devices of its lines.toml until told to stop."""
    require_building(settings)
    with claimed_port(settings) as claimed, owned(settings.home):
        async with open_system(settings) as system:
            path = settings.home / "lines.toml"
            lines = read_lines(path) if path.exists() else ()
            secret = settings.webhook_secret.get_secret_value() or secrets.token_urlsafe(24)
            async with served(system, claimed, lines, secret) as stopped:
                where = f"Plantroom serves {system.building.site.dis} at {url_of(claimed)}"
                console.print(where, markup=False)
                await stopped.wait()


@asynccontextmanager
async def served(
    system: System, claimed: socket.socket, lines: Sequence[Line], secret: str
) -> AsyncIterator[asyncio.Event]:
    """Poll, detect and serve while entered; the event is set when a person or the system stops the server."""
    RunLog(system.settings.home / "runs.db").close()  # a broken one is told before anything starts
    outbox = await Outbox.open(system.settings.home / "outbox.db")
    broker = broker_of(system.settings)
    try:
        plausibility = Plausibility(system.building)
        points = {entity.ref for entity in system.building if entity.is_point}
        pushed = Pushed(Intake(outbox, known=points.__contains__), plausibility)
        poller = Poller(
            lines, outbox, system.history, plausibility=plausibility,
            overrides=await known_overrides(system),
            on_override=lambda changes: keep_overrides(system, changes),
            uplinks=(lambda: MqttUplinks(broker)) if broker else None,
            status=system.settings.home / STATUS_FILE, senders=lambda: pushed.senders,
        )  # fmt: skip
        system.devices_seen = lambda: [_device(state) for state in poller.states.values()]
        async with (
            poller,
            background(rounds(system), "rounds"),
            _http(system, poller, _Ingest(poller, pushed, outbox), claimed, secret) as stopped,
            background(warmed(system), "sql"),
        ):
            yield stopped
    finally:
        system.devices_seen = tuple
        await outbox.close()


async def warmed(system: System) -> None:
    """Have a SQL worker ready before somebody asks, once the server answers."""
    with contextlib.suppress(PlantroomError):  # who asks will be told
        await system.sql.warm()


@contextlib.contextmanager
def claimed_port(settings: Settings) -> Iterator[socket.socket]:
    """The server's socket, bound before anything slow begins. Raises Conflict when the port is taken."""
    # named as TCP: asyncio turns Nagle's delay (40 ms an answer) off only where it reads that
    claimed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        claimed.bind((settings.host, settings.port))
    except OSError as cause:
        claimed.close()
        raise _not_bound(settings, cause) from cause
    try:
        yield claimed
    finally:
        claimed.close()


def _not_bound(settings: Settings, cause: OSError) -> PlantroomError:
    where = f"{settings.host}:{settings.port}"
    if cause.errno == errno.EADDRINUSE:
        return Conflict(
            f"{where} is taken: {cause.strerror}",
            hint="Plantroom may be running already; else choose another with --port",
        )
    return Unavailable(
        f"cannot serve on {where}: {cause.strerror}",
        hint="PLANTROOM_HOST is an IPv4 address of this machine; ports under 1024 need the right",
    )


def url_of(claimed: socket.socket) -> str:
    """Where people reach the server."""
    host, port = claimed.getsockname()[:2]
    return f"http://{host}:{port}"


@asynccontextmanager
async def _http(
    system: System, poller: Poller, ingest: _Ingest, claimed: socket.socket, secret: str
) -> AsyncIterator[asyncio.Event]:
    async def uplink(message: Mapping[str, Any]) -> int:
        return await poller.accept(decode_uplink(message))

    settings, key = system.settings, secrets.token_urlsafe(24)
    options = Options(
        owner_key=key, kept=system.history.kept, backup=_backup_of(system.history),
        runs=settings.home / "runs.db", lorawan_secret=secret, uplink=uplink, ingest=ingest, clock=system.clock,
        hosts=("localhost", "127.0.0.1", "[::1]", settings.host),
        haystack_user=settings.haystack.user,
        haystack_password=settings.haystack.password.get_secret_value(),
    )  # fmt: skip
    config = uvicorn.Config(
        create_app(system, options),
        log_level="warning",
        lifespan="on",
        timeout_graceful_shutdown=STOP_S,
        limit_concurrency=MAX_CONNECTIONS,
    )
    server = _Server(config)
    stopped = asyncio.Event()
    serving = asyncio.create_task(server.serve(sockets=[claimed]), name="http")
    serving.add_done_callback(lambda _: stopped.set())
    await server.ready.wait()
    with _signals(stopped), server_card(settings.home, url_of(claimed), key):
        try:
            yield stopped
        finally:
            server.should_exit = True
            await serving


@dataclass(frozen=True)
class _Ingest:
    """What the HTTP layer may ask of ingest."""

    poller: Poller
    pushed: Pushed
    outbox: Outbox

    async def take(self, samples: Samples, *, sender: str, batch: str) -> Taken:
        return await self.pushed.take(samples, sender=sender, batch=batch)

    async def status(self) -> IngestStatus:
        return await self.poller.status()

    async def retry(self, ids: Sequence[int] | None) -> int:
        return await self.outbox.retry(ids)

    async def discard(self, ids: Sequence[int] | None) -> int:
        return await self.outbox.discard(ids)


def _backup_of(history: HistoryStore) -> Callable[[Path], Awaitable[Kept]] | None:
    """How this history is backed up while it is written to; None where its database does that."""
    if not isinstance(history, DuckHistory):
        return None

    async def backup(folder: Path) -> Kept:
        await history.backup(folder)
        return await history.kept()

    return backup


class _Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn would end the process before devices and files are closed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def _signals(stopped: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Work that goes on while entered."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _device(state: LineState) -> Device:
    seen = "silent" if state.stale else _STATES[state.health]
    return Device(state.name, state.protocol, seen, state.last_seen, state.points)
