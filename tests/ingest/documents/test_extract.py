"""Manuals as people have them: what is read from them, and what is refused with a hint."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st

from ingest.demo.documents import manual_sources, write_documents
from ingest.documents import extract, pdf
from ingest.documents.document import Block, BlockKind, Document
from ingest.documents.extract import read_document
from ingest.documents.markup import html_blocks, markdown_blocks
from ontology.errors import BadRequest, Corrupt, NotFound


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    paths = write_documents(tmp_path_factory.mktemp("documents"))
    return {path.stem: read_document(path) for path in paths}


def of_kind(document: Document, kind: BlockKind) -> list[Block]:
    return [block for block in document.blocks if block.kind is kind]


def rows(document: Document) -> list[tuple[str, ...]]:
    """Table rows without their headers, which a PDF repeats on each page."""
    return [row for table in of_kind(document, BlockKind.TABLE) for row in table.rows[1:]]


@pytest.mark.parametrize("id", sorted(manual_sources()))
def test_a_rendered_manual_reads_back_as_it_was_written(
    id: str, rendered: dict[str, Document]
) -> None:
    source, read = manual_sources()[id], rendered[id]
    assert read.title == source.title
    assert read.applies_to == source.applies_to
    headings = [[(b.level, b.text) for b in of_kind(d, BlockKind.HEADING)] for d in (read, source)]
    assert headings[0] == headings[1]
    assert rows(read) == rows(source)
    assert len(of_kind(read, BlockKind.ITEM)) == len(of_kind(source, BlockKind.ITEM))
    words = [" ".join(b.text for b in d.blocks if b.kind is BlockKind.TEXT) for d in (read, source)]
    assert words[0] == words[1]


def test_pages_are_counted_and_running_titles_left_out(rendered: dict[str, Document]) -> None:
    chillers = rendered["om-chillers"]
    assert chillers.pages >= 3
    assert [b.page for b in chillers.blocks] == sorted(b.page for b in chillers.blocks)
    assert {b.page for b in chillers.blocks} == set(range(1, chillers.pages + 1))
    text = " ".join(b.text for b in chillers.blocks)
    assert "page 2 of" not in text
    assert chillers.title not in text


def test_kinds_follow_the_names_of_files(rendered: dict[str, Document]) -> None:
    kinds = {id: document.kind for id, document in rendered.items()}
    assert kinds["om-doas"] == "manual"
    assert kinds["soo-air"] == "sequence"
    assert kinds["guide-alarms"] == "guide"
    assert kinds["policy-overrides"] == "policy"


def borderless(path: Path) -> Path:
    sheet = FPDF()
    sheet.add_page()
    sheet.set_font("helvetica", "", 10)
    sheet.multi_cell(0, 5, "Belts by machine follow here.", new_x="LMARGIN", new_y="NEXT")
    sheet.ln(5)
    for row in (
        ("Machine", "Belt", "Pieces"),
        ("CT-1", "B85", "3"),
        ("AHU-2", "", "2"),
        ("AHU-3", "A60", "2"),
    ):
        for text, width in zip(row, (50, 40, 20), strict=True):
            sheet.cell(width, 5, text)
        sheet.ln(5)
    sheet.output(str(path))
    return path


def test_a_table_without_rules_is_read_by_its_gaps(tmp_path: Path) -> None:
    document = read_document(borderless(tmp_path / "belts.pdf"))
    (table,) = of_kind(document, BlockKind.TABLE)
    assert table.rows[0] == ("Machine", "Belt", "Pieces")
    assert table.rows[1] == ("CT-1", "B85", "3")
    assert table.rows[3] == ("AHU-3", "A60", "2")


def test_an_encrypted_pdf_is_refused_with_a_hint(tmp_path: Path) -> None:
    sheet = FPDF()
    sheet.add_page()
    sheet.set_encryption(owner_password="o", user_password="u")
    sheet.output(str(tmp_path / "locked.pdf"))
    with pytest.raises(BadRequest, match=r"locked\.pdf is encrypted") as refused:
        read_document(tmp_path / "locked.pdf")
    assert "password" in refused.value.hint


def test_a_scan_without_text_is_refused_with_a_hint(tmp_path: Path) -> None:
    sheet = FPDF()
    sheet.add_page()
    sheet.rect(20, 20, 50, 50)
    sheet.output(str(tmp_path / "scan.pdf"))
    with pytest.raises(BadRequest, match="no text") as refused:
        read_document(tmp_path / "scan.pdf")
    assert "OCR" in refused.value.hint


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("torn.pdf", b"%PDF-1.7 torn", Corrupt),
        ("torn.docx", b"PK\x03\x04torn", Corrupt),
        ("old.docx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, BadRequest),
        ("empty.md", b"", Corrupt),
        ("blank.md", b"  \n\n", BadRequest),
        ("latin.txt", b"temp \xb0C", Corrupt),
        ("movie.mp4", b"....", BadRequest),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, name: str, content: bytes, kind: type[BadRequest | Corrupt]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=name.split(".", maxsplit=1)[0]) as refused:
        read_document(tmp_path / name)
    assert refused.value.hint
    assert str(tmp_path) not in str(refused.value)


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_document(tmp_path / "none.pdf")


def test_huge_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("# Big\n" + "x " * 100)
    monkeypatch.setattr(extract, "MAX_BYTES", 50)
    with pytest.raises(BadRequest, match="MB"):
        read_document(tmp_path / "a.md")
    monkeypatch.setattr(extract, "MAX_BYTES", 10_000_000)
    monkeypatch.setattr(pdf, "MAX_PAGES", 0)
    with pytest.raises(BadRequest, match="1 pages"):
        read_document(borderless(tmp_path / "belts.pdf"))


def test_a_docx_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "0" * 100_000)
    monkeypatch.setattr(extract, "MAX_UNPACKED", 50_000)
    with pytest.raises(BadRequest, match="unpacks"):
        read_document(tmp_path / "bomb.docx")


def test_html_gives_headings_items_and_tables() -> None:
    blocks = html_blocks(
        "<head><title>x</title><style>p{}</style></head><h2>Care</h2><p>Clean &amp; dry.</p>"
        "<ul><li>one<li>two</ul><table><tr><th>Part</th><th>No</th></tr><tr><td>Belt</td><td>B85</td></tr></table>"
        "<script>alert(1)</script>"
    )
    assert [(b.kind.value, b.text) for b in blocks[:2]] == [
        ("heading", "Care"),
        ("text", "Clean & dry."),
    ]
    assert blocks[-1].rows == (("Part", "No"), ("Belt", "B85"))
    assert not any("alert" in b.text for b in blocks)


@given(st.text(alphabet="# |-*1.\n abcÀก", max_size=300))
def test_any_markdown_is_read_without_losing_letters(text: str) -> None:
    blocks = markdown_blocks(text)
    kept = "".join(b.text + "".join("".join(row) for row in b.rows) for b in blocks)
    assert sum(text.count(c) for c in "abcÀก") == sum(kept.count(c) for c in "abcÀก")


@given(st.text(alphabet="<>/tdrh1pli&; abc", max_size=300))
def test_any_html_is_read(text: str) -> None:
    assert all(block.text or block.rows for block in html_blocks(text))
