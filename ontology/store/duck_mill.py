"""Segment files are made here: sorted, synced, and in place under their name only when they are whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import BinaryIO

import duckdb

from ontology.errors import Unavailable
from ontology.store import duck_layout
from ontology.store.columns import Columns
from ontology.store.duck_file import Db, disk_error, one, quoted_text, translated
from ontology.store.duck_plan import Kind, Segment

SORT_ROWS = 2_000_000
"""Rows sorted at once: about 100 MB, however large the segment becomes."""
ROW_GROUP = 30_720
"""Rows of a row group: a quarter of DuckDB's own, so that 50 points scattered over a building read a third
of the rows; the file grows by half a percent."""
MEMORY = "384MB"
COLUMNS: dict[Kind, str] = {
    "cold": "point INTEGER, ts BIGINT, value DOUBLE, status UTINYINT",
    "hourly": "point INTEGER, hour BIGINT, mean DOUBLE, min DOUBLE, max DOUBLE, count BIGINT",
}
TIME: dict[Kind, str] = {"cold": "ts", "hourly": "hour"}


class Mill:
    """Makes segments in a folder, one at a time, with one thread and an engine of its own.

    A failure here (a full disk) leaves the history as it was; what is half made is removed.
    """

    def __init__(self, folder: Path, *, stopped: Callable[[], bool] = lambda: False) -> None:
        """`stopped` is asked between slices: a long merge gives up when the history closes."""
        self.folder = folder
        self._stopped = stopped
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise disk_error(folder, cause) from cause
        used = (int(f.stem.rsplit("-")[-1]) for f in folder.glob("*-????????.duckdb"))
        self._numbers = count(1 + max(used, default=0))

    def start_at(self, number: int) -> None:
        """Give no number below this one: a name is never used twice."""
        self._numbers = count(max(number, next(self._numbers)))

    def write(self, rows: Columns) -> Segment:
        """A segment of these rows."""
        with self._making("cold") as made:
            made.db.register("incoming", duck_layout.arrays(rows))
            made.db.execute("INSERT INTO made.cold SELECT * FROM incoming")
        return made.segment()

    def merge(
        self, inputs: Sequence[Segment], *, patch: Columns | None = None, since: int | None = None
    ) -> Segment | None:
        """All rows of the inputs from `since` on (unix seconds), those of `patch` in place of theirs.

        The inputs are of one kind (patched: cold). None when nothing is left.
        """
        kind = inputs[0].kind
        with self._making(kind) as made:
            for segment in inputs:
                made.attach(segment)
            if patch is not None:
                made.db.register("incoming", duck_layout.arrays(patch))
                made.db.execute("CREATE TEMP TABLE patch AS SELECT * FROM incoming")
            for low, high in _slices(inputs):
                if self._stopped():
                    raise Unavailable("the history is closing", hint="open it again")
                sources = [_source(s, low, high, since, patched=patch is not None) for s in inputs]  # fmt: skip
                if patch is not None:
                    sources.append(f"SELECT * FROM patch WHERE point >= {low} AND point < {high}")  # noqa: S608  (numbers)
                made.db.execute(
                    f"INSERT INTO made.{kind} SELECT * FROM ({' UNION ALL '.join(sources)}) ORDER BY point, {TIME[kind]}"  # noqa: S608  (names of ours)
                )
        return made.segment() if made.rows else None

    def fill(self, kind: Kind, tables: Iterator[object]) -> Segment | None:
        """A segment of Arrow tables or dicts of arrays that come in its order; None when they are empty."""
        with self._making(kind) as made:
            for table in tables:
                made.db.register("incoming", table)
                made.db.execute(f"INSERT INTO made.{kind} SELECT * FROM incoming")  # noqa: S608  (a literal)
                made.db.unregister("incoming")
        return made.segment() if made.rows else None

    def keep_only(self, segments: Sequence[Segment]) -> None:
        """Remove what a process that died left behind."""
        known = {s.file_name for s in segments}
        for file in self.folder.iterdir():
            if file.name.startswith(tuple(COLUMNS)) and file.name not in known:
                file.unlink()

    def drop(self, segments: Sequence[Segment]) -> None:
        """Remove files that nobody will come to need."""
        for segment in segments:
            (self.folder / segment.file_name).unlink(missing_ok=True)

    @contextmanager
    def _making(self, kind: Kind) -> Iterator[_Making]:
        made = _Making(self.folder, next(self._numbers), kind)
        try:
            with made.engine():
                yield made
            made.place()
        except OSError as cause:
            raise disk_error(made.path, cause) from cause
        except duckdb.Error as cause:
            raise translated(made.path, cause) from cause
        finally:
            for left in (made.growing, made.growing.with_name(made.growing.name + ".wal")):
                left.unlink(missing_ok=True)


class _Making:
    """One segment on its way: written under another name, measured, synced, then put in place."""

    def __init__(self, folder: Path, number: int, kind: Kind) -> None:
        self._number, self._kind = number, kind
        self._folder = folder
        self.path = folder / f"{kind}-{number:08d}.duckdb"
        self.growing = self.path.with_suffix(".new")
        self.db: Db
        self.rows = 0
        self._bounds = (0, 0, 0, 0)
        self._sum = ""

    @contextmanager
    def engine(self) -> Iterator[None]:
        with duckdb.connect(":memory:", config={"threads": 1, "memory_limit": MEMORY}) as db:
            self.db = db
            db.execute(f"SET temp_directory = {quoted_text(str(self._folder))}")
            db.execute(
                f"ATTACH {quoted_text(str(self.growing))} AS made (ROW_GROUP_SIZE {ROW_GROUP})"
            )
            db.execute(f"CREATE TABLE made.{self._kind} ({COLUMNS[self._kind]})")
            db.begin()
            yield
            db.commit()
            time = TIME[self._kind]
            found = one(
                db,
                f"SELECT count(*), min({time}), max({time}), min(point), max(point) FROM made.{self._kind}",  # noqa: S608  (literals)
            )
            if found is not None and found[0]:
                self.rows, self._bounds = int(found[0]), tuple(map(int, found[1:]))  # type: ignore[assignment]
            db.execute("CHECKPOINT made")
            db.execute("DETACH made")

    def attach(self, segment: Segment) -> None:
        file = quoted_text(str(self._folder / segment.file_name))
        self.db.execute(f"ATTACH {file} AS {segment.alias} (READ_ONLY)")

    def place(self) -> None:
        """Whole and synced, then under its name; the folder is synced too."""
        if not self.rows:
            return
        with self.growing.open("rb") as file:
            self._sum = sha256(file)
            os.fsync(file.fileno())
        self.growing.replace(self.path)
        sync_folder(self._folder)

    def segment(self) -> Segment:
        size = self.path.stat().st_size
        return Segment(self._number, self._kind, self.rows, *self._bounds, size, self._sum)


def sha256(file: BinaryIO) -> str:
    """Of the whole file, from where it stands."""
    seen = hashlib.sha256()
    while block := file.read(1 << 20):
        seen.update(block)
    return seen.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in it durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _slices(inputs: Sequence[Segment]) -> Iterator[tuple[int, int]]:
    """Ranges of point numbers that cover the inputs, each of about `SORT_ROWS` rows."""
    low, end = min(s.low for s in inputs), 1 + max(s.high for s in inputs)
    parts = 1 + sum(s.rows for s in inputs) // SORT_ROWS
    width = -(-(end - low) // parts)
    return ((at, min(at + width, end)) for at in range(low, end, width))


def _source(segment: Segment, low: int, high: int, since: int | None, *, patched: bool) -> str:
    text = f"SELECT * FROM {segment.alias}.main.{segment.kind} c WHERE point >= {low} AND point < {high}"  # noqa: S608  (names of ours)
    if since is not None:
        text += f" AND {TIME[segment.kind]} >= {since}"
    if patched:
        text += " AND NOT EXISTS (SELECT 1 FROM patch p WHERE p.point = c.point AND p.ts = c.ts)"
    return text
