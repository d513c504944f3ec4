"""Hayson, Haystack's JSON: https://project-haystack.org/doc/docHaystack/Json."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ontology.errors import Corrupt, PlantroomError
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr
from ontology.zones import city_of, zone_named

MAX_DEPTH = 100


def encode(grid: Grid) -> str:
    """A grid as Hayson text."""
    return json.dumps(to_json(grid), ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Grid:
    """A grid from Hayson text; a plain list of dicts counts as rows. Raises Corrupt naming the place."""
    value = decode_value(text)
    if isinstance(value, Grid):
        return value
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return Grid.of(value)
    raise Corrupt("a JSON value, but no grid", hint='a grid starts with {"_kind":"grid"')


def encode_value(value: Any) -> str:
    """Any Haystack value as Hayson text."""
    return json.dumps(to_json(value), ensure_ascii=False, separators=(",", ":"))


def decode_value(text: str) -> Any:
    """Any Haystack value from Hayson text. Raises Corrupt with line and column."""
    try:
        return from_json(json.loads(text))
    except json.JSONDecodeError as cause:
        raise Corrupt(
            f"line {cause.lineno}, column {cause.colno}: {cause.msg}", hint="the text is not JSON"
        ) from cause
    except RecursionError as cause:
        raise Corrupt("JSON nested too deep", hint=f"at most {MAX_DEPTH} levels") from cause


def to_json(value: Any) -> Any:
    """A Haystack value as plain JSON values."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Number):
        return _number(value)
    if isinstance(value, Grid):
        return _grid(value)
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return _scalar(value)


def from_json(value: Any, *, depth: int = 0) -> Any:
    """A Haystack value from plain JSON values. Raises Corrupt."""
    if depth > MAX_DEPTH:
        raise Corrupt("JSON nested too deep", hint=f"at most {MAX_DEPTH} levels")
    if isinstance(value, list):
        return [from_json(item, depth=depth + 1) for item in value]
    if isinstance(value, dict):
        return _read_object(value, depth)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return Number(value) if is_number else value


def _read_object(value: Mapping[str, Any], depth: int) -> Any:
    kind = value.get("_kind", "dict")
    if kind == "grid":
        return _read_grid(value, depth)
    if kind == "dict":
        return {k: from_json(v, depth=depth + 1) for k, v in value.items() if k != "_kind"}
    read = _READERS.get(kind)
    if read is None:
        raise Corrupt(f"unknown kind {kind!r}", hint=f"one of {', '.join(sorted(_READERS))}")
    try:
        return read(value)
    except (KeyError, TypeError, ValueError, PlantroomError) as cause:
        raise Corrupt(f"not a {kind}: {value!r:.120}", hint=str(cause)) from cause


def _number(value: Number) -> Any:
    special = math.isnan(value.value) or math.isinf(value.value)
    if not value.unit and not special:
        return (
            int(value.value)
            if value.value.is_integer() and abs(value.value) < 2**53
            else value.value
        )
    shown: Any = value.value
    if special:
        shown = "NaN" if math.isnan(value.value) else ("INF" if value.value > 0 else "-INF")
    elif value.value.is_integer() and abs(value.value) < 2**53:
        shown = int(value.value)
    return {"_kind": "number", "val": shown} | ({"unit": value.unit} if value.unit else {})


def _scalar(value: Any) -> dict[str, Any]:
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value)
    raise Corrupt(f"{type(value).__name__} is no Haystack value", hint="use ontology.kinds")


def _write_ref(value: Ref) -> dict[str, Any]:
    return {"_kind": "ref", "val": value.id} | ({"dis": value.dis} if value.dis else {})


def _grid(grid: Grid) -> dict[str, Any]:
    cols = []
    for name in grid.columns:
        meta = grid.column_meta.get(name)
        cols.append({"name": name} | ({"meta": to_json(meta)} if meta else {}))
    rows = [{k: to_json(v) for k, v in row.items() if v is not None} for row in grid.rows]
    return {
        "_kind": "grid",
        "meta": {"ver": "3.0"} | to_json(grid.meta),
        "cols": cols,
        "rows": rows,
    }


def _read_grid(value: Mapping[str, Any], depth: int) -> Grid:
    try:
        names = tuple(col["name"] for col in value.get("cols", ()))
        column_meta = {
            col["name"]: from_json(col["meta"], depth=depth + 1)
            for col in value["cols"]
            if col.get("meta")
        }
        meta = from_json(value.get("meta") or {}, depth=depth + 1)
    except (KeyError, TypeError, AttributeError) as cause:
        raise Corrupt(
            "a grid without readable columns", hint='cols look like [{"name":"id"}]'
        ) from cause
    rows = tuple(from_json(row, depth=depth + 1) for row in value.get("rows", ()))
    return Grid(names, rows, {k: v for k, v in meta.items() if k != "ver"}, column_meta)


def _read_number(value: Mapping[str, Any]) -> Number:
    words = {"NaN": math.nan, "INF": math.inf, "-INF": -math.inf}
    found = value["val"]
    return Number(words[found] if isinstance(found, str) else float(found), value.get("unit", ""))


def _read_instant(value: Mapping[str, Any]) -> dt.datetime:
    instant = dt.datetime.fromisoformat(value["val"])
    zone = zone_named(value.get("tz", "UTC"))
    return instant.astimezone(zone) if instant.tzinfo else instant.replace(tzinfo=ZoneInfo("UTC"))


_WRITERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    # datetime before date, which it is a kind of
    Ref: _write_ref,
    dt.datetime: lambda v: {"_kind": "dateTime", "val": v.isoformat(), "tz": city_of(v)},
    dt.date: lambda v: {"_kind": "date", "val": v.isoformat()},
    dt.time: lambda v: {"_kind": "time", "val": v.isoformat()},
    Symbol: lambda v: {"_kind": "symbol", "val": v.name},
    Uri: lambda v: {"_kind": "uri", "val": v.uri},
    Coord: lambda v: {"_kind": "coord", "lat": v.lat, "lng": v.lng},
    XStr: lambda v: {"_kind": "xstr", "type": v.type, "val": v.text},
    type(MARKER): lambda _: {"_kind": "marker"},
    type(NA): lambda _: {"_kind": "na"},
    type(REMOVE): lambda _: {"_kind": "remove"},
}

_READERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "marker": lambda _: MARKER,
    "na": lambda _: NA,
    "remove": lambda _: REMOVE,
    "number": _read_number,
    "ref": lambda v: Ref(v["val"], v.get("dis", "")),
    "symbol": lambda v: Symbol(v["val"]),
    "uri": lambda v: Uri(v["val"]),
    "date": lambda v: dt.date.fromisoformat(v["val"]),
    "time": lambda v: dt.time.fromisoformat(v["val"]),
    "dateTime": _read_instant,
    "coord": lambda v: Coord(v["lat"], v["lng"]),
    "xstr": lambda v: XStr(v["type"], v["val"]),
}
