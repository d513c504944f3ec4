"""Records in a database: SQLite by default, PostgreSQL by its URL; reads come from an index in memory.

Each call first asks the database for the rows that other writers changed since the last one. A commit
that was overtaken looks again and tries anew, so several processes may share one database.
"""

from __future__ import annotations

import asyncio
from typing import Final

from ontology.definitions import STANDARD, Definitions
from ontology.entity import Entity
from ontology.errors import Conflict
from ontology.index import EntityIndex
from ontology.kinds import Ref
from ontology.records import Changes
from ontology.store.memory_records import Diffs, expected, known, merged, remembered
from ontology.store.sql_rows import News, SqlRows

RETRIES: Final = 5


class SqlRecords:
    """The Records port over one SQL database. `url` is SQLAlchemy's, such as `sqlite:////var/records.db`."""

    def __init__(self, url: str, *, defs: Definitions = STANDARD) -> None:
        self._rows = SqlRows(url)
        self._defs = defs
        self._lock = asyncio.Lock()
        self._index = EntityIndex(defs=defs)
        self._version = -1
        self._next_place = 0

    async def read(self, filter: str, *, limit: int = 10_000) -> list[Entity]:
        """See Records.read."""
        await self._refresh()
        return [Entity(tags) for tags in self._index.find(filter, limit=limit)]

    async def snapshot(self) -> EntityIndex:
        """The index that reads come from, of this moment. It is this store's own: apply nothing to it."""
        await self._refresh()
        return self._index

    async def get(self, id: Ref) -> Entity:
        """See Records.get."""
        await self._refresh()
        return known(self._index, id)

    async def commit(self, diffs: Diffs, *, expect: int | None = None) -> int:
        """See Records.commit. Raises Conflict too when other writers keep winning."""
        async with self._lock:
            for _ in range(RETRIES):
                await self._follow()
                expected(expect, self._version)
                changes = merged(self._index.get, diffs)
                place, version = self._next_place, self._version
                if await asyncio.to_thread(self._rows.write, version, changes, place):
                    self._index.apply(changes)
                    self._version = version + 1
                    self._next_place = place + len(changes)
                    return self._version
        raise Conflict("other writers changed the records again and again", hint="try again")

    async def version(self) -> int:
        """See Records.version."""
        await self._refresh()
        return self._version

    async def changed(self, since: int) -> Changes:
        """See Records.changed. The database remembers, so a restart forgets nothing."""
        version, oldest, ids = await asyncio.to_thread(self._rows.touched, since)
        remembered(since, oldest=oldest, newest=version)
        return Changes(version, frozenset(map(Ref, ids)))

    async def close(self) -> None:
        """Give the connections back."""
        await asyncio.to_thread(self._rows.close)

    async def _refresh(self) -> None:
        async with self._lock:
            await self._follow()

    async def _follow(self) -> None:
        """Bring the index to the stored version; only the loop's own thread ever changes it."""
        read = await asyncio.to_thread(self._read)
        if read is None:
            return
        news, index = read
        if index is not None:
            self._index = index
        else:
            self._index.apply(dict.fromkeys(news.gone))
            self._index.apply({tags["id"].id: tags for tags in news.rows})
        self._version = news.version
        self._next_place = max(self._next_place, news.next_place)

    def _read(self) -> tuple[News, EntityIndex | None] | None:
        news = self._rows.news(self._version)
        if news is None:
            return None
        return news, EntityIndex(news.rows, defs=self._defs) if news.whole else None
