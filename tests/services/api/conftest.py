"""Fixtures: the small house, its application, and a server around it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # `api_house` lies beside the tests

from api_house import House, build_house, options, serving

from services.api.app import create_app


@pytest.fixture
async def house(tmp_path: Path) -> House:
    (tmp_path / "documents").mkdir()
    return await build_house(tmp_path / "documents")


@pytest.fixture
def url(house: House, tmp_path: Path) -> Iterator[str]:
    with serving(house, options(runs=tmp_path / "runs.db")) as base:
        yield base


@pytest.fixture
async def client(house: House, tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """Requests straight into the application, with its lifespan."""
    app = create_app(house, options(runs=tmp_path / "runs.db", static=tmp_path / "static"))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as opened:
            yield opened
