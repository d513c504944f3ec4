"""PDF -> blocks: headings by font size, ruled tables by pdfplumber, borderless ones by gaps in x.

pypdfium2 reads a page in a few milliseconds and pdfplumber takes ten times that, so only pages
with ruling lines go through pdfplumber.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pdfplumber
import pypdfium2
import pypdfium2.raw as pdfium

from ingest.documents.document import Block, BlockKind
from ingest.documents.markup import table_block
from ontology.errors import BadRequest, Corrupt

MAX_PAGES = 500
MARGIN = 0.09
"""Share of the page's height, at top and foot, where running titles and page numbers stand."""
HEADING_FACTOR = 1.1
"""A heading's letters are at least this much larger than the text's."""
NEW_PARAGRAPH = 1.6
"""Baselines further apart than this many font sizes do not belong to one paragraph."""
COLUMN_GAP = 1.5
"""A gap of this many font sizes between words makes a column."""
RULES_OF_A_TABLE = 4

_LOCK = threading.Lock()  # PDFium is not thread-safe
_BULLET = re.compile(r"^[\u00b7\u2022\u25cf\u25aa\uf0b7*\u2013-]\s+")
_NUMBERED = re.compile(r"^(\d{1,2}|[a-z])[.)]\s+\S")
_NUMBERED_HEADING = re.compile(r"^\d+(\.\d+)*\.?\s+[A-Z]")
_PAGE_NUMBER = re.compile(r"(page\s+\d+(\s+of\s+\d+)?|\d+(\s*/\s*\d+)?)$", re.IGNORECASE)


@dataclass(frozen=True)
class _Line:
    """One line of text. Distances in points from the page's top left corner; `cells` are (x, text)."""

    text: str
    page: int
    x: float
    baseline: float
    size: float
    bold: bool
    in_margin: bool
    cells: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class _Table:
    block: Block
    top: float
    bottom: float


def pdf_blocks(path: Path) -> tuple[list[Block], str, int]:
    """Blocks, the title in the file's metadata, and the number of pages.

    Raises BadRequest for an encrypted, scanned or endless file, Corrupt for one that is no PDF.
    """
    with _LOCK:
        pages, title = _lines(path)
    tables = _ruled_tables(path, [number for number, ruled in pages.ruled.items() if ruled])
    lines = _without_running_titles(pages.lines, pages.count, title)
    if not lines and not tables:
        raise BadRequest(f"{path.name} holds no text", hint="it is scanned: run OCR over it first")
    return list(_blocks(lines, tables)), title, pages.count


@dataclass
class _Pages:
    lines: list[_Line]
    ruled: dict[int, bool]
    count: int


def _lines(path: Path) -> tuple[_Pages, str]:
    try:
        file = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as cause:
        if "password" in str(cause).lower():
            raise BadRequest(
                f"{path.name} is encrypted", hint="save a copy without a password and add that"
            ) from cause
        raise Corrupt(
            f"{path.name} is not a readable PDF: {cause}", hint="export it again"
        ) from cause
    try:
        if len(file) > MAX_PAGES:
            raise BadRequest(
                f"{path.name} has {len(file)} pages", hint=f"split it: {MAX_PAGES} at most"
            )
        pages = _Pages([], {}, len(file))
        for number in range(1, len(file) + 1):
            page = file[number - 1]
            pages.lines += _page_lines(page, number)
            paths = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH])
            pages.ruled[number] = sum(1 for _ in paths) >= RULES_OF_A_TABLE
            page.close()
        return pages, file.get_metadata_dict().get("Title", "").strip()
    finally:
        file.close()


def _page_lines(page: Any, number: int) -> list[_Line]:
    height = page.get_height()
    text = page.get_textpage()
    rows: dict[float, list[tuple[float, float, str, float, bool]]] = {}
    for at in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(at)
        words = " ".join(text.get_text_bounded(left, bottom, right, top).split())
        if not words:
            continue
        size, bold, baseline = _style(text, (left, bottom, right, top))
        near = next((known for known in rows if abs(known - baseline) < 0.3 * size), baseline)
        rows.setdefault(near, []).append((left, right, words, size, bold))
    lines = [
        _line(sorted(parts), number, height - baseline, height)
        for baseline, parts in sorted(rows.items(), reverse=True)
    ]
    text.close()
    return lines


def _style(text: Any, box: tuple[float, float, float, float]) -> tuple[float, bool, float]:
    """Font size in points, boldness and baseline of a run, from the first letter it meets."""
    left, bottom, right, top = box
    middle = (bottom + top) / 2
    for x in (left + 0.3 * (top - bottom), (left + right) / 2, right - 0.3 * (top - bottom)):
        index = text.get_index(x, middle, 2, 2)
        if index is None or index < 0:
            continue
        size = pdfium.FPDFText_GetFontSize(text.raw, index)
        origin_x, origin_y = ctypes.c_double(), ctypes.c_double()
        if size and pdfium.FPDFText_GetCharOrigin(text.raw, index, origin_x, origin_y):
            return size, _is_bold(text, index), origin_y.value
    return top - bottom, False, bottom


def _is_bold(text: Any, index: int) -> bool:
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(text.raw, index, name, len(name), flags)
    return b"bold" in name.value.lower() or pdfium.FPDFText_GetFontWeight(text.raw, index) >= 600


def _line(
    parts: list[tuple[float, float, str, float, bool]], page: int, baseline: float, height: float
) -> _Line:
    size = max(part[3] for part in parts)
    cells: list[tuple[float, str]] = []
    end = float("-inf")
    for left, right, words, _, _ in parts:
        if cells and left - end < COLUMN_GAP * size:
            cells[-1] = (cells[-1][0], f"{cells[-1][1]} {words}")
        else:
            cells.append((left, words))
        end = right
    return _Line(
        text=" ".join(words for _, words in cells),
        page=page,
        x=parts[0][0],
        baseline=baseline,
        size=round(size, 1),
        bold=all(part[4] for part in parts),
        in_margin=not MARGIN < baseline / height < 1 - MARGIN,
        cells=tuple(cells),
    )


def _without_running_titles(lines: Sequence[_Line], pages: int, title: str) -> list[_Line]:
    plain = [re.sub(r"\d+", "#", line.text) for line in lines]
    often = Counter(text for line, text in zip(lines, plain, strict=True) if line.in_margin)
    largest = max((line.size for line in lines), default=0.0)

    def runs(line: _Line, text: str) -> bool:
        if not line.in_margin or line.size == largest:
            return False
        repeated = often[text] >= max(2, pages / 2)
        return repeated or line.text == title or bool(_PAGE_NUMBER.search(line.text))

    return [line for line, text in zip(lines, plain, strict=True) if not runs(line, text)]


def _ruled_tables(path: Path, pages: Iterable[int]) -> dict[int, list[_Table]]:
    found: dict[int, list[_Table]] = {}
    numbers = list(pages)
    if not numbers:
        return found
    with pdfplumber.open(path, pages=numbers) as file:
        for page in file.pages:
            for table in page.find_tables():
                rows = [tuple(" ".join((c or "").split()) for c in row) for row in table.extract()]
                block = table_block(rows, page=page.page_number)
                if block is not None and len(block.rows) > 1 and len(block.rows[0]) > 1:
                    _, top, _, bottom = table.bbox
                    found.setdefault(page.page_number, []).append(_Table(block, top, bottom))
            page.close()
    return found


def _blocks(lines: Sequence[_Line], tables: dict[int, list[_Table]]) -> Iterator[Block]:
    """Lines outside tables as headings, items and paragraphs; tables where they stand."""
    waiting = sorted(
        ((page, table.top, table) for page, group in tables.items() for table in group),
        key=lambda place: place[:2],
    )
    lines = [
        line
        for line in lines
        if not any(t.top <= line.baseline <= t.bottom for t in tables.get(line.page, ()))
    ]
    levels = _heading_levels(lines)
    run: list[_Line] = []
    for line in lines:
        while waiting and waiting[0][:2] < (line.page, line.baseline):
            yield from _prose(run, levels)
            run = []
            yield waiting.pop(0)[2].block
        run.append(line)
    yield from _prose(run, levels)
    yield from (table.block for _, _, table in waiting)


def _heading_levels(lines: Sequence[_Line]) -> dict[float, int]:
    """Font sizes of headings -> level from 1; the text's size is the one most letters have."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[line.size] += len(line.text) if len(line.cells) == 1 else 0
    if not letters:
        return {}
    body = letters.most_common(1)[0][0]
    larger = sorted((size for size in letters if size >= HEADING_FACTOR * body), reverse=True)
    return {size: min(level, 6) for level, size in enumerate(larger, start=1)}


def _prose(lines: Sequence[_Line], levels: dict[float, int]) -> Iterator[Block]:
    deepest = max(levels.values(), default=0) + 1
    at = 0
    while at < len(lines):
        line = lines[at]
        level = levels.get(line.size, 0)
        if not level and line.bold and len(line.text) < 80 and _NUMBERED_HEADING.match(line.text):
            level = deepest
        columns = _borderless(lines, at) if not level else 0
        if level:
            end = _heading_end(lines, at)
            text = " ".join(part.text for part in lines[at:end])
            yield Block(BlockKind.HEADING, text, level=level, page=line.page)
        elif columns:
            end = at + columns
            yield from _gap_table(lines[at:end])
        else:
            end = _paragraph_end(lines, at, levels)
            yield _paragraph(lines[at:end])
        at = end


def _heading_end(lines: Sequence[_Line], at: int) -> int:
    end = at + 1
    while end < len(lines) and _follows(lines[end - 1], lines[end], bold=True):
        end += 1
    return end


def _paragraph_end(lines: Sequence[_Line], at: int, levels: dict[float, int]) -> int:
    end = at + 1
    while (
        end < len(lines)
        and lines[end].size not in levels
        and not _starts_item(lines[end].text)
        and not _borderless(lines, end)
        and _follows(lines[end - 1], lines[end])
        and not (_starts_item(lines[at].text) and _stands_left_of(lines[end], lines[at]))
    ):
        end += 1
    return end


def _stands_left_of(line: _Line, item: _Line) -> bool:
    """An item's own lines never stand left of its bullet."""
    return line.page == item.page and line.x < item.x - 0.5 * item.size


def _follows(above: _Line, below: _Line, *, bold: bool = False) -> bool:
    """Same size and next line, or the first line of the next page after an unfinished sentence."""
    if above.size != below.size or (bold and above.bold != below.bold):
        return False
    if above.page != below.page:
        return not above.text.endswith((".", ":", ";", "?", "!")) and below.text[:1].islower()
    return 0 < below.baseline - above.baseline <= NEW_PARAGRAPH * above.size


def _starts_item(text: str) -> bool:
    return bool(_BULLET.match(text) or _NUMBERED.match(text))


def _paragraph(lines: Sequence[_Line]) -> Block:
    text = " ".join(line.text for line in lines)
    kind = BlockKind.ITEM if _starts_item(text) else BlockKind.TEXT
    return Block(kind, _BULLET.sub("", text), page=lines[0].page)


def _borderless(lines: Sequence[_Line], at: int) -> int:
    """How many lines from here on form a table without rules; 0 if fewer than three do."""
    end = at
    while end < len(lines) and len(lines[end].cells) > 1 and lines[end].page == lines[at].page:
        end += 1
    return end - at if end - at >= 3 else 0


def _gap_table(lines: Sequence[_Line]) -> Iterator[Block]:
    starts: list[float] = []
    for x in sorted(x for line in lines for x, _ in line.cells):
        if not starts or x - starts[-1] > lines[0].size:
            starts.append(x)
    rows: list[tuple[str, ...]] = []
    for line in lines:
        row = [""] * len(starts)
        for x, words in line.cells:
            column = max(n for n, start in enumerate(starts) if start <= x + 0.1)
            row[column] = f"{row[column]} {words}".strip()
        rows.append(tuple(row))
    block = table_block(rows)
    if block is not None:
        yield replace(block, page=lines[0].page)
