"""The Index port: chunks by words and by vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.chunk import Chunk
from edge.engine import Vectors


@dataclass(frozen=True)
class Only:
    """Which chunks may be found; empty fields do not restrict."""

    documents: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    equip: tuple[str, ...] = ()

    def allows(self, chunk: Chunk) -> bool:
        """A chunk about no equipment in particular passes an equipment restriction."""
        return (
            (not self.documents or chunk.document in self.documents)
            and (not self.kinds or chunk.kind in self.kinds)
            and (not self.equip or not chunk.equip or bool(set(self.equip) & set(chunk.equip)))
        )


EVERYTHING = Only()


class Index(Protocol):
    """Holds chunks durably. One writer, many readers."""

    def replace(self, document: str, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        """Swap a document's chunks in one step; no chunks removes it. None: words only."""

    def lexical(
        self, words: str, *, count: int, only: Only = EVERYTHING
    ) -> list[tuple[Chunk, float]]:
        """Best chunks by BM25, best first."""

    def vector(
        self, like: Vectors, *, count: int, only: Only = EVERYTHING
    ) -> list[tuple[Chunk, float]]:
        """Best chunks by cosine to one vector of shape (dim,), best first; empty without vectors."""

    def get(self, id: str) -> Chunk:
        """One chunk; raises NotFound."""

    def documents(self) -> dict[str, int]:
        """Number of chunks per document."""
