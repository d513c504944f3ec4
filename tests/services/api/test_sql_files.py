"""SQL over HTTP as files: what analysts load into their own tools, and what the agent kept."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pyarrow as pa
import pyarrow.parquet
import pytest
from api_house import House

from ingest.demo.model import riverside_tower
from ontology.graph import Building
from ontology.store.artefacts import Artefacts
from ontology.store.sql import SqlReader
from tests.ontology.sql_sources import NOW, frozen, two_days

POWER = "SELECT ts, power FROM ch_2 ORDER BY ts"


@pytest.fixture
async def reader(house: House, tmp_path: Path) -> AsyncIterator[SqlReader]:
    """The small house, with real samples to ask."""
    tower = Building(riverside_tower())
    samples = two_days(tower, ("CH-2", "AHU-4.fan", "AHU-1.return", "meter-plant"))
    reader = SqlReader(frozen(tmp_path, samples), tower, clock=lambda: NOW)
    house.sql = reader  # type: ignore[assignment]
    yield reader
    await reader.close()


async def test_a_query_becomes_a_file_of_the_format_asked_for(
    client: httpx2.AsyncClient, reader: SqlReader
) -> None:
    async def exported(format: str, **more: object) -> httpx2.Response:
        asked = {"query": POWER, **more}
        return await client.post(f"/api/sql/export?format={format}", json=asked)

    parquet = await exported("parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(parquet.content))
    assert (table.num_rows, table.column_names) == (576, ["ts", "power"])
    arrow = await exported("arrow")
    assert pa.ipc.open_stream(arrow.content).read_all().num_rows == 576
    text = await exported("csv", limit=5)
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert text.headers["x-plantroom-truncated"] == "true"
    assert text.text.splitlines()[:2] == ['"ts","power"', '"2026-11-18 14:30:00",14']
    rows = (await exported("json", limit=2)).json()
    assert rows[0] == {"ts": "2026-11-18 14:30:00", "power": 14.0}
    assert (await exported("xml")).status_code == 422
    assert (await client.post("/api/sql/export", json={"query": "DROP TABLE samples"})).status_code == 403  # fmt: skip


async def test_what_a_query_would_read_is_told_before_it_runs(
    client: httpx2.AsyncClient, reader: SqlReader
) -> None:
    told = (await client.post("/api/sql/explain", json={"query": POWER})).json()
    assert told["engine"] == "duckdb"
    assert told["reads"][0]["relation"] == "ch_2"
    assert told["reads"][0]["rows"] > 576


async def test_a_kept_result_is_fetched_by_its_id(
    client: httpx2.AsyncClient, house: House, reader: SqlReader, tmp_path: Path
) -> None:
    house.artefacts = Artefacts(tmp_path / "artefacts")  # type: ignore[attr-defined]
    id = house.artefacts.keep(await reader.run(POWER, limit=100))  # type: ignore[attr-defined]
    found = await client.get(f"/api/artefacts/{id}")
    assert pyarrow.parquet.read_table(io.BytesIO(found.content)).num_rows == 100
    assert (await client.get("/api/artefacts/q-0000000000000000")).status_code == 404
    assert (await client.get("/api/artefacts/..%2F..%2Fetc%2Fpasswd")).status_code == 404
