"""A chunk of a document, and a passage found for a question."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Chunk:
    """About 200 tokens of a document with where they stand, for citing.

    `id` is stable over re-indexing: "om-chillers:0012". `page` counts from 1, 0 where there are no pages.
    `equip` names the equipment the document is about ("CH-1"), empty for all.
    """

    id: str
    document: str
    title: str
    text: str
    headings: tuple[str, ...] = ()
    page: int = 0
    kind: str = "manual"
    equip: tuple[str, ...] = field(default=())

    @property
    def indexed_text(self) -> str:
        """What is searched: the heading path in front of the text."""
        return " > ".join((self.title, *self.headings)) + "\n" + self.text


@dataclass(frozen=True)
class Passage:
    """A chunk found for a question. `found_by` says how: "lexical", "vector" or both."""

    chunk: Chunk
    score: float
    found_by: tuple[str, ...]
