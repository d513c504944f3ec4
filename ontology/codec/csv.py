"""CSV with Haystack's mapping of cells: https://project-haystack.org/doc/docHaystack/Csv (RFC 4180).

CSV loses types, and reading gives back what can be told from a cell's look: a checkmark is a marker,
`@id dis` a ref, digits with a known unit a number, ISO dates, times and instants, `^symbol`, `C(..)`,
lists, dicts and grids. What the look cannot tell stays text: uris, the words M, N, R, T and F, numbers
with leading zeros ("007" is a name), numbers with an unknown unit ("3rd floor"). A text that looks like
a value reads as that value, and CR LF inside of a text comes back as LF: whoever needs texts kept
writes Zinc. Meta is lost, says the standard.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from ontology.codec import zinc
from ontology.codec.lines import lines_in, lines_of
from ontology.codec.names import NAME
from ontology.codec.rows import Rows
from ontology.codec.zinc_read import MAX_COLUMNS, NUMBER
from ontology.errors import Corrupt
from ontology.kinds import MARKER, NA, Grid, MarkerType, Ref, Tags, Uri
from ontology.units import ALL_UNITS

CHECKMARK: Final = "\u2713"
_WORDS: Final[Mapping[str, Any]] = {
    CHECKMARK: MARKER, "true": True, "false": False, "NA": NA,
}  # fmt: skip
_UNITS: Final = frozenset(name for unit in ALL_UNITS for name in (unit.symbol, *unit.names)) | {""}
_REF: Final = re.compile(r"@([a-zA-Z0-9_:\-.~]+)(?: (.*))?", re.DOTALL)
_LEADING_ZERO: Final = re.compile(r"-?0[0-9_]")
_ZINC: Final = re.compile(
    r"\[.*\]|\{.*\}|<<.*>>|\^\S+|C\([0-9 ,.\-]+\)|[A-Z][A-Za-z0-9_]*\(\".*\"\)|-?INF|NaN"
    r"|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T\S+(?: \S+)?)?|[0-9]{2}:[0-9]{2}(?::[0-9.]+)?",
    re.DOTALL,
)
"""What may be a Zinc value; whether it is one, Zinc decides."""


def encode(grid: Grid) -> str:
    """A header of display names and a line for each row. Raises Corrupt for what is no value."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = grid.columns or ("empty",)
    writer.writerow([_display(grid.column_meta.get(name, {}), name) for name in columns])
    writer.writerows([_shown(row.get(name)) for name in columns] for row in grid.rows)
    return out.getvalue()


def decode(text: str) -> Grid:
    """A grid from CSV; columns whose header is no tag name keep it as `dis`. Raises Corrupt by line."""
    return stream(lines_in(text)).grid()


def read(file: BinaryIO) -> Rows:
    """The rows of a CSV file. Raises Corrupt here for its header, else while iterating."""
    return stream(lines_of(file))


def stream(lines: Iterable[str]) -> Rows:
    """Rows given line by line, without line ends; a quoted cell may hold line ends of its own."""
    reader = csv.reader((line + "\n" for line in lines), strict=True)
    header = next(_records(reader), None)
    if header is None:
        raise Corrupt(
            "line 1, column 1: wanted column names, found the end", hint="the file is empty"
        )
    columns: dict[str, str] = {}
    for i, shown in enumerate(header[1]):
        if i == MAX_COLUMNS:
            raise Corrupt(f"line 1: more than {MAX_COLUMNS} columns", hint="is this a CSV file?")
        name = _name(shown, i)
        while name in columns:
            name = f"{name}_{i + 1}"
        columns[name] = shown
    metas = {name: {"dis": shown} for name, shown in columns.items() if shown != name}
    return Rows(tuple(columns), _rows(reader, tuple(columns)), {}, metas)


def _rows(reader: Any, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for number, cells in _records(reader):
        if len(cells) > len(columns):
            raise Corrupt(
                f"line {number}: wanted {len(columns)} cells, found {len(cells)}",
                hint="quote cells that hold a comma",
            )
        # A spreadsheet leaves out the empty cells at the end of a row.
        values = ((name, _value(cell)) for name, cell in zip(columns, cells, strict=False) if cell)
        yield {name: value for name, value in values if value is not None}


def _records(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells; lines without any cell are skipped."""
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as cause:
            raise Corrupt(
                f"line {number}: wanted a row, found {cause}",
                hint=f"quotes are doubled inside of quotes; a cell has at most {csv.field_size_limit()} characters",
            ) from cause
        if cells is None:
            return
        if cells:
            yield number, cells


def _value(cell: str) -> Any:
    if cell in _WORDS:
        return _WORDS[cell]
    if match := _REF.fullmatch(cell):
        return Ref.matched(match[1], match[2] or "")
    if (match := NUMBER.fullmatch(cell)) and (match[2] in _UNITS or match[2][0] == "_"):
        is_name = _LEADING_ZERO.match(cell) is not None
        return cell if is_name else _zinc(cell)
    return _zinc(cell) if _ZINC.fullmatch(cell) else cell


def _zinc(cell: str) -> Any:
    try:
        return zinc.decode_value(cell)
    except Corrupt:
        return cell


def _name(shown: str, i: int) -> str:
    """A tag name of a header: "Equip Name" is `equipName`."""
    shown = shown.strip()
    if NAME.fullmatch(shown):
        return shown
    words = re.findall(r"[A-Za-z0-9]+", shown)
    name = "".join(
        [*(word.lower() for word in words[:1]), *(w[0].upper() + w[1:] for w in words[1:])]
    )
    if NAME.fullmatch(name):
        return name
    return f"v{name}" if name else f"col{i + 1}"


def _display(meta: Tags, name: str) -> str:
    dis = meta.get("dis")
    return dis if isinstance(dis, str) and dis else name


def _shown(value: Any) -> str:
    for kind, show in _SHOWN:
        if isinstance(value, kind):
            return show(value)
    return zinc.encode_value(value)


def _sendable(text: str) -> str:
    """Half a character, which CSV has no escape for, is shown as the mark of a lost one."""
    return text if text.isascii() else text.encode(errors="replace").decode()


_SHOWN: Final[tuple[tuple[type, Callable[[Any], str]], ...]] = (
    (type(None), lambda _: ""),
    (MarkerType, lambda _: CHECKMARK),
    (bool, lambda v: "true" if v else "false"),
    (str, _sendable),
    (Uri, lambda v: _sendable(v.uri)),
    (Ref, lambda v: _sendable(f"@{v.id} {v.dis}") if v.dis else f"@{v.id}"),
)
