"""One grid as the body of an answer: what a format cannot hold is left out and counted, the rest is given."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.responses import Response

from ontology.errors import Corrupt, PlantroomError
from ontology.kinds import Grid, Number, Tags
from services.api.errors import status_of
from services.api.haystack.errors import error_grid
from services.api.haystack.media import Format

_THREAD_ROWS: Final = 500
"""Answers longer than this are written in a thread, so that others are served meanwhile."""
LEFT_OUT: Final = "leftOut"
"""In the meta of an answer: how many values could not be written in its format."""

log = logging.getLogger(__name__)

Write = Callable[[Grid], bytes]
_REFUSALS: Final = (PlantroomError, UnicodeEncodeError)
"""How an encoder says no; the latter is half of a surrogate pair in a text."""


async def written(grid: Grid, wanted: Format, media: str) -> Response:
    """The grid in the format wanted, as far as that can hold it."""
    try:
        if len(grid) > _THREAD_ROWS:
            body = await asyncio.to_thread(_body, grid, wanted)
        else:
            body = _body(grid, wanted)
    except _REFUSALS as error:
        log.error("an answer cannot be written as %s: %s", wanted.media, error)  # noqa: TRY400  (no bug)
        return plain(500, f"the answer cannot be written as {media}; ask for another format")
    return Response(body, media_type=f"{media}; charset=utf-8")


def told(error: PlantroomError, wanted: Format, media: str) -> Response:
    """An op that failed: an error grid, or a status and a line of text where a format has no meta."""
    if not wanted.meta:
        # nearly always it is the call that cannot be read
        status = 400 if isinstance(error, Corrupt) else status_of(error)
        return plain(status, f"{error}; {error.hint}" if error.hint else str(error))
    return Response(_body(error_grid(error), wanted), media_type=f"{media}; charset=utf-8")


def plain(status: int, says: str, **headers: str) -> Response:
    """A status with one line for people. `retry_after` names the header Retry-After."""
    text = f"{says}\n".encode("utf-8", "replace")
    return Response(
        text,
        status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        media_type="text/plain; charset=utf-8",
    )


def _body(grid: Grid, wanted: Format) -> bytes:
    encode = wanted.encode
    assert encode is not None  # `format_wanted` gives no other

    def write(part: Grid) -> bytes:
        return encode(part).encode()

    if (whole := _attempt(write, grid)) is not None:
        return whole
    sound, missing = sifted(grid, write)
    log.warning("%d values of an answer cannot be written as %s", missing, wanted.media)
    return write(sound)


def _attempt(write: Write, grid: Grid) -> bytes | None:
    try:
        return write(grid)
    except _REFUSALS:
        return None


def sifted(grid: Grid, write: Write) -> tuple[Grid, int]:
    """The grid without the values that `write` refuses, and how many those are; no row is lost."""
    columns = tuple(name for name in grid.columns if _attempt(write, Grid((name,))) is not None)
    named = grid.rows
    if len(columns) < len(grid.columns):
        named = tuple({n: v for n, v in row.items() if n in columns} for row in named)
    rows = _rows(columns, named, write)
    meta = _tags(grid.meta, write)
    owners = {
        name: _tags(tags, write) for name, tags in grid.column_meta.items() if name in columns
    }
    missing = _size([grid.meta, *grid.rows]) - _size([meta, *rows])
    meta[LEFT_OUT] = Number(missing)
    return Grid(columns or ("empty",), tuple(rows), meta, owners), missing


def _rows(columns: tuple[str, ...], rows: Sequence[Tags], write: Write) -> list[Tags]:
    """Halves of halves, down to the rows that are refused: few of them cost little."""
    if not rows or _attempt(write, Grid(columns, tuple(rows))) is not None:
        return list(rows)
    if len(rows) == 1:
        return [_tags(rows[0], write)]
    half = len(rows) // 2
    return [*_rows(columns, rows[:half], write), *_rows(columns, rows[half:], write)]


def _tags(tags: Tags, write: Write) -> dict[str, Any]:
    return {
        name: value
        for name, value in tags.items()
        if _attempt(write, Grid((name,), ({name: value},))) is not None
    }


def _size(parts: Sequence[Tags]) -> int:
    return sum(len(part) for part in parts)
