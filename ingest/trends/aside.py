"""What of an export cannot be read: counted by reason, and written out by line number for people."""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ingest.trends.rows import Cell

MOST_WRITTEN: Final = 100_000
"""Rows written out; what is beyond is counted."""
MOST_REASONS: Final = 200
_REASON: Final = 200
_CELLS: Final = 50
_CELL: Final = 200
_FORMULA: Final = "=+-@\t\r＝＋－＠"
"""What a spreadsheet takes for the start of a formula."""


@dataclass(slots=True)
class Aside:
    """Collects what is set aside; `writer` takes a row of texts, where a file is kept."""

    writer: Any = None
    rows: int = 0
    cells: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    columns: dict[str, str] = field(default_factory=dict)
    """Whole columns that were refused, with the reason."""

    def row(self, number: int, why: str, cells: Sequence[Cell] = ()) -> None:
        """A row that was not read at all."""
        self.rows += 1
        self._note(number, "", why, cells)

    def cell(self, number: int, column: str, why: str, cell: Cell) -> None:
        """One value of a row whose others were read."""
        self.cells += 1
        self._note(number, column, why, (cell,))

    def column(self, name: str, why: str) -> None:
        """A column that is left out as a whole."""
        self.columns[name] = why
        if self.writer is not None:
            self.writer.writerow(["", _safe(name), why])

    @property
    def anything(self) -> bool:
        return bool(self.rows or self.cells or self.columns)

    def _note(self, number: int, column: str, why: str, cells: Sequence[Cell]) -> None:
        kind = (
            why.split(": ", 1)[0][:_REASON] if len(self.reasons) < MOST_REASONS else "other reasons"
        )
        self.reasons[kind] += 1
        if self.writer is not None and self.rows + self.cells <= MOST_WRITTEN:
            self.writer.writerow([number, _safe(column), why, *map(_safe, cells[:_CELLS])])


def _safe(cell: Cell) -> str:
    """A cell that a spreadsheet shows and does not compute."""
    text = "" if cell is None else str(cell)[:_CELL]
    return f"'{text}" if text[:1] and text[0] in _FORMULA else text


@contextlib.contextmanager
def written_aside(path: Path | None) -> Iterator[Aside]:
    """An Aside that writes into a file while entered; where nothing is set aside, no file remains."""
    if path is None:
        yield Aside()
        return
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            aside = Aside(csv.writer(file))
            aside.writer.writerow(["row", "column", "why it was set aside", "what stands there"])
            yield aside
        if aside.anything:
            draft.replace(path)
        else:
            path.unlink(missing_ok=True)
    finally:
        draft.unlink(missing_ok=True)
