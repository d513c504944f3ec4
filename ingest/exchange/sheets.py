"""The cells of a CSV or XLSX file as text, whatever encoding and delimiter it was saved with."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ingest.exchange.source import encoding_of, needs_extra
from ontology.errors import BadRequest, Corrupt, NotFound

MAX_FILE: Final = 100_000_000
MAX_UNZIPPED: Final = 500_000_000
"""Bytes an XLSX may unfold to: a point list of 100,000 rows has about 60 MB."""
MAX_ROWS: Final = 1_000_000
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 10_000
_DELIMITERS: Final = ",;\t|"
_MERGED: Final = re.compile(
    rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]+)(\d+):([A-Z]+)(\d+)[\"']"
)
_PART: Final = 1_000_000
"""Bytes of a sheet's XML looked at in one go for merged cells."""
BROKEN: Final = (
    # what zipfile, zlib, openpyxl and the XML parser (whose ParseError is a SyntaxError) say of a damaged
    # or encrypted file
    zipfile.BadZipFile, zlib.error, KeyError, IndexError, ValueError, TypeError, OSError, EOFError,
    SyntaxError, RuntimeError,
)  # fmt: skip
_OVERLAP: Final = 200
"""Bytes that the element of one merged area has at most."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of trimmed texts; `rows[0]` stands in row 1."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    guessed: str = ""
    """How the text was read where the file did not say, for a note."""

    def place(self, row: int, column: int | None = None) -> str:
        """Where a cell is, counted as spreadsheets do: "points.xlsx, sheet AHUs, row 7, column C"."""
        return f"{self.name}, row {row + 1}" + (
            f", column {_letter(column)}" if column is not None else ""
        )


def read_sheets(path: Path) -> list[Sheet]:
    """Every sheet of an .xlsx, or the one of a .csv. Raises NotFound, BadRequest (too large) or Corrupt."""
    if not path.is_file():
        raise NotFound(f"no file {path}", hint="check the name and the folder")
    size = path.stat().st_size
    if size > MAX_FILE:
        raise BadRequest(
            f"{path.name} has {size / 1e6:.0f} MB, at most {MAX_FILE / 1e6:.0f} are read",
            hint="save one building at a time",
        )
    if path.suffix.lower() in {".xlsx", ".xlsm"}:
        return _workbook(path)
    return [csv_sheet(path.read_bytes(), path.name)]


def csv_sheet(body: bytes, name: str) -> Sheet:
    """A CSV file's cells. Raises Corrupt with the line that cannot be read."""
    text, guessed = _text(body, name)
    delimiter = delimiter_of(text)
    rows: list[tuple[str, ...]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if max(map(len, cells), default=0) > MAX_CELL:
                raise Corrupt(
                    f"{name}, line {reader.line_num}: a cell of more than {MAX_CELL} characters",
                    hint="close every quote",
                )
            rows.append(tuple(" ".join(cell.split()) for cell in cells[:MAX_COLUMNS]))
            _check_size(len(rows), name)
    except csv.Error as cause:
        raise Corrupt(
            f"{name}, line {reader.line_num}: {cause}",
            hint='close every quote; a quote inside a text is written ""',
        ) from cause
    return Sheet(name, tuple(rows), guessed=guessed)


def _text(body: bytes, name: str) -> tuple[str, str]:
    encoding = encoding_of(body)
    try:
        text, guessed = body.decode(encoding), ""
    except UnicodeDecodeError as cause:
        if encoding != "utf-8":
            raise Corrupt(
                f"{name} is no {encoding} at byte {cause.start}", hint="save it as CSV UTF-8"
            ) from cause
        text, guessed = body.decode("cp1252", "replace"), "Windows-1252"
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise Corrupt(f"{name}, line {line}: this is no text", hint="save it as CSV UTF-8")
    return text, guessed


def delimiter_of(text: str) -> str:
    """The sign that splits most of the first lines into the same number of cells, two at least."""
    head = [line for line in text[:20_000].splitlines()[:30] if line.strip()]
    if head and head[0].lower().startswith("sep=") and len(head[0]) == 5:
        return head[0][4]
    best, most = ",", 0
    for sign in _DELIMITERS:
        counts = [_cells(line, sign) for line in head]
        common = max(set(counts), key=lambda n: (counts.count(n) * (n > 1), n), default=1)
        score = counts.count(common) * min(common, 10) if common > 1 else 0
        if score > most:
            best, most = sign, score
    return best


def _cells(line: str, sign: str) -> int:
    """Cells of a line, signs within quotes not counted."""
    return 1 + sum(part.count(sign) for part in line.split('"')[::2])


def _workbook(path: Path) -> list[Sheet]:
    try:
        import openpyxl  # noqa: PLC0415  (optional, and slow to import)
    except ImportError as cause:
        raise needs_extra("documents", "XLSX", cause) from cause
    check_zip(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            return [
                _worksheet(sheet, f"{path.name}, sheet {sheet.title}") for sheet in book.worksheets
            ]
        finally:
            book.close()
    except BROKEN as cause:
        raise Corrupt(
            f"{path.name} is not a readable XLSX: {cause}", hint="save it again"
        ) from cause


def _worksheet(sheet: Any, name: str) -> Sheet:
    rows: list[tuple[str, ...]] = []
    for cells in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS):
        rows.append(tuple(_shown(cell) for cell in cells))
        _check_size(len(rows), name)
    for column, top, bottom in _tall_merges(sheet):
        above = rows[top][column] if top < len(rows) and column < len(rows[top]) else ""
        for at in range(top + 1, min(bottom + 1, len(rows))) if above else ():
            rows[at] = (*rows[at][:column], above, *rows[at][column + 1 :])
    return Sheet(name, tuple(rows))


def _tall_merges(sheet: Any) -> set[tuple[int, int, int]]:
    """Column, first and last row (from 0) of merged cells taller than wide: what they say goes for each row.

    Wide ones are titles. The file lists them behind the rows, where a sheet read row by row never looks.
    """
    found: set[tuple[int, int, int]] = set()
    with sheet._get_source() as xml:  # noqa: SLF001  (the sheet's XML has no public name)
        seen = b""
        while part := xml.read(_PART):
            seen = seen[-_OVERLAP:] + part
            for left, top, right, bottom in _MERGED.findall(seen):
                column, width = _number(left), _number(right) - _number(left) + 1
                if int(bottom) - int(top) + 1 > width and column < MAX_COLUMNS:
                    found.add((column, int(top) - 1, int(bottom) - 1))
    return found


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell)[:MAX_CELL].split())


def check_zip(path: Path) -> None:
    """Raises Corrupt for what is no whole ZIP, BadRequest for one that unfolds to too much."""
    try:
        with zipfile.ZipFile(path) as inside:
            unfolded = sum(part.file_size for part in inside.infolist())
    except (zipfile.BadZipFile, OSError) as cause:
        raise Corrupt(
            f"{path.name} is not a readable XLSX: {cause}", hint="save it again"
        ) from cause
    if unfolded > MAX_UNZIPPED:
        raise BadRequest(
            f"{path.name} unfolds to {unfolded / 1e6:.0f} MB, at most {MAX_UNZIPPED / 1e6:.0f} are read",
            hint="save the point list alone",
        )


def _check_size(rows: int, name: str) -> None:
    if rows > MAX_ROWS:
        raise BadRequest(
            f"{name} has more than {MAX_ROWS:,} rows", hint="save one building at a time"
        )


def _letter(column: int) -> str:
    """A spreadsheet's name of a column: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _number(letters: bytes) -> int:
    """The column a spreadsheet calls so: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def filled(cells: tuple[str, ...]) -> Iterator[str]:
    """A row of headings with merged cells written out: each blank takes what stands left of it."""
    last = ""
    for cell in cells:
        last = cell or last
        yield last
