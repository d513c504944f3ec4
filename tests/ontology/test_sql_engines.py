"""One SQL: DuckDB's workers and a real PostgreSQL 15 give the same answers to the same questions."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.store.dialect_kinds import Backend
from ontology.store.guard import Guard
from ontology.store.pg_history import PgHistory
from ontology.store.sql import SqlReader
from ontology.store.views import relations
from tests.ontology.sql_sources import NOW, frozen, two_days
from tests.postgres import postgres, programs

BOTH = tuple[SqlReader, SqlReader]


@pytest.fixture(scope="module")
def tower() -> Building:
    return Building(riverside_tower())


@pytest.fixture(scope="module")
def both(tower: Building, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BOTH]:
    """The same two days on both engines."""
    bin = programs()
    if bin is None:
        pytest.skip("PostgreSQL is not installed")
    equips = ("CH-1.", "CH-2.", "AHU-1.", "AHU-4.", "weather", "meter-plant.", "fcu-80")
    samples = two_days(tower, equips)
    folder = tmp_path_factory.mktemp("engines")
    with postgres(bin) as server:
        history = PgHistory.open(server.fresh(), tower)
        asyncio.run(history.bulk([samples]))
        readers = (
            SqlReader(frozen(folder, samples), tower, clock=lambda: NOW),
            SqlReader(history, tower, clock=lambda: NOW),
        )
        yield readers
        for reader in readers:
            asyncio.run(reader.close())
        asyncio.run(history.close())


QUERIES = {
    "a star": "SELECT * FROM ahu_1 ORDER BY ts DESC LIMIT 5",
    "stars of two": "SELECT * EXCLUDE (load) FROM ch_2 a JOIN weather w USING (ts) ORDER BY ts LIMIT 3",
    "no select": "FROM ch_1 ORDER BY ts LIMIT 2",
    "hourly means": "SELECT bucket(ts, 60) AS hour, avg(power) AS kw FROM ch_2 GROUP BY hour ORDER BY hour",
    "buckets that divide no day": "SELECT bucket(ts, 50) AS b, count(*) FROM ch_2 GROUP BY 1 ORDER BY 1",
    "weekly buckets begin on Monday": "SELECT bucket(ts, 10080) AS w, time_bucket(INTERVAL 1 WEEK, ts) AS v, count(*) FROM ch_2 GROUP BY 1, 2 ORDER BY 1",
    "last and first": "SELECT last_of(power, ts), first_of(power, ts), last_value(load, ts), arg_max(ts, power) FROM ch_2",
    "last of many points, ties": "SELECT status, last_of(value, ts), first_of(point, ts) FROM samples GROUP BY status ORDER BY status",
    "last with a filter": "SELECT last_of(power, ts) FILTER (WHERE hour(ts) = 9) AS nine FROM ch_2",
    "percentiles": "SELECT pct(power, 95), pct(power, 0), pct(power, 33.3), median(power), quantile_cont(power, 0.5) FROM ch_2",
    "quantiles that occur": "SELECT quantile_disc(power, 0.25), quantile(power, 0.9), percentile_cont(0.5) WITHIN GROUP (ORDER BY power) FROM ch_2 WHERE power < 13",
    "mode": "SELECT mode(power), mode(round(power / 5)), mode(status) FROM ch_2 JOIN (SELECT ts, status FROM samples WHERE point = 'CH-2.load') s USING (ts)",
    "mode of ties": "SELECT mode(power) FROM ch_2 WHERE power IN (3, 7, 5)",
    "duration": "SELECT CAST(ts AS DATE) AS day, duration_where(fan_run = 1, ts) AS hours FROM ahu_4 WHERE hour(ts) < 6 OR hour(ts) >= 20 GROUP BY day ORDER BY day",
    "duration by point": "SELECT point, duration_where(value > 5, ts) AS h FROM samples WHERE point LIKE 'CH-2.p%' OR point LIKE 'CH-1.r%' GROUP BY point ORDER BY point",
    "duration, short gaps": "SELECT duration_where(power > 3, ts, 2), duration_where(load IS NULL, ts) FROM ch_2",
    "energy from power": "SELECT date_trunc('day', ts) AS day, integral(power, ts) AS kwh, integral(greatest(power - 10, 0), ts) AS over FROM ch_2 GROUP BY 1 ORDER BY 1",
    "a counter that began again": "SELECT delta(energy, ts), last_of(energy, ts) - first_of(energy, ts) FROM meter_plant",
    "a counter by day": "SELECT ts::DATE AS day, delta(energy, ts) AS kwh FROM meter_plant GROUP BY day ORDER BY day",
    "a counter in samples": "SELECT point, delta(value, ts) AS d FROM samples WHERE point = 'meter-plant.energy' GROUP BY ALL",
    "division": "SELECT 7 / 2, 7 // 2, -7 // 2, 7 % 3, -7 % 3, 7.5 // 2, 7.5 % 2, 1 / 0, 1 // 0, 1 % 0, 2 ** 10, pow(-8, 3)",
    "division of columns": "SELECT floor, count(*) / 7 AS x, sum(floor) / count(*) AS y FROM points GROUP BY floor ORDER BY floor",
    "rounding": "SELECT round(2.5), round(3.5), round(-2.5), round(2.345, 2), round(1234.5, -2), trunc(-2.7), trunc(2.778, 2), ceil(-0.5), floor(-0.5), CAST(2.5 AS INT), CAST(3.5 AS INT), CAST(1.005 AS DECIMAL(10, 2))",
    "rounding columns": "SELECT round(value / 7, 2) AS r, count(*) FROM latest GROUP BY r ORDER BY r LIMIT 50",
    "what has no value": "SELECT sqrt(-1), ln(0), ln(-1), log(100), log(2, 8), exp(800), pow(0, -1), pow(-2, 0.5), sign(-3.5), cbrt(27), abs(-2)",
    "nothing to sum": "SELECT avg(power), sum(power), max(power), count(power), stddev(power), median(power), count(*), bool_or(power > 1) FROM ch_2 WHERE power > 999",
    "nulls last": "SELECT ts, load FROM ch_2 WHERE minute(ts) < 15 ORDER BY load DESC, ts LIMIT 20",
    "nulls last upwards": "SELECT ts, load FROM ch_2 ORDER BY load, ts LIMIT 600",
    "nulls first when asked": "SELECT ts, load FROM ch_2 ORDER BY load DESC NULLS FIRST, ts LIMIT 20",
    "an alias that hides a column": "SELECT power * 2 AS power FROM ch_2 WHERE power > 20 ORDER BY power DESC, ts LIMIT 5",
    "an alias in group and order": "SELECT date_trunc('hour', ts) AS ts, avg(power) AS power FROM ch_2 GROUP BY 1 ORDER BY ts LIMIT 5",
    "an alias hidden in group by": "SELECT date_trunc('day', ts) AS ts, sum(power) AS power FROM ch_2 GROUP BY ts ORDER BY ts, power LIMIT 5",
    "aliases of aliases": "SELECT power AS a, a * 2 AS b, b + a AS c FROM ch_2 WHERE c > 60 ORDER BY c, ts LIMIT 5",
    "having an alias": "SELECT hour(ts) AS h, avg(power) AS kw FROM ch_2 GROUP BY h HAVING kw > 20 ORDER BY kw DESC",
    "group by all": "SELECT hour(ts) AS h, 'x' AS label, count(*) AS n, max(power) FROM ch_2 GROUP BY ALL ORDER BY ALL",
    "qualify": "SELECT ts, power FROM ch_2 QUALIFY row_number() OVER (PARTITION BY power ORDER BY ts) = 1 ORDER BY power",
    "qualify by alias": "SELECT hour(ts) AS h, sum(power) AS s, rank() OVER (ORDER BY sum(power) DESC) AS n FROM ch_2 GROUP BY h QUALIFY n <= 3 ORDER BY n, h",
    "windows": "SELECT ts, power, lag(power) OVER (ORDER BY ts), lead(power, 2, 0) OVER (ORDER BY ts), sum(power) OVER (ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), avg(power) OVER w FROM ch_2 WINDOW w AS (PARTITION BY hour(ts)) ORDER BY ts LIMIT 30",
    "windows by range": "SELECT ts, avg(power) OVER (ORDER BY ts RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) FROM ch_2 ORDER BY ts LIMIT 20",
    "ranks": "SELECT power, rank() OVER (ORDER BY power), dense_rank() OVER (ORDER BY power DESC), percent_rank() OVER (ORDER BY power), cume_dist() OVER (ORDER BY power), ntile(4) OVER (ORDER BY power, ts) FROM ch_2 ORDER BY power, ts LIMIT 30",
    "first and last of a window": "SELECT ts, first_value(power) OVER (ORDER BY ts), last_value(power) OVER (ORDER BY ts), nth_value(power, 3) OVER (ORDER BY ts) FROM ch_2 ORDER BY ts LIMIT 5",
    "asof": "SELECT a.ts, a.power, w.outside_air_temp FROM ch_2 a ASOF JOIN (SELECT ts, outside_air_temp FROM weather WHERE minute(ts) = 0) w ON a.ts >= w.ts ORDER BY a.ts LIMIT 40",
    "asof left, using": "SELECT ts, a.power, w.t FROM ch_2 a ASOF LEFT JOIN (SELECT ts, outside_air_temp AS t FROM weather WHERE hour(ts) = 12) w USING (ts) ORDER BY ts LIMIT 300",
    "asof forwards": "SELECT a.ts, w.ts FROM ch_2 a ASOF JOIN (SELECT ts FROM weather WHERE hour(ts) = 12 AND minute(ts) = 0) w ON w.ts > a.ts ORDER BY a.ts LIMIT 300",
    "joins": "SELECT p.floor, round(avg(l.value), 2) AS t, count(*) FROM latest l JOIN points p ON p.point = l.point WHERE p.role = 'zone-air-temp' GROUP BY p.floor ORDER BY t DESC, p.floor",
    "full join": "SELECT ts, a.power, b.power FROM (SELECT ts, power FROM ch_1 WHERE hour(ts) < 2) a FULL JOIN (SELECT ts, power FROM ch_2 WHERE hour(ts) = 1) b USING (ts) ORDER BY ts",
    "semi and anti": "SELECT count(*) FROM points p SEMI JOIN latest l USING (point) WHERE p.floor = 8",
    "anti": "SELECT ts FROM ch_2 a ANTI JOIN (SELECT ts FROM ch_1 WHERE minute(ts) > 0) b ON a.ts = b.ts ORDER BY ts LIMIT 9",
    "exists": "SELECT p.point FROM points p WHERE EXISTS (SELECT 1 FROM latest l WHERE l.point = p.point AND l.value > 2970) ORDER BY p.point",
    "in a subquery": "SELECT point, value FROM latest WHERE point IN (SELECT point FROM points WHERE equip = 'CH-2') ORDER BY point",
    "scalar subquery": "SELECT ts, power - (SELECT avg(power) FROM ch_2) AS above FROM ch_2 ORDER BY above DESC, ts LIMIT 3",
    "with": "WITH h(hour, kw) AS (SELECT bucket(ts, 60), avg(power) FROM ch_2 GROUP BY 1), top AS (SELECT max(kw) AS kw FROM h) SELECT h.hour, h.kw FROM h JOIN top ON h.kw = top.kw ORDER BY h.hour",
    "union": "SELECT 'CH-1' AS equip, avg(power) AS kw FROM ch_1 UNION ALL SELECT 'CH-2', avg(power) FROM ch_2 ORDER BY kw DESC",
    "except and intersect": "SELECT hour(ts) AS h FROM ch_2 EXCEPT SELECT 3 INTERSECT SELECT 3 ORDER BY h",
    "distinct": "SELECT DISTINCT equip_kind FROM points ORDER BY equip_kind",
    "distinct on": "SELECT DISTINCT ON (power) power, ts FROM ch_2 ORDER BY power, ts DESC",
    "booleans counted": "SELECT sum(power > 5), avg(power > 5), count_if(power > 5), bool_and(power > 0), bool_or(load > 5), count(*) FILTER (WHERE power > 5) FROM ch_2",
    "numbers as conditions": "SELECT count(*) FROM ahu_4 WHERE fan_run AND NOT fan_run = false",
    "case": "SELECT CASE hour(ts) WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'more' END AS w, if(power > 3, 1, 0) AS p, count(*) FROM ch_2 GROUP BY ALL ORDER BY ALL",
    "statistics": "SELECT stddev(power), stddev_pop(power), variance(power), var_pop(power), corr(power, load), corr(power, 1), covar_pop(power, load), covar_samp(power, load), regr_slope(power, load), regr_r2(power, load), regr_intercept(load, power) FROM ch_2",
    "median distances": "SELECT hour(ts) AS h, mad(power), mad(load) FILTER (WHERE load > 3) FROM ch_2 GROUP BY h ORDER BY h",
    "distinct counts": "SELECT count(DISTINCT power), approx_count_distinct(power), sum(DISTINCT power), any_value(status), count(DISTINCT status) FROM ch_2, (SELECT max(status) AS status FROM samples) s",
    "parts of a time": "SELECT ts, year(ts), quarter(ts), month(ts), week(ts), day(ts), dayofweek(ts), isodow(ts), dayofyear(ts), hour(ts), minute(ts), second(ts), epoch(ts), extract(dow FROM ts), date_part('doy', ts), dayname(ts), monthname(ts), last_day(ts) FROM ch_2 ORDER BY ts LIMIT 3",
    "truncated times": "SELECT date_trunc('week', ts), date_trunc('month', ts), date_trunc('quarter', ts), date_trunc('year', ts), date_trunc('minute', ts), date_trunc('day', ts::DATE) FROM ch_2 ORDER BY ts LIMIT 2",
    "intervals": "SELECT ts + INTERVAL 1 MONTH, ts - INTERVAL '1 day 2 hours', ts + INTERVAL (power) MINUTE, ts::DATE + 1, ts::DATE - DATE '2026-11-01', ts - lag(ts) OVER (ORDER BY ts), epoch(now() - ts) / 3600 FROM ch_2 ORDER BY ts LIMIT 3",
    "differences": "SELECT date_diff('hour', ts, now()), date_diff('week', ts, now()), date_diff('month', TIMESTAMP '2026-01-31', ts), date_diff('year', DATE '2020-05-05', ts), date_diff('day', ts, now()), date_diff('quarter', ts, DATE '2025-01-01') FROM ch_2 ORDER BY ts LIMIT 3",
    "times as text": "SELECT strftime(ts, '%Y-%m-%d %H:%M'), strftime(ts, '%d %b %y, %A %%'), ts::VARCHAR, ts::DATE::VARCHAR FROM ch_2 ORDER BY ts LIMIT 2",
    "numbers as text": "SELECT power::VARCHAR, (power / 8)::VARCHAR, floor::VARCHAR || '. floor', 0.00001::VARCHAR, 123456789.125::VARCHAR FROM ch_2, (SELECT max(floor) AS floor FROM points) f ORDER BY ts LIMIT 5",
    "texts as numbers": "SELECT equip, TRY_CAST(split_part(equip, '-', 2) AS INT) AS n, TRY_CAST(equip AS DOUBLE) FROM points WHERE equip LIKE 'AHU-%' GROUP BY equip ORDER BY n, equip",
    "texts": "SELECT upper(dis), lower(dis), length(dis), left(dis, 3), right(dis, 2), substring(dis, 2, 3), trim('  a '), concat(dis, NULL, '!'), starts_with(dis, 'C'), contains(dis, 'ill') FROM points WHERE equip = 'CH-2' ORDER BY point LIMIT 5",
    "order of texts": "SELECT dis, point FROM points WHERE floor = 8 ORDER BY dis DESC, point LIMIT 40",
    "texts compared": "SELECT count(*), min(dis), max(dis), greatest(min(point), 'a') FROM points WHERE dis >= 'Z' OR dis < 'A' OR point BETWEEN 'CH-1' AND 'CH-2.z'",
    "like": "SELECT count(*) FILTER (WHERE dis LIKE '%c%'), count(*) FILTER (WHERE dis ILIKE '%CHILLED%'), count(*) FILTER (WHERE point NOT LIKE 'CH_2%'), count(*) FILTER (WHERE 'a\\b' LIKE 'a\\b') FROM points",
    "times in words": "SELECT count(*) FROM ch_2 WHERE ts BETWEEN '2026-11-19' AND '2026-11-20T02:00Z' AND ts <> '2026-11-19 5:00'",
    "the time now": "SELECT count(*), max(now()), max(current_date) FROM ch_2 WHERE ts >= current_date - INTERVAL 1 DAY",
    "silence": "SELECT count(load), count(*), count(return_air_temp) FROM ch_2 JOIN ahu_1 USING (ts)",
    "status": "SELECT status, count(*), min(value), max(value) FROM samples WHERE point = 'AHU-1.return-air-temp' GROUP BY status ORDER BY status",
    "distinct from": "SELECT count(*) FILTER (WHERE load IS DISTINCT FROM 5), count(*) FILTER (WHERE load IS NOT DISTINCT FROM NULL), count(*) FILTER (WHERE (load > 5) IS TRUE) FROM ch_2",
    "the least of some": "SELECT greatest(1, NULL, 3), least(NULL, 2.5, 1), coalesce(NULL, 2), nullif(2, 2), ifnull(NULL, 'x'), 5 IN (1, NULL), NOT (NULL AND false)",
    "offset": "SELECT ts FROM ch_2 ORDER BY ts LIMIT 3 OFFSET 100",
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
async def test_both_engines_give_the_same(both: BOTH, name: str) -> None:
    duck, postgres = [await reader.run(QUERIES[name], limit=700, timeout_s=30) for reader in both]
    assert duck.columns == postgres.columns
    assert len(duck.rows) == len(postgres.rows)
    assert duck.sql == postgres.sql
    for one, other in zip(duck.rows, postgres.rows, strict=True):
        assert all(_same(a, b) for a, b in zip(one, other, strict=True)), (one, other)


def _same(a: object, b: object) -> bool:
    """Equal, floats but for the order in which they were added; of one type."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return type(a) is type(b) and a == b


REFERENCE = (Path(__file__).parents[2] / "docs/reference-sql.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", REFERENCE, re.DOTALL))
async def test_the_examples_of_the_reference_run_on_both(both: BOTH, query: str) -> None:
    duck, postgres = [await reader.run(query, timeout_s=30) for reader in both]
    assert duck.columns == postgres.columns
    assert len(duck.rows) == len(postgres.rows)


UNEQUAL = {
    "SELECT first(power) FROM ch_2": "first_of",
    "SELECT skewness(power) FROM ch_2": "pct",
    "SELECT median(power) OVER () FROM ch_2": "WITH",
    "SELECT last_value(power IGNORE NULLS) OVER (ORDER BY ts) FROM ch_2": "ASOF",
    "SELECT strftime(ts, '%U') FROM ch_2": "letters",
    "SELECT ts - now() AS x FROM ch_2 WHERE (ts - now())::VARCHAR = ''": "epoch",
    "SELECT time_bucket(INTERVAL 1 MONTH, ts) FROM ch_2": "date_trunc",
    "SELECT count(*) FROM ch_2 WHERE ts > 'yesterday'": "2026-11-20 14:30",
    "SELECT power FROM ch_2 WHERE power > 'high'": "quotes",
    "SELECT avg(dis) FROM points": "CAST",
    "SELECT * FROM ch_2 a JOIN ch_1 b ON a.ts = b.ts WHERE ts > now()": "a.ts",
    "SELECT count(*) FROM ch_2 GROUP BY ROLLUP (power)": "SELECT",
}  # fmt: skip


@pytest.mark.parametrize("query", UNEQUAL)
@pytest.mark.parametrize("backend", Backend)
def test_what_could_not_be_the_same_is_refused_on_both(
    tower: Building, query: str, backend: Backend
) -> None:
    guard = Guard(relations(tower), tower.zone, None, backend)
    with pytest.raises(BadRequest) as refused:
        guard.check(query, limit=10, now=NOW)
    assert UNEQUAL[query] in refused.value.hint
