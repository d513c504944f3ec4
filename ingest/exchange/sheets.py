"""The cells of a CSV or XLSX file as text, whatever encoding, delimiter and decimal sign it was saved with."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ingest.exchange.source import needs_extra
from ontology.errors import BadRequest, Corrupt, NotFound

MAX_FILE: Final = 100_000_000
MAX_UNZIPPED: Final = 500_000_000
"""Bytes an XLSX may unfold to: a point list of 100,000 rows has about 60 MB."""
MAX_ROWS: Final = 1_000_000
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 10_000
_DELIMITERS: Final = ",;\t|"
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of trimmed texts; `rows[0]` stands in row 1. `decimal_comma`: 21,5 is 21.5."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    decimal_comma: bool = False
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
    delimiter = _delimiter(text)
    csv.field_size_limit(MAX_CELL)
    rows: list[tuple[str, ...]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            rows.append(tuple(" ".join(cell.split()) for cell in cells[:MAX_COLUMNS]))
            _check_size(len(rows), name)
    except csv.Error as cause:
        raise Corrupt(
            f"{name}, line {reader.line_num}: {cause}",
            hint='close every quote; a quote inside a text is written ""',
        ) from cause
    return Sheet(name, tuple(rows), decimal_comma=delimiter == ";", guessed=guessed)


def number_in(text: str, *, decimal_comma: bool) -> float | None:
    """A number as people write it; None where the text is none.

    >>> number_in("1.234,5", decimal_comma=True), number_in("1,234.5", decimal_comma=False)
    (1234.5, 1234.5)
    """
    digits = text.replace(" ", "").replace("\u00a0", "").replace("'", "")
    if decimal_comma or (
        digits.count(",") == 1 and "." not in digits and len(digits.rpartition(",")[2]) != 3
    ):
        digits = digits.replace(".", "").replace(",", ".") if "," in digits else digits
    else:
        digits = digits.replace(",", "")
    try:
        return float(digits) if any(char.isdigit() for char in digits) else None
    except ValueError:
        return None


def _text(body: bytes, name: str) -> tuple[str, str]:
    encoding = next((encoding for bom, encoding in _BOMS if body.startswith(bom)), "")
    try:
        text, guessed = body.decode(encoding or "utf-8"), ""
    except UnicodeDecodeError as cause:
        if encoding:
            raise Corrupt(
                f"{name} is no {encoding} at byte {cause.start}", hint="save it as CSV UTF-8"
            ) from cause
        text, guessed = body.decode("cp1252", "replace"), "Windows-1252"
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise Corrupt(f"{name}, line {line}: this is no text", hint="save it as CSV UTF-8")
    return text, guessed


def _delimiter(text: str) -> str:
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
    _check_zip(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            return [
                _worksheet(sheet, f"{path.name}, sheet {sheet.title}") for sheet in book.worksheets
            ]
        finally:
            book.close()
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        OSError,
        EOFError,
        SyntaxError,
    ) as cause:
        # SyntaxError: the XML inside is broken (xml.etree's ParseError is one)
        raise Corrupt(
            f"{path.name} is not a readable XLSX: {cause}", hint="save it again"
        ) from cause


def _worksheet(sheet: Any, name: str) -> Sheet:
    rows: list[tuple[str, ...]] = []
    for cells in sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS):
        rows.append(tuple(_shown(cell) for cell in cells))
        _check_size(len(rows), name)
    return Sheet(name, tuple(rows))


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell)[:MAX_CELL].split())


def _check_zip(path: Path) -> None:
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


def filled(cells: tuple[str, ...]) -> Iterator[str]:
    """A row of headings with merged cells written out: each blank takes what stands left of it."""
    last = ""
    for cell in cells:
        last = cell or last
        yield last
