"""How ingest does, as one value: told by the server, and written into the home for who has no server."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from ingest.line_state import ForwardState, LineState
from ingest.outbox_file import Quarantined
from ingest.pushed import SenderState
from ingest.rejects import Reject
from ingest.wall_clock import ClockState
from ontology.errors import Corrupt, NotFound, PlantroomError

log = logging.getLogger(__name__)

FILE: Final = "status.json"
EVERY_S: Final = 5.0
"""Seconds between two writings: who finds the file older than a minute finds nobody at work."""


@dataclass(frozen=True)
class IngestStatus:
    """What people see. Lines, the way on, and the clock are plain values with `advice` beside them."""

    at: dt.datetime
    pid: int
    lines: list[dict[str, Any]]
    forward: dict[str, Any]
    clock: dict[str, Any]
    quarantine: list[dict[str, Any]]
    """The newest of what is kept aside."""
    senders: list[dict[str, Any]]
    """Who pushed samples since the start."""
    rejects: list[dict[str, Any]]
    """What sensors or others sent that was turned away, by kind, newest first."""

    @classmethod
    def of(
        cls,
        at: dt.datetime,
        *,
        lines: list[dict[str, Any]],
        forward: ForwardState,
        clock: ClockState,
        quarantine: Sequence[Quarantined],
        senders: Sequence[SenderState] = (),
        rejects: Sequence[Reject] = (),
    ) -> Self:
        """Of this process."""
        return cls(
            at=at,
            pid=os.getpid(),
            lines=lines,
            forward=dataclasses.asdict(forward) | {"advice": forward.advice},
            clock=dataclasses.asdict(clock),
            quarantine=[dataclasses.asdict(batch) for batch in quarantine],
            senders=[dataclasses.asdict(sender) for sender in senders],
            rejects=[dataclasses.asdict(reject) for reject in rejects],
        )

    def to_json(self) -> dict[str, Any]:
        """Times as ISO 8601 text."""
        told: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self), default=_text))
        return told


def line_status(state: LineState) -> dict[str, Any]:
    """A line as a plain value; its gap as `gap_from` and `gap_to`."""
    told = dataclasses.asdict(state) | {"advice": state.advice}
    gap = told.pop("gap")
    told["gap_from"] = gap["start"] if gap else None
    told["gap_to"] = gap["end"] if gap else None
    return told


def write_status(path: Path, status: IngestStatus) -> None:
    """Whole or not at all: readers never see half a file."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(status.to_json(), indent=1), encoding="utf-8")
    fresh.replace(path)


def read_status(path: Path) -> dict[str, Any]:
    """What `write_status` wrote. Raises NotFound where nobody did, Corrupt where it cannot be read."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise NotFound(
            f"nothing has polled here: no {path.name}", hint="start it with plantroom serve"
        ) from cause
    except (OSError, ValueError) as cause:
        raise Corrupt(f"{path.name} cannot be read: {cause}", hint="wait for the next") from cause
    if not isinstance(told, dict):
        raise Corrupt(f"{path.name} is no status", hint="wait for the next")
    return told


async def keep_written(path: Path, look: Callable[[], Awaitable[IngestStatus]]) -> None:
    """Write the status now and every few seconds, for ever; a disk or an outbox that cannot is logged once."""
    told = False
    while True:
        try:
            await asyncio.to_thread(write_status, path, await look())
            told = False
        except (OSError, PlantroomError) as error:
            if not told:
                log.warning("%s not written: %s", path.name, error)
            told = True
        await asyncio.sleep(EVERY_S)


def _text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
