"""The documents shelf: open what an answer cites, with the text around it, and the original file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel

from edge.chunk import Chunk
from edge.index import Only
from ontology.errors import NotFound
from services.api.deps import system as system_of
from services.api.system import System

router = APIRouter(prefix="/api", tags=["documents"])
Wired = Annotated[System, Depends(system_of)]

MEDIA_TYPES: Final = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
"""Only these are served; a browser must never run what lies in the folder."""


class DocumentLink(BaseModel):
    """A document by its id. `format` is "pdf", "docx" ...; empty when the original is not kept."""

    document: str
    title: str
    format: str = ""


class DocumentListed(DocumentLink):
    """A document with its size."""

    bytes: int


class PassageView(DocumentLink):
    """A cited chunk between its neighbours. `page` counts from 1, 0 where there are no pages."""

    id: str
    page: int
    headings: list[str]
    before: str
    text: str
    after: str


class Found(BaseModel):
    """A passage found for words."""

    id: str
    document: str
    title: str
    page: int
    headings: list[str]
    text: str
    found_by: list[str]


@router.get("/documents")
async def list_documents(system: Wired) -> list[DocumentListed]:
    """Original files on the shelf, by name."""
    files = await asyncio.to_thread(_files, system.documents)
    return [
        DocumentListed(
            document=name, title=_title(name), format=file.suffix[1:], bytes=file.stat().st_size
        )
        for name, file in files.items()
    ]


@router.get("/documents/{document}/file", response_class=FileResponse)
async def original(document: str, system: Wired) -> FileResponse:
    """The original file, to read. For a PDF, `#page=4` opens a page."""
    files = await asyncio.to_thread(_files, system.documents)
    file = files.get(document)
    if file is None:
        raise NotFound(f"no file of document {document!r:.80}", hint="see /api/documents")
    return FileResponse(
        file,
        media_type=MEDIA_TYPES[file.suffix],
        filename=file.name,
        content_disposition_type="inline",
    )


@router.get("/passages/{id}")
async def passage(id: str, system: Wired) -> PassageView:
    """A cited passage with the text before and after it."""
    chunk = await asyncio.to_thread(system.library.get, id)
    before, after = await asyncio.gather(_neighbour(system, id, -1), _neighbour(system, id, +1))
    files = await asyncio.to_thread(_files, system.documents)
    file = files.get(chunk.document)
    return PassageView(
        id=chunk.id,
        document=chunk.document,
        title=chunk.title,
        format=file.suffix[1:] if file else "",
        page=chunk.page,
        headings=list(chunk.headings),
        before=before,
        text=chunk.text,
        after=after,
    )


@router.get("/passages")
async def search(
    system: Wired,
    question: Annotated[str, Query(min_length=1, max_length=500)],
    count: Annotated[int, Query(ge=1, le=20)] = 5,
) -> list[Found]:
    """Passages for a question, best first."""
    passages = await asyncio.to_thread(system.library.search, question, count=count)
    return [_found(p.chunk, p.found_by) for p in passages]


async def documents_about(system: System, equip: str) -> list[DocumentLink]:
    """Documents that name this equipment as their subject."""
    passages = await asyncio.to_thread(
        system.library.search, equip, count=20, only=Only(equip=(equip,))
    )
    about = {p.chunk.document: p.chunk.title for p in passages if equip in p.chunk.equip}
    files = await asyncio.to_thread(_files, system.documents)
    return [
        DocumentLink(
            document=name, title=title, format=files[name].suffix[1:] if name in files else ""
        )
        for name, title in about.items()
    ]


async def _neighbour(system: System, id: str, by: int) -> str:
    """The text of the chunk before or after ("om-chillers:0012" -> 0011, 0013); "" at the ends."""
    document, _, number = id.rpartition(":")
    if not number.isdecimal():
        return ""
    try:
        other = f"{document}:{int(number) + by:0{len(number)}d}"
        return (await asyncio.to_thread(system.library.get, other)).text
    except NotFound:
        return ""


def _found(chunk: Chunk, found_by: tuple[str, ...]) -> Found:
    return Found(
        id=chunk.id,
        document=chunk.document,
        title=chunk.title,
        page=chunk.page,
        headings=list(chunk.headings),
        text=chunk.text,
        found_by=list(found_by),
    )


def _files(folder: Path) -> dict[str, Path]:
    """Files by document id, which is the name without its ending."""
    if not folder.is_dir():
        return {}
    inside = (file for file in sorted(folder.iterdir()) if file.suffix in MEDIA_TYPES)
    return {file.stem: file for file in inside if file.is_file()}


def _title(document: str) -> str:
    return document.replace("-", " ").replace("_", " ").capitalize()
