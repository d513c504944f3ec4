"""The tables of the records: rows with the version that wrote them, and the ids of rows that went.

A reader asks for rows newer than its own copy; a writer succeeds only on the version it has read.
SQLite and PostgreSQL. Blocking: `ontology.store.sql_records` calls it in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from ontology.codec import hayson
from ontology.errors import Corrupt, Unavailable
from ontology.kinds import Tags
from ontology.store.sql_door import door, is_read_only, opened

_META = sa.MetaData()
_RECORDS = sa.Table(
    "records", _META,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("tags", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("place", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("records_by_version", "version"),
)  # fmt: skip
"""`place`: the order of arrival; rows of equal place, which are older than that column, go by id."""
_GONE = sa.Table(
    "records_gone", _META,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)  # fmt: skip
_VERSION = sa.Table(
    "records_version", _META,
    sa.Column("one", sa.Integer, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("forgotten", sa.BigInteger, nullable=False, server_default="0"),
)  # fmt: skip
"""`forgotten`: which rows went before this version is no longer known."""

_PUT: Final = {
    "sqlite": "VALUES (:id, :tags, :version, :place)",
    # one statement for a whole batch: the driver would send row after row
    "postgresql": (
        "SELECT * FROM unnest(CAST(:id AS text[]), CAST(:tags AS text[]),"
        " CAST(:version AS bigint[]), CAST(:place AS bigint[]))"
    ),
}
_PUT_ROW: Final = (
    "INSERT INTO records (id, tags, version, place) {rows} ON CONFLICT (id)"
    " DO UPDATE SET tags = excluded.tags, version = excluded.version"
)
T = TypeVar("T")
BATCH: Final = 500
MAX_REASON: Final = 300
"""Characters of what is wrong with a row."""
MAX_GONE: Final = 10_000
"""Removals remembered; beyond it the older half is forgotten, and whoever is that far behind reads all."""


@dataclass(frozen=True, slots=True)
class News:
    """What a copy at an older version must do to follow: first drop `gone` and `bad`, then put `rows`."""

    version: int
    rows: Sequence[Tags]
    bad: Mapping[str, str]
    """Ids of rows that cannot be read, each with what is wrong."""
    gone: Sequence[str]
    whole: bool
    next_place: int
    """Behind all of `rows`; what arrived before them, the copy knows."""


class SqlRows:
    """One database of records. `url` is SQLAlchemy's; "postgresql://" means its driver pg8000."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)
        self._ready = False

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def news(self, since: int) -> News | None:
        """What is newer than version `since`; None if nothing is. A `since` below 0 gets all rows."""
        self._prepare()
        with door(self._engine) as db:
            version, forgotten = _state(db)
            if version == since:
                return None
            whole = since < forgotten or since > version
            rows = sa.select(*_stored(db), _RECORDS.c.place).order_by(
                _RECORDS.c.place, _RECORDS.c.id
            )
            if not whole:
                rows = rows.where(_RECORDS.c.version > since)
            found = db.execute(rows).all()
            gone = [] if whole else _gone_since(db, since)
        next_place = found[-1].place + 1 if found else 0
        tags, bad = _readable(found)
        return News(version, tags, bad, gone, whole, next_place)

    def write(self, version: int, changes: Mapping[str, Tags | None], place: int) -> bool:
        """Store the changes as version + 1, new rows from `place` on; False if the store has moved on."""
        put = [
            {
                "id": id,
                "tags": hayson.encode_value(tags),
                "version": version + 1,
                "place": place + n,
            }
            for n, (id, tags) in enumerate(changes.items())
            if tags is not None
        ]
        drop = [id for id, tags in changes.items() if tags is None]
        with door(self._engine, writes=True) as db:
            mine = sa.update(_VERSION).where(_VERSION.c.version == version)
            if db.execute(mine.values(version=version + 1)).rowcount != 1:
                return False
            for batch in _batches(drop):
                db.execute(sa.delete(_RECORDS).where(_RECORDS.c.id.in_(batch)))
                db.execute(sa.delete(_GONE).where(_GONE.c.id.in_(batch)))
                db.execute(sa.insert(_GONE), [{"id": id, "version": version + 1} for id in batch])
            for rows in _batches(put):
                _put(db, rows)
            if drop:
                _forget(db)
        return True

    def touched(self, since: int) -> tuple[int, int, list[str]]:
        """The store's version, the oldest whose changes it can tell, and the ids touched after `since`."""
        self._prepare()
        with door(self._engine) as db:
            version, forgotten = _state(db)
            if not forgotten <= since < version:
                return version, forgotten, []
            ids = db.execute(sa.select(_RECORDS.c.id).where(_RECORDS.c.version > since)).scalars()
            return version, forgotten, [*ids, *_gone_since(db, since)]

    def _prepare(self) -> None:
        """Create the tables, or bring those of an earlier program up to date."""
        if self._ready:
            return
        with door(self._engine) as db:
            if is_read_only(db):
                _need_columns(db)
                self._ready = True
                return
        with door(self._engine, writes=True) as db:
            if db.dialect.name == "postgresql":  # two processes may start at once
                db.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            _add_columns(db)
            _META.create_all(db)
            if db.execute(sa.select(_VERSION.c.version)).scalar() is None:
                db.execute(sa.insert(_VERSION).values(one=1, version=0, forgotten=0))
        self._ready = True


_LOCK: Final = 0x706C616E74
"""Any number, the same in each process."""


def _need_columns(db: sa.Connection) -> None:
    """Raises Unavailable for tables that a program would have to bring up to date, and may not."""
    there = sa.inspect(db)
    for table in _META.sorted_tables:
        found = there.has_table(table.name) and {c["name"] for c in there.get_columns(table.name)}
        if not found or not {column.name for column in table.columns} <= found:
            raise Unavailable(
                f"the records in {db.engine.url.database} are of an earlier program, and may only be read",
                hint="mend the rights of the file and its folder, and open it once",
            )


def _add_columns(db: sa.Connection) -> None:
    """Tables that knew neither versions nor places: what was before this moment is forgotten."""
    there = sa.inspect(db)
    if not there.has_table("records"):
        return
    names = {column["name"] for column in there.get_columns("records")}
    for name in {"version", "place"} - names:
        db.execute(sa.text(f"ALTER TABLE records ADD COLUMN {name} BIGINT NOT NULL DEFAULT 0"))
    if "version" not in names:
        db.execute(sa.text("CREATE INDEX records_by_version ON records (version)"))
    kept = {column["name"] for column in there.get_columns("records_version")}
    if "forgotten" not in kept:
        db.execute(
            sa.text("ALTER TABLE records_version ADD COLUMN forgotten BIGINT NOT NULL DEFAULT 0")
        )
        db.execute(sa.text("UPDATE records_version SET forgotten = version"))


def _state(db: sa.Connection) -> tuple[int, int]:
    version, forgotten = db.execute(sa.select(_VERSION.c.version, _VERSION.c.forgotten)).one()
    return version, forgotten


def _gone_since(db: sa.Connection, since: int) -> list[str]:
    return list(db.execute(sa.select(_GONE.c.id).where(_GONE.c.version > since)).scalars())


def _put(db: sa.Connection, batch: Sequence[Mapping[str, Any]]) -> None:
    statement = sa.text(_PUT_ROW.format(rows=_PUT[db.dialect.name]))
    if db.dialect.name == "sqlite":
        db.execute(statement, batch)
    else:
        db.execute(statement, {name: [row[name] for row in batch] for name in batch[0]})


def _forget(db: sa.Connection) -> None:
    """Keep the list of removals bounded."""
    count = db.execute(sa.select(sa.func.count()).select_from(_GONE)).scalar() or 0
    if count <= MAX_GONE:
        return
    middle = sa.select(_GONE.c.version).order_by(_GONE.c.version).offset(count // 2).limit(1)
    version = db.execute(middle).scalar()
    db.execute(sa.delete(_GONE).where(_GONE.c.version <= version))
    db.execute(sa.update(_VERSION).values(forgotten=version))


def _stored(db: sa.Connection) -> list[sa.ColumnElement[Any]]:
    """Id and tags as they lie there: SQLite's driver reads no row at all where one text is not UTF-8."""
    columns: list[sa.ColumnElement[Any]] = [_RECORDS.c.id, _RECORDS.c.tags]
    if db.dialect.name == "sqlite":
        return [sa.cast(column, sa.LargeBinary) for column in columns]
    return columns


def _readable(found: Iterable[Any]) -> tuple[list[Tags], dict[str, str]]:
    """The tags of the rows (id, tags, place) that can be read; ids of those that cannot, with what is wrong."""
    rows: list[Tags] = []
    bad: dict[str, str] = {}
    for stored_id, stored, _ in found:
        id = _text(stored_id, "backslashreplace")
        try:
            rows.append(_decoded(id, _text(stored)))
        except (Corrupt, UnicodeDecodeError) as cause:
            bad[id] = str(cause)[:MAX_REASON]
    return rows, bad


def _text(stored: str | bytes | None, errors: str = "strict") -> str:
    return stored.decode(errors=errors) if isinstance(stored, bytes) else stored or ""


def _decoded(id: str, text: str) -> Tags:
    """The tags of one row. Raises Corrupt."""
    tags = hayson.decode_value(text)
    if not isinstance(tags, dict) or getattr(tags.get("id"), "id", None) != id:
        raise Corrupt(f"it is not that entity: {text:.80}")
    return tags


def _batches(items: list[T]) -> Iterator[list[T]]:
    for at in range(0, len(items), BATCH):
        yield items[at : at + BATCH]
