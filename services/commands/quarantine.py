"""`plantroom ingest quarantine`: what was kept aside and why; send it once more, or forget it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ingest.outbox import Outbox
from ingest.status import FILE, read_status
from ontology.errors import BadRequest, Conflict, NotFound
from ontology.time import UTC
from services import at_server, screen
from services.folder import owned
from services.home import running_server
from services.settings import Settings
from services.terminal import readable

MOST: Final = 1_000
"""Batches that are listed where nothing runs; a running Plantroom tells its newest."""
_TIMEOUT_S: Final = 60.0


def chosen(words: Sequence[str], *, retry: bool, discard: bool) -> list[int] | None:
    """The batches meant; None for all. Raises BadRequest.

    >>> chosen(["17", "18"], retry=True, discard=False)
    [17, 18]
    """
    if retry and discard:
        raise BadRequest("either --retry or --discard", hint="retry first, then discard the rest")
    if discard and not words:
        raise BadRequest(
            "which batches are to be forgotten?", hint="give their ids, or the word all"
        )
    if not words or list(words) == ["all"]:
        return None
    if not all(word.isascii() and word.isdigit() and len(word) < 19 for word in words):
        raise BadRequest(
            f"not the id of a batch: {' '.join(words)!r:.80}", hint="numbers as listed, or all"
        )
    return [int(word) for word in words]


async def listed(settings: Settings, ids: Sequence[int] | None) -> dict[str, Any]:
    """What is kept aside, newest first. Raises NotFound for a batch that is not."""
    found = await _listed(settings)
    there = [batch for batch in found["batches"] if ids is None or batch["id"] in ids]
    missing = set(ids or ()) - {batch["id"] for batch in there}
    if missing:
        raise NotFound(
            f"nothing is kept aside as {min(missing)}", hint="plantroom ingest quarantine lists it"
        )
    return {**found, "batches": there, "samples": sum(batch["rows"] for batch in there)}


async def retried(settings: Settings, ids: Sequence[int] | None) -> dict[str, Any]:
    """Let it wait for the history again, as it is."""
    return {"retried": await _done(settings, ids, "retry")}


async def discarded(settings: Settings, ids: Sequence[int] | None) -> dict[str, Any]:
    """Forget it; it stays counted."""
    return {"discarded": await _done(settings, ids, "discard")}


async def _listed(settings: Settings) -> dict[str, Any]:
    """Asked of the server; else of the process that polls, by its file; else read from the outbox."""
    url = await running_server(settings)
    if url:
        told = await at_server.get(settings, url, "/api/ingest/status")
        return {"batches": told.get("quarantine", []), "source": url}
    try:
        async with _outbox(settings) as outbox:
            batches = [dataclasses.asdict(batch) for batch in await outbox.quarantine(MOST)]
    except Conflict:  # plantroom ingest run has it
        told = read_status(settings.home / FILE)
        return {"batches": told.get("quarantine", []), "source": FILE}
    return {"batches": batches, "source": "outbox.db"}


async def _done(settings: Settings, ids: Sequence[int] | None, what: str) -> int:
    """By the server, else in the outbox itself. Raises Conflict while `plantroom ingest run` has it."""
    url = await running_server(settings)
    if url:
        path = f"/api/ingest/quarantine/{what}"
        asked = {"ids": list(ids) if ids is not None else None}
        answer = await at_server.post(settings, url, path, asked, _TIMEOUT_S)
        return int(answer.json()["samples"])
    async with _outbox(settings) as outbox:
        return await (outbox.retry(ids) if what == "retry" else outbox.discard(ids))


@asynccontextmanager
async def _outbox(settings: Settings) -> AsyncIterator[Outbox]:
    """The home's outbox, which nobody else has now. Raises NotFound, Conflict."""
    path = settings.home / "outbox.db"
    if not path.exists():
        raise NotFound(
            f"nothing has polled into {settings.home}", hint="name another folder with --home"
        )
    with owned(settings.home):
        outbox = await Outbox.open(path)
        try:
            yield outbox
        finally:
            await outbox.close()


# --- for people -----------------------------------------------------------------------------------


def show(console: Console, found: Mapping[str, Any]) -> None:
    """Each batch with its reason, then what can be done."""
    batches = found["batches"]
    if not batches:
        console.print("nothing is kept aside")
        return
    screen.table(
        console,
        ("batch", "since", "samples", "from", "points", "why"),
        [
            [
                str(batch["id"]), _when(batch["at"]), f"{batch['rows']:,}", str(batch["source"]),
                ", ".join(map(str, batch["points"])), str(batch["why"]),
            ]
            for batch in batches
        ],
    )  # fmt: skip
    console.print(Text(f"{screen.counted(found['samples'], 'sample')} kept aside"))
    for says in (
        "when the cause is mended: plantroom ingest quarantine --retry",
        "to forget them: plantroom ingest quarantine ID ... --discard",
    ):
        console.print(Text(says, style="dim"))


def show_done(console: Console, found: Mapping[str, int]) -> None:
    """How many samples, and what becomes of them."""
    ((what, samples),) = found.items()
    then = "wait for the history again" if what == "retried" else "forgotten"
    verb = "" if what == "retried" else "are "
    console.print(Text(readable(f"{screen.counted(samples, 'sample')} {verb}{then}")))


def _when(at: int) -> str:
    return f"{dt.datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
