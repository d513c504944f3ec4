"""Who may see part of a building learns nothing of the rest: not from rows, errors or plans."""

from __future__ import annotations

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.store import frames, sql_files
from ontology.store.arrow_kinds import checked, named
from ontology.store.dialect_kinds import Backend, Kind
from ontology.store.guard import Guard
from ontology.store.sql import SqlReader
from ontology.store.sql_files import Format
from ontology.store.views import points_of, relations
from tests.ontology.sql_sources import NOW, frozen, two_days

TOWER = Building(riverside_tower())
SCOPE = points_of(TOWER, "CH-1")


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[SqlReader]:
    history = frozen(tmp_path, two_days(TOWER, ("CH-", "AHU-1.", "AHU-4.", "meter-plant.")))
    reader = SqlReader(history, TOWER, clock=lambda: NOW, scope=SCOPE)
    yield reader
    await reader.close()


async def test_errors_and_plans_tell_nothing_of_other_points(narrow: SqlReader) -> None:
    with pytest.raises(BadRequest) as wrong:
        await narrow.run("SELECT count(*) FROM points WHERE CAST(dis AS BIGINT) = 1")
    assert "Chiller 1" in str(wrong.value)
    trap = "SELECT count(*) FROM samples WHERE CAST(CASE WHEN point LIKE 'CH-2%' THEN 1e300 ELSE 1 END AS BIGINT) = 1"
    assert (await narrow.run(trap)).rows[0][0] > 0
    plan = await narrow.explain("SELECT count(*) FROM samples")
    assert plan.reads[0].points == len(SCOPE)


@pytest.mark.parametrize("backend", Backend)
def test_a_condition_is_never_tried_on_rows_out_of_scope(backend: Backend) -> None:
    guard = Guard(relations(TOWER, SCOPE), TOWER.zone, SCOPE, backend)
    for relation in ("points", "samples", "latest", "ch_1"):
        found = guard.check(f"SELECT * FROM {relation}", limit=10, now=NOW)
        assert "OFFSET 0)" in found.bounded


def test_hours_that_were_rolled_up_may_be_asked() -> None:
    assert "rollup_hourly" in relations(TOWER)


def test_a_worker_that_lies_is_not_believed() -> None:
    table = pa.table({"c0": [1]})
    assert checked(table, [Kind.WHOLE]) is table
    with pytest.raises(ValueError, match="instead of"):
        checked(table, [Kind.TEXT])
    told = BytesIO()
    frames.send(told, {}, [b"x"])
    lying = told.getvalue().replace(b"[1]", b"-1 ")
    with pytest.raises(EOFError, match="sizes"):
        frames.receive(BytesIO(lying))


def test_no_cell_of_a_csv_is_a_formula_and_no_column_is_lost() -> None:
    table = pa.table({"c0": ["=HYPERLINK(1)", "plain"], "c1": [-1.5, 2.0]})
    sink = BytesIO()
    sql_files.write(table, ("@name", "n"), sink, Format.CSV)
    assert sink.getvalue().decode().splitlines() == [
        "\"'@name\",\"n\"", "\"'=HYPERLINK(1)\",-1.5", '"plain",2',
    ]  # fmt: skip
    three = pa.table({"c0": [1], "c1": [2], "c2": [3]})
    assert len(set(named(three, ("a", "a", "a_1")).column_names)) == 3


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("SELECT power FROM CH-2", "ch_2"),
        ('SELECT * FROM points WHERE equip = "CH-2"', "single quotes"),
        ("SELECT power FROM ch_2 WHERE ts > 2026-11-20", "INTERVAL 1 DAY"),
        ("SELECT power FROM ch_2 WHERE power = NULL", "IS NULL"),
        ("SELECT power FROM ch_2 WHERE hour = 3", "hour(ts)"),
        ("SELECT to_char(ts, 'HH') FROM ch_2", "strftime"),
        ("SELECT TOP 10 * FROM ch_2", "LIMIT 10"),
        ("DESCRIBE ch_2", "FROM points"),
        ("SELECT pwer FROM ch_2", "power"),
        ("SELECT power FROM ch2", "ch_2"),
        ("SELECT '\ud800' FROM ch_2", "anew"),
    ],
)
def test_a_mistake_of_an_analyst_is_told_with_what_to_write(query: str, hint: str) -> None:
    guard = Guard(relations(TOWER), TOWER.zone)
    with pytest.raises(BadRequest) as wrong:
        guard.check(query, limit=10, now=NOW)
    assert hint in wrong.value.hint
