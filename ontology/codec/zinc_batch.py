"""Many rows of Zinc looked at together: where their cells are, whether all are right, and nothing made of them yet.

Arithmetic over the bytes of a megabyte of lines finds the cells; one pattern accepts those that are
surely right, the grammar judges the rest one by one. A row that has any other cell is doubtful: it is
left to those who read rows one at a time, and so every error comes from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]
Bytes: TypeAlias = NDArray[np.uint8]

_TEXT = r'"[^"\\\n]*+(?:\\[bfnrt"\\$][^"\\\n]*+)*+"'
_REFS: Final = re.compile(rf"(?:[a-zA-Z0-9_:\-.~]++(?: {_TEXT})?+\n)*+")
"""Refs one below the other, without their @."""
_SCALARS: Final = re.compile(
    r"(?:(?:-?[0-9]{1,15}+(?:\.[0-9]{1,15}+)?+[%$/_a-zA-Z\x80-\xff]*+"
    r"|(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]))\n)*+"
)
"""Numbers too short to be infinite, and days that every month has."""
_NAME: Final = re.compile(' "[^\n]*')
_NEWLINE, _QUOTE, _COMMA, _AT, _BACKSLASH, _NULL = b'\n",@\\N'
_ENCODING: Final = ("utf-8", "surrogatepass")
_IN_TEXT: Final = 1
"""Stands for both characters of an escape: right within a text, and nowhere else."""
_FIRST: Final = np.zeros(1, np.int32)
_ESCAPABLE: Final = np.isin(np.arange(256), list(b'bfnrt"\\$'))
_LONE: Final = np.isin(np.arange(256), list(b"MTF"))
"""Characters that are a whole value: marker, true, false."""


@dataclass(frozen=True)
class Cells:
    """The cells of some lines, sorted by column and then by row, and which rows are `sure`.

    Places are of bytes of all lines together. `refs` are the numbers of the cells that hold a ref, `ids`
    the ids these say.
    """

    lines: Sequence[str]
    sure: Flags
    row: Ints
    column: NDArray[np.int16]
    start: Ints
    end: Ints
    refs: NDArray[np.intp]
    ids: list[str]

    @property
    def doubtful(self) -> list[int]:
        """The rows that are not sure, ascending."""
        return np.flatnonzero(~self.sure).tolist()


class Batch:
    """Rows of which those that were sure are made when they are asked for, the same each time.

    `made` holds all others by number.
    """

    def __init__(
        self,
        cells: Cells,
        size: int,
        made: Mapping[int, dict[str, Any]],
        *,
        columns: Sequence[str],
        read: Callable[[str], dict[str, Any]],
        value: Callable[[str], Any],
    ) -> None:
        self.made = made
        self._size = size
        self._read = read
        self._value = value
        self._lines = cells.lines
        kept = cells.sure[cells.row] & (cells.row < size)
        self._row, self._start, self._end = (
            places[kept] for places in (cells.row, cells.start, cells.end)
        )
        self._spans = _spans(cells.column[kept], columns)
        of_refs = kept[cells.refs]
        self._ids = list(compress(cells.ids, of_refs.tolist()))
        self._ref_rows = cells.row[cells.refs[of_refs]]
        self._ref_spans = _spans(cells.column[cells.refs[of_refs]], columns)

    def __len__(self) -> int:
        return self._size

    def row(self, number: int) -> dict[str, Any]:
        """A row that is not among those made."""
        return self._read(self._lines[number])

    def having(self) -> Iterator[tuple[str, Ints]]:
        """Each tag with the rows that have it, ascending."""
        for tag, span in self._spans.items():
            yield tag, self._row[span]

    def refs(self) -> Iterator[tuple[str, Ints, list[str]]]:
        """Each tag with the rows in which it is a ref, ascending, and the ids it leads to; told once."""
        for tag, span in self._ref_spans.items():
            yield tag, self._ref_rows[span], self._ids[span]
        self._ref_spans, self._ids = {}, []

    def column(self, tag: str) -> dict[int, Any]:
        """Row -> value of one tag, without making rows."""
        span, page = self._spans.get(tag, slice(0)), _page(self._lines)
        starts, ends = self._start[span].tolist(), self._end[span].tolist()
        cells = (str(page[start:end], *_ENCODING) for start, end in zip(starts, ends, strict=True))
        return dict(zip(self._row[span].tolist(), map(self._value, cells), strict=True))


def look(lines: Sequence[str], width: int, is_scalar: Callable[[str], bool]) -> Cells:
    """The cells of some lines. A row is sure that has `width` cells and in each nothing or a scalar."""
    page = np.frombuffer(_page(lines), np.uint8)
    told = _without_escapes(page)
    quotes = np.cumsum(told == _QUOTE, dtype=np.int32)
    sure, row, column, start, end = _places(told, quotes, width)
    head, lone = told[start], end - start == 1
    is_ref = head == _AT
    is_text = (head == _QUOTE) & (told[end - 1] == _QUOTE) & (quotes[end - 1] - quotes[start] == 1)
    refs = np.flatnonzero(is_ref)
    rest = np.flatnonzero(~(is_ref | is_text | (lone & _LONE[head])))
    named = _column_of(page, start[refs] + 1, end[refs])
    for number, _ in _unsure(_REFS, named):
        sure[row[refs[number]]] = False
    for number, cell in _unsure(_SCALARS, _column_of(page, start[rest], end[rest])):
        if not is_scalar(str(cell.encode("latin-1"), *_ENCODING)):
            sure[row[rest[number]]] = False
    ids = (_NAME.sub("", named) if '"' in named else named).split("\n")[:-1]
    return Cells(lines, sure, row, column, start, end, refs, ids)


def _places(
    told: Bytes, quotes: Ints, width: int
) -> tuple[Flags, Ints, NDArray[np.int16], Ints, Ints]:
    """Which rows may be sure; of each cell of theirs with something in it: row, column, start and end."""
    line_ends = np.flatnonzero(told == _NEWLINE)
    stops = _stops(told, quotes, line_ends)
    last = np.flatnonzero(told[stops] == _NEWLINE)
    counts = np.diff(last, prepend=-1)
    start = np.concatenate((_FIRST, stops[:-1] + 1))
    full = np.flatnonzero(stops > start)
    row = np.searchsorted(last, full).astype(np.int32)
    sure = counts == width
    sure[np.searchsorted(line_ends, np.flatnonzero(told == _BACKSLASH))] = False
    if width == 1:
        sure &= np.bincount(row, minlength=len(sure)) > 0  # a blank line is no row
    column = (full - (last - counts + 1)[row]).clip(max=width).astype(np.int16)
    start, end = start[full], stops[full]
    kept = np.flatnonzero(sure[row] & ~((end - start == 1) & (told[start] == _NULL)))
    order = kept[np.argsort(column[kept], kind="stable")]
    return sure, row[order], column[order], start[order], end[order]


def _page(lines: Sequence[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode(*_ENCODING)


def _without_escapes(page: Bytes) -> Bytes:
    """The page, with each escape of two characters that the grammar knows written over."""
    at = np.flatnonzero(page == _BACKSLASH)
    if not len(at):
        return page
    # of backslashes in a row every second one is escaped by the one before it
    begin = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    place = np.arange(len(at)) - np.repeat(begin, np.diff(begin, append=len(at)))
    at = at[place % 2 == 0]
    at = at[_ESCAPABLE[page[at + 1]]]
    told = page.copy()
    told[at] = told[at + 1] = _IN_TEXT
    return told


def _stops(told: Bytes, quotes: Ints, line_ends: NDArray[np.int64]) -> Ints:
    """Where cells end: commas outside of texts, and line ends. A text ends with its line at the latest."""
    within = (quotes & 1).astype(np.bool_)
    open_at_end = within[line_ends]
    if open_at_end.any():
        begun_open = np.concatenate((np.zeros(1, np.bool_), open_at_end[:-1]))
        within ^= np.repeat(begun_open, np.diff(line_ends, prepend=-1))
    stops = (told == _COMMA) & ~within
    stops[line_ends] = True
    return np.flatnonzero(stops).astype(np.int32)


def _column_of(page: Bytes, start: Ints, end: Ints) -> str:
    """Cells one below the other, each with a line end."""
    if not len(start):
        return ""
    size = end - start + 1
    stop = np.cumsum(size, dtype=np.int32)
    found: Bytes = page[np.arange(stop[-1], dtype=np.int32) + np.repeat(start - stop + size, size)]
    found[stop - 1] = _NEWLINE
    return str(found.tobytes(), "latin-1")


def _unsure(sure: re.Pattern[str], column: str) -> Iterator[tuple[int, str]]:
    """The cells that the pattern does not accept, each with its number."""
    at = number = 0
    while (to := _end(sure, column, at)) < len(column):
        number += column.count("\n", at, to)
        end = column.index("\n", to)
        yield number, column[to:end]
        at, number = end + 1, number + 1


def _end(sure: re.Pattern[str], column: str, at: int) -> int:
    match = sure.match(column, at)
    return match.end() if match else at


def _spans(column: NDArray[np.int16], names: Sequence[str]) -> dict[str, slice]:
    """Column -> where its cells are among those sorted by column."""
    bounds = np.searchsorted(column, np.arange(len(names) + 1)).tolist()
    return {
        name: slice(begin, end)
        for name, begin, end in zip(names, bounds, bounds[1:], strict=False)
        if begin < end
    }
