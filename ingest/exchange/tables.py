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

from ingest.exchange.sheets import Sheet, filled, number_in, read_sheets
from ingest.exchange.source import Note, Source, source_of
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, Number, Ref
from ontology.units import symbol

HEADER_WITHIN: Final = 20
"""The line of headings stands in one of the first rows."""
MOST_SHOWN: Final = 10
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    # what a column holds -> how point lists call it, squeezed to letters and digits
    "name": ("name", "pointname", "point", "objectname", "bacnetname", "bacnetobjectname", "tagname", "pointid",
             "datapoint", "datenpunkt", "bezeichnung", "nomdupoint", "nom", "ชื่อจุด", "pointtag", "variable"),
    "description": ("description", "desc", "pointdescription", "objectdescription", "beschreibung", "label", "dis",
                    "comment", "remarks", "descriptor", "pointdescriptor", "libelle", "คำอธิบาย", "displayname"),
    "unit": ("unit", "units", "engunits", "engineeringunits", "engunit", "uom", "einheit", "unite", "หน่วย",
             "engineeringunit", "objectunits"),
    "equip": ("equip", "equipment", "equipmentname", "equipmentid", "equipmenttag", "asset", "system", "systemname",
              "anlage", "unitname", "parent", "controlledequipment", "อุปกรณ์", "equipmentunit", "equipref"),
    "object_type": ("objecttype", "type", "pointtype", "iotype", "bacnettype", "bacnetobjecttype", "signaltype"),
    "instance": ("instance", "objectinstance", "instancenumber", "bacnetinstance", "objectnumber", "inst"),
    "object_id": ("objectid", "objectidentifier", "bacnetobject", "bacnetobjectid", "bacnetid", "object",
                  "bacnetaddress", "objectref"),
    "device": ("device", "devicename", "controller", "controllername", "deviceid", "deviceinstance", "panel", "node",
               "bacnetdevice", "regler", "ddc", "bacnetdeviceid"),
    "room": ("room", "roomname", "roomnumber", "roomno", "space", "location", "place", "raum", "zone", "area", "ห้อง"),
    "floor": ("floor", "level", "storey", "etage", "geschoss", "ชั้น"),
    "tags": ("tags", "haystacktags", "markers", "haystack"),
    "value": ("value", "presentvalue", "currentvalue", "wert"),
}  # fmt: skip
_NAMES: Final = {name: column for column, names in COLUMNS.items() for name in names}
_TYPES: Final = {
    "ai": "analog-input", "ao": "analog-output", "av": "analog-value", "bi": "binary-input", "bo": "binary-output",
    "bv": "binary-value", "di": "binary-input", "do": "binary-output", "mi": "multi-state-input",
    "mo": "multi-state-output", "mv": "multi-state-value", "msi": "multi-state-input", "mso": "multi-state-output",
    "msv": "multi-state-value", "analoginput": "analog-input", "analogoutput": "analog-output",
    "analogvalue": "analog-value", "binaryinput": "binary-input", "binaryoutput": "binary-output",
    "binaryvalue": "binary-value", "multistateinput": "multi-state-input",
    "multistateoutput": "multi-state-output", "multistatevalue": "multi-state-value",
}  # fmt: skip
_OBJECT: Final = re.compile(r"([A-Za-z][A-Za-z\- _]*?)[\s:,#\-]*(\d{1,7})")
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
    value: float | None = None


def read_point_list(path: Path) -> Source:
    """Floors, rooms, equipment and points of a list. Raises as `read_rows` does."""
    rows, notes = read_rows(path)
    return source_of(_entities(rows, notes), path.name, notes)


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
            columns = _columns(labels)
            if "name" in columns and (best is None or len(columns) > len(best[1])):
                unread = [x[0] for i, x in enumerate(labels) if x[0] and i not in columns.values()]
                best = (end, columns, unread)
    return best


def _two(top: Sequence[str], below: Sequence[str]) -> list[tuple[str, ...]]:
    """The possible names of each column under two rows of headings, the fullest first."""
    width = max(len(top), len(below))
    upper = [*filled(tuple(top)), *[""] * width][:width]
    lower = [*below, *[""] * width][:width]
    return [(f"{a} {b}".strip(), b) if b else (a if i < len(top) and top[i] else "",)
            for i, (a, b) in enumerate(zip(upper, lower, strict=True))]  # fmt: skip


def _columns(labels: Sequence[tuple[str, ...]]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for at, names in enumerate(labels):
        held = next((found for name in names if (found := _NAMES.get(_letters(name)))), None)
        if held is not None:
            columns.setdefault(held, at)
    return columns


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
    given = row.pop("value", "")
    value = number_in(given, decimal_comma=sheet.decimal_comma) if given else None
    kind, instance = _object(row.pop("object_id", ""))
    kind = row.pop("object_type", "") or kind
    typed, number = _object(kind)
    if number:
        kind, instance = typed, instance or number
    return PointRow(
        place=sheet.place(at, columns["name"]), object_type=kind, instance=row.pop("instance", "") or instance,
        tags=tuple(tag for tag in tags if tag), value=value, **row,
    )  # fmt: skip


def _object(text: str) -> tuple[str, str]:
    """Type and instance: "AI:3", "analog-input,3" and "AI 3" alike; blank where it is neither."""
    found = _OBJECT.fullmatch(text)
    return (found.group(1).strip(" -_"), found.group(2)) if found else (text, "")


def _twice(rows: Sequence[PointRow]) -> Iterator[str]:
    first: dict[tuple[str, str, str], PointRow] = {}
    for row in rows:
        before = first.setdefault((row.device, row.equip, row.name), row)
        if before is not row:
            yield f"{row.place}: the name {row.name!r:.60} stands in {before.place} already"


def _entities(rows: Sequence[PointRow], notes: list[Note]) -> Iterator[dict[str, Any]]:
    """Places first, then equipment, then points, each with a ref of its own."""
    ids = _Ids(notes)
    shared = {name for name, count in Counter(row.name for row in rows).items() if count > 1}
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
        owner = row.equip or row.device if row.name in shared else ""
        yield _point(replace(row, name=f"{owner}.{row.name}" if owner else row.name), row.name, ids)


def _named(ref: Ref, name: str) -> dict[str, Any]:
    """An id, and its name where that says more: a list does not rename what is in the model already."""
    return {"id": ref} if ref.id == name else {"id": ref, "dis": name}


def _point(row: PointRow, said: str, ids: _Ids) -> dict[str, Any]:
    unit = symbol(row.unit) if row.unit else ""
    letters = re.sub("[^a-z]", "", row.object_type.lower())
    object_type = _TYPES.get(letters, row.object_type)
    texts = {
        "pointName": said, "bacnetDevice": row.device, "unit": unit, "description": row.description,
        "bacnetObject": f"{object_type},{row.instance}" if object_type and row.instance else object_type,
    }  # fmt: skip
    refs = {
        "equipRef": ("equip", row.equip),
        "spaceRef": ("room", row.room) if row.room else ("floor", row.floor),
    }
    kind = (
        "Bool"
        if object_type.startswith("binary")
        else "Number"
        if unit or object_type.startswith("analog")
        else ""
    )
    tags: dict[str, Any] = {
        "id": ids.of("point", row.name),
        "dis": row.description or said,
        "point": MARKER,
    }
    tags |= {tag: MARKER for tag in row.tags if tag not in _NEVER}
    tags |= {tag: text for tag, text in texts.items() if text}
    tags |= {tag: Ref(ids.of(*key).id) for tag, key in refs.items() if key[1]}
    if kind:
        tags["kind"] = kind
    if row.value is not None and kind == "Number":
        tags["curVal"] = Number(row.value, unit)
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
            base = re.sub(r"[^a-zA-Z0-9_:\-.~]+", "-", name).strip("-") or kind
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


def _letters(label: str) -> str:
    """A heading squeezed: "Object ID (BACnet)" is "objectid"."""
    return re.sub(r"[\W_]+", "", re.sub(r"\(.*?\)|\[.*?\]", "", label.casefold()))
