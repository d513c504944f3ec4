"""The server side of store and forward, as it is served, without the rest of the house."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from ingest.intake import Intake, Taken
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.pushed import Pushed
from ingest.quality import Plausibility
from ingest.sink import Sink
from ingest.status import IngestStatus
from ontology.history import Samples
from ontology.kinds import Ref
from services.api import ingest
from services.api.border import Border, Push
from services.api.errors import answer_errors
from services.api.system import MAX_BODY, MAX_PUSH, Options

SECRET = "riverside-secret"


class FarIngest:
    """Ingest of a server: its own outbox first, then its history."""

    def __init__(
        self, outbox: Outbox, history: Sink | None, known: Callable[[Ref], bool] | None
    ) -> None:
        self.pushed = Pushed(Intake(outbox, known=known), Plausibility(()))
        self.poller = Poller((), outbox, history, senders=lambda: self.pushed.senders)
        self._outbox = outbox

    async def take(self, samples: Samples, *, sender: str, batch: str) -> Taken:
        return await self.pushed.take(samples, sender=sender, batch=batch)

    async def status(self) -> IngestStatus:
        return await self.poller.status()

    async def retry(self, ids: Sequence[int] | None) -> int:
        return await self._outbox.retry(ids)


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def application(door: FarIngest, secret: str = SECRET) -> FastAPI:
    """The real route behind the real border."""
    app = FastAPI()
    app.state.options = Options(lorawan_secret=secret, ingest=door)
    app.include_router(ingest.router)
    answer_errors(app)
    app.add_middleware(
        Border, hosts=("localhost", "127.0.0.1"), max_body=MAX_BODY, push=Push(secret, MAX_PUSH)
    )
    return app


@asynccontextmanager
async def far_server(
    outbox: Outbox,
    history: Sink | None = None,
    *,
    port: int = 0,
    known: Callable[[Ref], bool] | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> AsyncIterator[tuple[str, FarIngest]]:
    """Its URL and its ingest while entered. `certificate` are the files of chain and key."""
    door = FarIngest(outbox, history, known)
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with contextlib.closing(tcp) as claimed:
        claimed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        claimed.bind(("127.0.0.1", port))
        chain, key = certificate or (None, None)
        server = _Quiet(
            uvicorn.Config(
                application(door), log_level="warning", ssl_certfile=chain, ssl_keyfile=key,
                timeout_graceful_shutdown=2, lifespan="off",
            )
        )  # fmt: skip
        async with door.poller:
            serving = asyncio.create_task(server.serve(sockets=[claimed]))
            while not server.started and not serving.done():  # noqa: ASYNC110  (uvicorn sets no event)
                await asyncio.sleep(0.01)
            try:
                scheme = "https" if certificate else "http"
                yield f"{scheme}://localhost:{claimed.getsockname()[1]}", door
            finally:
                server.should_exit = True
                await serving
