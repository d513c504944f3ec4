"""Records in a database: SQLite by default, PostgreSQL by its URL; reads come from an index in memory.

Each call first asks the database for the rows that other writers changed since the last one. A commit
that was overtaken looks again and tries anew, so several processes may share one database.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from ontology.definitions import STANDARD, Definitions
from ontology.entity import Entity
from ontology.errors import Conflict, Corrupt
from ontology.index import EntityIndex
from ontology.kinds import Ref
from ontology.records import Changes
from ontology.store.memory_records import Diffs, expected, known, merged, remembered
from ontology.store.sql_rows import News, SqlRows
from ontology.store.storable import is_id

RETRIES: Final = 20
"""Tries of one commit: a writer that is slower than another may lose a dozen times in a row."""
NAMED: Final = 10
"""Unreadable records named in one line of the log; `SqlRecords.unreadable` names all."""
_log = logging.getLogger(__name__)


class SqlRecords:
    """The Records port over one SQL database. `url` is SQLAlchemy's, such as `sqlite:////var/records.db`."""

    def __init__(self, url: str, *, defs: Definitions = STANDARD) -> None:
        self._rows = SqlRows(url)
        self._defs = defs
        self._lock = asyncio.Lock()
        self._index = EntityIndex(defs=defs)
        self._bad: dict[str, str] = {}
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
        if id.id in self._bad:
            raise self._unreadable(id.id)
        return known(self._index, id)

    async def commit(self, diffs: Diffs, *, expect: int | None = None) -> int:
        """See Records.commit. Raises Conflict too when other writers keep winning."""
        async with self._lock:
            for _ in range(RETRIES):
                await self._follow()
                expected(expect, self._version)
                self._check_whole(diffs)
                changes = merged(self._index.get, diffs)
                place, version = self._next_place, self._version
                if await asyncio.to_thread(self._rows.write, version, changes, place):
                    self._index.apply(changes)
                    self._mend(changes)
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
        return Changes(version, frozenset(Ref(id) for id in ids if is_id(id)))

    @property
    def unreadable(self) -> Mapping[str, str]:
        """The records last found damaged: each id with what is wrong. Reads leave them out."""
        return MappingProxyType(self._bad)

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
            self._tell(news.bad)
            self._bad = dict(news.bad)
        else:
            self._index.apply(dict.fromkeys((*news.gone, *news.bad)))
            rows = {tags["id"].id: tags for tags in news.rows}
            self._index.apply(rows)
            self._mend((*news.gone, *rows))
            self._tell(news.bad)
            self._bad.update(news.bad)
        self._version = news.version
        self._next_place = max(self._next_place, news.next_place)

    def _read(self) -> tuple[News, EntityIndex | None] | None:
        news = self._rows.news(self._version)
        if news is None:
            return None
        return news, EntityIndex(news.rows, defs=self._defs) if news.whole else None

    def _check_whole(self, diffs: Diffs) -> None:
        """Raises Corrupt for a diff that is to be merged into a record nobody can read."""
        for ref, diff in diffs.items() if self._bad else ():
            if diff is not None and "id" not in diff and ref.id in self._bad:
                raise self._unreadable(ref.id)

    def _unreadable(self, id: str) -> Corrupt:
        return Corrupt(
            f"the stored record @{id} cannot be read: {self._bad[id]}",
            hint="restore it from a backup, or bring the whole entity in anew",
        )

    def _mend(self, ids: Iterable[str]) -> None:
        for id in ids if self._bad else ():
            self._bad.pop(id, None)

    def _tell(self, bad: Mapping[str, str]) -> None:
        """One line in the log for all that were found damaged at once."""
        found = [id for id in bad if self._bad.get(id) != bad[id]]
        if found:
            named = "; ".join(f"@{id} ({bad[id]:.200})" for id in found[:NAMED])
            _log.warning("stored records that cannot be read, left out (%d): %s", len(found), named)
