"""SQL over the demo building: what analysts ask works, what attacks ask is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest, Refused
from ontology.graph import Building
from ontology.history import Samples, Status
from ontology.kinds import Ref
from ontology.store.dialect_spans import SPANS
from ontology.store.duck import DuckHistory
from ontology.store.guard_words import FUNCTIONS
from ontology.store.sql import SqlReader
from ontology.store.views import view_name, wide_views
from ontology.time import Span
from tests.ontology.sql_sources import NOW, frozen, two_days


@pytest.fixture(scope="module")
def tower() -> Building:
    return Building(riverside_tower())


@pytest.fixture(scope="module")
def reader(tower: Building, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlReader]:
    history = frozen(tmp_path_factory.mktemp("sql"), two_days(tower))
    reader = SqlReader(history, tower, clock=lambda: NOW)
    yield reader
    asyncio.run(reader.close())


LEGITIMATE = (
    "SELECT * FROM ahu_1 ORDER BY ts DESC LIMIT 5",
    "FROM ch_2",
    "SELECT ts, power FROM ch_2 WHERE ts >= '2026-11-20' ORDER BY ts",
    "SELECT bucket(ts, 60) AS hour, avg(power) AS kw FROM ch_2 GROUP BY hour ORDER BY hour",
    "SELECT date_trunc('day', ts) AS day, max(power), min(power) FROM ch_2 GROUP BY 1 ORDER BY 1",
    "SELECT hour(ts) AS h, avg(zone_air_temp) FROM room_807 GROUP BY ALL ORDER BY h",
    "SELECT pct(zone_air_temp, 95), pct(zone_air_temp, 5) FROM room_807",
    "SELECT last_of(power, ts), first_of(power, ts) FROM meter_main",
    (
        "SELECT p.floor, round(avg(l.value), 2) AS t FROM latest l JOIN points p ON p.point = l.point"
        " WHERE p.role = 'zone-air-temp' GROUP BY p.floor ORDER BY t DESC"
    ),
    (
        "SELECT p.equip, l.value, p.unit FROM latest l JOIN points p USING (point)"
        " WHERE p.role = 'zone-air-temp' AND l.value > 26 ORDER BY l.value DESC LIMIT 10"
    ),
    (
        "SELECT a.ts, a.power / nullif(a.cooling_power, 0) AS kw_per_kw, w.outside_air_wet_bulb FROM ch_2 a"
        " JOIN weather w ON a.ts = w.ts WHERE a.run = 1"
    ),
    "SELECT a.ts, a.power, w.outside_air_temp FROM ch_2 a ASOF JOIN weather w ON a.ts >= w.ts",
    "SELECT a.ts, w.outside_air_temp FROM ch_2 a ASOF JOIN weather w USING (ts)",
    (
        "WITH hourly AS (SELECT bucket(ts, 60) AS h, avg(power) AS kw FROM ch_2 GROUP BY 1)"
        " SELECT h, kw, kw - lag(kw) OVER (ORDER BY h) AS step FROM hourly ORDER BY h"
    ),
    "WITH m AS (SELECT avg(power) AS kw FROM ch_2) SELECT ts, power - kw FROM ch_2 CROSS JOIN m LIMIT 3",
    "SELECT count(*) FROM samples WHERE point = 'CH-2.power' AND ts BETWEEN '2026-11-19' AND '2026-11-20'",
    "SELECT equip_kind, count(*) FROM points GROUP BY equip_kind ORDER BY 2 DESC",
    "SELECT point, dis FROM points WHERE dis ILIKE '%chilled water%' AND floor = 4 LIMIT 20",
    "SELECT equip FROM points WHERE place = 'room-807' GROUP BY equip",
    "SELECT corr(power, cooling_power), regr_slope(power, cooling_power) FROM ch_1",
    "SELECT avg(power) FILTER (WHERE hour(ts) BETWEEN 9 AND 17) FROM meter_main",
    "SELECT ts, CASE WHEN cooling_valve > 90 THEN 'open' ELSE 'shut' END AS valve FROM ahu_2 LIMIT 5",
    "SELECT max(energy) - min(energy) AS kwh FROM meter_plant WHERE ts >= now() - INTERVAL 1 DAY",
    "SELECT 'CH-1' AS equip, avg(power) AS kw FROM ch_1 UNION ALL SELECT 'CH-2', avg(power) FROM ch_2",
    "SELECT ts, power, row_number() OVER (ORDER BY power DESC) AS n FROM ch_2 QUALIFY n <= 3",
    "SELECT count(*) FROM latest WHERE ts < now() - INTERVAL 30 MINUTE",
    "SELECT dayname(ts) AS day, median(power) FROM meter_main GROUP BY day",
    "SELECT ts, avg(power) OVER (ORDER BY ts ROWS BETWEEN 11 PRECEDING AND CURRENT ROW) FROM ch_2 LIMIT 4",
    "SELECT avg(zone_air_temp), avg(vav_2_07_zone_air_temp) FROM offices;",
    "SELECT status, count(*) FROM samples WHERE point LIKE 'AHU-2.%' GROUP BY status",
    "SELECT ts::DATE AS d, count(*) FROM room_1407 WHERE zone_air_co2 IS NOT NULL GROUP BY d HAVING count(*) > 1",
)  # fmt: skip


@pytest.mark.parametrize("query", LEGITIMATE)
async def test_an_analyst_may_ask(reader: SqlReader, query: str) -> None:
    table = await reader.run(query, timeout_s=20)
    assert table.columns
    again = await reader.run(table.sql, timeout_s=20)
    assert again.columns == table.columns
    assert len(again.rows) == len(table.rows)


REFERENCE = (Path(__file__).parents[2] / "docs/reference-sql.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", REFERENCE, re.DOTALL))
async def test_the_examples_of_the_reference_run(reader: SqlReader, query: str) -> None:
    table = await reader.run(query, timeout_s=20)
    assert table.columns
    assert table.rows or "hour(ts) < 6" not in query


CALLS = (
    "count(*)", "count(power)", "sum(power)", "avg(power)", "mean(power)", "min(power)", "max(power)", "median(power)",
    "mode(power)", "pct(power, 90)", "quantile(power, 0.5)", "quantile_cont(power, 0.5)", "quantile_disc(power, 0.5)",
    "approx_quantile(power, 0.5)", "approx_count_distinct(power)", "stddev(power)", "stddev_pop(power)", "variance(power)",
    "var_pop(power)", "corr(power, load)", "covar_pop(power, load)",
    "covar_samp(power, load)", "regr_slope(power, load)", "regr_intercept(power, load)", "regr_r2(power, load)", "mad(power)",
    "arg_min(power, ts)", "arg_max(power, ts)", "any_value(power)", "count_if(power > 3)",
    "bool_and(power > 3)", "bool_or(power > 3)", "row_number() OVER (ORDER BY ts)", "rank() OVER (ORDER BY ts)",
    "dense_rank() OVER (ORDER BY ts)", "percent_rank() OVER (ORDER BY ts)", "cume_dist() OVER (ORDER BY ts)",
    "ntile(4) OVER (ORDER BY ts)", "lag(power) OVER (ORDER BY ts)", "lead(power, 2) OVER (ORDER BY ts)",
    "first_value(power) OVER (ORDER BY ts)", "last_value(power) OVER (ORDER BY ts)", "nth_value(power, 2) OVER (ORDER BY ts)",
    "abs(power)", "round(power, 1)", "floor(power)", "ceil(power)", "trunc(power)", "sign(power)", "sqrt(power)",
    "cbrt(power)", "exp(power)", "ln(power + 1)", "log(power + 1)", "greatest(power, 1)", "least(power, 1)",
    "coalesce(power, load)", "nullif(power, 0)", "ifnull(power, load)", "isnan(power)", "isinf(power)", "isfinite(power)",
    "lower('A')", "upper('a')", "length('a')", "trim(' a ')", "substring('abc', 1, 2)", "left('abc', 1)", "right('abc', 1)",
    "concat('a', 'b')", "split_part('a-b', '-', 1)", "starts_with('abc', 'a')", "contains('abc', 'b')", "'a' ILIKE 'A%'",
    "now()", "today()", "current_date", "current_timestamp", "date_trunc('hour', ts)", "time_bucket(INTERVAL 1 HOUR, ts)",
    "date_diff('hour', ts, now())", "date_add(ts, INTERVAL 1 DAY)", "extract(dow FROM ts)", "date_part('hour', ts)",
    "year(ts)", "quarter(ts)", "month(ts)", "week(ts)", "day(ts)", "dayofweek(ts)", "isodow(ts)", "dayofyear(ts)",
    "hour(ts)", "minute(ts)", "second(ts)", "dayname(ts)", "monthname(ts)", "last_day(ts)", "epoch(ts)",
    "strftime(ts, '%H:%M')", "bucket(ts, 15)", "last_of(power, ts)", "first_of(power, ts)", "last_value(power, ts)", "duration_where(power > 3, ts)",
    "integral(power, ts)", "delta(power, ts)", "log10(power)", "pow(power, 2)", "ts + INTERVAL 5 MINUTE",
    "CAST(power AS DECIMAL(10, 2))", "TRY_CAST(power AS BIGINT)", "power::VARCHAR",
)  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
async def test_a_function_of_the_reference_works(reader: SqlReader, call: str) -> None:
    assert (await reader.run(f"SELECT {call} AS x FROM ch_2 LIMIT 1", timeout_s=20)).columns == (
        "x",
    )


def test_every_function_of_the_reference_is_tried_here() -> None:
    section = REFERENCE.split("## Functions")[1].split("- Types")[0]
    promised = set(re.findall(r"[a-z_]+[0-9]?", " ".join(re.findall(r"`([^`]*)`", section))))
    macros = {*SPANS, "bucket", "pct", "last_of", "first_of", "last_value"}
    tried = {word for call in CALLS for word in re.findall(r"[a-z_]+[0-9]?", call)}
    assert promised <= tried
    assert macros <= tried
    assert macros <= FUNCTIONS


ATTACKS = (
    # reading or writing what is not a relation of the building
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM glob('/*')",
    "SELECT content FROM read_json('http://10.0.0.1/')",
    "SELECT * FROM parquet_scan('x.parquet')",
    "SELECT * FROM store.cold",
    "SELECT * FROM history.store.cold",
    "SELECT * FROM cold",
    "SELECT store.hot.ts FROM ahu_1",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_tables",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_catalog.pg_class",
    "SELECT * FROM sqlite_master",
    "WITH pg_class AS (SELECT * FROM pg_class) SELECT * FROM pg_class",
    "SELECT * FROM (WITH pg_tables AS (SELECT 1 AS x) SELECT * FROM pg_tables) a JOIN pg_tables b ON a.x = b.x",
    "SELECT * FROM query('DROP TABLE store.cold')",
    "SELECT * FROM query_table('store.cold')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    # statements other than SELECT
    "SELECT 1; DROP TABLE store.cold",
    "DROP TABLE samples",
    "DELETE FROM samples",
    "UPDATE latest SET value = 0",
    "INSERT INTO samples VALUES (1)",
    "CREATE TABLE t AS SELECT 1",
    "ATTACH '/tmp/other.duckdb' AS other",
    "COPY samples TO '/tmp/out.csv'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "PRAGMA database_list",
    "SET memory_limit = '64GB'",
    "RESET memory_limit",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CALL pragma_version()",
    "EXPORT DATABASE '/tmp/x'",
    "CHECKPOINT",
    "EXPLAIN SELECT 1",
    "DESCRIBE samples",
    "VALUES (1), (2)",
    "PIVOT ahu_1 ON ts USING sum(fan_speed)",
    "BEGIN TRANSACTION",
    "SELECT * INTO OUTFILE '/tmp/x' FROM ahu_1",
    "SELECT ts FROM ahu_1 FOR UPDATE",
    # functions that leak or explode
    "SELECT getenv('HOME')",
    "SELECT current_setting('memory_limit')",
    "SELECT version()",
    "SELECT repeat('x', 1000000000)",
    "SELECT lpad('x', 1000000000, 'y')",
    "SELECT replace('aaaa', 'a', 'bbbbbbbb')",
    "SELECT string_agg(dis) FROM points",
    "SELECT list(value) FROM samples",
    "SELECT array_agg(value) FROM samples",
    "SELECT histogram(value) FROM samples",
    "SELECT unnest(range(1000000000))",
    "SELECT * FROM range(1000000000)",
    "SELECT * FROM generate_series(1, 1000000000)",
    "SELECT * FROM unnest([1, 2, 3])",
    "SELECT sleep_ms(10000)",
    "SELECT nextval('s')",
    "SELECT random() FROM ahu_1",
    "SELECT COLUMNS('.*') FROM ahu_1",
    "SELECT x -> x + 1 FROM ahu_1",
    "SELECT {'a': 1}",
    "SELECT [1, 2, 3]",
    "SELECT ts::JSON FROM ahu_1",
    "SELECT 'hot'::REGCLASS",
    "SELECT $1",
    "SELECT ?",
    # queries that multiply rows
    "SELECT count(*) FROM samples a, samples b",
    "SELECT count(*) FROM samples a CROSS JOIN samples b",
    "SELECT count(*) FROM samples a JOIN samples b ON true",
    "SELECT count(*) FROM samples a JOIN samples b ON 1 = 1",
    "SELECT count(*) FROM samples a JOIN samples b ON a.ts > b.ts",
    "SELECT count(*) FROM samples a JOIN samples b ON a.ts = a.ts",
    "SELECT count(*) FROM samples a JOIN samples b ON a.ts = b.ts OR true",
    "SELECT count(*) FROM samples a NATURAL JOIN samples b",
    "SELECT count(*) FROM samples a POSITIONAL JOIN samples b",
    "SELECT * FROM ahu_1, LATERAL (SELECT 1)",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
    "WITH samples AS (SELECT 1) SELECT * FROM samples",
    'WITH "Samples" AS (SELECT 1) SELECT * FROM samples',
    (
        "SELECT 1 FROM ch_1 a JOIN ch_1 b USING (ts) JOIN ch_1 c USING (ts) JOIN ch_1 d USING (ts)"
        " JOIN ch_1 e USING (ts) JOIN ch_1 f USING (ts)"
    ),
    "SELECT * FROM ahu_1 LIMIT (SELECT max(value) FROM samples)",
    "SELECT " + " || ".join(["dis"] * 20) + " FROM points",
    "SELECT '" + "x" * 5000 + "'",
    "SELECT * FROM ahu_1 TABLESAMPLE 10",
    "SELECT ts AT TIME ZONE 'UTC' FROM ahu_1",
)  # fmt: skip


@pytest.mark.parametrize("query", ATTACKS, ids=lambda query: query[:70])
async def test_an_attack_is_refused_before_it_reaches_the_database(
    reader: SqlReader, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*args: object, **more: object) -> object:
        raise AssertionError(f"{query} was let through")

    monkeypatch.setattr(reader._engine, "run", never)
    with pytest.raises(BadRequest) as refused:
        await reader.run(query)
    assert refused.value.hint


@pytest.mark.parametrize(
    "query",
    [
        "", ";", "   -- nothing", "what is the temperature?", "SELECT FROM WHERE", "SELECT (" * 2000,
        "SELECT " + "NOT " * 1500 + "true", "SELECT " + "- " * 3000 + "1", "SELECT 1" + " + 1" * 1500,
        "SELECT * FROM ahu_1 WHERE ts = '2026-13-45 99:00+07:00'", "\x00", "x" * 10_000_000,
        "SELECT " + "CASE WHEN true THEN " * 200 + "1" + " END" * 200,
    ],
    ids=lambda query: query[:40],
)  # fmt: skip
async def test_nonsense_is_answered_with_a_hint(reader: SqlReader, query: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await reader.run(query)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("SELECT * FROM ahu1", "ahu_1"),
        ('SELECT * FROM "VAV-2-07"', "vav_2_07"),
        ("SELECT * FROM room807", "room_807"),
        ("SELECT * FROM sample", "samples"),
        ("SELECT zone_temp FROM room_807", "zone_air_temp"),
        ("SELECT r.zone_temperature FROM room_807 r", "zone_air_temp"),
        ("SELECT averag(power) FROM ch_2", "avg"),
        ("SELECT ts AT TIME ZONE 'UTC' FROM ch_2", "site-local"),
    ],
)
async def test_a_wrong_name_is_answered_with_the_nearest(
    reader: SqlReader, query: str, hint: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await reader.run(query)
    assert hint in refused.value.hint


async def test_times_are_those_on_the_wall_of_the_building(reader: SqlReader) -> None:
    """CH-2's power holds its local hour, whatever offset the question writes."""
    local = await reader.run("SELECT power FROM ch_2 WHERE ts = '2026-11-20 09:00'")
    offset = await reader.run("SELECT power FROM ch_2 WHERE ts = '2026-11-20T02:00:00Z'")
    typed = await reader.run(
        "SELECT power FROM ch_2 WHERE ts = TIMESTAMPTZ '2026-11-20 11:00+09:00'"
    )
    assert local.rows == offset.rows == typed.rows == ((9.0,),)
    newest = await reader.run("SELECT max(ts), now() FROM ch_2")
    assert newest.rows == (("2026-11-20 14:25:00", "2026-11-20 14:30:00"),)
    today = await reader.run("SELECT count(*) FROM ch_2 WHERE ts >= current_date")
    assert today.rows == ((14.5 * 12,),)


async def test_the_macros_say_what_the_reference_promises(reader: SqlReader) -> None:
    hours = await reader.run(
        "SELECT bucket(ts, 60) AS h, avg(power), count(*) FROM ch_2"
        " WHERE ts >= '2026-11-20' GROUP BY h ORDER BY h LIMIT 3"
    )
    assert hours.rows == tuple((f"2026-11-20 0{h}:00:00", float(h), 12) for h in range(3))
    found = await reader.run(
        "SELECT pct(power, 50), last_of(power, ts), first_of(power, ts) FROM ch_2"
        " WHERE ts >= '2026-11-20 00:00' AND ts < '2026-11-20 03:00'"
    )
    assert found.rows == ((1.0, 2.0, 0.0),)


async def test_more_rows_than_asked_are_cut_and_said(reader: SqlReader) -> None:
    cut = await reader.run("SELECT ts FROM ch_2", limit=10)
    assert (len(cut.rows), cut.truncated) == (10, True)
    own = await reader.run("SELECT ts FROM ch_2 LIMIT 10", limit=10)
    assert (len(own.rows), own.truncated) == (10, False)
    large = await reader.run("SELECT ts FROM ch_2 LIMIT 500", limit=10)
    assert (len(large.rows), large.truncated) == (10, True)
    exact = await reader.run("SELECT 1 AS one", limit=1)
    assert (exact.rows, exact.truncated) == (((1,),), False)


async def test_a_heavy_query_is_stopped_in_time_and_the_next_one_answers(reader: SqlReader) -> None:
    heavy = (
        "SELECT count(*), max(a.value + b.value + c.value) FROM samples a JOIN samples b ON a.ts = b.ts"
        " JOIN samples c ON b.ts = c.ts WHERE a.value + b.value + c.value > 8000"
    )
    began = time.monotonic()
    with pytest.raises(BadRequest, match=r"longer than 0\.3 s"):
        await reader.run(heavy, timeout_s=0.3)
    assert time.monotonic() - began < 5
    assert (await reader.run("SELECT count(*) FROM points")).rows == ((2976,),)


async def test_a_cancelled_question_stops_its_query(reader: SqlReader) -> None:
    heavy = "SELECT max(a.value * b.value) FROM samples a JOIN samples b ON a.status = b.status"
    asked = asyncio.create_task(reader.run(heavy, timeout_s=30))
    await asyncio.sleep(0.2)
    asked.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert time.monotonic() - began < 3


async def test_a_query_that_needs_too_much_memory_is_told_so(reader: SqlReader) -> None:
    hungry = (
        "SELECT a.status, median(a.value + b.value) FROM samples a"
        " JOIN samples b ON a.ts = b.ts GROUP BY a.status"
    )
    with pytest.raises(BadRequest, match=r"more memory") as refused:
        await reader.run(hungry, timeout_s=20)
    assert "narrow" in refused.value.hint
    assert "samples: 1.7 M rows of 2,976 points" in refused.value.hint
    assert (await reader.run("SELECT count(*) FROM samples")).rows == ((2976 * 576,),)


async def test_silence_and_broken_sensors_are_null_never_zero(
    tmp_path: Path, tower: Building
) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb", tower)
    points = (Ref("AHU-1.fan-speed"), Ref("AHU-1.return-air-temp"), Ref("AHU-1.mixed-air-temp"))
    at = int(NOW.timestamp()) - 600
    await history.write(Samples(
        points, np.array([0, 1, 2], np.int32), np.full(3, at, np.int64), np.array([50.0, np.nan, 99.0]),
        np.array([Status.OVERRIDDEN, Status.GOOD, Status.FAULT], np.uint8),
    ))  # fmt: skip
    reader = SqlReader(history, tower, clock=lambda: NOW)
    wide = await reader.run(
        "SELECT fan_speed, return_air_temp, mixed_air_temp, discharge_air_temp FROM ahu_1"
    )
    assert wide.rows == ((50.0, None, None, None),)
    tall = await reader.run("SELECT point, value, status FROM latest ORDER BY point")
    assert tall.rows == (
        ("AHU-1.fan-speed", 50.0, "overridden"),
        ("AHU-1.mixed-air-temp", 99.0, "fault"),
        ("AHU-1.return-air-temp", None, "good"),
    )
    await history.close()


async def test_local_time_follows_clock_changes(tmp_path: Path) -> None:
    """Berlin went from +02:00 to +01:00 on 2026-10-25 at 01:00 UTC."""
    site = {"id": Ref("s"), "site": True, "tz": "Berlin"}
    ahu = {"id": Ref("A-1"), "equip": True, "siteRef": Ref("s")}
    point = {"id": Ref("A-1.t"), "point": True, "equipRef": Ref("A-1"), "unit": "°C"}
    building = Building([site, ahu, point])
    history = DuckHistory.open(tmp_path / "history.duckdb", building)
    change = int(dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC).timestamp())
    ts = np.array([change - 60, change, change + 180 * 86_400], np.int64)
    await history.write(Samples((Ref("A-1.t"),), np.zeros(3, np.int32), ts, np.ones(3), np.zeros(3, np.uint8)))  # fmt: skip
    reader = SqlReader(history, building)
    rows = (await reader.run("SELECT ts FROM a_1 ORDER BY ts")).rows
    assert rows == (("2026-10-25 02:00:00",), ("2026-10-25 02:59:00",), ("2027-04-23 03:00:00",))
    await history.close()


def test_every_equipment_and_room_has_a_view_with_its_roles(tower: Building) -> None:
    views = {view.name: view for view in wide_views(tower)}
    for entity in tower:
        if entity.is_equip or entity.kind == "room":
            assert view_name(entity.id) in views
    room = {c.name: c for c in views["room_1407"].columns}
    assert room["zone_air_temp"].points == ("FCU-1407.zone-air-temp",)
    assert room["iaq_1407_zone_air_temp"].points == ("IAQ-1407.zone-air-temp",)
    assert room["zone_air_co2"].unit == "ppm"
    offices = {c.name: c for c in views["offices"].columns}
    assert len(offices["zone_air_temp"].points) == 12


async def test_views_follow_the_building_when_equipment_goes(
    tmp_path: Path, tower: Building
) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb", tower)
    smaller = Building([e for e in riverside_tower() if not e["id"].id.startswith("CH-3")])
    reader = SqlReader(history, smaller)
    assert (await reader.run("SELECT count(*) FROM points WHERE equip IS NULL")).rows == ((15,),)
    assert (await reader.run("SELECT count(*) FROM ch_2")).rows == ((0,),)
    with pytest.raises(Refused, match="ch_3"):
        await reader.run("SELECT * FROM ch_3")
    assert not await history.raw(Ref("CH-3.power"), Span.last(dt.timedelta(days=1), now=NOW))
    await history.close()
