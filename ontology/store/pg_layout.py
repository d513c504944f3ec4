"""How samples lie in PostgreSQL: one table cut by months (or a TimescaleDB hypertable), the newest beside it.

    plantroom_store.points    number and id of each point
    plantroom_store.samples   (point, ts, value, status), each (point, ts) once
    plantroom_store.latest    the newest sample of each point, kept by whoever writes
    plantroom_store.hourly    roll-ups of hours whose samples are forgotten
    plantroom_store.facts     what each point is and where, for the published views
    plantroom_store.meta      the format of all this, and what was published

The primary key (point, ts) makes a repeated sample harmless and finds one point's day in a millisecond;
a BRIN of a few pages finds the rows of a time in all points. "No value" is NaN. Times are whole seconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import numpy as np

from ontology.errors import Corrupt
from ontology.history import Kept
from ontology.store.columns import Columns, Ints
from ontology.store.pg_door import Session
from ontology.time import UTC

STORE: Final = "plantroom_store"
FORMAT: Final = "1"
"""Rises when tables of ours can no longer be read by an older Plantroom, or the other way round."""
FIRST_YEAR: Final = 2000
"""What is older (a device clock that starts at 1970) shares one partition."""
COMPRESS_AFTER: Final = dt.timedelta(days=30)
"""TimescaleDB packs chunks of this age; corrections to them stay possible, and are slower."""
CHUNK: Final = dt.timedelta(days=10)

_CREATE_LOCK, _RETAIN_LOCK = 0x706C616E7401, 0x706C616E7402
_MONTHS_LOCK: Final = 0x706C616E
"""Advisory locks: any numbers, the same in each Plantroom."""

_TABLES: Final = """
CREATE SCHEMA IF NOT EXISTS plantroom_store;
CREATE TABLE IF NOT EXISTS meta (name text PRIMARY KEY, value text NOT NULL);
CREATE TABLE IF NOT EXISTS points
    (point integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS latest (point integer PRIMARY KEY, ts timestamptz NOT NULL,
    value double precision NOT NULL, status smallint NOT NULL) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS hourly (point integer NOT NULL, ts timestamptz NOT NULL,
    mean double precision NOT NULL, min double precision NOT NULL, max double precision NOT NULL,
    count integer NOT NULL, PRIMARY KEY (point, ts));
CREATE TABLE IF NOT EXISTS facts (id text PRIMARY KEY, equip text, equip_kind text, place text,
    floor integer, role text, unit text NOT NULL, dis text NOT NULL);
"""
_SAMPLES: Final = """
CREATE TABLE samples (point integer NOT NULL, ts timestamptz NOT NULL,
    value double precision NOT NULL, status smallint NOT NULL, PRIMARY KEY (point, ts)) {cut};
CREATE INDEX samples_ts ON samples USING brin (ts) WITH (pages_per_range = 64, autosummarize = on);
"""
_HYPERTABLE: Final = """
SELECT create_hypertable('samples', 'ts', chunk_time_interval => INTERVAL '{days} days',
    create_default_indexes => false);
"""
_COMPRESSION: Final = """
ALTER TABLE samples SET (timescaledb.compress, timescaledb.compress_segmentby = 'point',
    timescaledb.compress_orderby = 'ts');
SELECT add_compression_policy('samples', INTERVAL '{days} days', if_not_exists => true);
"""
_INCOMING: Final = """
CREATE TEMP TABLE IF NOT EXISTS incoming (point integer NOT NULL, ts timestamptz NOT NULL,
    value double precision NOT NULL, status smallint NOT NULL) ON COMMIT DELETE ROWS
"""
_PUT_SAMPLES: Final = """
INSERT INTO samples AS s (point, ts, value, status)
SELECT point, ts, value, status FROM pg_temp.incoming ORDER BY point, ts
ON CONFLICT (point, ts) DO UPDATE SET value = excluded.value, status = excluded.status
WHERE s.status <> excluded.status OR float8send(s.value) <> float8send(excluded.value)
"""
_PUT_LATEST: Final = """
INSERT INTO latest AS l (point, ts, value, status)
SELECT DISTINCT ON (point) point, ts, value, status FROM pg_temp.incoming ORDER BY point, ts DESC
ON CONFLICT (point) DO UPDATE SET ts = excluded.ts, value = excluded.value, status = excluded.status
WHERE excluded.ts >= l.ts
"""


def create(db: Session) -> bool:
    """Make the tables that are not there yet; whether they are a hypertable. Raises Corrupt for another format."""
    hold_creation(db)
    if db.value("SELECT to_regclass('meta')") is None:
        db.script(_TABLES)
        layout = _create_samples(db)
        put_meta(db, "format", FORMAT)
        put_meta(db, "layout", layout)
    found = meta(db, "format")
    if found != FORMAT:
        raise Corrupt(
            f"the history is in format {found}, this Plantroom reads format {FORMAT}",
            hint="use the version of Plantroom that wrote it, or give this one its own database",
        )
    return meta(db, "layout") == "timescaledb"


def _create_samples(db: Session) -> str:
    """A hypertable where the database has TimescaleDB, else partitions; which one it became.

    Compression is in TimescaleDB's Community edition; where the server runs the Apache one, or a
    release that says it otherwise, chunks stay as they are.
    """
    extended = db.value("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'")
    if not extended:
        db.script(_SAMPLES.format(cut="PARTITION BY RANGE (ts)"))
        return "partitions"
    db.script(_SAMPLES.format(cut=""))
    db.script(_HYPERTABLE.format(days=CHUNK.days))
    if db.value("SELECT current_setting('timescaledb.license', true)") == "timescale":
        db.script(_COMPRESSION.format(days=COMPRESS_AFTER.days))
    return "timescaledb"


def meta(db: Session, name: str) -> str | None:
    """A remembered text."""
    found = db.value("SELECT value FROM meta WHERE name = :name", {"name": name})
    return None if found is None else str(found)


def put_meta(db: Session, name: str, value: str) -> None:
    """Remember a text by its name."""
    db.run(
        "INSERT INTO meta VALUES (:name, :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {"name": name, "value": value},
    )


def hold_creation(db: Session) -> None:
    """Until the transaction ends, nobody else creates tables here."""
    db.run("SELECT pg_advisory_xact_lock(:lock)", {"lock": _CREATE_LOCK})


def hold_retention(db: Session) -> None:
    """Until the transaction ends, nobody else forgets samples."""
    db.run("SELECT pg_advisory_xact_lock(:lock)", {"lock": _RETAIN_LOCK})


def hold_months(db: Session, months: Iterable[int]) -> None:
    """Until the transaction ends, nobody writes samples of these months; waits for those who do."""
    for month in sorted(months):
        db.run(
            "SELECT pg_advisory_xact_lock(:lock, :month)", {"lock": _MONTHS_LOCK, "month": month}
        )


def _write_to(db: Session, months: Iterable[int]) -> None:
    """Until the transaction ends, nobody forgets samples of these months."""
    db.run(
        "SELECT pg_advisory_xact_lock_shared(:lock, m) FROM unnest(CAST(:months AS integer[])) m",
        {"lock": _MONTHS_LOCK, "months": sorted(months)},
    )


def numbers(db: Session, ids: Iterable[str] | None = None) -> dict[str, int]:
    """The number of each known point; of all when `ids` is None."""
    if ids is None:
        found = db.run("SELECT id, point FROM points")
    else:
        found = db.run("SELECT id, point FROM points WHERE id = ANY(:ids)", {"ids": list(ids)})  # fmt: skip
    return {str(id): int(number) for id, number in found}


def add_points(db: Session, ids: Iterable[str]) -> dict[str, int]:
    """Number those that have none; in one order, so that two writers wait for each other and go on."""
    new = sorted(set(ids))
    db.run(
        "INSERT INTO points (id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT (id) DO NOTHING",
        {"ids": new},
    )
    return numbers(db, new)


def put(db: Session, columns: bytes, months: Iterable[int]) -> None:
    """Write a batch (`pg_binary.rows`): the last write of a (point, ts) wins, also against what is there."""
    _write_to(db, months)
    db.script(_INCOMING)
    db.copy_in("pg_temp.incoming (point, ts, value, status)", columns)
    db.script(_PUT_SAMPLES)
    db.script(_PUT_LATEST)


def put_new(db: Session, columns: bytes, newest: bytes, months: Iterable[int]) -> None:
    """Load a block straight in; fails (SQLSTATE 23505) where any of it is there already."""
    _write_to(db, months)
    db.copy_in("samples (point, ts, value, status)", columns)
    db.script(_INCOMING)
    db.copy_in("pg_temp.incoming (point, ts, value, status)", newest)
    db.script(_PUT_LATEST)


def months(ts: Ints) -> set[int]:
    """The partitions that these times need: months since 1970-01, all of those before 2000 as one.

    >>> sorted(months(np.array([0, 951_782_400, 951_868_800])))  # 1970, the last two days of 2000-02
    [359, 361, 362]
    """
    found = np.unique(ts.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64))
    return {max(int(month), _ANCIENT) for month in found}


def months_within(first: int, end: int) -> set[int]:
    """The partitions of a range, given in unix seconds."""
    return set(range(min(months(np.array([first]))), max(months(np.array([end - 1]))) + 1))


_ANCIENT: Final = (FIRST_YEAR - 1970) * 12 - 1


def add_partition(db: Session, month: int) -> None:
    """Make room for a month; made aside and attached, so that nobody who reads is waited for."""
    name = partition_name(month)
    hold_creation(db)
    if db.value(f"SELECT to_regclass('{name}')") is not None:
        return
    start, end = bounds(month)
    db.script(f"CREATE TABLE {name} (LIKE samples INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    db.script(f"ALTER TABLE samples ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end})")


def drop(db: Session, first: int, end: int, *, timescale: bool) -> None:
    """Drop the partition or chunk of exactly this range. Raises Moved where readers hold it."""
    if timescale:
        db.run(
            "SELECT drop_chunks('samples', older_than => to_timestamp(:end), newer_than => to_timestamp(:first))",
            {"first": first, "end": end},
        )
        return
    name = partition_name(min(months_within(first, end)))
    db.script(f"ALTER TABLE samples DETACH PARTITION {name}; DROP TABLE {name}")


def partition_name(month: int) -> str:
    """Such as samples_2026_11.

    >>> partition_name(682), partition_name(359)
    ('samples_2026_11', 'samples_before_2000')
    """
    if month <= _ANCIENT:
        return f"samples_before_{FIRST_YEAR}"
    return f"samples_{1970 + month // 12}_{month % 12 + 1:02}"


def bounds(month: int) -> tuple[str, str]:
    """The range of a partition, as SQL."""
    start = "MINVALUE" if month <= _ANCIENT else f"'{_first_of(month)}'"
    return start, f"'{_first_of(max(month, _ANCIENT) + 1)}'"


def _first_of(month: int) -> str:
    return dt.datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC).isoformat()


def by_day(columns: Columns) -> Columns:
    """In the order blocks are stored: by day, then point: a point's day lies together, a day too."""
    return columns[np.lexsort((columns.ts, columns.point, columns.ts // 86_400))]


def ranges(db: Session, *, timescale: bool) -> list[tuple[int, int]]:
    """The times that may hold samples, `[first, end)` in unix seconds, oldest first."""
    if timescale:
        found = db.run(
            "SELECT extract(epoch FROM range_start)::bigint, extract(epoch FROM range_end)::bigint"
            " FROM timescaledb_information.chunks WHERE hypertable_schema = :store"
            " AND hypertable_name = 'samples' ORDER BY 1",
            {"store": STORE},
        )
        return [(int(first), int(end)) for first, end in found]
    return [
        (_second(month) if month > _ANCIENT else 0, _second(month + 1)) for month in partitions(db)
    ]


def partitions(db: Session) -> list[int]:
    """The months that have a partition, oldest first."""
    found = db.run(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = 'samples'::regclass"
    )
    months = []
    for (name,) in found:
        year, _, month = str(name).removeprefix("samples_").partition("_")
        ancient = year == "before"
        months.append(_ANCIENT if ancient else (int(year) - 1970) * 12 + int(month) - 1)
    return sorted(months)


def kept(db: Session, *, timescale: bool) -> Kept:
    """How much there is; counts every row, seconds for each ten million."""
    rows, first, last = db.run("SELECT count(*), min(ts), max(ts) FROM samples")[0]
    points = db.value("SELECT count(*) FROM latest")
    size = db.value(
        "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :store AND c.relkind = 'r'",
        {"store": STORE},
    )
    if timescale:
        size += db.value("SELECT hypertable_size('samples')")
    return Kept(int(points), int(rows), int(size), first, last)


def _second(month: int) -> int:
    return int(np.datetime64(month, "M").astype("datetime64[s]").astype(np.int64))
