"""Zinc, Haystack's own text: https://project-haystack.org/doc/docHaystack/Zinc (versions 2 and 3).

Most rows of most files are scalars between commas. Those are split, and each cell's text is looked up
in a table of cells already read, so that the ten thousandth `M` or `@ahu-3` costs nothing and is the
same object. Every cell goes through the grammar itself or through a pattern that accepts a part of
what the grammar accepts; a row with any other cell is read by the grammar as a whole. So both ways
read the same values, and every error comes from the grammar, with its line and column. Who takes rows
in batches gets them looked through by the same rule, and made when they are asked for.

Three things do not come back as they were: an absent tag is absent, never None; INF and NaN lose their
unit; two halves of one character, each escaped, are that character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import compress
from typing import Any, BinaryIO, Final

from ontology.codec import zinc_write
from ontology.codec.lines import lines_in, lines_of
from ontology.codec.rows import Rows
from ontology.codec.scan import Scanner, joined
from ontology.codec.zinc_batch import Batch, Cells, look
from ontology.codec.zinc_read import NUMBER, number_of, read_head, read_row, read_whole
from ontology.errors import Corrupt
from ontology.kinds import MARKER, Grid, Ref

MAX_FAST: Final = 2**20
"""Characters of a row that is split at once; longer ones go through the grammar, cell by cell."""
MAX_PAGE: Final = 2**20
"""Characters of rows looked at together; so many arrays of their size fit into a processor's cache."""
MIN_PAGE: Final = 2**8
MAX_KNOWN: Final = 2**16
"""Cells remembered. Then the table starts anew: the common ones are back after a few rows."""
MAX_TAILS: Final = 2**12
"""Different tails of markers remembered: about as many as a model has kinds of points."""
MAX_WORD: Final = 64
"""Characters of a cell worth remembering; longer ones are texts and seldom come twice."""

_TEXT = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_URI = r"`[^`\\]*+(?:\\.[^`\\]*+)*+`"
_INNER = rf"(?:[^\[\]{{}}()<>\"`]++|{_TEXT}|{_URI})*+"
_CELL: Final = re.compile(
    rf"((?:[^\",`(\[{{<]++|{_TEXT}|{_URI}|\({_INNER}\)|\[{_INNER}\]|\{{{_INNER}\}})*+)(?:,|.+)",
    re.DOTALL,
)
"""A cell and the comma after it. Where none comes, all the rest is taken, and the row is not split."""
_BRACKETS: Final = re.compile(r"[\\`(\[{<]")
_DIGITS: Final = frozenset("0123456789-")
_REF: Final = re.compile(r"@[a-zA-Z0-9_:\-.~]+").fullmatch
_NAMED_REF: Final = re.compile(r'@([a-zA-Z0-9_:\-.~]+) "([^"\\]*)"').fullmatch


def encode(grid: Grid) -> str:
    """A grid as Zinc 3 text; one without columns has the column `empty`. Raises Corrupt."""
    return "\n".join(zinc_write.lines(grid)) + "\n"


def decode(text: str) -> Grid:
    """A grid from Zinc text. Raises Corrupt with line and column of what was not understood."""
    return stream(lines_in(text)).grid()


def encode_value(value: Any) -> str:
    """One value as Zinc text.

    >>> from ontology.kinds import Number
    >>> encode_value(Number(21.5, "°C"))
    '21.5°C'
    """
    return zinc_write.value_text(value)


def decode_value(text: str) -> Any:
    """One value from Zinc text. Raises Corrupt."""
    return read_whole(Scanner(text))


def read(file: BinaryIO) -> Rows:
    """The rows of a Zinc file. Raises Corrupt here for its head, while iterating for a row."""
    return stream(lines_of(file))


def stream(lines: Iterable[str], *, fast: bool = True, first: int = 1, indent: int = 0) -> Rows:
    """The rows of a grid given line by line, without line ends.

    A blank line ends the grid; nothing but blank lines may follow. `first` and `indent` place the
    lines inside a larger text; `fast` is for tests, which compare both ways.
    """
    scan = Scanner(lines, first=first, indent=indent)
    scan.skip_blank_lines()
    head = read_head(scan)
    rows, batches = _rows(scan, head.columns, fast), _batches(scan, head.columns)
    return Rows(head.columns, rows, head.meta, head.column_meta, batches)


def _rows(scan: Scanner, columns: tuple[str, ...], fast: bool) -> Iterator[dict[str, Any]]:
    cells = _Cells(columns)
    while not scan.at_end and not scan.blank:
        if fast:
            yield from scan.each(cells.row)
        if not scan.at_end and not scan.blank:
            yield read_row(scan, columns)
    _end(scan)


def _batches(scan: Scanner, columns: tuple[str, ...]) -> Iterator[Batch]:
    cells = _Cells(columns)
    room = MAX_PAGE
    while not scan.at_end and not scan.blank:
        lines = [line if len(line) <= MAX_FAST else "" for line in scan.ahead(room)]
        found = look(lines, len(columns), cells.is_scalar)
        made, size = _made(scan, found, cells, columns)
        # Where grids lie in cells, little of what was looked at ahead is of use.
        room = min(MAX_PAGE, 2 * room) if size == len(found.sure) else max(MIN_PAGE, room // 8)
        yield Batch(
            found, size, made, columns=columns, read=cells.sure_row, value=cells.__getitem__
        )
    _end(scan)


def _made(
    scan: Scanner, found: Cells, cells: _Cells, columns: tuple[str, ...]
) -> tuple[dict[int, dict[str, Any]], int]:
    """The doubtful rows by number, and how many rows there are up to the first that is not one line."""
    made: dict[int, dict[str, Any]] = {}
    at = 0
    for number in found.doubtful:
        scan.skip(number - at)
        if scan.blank:
            return made, number
        line = scan.number
        row = cells.row(scan.line)
        made[number] = read_row(scan, columns) if row is None else row
        scan.skip(row is not None)
        at = number + 1
        if scan.number != line + 1:
            return made, at
    scan.skip(len(found.sure) - at)
    return made, len(found.sure)


def _end(scan: Scanner) -> None:
    """Raises Corrupt where something follows."""
    scan.skip_blank_lines()
    if not scan.at_end:
        raise scan.error("the end of the grid", hint="a blank line ends a grid; nothing follows it")


class _Cells(dict[str, Any]):
    """Text of a cell -> its value, for the scalars read so far."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        super().__init__()
        self._columns = columns
        self._nulls = False
        self._tails: dict[str, tuple[int, dict[str, Any]]] = {}

    def row(self, line: str) -> dict[str, Any] | None:
        """The row; None where the line needs the grammar."""
        if len(line) > MAX_FAST or not line.strip(" \t"):
            return None
        # The tail of markers is the same for all points of a kind: looked up as a whole.
        start = line.find(",", len(line.rstrip(",M")))
        tail = line[start:] if start >= 0 else ""
        known = self._tails.get(tail)
        width, markers = self._tail(tail) if known is None else known
        front = line[:start] if tail else line
        cells = front.split(",")
        if len(cells) != width:
            cells = _cells(front, cells)
            if len(cells) != width:
                return None
        first = cells[0]
        row: dict[str, Any] = {}
        if first and _REF(first):  # an id is seen once: looking it up costs more than reading it
            row[self._columns[0]] = Ref.matched(first[1:])
            cells[0] = ""
        try:
            values = map(self.__getitem__, filter(None, cells))
            row.update(zip(compress(self._columns, cells), values, strict=False))
        except Corrupt:
            return None
        if self._nulls:
            row = {name: value for name, value in row.items() if value is not None}
        row.update(markers)
        return row

    def sure_row(self, line: str) -> dict[str, Any]:
        """The row of a line known to be right."""
        row = self.row(line)
        return read_row(Scanner((line,)), self._columns) if row is None else row

    def is_scalar(self, cell: str) -> bool:
        """Whether a cell says one thing, and not which entity."""
        try:
            value = self[cell]
        except Corrupt:
            return False
        return value is not None and not isinstance(value, (Ref, list, dict, Grid))

    def _tail(self, tail: str) -> tuple[int, dict[str, Any]]:
        """How many cells stand before a tail of markers, and the tail's tags. -1: not a tail."""
        cells = tail.split(",")[1:]
        width = len(self._columns) - len(cells)
        fits = width > 0 and not any(cell.strip("M") or len(cell) > 1 for cell in cells)
        names = self._columns[width:] if fits else ()
        found = (
            width if fits else -1,
            {name: MARKER for name, cell in zip(names, cells, strict=fits) if cell},
        )
        if len(self._tails) >= MAX_TAILS:
            self._tails.clear()
        self._tails[tail] = found
        return found

    def __missing__(self, cell: str) -> Any:
        value = _plain(cell)
        if value is None:
            value = _scalar(cell)
            if value is None:
                self._nulls = True
            elif isinstance(value, (list, dict, Grid)):
                return value  # can be changed by whom it is given to: never shared
        if len(self) >= MAX_KNOWN:
            self.clear()
        if len(cell) <= MAX_WORD:
            self[cell] = value
        return value


def _cells(line: str, pieces: list[str]) -> list[str]:
    """The cells of a line that has commas inside of its cells; [] where it needs the grammar."""
    if _BRACKETS.search(line):
        found = _CELL.findall(line + ",")
        return found if sum(map(len, found)) + len(found) == len(line) + 1 else []
    cells: list[str] = []
    held: list[str] = []
    for piece in pieces:
        if piece.count('"') % 2:
            held.append(piece)
            if len(held) > 1:
                cells.append(",".join(held))
                held = []
        elif held:
            held.append(piece)
        else:
            cells.append(piece)
    return [] if held else cells


def _plain(cell: str) -> Any:
    """The value of a cell in the form most cells have; None where it takes the grammar."""
    first = cell[0]
    if first == "@":
        if _REF(cell):
            return Ref.matched(cell[1:])
        match = _NAMED_REF(cell)
        return Ref.matched(match[1], joined(match[2])) if match else None
    if first == '"':
        whole = cell[-1] == '"' and cell.count('"') == 2 and "\\" not in cell
        return joined(cell[1:-1]) if whole else None
    match = NUMBER.fullmatch(cell) if first in _DIGITS else None
    return number_of(match) if match else None


def _scalar(cell: str) -> Any:
    """The value of a whole cell. Raises Corrupt where the grammar does not accept it as one value."""
    return read_whole(Scanner((cell,))) if cell.strip(" \t") else None
