"""A file -> a Document, whatever its format: PDF, DOCX, HTML, Markdown or plain text."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph

from ingest.documents.document import Block, BlockKind, Document, titled
from ingest.documents.markup import html_blocks, markdown_blocks, table_block, text_blocks
from ingest.documents.pdf import pdf_blocks
from ontology.errors import BadRequest, Corrupt, NotFound

MAX_BYTES = 50_000_000
MAX_UNPACKED = 200_000_000
"""A DOCX is a zip file: what it unpacks to is bounded too."""


def read_document(path: Path) -> Document:
    """Headings, text and tables of a file, in reading order.

    Raises NotFound without a file, BadRequest for a format, size or encryption it cannot take,
    Corrupt for a damaged file. The message names the file, never its folder.
    """
    if not path.is_file():
        raise NotFound(f"no document {path.name}", hint="check the name and the folder")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadRequest(
            f"{path.name} has {size / 1e6:.0f} MB",
            hint=f"split it: {MAX_BYTES // 1_000_000} MB at most",
        )
    if size == 0:
        raise Corrupt(f"{path.name} is empty", hint="copy it again")
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise BadRequest(
            f"{path.name}: no reader for {path.suffix or 'a file without ending'}",
            hint=f"use one of {', '.join(sorted(_READERS))}",
        )
    document = read(path)
    if not document.blocks:
        raise BadRequest(f"{path.name} holds no text", hint="check that it is the right file")
    return document


def _read_pdf(path: Path) -> Document:
    blocks, title, pages = pdf_blocks(path)
    return titled(path.stem, blocks, title=title, pages=pages)


def _read_docx(path: Path) -> Document:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MAX_UNPACKED:
            raise BadRequest(
                f"{path.name} unpacks to {unpacked / 1e6:.0f} MB", hint="remove its pictures"
            )
        file = docx.Document(str(path))
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError) as cause:
        if path.read_bytes()[:4] == b"\xd0\xcf\x11\xe0":  # an OLE container holds an encrypted DOCX
            raise BadRequest(
                f"{path.name} is encrypted or of the old .doc format",
                hint="save a copy as .docx without a password",
            ) from cause
        raise Corrupt(
            f"{path.name} is not a readable DOCX: {cause}", hint="save it again"
        ) from cause
    return titled(path.stem, list(_docx_blocks(file.iter_inner_content())))


def _docx_blocks(content: Iterator[Paragraph | Table]) -> Iterator[Block]:
    for part in content:
        if isinstance(part, Table):
            rows = [tuple(" ".join(c.text.split()) for c in row.cells) for row in part.rows]
            block = table_block(rows)
            if block is not None:
                yield block
            continue
        text = " ".join(part.text.split())
        style = (part.style.name or "") if part.style is not None else ""
        if not text:
            continue
        if style == "Title":
            yield Block(BlockKind.HEADING, text, level=1)
        elif style.startswith("Heading "):
            yield Block(BlockKind.HEADING, text, level=1 + int(style.split()[-1]))
        elif style.startswith("List"):
            yield Block(BlockKind.ITEM, text)
        else:
            yield Block(BlockKind.TEXT, text)


def _read_text(blocks: Callable[[str], list[Block]]) -> Callable[[Path], Document]:
    def read(path: Path) -> Document:
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as cause:
            raise Corrupt(f"{path.name} is not UTF-8 text", hint="save it as UTF-8") from cause
        return titled(path.stem, blocks(text))

    return read


_READERS: dict[str, Callable[[Path], Document]] = {
    ".pdf": _read_pdf,
    ".docx": _read_docx,
    ".md": _read_text(markdown_blocks),
    ".html": _read_text(html_blocks),
    ".htm": _read_text(html_blocks),
    ".txt": _read_text(text_blocks),
}
