"""Grids on the wire: which format a client sends, which it wants, and arguments in a GET."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from ontology.codec import csv, hayson, json3, trio, zinc
from ontology.codec.pick import read_json
from ontology.codec.rows import Rows
from ontology.errors import BadRequest, Corrupt, PlantroomError
from ontology.kinds import Grid, Ref, Symbol
from services.api.haystack.errors import NotAcceptable, UnknownMedia

MAX_ROWS: Final = 20_000
"""Rows of a posted grid: all the ids of a large building."""
MAX_VALUES: Final = 400_000
"""Values of a posted grid, by its commas and lines: twenty columns of that many rows."""


@dataclass(frozen=True)
class Format:
    """One row of the table of formats."""

    name: str
    media: str
    says: str
    encode: Callable[[Grid], str] | None = None
    read: Callable[[BinaryIO], Rows] | None = None
    also: tuple[str, ...] = ()
    """Other media types that mean the same; the client gets back the one it asked for."""
    meta: bool = True
    """Whether it keeps the meta of a grid, where an error says that it is one."""


FORMATS: Final = (
    Format("zinc", "text/zinc", "Zinc text", zinc.encode, zinc.read, ("text/plain",)),
    Format("json", "application/json", "Hayson, JSON of Haystack 4", hayson.encode, read_json,
           ("application/vnd.haystack+json", "application/vnd.haystack+json;version=4")),
    Format("trio", "text/trio", "Trio text", trio.encode, trio.read, meta=False),
    Format("csv", "text/csv", "CSV, for spreadsheets", csv.encode, meta=False),
    Format("json3", "application/vnd.haystack+json;version=3", "JSON of Haystack 3", None, json3.read),
)  # fmt: skip


def _kind_of(item: str) -> tuple[str, float]:
    """Media type with its version, and how much it is wanted (0 to 1)."""
    media, *parameters = [part.strip().lower() for part in item.split(";")]
    given = dict(part.partition("=")[::2] for part in parameters)
    try:
        wanted = float(given.get("q", "1"))
    except ValueError:
        wanted = 0.0
    version = given.get("version", "").strip('"')
    return (f"{media};version={version}" if version else media), wanted


def _fits(media: str, wanted: str) -> bool:
    return wanted in ("*/*", media, media.partition("/")[0] + "/*")


def format_wanted(accept: str) -> tuple[Format, str]:
    """The first format of an ordered Accept list that we write, with its media type; Zinc for no list.

    Raises NotAcceptable.
    """
    asked = [_kind_of(item) for item in accept[:1_000].split(",") if item.strip()]
    for wanted, much in sorted(asked or [("*/*", 1.0)], key=lambda pair: -pair[1]):
        for each in FORMATS if much > 0 else ():
            for media in (each.media, *each.also):
                if each.encode and _fits(media, wanted):
                    return each, media
    raise NotAcceptable(f"no format of {accept!r:.100}", hint=f"possible: {_names('encode')}")


def decode(body: bytes, content_type: str) -> Grid:
    """The grid of a request; an empty body is an empty grid.

    Raises UnknownMedia, Corrupt, and BadRequest for more than `MAX_ROWS` or `MAX_VALUES`.
    """
    if not body.removeprefix(b"\xef\xbb\xbf").strip():
        return Grid(("empty",))
    if body.count(b",") + body.count(b"\n") > MAX_VALUES:
        raise BadRequest(f"a grid of more than {MAX_VALUES} values", hint="send it in parts")
    media = _kind_of(content_type or "text/zinc")[0]
    for each in FORMATS:
        if each.read and media in (each.media, *each.also):
            rows = each.read(io.BytesIO(body))
            return replace(rows, rows=_bounded(rows.rows)).grid()
    raise UnknownMedia(f"a request in {media!r:.80}", hint=f"possible: {_names('read')}")


def _bounded(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for count, row in enumerate(rows):
        if count >= MAX_ROWS:
            raise BadRequest(f"a grid of more than {MAX_ROWS} rows", hint="send it in parts")
        yield row


def _names(way: str) -> str:
    return ", ".join(each.media for each in FORMATS if getattr(each, way))


RAW: Final = frozenset({"filter", "range", "action"})
"""Arguments that are texts; clients put them into a GET with and without quotes."""


def arguments(query: Iterable[tuple[str, str]]) -> Grid:
    """The grid that the parameters of a GET stand for: one row of Zinc values, or of plain texts."""
    row = {name: _argument(name, text) for name, text in query if name.isidentifier()}
    row = {name: value for name, value in row.items() if value is not None}
    return Grid.of((row,)) if row else Grid(("empty",))


def _argument(name: str, text: str) -> Any:
    bare = text.strip()
    if name in RAW and not (bare.startswith('"') and bare.endswith('"') and len(bare) > 1):
        return bare
    try:
        return zinc.decode_value(bare)
    except Corrupt:
        return text


def zinc2(grid: Grid) -> Grid:
    """The same grid for readers of Zinc 2 (pyhaystack): symbols and nested grids become texts."""
    return Grid(
        grid.columns,
        tuple(_plain(row) for row in grid.rows),
        _plain(grid.meta),
        {name: _plain(tags) for name, tags in grid.column_meta.items()},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, Grid):
        try:
            return zinc.encode(value)
        except PlantroomError:
            return value  # what cannot be written is left out with the others like it
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def argument(grid: Grid, name: str) -> Any:
    """An argument of an op: of the first row, or of the grid's meta; None where it is missing."""
    first = grid.rows[0] if grid.rows else {}
    return first.get(name, grid.meta.get(name))


def refs(grid: Grid, column: str = "id") -> list[Ref]:
    """The refs of a column, in order; rows without one are left out. Raises Corrupt for other values."""
    found = [row[column] for row in grid.rows if row.get(column) is not None]
    for each in found:
        if not isinstance(each, (Ref, str)):
            raise Corrupt(f"{column} is {each!r:.60}, not a ref", hint="write refs as @id")
    return [each if isinstance(each, Ref) else Ref(each.removeprefix("@")) for each in found]
