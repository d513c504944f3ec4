"""Hybrid search over a handful of chunks, in English and Thai."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.chunk import Chunk
from edge.engines.hashing import HashingEmbedder
from edge.index import Only
from edge.indexes.embedded import EmbeddedIndex
from edge.lexicon import ABBREVIATIONS, THAI_WORDS, in_english, spelled_out
from edge.search import Library, fuse
from edge.words import THAI, terms
from ontology.errors import BadRequest

EMBEDDER = HashingEmbedder(128)
TEXTS = {
    "doas:0": "Clean the coil strainer every 6 months.",
    "doas:1": "Discharge air temperature setpoint 14 °C.",
    "chillers:0": "Chilled water supply temperature setpoint 6.7 °C.",
    "night:0": "ถ้าแขกแจ้งว่าห้องร้อนหรือชื้น ให้ดูหน้าจอก่อน",
}
CHUNKS = {id: Chunk(id, id.split(":")[0], "Manual", text) for id, text in TEXTS.items()}


@pytest.fixture
def index(tmp_path: Path) -> EmbeddedIndex:
    made = EmbeddedIndex(tmp_path, embedder=EMBEDDER.name)
    for document in {chunk.document for chunk in CHUNKS.values()}:
        chunks = [chunk for chunk in CHUNKS.values() if chunk.document == document]
        made.replace(document, chunks, EMBEDDER.embed([chunk.indexed_text for chunk in chunks]))
    return made


def test_a_passage_says_what_found_it(index: EmbeddedIndex) -> None:
    (best, *_) = Library(index, EMBEDDER).search("clean strainer months")
    assert best.chunk.id == "doas:0"
    assert best.found_by == ("lexical", "vector")


def test_without_a_model_words_alone_find_and_the_mode_says_so(index: EmbeddedIndex) -> None:
    library = Library(index)
    assert library.mode == "lexical"
    assert Library(index, EMBEDDER).mode == "hybrid"
    found = library.search("clean strainer")
    assert [passage.found_by for passage in found] == [("lexical",)]


def test_a_thai_question_finds_the_english_manual(index: EmbeddedIndex) -> None:
    assert Library(index).search("ล้างสเตรนเนอร์ทุกกี่เดือน")[0].chunk.id == "doas:0"


def test_a_thai_question_finds_thai_text(index: EmbeddedIndex) -> None:
    assert Library(index).search("แขกแจ้งว่าห้องร้อน")[0].chunk.id == "night:0"


def test_a_trade_abbreviation_finds_its_long_form(index: EmbeddedIndex) -> None:
    assert Library(index).search("CHWS sp")[0].chunk.id == "chillers:0"


def test_a_restriction_holds_in_both_legs(index: EmbeddedIndex) -> None:
    found = Library(index, EMBEDDER).search("setpoint", only=Only(documents=("doas",)))
    assert {passage.chunk.document for passage in found} == {"doas"}


@pytest.mark.parametrize("question", ["", "   ", "x" * 5_000])
def test_an_empty_or_endless_question_is_refused(index: EmbeddedIndex, question: str) -> None:
    with pytest.raises(BadRequest) as refused:
        Library(index).search(question)
    assert refused.value.hint


def test_a_question_nothing_answers_finds_nothing(index: EmbeddedIndex) -> None:
    assert Library(index).search("xylophone") == []


def test_what_both_legs_find_comes_before_what_one_finds() -> None:
    a, b, c = (CHUNKS[id] for id in ("doas:0", "doas:1", "chillers:0"))
    fused = fuse({"lexical": [(a, 9.0), (b, 1.0)], "vector": [(c, 0.9), (b, 0.8)]})
    assert [passage.chunk for passage in fused] == [b, c, a]
    assert fused[0].score == pytest.approx(2 / 62)


@given(st.permutations(list(CHUNKS.values())), st.permutations(list(CHUNKS.values())))
def test_fusing_keeps_every_chunk_once_and_orders_by_score(
    one: list[Chunk], two: list[Chunk]
) -> None:
    fused = fuse({"lexical": [(c, 1.0) for c in one], "vector": [(c, 1.0) for c in two]})
    assert {passage.chunk.id for passage in fused} == set(CHUNKS)
    assert len(fused) == len(CHUNKS)
    assert [p.score for p in fused] == sorted((p.score for p in fused), reverse=True)


def test_every_row_of_the_lexicon_is_thai_to_english() -> None:
    assert all(
        THAI.search(word) and not THAI.search(english) for word, english in THAI_WORDS.items()
    )
    assert all(short == short.lower() for short in ABBREVIATIONS)
    assert in_english("แบตเตอรี่") == "battery"
    assert spelled_out("which strainer") == ""


@given(st.text(max_size=200))
def test_any_text_has_terms_that_can_be_counted(text: str) -> None:
    assert all(term and term == term.lower() and " " not in term for term in terms(text))
    assert not THAI.search(in_english(text))
