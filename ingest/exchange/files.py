"""Files with a model in them: any Haystack format, Brick in Turtle, point lists; the name's ending says which."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ingest.exchange.sheets import csv_sheet
from ingest.exchange.source import MAX_BYTES, Source, encoding_of, needs_extra, source_of
from ingest.exchange.tables import read_point_list
from ontology.codec import csv, hayson, trio, zinc
from ontology.codec.pick import read_file
from ontology.codec.rows import collector_paused
from ontology.errors import BadRequest, Corrupt, NotFound, OutOfSpace, Unavailable
from ontology.kinds import Grid, Tags

_WRITERS: Final[Mapping[str, Callable[[Grid], str]]] = {
    "zinc": zinc.encode, "trio": trio.encode, "json": hayson.encode, "csv": csv.encode,
}  # fmt: skip
FORMATS: Final = tuple(_WRITERS)
_GRIDS: Final = frozenset({".zinc", ".trio", ".json", ".hayson", ".csv"})
_SHEETS: Final = frozenset({".xlsx", ".xlsm"})
_TEXTS: Final = frozenset({".tsv", ".txt"})
"""What spreadsheets call a table of texts with tabs."""
READABLE: Final = ".zinc, .trio, .json, .csv, .ttl (Brick) or .xlsx"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HEAD: Final = 65_536
"""Bytes of a CSV looked at to tell a Haystack grid from a point list."""


def read_entities(path: Path) -> Iterator[Tags]:
    """The entities of a file alone; see `read_source`."""
    yield from read_source(path).entities


def read_source(path: Path) -> Source:
    """Everything in a file. Raises NotFound, BadRequest for what is no model, Corrupt naming the place."""
    _check(path)
    suffix = path.suffix.lower()
    if suffix == ".ttl":
        return _brick(path)
    if suffix in _SHEETS | _TEXTS or (suffix == ".csv" and not is_grid_csv(path)):
        return read_point_list(path)
    if suffix not in _GRIDS:
        raise BadRequest(
            f"{path.name} is no model that can be read", hint=f"give a {READABLE} file"
        )
    with collector_paused():
        return source_of(_present(read_file(path)), path.name)


def is_grid_csv(path: Path) -> bool:
    """Whether a CSV is a Haystack grid: it has a column `id`, and its first id is a ref such as @ahu-1."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    text = head.decode(encoding_of(head), "ignore")
    lines = "\n".join(
        text.splitlines()[:2]
    ).encode()  # the first row may break within a quoted text
    try:
        rows = csv_sheet(lines.replace(b'"', b""), path.name).rows
    except (BadRequest, Corrupt):
        return False  # the reader of point lists says where it is spoilt
    if len(rows) < 2 or "id" not in rows[0]:
        return False
    at = rows[0].index("id")
    return at < len(rows[1]) and rows[1][at].startswith("@")


def write_entities(path: Path, entities: Iterable[Tags], format: str = "") -> None:
    """Write a file whole or not at all; `format` wins over the name's ending.

    Raises BadRequest, NotFound for a folder that is not there, Unavailable for what the system refuses.
    """
    text = as_text(entities, format or format_of(path))
    try:
        _write(path, text)
    except OSError as cause:
        kind = OutOfSpace if cause.errno in _FULL else Unavailable
        raise kind(
            f"{path} cannot be written: {cause.strerror}",
            hint="choose a folder with space that you may write to",
        ) from cause


def as_text(entities: Iterable[Tags], format: str) -> str:
    """Entities as one text. Raises BadRequest for a format nobody writes."""
    encode = _WRITERS.get(format)
    if encode is None:
        raise BadRequest(
            f"cannot write {format or 'a file without an ending'}",
            hint=f"one of: {', '.join(FORMATS)}",
        )
    return encode(Grid.of(list(entities)))


def format_of(path: Path) -> str:
    """The format a name's ending says; "" for none."""
    ending = path.suffix.lower().removeprefix(".")
    return "json" if ending == "hayson" else ending


def _write(path: Path, text: str) -> None:
    if not path.parent.is_dir():
        raise NotFound(f"no folder {path.parent}", hint="make it first, or choose another")
    if path.is_dir():
        raise BadRequest(f"{path} is a folder", hint="give the name of a file in it")
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _check(path: Path) -> None:
    if not path.exists():
        raise NotFound(f"no file {path}", hint="check the name and the folder")
    if not path.is_file():
        raise BadRequest(f"{path} is no file", hint=f"give a {READABLE} file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadRequest(
            f"{path.name} has {size / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} are read",
            hint="export one building at a time",
        )


def _present(rows: Iterable[Mapping[str, Any]]) -> Iterator[Tags]:
    """Rows without those that hold nothing, as an empty grid has one."""
    return (row for row in rows if row)


def _brick(path: Path) -> Source:
    try:
        from ingest.exchange.brick import read_brick  # noqa: PLC0415  (optional, and slow to import)
    except ImportError as cause:
        raise needs_extra("brick", "Brick models", cause) from cause
    return read_brick(path)
