"""Values and grids as Hayson: plain JSON values first, then text."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ontology.codec.instants import write_instant, write_time
from ontology.codec.names import symbol_name, tag_name, type_name
from ontology.errors import Corrupt, PlantroomError
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr

_HALF: Final = re.compile("[\ud800-\udfff]")


def json_of(value: Any) -> Any:
    """A Haystack value as plain JSON values. Raises Corrupt for what is none."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Number):
        return _number(value)
    if value.__class__ in _WRITERS:  # what most tags are, found without asking for each kind
        return _scalar(value, value.__class__)
    try:
        if isinstance(value, Grid):
            return grid_json(value)
        if isinstance(value, Mapping):
            return {tag_name(k): json_of(v) for k, v in value.items() if v is not None}
        if isinstance(value, (list, tuple)):
            return [json_of(item) for item in value]
        return _scalar(value, _kind_of(value))
    except RecursionError as cause:
        raise Corrupt("a value nested too deep", hint="does it hold itself?") from cause


def dumped(value: Any) -> str:
    """JSON values as text that is UTF-8, whatever is in it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half a character is no UTF-8: it can only stand as an escape.
    return text if text.isascii() else _HALF.sub(lambda m: f"\\u{ord(m.group()):04x}", text)


def _plain(value: float) -> float | int:
    whole = value.is_integer() and abs(value) < 2**53 and (value or math.copysign(1, value) > 0)
    return int(value) if whole else value


def _number(number: Number) -> Any:
    value, unit = number.value, {"unit": number.unit} if number.unit else {}
    if math.isfinite(value):
        return {"_kind": "number", "val": _plain(value)} | unit if unit else _plain(value)
    word = "NaN" if math.isnan(value) else ("INF" if value > 0 else "-INF")
    return {"_kind": "number", "val": word} | unit


def _kind_of(value: Any) -> type:
    for kind in _WRITERS:
        if isinstance(value, kind):
            return kind
    raise Corrupt(f"{type(value).__name__} is no Haystack value", hint="use ontology.kinds")


def _scalar(value: Any, kind: type) -> dict[str, Any]:
    try:
        return _WRITERS[kind](value)
    except PlantroomError as cause:
        raise Corrupt(f"cannot be written: {cause}", hint=cause.hint) from cause


def _write_ref(value: Ref) -> dict[str, Any]:
    return {"_kind": "ref", "val": value.id} | ({"dis": value.dis} if value.dis else {})


def _write_instant(value: dt.datetime) -> dict[str, Any]:
    text, city = write_instant(value)
    return {"_kind": "dateTime", "val": text, "tz": city}


def grid_json(grid: Grid) -> dict[str, Any]:
    """A grid as a JSON object."""
    cols = []
    for name in grid.columns or ("empty",):
        meta = grid.column_meta.get(name)
        cols.append({"name": tag_name(name)} | ({"meta": json_of(meta)} if meta else {}))
    meta = {key: value for key, value in grid.meta.items() if key != "ver"}
    return {
        "_kind": "grid",
        "meta": {"ver": "3.0"} | json_of(meta),
        "cols": cols,
        "rows": [json_of(row) for row in grid.rows],
    }


_WRITERS: Final[Mapping[type, Callable[[Any], dict[str, Any]]]] = {
    # datetime before date, which it is a kind of
    type(MARKER): lambda _: {"_kind": "marker"},
    Ref: _write_ref,
    dt.datetime: _write_instant,
    dt.date: lambda v: {"_kind": "date", "val": v.isoformat()},
    dt.time: lambda v: {"_kind": "time", "val": write_time(v)},
    Symbol: lambda v: {"_kind": "symbol", "val": symbol_name(v.name)},
    Uri: lambda v: {"_kind": "uri", "val": v.uri},
    Coord: lambda v: {"_kind": "coord", "lat": v.lat, "lng": v.lng},
    XStr: lambda v: {"_kind": "xstr", "type": type_name(v.type), "val": v.text},
    type(NA): lambda _: {"_kind": "na"},
    type(REMOVE): lambda _: {"_kind": "remove"},
}
