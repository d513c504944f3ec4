"""What lies in a building's home: its ontology, and the card of the server that owns it."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2

from ingest.demo.model import riverside_tower
from ontology.definitions import STANDARD, Definitions
from ontology.errors import NotFound
from ontology.graph import Building
from ontology.index import EntityIndex
from ontology.time import UTC
from services.settings import Settings

if TYPE_CHECKING:
    from ontology.store.sql_records import SqlRecords

ENTITIES = "site or space or equip or point"
MODEL: Final = f"{ENTITIES} or (not fault and not override and not workOrder and not demo)"
"""All that a model may hold: everything but the records Plantroom writes itself."""
DEFINITIONS: Final = "definitions.json"
"""The user's own copy of the standard's definitions, in the home; see `plantroom ontology import-defs`."""
ALL: Final = 10_000_000
"""Entities read at once: a building is a whole."""


def wall_clock() -> dt.datetime:
    """Now, in UTC."""
    return dt.datetime.now(UTC)


def has_building(settings: Settings) -> bool:
    """Whether a building was set up in this home."""
    return bool(settings.records_url) or (settings.home / "records.db").exists()


def require_building(settings: Settings) -> None:
    """Raises NotFound where no building was set up."""
    if not has_building(settings):
        raise NotFound(
            f"no building in {settings.home}",
            hint="bring yours in: plantroom ontology import FILE; or set one up to try: plantroom demo",
        )


async def index_of(settings: Settings) -> EntityIndex:
    """All records of a home as its store has indexed them. Raises NotFound where there is no building."""
    require_building(settings)
    async with records_of(settings) as records:
        return await records.snapshot()


async def load_building(settings: Settings) -> Building:
    """The ontology alone; Riverside Tower where no building was set up yet."""
    if not has_building(settings):
        return Building(riverside_tower())
    async with records_of(settings) as records:
        found = await records.read(ENTITIES, limit=ALL)
        return Building([entity.tags for entity in found], defs=definitions_of(settings))


def definitions_of(settings: Settings) -> Definitions:
    """The definitions of this home: the standard ones, and over them what was imported into it."""
    path = settings.home / DEFINITIONS
    return STANDARD.merged(Definitions.read(path)) if path.exists() else STANDARD


@asynccontextmanager
async def records_of(settings: Settings) -> AsyncIterator[SqlRecords]:
    """The records of a home while entered; created where there are none."""
    from ontology.store.sql_records import SqlRecords  # noqa: PLC0415  (slow to import)

    records = SqlRecords(settings.records_db, defs=definitions_of(settings))
    try:
        yield records
    finally:
        await records.close()


async def running_server(settings: Settings) -> str | None:
    """The URL of the server that owns this home; None when none answers."""
    try:
        url = str(json.loads(_card(settings.home).read_text())["url"])
        async with httpx2.AsyncClient(timeout=3.0, trust_env=False) as client:
            answer = await client.get(f"{url}/health")
            return url if answer.json() == {"status": "ok"} else None  # else another's port by now
    except (OSError, ValueError, LookupError, TypeError, httpx2.TransportError, httpx2.InvalidURL):
        return None


def owner_key(settings: Settings) -> str:
    """What proves to the running server that we may read its home; "" where we may not, or none runs."""
    try:
        key = json.loads(_card(settings.home).read_text())["key"]
    except (OSError, ValueError, LookupError, TypeError):
        return ""
    return key if isinstance(key, str) else ""


@contextmanager
def server_card(home: Path, url: str, key: str = "") -> Iterator[None]:
    """Says where the server of this home is while entered; only its user can read the key."""
    card = _card(home)
    card.unlink(missing_ok=True)
    with os.fdopen(os.open(card, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"url": url, "pid": os.getpid(), "key": key}, file)
    try:
        yield
    finally:
        card.unlink(missing_ok=True)


def _card(home: Path) -> Path:
    return home / "server.json"
