"""A building with a life: a sibling of the demo simulated, its faults found, its log and documents at hand, for the real tools to read."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from agent.detect import detect
from agent.faultbook import FaultBook
from agent.tools.toolbox import Tariff, Toolbox
from ingest.demo.model import riverside_tower
from ingest.demo.simulate import Recording, simulate
from ingest.demo.worklog import write_worklog
from ingest.documents.worklog import read_worklog
from ontology.graph import Building
from ontology.history import Samples
from ontology.kinds import Ref
from ontology.records import replace_all
from ontology.store.memory_history import MemoryHistory
from ontology.store.memory_records import MemoryRecords
from ontology.time import Span
from services.llm.domain.buildings import KINDS, Sibling, sibling
from services.llm.domain.shelf import Shelf

DAYS: Final = 3.0
"""Simulated: enough for most rules, and for questions about the last days."""
_TARIFF: Final = Tariff(4.2, "THB")


@dataclass(frozen=True)
class Stage:
    """A building that tools can look at, as of `now`."""

    name: str
    box: Toolbox
    now: dt.datetime
    origin: str = "simulator"


@asynccontextmanager
async def staged(number: int, seed: int, days: float = DAYS) -> AsyncIterator[Stage]:
    """The simulated sibling of this number: another building, other weather, other guests, the same kinds of faults."""
    house = sibling(KINDS * number + KINDS - 1, seed, whole=True)
    now = dt.datetime(2026, 3, 2, 10, 5, tzinfo=house.building.zone) + dt.timedelta(
        days=37 * number, hours=2 * number
    )
    history = MemoryHistory()
    await history.bulk(_samples(simulate(now, days=days, seed=seed + 100 + number), house))
    records = MemoryRecords()
    await replace_all(records, [*(entity.tags for entity in house.building), *_orders(house, now)])
    book = FaultBook(records, house.building)
    found = await detect(house.building, history, Span.last(dt.timedelta(days=days), now=now), now=now, tariff=_TARIFF.per_kwh, records=records)  # fmt: skip
    await book.replace(found.findings, now=now)
    box = Toolbox(
        building=house.building, history=history, records=records, sql=None, library=Shelf(f"{seed}/{number}"),
        faultbook=book, clock=lambda: now, tariff=_TARIFF,
    )  # fmt: skip
    yield Stage(house.name, box, now)


def _samples(recording: Recording, house: Sibling) -> Iterator[Samples]:
    for block in recording.samples():
        yield replace(block, points=tuple(Ref(house.names[point.id]) for point in block.points))


def _orders(house: Sibling, now: dt.datetime) -> list[dict[str, Any]]:
    """The demo's work orders under this building's names."""
    demo = Building(riverside_tower())
    with tempfile.TemporaryDirectory() as folder:
        log = write_worklog(Path(folder) / "log.xlsx", now=now)
        orders = read_worklog(
            log, zone=demo.zone, equip_ids=[e.id for e in demo if e.is_equip]
        ).orders
    names = {old: new for old, new in house.names.items() if "." not in old}
    spoken = re.compile("|".join(re.escape(old) for old in sorted(names, key=len, reverse=True)))
    return [{tag: _moved(value, names, spoken) for tag, value in order.items()} for order in orders]


def _moved(value: Any, names: Mapping[str, str], spoken: re.Pattern[str]) -> Any:
    if isinstance(value, Ref):
        return Ref(names.get(value.id, value.id))
    if isinstance(value, str):
        return spoken.sub(lambda m: names[m[0]], value)
    return value
