"""The campus as Zinc, Hayson, Trio and JSON v3 files, written from the standard alone: ours and the peers read the same bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.ontology_peers import campus
from ontology.kinds import MARKER, Coord, Number, Ref, Symbol, Uri

Write = Callable[[Any], Any]
_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
)


def campus_files(folder: Path, entities: int) -> dict[str, Path]:
    """Format -> file of the campus; kept in `folder` until the campus or this file changes."""
    source = Path(campus.__file__).read_bytes() + Path(__file__).read_bytes()
    stem = f"campus-{entities}-{hashlib.sha256(source).hexdigest()[:12]}"
    files = {name: folder / f"{stem}.{ENDINGS[name]}" for name in FORMATS}
    if not all(file.exists() for file in files.values()):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"campus-{entities}-*"):
            old.unlink()
        # A child's peak memory starts at its parent's, so the parent of what is measured stays small.
        command = [
            sys.executable,
            "-m",
            "bench.ontology_peers.files",
            str(folder / stem),
            str(entities),
        ]
        subprocess.run(command, cwd=Path(__file__).parents[2], check=True)
    return files


def write(stem: str, entities: int) -> None:
    """The campus in every format."""
    rows = list(campus.campus(entities))
    for name, text_of in FORMATS.items():
        Path(f"{stem}.{ENDINGS[name]}").write_text(text_of(rows), encoding="utf-8")


def zinc(rows: Sequence[Mapping[str, Any]]) -> str:
    """Zinc 3: a header, the columns, one line a row."""
    columns = _columns(rows)
    lines = ['ver:"3.0"', ",".join(columns)]
    lines += [
        ",".join(zinc_value(row[name]) if name in row else "" for name in columns) for row in rows
    ]
    return "\n".join(lines) + "\n"


def hayson(rows: Sequence[Mapping[str, Any]]) -> str:
    """Haystack 4 JSON."""
    grid = {
        "_kind": "grid", "meta": {"ver": "3.0"}, "cols": [{"name": name} for name in _columns(rows)],
        "rows": [{name: _in(_HAYSON, value) for name, value in row.items()} for row in rows],
    }  # fmt: skip
    return json.dumps(grid, ensure_ascii=False, separators=(",", ":"))


def json3(rows: Sequence[Mapping[str, Any]]) -> str:
    """Haystack 3 JSON: a letter and a colon before each text."""
    grid = {
        "meta": {"ver": "3.0"}, "cols": [{"name": name} for name in _columns(rows)],
        "rows": [{name: _in(_JSON3, value) for name, value in row.items()} for row in rows],
    }  # fmt: skip
    return json.dumps(grid, ensure_ascii=False, separators=(",", ":"))


def trio(rows: Sequence[Mapping[str, Any]]) -> str:
    """Trio: one tag a line, dashes between entities."""
    entities = (
        "\n".join(name if value is MARKER else f"{name}:{_trio_value(value)}" for name, value in row.items())
        for row in rows
    )  # fmt: skip
    return "\n---\n".join(entities) + "\n---\n"


FORMATS: Final[Mapping[str, Callable[[Sequence[Mapping[str, Any]]], str]]] = {
    "zinc": zinc, "hayson": hayson, "trio": trio, "json3": json3,
}  # fmt: skip
ENDINGS: Final = {"zinc": "zinc", "hayson": "hayson.json", "trio": "trio", "json3": "v3.json"}


def zinc_value(value: Any) -> str:
    """One value as Zinc text."""
    return str(_in(_ZINC, value))


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _in(table: Mapping[type, Write], value: Any) -> Any:
    return table[type(value)](value)


def _trio_value(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else zinc_value(value)


def _digits(number: Number) -> str:
    return f"{number.value:.15g}"


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _instant(value: dt.datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _hayson_number(number: Number) -> Any:
    shown = int(number.value) if number.value.is_integer() else number.value
    return {"_kind": "number", "val": shown, "unit": number.unit} if number.unit else shown


_ZINC: Final[dict[type, Write]] = {
    type(MARKER): lambda _: "M",
    bool: lambda v: "T" if v else "F",
    str: _quoted,
    Number: lambda v: _digits(v) + v.unit,
    Ref: lambda v: f"@{v.id} {_quoted(v.dis)}" if v.dis else f"@{v.id}",
    Symbol: lambda v: f"^{v.name}",
    Uri: lambda v: "`" + v.uri.replace("\\", "\\\\").replace("`", "\\`") + "`",
    Coord: lambda v: f"C({v.lat},{v.lng})",
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.datetime: lambda v: f"{_instant(v)} UTC",
    list: lambda v: "[" + ",".join(map(zinc_value, v)) + "]",
    dict: lambda v: "{" + " ".join(k if x is MARKER else f"{k}:{zinc_value(x)}" for k, x in v.items()) + "}",
}  # fmt: skip
_HAYSON: Final[dict[type, Write]] = {
    type(MARKER): lambda _: {"_kind": "marker"},
    bool: lambda v: v,
    str: lambda v: v,
    Number: _hayson_number,
    Ref: lambda v: {"_kind": "ref", "val": v.id} | ({"dis": v.dis} if v.dis else {}),
    Symbol: lambda v: {"_kind": "symbol", "val": v.name},
    Uri: lambda v: {"_kind": "uri", "val": v.uri},
    Coord: lambda v: {"_kind": "coord", "lat": v.lat, "lng": v.lng},
    dt.date: lambda v: {"_kind": "date", "val": v.isoformat()},
    dt.time: lambda v: {"_kind": "time", "val": v.isoformat()},
    dt.datetime: lambda v: {"_kind": "dateTime", "val": _instant(v), "tz": "UTC"},
    list: lambda v: [_in(_HAYSON, item) for item in v],
    dict: lambda v: {key: _in(_HAYSON, item) for key, item in v.items()},
}
_JSON3: Final[dict[type, Write]] = {
    type(MARKER): lambda _: "m:",
    bool: lambda v: v,
    str: lambda v: f"s:{v}",
    Number: lambda v: f"n:{_digits(v)} {v.unit}".strip(),
    Ref: lambda v: f"r:{v.id} {v.dis}".strip(),
    Symbol: lambda v: f"y:{v.name}",
    Uri: lambda v: f"u:{v.uri}",
    Coord: lambda v: f"c:{v.lat},{v.lng}",
    dt.date: lambda v: f"d:{v.isoformat()}",
    dt.time: lambda v: f"h:{v.isoformat()}",
    dt.datetime: lambda v: f"t:{_instant(v)} UTC",
    list: lambda v: [_in(_JSON3, item) for item in v],
    dict: lambda v: {key: _in(_JSON3, item) for key, item in v.items()},
}


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]))
