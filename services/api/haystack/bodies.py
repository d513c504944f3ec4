"""What clients post: bounded in bytes, rows and values, and long bodies are read one at a time.

A byte of a grid takes up to a hundred in memory, so the bound is on what is made of a body, too.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Request

from ontology.errors import BadRequest
from ontology.kinds import Grid
from services.api.haystack.errors import TooBusy
from services.api.haystack.media import decode

MAX_BODY: Final = 2 * 1024 * 1024
"""Bytes of a request: ten thousand ids, or a week of samples of a point."""
SHORT: Final = 16 * 1024
"""Bytes of a body that waits for nobody: it cannot become more than a few megabytes."""
MAX_WAITING: Final = 8
"""Long bodies that wait for their turn, besides the one being read."""


class Bodies:
    """The grids of all requests of one server."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._inside = 0

    async def grid(self, request: Request) -> Grid:
        """The grid of a POST. Raises BadRequest, UnknownMedia, Corrupt; TooBusy where many wait."""
        body, media = await _bytes(request), request.headers.get("content-type", "")
        if len(body) <= SHORT:
            return await asyncio.to_thread(decode, body, media)
        if self._inside > MAX_WAITING:
            raise TooBusy(
                f"{self._inside} long requests are being read", hint="try again in a second"
            )
        self._inside += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(decode, body, media)
        finally:
            self._inside -= 1


async def _bytes(request: Request) -> bytes:
    kept = bytearray()
    async for chunk in request.stream():
        kept += chunk
        if len(kept) > MAX_BODY:
            raise BadRequest(f"a grid of more than {MAX_BODY} bytes", hint="send it in parts")
    return bytes(kept)
