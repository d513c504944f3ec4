"""One HTTP exchange with a Haystack server: bounded in time and size, and whole or refused."""

from __future__ import annotations

import asyncio
import re
import tempfile
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, BinaryIO, Final, Protocol, cast
from urllib.parse import SplitResult, urlsplit

import httpx2

from ontology.errors import BadRequest, Corrupt, Unavailable

IN_MEMORY: Final = 4 * 1024 * 1024
"""Bytes of an answer kept in memory; the rest of a long one goes into a file without a name."""
_STEP: Final = 256 * 1024
"""Bytes unpacked at once, so that a small bomb cannot become a big block."""
_PEEK: Final = 512
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+"
)
"""Commands to a terminal, changes of the direction of writing, and what is no character at all."""


def clean(text: str, most: int = 120) -> str:
    """Words of a server for our own messages: one line of at most `most` characters, no controls.

    >>> clean("no \\x1b[2J\\nway")
    'no [2J way'
    """
    return " ".join(_UNSEEN.sub(" ", text[: 4 * most]).split())[:most]


@dataclass(frozen=True)
class Limits:
    """How patient a client is. The defaults load a campus of 100,000 entities over a slow line."""

    body: int = 512 * 1024 * 1024
    """Bytes of one answer, unpacked."""
    silence_s: float = 30.0
    """Without a byte from the server."""
    total_s: float = 600.0
    """For one whole answer, however steadily it drips."""


@dataclass(frozen=True)
class Answer:
    """A whole answer. `body` is at its beginning, and closed when the exchange ends."""

    status: int
    headers: httpx2.Headers
    body: BinaryIO
    where: str

    @property
    def media(self) -> str:
        """Content type with its parameters, in lower case."""
        return str(self.headers.get("content-type", "")).strip().lower()

    def peek(self) -> str:
        """The first characters, to tell people what came instead of a grid."""
        self.body.seek(0)
        start = self.body.read(_PEEK).decode("utf-8", "replace")
        self.body.seek(0)
        return clean(start)

    def check_here(self) -> None:
        """Raises Unavailable for a redirect. It is never followed: what proves us is for one server."""
        if 300 <= self.status < 400:
            to = clean(str(self.headers.get("location", ""))) or "nowhere"
            raise Unavailable(
                f"{self.where} leads to {to}", hint="use that address, if you trust it"
            )


class Unpacks(Protocol):
    """Python's own decompressor, which has no public type."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


class Transport:
    """Requests below one base URL. Follows no redirects: a login goes to the server named, or nowhere."""

    def __init__(self, url: str, limits: Limits) -> None:
        parts = _address(url.strip())
        self.base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.host = parts.hostname or ""
        self.private = parts.scheme == "https" or self.host in ("localhost", "127.0.0.1", "::1")
        self.limits = limits
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(limits.silence_s), follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    @asynccontextmanager
    async def exchange(
        self,
        op: str,
        headers: Mapping[str, str],
        *,
        content: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Answer]:
        """POST `content`, or GET. Raises Unavailable, and Corrupt for half an answer."""
        where = f"{self.base}/{op}"
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            request = self._request(where, headers, content, query)
            try:
                async with asyncio.timeout(self.limits.total_s):
                    answer = await self._http.send(request, stream=True)
                    try:
                        await self._receive(answer, body, where)
                    finally:
                        await answer.aclose()
            except TimeoutError as cause:
                raise Unavailable(
                    f"{where} did not come to its end within {self.limits.total_s:g} s",
                    hint="read less at once, or give it more time",
                ) from cause
            except httpx2.HTTPError as cause:
                raise _broken(where, cause, self.limits) from cause
            body.seek(0)
            yield Answer(answer.status_code, answer.headers, cast("BinaryIO", body), where)

    def _request(
        self,
        where: str,
        headers: Mapping[str, str],
        content: bytes | None,
        query: Mapping[str, str] | None,
    ) -> httpx2.Request:
        try:
            return self._http.build_request(
                "GET" if content is None else "POST", where, content=content, params=query,
                headers={"accept-encoding": "gzip", "user-agent": "plantroom", **headers},
            )  # fmt: skip
        except (UnicodeError, httpx2.InvalidURL) as cause:
            raise BadRequest(
                f"{where} cannot be asked: {clean(str(cause))}",
                hint="address, user and token go into a request as plain characters",
            ) from cause

    async def _receive(self, answer: httpx2.Response, body: IO[bytes], where: str) -> None:
        packed = answer.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("identity", "gzip", ""):
            raise Corrupt(
                f"{where} answers in {clean(packed, 40)!r}", hint="only gzip is asked for"
            )
        unpack = zlib.decompressobj(wbits=31) if packed == "gzip" else None  # 31: a gzip header
        size = 0
        async for raw in answer.aiter_raw(_STEP):
            for piece in _pieces(unpack, raw, where):
                size += len(piece)
                if size > self.limits.body:
                    raise Corrupt(
                        f"{where} sends more than {self.limits.body:,} bytes",
                        hint="read with a filter or a limit, or allow a longer answer",
                    )
                body.write(piece)
        if unpack is not None and not unpack.eof:
            raise Corrupt(f"{where} stopped in the middle of its gzip", hint="try again")


def _address(url: str) -> SplitResult:
    """The parts of an address of a server. Raises BadRequest."""
    wrong = BadRequest(
        f"not the address of a Haystack server: {url.rpartition('@')[2]!r:.120}",
        hint="such as https://bms.example/api/tower or http://10.0.0.5:8080/haystack",
    )
    if not url.isprintable() or any(char.isspace() for char in url):
        raise wrong  # `urlsplit` would take line ends out without a word
    try:
        parts = urlsplit(url)
        _ = parts.port, httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL) as cause:
        raise wrong from cause
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong
    if parts.username or parts.password:
        raise BadRequest("the address carries a password", hint="give user and password apart")
    return parts


def _pieces(unpack: Unpacks | None, raw: bytes, where: str) -> Iterator[bytes]:
    """What came, unpacked where it is packed, at most `_STEP` bytes at a time."""
    if unpack is None:
        yield raw
        return
    rest = raw
    try:
        while rest and not unpack.eof:
            yield unpack.decompress(rest, _STEP)
            rest = unpack.unconsumed_tail
    except zlib.error as cause:
        raise Corrupt(f"{where} sends a gzip that is none", hint="try again") from cause


def _broken(where: str, cause: httpx2.HTTPError, limits: Limits) -> Unavailable | Corrupt:
    """What a failed exchange is called."""
    if isinstance(cause, httpx2.TimeoutException):
        return Unavailable(
            f"{where} is silent for {limits.silence_s:g} s", hint="look whether the server runs"
        )
    if isinstance(cause, httpx2.RemoteProtocolError):
        return Corrupt(
            f"{where} sent half an answer: {clean(str(cause))}",
            hint="nothing of it was used; try again, and look at the server's log",
        )
    return Unavailable(
        f"{where} cannot be reached: {clean(str(cause)) or type(cause).__name__}",
        hint="look at address, port and network",
    )
