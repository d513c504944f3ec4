"""What every index of chunks promises; the plain list here is the second implementation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.chunk import Chunk
from edge.engine import Vectors
from edge.engines.hashing import HashingEmbedder
from edge.index import EVERYTHING, Index, Only
from edge.indexes.embedded import EmbeddedIndex
from edge.words import ASKING, terms
from ontology.errors import NotFound

EMBEDDER = HashingEmbedder(64)


class ListIndex:
    """Chunks in a list, every search a full scan; words are counted, not weighed."""

    def __init__(self) -> None:
        self._held: list[tuple[Chunk, Vectors | None]] = []

    def replace(self, document: str, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        self._held = [held for held in self._held if held[0].document != document]
        self._held += [(c, None if vectors is None else vectors[at]) for at, c in enumerate(chunks)]

    def lexical(
        self, words: str, *, count: int, only: Only = EVERYTHING
    ) -> list[tuple[Chunk, float]]:
        asked = set(terms(words)) - ASKING
        scored = [(c, float(len(asked & set(terms(c.indexed_text))))) for c, _ in self._held]
        return self._best([hit for hit in scored if hit[1]], count, only)

    def vector(
        self, like: Vectors, *, count: int, only: Only = EVERYTHING
    ) -> list[tuple[Chunk, float]]:
        scored = [(c, float(row @ like)) for c, row in self._held if row is not None]
        return self._best(scored, count, only)

    def get(self, id: str) -> Chunk:
        for chunk, _ in self._held:
            if chunk.id == id:
                return chunk
        raise NotFound(f"no chunk {id!r}")

    def documents(self) -> dict[str, int]:
        names = [chunk.document for chunk, _ in self._held]
        return {name: names.count(name) for name in names}

    def _best(
        self, scored: list[tuple[Chunk, float]], count: int, only: Only
    ) -> list[tuple[Chunk, float]]:
        allowed = [hit for hit in scored if only.allows(hit[0])]
        return sorted(allowed, key=lambda hit: -hit[1])[: max(0, count)]


def chunk(id: str, text: str, kind: str = "manual", equip: tuple[str, ...] = ()) -> Chunk:
    document = id.split(":", maxsplit=1)[0]
    return Chunk(id, document, document.title(), text, ("1 Care",), 3, kind, equip)


CHILLERS = [
    chunk("chillers:0", "Brush the condenser tubes of CH-2 every 6 months.", equip=("CH-2",)),
    chunk("chillers:1", "Oil analysis tells worn bearings."),
]
DOAS = [chunk("doas:0", "Clean the coil strainer every 6 months.", "sequence", ("DOAS-1",))]


def embedded(chunks: Sequence[Chunk]) -> Vectors:
    return EMBEDDER.embed([one.indexed_text for one in chunks])


@pytest.fixture(params=["list", "embedded"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    if request.param == "list":
        yield ListIndex()
        return
    with EmbeddedIndex(tmp_path / "index", embedder=EMBEDDER.name) as made:
        yield made


@pytest.fixture
def filled(index: Index) -> Index:
    index.replace("chillers", CHILLERS, embedded(CHILLERS))
    index.replace("doas", DOAS, embedded(DOAS))
    return index


def found(hits: list[tuple[Chunk, float]]) -> list[str]:
    return [hit.id for hit, _ in hits]


def by_vector(index: Index, question: str, only: Only = EVERYTHING, count: int = 5) -> list[str]:
    return found(index.vector(EMBEDDER.embed([question])[0], count=count, only=only))


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert index.lexical("strainer", count=5) == []
    assert by_vector(index, "strainer") == []
    assert index.documents() == {}


def test_a_chunk_comes_back_whole(filled: Index) -> None:
    assert filled.get("chillers:0") == CHILLERS[0]
    assert filled.lexical("condenser tubes", count=1)[0][0] == CHILLERS[0]


def test_words_find_the_chunk_that_says_them_best_first(filled: Index) -> None:
    assert found(filled.lexical("which strainer do I clean", count=5))[0] == "doas:0"
    hits = filled.lexical("brush condenser tubes 6 months", count=5)
    assert found(hits) == ["chillers:0", "doas:0"]
    assert hits[0][1] > hits[1][1]


def test_equipment_is_found_however_it_is_written(filled: Index) -> None:
    for written in ("CH-2", "ch2", "Ch-2?"):
        assert found(filled.lexical(written, count=5))[0] == "chillers:0"


def test_vectors_find_the_nearest_chunk_first(filled: Index) -> None:
    assert by_vector(filled, "worn bearings oil analysis")[0] == "chillers:1"


def test_unknown_words_find_nothing(filled: Index) -> None:
    assert filled.lexical("xylophone", count=5) == []
    assert filled.lexical("what should we do", count=5) == []


@pytest.mark.parametrize(
    ("only", "allowed"),
    [
        (Only(documents=("doas",)), {"doas:0"}),
        (Only(kinds=("manual",)), {"chillers:0", "chillers:1"}),
        (Only(equip=("CH-2",)), {"chillers:0", "chillers:1"}),
        (Only(equip=("AHU-1",)), {"chillers:1"}),
        (Only(documents=("doas",), kinds=("manual",)), set()),
    ],
    ids=["document", "kind", "equipment or about none", "other equipment", "nothing left"],
)
def test_a_restriction_holds_for_words_and_vectors(
    filled: Index, only: Only, allowed: set[str]
) -> None:
    words = "brush condenser tubes oil analysis clean strainer"
    assert set(found(filled.lexical(words, count=5, only=only))) == allowed
    assert set(by_vector(filled, words, only)) == allowed


def test_no_more_comes_back_than_asked_for(filled: Index) -> None:
    assert len(filled.lexical("care", count=2)) == 2
    assert len(by_vector(filled, "care", count=2)) == 2
    assert filled.lexical("care", count=0) == []


def test_replacing_a_document_leaves_nothing_of_the_old_one(filled: Index) -> None:
    fresh = [chunk("chillers:0", "Weigh the refrigerant.")]
    filled.replace("chillers", fresh, embedded(fresh))
    assert filled.documents() == {"chillers": 1, "doas": 1}
    assert filled.get("chillers:0").text == "Weigh the refrigerant."
    assert "chillers:1" not in by_vector(filled, "oil analysis")
    assert found(filled.lexical("oil condenser", count=5)) == []
    with pytest.raises(NotFound):
        filled.get("chillers:1")


def test_replacing_by_nothing_removes_the_document(filled: Index) -> None:
    filled.replace("doas", [], None)
    assert filled.documents() == {"chillers": 2}
    assert found(filled.lexical("strainer", count=5)) == []


def test_a_document_without_vectors_is_found_by_words_only(filled: Index) -> None:
    towers = [chunk("towers:0", "Tension the fan belt.")]
    filled.replace("towers", towers, None)
    assert found(filled.lexical("fan belt", count=5)) == ["towers:0"]
    assert "towers:0" not in by_vector(filled, "fan belt tension")


def test_every_chunk_is_its_own_nearest_neighbour(index: Index) -> None:
    many = [chunk(f"many:{n}", f"item {n} alpha{n} beta{n * 7}") for n in range(60)]
    vectors = embedded(many)
    index.replace("many", many, vectors)
    firsts = [found(index.vector(row, count=1))[0] for row in np.asarray(vectors)]
    same = [
        np.allclose(vectors[int(id.split(":")[1])], row)
        for id, row in zip(firsts, vectors, strict=True)
    ]
    assert all(same)
