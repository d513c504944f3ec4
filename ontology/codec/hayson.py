"""Hayson, Haystack's JSON: https://project-haystack.org/doc/docHaystack/Json#v4.

Keys of a dict that are no tag names are skipped, as the standard says, and never written. A null is an
absent tag, except in lists. An instant without `tz` is in GMT.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from ontology.codec.depth import MAX_DEPTH, is_shallow
from ontology.codec.hayson_write import dumped, grid_json, json_of
from ontology.codec.instants import read_instant, read_time
from ontology.codec.json_rows import Window, read_rows, refuse_constant
from ontology.codec.lines import chunks_of
from ontology.codec.names import NAME, symbol_name, type_name
from ontology.codec.rows import Rows
from ontology.errors import Corrupt, PlantroomError
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Tags, Uri, XStr

MAX_WORD: Final = 64
"""Characters worth remembering; longer texts seldom come twice."""
MAX_KNOWN: Final = 2**16
"""Refs and numbers remembered, so that equal ones are one object; then anew."""
_HINT: Final = 'a grid starts with {"_kind":"grid"'


def encode(grid: Grid) -> str:
    """A grid as Hayson text; one without columns has the column `empty`. Raises Corrupt."""
    return "".join(parts(grid))


def parts(grid: Grid) -> Iterator[str]:
    """The text in pieces, one a row."""
    head = grid_json(Grid(grid.columns, (), grid.meta, grid.column_meta))
    yield dumped(head)[: -len("]}")]
    comma = ""
    for row in grid.rows:
        yield comma + dumped(json_of(row))
        comma = ","
    yield "]}"


def decode(text: str) -> Grid:
    """A grid from Hayson text; a plain list of dicts counts as rows. Raises Corrupt naming the place."""
    return _stream((text,)).grid()


def read(file: BinaryIO) -> Rows:
    """The rows of a Hayson file, read through a window. Raises Corrupt here or while iterating."""
    return _stream(chunks_of(file))


def encode_value(value: Any) -> str:
    """Any Haystack value as Hayson text."""
    return dumped(json_of(value))


def decode_value(text: str) -> Any:
    """Any Haystack value from Hayson text. Raises Corrupt with line and column."""
    window = Window((text,), _DECODER)
    value = window.value(_checked)
    window.end()
    return value


def to_json(value: Any) -> Any:
    """A Haystack value as plain JSON values. Raises Corrupt for what is none."""
    return json_of(value)


def _stream(chunks: Iterator[str] | tuple[str, ...]) -> Rows:
    return read_rows(Window(chunks, _DECODER), _row, _head)


def _row(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        _checked(value, 0)
        return value
    raise Corrupt(f"no dict but {value!r:.60}", hint=f"rows are objects of tags; {_HINT}")


def _checked(value: Any, level: int = 1) -> Any:
    """The value itself. Raises Corrupt beyond `MAX_DEPTH`; scalars cost next to nothing."""
    if not is_shallow(value, level):
        raise Corrupt("nested too deep", hint=f"at most {MAX_DEPTH} levels")
    return value


class _Reader:
    """What the parser calls for each object and each number; equal refs and numbers are one object.

    Shared by all threads: what is looked up in a table may be gone, and is then read again.
    """

    def __init__(self) -> None:
        self._refs: dict[Any, Ref] = {}
        self._numbers: dict[str, Number] = {}
        self._names: dict[str, str] = {}

    def number(self, text: str) -> Number:
        found = self._numbers.get(text)
        if found is None:
            value = float(text)
            if math.isinf(value):
                raise Corrupt(f"the number {text:.40} is beyond 1.8e308", hint='say {"val":"INF"}')
            found = Number.matched(value, "")
            _remember(self._numbers, text, found, len(text))
        return found

    def object(self, found: dict[str, Any]) -> Any:
        kind = found.get("_kind")
        if kind == "marker":
            return MARKER
        if kind == "ref":
            return self._ref(found)
        if kind is None or kind == "dict":
            return self._dict(found)
        read = _READERS.get(kind) if isinstance(kind, str) else None
        if read is None:
            raise Corrupt(f"unknown kind {kind!r:.60}", hint=f"one of {', '.join(_READERS)}, ref")
        try:
            return read(found)
        except (KeyError, ValueError, PlantroomError) as cause:
            raise _not_a(kind, found, cause) from cause

    def _dict(self, found: dict[str, Any]) -> dict[str, Any]:
        names = self._names
        try:
            # The parser makes new texts of the keys of each object; one of each is enough.
            found = dict(zip(map(names.__getitem__, found), found.values(), strict=True))
        except KeyError:
            found = {key: value for key, value in found.items() if NAME.fullmatch(key)}
            for key in found:
                _remember(names, key, key, len(key))
        for value in found.values():
            if value is None:
                return {key: value for key, value in found.items() if value is not None}
        return found

    def _ref(self, found: dict[str, Any]) -> Ref:
        key = (found.get("val"), found.get("dis"))
        try:
            return self._refs[key]
        except (KeyError, TypeError):
            pass  # not seen yet, or no texts at all
        try:
            ref = Ref(_text(found, "val"), "" if key[1] is None else _text(found, "dis"))
        except (KeyError, ValueError, PlantroomError) as cause:
            raise _not_a("ref", found, cause) from cause
        _remember(self._refs, key, ref, len(ref.id) + len(ref.dis))
        return ref


def _remember(table: dict[Any, Any], key: Any, value: Any, size: int) -> None:
    """Keep a value of at most `MAX_WORD` characters, in a table that starts anew when it is full."""
    if size <= MAX_WORD:
        if len(table) >= MAX_KNOWN:
            table.clear()
        table[key] = value


def _not_a(kind: str, found: Mapping[str, Any], cause: Exception) -> Corrupt:
    given = {key: value for key, value in found.items() if key != "_kind"}
    return Corrupt(f"not a {kind}: {given!r:.120} ({cause})", hint=f"write {_FORMS[kind]}")


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found[key]
    if not isinstance(value, str):
        raise ValueError(f"{key} is no text")  # noqa: TRY004  (a wrong value, not a wrong call)
    return value


def _degrees(found: Mapping[str, Any], key: str) -> float:
    value = found[key]
    if not isinstance(value, Number):
        raise ValueError(f"{key} is no number")  # noqa: TRY004  (a wrong value, not a wrong call)
    return value.value


def _read_number(found: Mapping[str, Any]) -> Number:
    words = {"NaN": math.nan, "INF": math.inf, "-INF": -math.inf}
    value = found["val"]
    number = value.value if isinstance(value, Number) else words[_text(found, "val")]
    return Number(number, _text(found, "unit") if found.get("unit") is not None else "")


def _read_grid(found: Mapping[str, Any]) -> Grid:
    head = _head(found)
    rows = found.get("rows") or []
    if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
        raise ValueError("rows are no list of dicts")
    return Grid(head.columns, tuple(rows), head.meta, head.column_meta)


def _head(found: Mapping[str, Any]) -> Rows:
    """Meta and columns of a grid object. Raises Corrupt."""
    if found.get("_kind", "grid") != "grid":
        raise Corrupt(f"a {found['_kind']!r:.40}, but no grid", hint=_HINT)
    if "cols" not in found:
        raise Corrupt("an object, but no grid", hint=_HINT)
    columns: dict[str, Tags] = {}
    for column in found["cols"] if isinstance(found["cols"], list) else [None]:
        name = column.get("name") if isinstance(column, dict) else None
        meta = column.get("meta", {}) if isinstance(column, dict) else None
        if not (isinstance(name, str) and NAME.fullmatch(name) and isinstance(meta, dict)):
            raise Corrupt(
                f"a grid without readable columns: {column!r:.80}", hint='cols: [{"name":"id"}]'
            )
        if name in columns:
            raise Corrupt(f"the column {name!r} was already given", hint="each column once")
        columns[name] = meta
    meta = found.get("meta", {})
    if not isinstance(meta, dict):
        raise Corrupt(f"no meta: {meta!r:.80}", hint='meta: {"ver":"3.0"}')
    for tags in (meta, *columns.values()):
        _checked(tags, 0)
    return Rows(
        tuple(columns),
        iter(()),
        {key: value for key, value in meta.items() if key != "ver"},
        {name: tags for name, tags in columns.items() if tags},
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "marker": lambda _: MARKER,
    "na": lambda _: NA,
    "remove": lambda _: REMOVE,
    "number": _read_number,
    "symbol": lambda v: Symbol(symbol_name(_text(v, "val"))),
    "uri": lambda v: Uri(_text(v, "val")),
    "date": lambda v: dt.date.fromisoformat(_text(v, "val")),
    "time": lambda v: read_time(_text(v, "val")),
    "dateTime": lambda v: read_instant(_text(v, "val"), _text(v, "tz") if v.get("tz") else "GMT"),
    "coord": lambda v: Coord(_degrees(v, "lat"), _degrees(v, "lng")),
    "xstr": lambda v: XStr(type_name(_text(v, "type")), _text(v, "val")),
    "grid": _read_grid,
}
_FORMS: Final = {
    "number": '{"_kind":"number","val":5,"unit":"kW"}',
    "ref": '{"_kind":"ref","val":"a-1","dis":"Name"}',
    "symbol": '{"_kind":"symbol","val":"hot-water"}',
    "uri": '{"_kind":"uri","val":"http://a/"}',
    "date": '{"_kind":"date","val":"2026-11-20"}',
    "time": '{"_kind":"time","val":"14:30:00"}',
    "dateTime": '{"_kind":"dateTime","val":"2026-11-20T14:30:00+07:00","tz":"Bangkok"}',
    "coord": '{"_kind":"coord","lat":13.75,"lng":100.5}',
    "xstr": '{"_kind":"xstr","type":"Span","val":"today"}',
    "grid": '{"_kind":"grid","meta":{"ver":"3.0"},"cols":[{"name":"id"}],"rows":[]}',
}
_READER: Final = _Reader()
_DECODER: Final = json.JSONDecoder(
    object_hook=_READER.object,
    parse_float=_READER.number,
    parse_int=_READER.number,
    parse_constant=refuse_constant,
)
