"""Store and forward: a Sink that posts batches to a Plantroom server, in order, until the server has them on disk."""

from __future__ import annotations

import hashlib
import secrets
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2

from ingest.arrow_batch import MEDIA_TYPE, encode
from ingest.packed import rows_of
from ontology.errors import BadRequest, PlantroomError, Unavailable
from ontology.history import Samples

PATH: Final = "/api/ingest/samples"
SECRET: Final = "X-Plantroom-Secret"  # noqa: S105  (the name of a header)
BATCH: Final = "X-Plantroom-Batch"
BOX: Final = "X-Plantroom-Box"
_ROWS: Final = 20_000
"""Rows of one request: about 200 KB, seconds even over a mobile link."""
_NEVER: Final = (400, 413, 422)
"""The server read it and will not take it, however often it comes."""
_TURNED_AWAY: Final = (401, 403, 404, 405, 415, 421)
"""Not the batch is wrong but the address or the secret: it waits for a person."""
_SAID: Final = 300


@dataclass(frozen=True)
class Server:
    """A Plantroom server as an edge box knows it. `ca` is its certificate authority where it is the site's own."""

    url: str
    secret: str = field(repr=False)
    box: str = "edge"
    ca: Path | None = None
    timeout_s: float = 30.0


class ServerSink:
    """Posts to one server; use as an async context manager. Waiting and coming back are the forwarder's."""

    def __init__(self, server: Server) -> None:
        """Raises BadRequest where the address or the authority's file cannot be used."""
        self._server = server
        url = httpx2.URL(server.url)
        if url.scheme not in ("http", "https") or not url.host:
            raise BadRequest(
                f"{server.url!r:.100} is no server's address",
                hint="such as https://plantroom.example",
            )
        self._client = httpx2.AsyncClient(
            base_url=server.url.rstrip("/"),
            timeout=server.timeout_s,
            verify=_trusted(server.ca),
            trust_env=False,
            follow_redirects=False,  # the secret goes to the server that was named, and to no other
            limits=httpx2.Limits(max_connections=1),
        )
        self._pending = (b"", "")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def write(self, samples: Samples) -> None:
        """On the server's disk when it returns. Raises BadRequest (never), Unavailable (later)."""
        for start in range(0, len(samples), _ROWS):
            whole = start == 0 and len(samples) <= _ROWS
            part = samples if whole else rows_of(samples, slice(start, start + _ROWS))
            await self._post(encode(part))

    async def _post(self, body: bytes) -> None:
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Content-Encoding": "gzip",
            SECRET: self._server.secret,
            BOX: self._server.box,
            BATCH: self._id_of(body),
        }
        try:
            answer = await self._client.post(PATH, content=body, headers=headers)
        except httpx2.HTTPError as cause:
            raise Unavailable(
                f"{self._server.url} does not answer: {str(cause) or type(cause).__name__}",
                hint="check network, name and certificate; samples wait here until it does",
            ) from cause
        if answer.status_code != httpx2.codes.ACCEPTED:
            raise self._meaning(answer)
        self._pending = (b"", "")

    def _id_of(self, body: bytes) -> str:
        """The id of a batch: the same for the same content until it was taken, then never again."""
        digest = hashlib.sha256(body).digest()
        if self._pending[0] != digest:
            self._pending = (
                digest,
                f"{self._server.box}-{secrets.token_hex(8)}-{digest.hex()[:16]}",
            )
        return self._pending[1]

    def _meaning(self, answer: httpx2.Response) -> PlantroomError:
        where, status = self._server.url, answer.status_code
        said = f"{where} answers {status}: {_detail(answer)}"
        if status in _NEVER:
            return BadRequest(said, hint="the batch is kept aside; see the reason")
        if status in _TURNED_AWAY:
            return Unavailable(
                said,
                hint="check PLANTROOM_FORWARD__URL and PLANTROOM_FORWARD__SECRET; samples wait here",
            )
        return Unavailable(said, hint="the server will be asked again; samples wait here")


def _trusted(ca: Path | None) -> ssl.SSLContext:
    """Certificates are always verified: against the system's authorities, or the site's own alone."""
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as cause:
        raise BadRequest(
            f"the certificate authority {ca} cannot be read: {cause}", hint="give a PEM file"
        ) from cause


def _detail(answer: httpx2.Response) -> str:
    """What the server says is wrong; untrusted text, so only a line of it."""
    try:
        told = answer.json()
        said = str(told["detail"])
    except (ValueError, LookupError, TypeError):
        said = answer.reason_phrase or "no reason"
    return " ".join(said.split())[:_SAID]
