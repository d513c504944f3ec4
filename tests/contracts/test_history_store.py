"""What every history that lasts promises beyond the port: bulk, scan, how much there is, forgetting."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from ontology.history import HistoryStore, Retention, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.copying import copy, tally_of
from ontology.store.histories import open_history
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC, Span

T0 = dt.datetime(2026, 9, 20, tzinfo=UTC)
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
POINTS = tuple(Ref(f"FCU-{i}.room-temp") for i in range(7))
ALL = Span(T0 - 400 * DAY, T0 + 400 * DAY)


@pytest.fixture(params=["memory", "duckdb", "postgresql"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[HistoryStore]:
    opened: HistoryStore
    if request.param == "memory":
        opened = MemoryHistory()
    elif request.param == "duckdb":
        opened = open_history(tmp_path / "history.duckdb")
    else:
        opened = open_history(request.getfixturevalue("postgres_server").fresh())
    yield opened
    await opened.close()


def weeks(seed: int = 1, *, days: int = 50, every: dt.timedelta = 20 * MINUTE) -> Samples:
    """Readings of all points with every status, gaps, NaN and infinities."""
    rng = np.random.default_rng(seed)
    each = int(days * DAY / every)
    rows = each * len(POINTS)
    value = 20 + rng.standard_normal(rows)
    value[rng.random(rows) < 0.02] = math.nan
    value[rng.random(rows) < 0.02] = math.inf
    ts = int(T0.timestamp()) + int(every.total_seconds()) * np.arange(each)
    found = Samples(
        POINTS,
        np.repeat(np.arange(len(POINTS), dtype=np.int32), each),
        np.tile(ts, len(POINTS)),
        value,
        rng.integers(0, 6, rows).astype(np.uint8),
    )
    kept = rng.random(rows) < 0.9
    return Samples(POINTS, found.index[kept], found.ts[kept], found.value[kept], found.status[kept])


def parts(samples: Samples, count: int) -> list[Samples]:
    """The same samples in batches, shuffled."""
    order = np.random.default_rng(3).permutation(len(samples))
    return [
        Samples(samples.points, samples.index[some], samples.ts[some], samples.value[some], samples.status[some])
        for some in np.array_split(order, count)
    ]  # fmt: skip


async def same(one: HistoryStore, other: HistoryStore, *steps: dt.timedelta) -> None:
    """Means agree; roll-ups are sums of their own, so their last bits may differ."""
    span = Span(T0, T0 + 60 * DAY)
    for step in steps:
        means = [await history.read(POINTS, span, step) for history in (one, other)]
        for point in POINTS:
            np.testing.assert_allclose(means[0][point], means[1][point], rtol=1e-12)


async def test_a_scan_gives_every_sample_once_from_old_to_new(history: HistoryStore) -> None:
    samples = weeks()
    heard: list[int] = []
    assert await history.bulk(parts(samples, 9), heard.append) == len(samples)
    assert heard == sorted(heard)
    assert heard[-1] == len(samples)
    await history.write(parts(samples, 30)[0])
    batches = [batch async for batch in history.scan()]
    assert sum(map(len, batches)) == len(samples)
    newest = -1
    for batch in batches:
        assert int(batch.ts.min()) >= newest
        newest = int(batch.ts.max())
    kept = await history.kept()
    assert (kept.points, kept.rows) == (len(POINTS), len(samples))
    assert (kept.first, kept.last) == (T0, T0 + 50 * DAY - 20 * MINUTE)
    assert kept.bytes > 0
    day = [batch async for batch in history.scan(Span(T0 + 30 * DAY, T0 + 31 * DAY))]
    wanted = (samples.ts >= (T0 + 30 * DAY).timestamp()) & (
        samples.ts < (T0 + 31 * DAY).timestamp()
    )
    assert sum(map(len, day)) == wanted.sum()


async def test_an_empty_history_has_nothing_and_since_no_time(history: HistoryStore) -> None:
    kept = await history.kept()
    assert (kept.points, kept.rows, kept.first, kept.last) == (0, 0, None, None)
    assert [batch async for batch in history.scan()] == []
    assert await history.bulk([]) == 0
    assert await history.retain(Retention(raw=DAY), now=T0) == 0


async def test_what_is_forgotten_stays_as_its_hours(history: HistoryStore) -> None:
    """Hourly and daily charts go on over old times; twice is once; an exact edge; late ones change nothing."""
    samples, memory = weeks(), MemoryHistory()
    for store in (history, memory):
        await store.bulk([samples])
    now = T0 + 55 * DAY + 17 * MINUTE
    edge = int((now - 40 * DAY).timestamp()) // 3600 * 3600
    for retention in (Retention(raw=45 * DAY), Retention(raw=40 * DAY), Retention(raw=40 * DAY)):
        gone = [await store.retain(retention, now=now) for store in (history, memory)]
        assert gone[0] == gone[1]
        await same(history, memory, HOUR, 6 * HOUR, DAY, 10 * MINUTE)
    assert gone == [0, 0]
    assert (await history.kept()).rows == (samples.ts >= edge).sum()
    late = parts(samples, 5)[0]
    for store in (history, memory):
        await store.write(late)
        await store.retain(Retention(raw=40 * DAY), now=now)
    await same(history, memory, HOUR, DAY)
    gone = [await s.retain(Retention(hourly=48 * DAY), now=now) for s in (history, memory)]
    assert gone == [0, 0]
    await same(history, memory, HOUR, DAY)
    none = (await history.read(POINTS, Span(T0, T0 + 6 * DAY), HOUR))[POINTS[0]]
    assert np.isnan(none).all()


async def test_roll_ups_leave_out_what_does_not_count(history: HistoryStore) -> None:
    point = POINTS[0]
    rows = [
        (0, 10.0, Status.GOOD),
        (20, 99.0, Status.FAULT),
        (40, math.nan, Status.GOOD),
        (50, 20.0, Status.STALE),
    ]
    await history.write(Samples.of([Sample(point, T0 + m * MINUTE, v, s) for m, v, s in rows]))
    await history.write(Samples.of([Sample(point, T0 + 70 * MINUTE, 5.0, Status.FAULT)]))
    assert await history.retain(Retention(raw=DAY), now=T0 + 3 * DAY) == 5
    means = (await history.read([point], Span(T0, T0 + 2 * HOUR), HOUR))[point]
    assert means[0] == 15.0
    assert math.isnan(means[1])
    assert (await history.kept()).rows == 0


async def test_samples_survive_the_way_there_and_back(history: HistoryStore) -> None:
    samples, there, back = weeks(days=40), MemoryHistory(), MemoryHistory()
    await there.bulk([samples])
    await copy(there, history)
    await copy(history, back)
    tallies = [await tally_of(store, ALL) for store in (there, history, back)]
    assert tallies[0].total == len(samples)
    assert not tallies[0].differs(tallies[1])
    assert not tallies[0].differs(tallies[2])
