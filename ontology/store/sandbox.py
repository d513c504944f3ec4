"""The SQL worker: a process of its own that can read samples, and do nothing else.

It is started by `ontology.store.sandbox_pool`. It holds DuckDB in memory with the history's segments
attached read-only, and gives results back as Arrow. Its memory, CPU time, files and network are
bounded by the system; the server kills it when it is late all the same.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import duckdb
import pyarrow as pa

from ontology.store.arrow_kinds import fitted, stream, unstreamed
from ontology.store.dialect_kinds import Kind, name
from ontology.store.frames import receive, send

MEMORY = 1_000_000_000
"""Bytes that may be resident; DuckDB's own limit is far below, but is not always kept."""
DUCK_MEMORY = "512MB"
SPARE = 150_000_000
"""Bytes that a query may always use beyond what is in use before it."""
CPU_S = 1_800
"""CPU seconds of a worker's life; then it is replaced."""
BATCH_ROWS = 8_192
_NO_NEW_PRIVILEGES = 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "threads": 2, "memory_limit": DUCK_MEMORY, "max_temp_directory_size": "0B", "temp_directory": "",
    "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    "allow_community_extensions": False, "python_enable_replacements": False,
}  # fmt: skip


_NO_HOURS = "SELECT 0 AS point, 0 AS ts, 0.0::DOUBLE AS mean, 0.0::DOUBLE AS min, 0.0::DOUBLE AS max, 0 AS count WHERE false"


class Bench:
    """DuckDB over one snapshot at a time."""

    def __init__(self) -> None:
        self._db: duckdb.DuckDBPyConnection | None = None
        self._segments: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._defined: dict[str, str] = {}

    def load(self, head: Mapping[str, Any], blobs: Sequence[bytes]) -> dict[str, Any]:
        """Make the snapshot what queries see. New segments need a fresh, not yet locked instance."""
        segments = tuple(head["segments"]), tuple(head["hourly"])
        if self._db is None or segments != self._segments:
            self._open(segments)
        db = self._ready()
        for table, blob in zip(("fresh", "latest", "points"), blobs, strict=True):
            db.register("incoming", unstreamed(blob))
            db.execute(f"CREATE OR REPLACE TABLE store.{table} AS SELECT * FROM incoming")  # noqa: S608  (names of ours)
            db.unregister("incoming")
        self._merge(corrects=bool(head["corrects"]))
        self._defined.clear()
        return {"rows": self._rows()}

    def run(self, head: Mapping[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """One SELECT over relations whose definitions come with it."""
        db = self._ready()
        for relation, sql in head["relations"].items():
            if self._defined.get(relation) != sql:
                db.execute(f"CREATE OR REPLACE VIEW main.{name(relation)} AS {sql}")
                self._defined[relation] = sql
        query = head["sql"]
        found = db.extract_statements(query)
        if len(found) != 1 or found[0].type != duckdb.StatementType.SELECT:
            return {"error": "refused", "says": "not one SELECT"}, []
        kinds = [Kind(kind) for kind in head["kinds"]]
        batches, size = [], 0
        reader: Any = db.sql(query).to_arrow_reader(BATCH_ROWS)
        for batch in reader:
            batches.append(batch)
            size += batch.nbytes
            if size > head["most_bytes"]:
                return {"error": "large", "says": f"more than {head['most_bytes']} bytes"}, []
        table = pa.Table.from_batches(batches) if batches else None
        return {"ok": True}, [stream(fitted(table, kinds))]

    def interrupt(self) -> None:
        if self._db is not None:
            self._db.interrupt()

    def _ready(self) -> duckdb.DuckDBPyConnection:
        if self._db is None:
            raise duckdb.Error("nothing is loaded")
        return self._db

    def _open(self, segments: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        db = duckdb.connect(":memory:", config=_CONFIG)
        db.execute("CREATE SCHEMA store")
        for word, files in zip("sh", segments, strict=True):
            for n, file in enumerate(files):
                db.execute(
                    f"ATTACH '{file.replace(chr(39), chr(39) * 2)}' AS {word}{n} (READ_ONLY)"
                )
        db.execute("SET enable_external_access = false")
        db.execute("SET lock_configuration = true")
        self._db, self._segments = db, segments

    def _merge(self, *, corrects: bool) -> None:
        """What queries see of samples: fresh ones, and of the segments those that are not corrected."""
        gone = " WHERE NOT EXISTS (SELECT 1 FROM store.fresh f WHERE f.point = c.point AND f.ts = c.ts)"
        parts = [
            f"SELECT point, ts, value, status FROM s{n}.cold c{gone if corrects else ''}"  # noqa: S608  (numbers of ours)
            for n in range(len(self._segments[0]))
        ]
        parts.append("SELECT point, ts, value, status FROM store.fresh")
        self._ready().execute(f"CREATE OR REPLACE VIEW store.merged AS {' UNION ALL '.join(parts)}")
        hours = [
            f"SELECT point, hour AS ts, mean, min, max, count FROM h{n}.hourly"  # noqa: S608  (numbers of ours)
            for n in range(len(self._segments[1]))
        ]
        self._ready().execute(f"CREATE OR REPLACE VIEW store.hours AS {' UNION ALL '.join(hours) or _NO_HOURS}")  # fmt: skip

    def _rows(self) -> int:
        counts = [f"SELECT count(*) AS n FROM s{n}.cold" for n in range(len(self._segments[0]))]  # noqa: S608  (numbers of ours)
        counts.append("SELECT count(*) AS n FROM store.fresh")
        found = (
            self._ready().execute(f"SELECT sum(n) FROM ({' UNION ALL '.join(counts)})").fetchone()  # noqa: S608  (written by us)  # noqa: S608  (written by us)
        )
        return int(found[0]) if found else 0


def confine() -> None:
    """Take from this process what it will never need. What a system does not offer is left out."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 5))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None, use_errno=True)
            libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)  # no network at all, where it is permitted


def bound_memory() -> None:
    """So much more than now may be used, and no more: allocations beyond it fail inside the query."""
    pages = resource.getpagesize()
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  (no pathlib in the hot path)
            virtual, resident = (int(word) * pages for word in file.read().split()[:2])
    except OSError:  # not Linux: DuckDB's own limit must do
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (virtual + max(SPARE, MEMORY - resident), hard))


def unbound_memory() -> None:
    """Between queries, so that a new snapshot can always be loaded."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def rehearse() -> None:
    """One question with its answer: what libraries load at first use is loaded before somebody waits."""
    with duckdb.connect(":memory:", config=_CONFIG) as db:
        given: Any = db.sql("SELECT 1.0::DOUBLE AS x, now()::TIMESTAMP AS ts").to_arrow_table()
        db.register("incoming", given)
        reader: Any = db.sql("SELECT x, ts FROM incoming ORDER BY x").to_arrow_reader(BATCH_ROWS)
        stream(fitted(reader.read_all(), [Kind.NUMBER, Kind.TIME]))


def main() -> None:
    """Answer until the server goes away."""
    confine()
    # what DuckDB or a library prints must not get between the messages
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    rehearse()
    bench = Bench()
    while True:
        try:
            head, blobs = receive(sys.stdin.buffer)
            told, found = _answer(bench, head, blobs)
            send(out, told, found)
        except (EOFError, OSError):
            return


def _answer(
    bench: Bench, head: dict[str, Any], blobs: list[bytes]
) -> tuple[dict[str, Any], list[bytes]]:
    try:
        if head["do"] == "load":
            return {"ok": True, **bench.load(head, blobs)}, []
        alarm = threading.Timer(head["timeout_s"], bench.interrupt)
        alarm.daemon = True
        alarm.start()
        bound_memory()
        try:
            return bench.run(head)
        finally:
            alarm.cancel()
            unbound_memory()
    except duckdb.InterruptException:
        return {"error": "late", "says": ""}, []
    except (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError):
        return {"error": "memory", "says": ""}, []
    except (duckdb.FatalException, duckdb.InternalException) as cause:
        return {"error": "broken", "says": _first(cause)}, []
    except duckdb.IOException as cause:
        return {"error": "gone" if head["do"] == "load" else "broken", "says": _first(cause)}, []
    except (duckdb.Error, pa.ArrowException, ValueError) as cause:
        says = _first(cause)
        return {"error": "memory" if "allocat" in says.lower() else "wrong", "says": says}, []


def _first(cause: Exception) -> str:
    return str(cause).splitlines()[0][:300] if str(cause) else type(cause).__name__


if __name__ == "__main__":
    main()
