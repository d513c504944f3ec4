"""The manuals of Riverside Tower, written in Markdown, rendered as the PDF and DOCX files people have.

Rendering is deterministic: the same sources give the same bytes, so nothing is indexed twice.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import docx
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout

from ingest.documents.document import Block, BlockKind, Document, titled
from ingest.documents.markup import markdown_blocks
from ontology.errors import Corrupt

MANUALS = Path(__file__).parent / "manuals"
AS_DOCX = frozenset(
    {
        "om-fcu",
        "om-water-treatment",
        "guide-comfort-complaints",
        "policy-overrides",
        "guide-night-shift-th",  # PDF's built-in fonts have no Thai
    }
)
WRITTEN = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
"""The date inside every file; the latest revision among the sources."""

_SAVED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_SIZES = {1: 15.0, 2: 13.0, 3: 11.5}  # points, by heading level; text is 9.5
_TEXT = 9.5
_LINE_MM = 4.6


def manual_sources() -> dict[str, Document]:
    """Every manual by id, from its Markdown source."""
    return {
        path.stem: titled(path.stem, markdown_blocks(path.read_text("utf-8")))
        for path in sorted(MANUALS.glob("*.md"))
    }


def write_documents(folder: Path) -> list[Path]:
    """Render all manuals into `folder`; gives the files, in the order of their names."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for id, source in manual_sources().items():
        suffix, render = ("docx", _docx) if id in AS_DOCX else ("pdf", _pdf)
        path = folder / f"{id}.{suffix}"
        path.write_bytes(render(source))
        written.append(path)
    return written


class _Sheet(FPDF):  # type: ignore[misc]  # fpdf2 is untyped
    """A4 with the document's title on top and page numbers at the foot."""

    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self._title = title
        self.set_title(title)
        self.set_author("Riverside Tower Engineering")
        self.set_creation_date(WRITTEN)
        self.set_margins(20, 18)
        self.set_auto_page_break(auto=True, margin=18)
        self.alias_nb_pages()

    def header(self) -> None:
        if self.page_no() > 1:
            self.set_font("helvetica", "I", 8)
            self.cell(0, 6, self._title, align="R", new_x="LMARGIN", new_y="NEXT")
            self.ln(2)

    def footer(self) -> None:
        self.set_y(-13)
        self.set_font("helvetica", "I", 8)
        self.cell(0, 6, f"Riverside Tower  -  page {self.page_no()} of {{nb}}", align="C")


def _pdf(document: Document) -> bytes:
    sheet = _Sheet(document.title)
    sheet.add_page()
    try:
        sheet.set_font("helvetica", "B", 19)
        sheet.multi_cell(0, 9, document.title, new_x="LMARGIN", new_y="NEXT")
        sheet.ln(2)
        for block in document.blocks:
            _pdf_block(sheet, block)
    except UnicodeEncodeError as cause:
        raise Corrupt(
            f"{document.id} has letters that PDF's built-in fonts lack: {cause.object[cause.start]!r}",
            hint="render it as DOCX",
        ) from cause
    return bytes(sheet.output())


def _pdf_block(sheet: _Sheet, block: Block) -> None:
    if block.kind is BlockKind.TABLE:
        _pdf_table(sheet, block)
        return
    if block.kind is BlockKind.HEADING:
        if sheet.get_y() > 250:  # mm of 297: a heading does not stand alone at the foot
            sheet.add_page()
        sheet.ln(3 if block.level == 2 else 1.5)
        sheet.set_font("helvetica", "B", _SIZES[min(block.level, 3)])
        sheet.multi_cell(0, 6.5, block.text, new_x="LMARGIN", new_y="NEXT")
        sheet.ln(1)
        return
    sheet.set_font("helvetica", "", _TEXT)
    indent = 5 if block.kind is BlockKind.ITEM else 0
    bullet = "" if not indent or block.text[0].isdigit() else "\xb7 "
    sheet.set_x(sheet.l_margin + indent)
    sheet.multi_cell(0, _LINE_MM, bullet + block.text, align="L", new_x="LMARGIN", new_y="NEXT")
    sheet.ln(0.6 if indent else 1.6)


def _pdf_table(sheet: _Sheet, block: Block) -> None:
    sheet.set_font("helvetica", "", 8.5)
    sheet.ln(1)
    with sheet.table(
        col_widths=_widths(block),
        line_height=4.4,
        padding=0.8,
        text_align="LEFT",
        headings_style=FontFace(emphasis="BOLD", fill_color=(230, 236, 240)),
        borders_layout=TableBordersLayout.ALL,
    ) as table:
        for row in block.rows:
            table.row(row)
    sheet.ln(2.5)


def _widths(block: Block) -> tuple[int, ...]:
    """Column widths in proportion to the longest cell, within reason; no word is ever broken."""
    columns = list(zip(*block.rows, strict=True))
    words = [
        max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns
    ]
    longest = [min(60, max(map(len, column))) for column in columns]
    return tuple(max(9, word + 3, cell) for word, cell in zip(words, longest, strict=True))


def _docx(document: Document) -> bytes:
    file = docx.Document()
    about = file.core_properties
    about.title, about.author = document.title, "Riverside Tower Engineering"
    about.created = about.modified = WRITTEN.replace(tzinfo=None)
    file.add_heading(document.title, level=0)
    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            file.add_heading(block.text, level=max(1, block.level - 1))
        elif block.kind is BlockKind.ITEM:
            numbered = block.text[0].isdigit()
            file.add_paragraph(block.text, style="List" if numbered else "List Bullet")
        elif block.kind is BlockKind.TEXT:
            file.add_paragraph(block.text)
        else:
            table = file.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
            for row in block.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
    packed = io.BytesIO()
    file.save(packed)
    return timeless(packed.getvalue())


def timeless(packed: bytes) -> bytes:
    """The same zip archive with one fixed date on every member, so that equal content is equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fresh:
        for name, content in _members(packed):
            info = zipfile.ZipInfo(name, date_time=(2026, 7, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            fresh.writestr(info, _SAVED.sub(rb"\g<1>2026-07-01T00:00:00Z", content))
    return out.getvalue()


def _members(packed: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)
