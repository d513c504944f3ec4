"""The pages are true: generated ones are up to date, every knob and link exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.reference import PAGES

ROOT = Path(__file__).parents[1]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_file_a_page_names_exists(page: Path) -> None:
    named = re.findall(
        r"`((?:ontology|edge|ingest|agent|services|bench|tests|infra|web|docs)/[\w/\-.]+\.\w+)`",
        page.read_text(),
    )
    missing = [name for name in named if not (ROOT / name).exists()]
    assert missing == []
