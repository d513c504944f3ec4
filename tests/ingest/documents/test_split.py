"""Chunks: small enough to embed, and each knows where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.documents import manual_sources
from ingest.demo.model import riverside_tower
from ingest.documents.document import Block, BlockKind, Document
from ingest.documents.split import CHUNK_TOKENS, count_tokens, equipment_finder, split

EQUIP = [str(entity["id"].id) for entity in riverside_tower() if "equip" in entity]
SOURCES = manual_sources()


def text(words: str, page: int = 1) -> Block:
    return Block(BlockKind.TEXT, words, page=page)


def heading(words: str, level: int) -> Block:
    return Block(BlockKind.HEADING, words, level=level)


@pytest.mark.parametrize("id", sorted(SOURCES))
def test_no_chunk_of_a_manual_outgrows_the_window_and_no_word_is_lost(id: str) -> None:
    source = SOURCES[id]
    chunks = split(source, EQUIP)
    assert all(count_tokens(chunk.text) <= CHUNK_TOKENS * 1.1 for chunk in chunks)
    held = " ".join(" ".join((*chunk.headings, chunk.text)) for chunk in chunks)
    for block in source.blocks:
        for part in (block.text, *(cell for row in block.rows for cell in row)):
            assert all(word in held for word in part.split())
    assert [chunk.id for chunk in chunks] == [f"{id}:{n:04d}" for n in range(len(chunks))]


def test_a_chunk_carries_its_heading_path_and_page() -> None:
    document = Document(
        "om-x", "X",
        (heading("1 Care", 2), heading("1.1 Belts", 3), text("Tension.", 4), heading("2 Faults", 2), text("Slip.", 5)),
    )  # fmt: skip
    chunks = split(document)
    assert [(c.headings, c.page) for c in chunks] == [
        (("1 Care", "1.1 Belts"), 4),
        (("2 Faults",), 5),
    ]
    assert chunks[0].indexed_text == "X > 1 Care > 1.1 Belts\nTension."


def test_a_long_table_repeats_its_column_names() -> None:
    rows = (
        ("Code", "Meaning"),
        *((f"E{n:02d}", "condenser water flow lost " * 4) for n in range(40)),
    )
    chunks = split(Document("om-x", "X", (Block(BlockKind.TABLE, "", rows=rows),)))
    assert len(chunks) > 2
    assert all(chunk.text.startswith("Code | Meaning\n") for chunk in chunks)


def test_a_long_paragraph_is_cut_at_sentences() -> None:
    sentence = "The strainer of the coil is cleaned every six months by the shift. "
    chunks = split(Document("om-x", "X", (text(sentence * 60),)))
    assert len(chunks) > 2
    assert all(chunk.text.endswith(".") and chunk.text.startswith("The") for chunk in chunks)


def test_a_manual_is_about_the_equipment_it_applies_to() -> None:
    for chunk in split(SOURCES["om-chillers"], EQUIP):
        assert set(chunk.equip) >= {"CH-1", "CH-2", "CH-3"}
    assert all(not chunk.equip for chunk in split(SOURCES["policy-overrides"], EQUIP))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("CH-1 to CH-3", ("CH-1", "CH-2", "CH-3")),
        ("AHU-1..4", ("AHU-1", "AHU-2", "AHU-3", "AHU-4")),
        ("ch2 and Ahu 3", ("CH-2", "AHU-3")),
        ("VAV-2-07", ("VAV-2-07",)),
        ("VAV-2-11 to VAV-2-12", ("VAV-2-11", "VAV-2-12")),
        ("meter-CH-1", ("meter-CH-1",)),
        ("CH-22, SCH-1 or XCH-1", ()),
        ("FCU-1203", ("FCU-1203",)),
    ],
)
def test_equipment_is_found_as_people_write_it(words: str, found: tuple[str, ...]) -> None:
    assert equipment_finder(EQUIP)(words) == found


@given(st.text(max_size=300))
def test_looking_for_equipment_takes_any_text(words: str) -> None:
    assert set(equipment_finder(["CH-1", "AHU-1"])(words)) <= {"CH-1", "AHU-1"}
