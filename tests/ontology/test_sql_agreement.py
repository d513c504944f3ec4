"""Questions nobody wrote: DuckDB's workers and a real PostgreSQL 15 agree on them, or both say no."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.errors import BadRequest
from ontology.store.pg_history import PgHistory
from ontology.store.sql import SqlReader, Table
from tests.ontology.sql_grammar import NOW, Questions, awkward, berlin
from tests.ontology.sql_sources import frozen
from tests.postgres import postgres, programs

BOTH = tuple[SqlReader, SqlReader]
_ENGINES_OWN = re.compile("the query cannot run|stands where")
"""Errors whose words are the engine's, or show its SQL."""


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all questions: connections and workers belong to it."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def both(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BOTH]:
    """The same awkward samples on both engines."""
    bin = programs()
    if bin is None:
        pytest.skip("PostgreSQL is not installed")
    tower, samples = berlin(), awkward()
    folder = tmp_path_factory.mktemp("agreement")
    with postgres(bin) as server:
        history = PgHistory.open(server.fresh(), tower)
        runner.run(history.bulk([samples]))
        readers = (
            SqlReader(frozen(folder, samples), tower, clock=lambda: NOW),
            SqlReader(history, tower, clock=lambda: NOW),
        )
        yield readers
        for reader in readers:
            runner.run(reader.close())
        runner.run(history.close())


SEEDS = st.integers(0, 2**32)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=SEEDS)
def test_a_question_has_one_answer(both: BOTH, runner: asyncio.Runner, seed: int) -> None:
    agreed(both, runner, seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=SEEDS)
def test_a_thousand_questions_have_one_answer_each(
    both: BOTH, runner: asyncio.Runner, seed: int
) -> None:
    agreed(both, runner, seed)


FOUND = {
    "a most frequent value that is always the same": "SELECT mode(left('CH', 1)), mode(3), mad(2.5) FROM ch_2",
    "numbers in texts": "SELECT concat('a', power), power || '', 1e3::VARCHAR FROM ch_2 ORDER BY ts, 1",
    "texts of several collations": "SELECT lower('A') || greatest('a', 'b') AS x FROM ch_2 UNION SELECT dayname(ts) FROM ch_2 ORDER BY x",
    "a whole number rounded up": "SELECT round(power) % ceil(7), floor(length('ab')) FROM ch_2 ORDER BY ts, 1",
    "the hour that comes twice": "SELECT hour(ts) AS h, duration_where(power > 1, ts), integral(power, ts), delta(power, ts) FROM ch_2 GROUP BY h ORDER BY h",
    "the hour that comes twice, of points": "SELECT point, duration_where(value > 1, ts), delta(value, ts) FROM samples GROUP BY point ORDER BY point",
    "a bound inside the hour that comes twice": "SELECT duration_where(true, ts), delta(power, ts) FROM ch_2 WHERE ts >= '2026-10-25 02:30'",
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_once_differed_agrees(both: BOTH, runner: asyncio.Runner, name: str) -> None:
    assert compared(both, runner, FOUND[name]) is not None


def test_a_night_with_one_hour_more_has_it_in_durations(both: BOTH, runner: asyncio.Runner) -> None:
    """From 0:00 to 6:00 seven hours pass; rows are 20 minutes apart, with gaps of at most an hour counted."""
    query = "SELECT duration_where(true, ts, 10080) FROM (SELECT * FROM ch_2) AS s WHERE ts < '2026-10-25 06:00'"
    plain = query.replace("(SELECT * FROM ch_2) AS s", "ch_2")
    hours = [runner.run(both[0].run(q)).rows[0][0] for q in (plain, query)]
    assert hours[0] == pytest.approx(hours[1] + 1, abs=0.5)


def agreed(both: BOTH, runner: asyncio.Runner, seed: int) -> None:
    query = Questions(Random(seed)).query()
    compared(both, runner, query)


def compared(both: BOTH, runner: asyncio.Runner, query: str) -> Table | None:
    """The rows, equal on both engines; None where both say no."""
    duck, postgres = (runner.run(asked(reader, query)) for reader in both)
    if isinstance(duck, str) or isinstance(postgres, str):
        assert isinstance(duck, str), (query, postgres)
        assert isinstance(postgres, str), (query, duck)
        same = duck == postgres or all(_ENGINES_OWN.search(said) for said in (duck, postgres))
        assert same, (query, duck, postgres)
        return None
    assert duck.columns == postgres.columns
    assert len(duck.rows) == len(postgres.rows), query
    for one, other in zip(*(sorted(t.rows, key=_key) for t in (duck, postgres)), strict=True):
        assert all(_same(a, b) for a, b in zip(one, other, strict=True)), (query, one, other)
    if re.search("ORDER BY (1|x)", query):
        first = ([row[0] for row in table.rows] for table in (duck, postgres))
        assert all(_same(a, b) for a, b in zip(*first, strict=True)), query
    return duck


async def asked(reader: SqlReader, query: str) -> Table | str:
    """The answer, or what was said instead."""
    try:
        return await reader.run(query, limit=1_000, timeout_s=30)
    except BadRequest as error:
        return f"{error} ({error.hint})"


def _key(row: tuple[Any, ...]) -> list[tuple[bool, str, Any]]:
    """So that equal rows lie beside each other, whatever the order in which floats were added."""
    return [
        (v is None, "number" if isinstance(v, (int, float)) else "text",
         float(f"{v:.6g}") if isinstance(v, float) else v)
        for v in row
    ]  # fmt: skip


def _same(a: object, b: object) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-7)
    return type(a) is type(b) and a == b
