"""The grammar of Zinc, read by a scanner: values, tags, the head of a grid, rows, nested grids.

Source: https://project-haystack.org/doc/docHaystack/Zinc#grammar
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ontology.codec.depth import MAX_DEPTH
from ontology.codec.instants import read_instant
from ontology.codec.scan import Scanner
from ontology.errors import BadRequest
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr

MAX_COLUMNS: Final = 20_000
MAX_NUMBER: Final = 1_000
"""Characters of a number; the longest 64-bit float written out in full has 1,077."""

_NESTS: Final = frozenset("[{<")
WORDS: Final[Mapping[str, Any]] = {
    "N": None, "M": MARKER, "R": REMOVE, "NA": NA, "T": True, "F": False,
    "NaN": Number(math.nan), "INF": Number(math.inf),
}  # fmt: skip
_STAMP: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?))(?: +([A-Za-z][A-Za-z0-9_+\-/]*))?"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?")
_DIGITS = "[0-9](?:[0-9_]*[0-9])?"
NUMBER: Final = re.compile(
    rf"(-?{_DIGITS}(?:\.{_DIGITS})?(?:[eE][+-]?{_DIGITS})?)"
    "([%$/_a-zA-Z\u0080-\U0010ffff]*)"
)  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TYPE: Final = re.compile(r"[A-Z][A-Za-z0-9_]*\((?=\")")
_NAME: Final = re.compile(r"[a-z][A-Za-z0-9_]*")
_REF: Final = re.compile(r"@([a-zA-Z0-9_:\-.~]+)(?: *(?=\"))?")
_SYMBOL: Final = re.compile(r"\^([a-zA-Z0-9_:\-.~]+)")
_DEGREES = r" *(-?[0-9]+(?:\.[0-9]+)?) *"
_COORD: Final = re.compile(rf"C\({_DEGREES},{_DEGREES}\)")
_BIN: Final = re.compile(r"Bin\(([^\"()]+)\)")
"""Zinc 2 wrote the media type of a file without quotes."""


@dataclass(frozen=True)
class Head:
    """The two lines above the rows."""

    columns: tuple[str, ...]
    meta: Mapping[str, Any]
    column_meta: Mapping[str, Mapping[str, Any]]


def read_head(scan: Scanner, depth: int = 0) -> Head:
    """Meta and columns; the scanner is at the first row after it."""
    scan.spaces()
    if not scan.take("ver:"):
        raise scan.error('a grid, which starts with ver:"3.0"', hint="is this a Zinc file?")
    scan.spaces()
    at = scan.at
    if scan.text() not in {"2.0", "3.0"}:
        raise scan.error("version 2.0 or 3.0", at=at)
    at = scan.at
    meta = read_tags(scan, depth)
    if "ver" in meta:
        raise scan.error("one version", at=at, hint="a grid says ver: once, before its other tags")
    scan.end_of_line()
    if scan.at_end:
        raise scan.error("a line of column names", hint="the file is cut off after its first line")
    columns, column_meta = _read_columns(scan, depth)
    return Head(columns, meta, column_meta)


def read_row(scan: Scanner, columns: Sequence[str], depth: int = 0) -> dict[str, Any]:
    """One row; the scanner is at the next line after it, or at the >> of a nested grid."""
    row: dict[str, Any] = {}
    last = len(columns) - 1
    for i, name in enumerate(columns):
        scan.spaces()
        if not (scan.peek(",") or _row_ends(scan, depth)):
            value = read_value(scan, depth)
            if value is not None:
                row[name] = value
            scan.spaces()
        if i < last and not scan.take(","):
            raise scan.error(
                f"{len(columns)} cells, not {i + 1}", hint="each row has a cell for each column"
            )
    if not (depth and scan.peek(">>")):
        _end_row(scan, columns)
    return row


def read_value(scan: Scanner, depth: int = 0) -> Any:
    """Any value: a scalar, list, dict or grid."""
    char = scan.next
    if depth >= MAX_DEPTH and char in _NESTS:
        raise scan.error(f"at most {MAX_DEPTH} nested levels")
    scan.count_value()
    read = _STARTS.get(char)
    if read is not None:
        return read(scan, depth)
    if char == "-" or "0" <= char <= "9":
        return _read_numeric(scan)
    return _read_word(scan)


def read_tags(scan: Scanner, depth: int, *, commas: bool = False) -> dict[str, Any]:
    """Names and values up to what is no name, without nulls; commas between them in dicts only."""
    tags: dict[str, Any] = {}
    while True:
        scan.spaces()
        at = scan.at
        match = scan.try_match(_NAME)
        if match is None:
            return {name: value for name, value in tags.items() if value is not None}
        name = match.group()
        if name in tags:
            raise scan.error(f"a tag other than {name!r}, which was already given", at=at)
        tags[name] = MARKER
        if scan.take(":"):
            scan.spaces()
            tags[name] = read_value(scan, depth)
        if commas:
            scan.spaces()
            scan.take(",")


def read_whole(scan: Scanner) -> Any:
    """The only value of a text."""
    scan.spaces()
    value = read_value(scan)
    scan.spaces()
    while not scan.at_end:
        if not scan.at_line_end:
            raise scan.error("the end of the value")
        scan.next_line()
        scan.spaces()
    return value


def _read_columns(scan: Scanner, depth: int) -> tuple[tuple[str, ...], dict[str, dict[str, Any]]]:
    metas: dict[str, dict[str, Any]] = {}
    while True:
        scan.spaces()
        at = scan.at
        name = scan.match(_NAME, "a column name").group()
        if name in metas:
            raise scan.error(f"a column name other than {name!r}, which was already given", at=at)
        if len(metas) == MAX_COLUMNS:
            raise scan.error(f"at most {MAX_COLUMNS} columns", at=at)
        metas[name] = read_tags(scan, depth)
        if not scan.take(","):
            break
    scan.end_of_line()
    return tuple(metas), {name: tags for name, tags in metas.items() if tags}


def _row_ends(scan: Scanner, depth: int) -> bool:
    return scan.at_line_end or (depth > 0 and scan.peek(">>"))


def _end_row(scan: Scanner, columns: Sequence[str]) -> None:
    if scan.peek(","):
        raise scan.error(f"{len(columns)} cells and no more", hint="quote texts that hold a comma")
    scan.end_of_line()


def _read_numeric(scan: Scanner) -> Any:
    if scan.take("-INF"):
        return Number(-math.inf)
    at = scan.at
    if match := scan.try_match(_STAMP):
        try:
            return read_instant(match.group(1), match.group(2))
        except BadRequest as cause:
            raise scan.error(f"a time that exists ({cause})", at=at, hint=cause.hint) from cause
    if match := scan.try_match(_DATE):
        return _existing(scan, dt.date.fromisoformat, match.group(), at)
    if match := scan.try_match(_TIME):
        return _existing(scan, dt.time.fromisoformat, match.group(), at)
    match = scan.match(NUMBER, "a value")
    number = number_of(match)
    if number is None:
        raise scan.error(f"a number of {MAX_NUMBER} characters and below 1.8e308", at=at)
    return number


def number_of(match: re.Match[str]) -> Number | None:
    """The number that `NUMBER` matched; None beyond a 64-bit float."""
    digits, unit = match.groups()
    if len(digits) > MAX_NUMBER:
        return None
    value = float(digits.replace("_", ""))
    return None if math.isinf(value) else Number.matched(value, unit)


def _existing(scan: Scanner, read: Callable[[str], Any], text: str, at: int) -> Any:
    try:
        return read(text)
    except ValueError as cause:
        raise scan.error(f"a date or time that exists ({cause})", at=at) from cause


def _read_word(scan: Scanner) -> Any:
    at = scan.at
    if match := scan.try_match(_COORD):
        return _read_coord(scan, match, at)
    if match := scan.try_match(_BIN):
        return XStr("Bin", match.group(1))
    if match := scan.try_match(_TYPE):
        text = scan.text()
        scan.expect(")")
        return XStr(match.group()[:-1], text)
    word = scan.match(_WORD, "a value").group()
    if word not in WORDS:
        raise scan.error(
            f"a value, not the word {word!r:.40}", at=at, hint='texts stand in quotes: "like this"'
        )
    return WORDS[word]


def _read_coord(scan: Scanner, match: re.Match[str], at: int) -> Coord:
    try:
        return Coord(float(match.group(1)), float(match.group(2)))
    except BadRequest as cause:
        raise scan.error(
            "latitude -90 to 90 and longitude -180 to 180", at=at, hint=cause.hint
        ) from cause


def _read_list(scan: Scanner, depth: int) -> list[Any]:
    scan.expect("[")
    items: list[Any] = []
    while True:
        scan.spaces()
        if scan.take("]"):
            return items
        items.append(read_value(scan, depth + 1))
        scan.spaces()
        if not scan.take(",") and not scan.peek("]"):
            raise scan.error(", or ]")


def _read_dict(scan: Scanner, depth: int) -> dict[str, Any]:
    scan.expect("{")
    tags = read_tags(scan, depth + 1, commas=True)
    scan.expect("}")
    return tags


def _read_nested(scan: Scanner, depth: int) -> Grid:
    scan.expect("<<")
    scan.skip_blank_lines()
    head = read_head(scan, depth + 1)
    rows: list[dict[str, Any]] = []
    while True:
        scan.skip_blank_lines()
        scan.spaces()
        if scan.take(">>"):
            return Grid(head.columns, tuple(rows), head.meta, head.column_meta)
        if scan.at_end:
            raise scan.error(">>, the end of a nested grid", hint="the text is cut off")
        rows.append(read_row(scan, head.columns, depth + 1))


def _read_ref(scan: Scanner, _depth: int) -> Ref:
    id = scan.match(_REF, "a ref: @ and letters, digits or _ : - . ~").group(1)
    return Ref.matched(id, scan.text() if scan.peek('"') else "")


_STARTS: Final[Mapping[str, Callable[[Scanner, int], Any]]] = {
    '"': lambda scan, _: scan.text(),
    "`": lambda scan, _: Uri(scan.uri()),
    "@": _read_ref,
    "^": lambda scan, _: Symbol(scan.match(_SYMBOL, "a symbol").group(1)),
    "[": _read_list,
    "{": _read_dict,
    "<": _read_nested,
}
