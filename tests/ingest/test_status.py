"""The status file: written for ever, whatever fails meanwhile."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from ingest.line_state import ForwardState
from ingest.status import IngestStatus, keep_written, read_status
from ingest.wall_clock import ClockState
from ontology.errors import Unavailable
from ontology.time import UTC


async def test_an_outbox_that_cannot_be_read_for_a_while_does_not_freeze_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.status.EVERY_S", 0.01)
    looks = 0

    async def look() -> IngestStatus:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise Unavailable("outbox outbox.db: disk I/O error", hint="check the disk")
        at = dt.datetime(2026, 11, 1, second=looks % 60, tzinfo=UTC)
        return IngestStatus.of(
            at, lines=[], forward=ForwardState(), clock=ClockState(), quarantine=[]
        )

    writing = asyncio.create_task(keep_written(tmp_path / "status.json", look))
    try:
        async with asyncio.timeout(5):
            while looks < 5 and not writing.done():  # noqa: ASYNC110  (the file sets no events)
                await asyncio.sleep(0.01)
        assert not writing.done()
        assert read_status(tmp_path / "status.json")["at"] >= "2026-11-01T00:00:03+00:00"
    finally:
        writing.cancel()
        await asyncio.wait([writing])
