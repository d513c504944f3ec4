"""How an export is laid out: what stands above the headings, which column holds times, points, values, units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from ingest.trends.cells import CellReader, Unread, status_of
from ingest.trends.instants import looks_like_clock, looks_like_time, may_be_instant
from ingest.trends.rows import Cell, Row
from ontology.errors import BadRequest
from ontology.units import kinds_of_unit, symbol

HEAD_ROWS: Final = 300
"""Rows looked at: the longest preamble seen (a key of 200 points) ends well before."""
_SAMPLE: Final = 100
_TIMES: Final = 0.6
"""Share of the rows below the headings that have a time: the others are blanks and remarks."""

_WORDS: Final = {
    # role of a column -> what people call it, letters only
    "time": "time timestamp datetime date dateandtime datetimestamp datetimeutc ts zeit zeitstempel datum datumzeit datumuhrzeit horodatage fecha",
    "clock": "time timeofday uhrzeit zeit heure hora",
    "point": "point pointname name tag tagname object objectname itemreference namepathreference pointid datapoint datenpunkt series"
             " sensor variable metric trendlog logname channel id",
    "value": "value val wert presentvalue objectvalue reading measurement valeur valor",
    "status": "status quality reliability qualität qualitaet valuestatus objectstatus",
    "unit": "unit units einheit uom engineeringunits unité",
}  # fmt: skip
_ROLE: Final = {role: frozenset(words.split()) for role, words in _WORDS.items()}
_BRACKETS: Final = re.compile(r"(.*?)[\s_]*[(\[]\s*([^()\[\]]{1,30})\s*[)\]]\s*")
_LAST: Final = re.compile(r"(.+?)(?:,\s*|\s+|_)(\S{1,12})")
_LONG_WORDS: Final = 2
"""Letters of a unit that counts without brackets: "Zone C" and "Fan A" name no units."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns are counted from 0; None for one that is not there. `header` is the number of the row above the first time."""

    header: int
    headings: tuple[str, ...]
    units: tuple[str, ...]
    time: int
    clock: int | None = None
    status: int | None = None
    point: int | None = None
    value: int | None = None
    unit: int | None = None
    title: str = ""
    """What the lines above say the file is about, or ""."""

    @property
    def long(self) -> bool:
        """Whether each row names its point."""
        return self.point is not None

    @property
    def values(self) -> tuple[int, ...]:
        """The columns that are points, of a wide table."""
        taken = {self.time, self.clock, self.status, self.unit, self.point}
        return tuple(at for at, name in enumerate(self.headings) if name and at not in taken)


def layout_of(rows: Iterable[Row], file: str) -> Layout:
    """Look at the first rows. Raises BadRequest where no column has times."""
    head = list(islice(rows, HEAD_ROWS))
    first, time = _first_time(head)
    if first is None:
        raise BadRequest(
            f"{file}: none of the first {len(head)} rows begins a column of times",
            hint="a trend export has a column of dates with times; see docs/how-to/import-trends.md",
        )
    above = [row for row in head[:first] if any(_text(cell) for cell in row.cells)]
    below = [row for row in head[first : first + _SAMPLE] if not row.fault]
    names, units, used = _headings(above, below, time)
    titles = above[: len(above) - used]
    names = _renamed(names, titles)
    pairs = [heading_unit(name) for name in names]
    found = tuple(row or unit for row, (_, unit) in zip(units, pairs, strict=True))
    roles = _roles(names, below, time)
    return Layout(
        head[first - 1].number if first else 0,
        _unique(names),
        found,
        time,
        title=_title(titles),
        **roles,
    )


def heading_unit(heading: str) -> tuple[str, str]:
    """A heading's name and unit, "" where it has none.

    >>> heading_unit("AHU-3 SAT (°F)"), heading_unit("Chiller 1 kW"), heading_unit("Zone C")
    (('AHU-3 SAT', '°F'), ('Chiller 1', 'kW'), ('Zone C', ''))
    """
    found = _BRACKETS.fullmatch(heading)
    if found and kinds_of_unit(found[2]):
        return found[1] or heading, symbol(found[2])
    found = _LAST.fullmatch(heading)
    if (
        found
        and len(found[2]) >= _LONG_WORDS
        and kinds_of_unit(found[2])
        and _only_a_unit(found[2])
    ):
        return found[1], symbol(found[2])
    return heading, ""


def _only_a_unit(word: str) -> bool:
    """Words such as "min", "day", "bar" name other things as well."""
    return word.lower() not in {
        "min",
        "mins",
        "max",
        "h",
        "hours",
        "day",
        "days",
        "ton",
        "tons",
        "second",
        "seconds",
        "pct",
    }


def _first_time(head: Sequence[Row]) -> tuple[int | None, int]:
    """The first row of data and its column of times; texts and dates before bare numbers, which need a heading."""
    for at, row in enumerate(head):
        for column, cell in enumerate(row.cells[:30]):
            if looks_like_time(cell) and _goes_on(head[at:], column, looks_like_time):
                return at, column
    for at, row in enumerate(head[1:], 1):
        for column, cell in enumerate(row.cells[:30]):
            heading = _text(head[at - 1].cells[column]) if column < len(head[at - 1].cells) else ""
            if (
                _letters(heading) in _ROLE["time"]
                and may_be_instant(cell)
                and _goes_on(head[at:], column, may_be_instant)
            ):
                return at, column
    return None, 0


def _goes_on(rows: Sequence[Row], column: int, fits: Callable[[Cell], bool]) -> bool:
    known = [row for row in rows[:_SAMPLE] if any(_text(cell) for cell in row.cells)]
    good = sum(
        column < len(row.cells) and len(row.cells) > 1 and fits(row.cells[column]) for row in known
    )
    return bool(known) and len(known[0].cells) > 1 and good >= _TIMES * min(len(known), 20)


def _headings(
    above: Sequence[Row], below: Sequence[Row], time: int
) -> tuple[list[str], list[str], int]:
    """Names and units over the columns, and how many rows they take; names of our own where there is no row."""
    width = max(len(row.cells) for row in below)
    if not above or sum(bool(_text(cell)) for cell in above[-1].cells) < 2:
        return [f"column {at + 1}" for at in range(width)], [""] * width, 0
    last = _padded(above[-1].cells, width)
    others = [text for at, text in enumerate(last) if text and at != time]
    if len(above) > 1 and others and all(_bare_unit(text) is not None for text in others):
        units = [_bare_unit(text) or "" for text in last]
        return _padded(above[-2].cells, len(units)), units, 2
    return last, [""] * len(last), 1


def _bare_unit(text: str) -> str | None:
    """The unit that a cell holds alone; "" for "-"; None where it says something else."""
    plain = text.strip("()[] ")
    if plain in ("", "-"):
        return ""
    return symbol(plain) if kinds_of_unit(plain) else None


def _padded(cells: Sequence[Cell], width: int) -> list[str]:
    texts = [_text(cell) for cell in cells]
    return texts + [""] * (width - len(texts))


def _renamed(names: Sequence[str], titles: Sequence[Row]) -> list[str]:
    """Headings such as "Point_1" by the names that a key above the table gives them."""
    key = {
        _text(row.cells[0]).rstrip(":"): _text(row.cells[1])
        for row in titles
        if len(row.cells) > 1 and _text(row.cells[0]).endswith(":") and _text(row.cells[1])
    }
    return [key.get(name.rstrip(":"), name) for name in names]


def _title(titles: Sequence[Row]) -> str:
    """The first line above the table that is a name: a path, or what follows "Point:"."""
    for row in titles:
        texts = [text for text in map(_text, row.cells) if text]
        if len(texts) == 1 and (found := re.search(r"[^/\\:\s][^/\\:]*$", texts[0])):
            return found[0][:200]
        if len(texts) > 1 and _letters(texts[0]) in _ROLE["point"]:
            return texts[1][:200]
    return ""


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Headings that stand twice get a number, so that a map can tell them apart."""
    seen: dict[str, int] = {}
    told: list[str] = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return tuple(told)


def _roles(names: Sequence[str], below: Sequence[Row], time: int) -> dict[str, int | None]:
    """Which columns hold what besides the time: by their headings, and by what stands below."""
    roles: dict[str, int | None] = {}
    roles["clock"] = _called(names, "clock", {time}, below, looks_like_clock)
    taken = {time, roles["clock"]}
    roles["status"] = _called(names, "status", taken, below, _is_status)
    taken.add(roles["status"])
    value = _called(names, "value", taken, below, None)
    point = _called(names, "point", taken | {value}, below, _is_name)
    if value is None and point is None:
        value, point = _by_content(len(names), below, taken)
    if value is not None and point is not None:
        roles |= {"value": value, "point": point}
        roles["unit"] = _called(names, "unit", taken | {value, point}, below, None)
    return roles


def _called(
    names: Sequence[str],
    role: str,
    taken: set[int | None],
    below: Sequence[Row],
    fits: Callable[[Cell], bool] | None,
) -> int | None:
    for at, name in enumerate(names):
        if at not in taken and _letters(heading_unit(name)[0]) in _ROLE[role]:
            cells = [row.cells[at] for row in below if at < len(row.cells) and _text(row.cells[at])]
            if fits is None or (cells and sum(map(fits, cells)) * 2 > len(cells)):
                return at
    return None


def _by_content(
    width: int, below: Sequence[Row], taken: set[int | None]
) -> tuple[int | None, int | None]:
    """Value and point column where one column of names stands beside one of values."""
    names: list[int] = []
    values: list[int] = []
    for at in range(width):
        cells = [row.cells[at] for row in below if at < len(row.cells) and _text(row.cells[at])]
        if at not in taken and cells:
            (names if sum(map(_is_name, cells)) * 2 > len(cells) else values).append(at)
    return (values[0], names[0]) if len(names) == len(values) == 1 else (None, None)


def _is_status(cell: Cell) -> bool:
    try:
        status_of(cell)
    except Unread:
        return False
    return True


_POINT, _COMMA = CellReader("."), CellReader(",")


def _is_name(cell: Cell) -> bool:
    """Whether a cell can be the name of a point: a text that is no value."""
    if not isinstance(cell, str):
        return False
    for reader in (_POINT, _COMMA):
        try:
            reader.read(cell)
        except Unread:
            continue
        return False
    return True


def _text(cell: Cell) -> str:
    return "" if cell is None else " ".join(str(cell)[:1000].split())


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text.lower())
