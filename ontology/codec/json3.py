"""Haystack 3's JSON, read only: scalars are texts such as "n:5 kW" and "r:ahu-3 AHU 3".

Source: https://project-haystack.org/doc/docHaystack/Json#v3. What old servers really send is read too:
plain JSON numbers, `Bin` as "b:text/plain", and instants without a zone where the offset is zero.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, BinaryIO, Final

from ontology.codec.depth import MAX_DEPTH
from ontology.codec.instants import read_instant, read_time
from ontology.codec.json_rows import Window, read_rows, refuse_constant
from ontology.codec.lines import chunks_of
from ontology.codec.names import NAME, symbol_name, type_name
from ontology.codec.rows import Rows
from ontology.errors import Corrupt, PlantroomError
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr

_FLOAT: Final = re.compile(r"-?[0-9][0-9_]*(?:\.[0-9_]+)?(?:[eE][+-]?[0-9]+)?")
_DECODER: Final = json.JSONDecoder(parse_constant=refuse_constant, parse_int=float)
_SPECIAL: Final = {"NaN": math.nan, "INF": math.inf, "-INF": -math.inf}


def decode(text: str) -> Grid:
    """A grid from JSON of Haystack 3; a plain list of dicts counts as rows. Raises Corrupt."""
    return _stream((text,)).grid()


def read(file: BinaryIO) -> Rows:
    """The rows of a file, read through a window. Raises Corrupt here or while iterating."""
    return _stream(chunks_of(file))


def decode_value(text: str) -> Any:
    """Any value. Raises Corrupt with line and column."""
    window = Window((text,), _DECODER)
    value = window.value(lambda found: _value(found, 1))
    window.end()
    return value


def _stream(chunks: Iterable[str]) -> Rows:
    return read_rows(Window(chunks, _DECODER), _row, _head)


def _row(found: Any) -> dict[str, Any]:
    row = _value(found)
    if isinstance(row, dict):
        return row
    raise Corrupt(f"no dict but {found!r:.60}", hint="rows are objects of tags")


def _value(found: Any, depth: int = 0) -> Any:
    """A value at this level: tags of a row are at level 0, their values at level 1."""
    if found is None or isinstance(found, bool):
        return found
    if isinstance(found, str):
        return _scalar(found)
    if isinstance(found, float):
        return _plain_number(found)
    if depth > MAX_DEPTH:
        raise Corrupt("nested too deep", hint=f"at most {MAX_DEPTH} levels")
    if isinstance(found, list):
        return [_value(item, depth + 1) for item in found]
    if isinstance(found.get("cols"), list) and "meta" in found:
        return _grid(found, depth)
    return _dict(found, depth)


def _dict(found: Mapping[str, Any], depth: int) -> dict[str, Any]:
    tags = {k: _value(v, depth + 1) for k, v in found.items() if NAME.fullmatch(k)}
    return {name: value for name, value in tags.items() if value is not None}


def _grid(found: Mapping[str, Any], depth: int) -> Grid:
    head = _head(found, depth)
    rows = found.get("rows") or []
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise Corrupt("rows are no list of dicts", hint='rows: [{"id":"r:a"}]')
    return Grid(head.columns, tuple(_dict(row, depth) for row in rows), head.meta, head.column_meta)


def _head(found: Mapping[str, Any], depth: int = 0) -> Rows:
    """Meta and columns; a column's tags stand beside its name. Raises Corrupt."""
    cols, meta = found.get("cols"), found.get("meta", {})
    if not (isinstance(cols, list) and isinstance(meta, dict)):
        raise Corrupt("an object, but no grid", hint='a grid is {"meta":{},"cols":[],"rows":[]}')
    columns: dict[str, dict[str, Any]] = {}
    for column in cols:
        name = column.get("name") if isinstance(column, dict) else None
        # By the letter "s:id" is the text id as well.
        name = name.removeprefix("s:") if isinstance(name, str) else ""
        if not NAME.fullmatch(name):
            raise Corrupt(f"a column without a name: {column!r:.80}", hint='cols: [{"name":"id"}]')
        if name in columns:
            raise Corrupt(f"the column {name!r} was already given", hint="each column once")
        columns[name] = _dict({k: v for k, v in column.items() if k != "name"}, depth)
    return Rows(
        tuple(columns),
        iter(()),
        _dict({key: value for key, value in meta.items() if key != "ver"}, depth),
        {name: tags for name, tags in columns.items() if tags},
    )


def _scalar(text: str) -> Any:
    if text[1:2] != ":":
        return text
    read = _READERS.get(text[0])
    if read is None:
        # By the letter it should have been "s:x:..."; a text such as "B: 2" is meant as it is.
        return text
    try:
        return read(text[2:])
    except (KeyError, ValueError, PlantroomError) as cause:
        raise Corrupt(
            f"not a value: {text!r:.80} ({cause})", hint=f'a text is written "s:{text:.20}"'
        ) from cause


def _plain_number(found: float) -> Number:
    if math.isinf(found):
        raise Corrupt("a number beyond 1.8e308", hint='say "n:INF"')
    return Number(found)


def _number(text: str) -> Number:
    digits, _, unit = text.strip().partition(" ")
    if digits in _SPECIAL:
        return Number(_SPECIAL[digits], unit.strip())
    if not _FLOAT.fullmatch(digits):
        raise ValueError(f"{digits:.40} is no number")
    value = float(digits.replace("_", ""))
    if math.isinf(value):
        raise ValueError("beyond 1.8e308")
    return Number(value, unit.strip())


def _ref(text: str) -> Ref:
    id, _, dis = text.partition(" ")
    return Ref(id, dis)


def _coord(text: str) -> Coord:
    lat, _, lng = text.partition(",")
    return Coord(float(lat), float(lng))


def _xstr(text: str) -> XStr:
    name, colon, value = text.partition(":")
    if not colon:
        raise ValueError("wanted x:Type:value")
    return XStr(type_name(name), value)


def _instant(text: str) -> dt.datetime:
    stamp, _, city = text.partition(" ")
    return read_instant(stamp, city.strip() or None)


def _only(value: Any) -> Callable[[str], Any]:
    def read(rest: str) -> Any:
        if rest:
            raise ValueError(f"nothing follows it, found {rest:.20}")
        return value

    return read


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "m": _only(MARKER),
    "-": _only(REMOVE),
    "z": _only(NA),
    "n": _number,
    "r": _ref,
    "y": lambda text: Symbol(symbol_name(text)),
    "s": str,
    "d": dt.date.fromisoformat,
    "h": read_time,
    "t": _instant,
    "u": Uri,
    "b": lambda text: XStr("Bin", text),
    "c": _coord,
    "x": _xstr,
}
