"""The grid in an answer: its format by content type, an error grid as an error, a web page as what it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from ingest.haystack.transport import Answer, clean
from ontology.codec import zinc
from ontology.codec.pick import read_json
from ontology.codec.rows import Rows
from ontology.errors import Corrupt, PlantroomError, Unavailable
from ontology.kinds import Grid, Tags


def grid_of(answer: Answer) -> Grid:
    """The whole grid. Raises Unavailable for an error grid, Corrupt for anything else that is none."""
    rows = _opened(answer)
    with _Placed(answer):
        return rows.grid()


def rows_of(answer: Answer) -> Iterator[Tags]:
    """Its rows one by one, empty ones left out. Raises as `grid_of`."""
    rows = _opened(answer)
    with _Placed(answer):
        for row in rows:
            if row:
                yield row


class _Placed:
    """What a codec finds wrong, with the address it came from."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Corrupt):
            raise Corrupt(
                f"{self._answer.where} sent no whole grid: {clean(str(error), 500)}",
                hint=f"nothing of it was used; {clean(error.hint, 300) or 'try again'}",
            ) from error


def _opened(answer: Answer) -> Rows:
    kind = answer.media.partition(";")[0].strip()
    if kind in ("text/html", "application/xhtml+xml") or _is_page(answer):
        raise Corrupt(
            f"{answer.where} is a web page, no grid: {answer.peek()!r}",
            hint="the address may lack /api/PROJECT, or a login page came in between",
        )
    read = _READERS.get(kind)
    if read is None:
        raise Corrupt(
            f"{answer.where} answers in {clean(kind, 60)!r}", hint="Zinc and JSON are read"
        )
    with _Placed(answer):
        rows = read(_whole(answer) if read is zinc.read else answer.body)
    if "err" in rows.meta:
        raise _told(answer, rows.meta)
    return rows


def _is_page(answer: Answer) -> bool:
    return answer.peek()[:15].lower().startswith(("<!doctype", "<html"))


def _whole(answer: Answer) -> BinaryIO:
    """The body. Raises Corrupt where the end of the connection is its only end, within a line."""
    body = answer.body
    if "content-length" not in answer.headers and "transfer-encoding" not in answer.headers:
        if body.seek(0, os.SEEK_END):
            body.seek(-1, os.SEEK_END)
            if body.read(1) != b"\n":
                raise Corrupt("it ends within its last line", hint="try again")
        body.seek(0)
    return body


class ServerSays(Unavailable):
    """An error grid: the server is there, and answered this one request with a refusal."""


def _told(answer: Answer, meta: Tags) -> PlantroomError:
    """The server's own words for what went wrong."""
    says = str(meta.get("dis") or meta.get("errType") or "no reason given")
    trace = str(meta.get("errTrace") or meta.get("traceback") or "")
    hint = str(meta.get("hint") or "") or next((line for line in trace.splitlines() if line), "")
    return ServerSays(
        f"{answer.where} says: {clean(says, 300)}",
        hint=clean(hint, 300) or "see the log of that server",
    )


_READERS: Final[dict[str, Callable[[BinaryIO], Rows]]] = {
    "text/zinc": zinc.read, "text/plain": zinc.read, "": zinc.read,
    "application/json": read_json, "application/vnd.haystack+json": read_json,
}  # fmt: skip
