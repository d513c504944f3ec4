"""The verb `sql` on a long result: told by its columns, kept whole under an id."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.tools.sql import FEW, sql
from ingest.demo.model import riverside_tower
from ontology.graph import Building
from ontology.store.artefacts import Artefacts
from ontology.store.sql import SqlReader
from tests.agent.tower import tower
from tests.ontology.sql_sources import NOW, frozen, two_days

TOWER = Building(riverside_tower())


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlReader]:
    samples = two_days(TOWER, ("CH-2", "AHU-4.fan", "AHU-1.return", "meter-plant"))
    reader = SqlReader(frozen(tmp_path_factory.mktemp("tool"), samples), TOWER, clock=lambda: NOW)
    yield reader
    asyncio.run(reader.close())


async def test_a_long_result_is_summed_up_and_kept(reader: SqlReader, tmp_path: Path) -> None:
    box = replace(await tower(), sql=reader, artefacts=Artefacts(tmp_path))
    found = await sql(box, query="SELECT ts, power, load FROM ch_2 ORDER BY ts")
    lines = found.summary.splitlines()
    assert lines[0] == "576 rows [E1]"
    assert "power: min 0, max 23, mean 11.5" in found.summary
    assert "unknown" in next(line for line in lines if line.startswith("load:"))
    assert f"kept as {found.facts['artefact']}" in found.summary
    assert (tmp_path / f"{found.facts['artefact']}.parquet").exists()
    assert len([line for line in lines if line.startswith("2026-11-18 ")]) == FEW
    assert any(f.name == "power.mean" and f.value == pytest.approx(11.5) for f in found.figures)


async def test_a_short_result_is_told_as_it_is(reader: SqlReader, tmp_path: Path) -> None:
    box = replace(await tower(), sql=reader, artefacts=Artefacts(tmp_path))
    found = await sql(box, query="SELECT max(power) AS kw FROM ch_2")
    assert found.summary.splitlines() == ["1 rows [E1]", "kw", "23"]
    assert "artefact" not in found.facts
    assert not any(tmp_path.iterdir())  # noqa: ASYNC240  (a handful of names)
