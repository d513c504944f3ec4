"""Questions in a technician's words find the section that answers them among the first five."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.engines.onnx import OnnxEmbedder
from edge.indexes.embedded import EmbeddedIndex
from edge.search import Library
from ingest.demo.documents import write_documents
from ingest.demo.model import riverside_tower
from ingest.documents.ingest import ingest_documents

MODELS = Path(os.environ.get("PLANTROOM_TEST_MODELS", Path(__file__).parents[3] / "var" / "models"))
QUESTIONS = json.loads(Path(__file__).with_name("retrieval.json").read_text("utf-8"))
EQUIP = [str(entity["id"].id) for entity in riverside_tower() if "equip" in entity]


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder | None:
    model = MODELS / "all-MiniLM-L6-v2"
    return OnnxEmbedder(model) if (model / "engine.json").exists() else None


@pytest.fixture(scope="module")
def index(
    embedder: OnnxEmbedder | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedIndex]:
    folder = tmp_path_factory.mktemp("library")
    with EmbeddedIndex(folder / "index", embedder=embedder.name if embedder else None) as made:
        report = ingest_documents(write_documents(folder / "documents"), made, embedder, EQUIP)
        assert not report.refused
        yield made


@pytest.fixture(params=["lexical", "hybrid"])
def library(
    request: pytest.FixtureRequest, index: EmbeddedIndex, embedder: OnnxEmbedder | None
) -> Library:
    if request.param == "hybrid" and embedder is None:
        pytest.skip(f"no model in {MODELS}: python -m edge.build {MODELS / 'all-MiniLM-L6-v2'}")
    return Library(index, embedder if request.param == "hybrid" else None)


def missed(library: Library, half: list[Any]) -> list[str]:
    def answered(question: str, sections: list[tuple[str, str]]) -> bool:
        found = [passage.chunk for passage in library.search(question, count=5)]
        return any(
            chunk.document == document and any(h.startswith(start) for h in chunk.headings)
            for chunk in found
            for document, start in sections
        )

    return [question for question, sections in half if not answered(question, sections)]


@pytest.mark.parametrize("half", ["choosing", "reporting"])
def test_nine_of_ten_questions_find_their_section(library: Library, half: str) -> None:
    lost = missed(library, QUESTIONS[half])
    assert len(lost) <= 0.1 * len(QUESTIONS[half]), lost


def test_every_answer_named_in_the_questions_exists(library: Library) -> None:
    chunks = [
        library.get(f"{document}:{n:04d}")
        for document, count in library.documents.items()
        for n in range(count)
    ]
    headings = {(chunk.document, heading) for chunk in chunks for heading in chunk.headings}
    for _, sections in [*QUESTIONS["choosing"], *QUESTIONS["reporting"]]:
        for document, start in sections:
            assert any(doc == document and heading.startswith(start) for doc, heading in headings)
