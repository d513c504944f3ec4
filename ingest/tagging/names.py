"""A list of raw names, from a CSV or XLSX with headings or a text file with one name a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ingest.exchange.headings import COLUMNS, letters
from ingest.exchange.sheets import Sheet, read_sheets
from ingest.tagging.raw import RawName
from ontology.errors import BadRequest

_FIELDS: Final = ("name", "description", "unit", "object_type", "device")
_HEADINGS: Final = {letters(heading): field for field in _FIELDS for heading in COLUMNS[field]}


def read_names(path: Path) -> list[RawName]:
    """Every row with a name, in order. Without a heading for names, the file must have one column.

    Raises BadRequest if no column holds names; Corrupt (from the sheet) for cells that cannot be read.
    """
    return [raw for sheet in read_sheets(path) for raw in _names(sheet)]


def _names(sheet: Sheet) -> list[RawName]:
    if not sheet.rows:
        return []
    at = _columns(sheet.rows[0])
    if "name" in at:
        rows = (
            RawName(**{field: _cell(row, i) for field, i in at.items()}) for row in sheet.rows[1:]
        )
        return [raw for raw in rows if raw.name]
    if max(map(len, sheet.rows)) > 1:
        raise BadRequest(
            f"{sheet.place(0)}: no column holds the points' names",
            hint=f"call it name; columns: {', '.join(_FIELDS)}",
        )
    return [RawName(row[0]) for row in sheet.rows if row and row[0]]


def _columns(headings: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for i, heading in enumerate(headings):
        if field := _HEADINGS.get(letters(heading)):
            found.setdefault(field, i)
    return found


def _cell(row: Sequence[str], i: int) -> str:
    return row[i] if i < len(row) else ""
