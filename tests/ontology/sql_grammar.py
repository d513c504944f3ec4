"""Random questions in our SQL, and awkward samples to ask them of: ties, NaN, gaps, the hour that comes twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from ingest.demo.model import riverside_tower
from ontology.graph import Building
from ontology.history import Samples, Status
from ontology.kinds import Ref
from ontology.time import parse_instant

NOW = parse_instant("2026-10-25T14:30:00+01:00")
"""The day on which clocks in Berlin go from 3:00 back to 2:00."""
_POINTS = ("CH-2.power", "CH-2.load", "CH-2.run", "CH-1.power", "weather.outside-air-temp")
_STATUSES = (Status.GOOD, Status.GOOD, Status.FAULT, Status.OVERRIDDEN)
_NUMBERS = ("power", "load", "run")
_WORDS = ("'CH-2.power'", "'a'", "'Z'", "'good'", "''", "'ch'")


def berlin() -> Building:
    """The demo building, moved to where clocks change."""
    return Building(
        [{**tags, "tz": "Berlin"} if "site" in tags else tags for tags in riverside_tower()]
    )


def awkward() -> Samples:
    """36 hours of few different values, with what sensors do at their worst."""
    random = np.random.default_rng(7)
    end = int(NOW.timestamp())
    ts, index, value, status = [], [], [], []
    for n in range(len(_POINTS)):
        at = end - np.arange(0, 36 * 3600, 1200) - random.choice([0, 0, 0, 17, 600], 108)
        at = np.unique(at[random.random(len(at)) > 0.2])
        of = random.choice([-4.0, -0.75, 0.0, 0.25, 0.5, 1.0, 2.5, 3.5, 7.0, 100.0], len(at))
        if _POINTS[n] == "CH-2.run":
            of = (of > 0.3).astype(float)
        of[random.random(len(at)) < 0.05] = np.nan
        of[random.random(len(at)) < 0.02] = np.inf
        ts.append(at)
        index.append(np.full(len(at), n, np.int32))
        value.append(of)
        status.append(random.choice(_STATUSES, len(at)).astype(np.uint8))
    return Samples(
        tuple(Ref(id) for id in _POINTS), np.concatenate(index), np.concatenate(ts),
        np.concatenate(value), np.concatenate(status),
    )  # fmt: skip


class Questions:
    """Writes one SELECT at a time, of parts that go together."""

    def __init__(self, random: Random) -> None:
        self._r = random

    def query(self) -> str:
        return self._one_of(
            self._plain,
            self._grouped,
            self._windowed,
            self._joined,
            self._set,
            self._distinct,
            self._spanned,
            self._nested,
        )()

    def _one_of(self, *some: Callable[..., str]) -> Callable[..., str]:
        return self._r.choice(some)

    def _ordered(self, items: Sequence[str]) -> str:
        ways = [
            f"{n + 1}{self._r.choice(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])}"
            for n in range(len(items))
        ]
        return f" ORDER BY {', '.join(ways)}"

    def _items(self, make: Callable[[], str], most: int = 4) -> list[str]:
        return [make() for _ in range(self._r.randint(1, most))]

    def _source(self) -> str:
        return self._r.choice([
            "ch_2", "ch_2", "(SELECT * FROM ch_2 WHERE power IS NOT NULL) AS s",
            "(SELECT ts, value AS power, value * 2 AS load, 1 AS run FROM samples) AS s",
            "(SELECT ts, max(power) AS power, min(load) AS load, count(*) AS run FROM ch_2 GROUP BY ts) AS s",
        ])  # fmt: skip

    def _where(self) -> str:
        return f" WHERE {self._truth(2)}" if self._r.random() < 0.6 else ""

    def _plain(self) -> str:
        items = self._items(lambda: self._value(3))
        return (
            f"SELECT {', '.join(items)} FROM {self._source()}{self._where()}{self._ordered(items)}"
        )

    def _distinct(self) -> str:
        items = self._items(lambda: self._value(2), 3)
        return f"SELECT DISTINCT {', '.join(items)} FROM {self._source()}{self._where()}{self._ordered(items)}"

    def _grouped(self) -> str:
        keys = self._items(lambda: self._value(1), 2) if self._r.random() < 0.8 else []
        items = [*keys, *self._items(lambda: self._aggregate(2), 3)]
        group = f" GROUP BY {', '.join(str(n + 1) for n in range(len(keys)))}" if keys else ""
        having = (
            f" HAVING {self._aggregate(1)} > {self._number(0)}"
            if group and self._r.random() < 0.2
            else ""
        )
        return f"SELECT {', '.join(items)} FROM {self._source()}{self._where()}{group}{having}{self._ordered(items)}"

    def _windowed(self) -> str:
        items = ["ts", "power", "load", "run", *self._items(self._window, 2)]
        kept = f" QUALIFY {self._window()} > 2" if self._r.random() < 0.3 else ""
        return f"SELECT {', '.join(items)} FROM ch_2{self._where()}{kept}{self._ordered(items)}"

    def _joined(self) -> str:
        items = self._r.sample(
            [
                "a.power",
                "b.power",
                "a.load",
                "a.power + b.power",
                "b.ts",
                "a.ts - b.ts",
                "coalesce(a.power, b.power)",
            ],
            3,
        )
        join = self._r.choice(["JOIN", "LEFT JOIN", "FULL JOIN", "RIGHT JOIN"])
        return self._r.choice([
            f"SELECT {', '.join(items)} FROM ch_2 a {join} ch_1 b USING (ts){self._ordered(items)}",
            f"SELECT {', '.join(items)} FROM ch_2 a {join} ch_1 b ON a.ts = b.ts AND a.power > 1{self._ordered(items)}",
            f"SELECT a.power, a.ts FROM ch_2 a {self._r.choice(['SEMI', 'ANTI'])} JOIN ch_1 b ON a.ts = b.ts AND b.power {self._r.choice(['>', '<', '='])} a.power ORDER BY 1, 2",
            f"SELECT a.ts, a.power, b.v FROM ch_2 a ASOF {self._r.choice(['', 'LEFT '])}JOIN (SELECT ts, max(power) AS v FROM ch_1 GROUP BY ts) b ON a.ts {self._r.choice(['>=', '>', '<=', '<'])} b.ts ORDER BY 1, 2, 3",
            f"SELECT power, {self._value(1)} FROM ch_2 WHERE power {self._r.choice(['IN', 'NOT IN'])} (SELECT power FROM ch_1{self._r.choice(['', ' WHERE power IS NOT NULL'])}) ORDER BY 1, 2",
        ])  # fmt: skip

    def _spanned(self) -> str:
        """The macros over time; by day, over parts of the time, on a view and on `samples`."""
        span = [
            f"duration_where({self._truth(1)}, ts)",
            "duration_where(power > 1, ts, 15)",
            f"integral({self._number(1)}, ts)",
            "delta(power, ts)",
        ]
        by = self._r.choice(["ts::DATE", "hour(ts)", "power"])
        where = f" WHERE {self._when()}{self._r.choice(['', ' AND power > 0.3', ' AND hour(ts) <> 12'])}"
        return self._r.choice([
            f"SELECT {by}, {', '.join(self._r.sample(span, 2))} FROM ch_2{where} GROUP BY 1 ORDER BY 1",
            f"SELECT {', '.join(self._r.sample(span, 2))} FROM ch_2{where}",
            f"SELECT point, duration_where(value > 1, ts), integral(value, ts), delta(value, ts) FROM samples{where.replace('power', 'value')} GROUP BY 1 ORDER BY 1",
            f"SELECT a.ts::DATE, integral(a.power, a.ts), duration_where(b.power > 1, b.ts) FROM ch_2 a JOIN ch_1 b ON a.ts = b.ts WHERE {self._when().replace('ts', self._r.choice(['a.ts', 'b.ts']))} GROUP BY 1 ORDER BY 1",
        ])  # fmt: skip

    def _when(self) -> str:
        """Bounds of time as people write them."""
        a, b = (
            f"'2026-10-{self._r.choice([24, 25])} {self._r.randint(0, 23):02}:{self._r.choice(['00', '17', '40'])}'"
            for _ in range(2)
        )
        return self._r.choice([
            f"ts >= {a}", f"ts > {a} AND ts < {b}", f"ts <= {a}", f"ts BETWEEN {a} AND {b}", f"{a} <= ts AND {b} > ts", "ts >= now() - INTERVAL 9 HOUR",
            "ts >= current_date - INTERVAL 1 DAY AND ts < current_date", f"ts >= {a} AND ts >= {b}", f"(ts > {a} OR power = 1)", f"NOT ts > {a}", f"ts = {a}", "ts >= '2026-10-24T20:00Z'",
        ])  # fmt: skip

    def _nested(self) -> str:
        """WITH, and queries that look at the row around them."""
        return self._r.choice([
            f"WITH h AS (SELECT bucket(ts, 60) AS hour, {self._aggregate(1)} AS x, count(*) AS n FROM ch_2{self._where()} GROUP BY 1) SELECT hour, x, n FROM h WHERE n > {self._number(0).replace('power', 'n').replace('load', 'n').replace('run', 'n')} ORDER BY 1, 2, 3",
            f"SELECT point, value FROM latest l WHERE EXISTS (SELECT 1 FROM samples s WHERE s.point = l.point AND s.value {self._r.choice(['>', '=', '<'])} l.value) ORDER BY 1, 2",
            f"SELECT ts, power {self._r.choice(['-', '+', '*'])} (SELECT {self._aggregate(1)} FROM ch_2) AS x FROM ch_2 ORDER BY 1, 2".replace("min(CAST", "count(CAST"),
            f"SELECT a.ts, (SELECT max(b.power) FROM ch_1 b WHERE b.ts {self._r.choice(['<=', '=', '>'])} a.ts) AS x FROM ch_2 a WHERE {self._when().replace('power', 'a.power')} ORDER BY 1, 2",
            f"SELECT p.role, {self._r.choice(['count(*)', 'avg(s.value)', 'max(s.ts)', 'pct(s.value, 90)'])} FROM samples s JOIN points p USING (point) WHERE {self._when().replace('power', 's.value')} GROUP BY 1 ORDER BY 1",
        ])  # fmt: skip

    def _set(self) -> str:
        kind = self._r.choice([self._number, self._text, self._time, self._truth])
        word = self._r.choice(
            ["UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL", "INTERSECT ALL"]
        )
        return f"SELECT {kind(2)} AS x FROM ch_2{self._where()} {word} SELECT {kind(2)} FROM {self._source()} ORDER BY x"

    def _value(self, deep: int) -> str:
        return self._one_of(
            self._number, self._number, self._text, self._time, self._truth, self._date
        )(deep)

    def _aggregate(self, deep: int) -> str:
        n, t = self._number(deep), self._truth(deep - 1)
        plain = [
            f"{w}({n})"
            for w in (
                "sum",
                "avg",
                "min",
                "max",
                "count",
                "median",
                "mode",
                "any_value",
                "stddev",
                "var_pop",
                "mad",
                "approx_count_distinct",
            )
        ]
        told = self._r.choice([
            *plain, "count(*)", f"count(DISTINCT {self._value(1)})", f"sum(DISTINCT {n})", f"avg(DISTINCT {n})", f"pct({n}, {self._r.choice([0, 5, 37.5, 50, 95, 100])})",
            f"quantile_disc({n}, {self._r.choice([0, 0.1, 0.25, 0.5, 0.75, 1])})", f"bool_and({t})", f"bool_or({t})", f"count_if({t})",
            f"last_of({n}, ts)", f"first_of({n}, ts)", f"arg_max(ts, {n})", f"arg_min({n}, {self._number(1)})", f"min({self._text(1)})", f"max({self._text(1)})",
            f"max({self._time(1)})", f"mode({self._text(1)})", f"corr({n}, {self._number(1)})", f"regr_slope({n}, {self._number(0)})", f"covar_pop({n}, {self._number(0)})",
        ])  # fmt: skip
        return f"{told} FILTER (WHERE {self._truth(1)})" if self._r.random() < 0.15 else told

    def _window(self) -> str:
        by = "ORDER BY ts, power, load, run"
        part = f"PARTITION BY {self._value(0)} " if self._r.random() < 0.5 else ""
        n = self._number(1)
        told = self._r.choice([
            "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)", f"lag({n})", f"lead({n}, 2)", f"lag({n}, 1, 0)",
            f"first_value({n})", f"last_value({n})", f"nth_value({n}, 2)", f"sum({n})", f"avg({n})", f"min({n})", f"max({n})", f"count({n})", f"stddev({n})",
        ])  # fmt: skip
        frame = self._r.choice(
            [
                "",
                "",
                " ROWS BETWEEN 2 PRECEDING AND CURRENT ROW",
                " ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
                " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
            ]
        )
        return f"{told} OVER ({part}{by}{frame})"

    def _number(self, deep: int) -> str:
        if deep <= 0 or self._r.random() < 0.2:
            return self._r.choice([*_NUMBERS, *_NUMBERS, "0", "1", "-3", "2.5", "1e3", "7"])
        a, b = self._number(deep - 1), self._number(deep - 1)
        ts = self._time(deep - 1)
        return self._r.choice([
            f"({a} + {b})", f"({a} - {b})", f"({a} * {b})", f"({a} / {b})", f"({a} // {b})", f"({a} % {b})", f"(-{a})", f"pow({a}, {self._r.choice([2, 0.5, -1, 0])})",
            f"abs({a})", f"round({a})", f"round({a}, 1)", f"round({a}, -1)", f"floor({a})", f"ceil({a})", f"trunc({a})", f"sign({a})", f"sqrt({a})", f"ln({a})", f"exp({a} / 10)", f"log10({a})",
            f"greatest({a}, {b})", f"least({a}, {b}, 1)", f"coalesce({a}, {b})", f"nullif({a}, {b})", f"CAST({a} AS INT)", f"CAST({a} AS DECIMAL(12, 2))",
            f"CASE WHEN {self._truth(deep - 1)} THEN {a} ELSE {b} END", f"if({self._truth(deep - 1)}, {a}, NULL)", f"length({self._text(deep - 1)})",
            f"hour({ts})", f"minute({ts})", f"dayofweek({ts})", f"week({ts})", f"epoch({ts})", f"date_diff('{self._r.choice(['hour', 'day', 'minute', 'week', 'month'])}', {ts}, {self._time(deep - 1)})",
            f"epoch({ts} - {self._time(deep - 1)})", f"CAST({self._truth(deep - 1)} AS INT)", f"TRY_CAST({self._text(deep - 1)} AS DOUBLE)", f"extract(doy FROM {ts})",
        ])  # fmt: skip

    def _truth(self, deep: int) -> str:
        if deep <= 0:
            return self._r.choice(
                [
                    "power > 1",
                    "load IS NULL",
                    "run = 1",
                    "true",
                    "power >= load",
                    "hour(ts) < 6",
                    "run",
                ]
            )
        a, b, t, u = (
            self._number(deep - 1),
            self._number(deep - 1),
            self._truth(deep - 1),
            self._truth(deep - 1),
        )
        x, y = self._text(deep - 1), self._text(deep - 1)
        sign = self._r.choice(
            ["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM"]
        )
        return self._r.choice([
            f"({a} {sign} {b})", f"({a} {sign} {b})", f"({x} {sign} {y})", f"({self._time(deep - 1)} {sign} {self._time(deep - 1)})", f"({t} AND {u})", f"({t} OR {u})", f"(NOT {t})",
            f"({a} IS NULL)", f"({a} BETWEEN {b} AND {self._number(0)})", f"({a} NOT IN ({b}, 1, 2.5))", f"({a} IN (1, NULL, {b}))", f"({x} LIKE {self._r.choice(_WORDS[:2])} || '%')", f"({x} ILIKE '%C%')",
            f"(({t}) IS TRUE)", f"(({t}) IS NOT FALSE)", f"contains({x}, 'a')", f"starts_with({x}, {y})", f"isnan({a})", f"isfinite({a})",
        ])  # fmt: skip

    def _text(self, deep: int) -> str:
        if deep <= 0:
            return self._r.choice(_WORDS)
        a, n = self._text(deep - 1), self._number(deep - 1)
        return self._r.choice([
            f"upper({a})", f"lower({a})", f"({a} || {self._text(deep - 1)})", f"concat({a}, {n}, NULL)", f"left({a}, 2)", f"right({a}, 1)", f"substring({a}, 2, 2)", f"trim({a})", f"split_part({a}, '-', 1)",
            f"CAST({n} AS VARCHAR)", f"CAST({self._time(deep - 1)} AS VARCHAR)", f"CAST({self._truth(deep - 1)} AS VARCHAR)", f"strftime({self._time(deep - 1)}, '%d.%m. %H:%M')", f"dayname({self._time(deep - 1)})",
            f"coalesce({a}, 'x')", f"CASE WHEN {self._truth(deep - 1)} THEN {a} END", f"greatest({a}, 'b')", f"nullif({a}, 'a')",
        ])  # fmt: skip

    def _time(self, deep: int) -> str:
        if deep <= 0 or self._r.random() < 0.3:
            return self._r.choice(
                [
                    "ts",
                    "ts",
                    "ts",
                    "now()",
                    "TIMESTAMP '2026-10-25 02:30'",
                    "TIMESTAMP '2026-01-31 23:59:59'",
                ]
            )
        t = self._time(deep - 1)
        return self._r.choice([
            f"date_trunc('{self._r.choice(['hour', 'day', 'week', 'month', 'quarter', 'year', 'minute'])}', {t})", f"bucket({t}, {self._r.choice([5, 7, 60, 1440, 10080])})",
            f"({t} + INTERVAL {self._r.choice(['1 HOUR', '1 DAY', '1 MONTH', '90 MINUTE', '1 YEAR'])})", f"({t} - INTERVAL '1 day 2 hours')", f"({t} + INTERVAL ({self._r.choice(_NUMBERS)}) MINUTE)",
            f"greatest({t}, {self._time(0)})", f"coalesce(NULL, {t})", f"date_add({t}, INTERVAL 3 DAY)", f"time_bucket(INTERVAL 15 MINUTE, {t})",
        ])  # fmt: skip

    def _date(self, deep: int) -> str:
        t = self._time(deep - 1)
        return self._r.choice(
            [f"CAST({t} AS DATE)", f"last_day({t})", f"(CAST({t} AS DATE) + 1)", "current_date"]
        )
