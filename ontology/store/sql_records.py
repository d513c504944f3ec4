"""Records in a database through SQLAlchemy: SQLite by default, PostgreSQL by its URL.

All records live in one table as Hayson text; a working copy in memory answers the reads. The
version row makes a second writer visible: a commit on an outdated copy reloads and tries again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from ontology.codec import hayson
from ontology.entity import Entity
from ontology.errors import Conflict, Corrupt, OutOfSpace, Unavailable
from ontology.kinds import Ref
from ontology.store.memory_records import Diffs, MemoryRecords, merged

_META = sa.MetaData()
_RECORDS = sa.Table(
    "records", _META, sa.Column("id", sa.Text, primary_key=True), sa.Column("tags", sa.Text, nullable=False)
)  # fmt: skip
_VERSION = sa.Table(
    "records_version", _META,
    sa.Column("one", sa.Integer, primary_key=True), sa.Column("version", sa.Integer, nullable=False),
)  # fmt: skip

BATCH = 500
RETRIES = 5


class SqlRecords:
    """The Records port over one SQL database. `url` is SQLAlchemy's, such as `sqlite:////var/records.db`."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _durable)
        self._lock = asyncio.Lock()
        self._copy = MemoryRecords()
        self._tags: dict[str, dict[str, Any]] = {}
        self._version = -1

    async def read(self, filter: str, *, limit: int = 10_000) -> list[Entity]:
        """See Records.read."""
        await self._refresh()
        return await self._copy.read(filter, limit=limit)

    async def get(self, id: Ref) -> Entity:
        """See Records.get."""
        await self._refresh()
        return await self._copy.get(id)

    async def commit(self, diffs: Diffs) -> int:
        """See Records.commit. Raises Conflict when other writers keep winning."""
        async with self._lock:
            for _ in range(RETRIES):
                await asyncio.to_thread(self._load)
                result = merged(self._tags, diffs)
                if await asyncio.to_thread(self._write, result):
                    self._apply(result)
                    return self._version
        raise Conflict("other writers changed the records again and again", hint="try again")

    async def version(self) -> int:
        """See Records.version."""
        await self._refresh()
        return self._version

    async def close(self) -> None:
        """Give the connections back."""
        await asyncio.to_thread(self._engine.dispose)

    async def _refresh(self) -> None:
        async with self._lock:
            await asyncio.to_thread(self._load)

    def _load(self) -> None:
        """Bring the working copy to the stored version; creates the tables at first use."""
        with self._session() as db:
            if self._version < 0:
                _META.create_all(db)
            version = db.execute(sa.select(_VERSION.c.version)).scalar()
            if version is None:
                db.execute(sa.insert(_VERSION).values(one=1, version=0))
                version = 0
            if version == self._version:
                return
            rows = db.execute(sa.select(_RECORDS.c.tags).order_by(_RECORDS.c.id)).scalars()
            loaded = [hayson.decode_value(text) for text in rows]
        self._tags = {tags["id"].id: tags for tags in loaded}
        self._copy = MemoryRecords(loaded)
        self._version = version

    def _write(self, result: dict[str, dict[str, Any] | None]) -> bool:
        """Write whole records if nobody committed since `_load`; False when somebody did."""
        rows = [
            {"id": id, "tags": hayson.encode_value(tags)}
            for id, tags in result.items()
            if tags is not None
        ]
        with self._session() as db:
            mine = sa.update(_VERSION).where(_VERSION.c.version == self._version)
            if db.execute(mine.values(version=self._version + 1)).rowcount != 1:
                return False
            for at in range(0, len(result), BATCH):
                ids = list(result)[at : at + BATCH]
                db.execute(sa.delete(_RECORDS).where(_RECORDS.c.id.in_(ids)))
            if rows:
                db.execute(sa.insert(_RECORDS), rows)
        return True

    def _apply(self, result: dict[str, dict[str, Any] | None]) -> None:
        """Follow a commit of our own without reading it back."""
        after = {**self._tags, **result}
        self._tags = {id: tags for id, tags in after.items() if tags is not None}
        self._copy = MemoryRecords(self._tags.values())
        self._version += 1

    @contextmanager
    def _session(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as db:
                yield db
        except sa.exc.OperationalError as cause:
            text = str(cause.orig)
            if "full" in text:
                raise OutOfSpace(f"records: {text}", hint="free some disk space") from cause
            raise Unavailable(f"records: {text}", hint="check the database and its URL") from cause
        except sa.exc.DatabaseError as cause:
            raise Corrupt(
                f"the records cannot be read: {cause.orig}",
                hint="restore them from a backup; a demo is built anew by `plantroom demo --fresh`",
            ) from cause


def _durable(connection: Any, _record: object) -> None:
    """SQLite: readers beside one writer, and a commit that survives a power cut."""
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
