"""MAP.toml: which column of an export is which point, in which unit and time zone; written by people, so errors name the key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.lines import quoted
from ingest.trends.instants import ORDERS
from ontology.errors import BadRequest, NotFound
from ontology.units import kinds_of_unit, nearest_units
from ontology.zones import zone_named

_TEXTS: Final = (
    "file",
    "sheet",
    "zone",
    "dates",
    "decimal",
    "time",
    "clock",
    "status",
    "point",
    "value",
    "unit",
)
_KEYS: Final = frozenset((*_TEXTS, "words", "column"))
_COLUMN: Final = frozenset(("name", "point", "unit", "decimal"))
MOST_COLUMNS: Final = 200_000
_HINT: Final = "see docs/how-to/import-trends.md"


@dataclass(frozen=True, slots=True)
class Column:
    """One series of the file: its heading, or in a long table its name; "" as point leaves it out."""

    name: str
    point: str
    unit: str = ""
    decimal: str = ""


@dataclass(frozen=True, slots=True)
class TrendMap:
    """What a person said of an export; "" for what the file itself shows."""

    columns: tuple[Column, ...]
    sheet: str = ""
    zone: ZoneInfo | None = None
    dates: str = ""
    decimal: str = ""
    time: str = ""
    clock: str = ""
    status: str = ""
    point: str = ""
    value: str = ""
    unit: str = ""
    words: Mapping[str, float] = field(default_factory=dict)

    @property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


def read_map(path: Path) -> TrendMap:
    """Raises NotFound, or BadRequest that names the file and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as cause:
        raise NotFound(
            f"no file {path}", hint="plantroom ingest import FILE --propose -o MAP.toml writes one"
        ) from cause
    except (OSError, UnicodeDecodeError) as cause:
        raise BadRequest(f"{path} cannot be read: {cause}", hint="save it as UTF-8") from cause
    return parse_map(text, path.name)


def parse_map(text: str, file: str = "MAP.toml") -> TrendMap:
    """The map in a text. Raises BadRequest that names the key."""
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        raise BadRequest(f"{file}: {cause}", hint="it is not valid TOML") from cause
    for key in sorted(tree.keys() - _KEYS):
        raise BadRequest(
            f"{file}: unknown key {key!r:.60}", hint=f"keys: {', '.join(sorted(_KEYS))}"
        )
    texts = {key: _text(file, key, tree.get(key, "")) for key in _TEXTS if key != "file"}
    _one_of(file, "dates", texts["dates"], ORDERS)
    _one_of(file, "decimal", texts["decimal"], (",", "."))
    zone_text = texts.pop("zone")
    zone = zone_named(zone_text) if zone_text else None
    return TrendMap(
        _columns(file, tree.get("column")), zone=zone, words=_words(file, tree.get("words", {})),
        **texts,
    )  # fmt: skip


def _text(file: str, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{file}: {key} is {value!r:.60}", hint="give it as text in quotes")
    return value


def _one_of(file: str, key: str, value: str, able: Sequence[str]) -> None:
    if value and value not in able:
        raise BadRequest(f"{file}: {key} is {value!r:.60}", hint=f"one of {', '.join(able)}")


def _words(file: str, table: object) -> dict[str, float]:
    if not isinstance(table, dict):
        raise BadRequest(f"{file}: words is no table", hint="write [words] and Closed = 1")
    for word, number in table.items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise BadRequest(f"{file}: words.{word} is {number!r:.60}", hint="give a number")
    return {str(word).strip().lower(): float(number) for word, number in table.items()}


def _columns(file: str, tables: object) -> tuple[Column, ...]:
    if (
        not isinstance(tables, list)
        or not tables
        or not all(isinstance(one, dict) for one in tables)
    ):
        raise BadRequest(
            f"{file}: no columns", hint=f"write [[column]] with name and point; {_HINT}"
        )
    if len(tables) > MOST_COLUMNS:
        raise BadRequest(f"{file}: {len(tables)} columns", hint=f"at most {MOST_COLUMNS}")
    columns = tuple(_column(f"{file}: column {n}", table) for n, table in enumerate(tables, 1))
    _once(file, "the name", [column.name for column in columns])
    _once(file, "the point", [column.point for column in columns if column.point])
    if not any(column.point for column in columns):
        raise BadRequest(
            f"{file}: no column has a point", hint='fill in point = "..." where you know it'
        )
    return columns


def _column(where: str, table: Mapping[str, Any]) -> Column:
    for key in sorted(table.keys() - _COLUMN):
        raise BadRequest(
            f"{where}: unknown key {key!r:.60}", hint=f"keys: {', '.join(sorted(_COLUMN))}"
        )
    column = (
        Column(**{key: _text(where, key, value) for key, value in table.items()})
        if "name" in table and "point" in table
        else None
    )
    if column is None or not column.name:
        raise BadRequest(
            f"{where}: wanted name and point",
            hint='name = "heading", point = "id"; point = "" leaves it out',
        )
    _one_of(where, "decimal", column.decimal, (",", "."))
    if column.unit and not kinds_of_unit(column.unit):
        near = ", ".join(nearest_units(column.unit)) or "such as °C or kW"
        raise BadRequest(
            f"{where}: no unit is called {column.unit!r:.40}", hint=f"possible: {near}"
        )
    return column


def _once(file: str, what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadRequest(
                f"{file}: {what} {name!r:.60} stands in two columns", hint="each belongs to one"
            )
        seen.add(name)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A column as proposed, with what a person should know of it."""

    column: Column
    says: str


def write_map(
    proposed: Sequence[Proposed], head: Mapping[str, str], notes: Sequence[str] = ()
) -> str:
    """The text of a map that `parse_map` reads; remarks stand above what they speak of."""
    rows = [f"# {_plain(note)}" for note in notes]
    rows += [f"{key} = {quoted(value)}" for key, value in head.items() if value]
    for one in proposed:
        rows += ["", "[[column]]", f"name = {quoted(one.column.name)}"]
        rows.append(
            f"point = {quoted(one.column.point)}" + (f"  # {_plain(one.says)}" if one.says else "")
        )
        if one.column.unit:
            rows.append(f"unit = {quoted(one.column.unit)}")
    return "\n".join(rows) + "\n"


def _plain(text: str) -> str:
    """A remark on one line; TOML forbids control signs in remarks."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:300]
