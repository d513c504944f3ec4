"""Backup while writing goes on, and restore with every byte checked."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ontology.errors import Conflict, Corrupt, NotFound
from ontology.store import duck_layout
from ontology.store.duck_file import Db, DuckFile, disk_error, one, translated
from ontology.store.duck_mill import sha256, sync_folder
from ontology.store.duck_plan import Segment, folder_of
from ontology.store.duck_shelf import Shelf
from ontology.time import UTC

NOTE = "backup.json"
"""Written last: a folder without it is no backup."""
_TABLES = ("points", "hot", "late", "settled")
Progress = Callable[[float], None]


def backup(path: Path, shelf: Shelf, folder: Path, progress: Progress | None = None) -> None:
    """The history of this moment, in a folder that is new or empty."""
    with _told(folder):
        if folder.exists() and any(folder.iterdir()):
            raise Conflict(f"{folder} is not empty", hint="give the backup a folder of its own")
        target = folder / path.name
        segments_folder = folder_of(target)
        segments_folder.mkdir(parents=True, exist_ok=True)
        with shelf.moment() as (db, segments):
            tables = {t: db.sql(f"SELECT * FROM store.{t}").to_arrow_table() for t in _TABLES}  # noqa: S608  (names of ours)
            make_file(target, tables, segments)
            done, whole = 0, sum(s.bytes for s in segments) or 1
            for segment in segments:
                _link(shelf.path(segment), segments_folder / segment.file_name)
                done += segment.bytes
                if progress:
                    progress(done / whole)
        sync_folder(segments_folder)
        _write_note(folder, target, segments)


def restore(folder: Path, path: Path, progress: Progress | None = None) -> int:
    """Bring a backup to `path` (a history's file); returns its rows in segments.

    Raises Conflict where a history with samples is already (or is open), NotFound where there is no whole
    backup, Corrupt when a file of it is not what it was.
    """
    files = _note(folder)
    file = DuckFile(path, memory="256MB", beside=folder_of(path))
    try:
        with _told(path):
            _must_be_empty(file)
            try:
                _bring(folder, path, files, progress)
            except BaseException:
                for name in files:  # a half is worth nothing, and in the way of the next try
                    _target(path, name).unlink(missing_ok=True)
                raise
            file.replace(_grown(path))
            return _counted(file, path)
    finally:
        file.close()


def make_file(path: Path, tables: Mapping[str, pa.Table], segments: Sequence[Segment]) -> None:
    """A `history.duckdb` of these tables, synced."""
    try:
        with duckdb.connect(str(path), config={"threads": 1}) as db:
            db.begin()
            duck_layout.create(db)
            for name, table in tables.items():
                db.register("incoming", table)
                db.execute(f"INSERT INTO store.{name} SELECT * FROM incoming")  # noqa: S608  (names of ours)
                db.unregister("incoming")
            duck_layout.put_segments(db, segments)
            db.commit()
            db.execute("CHECKPOINT")
    except duckdb.Error as cause:
        raise translated(path, cause) from cause
    with path.open("rb") as made:
        os.fsync(made.fileno())


def _link(source: Path, target: Path) -> None:
    """The same file where the disk is the same: it never changes. Else a copy."""
    try:
        target.hardlink_to(source)
    except OSError:
        _copy(source, target)


def _copy(source: Path, target: Path) -> None:
    """A new file: what is there under the name may be the source itself, linked by a backup."""
    with source.open("rb") as given, target.open("xb") as taken:
        shutil.copyfileobj(given, taken, 1 << 20)
        taken.flush()
        os.fsync(taken.fileno())


def _write_note(folder: Path, target: Path, segments: Sequence[Segment]) -> None:
    with target.open("rb") as made:
        files = {target.name: {"bytes": target.stat().st_size, "sha256": sha256(made)}}
    for s in segments:
        name = f"{folder_of(target).name}/{s.file_name}"
        files[name] = {"bytes": s.bytes, "sha256": s.sha256}
    note = {"format": duck_layout.FORMAT, "made": dt.datetime.now(UTC).isoformat(), "files": files}
    growing = folder / f"{NOTE}.new"
    with growing.open("w", encoding="utf-8") as text:
        json.dump(note, text, indent=1)
        text.flush()
        os.fsync(text.fileno())
    growing.replace(folder / NOTE)
    sync_folder(folder)


def _note(folder: Path) -> dict[str, dict[str, Any]]:
    """The files of the backup: name -> bytes, sha256."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        if note["format"] != duck_layout.FORMAT:
            raise Corrupt(
                f"the backup in {folder} has format {note['format']}, this Plantroom reads {duck_layout.FORMAT}",
                hint="use the version of Plantroom that wrote it",
            )
        files = {_inside(name): dict(said) for name, said in note["files"].items()}
    except FileNotFoundError as cause:
        raise NotFound(
            f"no whole backup of a history in {folder}", hint=f"choose the folder with {NOTE} in it"
        ) from cause
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise Corrupt(f"{folder / NOTE} cannot be read", hint="take another backup") from cause
    return files


def _inside(name: str) -> str:
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(name)
    return name


def _must_be_empty(file: DuckFile) -> None:
    must_be_alone(file)
    with file.cursor() as db:
        found = duck_layout.found_format(db)
        holds = found is not None and (
            found != duck_layout.FORMAT or duck_layout.tail_rows(db) or duck_layout.numbers(db)
        )
    if holds:
        raise Conflict(
            f"{file.path} holds samples already",
            hint="restore into another folder, or move this history away first",
        )


def must_be_alone(file: DuckFile) -> None:
    """Raise Corrupt where segments lie beside a file that knows of none because it is new: they are all that
    is left of a history whose own file was moved or lost, and count only together with it.
    """
    with file.cursor() as db:
        fresh = duck_layout.found_format(db) is None
    beside = folder_of(file.path)
    if fresh and any(beside.glob("*-????????.duckdb")):
        raise Corrupt(
            f"{beside.name} holds segments of a history whose {file.path.name} is not there",
            hint=f"put that file back; or, to begin or restore another history, move {beside.name} away too",
        )


def _bring(folder: Path, path: Path, files: Mapping[str, Any], progress: Progress | None) -> None:
    """Every file of the backup beside the history, checked; its own file still under another name."""
    folder_of(path).mkdir(parents=True, exist_ok=True)
    done, whole = 0, sum(int(said["bytes"]) for said in files.values()) or 1
    for name, said in files.items():
        target = _target(path, name)
        target.unlink(missing_ok=True)
        if not (folder / name).exists():
            raise Corrupt(f"{name} is missing in the backup", hint="take another backup")
        _copy(folder / name, target)
        with target.open("rb") as copied:
            if sha256(copied) != said["sha256"]:
                target.unlink()
                raise Corrupt(
                    f"{name} of the backup is not what was written",
                    hint="its disk lost something: take another backup",
                )
        done += int(said["bytes"])
        if progress:
            progress(done / whole)
    sync_folder(folder_of(path))


def _counted(file: DuckFile, path: Path) -> int:
    """Rows of all segments; Corrupt when one has not as many as the manifest says."""
    with file.cursor() as db:
        segments = duck_layout.manifest(db)
    for s in segments:
        file.attach(s.alias, folder_of(path) / s.file_name)
        with file.cursor() as db:
            rows = _rows(db, s)
        file.detach(s.alias)
        if rows != s.rows:
            raise Corrupt(
                f"{s.file_name} has {rows} rows, not {s.rows}", hint="take another backup"
            )
    return sum(s.rows for s in segments if s.kind == "cold")


def _rows(db: Db, segment: Segment) -> int:
    found = one(db, f"SELECT count(*) FROM {segment.alias}.main.{segment.kind}")  # noqa: S608  (names of ours)
    return int(found[0]) if found else 0


def _target(path: Path, name: str) -> Path:
    """Where a file of the backup is brought to: segments beside the history, its own file under another name."""
    return folder_of(path) / Path(name).name if "/" in name else _grown(path)


def _grown(path: Path) -> Path:
    return path.with_name(f"{path.name}.restored")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise disk_error(path, cause) from cause
