"""Hybrid search: what words find and what vectors find, fused by rank."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

from edge.chunk import Chunk, Passage
from edge.engine import Embedder
from edge.index import EVERYTHING, Index, Only
from edge.lexicon import in_english, spelled_out
from edge.words import THAI, terms
from ontology.errors import BadRequest

RRF_K = 60
"""Reciprocal rank fusion's constant (Cormack, Clarke and Buettcher, SIGIR 2009)."""
DEPTH = 40
"""Candidates taken from each leg before fusing."""
MAX_QUESTION = 4_000
MAX_COUNT = 50


class Library:
    """The documents of a building, to be asked in English or Thai.

    Without an embedder it finds by words alone and says so in `mode`.
    """

    def __init__(self, index: Index, embedder: Optional[Embedder] = None) -> None:
        self._index = index
        self._embedder = embedder

    @property
    def mode(self) -> str:
        """ "hybrid", or "lexical" where no embedding model is there."""
        return "lexical" if self._embedder is None else "hybrid"

    @property
    def documents(self) -> dict[str, int]:
        """Number of chunks per document."""
        return self._index.documents()

    def get(self, id: str) -> Chunk:
        """One chunk; raises NotFound."""
        return self._index.get(id)

    def search(self, question: str, *, count: int = 5, only: Only = EVERYTHING) -> list[Passage]:
        """The best `count` passages, best first; empty when nothing in the documents matches.

        Raises BadRequest for an empty or endless question.
        """
        asked = question.strip()
        if not asked or len(asked) > MAX_QUESTION:
            raise BadRequest(
                f"a question of {len(asked)} characters",
                hint=f"1 to {MAX_QUESTION} can be searched",
            )
        count = max(1, min(count, MAX_COUNT))
        english = in_english(asked)
        words = " ".join((english, spelled_out(english), asked if THAI.search(asked) else ""))
        legs = {"lexical": self._index.lexical(words, count=DEPTH, only=only)}
        if self._embedder is not None and terms(english):
            meant = f"{english} {spelled_out(english)}".strip()
            (like,) = self._embedder.embed([meant])
            legs["vector"] = self._index.vector(like, count=DEPTH, only=only)
        return fuse(legs)[:count]


def fuse(legs: dict[str, list[tuple[Chunk, float]]]) -> list[Passage]:
    """Reciprocal rank fusion: a passage scores 1 / (k + rank) in each leg that found it."""
    scores: dict[str, float] = {}
    chunks: dict[str, Chunk] = {}
    found_by: dict[str, list[str]] = {}
    for leg, hits in legs.items():
        for rank, chunk in enumerate(_once(chunk for chunk, _ in hits), start=1):
            chunks[chunk.id] = chunk
            scores[chunk.id] = scores.get(chunk.id, 0.0) + 1.0 / (RRF_K + rank)
            found_by.setdefault(chunk.id, []).append(leg)
    best = sorted(scores, key=lambda found: (-scores[found], found))
    return [Passage(chunks[id], scores[id], tuple(found_by[id])) for id in best]


def _once(chunks: Iterable[Chunk]) -> Iterable[Chunk]:
    return {chunk.id: chunk for chunk in chunks}.values()
