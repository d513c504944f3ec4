"""The worker: every few minutes the fault rules look at the last month, and the fault book follows."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from typing import Final

from agent.detect import detect
from agent.faultbook import FaultBook
from ontology.errors import PlantroomError
from ontology.store.sql_records import SqlRecords
from ontology.time import Span
from services.wire import System

WINDOW: Final = dt.timedelta(days=30)
"""What the slowest rule needs: a month for a sensor's drift."""

log = logging.getLogger(__name__)


async def rounds(system: System) -> None:
    """Detect, wait, again; a round that fails is logged and the next one comes."""
    while True:
        await asyncio.sleep(system.settings.detect_every_s)
        try:
            await look(system)
        except PlantroomError as error:
            log.warning("detection failed: %s (%s)", error, error.hint)


async def look(system: System) -> int:
    """One detection over the last month; returns the number of open findings.

    The arithmetic takes seconds, so it runs on a thread with a loop and a database connection of its own.
    """
    now = system.clock()
    return await asyncio.to_thread(lambda: asyncio.run(_look(system, now)))


async def _look(system: System, now: dt.datetime) -> int:
    records = SqlRecords(system.settings.records_db)
    try:
        found = await detect(
            system.building, system.history, Span.last(WINDOW, now=now), now=now,
            tariff=system.settings.tariff_per_kwh, records=records,
        )  # fmt: skip
        return await FaultBook(records, system.building).replace(found.findings, now=now)
    finally:
        await records.close()
