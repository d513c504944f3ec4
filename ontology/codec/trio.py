"""Trio, records of tags written by hand: https://project-haystack.org/doc/docHaystack/Trio.

A record is a dict: a grid's meta, its columns' meta and a record without tags have no place in Trio.
`Trio:` gives a dict where one record follows and a list of dicts where several do; `Zinc:` gives a grid,
or any one Zinc value.

Texts without quotes: the standard allows A-Z, a-z and _, its older text spaces and dashes too, and what
servers write goes further ("AHU-1, north", "$siteRef $navName"). So whatever begins no Zinc value is a
text; what begins one must be one. Texts are written in quotes unless the standard's narrowest rule allows
them without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from ontology.codec import zinc
from ontology.codec.depth import MAX_DEPTH, is_shallow
from ontology.codec.lines import MAX_LINE, lines_in, lines_of
from ontology.codec.names import tag_name
from ontology.codec.rows import Rows
from ontology.codec.scan import Scanner
from ontology.codec.zinc_read import WORDS, read_whole
from ontology.errors import Corrupt
from ontology.kinds import MARKER, Grid
from ontology.units import kinds_of_unit

_TAG: Final = re.compile(r"([a-z][A-Za-z0-9_]*)[ \t]*(?:(:)[ \t]*(.*))?", re.DOTALL)
_DASHES: Final = re.compile(r"-+[ \t]*")
_BEGUN: Final = re.compile(
    r"[\"`\[{@^]|<<|[A-Z][A-Za-z0-9_]*\(\"|C\([0-9., \-]*\)$|Bin\([^\"()]+\)$"
    r"|-?[0-9]\S*$|-INF$|[0-9]{4}-[0-9]{2}-[0-9]{2}T"
)
"""How a text, list, dict, grid, ref, symbol, uri, XStr, coordinate, number, date or time begins: what
begins so and is none of them is a mistake, not a text. With a space a number is a text ("3rd floor")."""
_APART: Final = re.compile(r"-?[0-9][0-9_.]*(?:[eE][+-]?[0-9]+)?[ \t]+(\S+)")
"""A number and a word: "5 kW" is a number written wrong, "100 Main" an address."""
_SAFE: Final = re.compile(r"[A-Za-z_]+")
_BOOLS: Final = {"true": True, "false": False}
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_INDENT: Final = "  "


def encode(grid: Grid) -> str:
    """The rows of a grid as records. Raises Corrupt for what is no Haystack value."""
    return "".join(parts(grid.rows))


def parts(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The text in pieces, one a record."""
    for row in rows:
        tags = [_written(name, value) for name, value in row.items() if value is not None]
        if tags:
            yield "".join(tags) + "---\n"


def decode(text: str) -> Grid:
    """The records as a grid whose columns are the union of their tags. Raises Corrupt by line."""
    return stream(lines_in(text)).grid()


def read(file: BinaryIO) -> Rows:
    """The records of a Trio file. Raises Corrupt while iterating."""
    return stream(lines_of(file))


def stream(lines: Iterable[str]) -> Rows:
    """Records given line by line, without line ends."""
    return Rows((), _records(_Lines(lines), 0))


class _Lines:
    """Lines with their numbers, one of them looked at ahead; `indent` places them in a larger text."""

    def __init__(self, lines: Iterable[str], first: int = 1, indent: int = 0) -> None:
        self._lines = iter(lines)
        self.indent = indent
        self.number = first - 1
        self.line: str | None = ""
        self.step()

    def step(self) -> None:
        self.line = next(self._lines, None)
        self.number += 1

    def block(self) -> tuple[int, int, list[str]]:
        """The indented lines that come next: number of the first, their indentation, themselves."""
        first, found, size = self.number, [], 0
        while self.line is not None and (not self.line.strip(" \t") or self.line[0] in " \t"):
            found.append(self.line)
            size += len(self.line) + 1
            if size > MAX_LINE:
                raise self.error(0, f"an indented text below {MAX_LINE // 2**20} MB", self.line)
            self.step()
        while found and not found[-1].strip(" \t"):
            found.pop()
        while found and not found[0].strip(" \t"):
            found.pop(0)
            first += 1
        shift = min(
            (len(line) - len(line.lstrip(" \t")) for line in found if line.strip(" \t")), default=0
        )
        return first, shift, [line[shift:] if line.strip(" \t") else "" for line in found]

    def error(self, at: int, wanted: str, found: str, *, hint: str = "") -> Corrupt:
        return Corrupt(
            f"line {self.number}, column {at + self.indent + 1}: wanted {wanted}, "
            f"found {found[at : at + 20]!r}",
            hint=hint or "one tag a line: `name`, or `name: value`",
        )


def _records(lines: _Lines, depth: int) -> Iterator[dict[str, Any]]:
    record: dict[str, Any] = {}
    while (line := lines.line) is not None:
        if not line.strip(" \t") or line.lstrip(" \t").startswith("//"):
            lines.step()
        elif _DASHES.fullmatch(line):
            lines.step()
            if record:
                yield record
            record = {}
        else:
            _read_tag(lines, line, record, depth)
    if record:
        yield record


def _read_tag(lines: _Lines, line: str, record: dict[str, Any], depth: int) -> None:
    match = _TAG.fullmatch(line.rstrip(" \t"))
    if match is None:
        indented = line[0] in " \t"
        at = 0 if indented else len(line) - len(line.lstrip("abcdefghijklmnopqrstuvwxyz"))
        wanted = "a tag at the start of the line" if indented else "a tag and a colon"
        raise lines.error(
            at, wanted, line, hint="indented lines belong to `name:` above" if indented else ""
        )
    name, colon, text = match.groups()
    if name in record:
        raise lines.error(0, f"a tag other than {name!r}, which was already given", line)
    if not colon:
        lines.step()
        record[name] = MARKER
        return
    number, column = lines.number, lines.indent + match.start(3)
    lines.step()
    value = _read_value(lines, text, (number, column), depth)
    if not (depth or is_shallow(value)):
        raise Corrupt(
            f"line {number}, column {column + 1}: wanted at most {MAX_DEPTH} nested levels",
            hint="give what lies deeper an entity of its own",
        )
    if value is not None:
        record[name] = value


def _read_value(lines: _Lines, text: str, place: tuple[int, int], depth: int) -> Any:
    if text == "":
        return "\n".join(lines.block()[2])
    if text in {"Zinc:", "Trio:"}:
        return _read_nested(lines, text, depth + 1)
    if text in _BOOLS:
        return _BOOLS[text]
    if text not in WORDS and not _begins_value(text):
        return text
    if text[0] == "[" and lines.line is not None and lines.line[:1] in {" ", "\t"}:
        inner = [line for line in lines.block()[2] if not line.lstrip(" \t").startswith("//")]
        text = " ".join([text, *inner])
    return read_whole(Scanner((text,), first=place[0], indent=place[1]))


def _begins_value(text: str) -> bool:
    apart = _APART.fullmatch(text)
    return _BEGUN.match(text) is not None or (apart is not None and bool(kinds_of_unit(apart[1])))


def _read_nested(lines: _Lines, form: str, depth: int) -> Any:
    first, shift, block = lines.block()
    indent = lines.indent + shift
    if depth > MAX_DEPTH:
        raise lines.error(0, f"at most {MAX_DEPTH} nested levels", form)
    if form == "Trio:":
        records = list(_records(_Lines(block, first, indent), depth))
        return records[0] if len(records) == 1 else records
    if block and block[0].startswith("ver:"):
        return zinc.stream(block, first=first, indent=indent).grid()
    return read_whole(Scanner(block, first=first, indent=indent))


def _written(name: str, value: Any) -> str:
    if value is MARKER:
        return f"{tag_name(name)}\n"
    if isinstance(value, str):
        text = _text(value)
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = zinc.encode_value(value)
        if isinstance(value, Grid):
            text = "Zinc:\n" + _indented(zinc.encode(value).rstrip("\n"))
        elif "\n" in text:  # a grid inside of a list or dict
            text = "Zinc:\n" + _indented(text)
    space = "" if text.startswith("\n") else " "
    return f"{tag_name(name)}:{space}{text}\n"


def _text(text: str) -> str:
    """Without quotes, as an indented block, or quoted: the plainest form that reads back the same."""
    if _SAFE.fullmatch(text) and text not in WORDS and text not in _BOOLS:
        return text
    lines = text.split("\n")
    is_block = (
        len(lines) > 1
        and not _CONTROL.search(text)
        and all(line.strip(" \t") or not line for line in lines)
        and lines[0].strip(" \t") != ""
        and lines[-1].strip(" \t") != ""
        and any(line and line[0] not in " \t" for line in lines)
    )
    return "\n" + _indented(text) if is_block else zinc.encode_value(text)


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line if line else "" for line in text.split("\n"))
