"""The review: a table people edit, out and in. What nobody said yes to is not applied."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rapidfuzz import process

from ingest.exchange.sheets import Sheet, read_sheets
from ingest.tagging.kinds import KIND
from ingest.tagging.raw import Equipment, Proposal
from ontology.definitions import STANDARD
from ontology.errors import BadRequest, Refused
from ontology.kinds import Ref
from ontology.units import symbol

COLUMNS: Final = (
    "accept", "confidence", "name", "description", "device", "id", "tags", "equip", "equip_kind", "place",
    "unit", "kind", "reasons",
)  # fmt: skip
NEEDED: Final = ("accept", "name", "id", "tags", "equip", "equip_kind", "place", "unit", "kind")
_YES: Final = frozenset(["yes", "y", "true", "1", "x", "ja", "j", "oui", "o", "si", "ok", "ใช่"])
_NO: Final = frozenset(["", "?", *["no", "n", "false", "0", "nein", "non", "ไม่"]])
FUNCTIONS: Final = frozenset({"sensor", "cmd", "sp"})
OUR_TAGS: Final = frozenset({"basin", "offset", "oil", "fire"})
"""Tags we propose that the standard has no def for."""
_KINDS: Final = ("", "Bool", "Number", "Str")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the start of a formula, full-width signs too; and our own mark."""
_MOST: Final = 10
"""Faults told at once."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row a person (or the threshold) said yes to. `tags` holds `point`; `row` is the line in the file."""

    name: str
    device: str
    id: str
    tags: frozenset[str]
    equip: Equipment
    unit: str
    kind: str
    row: int


def write_review(path: Path, proposals: Sequence[Proposal], *, force: bool = False) -> None:
    """Write a CSV for any spreadsheet, whole or not at all.

    `accept` is "yes" where the proposal is sure, else "?". A cell that a spreadsheet would run as a
    formula gets an apostrophe in front, which `read_review` takes away. Raises Refused, unless with
    `force`, for a file that is there and says anything else: a person may have answered in it.
    """
    text = _as_csv(proposals)
    if path.exists() and not force and path.read_bytes() != text:
        raise Refused(
            f"{path} is there, and may hold answers of a person",
            hint="accept it, give another name with -o, or write over it with --force",
        )
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _as_csv(proposals: Sequence[Proposal]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    table.writerows([harmless(cell) for cell in _cells(p)] for p in proposals)
    return text.getvalue().encode("utf-8-sig")


def _cells(proposal: Proposal) -> tuple[str, ...]:
    raw, equip = proposal.raw, proposal.equip
    return (
        "yes" if proposal.sure else "?",
        f"{proposal.confidence:.2f}",
        raw.shown,
        raw.description[:200],
        raw.device[:200],
        proposal.id,
        " ".join(sorted(proposal.tags)),
        equip.id,
        equip.kind,
        equip.place,
        proposal.unit,
        proposal.kind,
        "; ".join(proposal.reasons),
    )


def harmless(cell: str) -> str:
    """A cell no spreadsheet runs, on one line.

    >>> harmless("=HYPERLINK(1)"), harmless(" +1"), harmless("AHU-1.SAT")
    ("'=HYPERLINK(1)", "' +1", 'AHU-1.SAT')
    """
    line = "".join(" " if char in "\r\n\v\f\x00\u2028\u2029" else char for char in cell)
    line = line.encode("utf-8", "replace").decode("utf-8")
    return f"'{line}" if line.lstrip(" ").startswith(_FORMULA) else line


def restored(cell: str) -> str:
    """The cell as it was before `harmless`."""
    return cell[1:] if cell.startswith("'") and cell[1:].lstrip(" ").startswith(_FORMULA) else cell


def read_review(path: Path, *, also: Collection[str] = ()) -> list[Accepted]:
    """The accepted rows of a review, CSV or XLSX, in order. `also`: a site's own tags.

    Raises BadRequest that names row and column of each fault (at most ten) and applies nothing:
    a changed heading, an unknown word in `accept`, an unknown tag, kind or id, two rows with one id.
    """
    sheet = read_sheets(path)[0]
    at = _headings(sheet, path.name)
    faults: list[str] = []
    accepted = list(_accepted(sheet, at, frozenset(also), faults))
    faults += _clashes(accepted)
    if faults:
        more = f" and {len(faults) - _MOST} more" if len(faults) > _MOST else ""
        raise BadRequest(
            f"{path.name}: {'; '.join(faults[:_MOST])}{more}",
            hint="mend these cells and accept the file again; nothing was applied",
        )
    return accepted


def unanswered(path: Path) -> int:
    """Rows of a review that still wait for a person's yes or no."""
    sheet = read_sheets(path)[0]
    at = _headings(sheet, path.name)["accept"]
    return sum(cells[at].strip() == "?" for cells in sheet.rows[1:] if at < len(cells))


def _headings(sheet: Sheet, name: str) -> dict[str, int]:
    found = [cell.strip().lower() for cell in sheet.rows[0]] if sheet.rows else []
    missing = [column for column in NEEDED if column not in found]
    twice = sorted({column for column in NEEDED if found.count(column) > 1})
    if missing or twice:
        fault = (
            f"lacks the column {', '.join(missing)}"
            if missing
            else f"has the column {', '.join(twice)} twice"
        )
        raise BadRequest(
            f"{name}, row 1 {fault}", hint=f"the headings of a review: {', '.join(COLUMNS)}"
        )
    return {column: found.index(column) for column in NEEDED} | {
        column: found.index(column) for column in COLUMNS if column in found
    }


def _accepted(
    sheet: Sheet, at: dict[str, int], also: frozenset[str], faults: list[str]
) -> Iterator[Accepted]:
    known = STANDARD.tags | OUR_TAGS | also
    for number, cells in enumerate(sheet.rows[1:], 2):
        if not any(cells):
            continue
        row = {
            column: restored(cells[i]).strip() if i < len(cells) else "" for column, i in at.items()
        }
        word = row["accept"].strip().lower()
        if word not in _YES | _NO:
            faults.append(
                f"row {number}, column accept: {row['accept'][:20]!r} is neither yes nor no"
            )
        elif word in _YES:
            found = [f"row {number}, column {fault}" for fault in _faults(row, known)]
            faults += found
            if not found:
                yield _row(row, number)


def _row(row: dict[str, str], number: int) -> Accepted:
    return Accepted(
        name=row["name"],
        device=row.get("device", ""),
        id=row["id"],
        tags=frozenset({"point", *row["tags"].split()}),
        equip=Equipment(row["equip"], row["equip_kind"], row["place"]),
        unit=symbol(row["unit"]),
        kind=row["kind"] or "Number",
        row=number,
    )


def _faults(row: dict[str, str], known: Collection[str]) -> Iterator[str]:
    tags = row["tags"].split()
    for tag in tags:
        if tag not in known:
            near = process.extractOne(tag, sorted(known), score_cutoff=60)
            yield f"tags: unknown tag {tag[:40]!r}" + (f", nearest {near[0]!r}" if near else "")
    if len(FUNCTIONS & set(tags)) != 1:
        yield "tags: one of sensor, cmd or sp is needed, and only one"
    if not _is_ref(row["id"]):
        yield f"id: {row['id'][:40]!r} is no id (letters, digits and _ : - . ~)"
    if row["equip_kind"] and row["equip_kind"] not in KIND:
        yield f"equip_kind: unknown kind {row['equip_kind'][:40]!r}; kinds: {', '.join(sorted(KIND))}"
    if row["equip_kind"] and not row["equip"]:
        yield "equip: a kind without the equipment it is of"
    if row["kind"] not in _KINDS:
        yield f"kind: {row['kind'][:20]!r} is none of Bool, Number, Str"


def _is_ref(id: str) -> bool:
    try:
        Ref(id)
    except BadRequest:
        return False
    return True


def _clashes(accepted: Sequence[Accepted]) -> Iterator[str]:
    """Two rows with one id, or one equipment of two kinds."""
    ids: dict[str, int] = {}
    kinds: dict[str, tuple[str, int]] = {}
    for row in accepted:
        first = ids.setdefault(row.id, row.row)
        if first != row.row:
            yield f"row {row.row}, column id: {row.id!r} is accepted in row {first} already"
        kind, where = kinds.setdefault(row.equip.id, (row.equip.kind, row.row))
        if row.equip.id and kind != row.equip.kind:
            yield (
                f"row {row.row}, column equip_kind: {row.equip.id!r} is {row.equip.kind or 'of no kind'} here "
                f"and {kind or 'of no kind'} in row {where}"
            )
