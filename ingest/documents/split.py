"""Document -> chunks of about 200 tokens, each with its heading path, page and equipment.

The only home of llama-index, which is imported on first use: it takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edge.chunk import Chunk
from ingest.documents.document import Block, BlockKind, Document

CHUNK_TOKENS = 200
"""With the heading path in front this fits the 256 tokens that MiniLM reads."""
OVERLAP_TOKENS = 20
MAX_HEADINGS = 4

_TOKEN = re.compile(r"[\u0e00-\u0e7f]{1,4}|[^\W\u0e00-\u0e7f]+|[^\w\s]")
_SENTENCE = re.compile(r"[^.!?;\n]+[.!?;\n]*\s*|[.!?;\n]+\s*")
_RANGE = re.compile(
    r"\b([A-Z]{2,6}(?:-\d+)*-)(\d+)\s*(?:\.\.|to|through|\u2013)\s*(?:\1)?(\d+)\b", re.IGNORECASE
)
MAX_RANGE = 200


def split(document: Document, equip_ids: Collection[str] = ()) -> list[Chunk]:
    """Chunks in reading order. `equip_ids` are the names to look for in the text.

    A document that says what it applies to is about that equipment and whatever else a chunk
    names; any other document is about the equipment named in a heading, or about all.
    """
    find = equipment_finder(equip_ids)
    about = find(f"{document.title} {document.applies_to}") if document.applies_to else ()
    chunks = []
    for number, piece in enumerate(_pieces(document.blocks)):
        named = find(f"{' '.join(piece.headings)} {piece.text if about else ''}")
        chunks.append(
            Chunk(
                id=f"{document.id}:{number:04d}",
                document=document.id,
                title=document.title,
                text=piece.text,
                headings=piece.headings,
                page=piece.page,
                kind=document.kind,
                equip=tuple(dict.fromkeys((*about, *named))),
            )
        )
    return chunks


def equipment_finder(equip_ids: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """A function that finds equipment in text, sorted as in the text; knows "CH-1 to CH-3" and "CH1".

    >>> equipment_finder(["CH-1", "CH-2", "CH-3", "AHU-1"])("chillers CH-1..3 and ahu1")
    ('CH-1', 'CH-2', 'CH-3', 'AHU-1')
    """
    known = {_squeezed(id): id for id in equip_ids}
    if not known:
        return lambda _text: ()
    longest_first = sorted(equip_ids, key=len, reverse=True)
    spelled = "|".join(re.escape(id).replace(r"\-", "[- ]?") for id in longest_first)
    pattern = re.compile(rf"(?<![\w-])(?:{spelled})(?![\w]|-\d)", re.IGNORECASE)

    def find(text: str) -> tuple[str, ...]:
        names = (known[_squeezed(match.group())] for match in pattern.finditer(_unranged(text)))
        return tuple(dict.fromkeys(names))

    return find


def count_tokens(text: str) -> int:
    """Words and marks; four Thai letters count as one. Close to what a WordPiece model counts."""
    return len(_TOKEN.findall(text))


@dataclass(frozen=True)
class _Piece:
    text: str
    headings: tuple[str, ...]
    page: int


def _pieces(blocks: Iterable[Block]) -> Iterator[_Piece]:
    """Blocks of one section packed together until a chunk is full."""
    path: list[tuple[int, str]] = []
    held: list[tuple[str, int]] = []

    def packed() -> Iterator[_Piece]:
        headings = tuple(text for _, text in path)[-MAX_HEADINGS:]
        for group in _packed(held):
            yield _Piece("\n".join(text for text, _ in group), headings, group[0][1])
        held.clear()

    for block in blocks:
        if block.kind is BlockKind.HEADING:
            yield from packed()
            path = [(level, text) for level, text in path if level < block.level]
            path.append((block.level, block.text))
        else:
            held += [(text, block.page) for text in _texts(block)]
    yield from packed()


def _packed(held: Sequence[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    group: list[tuple[str, int]] = []
    filled = 0
    for text, page in held:
        size = count_tokens(text)
        if group and filled + size > CHUNK_TOKENS:
            yield group
            group, filled = [], 0
        group.append((text, page))
        filled += size
    if group:
        yield group


def _texts(block: Block) -> Iterator[str]:
    """The block as text, in parts that fit a chunk."""
    if block.kind is BlockKind.TABLE:
        yield from _table_texts(block.rows)
    elif count_tokens(block.text) <= CHUNK_TOKENS:
        yield ("- " if block.kind is BlockKind.ITEM else "") + block.text
    else:
        yield from _splitter().split_text(block.text)


def _table_texts(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines of cells, the column names repeated on top of each part."""
    head = " | ".join(rows[0])
    lines: list[str] = [head]
    filled = count_tokens(head)
    for row in rows[1:]:
        line = " | ".join(row)
        size = count_tokens(line)
        if len(lines) > 1 and filled + size > CHUNK_TOKENS:
            yield "\n".join(lines)
            lines, filled = [head], count_tokens(head)
        lines.append(line)
        filled += size
    yield "\n".join(lines)


@lru_cache(maxsize=1)
def _splitter() -> Any:
    from llama_index.core.node_parser import SentenceSplitter  # noqa: PLC0415  (takes seconds)

    return SentenceSplitter(
        chunk_size=CHUNK_TOKENS,
        chunk_overlap=OVERLAP_TOKENS,
        tokenizer=_TOKEN.findall,
        chunking_tokenizer_fn=_SENTENCE.findall,
    )


def _unranged(text: str) -> str:
    """ "CH-1 to CH-3" -> "CH-1 CH-2 CH-3"."""

    def each(match: re.Match[str]) -> str:
        start, first, last = match.group(1), match.group(2), match.group(3)
        numbers = range(int(first), min(int(last), int(first) + MAX_RANGE) + 1)
        spelled = " ".join(f"{start}{number:0{len(first)}d}" for number in numbers)
        return spelled or match.group()

    return _RANGE.sub(each, text)


def _squeezed(name: str) -> str:
    return re.sub(r"[- ]", "", name).upper()
