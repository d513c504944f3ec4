"""Zinc, Haystack's own text: https://project-haystack.org/doc/docHaystack/Zinc (versions 2 and 3)."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ontology.codec.scan import Scanner
from ontology.errors import Corrupt
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr
from ontology.zones import city_of, zone_named

MAX_DEPTH = 50

_WORDS: dict[str, Any] = {
    "N": None, "M": MARKER, "R": REMOVE, "NA": NA, "T": True, "F": False,
    "NaN": Number(math.nan), "INF": Number(math.inf),
}  # fmt: skip
_STAMP = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))(?: ([A-Za-z0-9_+\-]+))?"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?")
_NUMBER = re.compile(r"(-?\d(?:[\d_]*\d)?(?:\.\d+)?(?:[eE][+-]?\d+)?)([%$/_a-zA-Z\u0080-\uffff]*)")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_REF = re.compile(r"@([a-zA-Z0-9_:\-.~]+)(?: (?=\"))?")
_SYMBOL = re.compile(r"\^([a-zA-Z0-9_:\-.~]+)")
_COORD = re.compile(r"C\((-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)\)")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def encode(grid: Grid) -> str:
    """A grid as Zinc 3 text."""
    lines = ['ver:"3.0"' + _meta(grid.meta)]
    lines.append(",".join(name + _meta(grid.column_meta.get(name, {})) for name in grid.columns))
    lines += [",".join(_cell(row.get(name)) for name in grid.columns) for row in grid.rows]
    return "\n".join(lines) + "\n"


def decode(text: str) -> Grid:
    """A grid from Zinc text. Raises Corrupt with line and column of what was not understood."""
    scan = Scanner(text.replace("\r\n", "\n"))
    grid = _read_grid(scan, depth=0)
    while scan.take("\n"):
        pass
    if not scan.at_end:
        raise scan.error("the end of the grid")
    return grid


def encode_value(value: Any) -> str:
    """One value as Zinc text.

    >>> encode_value(Number(21.5, "°C"))
    '21.5°C'
    """
    for single, word in (
        (None, "N"),
        (True, "T"),
        (False, "F"),
        (MARKER, "M"),
        (NA, "NA"),
        (REMOVE, "R"),
    ):
        if value is single:
            return word
    if isinstance(value, Grid):
        return "<<\n" + encode(value) + ">>"
    if isinstance(value, Mapping):
        return "{" + _meta(value).strip() + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(encode_value(item) for item in value) + "]"
    return _scalar(value)


def decode_value(text: str) -> Any:
    """One value from Zinc text. Raises Corrupt."""
    scan = Scanner(text)
    value = _read_value(scan, depth=0)
    if not scan.at_end:
        raise scan.error("the end of the value")
    return value


def _cell(value: Any) -> str:
    return "" if value is None else encode_value(value)


def _meta(tags: Mapping[str, Any]) -> str:
    return "".join(
        f" {name}" if value is MARKER else f" {name}:{encode_value(value)}"
        for name, value in tags.items()
    )


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPED.get(c, c) for c in text) + '"'


def _scalar(value: Any) -> str:
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise Corrupt(f"{type(value).__name__} is no Haystack value", hint="use ontology.kinds")


def _write_uri(value: Uri) -> str:
    return "`" + value.uri.replace("\\", "\\\\").replace("`", "\\`").replace("\n", "\\n") + "`"


def _shown(number: Number) -> str:
    if math.isnan(number.value):
        return "NaN"
    if math.isinf(number.value):
        return "INF" if number.value > 0 else "-INF"
    return _plain(number.value) + number.unit


def _plain(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _fixed(degrees: float) -> str:
    """Coordinates have no exponent in Zinc."""
    return format(Decimal(repr(degrees)), "f")


def _read_grid(scan: Scanner, depth: int) -> Grid:
    if depth > MAX_DEPTH:
        raise scan.error(f"at most {MAX_DEPTH} nested levels")
    if not scan.take("ver:"):
        raise scan.error('a grid, which starts with ver:"3.0"')
    version = scan.text('"')
    if version not in {"2.0", "3.0"}:
        raise scan.error("version 2.0 or 3.0")
    meta = _read_tags(scan, depth)
    scan.expect("\n")
    names, column_meta = _read_columns(scan, depth)
    rows = []
    while not (scan.at_end or scan.peek(">>") or scan.peek("\n")):
        rows.append(_read_row(scan, names, depth))
    return Grid(tuple(names), tuple(rows), meta, column_meta)


def _read_columns(scan: Scanner, depth: int) -> tuple[list[str], dict[str, dict[str, Any]]]:
    names: list[str] = []
    column_meta: dict[str, dict[str, Any]] = {}
    while True:
        scan.spaces()
        name = scan.match(_NAME, "a column name").group()
        if name in column_meta or name in names:
            raise scan.error(f"a column name other than {name!r}, which was already given")
        names.append(name)
        if tags := _read_tags(scan, depth):
            column_meta[name] = tags
        if not scan.take(","):
            break
    scan.end_of_line()
    return names, column_meta


def _read_row(scan: Scanner, names: list[str], depth: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for i, name in enumerate(names):
        scan.spaces()
        if not (scan.peek(",") or scan.peek("\n") or scan.at_end):
            value = _read_value(scan, depth)
            if value is not None:
                row[name] = value
        scan.spaces()
        if i < len(names) - 1 and not scan.take(","):
            raise scan.error(f"{len(names)} cells, not {i + 1}")
    scan.end_of_line()
    return row


def _read_tags(scan: Scanner, depth: int) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    while True:
        scan.spaces()
        match = scan.try_match(_NAME)
        if match is None:
            return tags
        if scan.take(":"):
            scan.spaces()
            tags[match.group()] = _read_value(scan, depth)
        else:
            tags[match.group()] = MARKER


def _read_value(scan: Scanner, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise scan.error(f"at most {MAX_DEPTH} nested levels")
    read = _STARTS.get(scan.next)
    if read is not None:
        return read(scan, depth)
    if scan.next.isdigit() or scan.next == "-":
        return _read_numeric(scan)
    return _read_word(scan)


def _read_numeric(scan: Scanner) -> Any:
    if scan.take("-INF"):
        return Number(-math.inf)
    if match := scan.try_match(_STAMP):
        instant = dt.datetime.fromisoformat(match.group(1))
        return instant.astimezone(zone_named(match.group(2) or "UTC"))
    for pattern, read in ((_DATE, dt.date.fromisoformat), (_TIME, dt.time.fromisoformat)):
        if match := scan.try_match(pattern):
            try:
                return read(match.group())
            except ValueError as cause:
                raise scan.error("a date or time that exists") from cause
    match = scan.match(_NUMBER, "a value")
    return Number(float(match.group(1).replace("_", "")), match.group(2))


def _read_word(scan: Scanner) -> Any:
    if match := scan.try_match(_COORD):
        return Coord(float(match.group(1)), float(match.group(2)))
    word = scan.match(_WORD, "a value").group()
    if scan.take("("):
        text = scan.text('"')
        scan.expect(")")
        return XStr(word, text)
    if word not in _WORDS:
        raise scan.error(f"a value, not the word {word!r}")
    return _WORDS[word]


def _read_list(scan: Scanner, depth: int) -> list[Any]:
    scan.expect("[")
    items: list[Any] = []
    while True:
        scan.spaces()
        if scan.take("]"):
            return items
        items.append(_read_value(scan, depth + 1))
        scan.spaces()
        if not scan.take(",") and not scan.peek("]"):
            raise scan.error(", or ]")


def _read_dict(scan: Scanner, depth: int) -> dict[str, Any]:
    scan.expect("{")
    tags = _read_tags(scan, depth + 1)
    scan.spaces()
    scan.expect("}")
    return tags


def _read_nested(scan: Scanner, depth: int) -> Grid:
    scan.expect("<<")
    scan.take("\n")
    grid = _read_grid(scan, depth + 1)
    scan.expect(">>")
    return grid


def _read_ref(scan: Scanner, _depth: int) -> Ref:
    id = scan.match(_REF, "a ref").group(1)
    return Ref(id, scan.text('"') if scan.peek('"') else "")


_WRITERS: dict[type, Callable[[Any], str]] = {
    # datetime before date, which it is a kind of
    Number: _shown,
    str: _quoted,
    Ref: lambda v: f"@{v.id} {_quoted(v.dis)}" if v.dis else f"@{v.id}",
    dt.datetime: lambda v: f"{v.isoformat().replace('+00:00', 'Z')} {city_of(v)}",
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    Uri: _write_uri,
    Coord: lambda v: f"C({_fixed(v.lat)},{_fixed(v.lng)})",
    XStr: lambda v: f"{v.type}({_quoted(v.text)})",
    Symbol: str,
}

_STARTS: dict[str, Callable[[Scanner, int], Any]] = {
    '"': lambda scan, _: scan.text('"'),
    "`": lambda scan, _: Uri(scan.text("`")),
    "@": _read_ref,
    "^": lambda scan, _: Symbol(scan.match(_SYMBOL, "a symbol").group(1)),
    "[": _read_list,
    "{": _read_dict,
    "<": _read_nested,
}
