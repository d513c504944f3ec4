"""Markdown, HTML and plain text -> blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from ingest.documents.document import Block, BlockKind

_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|(\d+)[.)])\s+(.+)$")
_RULE = re.compile(r"^\s*\|?[\s:|-]+\|?\s*$")
_KEY_LINE = re.compile(r"^(applies to|document):", re.IGNORECASE)
_BREAKING = frozenset({"p", "div", "section", "article", "br", "ul", "ol", "table", "blockquote"})
_SILENT = frozenset({"script", "style", "head", "nav"})


def markdown_blocks(text: str) -> list[Block]:
    """Headings, lists, pipe tables and paragraphs; inline emphasis is kept as written."""
    blocks: list[Block] = []
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        block, at = _next_block(lines, at)
        if block is not None:
            blocks.append(block)
    return blocks


def text_blocks(text: str) -> list[Block]:
    """Paragraphs between blank lines."""
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))
    return [Block(BlockKind.TEXT, part) for part in parts if part]


def html_blocks(text: str) -> list[Block]:
    """Headings, paragraphs, list items and tables; scripts and navigation are left out."""
    reader = _Html()
    reader.feed(text)
    reader.close()
    return reader.finished()


def _next_block(lines: list[str], at: int) -> tuple[Block | None, int]:
    line = lines[at]
    if not line.strip():
        return None, at + 1
    if heading := _HEADING.match(line):
        return Block(BlockKind.HEADING, heading.group(2), level=len(heading.group(1))), at + 1
    if line.lstrip().startswith("|"):
        rows = [_cells(row) for row in _run(lines, at, "|") if not _RULE.match(row)]
        return table_block(rows), at + sum(1 for _ in _run(lines, at, "|"))
    if item := _ITEM.match(line):
        number = f"{item.group(1)}. " if item.group(1) else ""
        return Block(BlockKind.ITEM, number + item.group(2).strip()), at + 1
    if _KEY_LINE.match(line):
        return Block(BlockKind.TEXT, line.strip()), at + 1
    end = at
    while end < len(lines) and _continues(lines[end], first=end == at):
        end += 1
    return Block(BlockKind.TEXT, " ".join(" ".join(lines[at:end]).split())), end


def _continues(line: str, *, first: bool) -> bool:
    starts_other = _HEADING.match(line) or _ITEM.match(line) or line.lstrip().startswith("|")
    return first or bool(line.strip() and not starts_other)


def _run(lines: list[str], at: int, start: str) -> Iterator[str]:
    for line in lines[at:]:
        if not line.lstrip().startswith(start):
            return
        yield line


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip().strip("|").split("|"))


def table_block(rows: list[tuple[str, ...]], page: int = 0) -> Block | None:
    """A table with at least one row, every row as wide as the widest; None for nothing."""
    rows = [row for row in rows if any(row)]
    if not rows:
        return None
    width = max(map(len, rows))
    full = tuple(row + ("",) * (width - len(row)) for row in rows)
    return Block(BlockKind.TABLE, "", page=page, rows=full)


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[Block] = []
        self._text: list[str] = []
        self._rows: list[tuple[str, ...]] = []
        self._row: list[str] | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  (HTMLParser's own signature)
        if tag in _SILENT:
            self._silent += 1
        elif tag == "tr":
            self._flush()
            self._row = []
        elif tag in {"td", "th"}:
            self._text = []
        elif tag in _BREAKING or tag == "li" or re.fullmatch(r"h[1-6]", tag):
            self._flush()

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif re.fullmatch(r"h[1-6]", tag):
            self._flush(BlockKind.HEADING, int(tag[1]))
        elif tag in {"td", "th"} and self._row is not None:
            self._row.append(self._taken())
        elif tag == "tr" and self._row is not None:
            self._rows.append(tuple(self._row))
            self._row = None
        elif tag == "table":
            self._end_table()
        elif tag == "li":
            self._flush(BlockKind.ITEM)
        elif tag in _BREAKING:
            self._flush()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)

    def finished(self) -> list[Block]:
        self._end_table()
        self._flush()
        return self._blocks

    def _end_table(self) -> None:
        block = table_block(self._rows)
        self._rows = []
        if block is not None:
            self._blocks.append(block)

    def _flush(self, kind: BlockKind = BlockKind.TEXT, level: int = 0) -> None:
        if self._row is not None:
            return
        text = self._taken()
        if text:
            self._blocks.append(Block(kind, text, level=level))

    def _taken(self) -> str:
        text = " ".join("".join(self._text).split())
        self._text = []
        return text
