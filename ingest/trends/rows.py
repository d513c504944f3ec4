"""The rows of a trend export one by one, whatever the file's kind; memory does not grow with the file."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from ingest.exchange.sheets import BROKEN, check_zip, delimiter_of
from ingest.exchange.source import encoding_of, needs_extra
from ontology.errors import BadRequest, Corrupt, NotFound

MAX_LINE: Final = 1_000_000
"""Characters of one row: 50,000 columns of 20. What is longer is set aside as a whole."""
MAX_COLUMNS: Final = 20_000
MAX_CELL: Final = 10_000
_SPANS: Final = 20
"""Lines that one record may run over, where a quoted text holds line ends."""
_HEAD: Final = 65_536
_READ: Final = 1 << 20
_BATCH: Final = 10_000
"""Rows of a Parquet file that are in memory at once."""

Cell = Any
"""What a cell holds: str, float, int, bool, datetime, date, time or None."""


class Row(NamedTuple):
    """A row as a person counts them, from 1. `fault` says why its cells cannot be read; "" where they can."""

    number: int
    cells: Sequence[Cell]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was looked into: how it is written, and its other sheets, for people."""

    path: Path
    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()

    def rows(self) -> Iterator[Row]:
        """All rows, from the first; may be asked for again. Raises Corrupt where the file ends or breaks."""
        match self.kind:
            case "xlsx":
                return _xlsx(self.path, self.sheet)
            case "parquet":
                return _parquet(self.path)
        return _csv(self.path, self.encoding, self.delimiter)


def open_export(path: Path, *, sheet: str = "") -> Opened:
    """Look into a file. Raises NotFound, BadRequest (no such sheet) or Corrupt."""
    if not path.is_file():
        raise NotFound(f"no file {path}", hint="check the name and the folder")
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(b"PAR1"):
        _footer(path)
        return Opened(path, "parquet")
    if head.startswith(b"PK\x03\x04"):
        names = _filled_sheets(path)
        if not names:
            raise BadRequest(f"{path.name} has no rows", hint="export it again")
        if sheet and sheet not in names:
            raise BadRequest(
                f"{path.name} has no filled sheet {sheet!r:.60}", hint=f"sheets: {', '.join(names)}"
            )
        chosen = sheet or names[0]
        others = tuple(name for name in names if name != chosen)
        return Opened(path, "xlsx", sheet=chosen, other_sheets=others)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadRequest(
            f"{path.name} is an .xls of before 2007, or has a password", hint="save it as XLSX"
        )
    encoding = _encoding(path, head)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if "\x00" in text:
        raise Corrupt(f"{path.name} is no text", hint="CSV, XLSX and Parquet are read")
    return Opened(path, "csv", encoding, delimiter_of(text))


def _encoding(path: Path, head: bytes) -> str:
    """By its mark or zero bytes; else UTF-8 where all of the file is, else Windows-1252 (Latin-1 and more)."""
    found = encoding_of(head)
    if found != "utf-8":
        return found
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as file:
        try:
            while part := file.read(_READ):
                decoder.decode(part)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


# --- CSV ------------------------------------------------------------------------------------------


def _csv(path: Path, encoding: str, delimiter: str) -> Iterator[Row]:
    with path.open("rb") as file:
        lines = _lines(file, encoding)
        for number, text in lines:
            if text is None:
                yield Row(number, (), f"a line of more than {MAX_LINE:,} characters")
            elif '"' not in text:
                yield _row(number, text.split(delimiter) if text else [])
            else:
                yield from _quoted(number, text, lines, delimiter)


def _quoted(
    number: int, text: str, lines: Iterator[tuple[int, str | None]], delimiter: str
) -> Iterator[Row]:
    """A record with quotes; one that is not closed costs its first line alone."""
    parts = [(number, text)]
    while sum(part.count('"') for _, part in parts) % 2 and len(parts) < _SPANS:
        following = next(lines, None)
        if following is None or following[1] is None:
            break
        parts.append((following[0], following[1]))
    whole = "\n".join(part for _, part in parts)
    if not whole.count('"') % 2:
        yield _split(number, whole, delimiter)
        return
    for at, part in parts:  # never closed: each line stands for itself
        odd = part.count('"') % 2
        yield Row(at, (), "a quote that is not closed") if odd else _split(at, part, delimiter)


def _split(number: int, text: str, delimiter: str) -> Row:
    try:
        cells = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error as cause:
        return Row(number, (), f"not readable as CSV: {cause}")
    return _row(number, cells)


def _row(number: int, cells: Sequence[str]) -> Row:
    if len(cells) > MAX_COLUMNS:
        return Row(number, (), f"more than {MAX_COLUMNS:,} cells")
    return Row(number, cells)


def _lines(file: BinaryIO, encoding: str) -> Iterator[tuple[int, str | None]]:
    """Numbered lines without their ends; None for one that is too long. CR, LF and CR LF all end one."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    number, rest, skipping = 1, "", False
    while True:
        part = file.read(_READ)
        text = rest + decoder.decode(part, final=not part)
        if part and text.endswith("\r"):  # its line feed may come with the next part
            text, held = text[:-1], "\r"
        else:
            held = ""
        pieces = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        rest = pieces.pop() + held
        for piece in pieces:
            yield number, None if skipping or len(piece) > MAX_LINE else piece
            number, skipping = number + 1, False
        if len(rest) > MAX_LINE:
            rest, skipping = held, True
        if not part:
            if rest or skipping:
                yield number, None if skipping else rest
            return


# --- XLSX -----------------------------------------------------------------------------------------


def _book(path: Path) -> Any:
    try:
        import openpyxl  # noqa: PLC0415  (optional, and slow to import)
    except ImportError as cause:
        raise needs_extra("documents", "XLSX", cause) from cause
    check_zip(path)
    try:
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except BROKEN as cause:
        raise _broken(path, cause) from cause


def _filled_sheets(path: Path) -> tuple[str, ...]:
    book = _book(path)
    try:
        return tuple(
            sheet.title for sheet in book.worksheets
            if any(any(cell is not None for cell in row) for row in sheet.iter_rows(max_row=50, values_only=True))
        )  # fmt: skip
    except BROKEN as cause:
        raise _broken(path, cause) from cause
    finally:
        book.close()


def _xlsx(path: Path, sheet: str) -> Iterator[Row]:
    book = _book(path)
    try:
        rows = book[sheet].iter_rows(values_only=True, max_col=MAX_COLUMNS)
        for number, cells in enumerate(rows, 1):
            yield Row(number, cells)
    except BROKEN as cause:
        raise _broken(path, cause) from cause
    finally:
        book.close()


def _broken(path: Path, cause: BaseException) -> Corrupt:
    return Corrupt(f"{path.name} is not a readable XLSX: {cause}"[:300], hint="export it again")


# --- Parquet --------------------------------------------------------------------------------------


def _footer(path: Path) -> None:
    try:
        with parquet.ParquetFile(path):
            return
    except (pa.ArrowException, OSError) as cause:
        raise _torn(path, cause) from cause


def _parquet(path: Path) -> Iterator[Row]:
    """The names of the columns as row 1, then the rows, so that all three kinds read alike."""
    try:
        with parquet.ParquetFile(path) as file:
            yield Row(1, [_heading(field) for field in file.schema_arrow])
            number = 2
            for batch in file.iter_batches(batch_size=_BATCH):
                columns = [_cells(column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    yield Row(number, cells)
                    number += 1
    except (pa.ArrowException, OSError, ValueError) as cause:
        raise _torn(path, cause) from cause


def _heading(field: pa.Field) -> str:
    """A column's name, with the unit its metadata may carry."""
    unit = (field.metadata or {}).get(b"unit", b"").decode("utf-8", "replace")
    return f"{field.name} ({unit})" if unit else str(field.name)


def _cells(column: pa.Array) -> list[Cell]:
    """Python values; times in nanoseconds lose what is below a microsecond, which no history keeps."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    cells: list[Cell] = column.to_pylist()
    return cells


def _torn(path: Path, cause: BaseException) -> Corrupt:
    return Corrupt(
        f"{path.name} is not a readable Parquet file: {cause}"[:300], hint="export it again"
    )
