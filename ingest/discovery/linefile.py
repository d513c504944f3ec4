"""lines.toml as people keep it: read and changed in place, with their comments, order and spacing. The door to tomlkit."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, InlineTable, Item, Key, KeyType, SingleKey, Table, Trivia

from ontology.errors import BadRequest

_LINES_MAX: Final = 10_000
"""[[line]] tables that are read; the largest sites have some thousands of controllers."""
_TEXT_MAX: Final = 200
"""Characters of a device's own text that are kept."""
_MARK: Final = re.compile(
    r"(?:; )?(?P<says>no longer answers|is now [^;#]{1,120}) \(\d{4}-\d\d-\d\d\)"
)
_ROW_OUT: Final = re.compile(r"""#\s*(?P<row>(?:"(?:[^"\\]|\\.)*"|'[^']*'|[\w-]+)\s*=\s*.+)""")


@dataclass(frozen=True, slots=True)
class Row:
    """A register as it stands in the file: its address and what the device says of it."""

    address: str
    name: str = ""
    about: str = ""
    unit: str = ""
    log: str = ""
    scaled: bool = False
    """Whether a scale or offset is given."""


@dataclass(slots=True)
class Entry:
    """One [[line]] as it stands in the file; `left_out` are addresses that a person put behind a #."""

    at: int
    name: str
    protocol: str
    host: str
    port: int
    device: int
    options: Mapping[str, str]
    rows: dict[str, Row] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


class LineFile:
    """The text of a lines.toml, open for changes. Raises BadRequest where it cannot be changed in place.

    Registers are marked first, then added or renamed: a line that has grown is not looked into again.
    """

    def __init__(self, text: str) -> None:
        self._crlf = "\r\n" in text
        self._before = text.replace("\r\n", "\n")
        try:
            self._doc = tomlkit.parse(self._before)
        except TOMLKitError as cause:
            raise BadRequest(f"not valid TOML: {cause}", hint="mend this line first") from cause
        lines = self._doc.get("line", [])
        if "line" in self._doc and not isinstance(lines, AoT):
            raise BadRequest(
                "the devices are one list in brackets", hint="write each as a [[line]] table"
            )
        if len(lines) > _LINES_MAX:
            raise BadRequest(f"{len(lines)} lines, {_LINES_MAX} are read", hint="split the file")
        self._tables: list[Table] = list(lines)
        self._added: list[str] = []

    @property
    def text(self) -> str:
        """The file as changed so far."""
        text = tomlkit.dumps(self._doc)
        for block in self._added:
            text = f"{text.rstrip(chr(10))}\n\n{block}" if text.strip() else text + block
        return text.replace("\n", "\r\n") if self._crlf else text

    def entries(self, ports: Mapping[str, int]) -> list[Entry]:
        """Every line of the file; `ports` are the protocols' own, where a line names none."""
        return [self._entry(at, table, ports) for at, table in enumerate(self._tables)]

    def left_out(self) -> list[dict[str, Any]]:
        """Whole [[line]] tables that a person put behind #: they are not to come back."""
        found: list[dict[str, Any]] = []
        for block in _commented(self._before.split("\n")):
            try:
                tables = tomllib.loads(block).get("line", [])
            except tomllib.TOMLDecodeError:
                continue
            found += [table for table in tables if isinstance(table, dict)]
        return found

    def _entry(self, at: int, table: Table, ports: Mapping[str, int]) -> Entry:
        plain = table.unwrap()
        protocol = str(plain.get("protocol", ""))
        registers = plain.get("registers", {})
        rows = {str(id): _row(entry) for id, entry in registers.items()}
        return Entry(
            at=at,
            name=str(plain.get("name", "")),
            protocol=protocol,
            host=str(plain.get("host", "")),
            port=int(plain.get("port", ports.get(protocol, 0))),
            device=int(plain.get("device", 0)),
            options={key: str(value) for key, value in plain.get("options", {}).items()},
            rows=rows,
            left_out=tuple(_rows_out(table)),
        )

    # --- changes ----------------------------------------------------------------------------

    def add_rows(self, at: int, rows: Mapping[str, Row]) -> None:
        """New registers at the end of a line's, before what stands between it and the next line."""
        if not rows:
            return
        registers = self._tables[at]["registers"]
        if not isinstance(registers, Table):
            for id, row in rows.items():
                registers[id] = _toml(row)
            return
        body = registers.value.body
        last = max((n for n, (key, _) in enumerate(body) if key is not None), default=-1)
        while last + 1 < len(body) and _ROW_OUT.fullmatch(body[last + 1][1].as_string().strip()):
            last += 1  # rows behind a # belong to those above them
        if last >= 0 and not body[last][1].trivia.trail:
            body[last][1].trivia.trail = "\n"  # the file ended without one
        made: list[tuple[Key | None, Item]] = [
            (_quoted_key(id), _ended(_toml(row))) for id, row in rows.items()
        ]
        body[last + 1 : last + 1] = made  # tomlkit's own insert moves blank lines about

    def rename(self, at: int, names: Mapping[str, str]) -> None:
        """Give registers other point ids, in their places."""
        registers = self._tables[at]["registers"]
        if not isinstance(registers, Table):
            raise BadRequest(
                f"line {self._tables[at].get('name')!r}: its registers are all in one line",
                hint="write [line.registers] and one point a row",
            )
        body = registers.value.body
        for n, (key, item) in enumerate(body):
            if key is not None and key.key in names:
                body[n] = (_quoted_key(names[key.key], like=key), item)

    def scale(self, at: int, id: str, scale: float, offset: float) -> None:
        """Give a register the arithmetic from its device's unit to ours."""
        registers = self._tables[at]["registers"]
        entry = registers[id]
        row = {"address": entry} if isinstance(entry, str) else dict(entry.unwrap())
        made = _inline({**row, "scale": scale, "offset": offset})
        made.trivia.comment, made.trivia.comment_ws = entry.trivia.comment, entry.trivia.comment_ws
        registers[id] = made

    def mark(self, at: int, id: str | None, says: str, today: dt.date) -> bool:
        """Say beside a register (or, with None, beside the line's name) what is wrong, and since when.

        What was said before keeps its date; "" takes it away. True where the file changed.
        """
        holder = self._tables[at] if id is None else self._tables[at]["registers"]
        if not isinstance(holder, Table):
            return False
        trivia: Trivia = holder["name" if id is None else id].trivia
        before = _MARK.search(trivia.comment)
        if before and says and before["says"] == says:
            return False
        if not before and not says:
            return False
        kept = _MARK.sub("", trivia.comment).rstrip()
        kept = "" if kept == "#" else kept
        said = f"{says} ({today.isoformat()})" if says else ""
        trivia.comment = f"{kept}; {said}" if kept and said else (f"# {said}" if said else kept)
        trivia.comment_ws = (trivia.comment_ws or "  ") if trivia.comment else ""
        return True

    def append(self, keys: Mapping[str, Any], rows: Mapping[str, Row], *, says: str = "") -> None:
        """A new [[line]] at the end of the file."""
        table = tomlkit.table()
        for key, value in keys.items():
            table[key] = _inline(value) if isinstance(value, Mapping) else value
        registers = tomlkit.table()
        for id, row in rows.items():
            registers.append(_quoted_key(id), _toml(row))
        table.add(tomlkit.nl())
        table["registers"] = registers
        many = tomlkit.aot()
        many.append(table)
        doc = tomlkit.document()
        doc["line"] = many
        head = f"# {plain_text(says)}\n" if says else ""
        self._added.append(head + tomlkit.dumps(doc))


def plain_text(text: str) -> str:
    """A device's own words on one line: printable, and no longer than a person reads."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(shown.split())[:_TEXT_MAX]


def _row(entry: Any) -> Row:
    """A register's entry, text or table; what is of another type is left blank."""
    if not isinstance(entry, dict):
        return Row(str(entry))
    said = {
        key: entry[key]
        for key in ("name", "about", "unit", "log")
        if isinstance(entry.get(key), str)
    }
    return Row(
        str(entry.get("address", "")), scaled=bool({"scale", "offset"} & entry.keys()), **said
    )


def _toml(row: Row) -> Item:
    """The shortest way to write a register."""
    words = {"name": row.name, "about": row.about, "unit": row.unit}
    keys = {"address": row.address, "log": row.log} | {
        key: plain_text(text) for key, text in words.items()
    }
    kept = {key: text for key, text in keys.items() if text}
    return tomlkit.string(row.address) if len(kept) == 1 else _inline(kept)


def _inline(keys: Mapping[str, Any]) -> InlineTable:
    """A table in one line, spaced as people write it."""
    said = ", ".join(f"{key} = {tomlkit.item(value).as_string()}" for key, value in keys.items())
    made = tomlkit.parse(f"row = {{ {said} }}")["row"]
    if not isinstance(made, InlineTable):
        raise TypeError(said)
    return made


def _quoted_key(id: str, like: Key | None = None) -> SingleKey:
    """Point ids are written in quotes, dots or none, so that they look alike."""
    said = like.as_string() if like else ""
    blank = said[len(said.rstrip()) :]  # tomlkit keeps what stands before the = with the key
    return SingleKey(id, t=KeyType.Basic, sep=f"{blank}{like.sep}" if like else " = ")


def _ended(item: Item) -> Item:
    item.trivia.trail = "\n"
    return item


def _rows_out(table: Table) -> Iterator[str]:
    """Addresses of registers behind a # between those that are read."""
    for line in table.as_string().split("\n"):
        found = _ROW_OUT.fullmatch(line.strip())
        if found is None:
            continue
        try:
            entry = next(iter(tomllib.loads(found["row"]).values()))
        except tomllib.TOMLDecodeError:
            continue
        address = _row(entry).address if isinstance(entry, (str, dict)) else ""
        if address:
            yield address


def _commented(lines: Sequence[str]) -> Iterator[str]:
    """Runs of comment lines that hold [[line]], without their #."""
    run: list[str] = []
    for line in [*lines, ""]:
        bare = line.strip()
        if bare.startswith("#"):
            run.append(bare.removeprefix("#").strip())
        elif run:
            starts = [n for n, text in enumerate(run) if text == "[[line]]"]
            for start, end in pairwise([*starts, len(run)]):
                yield "\n".join(run[start:end])
            run = []
