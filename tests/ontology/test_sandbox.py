"""The SQL worker: it reads samples, and whatever is asked of it, nothing else happens."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet
import pytest

from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest, NotFound, Refused
from ontology.graph import Building
from ontology.store.artefacts import Artefacts
from ontology.store.dialect_kinds import Kind
from ontology.store.guard import Guarded
from ontology.store.sandbox_pool import Sandbox
from ontology.store.sql import SqlReader
from ontology.store.sql_engine import TooLate, TooMuch, WrongQuery
from ontology.store.sql_files import Format
from ontology.store.views import points_of
from tests.ontology.sql_sources import NOW, Frozen, frozen, two_days

TOWER = Building(riverside_tower())


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    samples = two_days(TOWER, ("CH-", "AHU-", "fcu-8", "meter-", "weather"))
    return frozen(tmp_path_factory.mktemp("sandbox"), samples)


@pytest.fixture(scope="module")
def box(history: Frozen) -> Iterator[Sandbox]:
    box = Sandbox(history, TOWER)
    yield box
    asyncio.run(box.close())


@pytest.fixture(scope="module")
def reader(history: Frozen) -> Iterator[SqlReader]:
    reader = SqlReader(history, TOWER, clock=lambda: NOW)
    yield reader
    asyncio.run(reader.close())


def unguarded(sql: str) -> Guarded:
    """What would reach the worker if the guard let everything through."""
    return Guarded(sql, sql, 10, ("samples",), ("x",), (Kind.TEXT,))


ESCAPES = (
    "SELECT content FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/proc/self/environ')",
    "SELECT * FROM glob('/*')",
    "COPY (SELECT 1) TO '/tmp/plantroom-escape'",
    "ATTACH '/tmp/plantroom-escape.duckdb' AS other",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '64GB'",
    "SET enable_external_access = true",
    "SELECT getenv('HOME')",
    "SELECT * FROM 'http://127.0.0.1:1/x.csv'",
    "DROP TABLE store.points",
    "DELETE FROM store.fresh",
    "DELETE FROM s0.cold",
    "CREATE TABLE t AS SELECT 1",
    "EXPORT DATABASE '/tmp/plantroom-escape'",
    "SELECT 1; DROP TABLE store.points",
)


@pytest.mark.parametrize("sql", ESCAPES)
async def test_even_without_the_guard_a_worker_can_do_no_harm(box: Sandbox, sql: str) -> None:
    """Files, network, settings and writes are shut by the worker itself."""
    with pytest.raises((BadRequest, Refused)):
        await box.run(unguarded(sql), timeout_s=2.5)
    assert not escaped()
    assert await count(box) > 10_000


def escaped() -> list[Path]:
    return list(Path("/tmp").glob("plantroom-escape*"))


def environment(pid: int) -> bytes:
    """Nothing where the process is no more."""
    path = Path(f"/proc/{pid}/environ")
    return path.read_bytes() if path.exists() else b""


async def count(box: Sandbox) -> int:
    query = Guarded("", "SELECT count(*) FROM main.samples", 1, ("samples",), ("n",), (Kind.WHOLE,))
    found = await box.run(query, timeout_s=2.5)
    return int(found.arrow.column(0)[0].as_py())


RUNAWAYS = (
    "SELECT sum(a.range + b.range + c.range) FROM range(1000000) a, range(1000000) b, range(1000) c",
    "SELECT count(*) FROM (SELECT md5(range::VARCHAR) AS m FROM range(10000000000)) WHERE m = 'x'",
)


@pytest.mark.parametrize("sql", RUNAWAYS)
async def test_a_runaway_is_gone_within_three_seconds(box: Sandbox, sql: str) -> None:
    await box.warm()
    began = time.monotonic()
    with pytest.raises(TooLate):
        await box.run(unguarded(sql), timeout_s=1.0)
    assert time.monotonic() - began < 3.0
    assert await count(box) > 10_000


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 2000000000)",
        "SELECT list(range) FROM range(400000000)",
        "SELECT median(a.range * b.range) FROM range(30000) a, range(30000) b",
    ],
)
async def test_what_wants_too_much_memory_ends_and_the_next_question_answers(
    box: Sandbox, sql: str
) -> None:
    await box.warm()
    with pytest.raises((TooMuch, TooLate, WrongQuery, BadRequest)):
        await box.run(unguarded(sql), timeout_s=5)
    assert await count(box) > 10_000


async def test_a_worker_that_dies_is_replaced_unseen(box: Sandbox) -> None:
    await box.warm()
    for pid in box.pids():
        os.kill(pid, 9)
    await asyncio.sleep(0.1)
    assert await count(box) > 10_000


async def test_a_newer_snapshot_is_seen_by_the_next_question(
    history: Frozen, tmp_path: Path
) -> None:
    moving = replace(history)
    box = Sandbox(moving, TOWER)
    before = await count(box)
    more = frozen(tmp_path, two_days(TOWER, ("CH-", "AHU-4", "AHU-1", "meter-plant")))
    moving.at = replace(more.at, version=2)
    assert await count(box) < before
    await box.close()


async def test_workers_end_with_the_reader(history: Frozen) -> None:
    box = Sandbox(history, TOWER)
    await box.warm()
    pids = box.pids()
    assert pids
    await box.close()
    assert not any(environment(pid) for pid in pids)


async def test_secrets_of_the_server_are_not_in_a_worker(
    history: Frozen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTROOM_WEBHOOK_SECRET", "do-not-tell")
    box = Sandbox(history, TOWER)
    await box.warm()
    for pid in box.pids():
        assert b"do-not-tell" not in environment(pid)
        assert b"PYTHONPATH" in environment(pid)
    await box.close()


SEE_ALL = (
    "SELECT point FROM samples",
    "SELECT s.point FROM samples s",
    "SELECT samples.point FROM latest samples",
    "WITH a AS (SELECT point FROM latest) SELECT point FROM a",
    "SELECT point FROM points UNION SELECT point FROM samples",
    "SELECT p.point FROM points p LEFT JOIN latest l ON l.point = p.point",
    "SELECT point FROM points WHERE point IN (SELECT point FROM latest) OR true",
    "SELECT l.point FROM latest l ANTI JOIN (SELECT point FROM points WHERE 1 = 0) p USING (point)",
    "SELECT max(point) FROM samples UNION ALL SELECT min(point) FROM latest",
)


@pytest.mark.parametrize("query", SEE_ALL)
async def test_who_may_see_one_floor_sees_no_other(narrow: SqlReader, query: str) -> None:
    inside = points_of(TOWER, "floor-8")
    found = {str(row[0]) for row in (await narrow.run(query, limit=5_000)).rows}
    assert found <= inside
    assert found


@pytest.fixture(scope="module")
def narrow(history: Frozen) -> SqlReader:
    return SqlReader(history, TOWER, clock=lambda: NOW, scope=points_of(TOWER, "floor-8"))


@pytest.mark.parametrize(
    "query",
    ["SELECT * FROM ch_2", "WITH ch_2 AS (SELECT 1) SELECT * FROM ch_2 c JOIN ch_1 USING (ts)"],
)
async def test_equipment_out_of_sight_is_not_even_named(narrow: SqlReader, query: str) -> None:
    with pytest.raises(Refused, match="no table or view"):
        await narrow.run(query)


async def test_results_become_files(reader: SqlReader, tmp_path: Path) -> None:
    query = "SELECT ts, power, load, 'a,b' AS text, ts::DATE AS day FROM ch_2 ORDER BY ts"
    for format in Format:
        found = await reader.export(query, tmp_path / f"x.{format}", format)
        assert found.arrow.num_rows == 576
    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.column_names == ["ts", "power", "load", "text", "day"]
    text = (tmp_path / "x.csv").read_text()
    assert text.splitlines()[0] == '"ts","power","load","text","day"'
    assert "2026-11-18 14:30:00" in text
    assert len(pyarrow.csv.read_csv(tmp_path / "x.csv")) == 576


async def test_kept_results_are_bounded_and_found_by_their_id(
    reader: SqlReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = await reader.run("SELECT ts, power FROM ch_2", limit=500)
    monkeypatch.setattr("ontology.store.artefacts.MAX_FILES", 3)
    kept = Artefacts(tmp_path / "kept")
    ids = []
    for n in range(5):
        ids.append(kept.keep(table))
        os.utime(kept.path(ids[-1]), (n, n) if n < 4 else None)
    assert sum(name.startswith("q-") for name in os.listdir(tmp_path / "kept")) <= 3  # noqa: PTH208  (async)
    assert pyarrow.parquet.read_table(kept.path(ids[-1])).num_rows == 500
    for wrong in (ids[0], "../../etc/passwd", "q-0", ""):
        with pytest.raises(NotFound):
            kept.path(wrong)


async def test_what_a_query_would_read_is_told(reader: SqlReader) -> None:
    told = await reader.explain("SELECT avg(power) FROM ch_2 JOIN samples USING (ts)")
    assert [read.relation for read in told.reads] == ["ch_2", "samples"]
    assert 0 < told.reads[0].rows < told.reads[1].rows
    assert "avg" in told.engine_sql
