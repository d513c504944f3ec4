"""Values and grids as Zinc 3 text: UTF-8 written directly, escapes only where the grammar needs them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ontology.codec.instants import write_instant, write_time
from ontology.codec.names import symbol_name, tag_name, type_name, unit_symbol
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import (
    MARKER,
    Coord,
    Grid,
    MarkerType,
    NaType,
    Number,
    Ref,
    RemoveType,
    Symbol,
    Tags,
    Uri,
    XStr,
)

_UNSAFE: Final = re.compile('[\x00-\x1f"\\\\$\ud800-\udfff]')
_ESCAPED: Final = {
    "\\": "\\\\", '"': '\\"', "$": "\\$", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r",
    "\t": "\\t",
}  # fmt: skip
_URI_UNSAFE: Final = re.compile(r"(\\[:/?#\[\]@\\&=;])|([\x00-\x1f`\\" + "\ud800-\udfff])")


def lines(grid: Grid) -> Iterator[str]:
    """The lines of a grid, without their ends."""
    columns = grid.columns or ("empty",)
    yield 'ver:"3.0"' + meta_text({k: v for k, v in grid.meta.items() if k != "ver"})
    yield ",".join(tag_name(name) + meta_text(grid.column_meta.get(name, {})) for name in columns)
    yield from row_lines(columns, grid.rows)


def row_lines(columns: tuple[str, ...], rows: Iterable[Tags]) -> Iterator[str]:
    """Rows alone. A row without any cell is `N` where there is but one column."""
    for row in rows:
        cells = [_cell(row.get(name)) for name in columns]
        yield ",".join(cells) if len(cells) > 1 else cells[0] or "N"


def value_text(value: Any) -> str:
    """Any value. Raises Corrupt for what Zinc cannot say."""
    write = _WRITERS.get(type(value)) or _writer_of(value)
    try:
        return write(value)
    except BadRequest as cause:
        raise Corrupt(f"cannot be written: {cause}", hint=cause.hint) from cause
    except RecursionError as cause:
        raise Corrupt("a value nested too deep", hint="does it hold itself?") from cause


def meta_text(tags: Mapping[str, Any]) -> str:
    """Tags after a version or a column name, each with a space before it."""
    return "".join(
        f" {tag_name(name)}" if value is MARKER else f" {tag_name(name)}:{value_text(value)}"
        for name, value in tags.items()
        if value is not None
    )


def quoted(text: str) -> str:
    """A text in quotes with its escapes."""
    return f'"{_UNSAFE.sub(_escape, text)}"' if _UNSAFE.search(text) else f'"{text}"'


def plain(value: float) -> str:
    """The shortest digits that read back as the same float."""
    whole = value.is_integer() and abs(value) < 1e15 and (value != 0 or math.copysign(1, value) > 0)
    return str(int(value)) if whole else repr(value)


def _cell(value: Any) -> str:
    return "" if value is None else value_text(value)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return _ESCAPED.get(char) or f"\\u{ord(char):04x}"


def _uri_escape(match: re.Match[str]) -> str:
    if match.group(1):
        return match.group(1)
    char = match.group(2)
    # A back slash before any other character is a character of its own: read back from its code.
    return "\\`" if char == "`" else f"\\u{ord(char):04x}"


def _number(number: Number) -> str:
    if math.isnan(number.value):
        return "NaN"
    if math.isinf(number.value):
        # The grammar has no unit after INF.
        return "INF" if number.value > 0 else "-INF"
    return plain(number.value) + unit_symbol(number.unit)


def _fixed(degrees: float) -> str:
    """Coordinates have no exponent in Zinc."""
    return format(Decimal(repr(float(degrees))), "f")


def _ref(ref: Ref) -> str:
    return f"@{ref.id} {quoted(ref.dis)}" if ref.dis else f"@{ref.id}"


def _dict(tags: Mapping[str, Any]) -> str:
    return "{" + meta_text(tags)[1:] + "}"


def _list(items: Iterable[Any]) -> str:
    return "[" + ",".join([value_text(item) for item in items]) + "]"


def _writer_of(value: Any) -> Callable[[Any], str]:
    """For subclasses; the first kind that fits, so datetime stands before date."""
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write
    if isinstance(value, Mapping):
        return _dict
    raise Corrupt(f"{type(value).__name__} is no Haystack value", hint="use ontology.kinds")


_WRITERS: Final[Mapping[type, Callable[[Any], str]]] = {
    str: quoted,
    MarkerType: lambda _: "M",
    Ref: _ref,
    Number: _number,
    bool: lambda v: "T" if v else "F",
    type(None): lambda _: "N",
    NaType: lambda _: "NA",
    RemoveType: lambda _: "R",
    dt.datetime: lambda v: " ".join(write_instant(v)),
    dt.date: dt.date.isoformat,
    dt.time: write_time,
    Uri: lambda v: f"`{_URI_UNSAFE.sub(_uri_escape, v.uri)}`",
    Coord: lambda v: f"C({_fixed(v.lat)},{_fixed(v.lng)})",
    XStr: lambda v: f"{type_name(v.type)}({quoted(v.text)})",
    Symbol: lambda v: f"^{symbol_name(v.name)}",
    dict: _dict,
    list: _list,
    tuple: _list,
    Grid: lambda v: "<<\n" + "\n".join(lines(v)) + "\n>>",
}
