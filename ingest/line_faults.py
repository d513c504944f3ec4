"""Every fault of a lines.toml with the row it stands in: what `plantroom ingest check` says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from ingest.lines import WrongKey, all_faults

_TOML_ROW: Final = re.compile(r"\(at line (\d+), column \d+\)")
_NAMED: Final = re.compile(r"(?:again in|^line) '((?:[^'\\]|\\.)*)'")
_POINT: Final = re.compile(r"^point (\S+) is in|': (\S+) \([^)]*\) overlaps")
_KEY: Final = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*=""")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend. `row` counts from 1; 0 where it belongs to no row."""

    row: int
    key: str
    says: str
    hint: str

    def to_json(self) -> dict[str, Any]:
        return {"line": self.row, "key": self.key, "says": self.says, "hint": self.hint}


def faults_of(text: str, file: str = "lines.toml") -> list[Fault]:
    """All that is wrong, by row; none where the file can be polled."""
    rows = text.splitlines()
    found = []
    for fault in all_faults(text, file):
        key = fault.key if isinstance(fault, WrongKey) else ""
        says = str(fault).removeprefix(f"{file}: ")
        found.append(Fault(_row_of(fault, says, key, rows), key, says, fault.hint))
    return sorted(found, key=lambda fault: fault.row)


def _row_of(fault: Exception, says: str, key: str, rows: Sequence[str]) -> int:
    if isinstance(fault, WrongKey):
        return _row_of_key(rows, fault.table, key)
    at = _TOML_ROW.search(says)
    if at:
        return int(at[1])
    named = _NAMED.search(says)
    if not named:
        return 0
    tables = [n for n, own in _tables(rows) if any(_says_name(rows[i], named[1]) for i in own)]
    point = _POINT.search(says)
    if not tables:
        return 0
    number = [n for n, _ in _tables(rows)].index(tables[-1]) + 1
    return _row_of_key(rows, number, f"registers.'{point[1] or point[2]}'" if point else "name")


def _tables(rows: Sequence[str]) -> Iterator[tuple[int, range]]:
    """Index of each [[line]] and the rows that are its own."""
    starts = [n for n, row in enumerate(rows) if re.match(r"\s*\[\[\s*line\s*\]\]", row)]
    for start, end in pairwise([*starts, len(rows)]):
        yield start, range(start, end)


def _says_name(row: str, name: str) -> bool:
    return row.lstrip().startswith("name") and name in row


def _row_of_key(rows: Sequence[str], number: int, key: str) -> int:
    """The row of a key, or of the table where the key stands nowhere by itself."""
    tables = dict(enumerate(_tables(rows), start=1))
    if number not in tables:
        return 0
    start, own = tables[number]
    group, _, name = key.partition(".")
    wanted = name.strip("'") if name else group
    for n in own:
        found = _KEY.match(rows[n])
        if found and wanted in (found[1], found[2], found[3]):
            return n + 1
    for n in own:  # options = { ... } in one row
        if rows[n].lstrip(" [").startswith((group, f"line.{group}")):
            return n + 1
    return start + 1
