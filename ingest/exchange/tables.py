"""A point list, CSV or XLSX, as equipment, rooms and points; columns are known by what people call them.

Two rows of headings (merged cells above, names below) count as one. A fault is told with sheet, row and
column, all of them at once; a column that means nothing here is noted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from ingest.exchange.addresses import object_of, object_type
from ingest.exchange.headings import columns_of
from ingest.exchange.sheets import Sheet, filled, read_sheets
from ingest.exchange.source import Note, Source, id_of, source_of
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, Ref
from ontology.units import symbol

HEADER_WITHIN: Final = 20
"""The line of headings stands in one of the first rows."""
MOST_SHOWN: Final = 10
_TAG: Final = re.compile(r"[a-z][A-Za-z0-9_]*")
_NEVER: Final = ("id", "dis", "point", "equip", "space", "site")


@dataclass(frozen=True, slots=True)
class PointRow:
    """One point of the list, in its own words; "" for what the list does not say."""

    place: str
    name: str
    description: str = ""
    unit: str = ""
    equip: str = ""
    object_type: str = ""
    instance: str = ""
    device: str = ""
    room: str = ""
    floor: str = ""
    tags: tuple[str, ...] = ()
    value: str = ""


def read_point_list(path: Path) -> Source:
    """Floors, rooms, equipment and points of a list. Raises as `read_rows` does."""
    rows, notes = read_rows(path)
    entities = tuple(_entities(rows, notes))
    notes += [Note(path.name, *said) for said in (*_repeated(rows), *_doubtful(entities, rows))]
    return source_of(entities, path.name, notes)


def read_rows(path: Path) -> tuple[list[PointRow], list[Note]]:
    """Every point of every sheet, and what was left out. The name of an equipment alone in a row is a title.

    Raises BadRequest where no sheet has a heading for the name, Corrupt naming the rows where a name is
    missing or stands twice under one equipment and device.
    """
    rows: list[PointRow] = []
    notes: list[Note] = []
    faults: list[str] = []
    for sheet in read_sheets(path):
        if not any(any(row) for row in sheet.rows):
            continue
        if sheet.guessed:
            notes.append(
                Note(sheet.name, f"is no UTF-8, read as {sheet.guessed}", "save it as CSV UTF-8")
            )
        header = _header(sheet)
        if header is None:
            notes.append(Note(sheet.name, "no heading for the point's name: left out", _HINT))
            continue
        below, columns, unread = header
        if unread:
            notes.append(Note(sheet.place(below - 1), f"columns not read: {', '.join(unread)}"))
        rows += _sheet_rows(sheet, below, columns, faults)
    equips = {row.equip for row in rows} - {""}
    rows = [
        row for row in rows if not (row.name in equips and row == PointRow(row.place, row.name))
    ]
    faults += _twice(rows)
    if faults:
        more = f"; and {len(faults) - MOST_SHOWN} more" if len(faults) > MOST_SHOWN else ""
        raise Corrupt(
            "; ".join(faults[:MOST_SHOWN]) + more, hint="correct these rows; nothing was read"
        )
    if not rows:
        raise BadRequest(f"{path.name} has no points under a heading for their name", hint=_HINT)
    return rows, notes


_HINT: Final = "name the columns: name, description, unit, equipment, object id, device, room"


def _header(sheet: Sheet) -> tuple[int, dict[str, int], list[str]] | None:
    """The first row below the headings, which column holds what, and headings that say nothing to us."""
    best: tuple[int, dict[str, int], list[str]] | None = None
    for at in range(min(HEADER_WITHIN, len(sheet.rows))):
        top = sheet.rows[at]
        below = sheet.rows[at + 1] if at + 1 < len(sheet.rows) else ()
        for end, labels in ((at + 1, [(c,) for c in top]), (at + 2, _two(top, below))):
            columns = columns_of(labels)
            tall = end == at + 2 and tuple(top) == tuple(below)  # each heading merged over two rows
            if "name" in columns and (best is None or len(columns) > len(best[1]) - tall):
                unread = [
                    x[-1] for i, x in enumerate(labels) if x[-1] and i not in columns.values()
                ]
                best = (end, columns, unread)
    return best


def _two(top: Sequence[str], below: Sequence[str]) -> list[tuple[str, ...]]:
    """The possible names of each column under two rows of headings, the fullest first."""
    width = max(len(top), len(below))
    upper = [*filled(tuple(top)), *[""] * width][:width]
    lower = [*below, *[""] * width][:width]
    return [(f"{a} {b}".strip(), b) if b else (a if i < len(top) and top[i] else "",)
            for i, (a, b) in enumerate(zip(upper, lower, strict=True))]  # fmt: skip


def _sheet_rows(
    sheet: Sheet, below: int, columns: Mapping[str, int], faults: list[str]
) -> Iterator[PointRow]:
    for at, cells in enumerate(sheet.rows[below:], below):
        row = {held: cells[column] for held, column in columns.items() if column < len(cells)}
        if not any(row.values()):
            continue
        if not row.get("name"):
            if set(row) - {"name"} and sum(map(bool, row.values())) > 1:
                faults.append(f"{sheet.place(at, columns['name'])}: wanted a name, found none")
            continue  # a single word in a row is the title of a group
        yield _row(sheet, at, row, columns, faults)


def _row(
    sheet: Sheet, at: int, row: dict[str, str], columns: Mapping[str, int], faults: list[str]
) -> PointRow:
    tags = tuple(re.split(r"[\s,;]+", row.pop("tags", "").strip(" ,;")))
    strange = [tag for tag in tags if tag and not _TAG.fullmatch(tag)]
    if strange:
        faults.append(
            f"{sheet.place(at, columns['tags'])}: wanted tag names, found {strange[0]!r:.40}"
        )
    kind, instance = object_of(
        row.pop("object_type", ""), row.pop("object_id", ""), row.pop("instance", "")
    )
    return PointRow(
        place=sheet.place(at, columns["name"]), object_type=kind, instance=instance,
        tags=tuple(tag for tag in tags if tag), **row,
    )  # fmt: skip


def _twice(rows: Sequence[PointRow]) -> Iterator[str]:
    first: dict[tuple[str, str, str], PointRow] = {}
    for row in rows:
        before = first.setdefault((row.device, row.equip, row.name), row)
        if before is not row:
            yield f"{row.place}: the name {row.name!r:.60} stands in {before.place} already"


def _repeated(rows: Sequence[PointRow]) -> Iterator[tuple[str, str]]:
    """What to say of names that stand in several rows."""
    shared = _shared(rows)
    if shared:
        row = next(row for row in rows if row.name in shared)
        yield (
            f"names at several machines: {len(shared)}, such as {row.name!r:.60}",
            f"their points are called by their machine too, such as {_called(row, shared)!r:.80}",
        )


def _doubtful(
    entities: Sequence[Mapping[str, Any]], rows: Sequence[PointRow]
) -> Iterator[tuple[str, str]]:
    """What to say of points whose BACnet address leads nowhere, or to each other."""
    bare = [row for row in rows if row.object_type and not _instance(row)]
    if bare:
        said = f"{bare[0].object_type} {bare[0].instance}".strip()
        where = f"such as {bare[0].name!r:.60}, which says {said!r:.40} alone"
        yield (
            f"points with an object type and no instance: {len(bare)}, {where}",
            "add a column: instance, or object id such as AI:3",
        )
    used = Counter(_address(tags) for tags in entities if "bacnetObject" in tags)
    twice = [address for address, count in used.items() if count > 1]
    if twice:
        points = sum(used[address] for address in twice)
        where = " of ".join(part for part in reversed(twice[0]) if part)
        yield (
            f"points with an address that others have: {points}, such as the {used[twice[0]]} with {where}",
            "correct their object ids, or add the column device",
        )


def _address(tags: Mapping[str, Any]) -> tuple[str, str]:
    return tags.get("bacnetDeviceId", ""), tags["bacnetObject"]


def _instance(row: PointRow) -> str:
    """The row's instance where it is one: a number."""
    return row.instance if row.instance.isdecimal() else ""


def _shared(rows: Sequence[PointRow]) -> set[str]:
    return {name for name, count in Counter(row.name for row in rows).items() if count > 1}


def _called(row: PointRow, shared: set[str]) -> str:
    """A point's name in the building: with its machine's where others have the same."""
    owner = row.equip or row.device if row.name in shared else ""
    return f"{owner}.{row.name}" if owner else row.name


def _entities(rows: Sequence[PointRow], notes: list[Note]) -> Iterator[dict[str, Any]]:
    """Places first, then equipment, then points, each with a ref of its own."""
    ids = _Ids(notes)
    shared = _shared(rows)
    for floor in dict.fromkeys(row.floor for row in rows if row.floor):
        yield {**_named(ids.of("floor", floor), floor), "space": MARKER, "floor": MARKER}
    for room, floor in dict.fromkeys((row.room, row.floor) for row in rows if row.room):
        inside = {"spaceRef": Ref(ids.of("floor", floor).id)} if floor else {}
        if not ids.known("room", room):
            yield {
                **_named(ids.of("room", room), room),
                "space": MARKER,
                "room": MARKER,
                **inside,
            }
    for equip in dict.fromkeys(row.equip for row in rows if row.equip):
        yield {**_named(ids.of("equip", equip), equip), "equip": MARKER}
    for row in rows:
        yield _point(replace(row, name=_called(row, shared)), row.name, ids)


def _named(ref: Ref, name: str) -> dict[str, Any]:
    """An id, and its name where that says more: a list does not rename what is in the model already."""
    return {"id": ref} if ref.id == name else {"id": ref, "dis": name}


def _point(row: PointRow, said: str, ids: _Ids) -> dict[str, Any]:
    unit = symbol(row.unit) if row.unit else ""
    kind = object_type(row.object_type)
    instance = _instance(row)
    texts = {
        "pointName": said, "bacnetDeviceId": row.device, "unit": unit, "description": row.description,
        "bacnetObject": f"{kind},{instance}" if kind and instance else "",
        "curVal": row.value,
    }  # fmt: skip
    refs = {
        "equipRef": ("equip", row.equip),
        "spaceRef": ("room", row.room) if row.room else ("floor", row.floor),
    }
    tags: dict[str, Any] = {
        "id": ids.of("point", row.name),
        "dis": row.description or said,
        "point": MARKER,
    }
    tags |= {tag: MARKER for tag in row.tags if tag not in _NEVER}
    tags |= {tag: text for tag, text in texts.items() if text}
    tags |= {tag: Ref(ids.of(*key).id) for tag, key in refs.items() if key[1]}
    if kind.startswith("binary"):
        tags["kind"] = "Bool"
    elif unit or kind.startswith("analog"):
        tags["kind"] = "Number"
    return tags


class _Ids:
    """Refs by kind and name; a second name with the same letters gets a number, and a note."""

    def __init__(self, notes: list[Note]) -> None:
        self._refs: dict[tuple[str, str], Ref] = {}
        self._taken: set[str] = set()
        self._notes = notes

    def known(self, kind: str, name: str) -> bool:
        return (kind, name) in self._refs

    def of(self, kind: str, name: str) -> Ref:
        if (kind, name) not in self._refs:
            base = id_of(name, kind)
            id, number = base, 2
            while id in self._taken:
                id, number = f"{base}-{number}", number + 1
            if id != base:
                self._notes.append(
                    Note(f"{kind} {name}", f"another is called {base} too: this one becomes @{id}")
                )
            self._taken.add(id)
            self._refs[kind, name] = Ref(id)
        return self._refs[kind, name]
