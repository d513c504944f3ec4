"""A maintenance log in XLSX -> work orders as records; what cannot be read is reported by row."""

from __future__ import annotations

import datetime as dt
import math
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from ingest.documents.split import equipment_finder
from ontology.errors import BadRequest, Corrupt, NotFound
from ontology.kinds import MARKER, Number, Ref

MAX_BYTES = 50_000_000
MAX_ROWS = 200_000
MAX_TEXT = 2_000
HEADER_WITHIN = 20
"""The line of column names stands in one of the first rows."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    # our tag -> how logs call the column, squeezed to letters
    "woNum": ("wonumber", "wono", "wo", "workorder", "workorderno", "number", "เลขที่ใบงาน"),
    "opened": ("opened", "open", "reported", "date", "dateopened", "created", "วันที่แจ้ง"),
    "closed": ("closed", "completed", "done", "dateclosed", "finished", "วันที่ปิด"),
    "equipRef": ("equipmentid", "equipment", "equip", "asset", "tag", "machine", "อุปกรณ์"),
    "place": ("place", "location", "room", "area", "สถานที่"),
    "trade": ("trade", "craft", "discipline", "ช่าง"),
    "woType": ("type", "wotype", "pmcm", "kind", "ประเภท"),
    "priority": ("priority", "prio", "ความสำคัญ"),
    "description": ("description", "problem", "request", "subject", "อาการ", "รายละเอียด"),
    "cause": ("cause", "rootcause", "สาเหตุ"),
    "action": ("action", "workdone", "resolution", "การแก้ไข"),
    "parts": ("parts", "partsused", "materials", "อะไหล่"),
    "hours": ("hours", "labour", "laborhours", "labourhours", "manhours", "ชั่วโมง"),
    "cost": ("cost", "costthb", "amount", "thb", "total", "ค่าใช้จ่าย"),
    "technician": ("technician", "tech", "by", "doneby", "assignedto", "ผู้ปฏิบัติงาน"),
}  # fmt: skip
NEEDED = ("woNum", "opened", "description")
_NAMES = {name: tag for tag, names in COLUMNS.items() for name in names}
_DATES = ("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
          "%d-%b-%Y %H:%M", "%d-%b-%Y", "%d.%m.%Y")  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Something in a row that could not be used. `kept` says whether the row became a record."""

    row: int
    message: str
    kept: bool


@dataclass(frozen=True)
class WorkLog:
    """Work orders as tags with the marker `workOrder`, and every problem met on the way."""

    orders: tuple[dict[str, Any], ...]
    problems: tuple[Problem, ...]

    @property
    def left_out(self) -> int:
        """Rows that did not become a record."""
        return len({problem.row for problem in self.problems if not problem.kept})


def read_worklog(path: Path, *, zone: ZoneInfo, equip_ids: Collection[str] = ()) -> WorkLog:
    """Every row of the first sheet as a work order; local times are taken to be in `zone`.

    Tags: id, dis, workOrder, woNum, opened, closed, equipRef (known equipment) or equipName
    (unknown), place, trade, woType "PM" or "CM", priority, description, cause, action, parts,
    hours (Number h), cost (Number THB), technician. An empty cell gives no tag.

    Raises NotFound, BadRequest (too large, no header) or Corrupt (no XLSX).
    """
    rows = _rows(path)
    at, columns = _header(rows, path.name)
    find = equipment_finder(equip_ids)
    orders: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for number, cells in enumerate(rows[at + 1 :], start=at + 2):
        row = {tag: cells[column] for tag, column in columns.items() if column < len(cells)}
        if not any(cell not in {None, ""} for cell in row.values()):
            continue
        order = _order(row, number, problems, zone, find)
        if order is None:
            continue
        if order["woNum"] in orders:
            problems.append(
                Problem(number, f"{order['woNum']} stands in the log twice", kept=False)
            )
            continue
        orders[order["woNum"]] = order
    return WorkLog(tuple(orders.values()), tuple(problems))


def _rows(path: Path) -> list[tuple[Any, ...]]:
    if not path.is_file():
        raise NotFound(f"no maintenance log {path.name}", hint="check the name and the folder")
    if path.stat().st_size > MAX_BYTES:
        raise BadRequest(f"{path.name} is larger than 50 MB", hint="export fewer years at a time")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as cause:
        raise Corrupt(
            f"{path.name} is not a readable XLSX: {cause}", hint="save it again"
        ) from cause
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        taken = [tuple(cells) for _, cells in zip(range(MAX_ROWS + 1), rows, strict=False)]
    finally:
        book.close()
    if len(taken) > MAX_ROWS:
        raise BadRequest(f"{path.name} has more than {MAX_ROWS} rows", hint="export fewer years")
    return taken


def _header(rows: Sequence[Sequence[Any]], name: str) -> tuple[int, dict[str, int]]:
    """Where the line of column names is, and which column holds which tag."""
    for at, cells in enumerate(rows[:HEADER_WITHIN]):
        columns: dict[str, int] = {}
        for column, cell in enumerate(cells):
            tag = _NAMES.get(_letters(cell))
            if tag is not None:
                columns.setdefault(tag, column)
        if all(tag in columns for tag in NEEDED):
            return at, columns
    raise BadRequest(
        f"{name} has no line of column names with work order, opened and description",
        hint="name the columns: WO number, opened, closed, equipment, description, ...",
    )


def _order(
    row: Mapping[str, Any],
    number: int,
    problems: list[Problem],
    zone: ZoneInfo,
    find: Callable[[str], tuple[str, ...]],
) -> dict[str, Any] | None:
    """The tags of one row, None where number, opening time or description is missing."""
    wo = _text(row.get("woNum"))
    opened = _instant(row.get("opened"), zone)
    description = _text(row.get("description"))
    wanting = [
        name
        for name, value in (("number", wo), ("opening time", opened), ("description", description))
        if not value
    ]
    if wanting:
        problems.append(Problem(number, f"no readable {' and '.join(wanting)}", kept=False))
        return None
    order: dict[str, Any] = {
        "id": _order_ref(wo),
        "dis": f"{wo} {description}"[:120],
        "workOrder": MARKER,
        "woNum": wo,
        "opened": opened,
        "description": description,
    }
    texts = ("place", "trade", "priority", "cause", "action", "parts", "technician")
    order |= {tag: _text(row.get(tag)) for tag in texts if _text(row.get(tag))}
    messages = (
        *_add_closed(order, row, zone),
        *_add_equip(order, row, find),
        *_add_type(order, row),
        *_add_numbers(order, row),
    )
    problems += [Problem(number, f"{wo}: {message}", kept=True) for message in messages]
    return order


def _order_ref(wo: str) -> Ref:
    bare = re.sub(r"^wo[- ]?", "", wo, flags=re.IGNORECASE)
    return Ref("wo-" + re.sub(r"[^a-zA-Z0-9_:.~-]", "-", bare))


def _add_closed(order: dict[str, Any], row: Mapping[str, Any], zone: ZoneInfo) -> Iterable[str]:
    written = _text(row.get("closed"))
    if not written:
        return
    closed = _instant(row.get("closed"), zone)
    if closed is None:
        yield f"closing time {written!r:.40} cannot be read"
    elif closed < order["opened"]:
        yield f"closed ({closed:%Y-%m-%d}) before it was opened ({order['opened']:%Y-%m-%d})"
    else:
        order["closed"] = closed


def _add_equip(
    order: dict[str, Any], row: Mapping[str, Any], find: Callable[[str], tuple[str, ...]]
) -> Iterable[str]:
    written = _text(row.get("equipRef"))
    if not written:
        return
    found = find(written)
    if found:
        order["equipRef"] = Ref(found[0])
    else:
        order["equipName"] = written
        yield f"equipment {written!r:.40} is not known"


def _add_type(order: dict[str, Any], row: Mapping[str, Any]) -> Iterable[str]:
    written = _text(row.get("woType"))
    kind = written.upper()[:2] if written else ""
    if kind in {"PM", "CM"}:
        order["woType"] = kind
    elif written:
        yield f"type {written!r:.40} is neither PM nor CM"


def _add_numbers(order: dict[str, Any], row: Mapping[str, Any]) -> Iterable[str]:
    for tag, unit in (("hours", "h"), ("cost", "THB")):
        written = _text(row.get(tag))
        if not written:
            continue
        value = _number(written)
        if value is None or value < 0:
            yield f"{tag} {written!r:.40} is not a number"
        else:
            order[tag] = Number(value, unit)


def _number(written: str) -> float | None:
    try:
        value = float(re.sub(r"(?i)thb|baht|hrs?|฿|บาท|,|\s", "", written))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _instant(cell: Any, zone: ZoneInfo) -> dt.datetime | None:
    """An aware UTC instant; Buddhist years (2569) are understood."""
    local: dt.datetime | None
    if isinstance(cell, dt.datetime):
        local = cell
    elif isinstance(cell, dt.date):
        local = dt.datetime.combine(cell, dt.time())
    else:
        local = _parsed(_text(cell))
    if local is None:
        return None
    if local.year > 2400:
        try:
            local = local.replace(year=local.year - 543)
        except ValueError:  # 29 February of a Buddhist year that is no leap year in ours
            return None
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone)
    # a sheet keeps times as fractions of a day, a few milliseconds off
    whole = (local + dt.timedelta(milliseconds=500)).replace(microsecond=0)
    return whole.astimezone(dt.UTC)


def _parsed(written: str) -> dt.datetime | None:
    for form in _DATES:
        try:
            return dt.datetime.strptime(written, form)  # noqa: DTZ007  (made aware by the caller)
        except ValueError:
            continue
    return None


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).split())[:MAX_TEXT]


def _letters(cell: Any) -> str:
    return re.sub(r"[^a-z\u0e00-\u0e7f]", "", _text(cell).lower())
