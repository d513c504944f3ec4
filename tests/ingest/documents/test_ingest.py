"""A folder of manuals brought into the index, again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.engines.hashing import HashingEmbedder
from edge.indexes.embedded import EmbeddedIndex
from ingest.documents.ingest import Report, ingest_documents
from ontology.errors import BadRequest

EMBEDDER = HashingEmbedder(32)


class Shelf:
    """Two manuals, an index and a ledger in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.index = EmbeddedIndex(folder / "index", embedder=EMBEDDER.name)
        self.write("pumps", "# Pumps\n\nGrease the bearings.\n")
        self.write("towers", "# Towers\n\nTension the belt.\n")

    def write(self, id: str, text: str) -> None:
        (self.folder / f"{id}.md").write_text(text)

    def ingest(self, embedder: HashingEmbedder | None = EMBEDDER) -> Report:
        paths = sorted(self.folder.glob("*.md"))
        return ingest_documents(paths, self.index, embedder, ledger=self.folder / "ledger.json")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_new_manuals_are_indexed_and_unchanged_ones_skipped(shelf: Shelf) -> None:
    assert shelf.ingest().indexed == {"pumps": 1, "towers": 1}
    again = shelf.ingest()
    assert (again.indexed, again.unchanged) == ({}, ["pumps", "towers"])
    assert shelf.index.embedded() == {"pumps": 1, "towers": 1}


def test_a_changed_manual_is_read_again_and_a_deleted_one_goes(shelf: Shelf) -> None:
    shelf.ingest()
    shelf.write("pumps", "# Pumps\n\nReplace the seal.\n")
    (shelf.folder / "towers.md").unlink()
    report = shelf.ingest()
    assert (report.indexed, report.removed) == ({"pumps": 1}, ["towers"])
    assert shelf.index.documents() == {"pumps": 1}
    assert shelf.index.get("pumps:0000").text == "Replace the seal."


def test_another_embedder_embeds_everything_again(shelf: Shelf) -> None:
    shelf.ingest(None)
    assert shelf.index.embedded() == {}
    assert shelf.ingest().indexed == {"pumps": 1, "towers": 1}
    assert shelf.index.embedded() == {"pumps": 1, "towers": 1}


def test_a_manual_that_cannot_be_read_is_reported_and_keeps_its_old_chunks(shelf: Shelf) -> None:
    shelf.ingest()
    (shelf.folder / "pumps.md").write_bytes(b"\xff\xfe\xff")
    report = shelf.ingest()
    assert [(refused.name, bool(refused.hint)) for refused in report.refused] == [
        ("pumps.md", True)
    ]
    assert shelf.index.documents() == {"pumps": 1, "towers": 1}
    shelf.write("pumps", "# Pumps\n\nGrease the bearings.\n")
    assert shelf.ingest().refused == []


def test_a_lost_index_or_a_damaged_ledger_means_reading_again(shelf: Shelf) -> None:
    shelf.ingest()
    (shelf.folder / "ledger.json").write_text("[1")
    assert len(shelf.ingest().indexed) == 2
    shelf.index.replace("pumps", [], None)
    assert shelf.ingest().indexed == {"pumps": 1}


def test_two_files_of_one_name_are_refused(shelf: Shelf) -> None:
    other = shelf.folder / "pumps.txt"
    other.write_text("twin")
    with pytest.raises(BadRequest, match="one document"):
        ingest_documents([shelf.folder / "pumps.md", other], shelf.index, None)


def test_progress_runs_to_the_end(shelf: Shelf) -> None:
    told: list[float] = []
    ingest_documents(sorted(shelf.folder.glob("*.md")), shelf.index, None, (), told.append)
    assert told == [0.5, 1.0]
