"""A document as read: headings, paragraphs, list items and tables in reading order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

KINDS = {
    # how a file name starts -> kind of document, for narrowing a search
    "om-": "manual",
    "soo-": "sequence",
    "guide-": "guide",
    "policy-": "policy",
}
_APPLIES = re.compile(r"^applies to:\s*(.+)$", re.IGNORECASE)


class BlockKind(StrEnum):
    """What a block is on the page."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    TABLE = "table"


@dataclass(frozen=True)
class Block:
    """One piece of a document. `page` counts from 1, 0 where the format has no pages.

    A heading has a `level` from 1; a table has `rows`, the first of which names the columns.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int = 0
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Document:
    """`id` is the file's name without its ending; `pages` is 0 where the format has none."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    pages: int = 0

    @property
    def kind(self) -> str:
        """ "manual", "sequence", "guide" or "policy"."""
        return next((kind for start, kind in KINDS.items() if self.id.startswith(start)), "manual")

    @property
    def applies_to(self) -> str:
        """What the line "Applies to: ..." near the top says, "" without one."""
        for block in self.blocks[:10]:
            match = _APPLIES.match(block.text)
            if match and block.kind is not BlockKind.TABLE:
                return match.group(1)
        return ""


def titled(id: str, blocks: list[Block], *, title: str = "", pages: int = 0) -> Document:
    """A document named by its title, its first heading or its file name, in that order."""
    first = next((block for block in blocks if block.kind is BlockKind.HEADING), None)
    if first is not None and (not title or first.text == title):
        blocks = [block for block in blocks if block is not first]
        title = first.text
    return Document(id=id, title=title or id, blocks=tuple(blocks), pages=pages)
