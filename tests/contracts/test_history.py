"""The History port's contract, run against every implementation; then what only a file can suffer."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.errors import BadRequest, Conflict, Corrupt, Unavailable
from ontology.history import History, HistoryStore, Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.duck import DuckHistory
from ontology.store.memory_history import MemoryHistory
from ontology.store.pg_history import PgHistory
from ontology.time import UTC, Span

T0 = dt.datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
MINUTE = dt.timedelta(minutes=1)
HOUR = Span(T0, T0 + 60 * MINUTE)
POWER, FLOW, SILENT = Ref("CH-2.power"), Ref("CH-2.chilled-water-flow"), Ref("CH-3.power")

OPENERS: dict[str, Callable[[Path], History]] = {
    "memory": lambda folder: MemoryHistory(),
    "duckdb": lambda folder: DuckHistory.open(folder / "history.duckdb"),
    "duckdb-compacting": lambda folder: DuckHistory.open(folder / "history.duckdb", hot_rows=2),
}


@pytest.fixture(params=[*OPENERS, "postgresql"])
async def history(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[History]:
    opened: History
    if request.param == "postgresql":
        opened = PgHistory.open(request.getfixturevalue("postgres_server").fresh())
    else:
        opened = OPENERS[request.param](tmp_path)
    yield opened
    await opened.close()


def at(minute: float, value: float, point: Ref = POWER, status: Status = Status.GOOD) -> Sample:
    return Sample(point, T0 + minute * MINUTE, value, status)


async def write(history: History, *samples: Sample) -> None:
    await history.write(Samples.of(samples))


async def mean(
    history: History, point: Ref = POWER, step: dt.timedelta = 60 * MINUTE
) -> list[float]:
    return [float(value) for value in (await history.read([point], HOUR, step))[point]]


async def test_each_step_gives_the_mean_of_its_samples(history: History) -> None:
    await write(history, at(0, 10), at(5, 20), at(10, 40), at(59.5, 7))
    first, second, *rest = await mean(history, step=10 * MINUTE)
    assert (first, second) == (15.0, 40.0)
    assert all(map(math.isnan, rest[:3]))
    assert rest[3] == 7.0


async def test_a_range_takes_its_start_and_leaves_its_end(history: History) -> None:
    await write(history, at(-1, 1), at(0, 2), at(59, 4), at(60, 8))
    assert await mean(history) == [3.0]
    assert (await history.raw(POWER, HOUR)).value.tolist() == [2.0, 4.0]
    half = Span(T0 + 0.5 * dt.timedelta(seconds=1), T0 + 60 * MINUTE)
    assert (await history.raw(POWER, half)).value.tolist() == [4.0]


async def test_a_last_partial_step_counts(history: History) -> None:
    await write(history, at(0, 1), at(50, 3))
    assert await mean(history, step=45 * MINUTE) == [1.0, 3.0]


async def test_silence_is_nan_and_never_zero(history: History) -> None:
    await write(history, at(0, 1))
    found = await history.read([SILENT, POWER, FLOW], HOUR, 30 * MINUTE)
    assert list(found) == [SILENT, POWER, FLOW]
    assert np.isnan(found[SILENT]).all()
    assert found[SILENT].shape == (2,)
    assert found[POWER][0] == 1.0
    assert len(await history.raw(SILENT, HOUR)) == 0
    assert await history.latest([SILENT]) == {}


async def test_a_broken_sensor_counts_as_silent_and_a_held_one_does_not(history: History) -> None:
    await write(
        history,
        at(0, 99, status=Status.FAULT),
        at(1, math.nan),
        at(2, math.inf),
        at(3, 5, status=Status.OVERRIDDEN),
        at(4, 7, status=Status.STALE),
    )
    assert await mean(history) == [6.0]
    kept = await history.raw(POWER, HOUR)
    assert kept.status.tolist() == [2, 0, 0, 3, 1]
    assert math.isnan(kept.value[1])


async def test_a_correction_wins_over_what_it_corrects(history: History) -> None:
    await write(history, at(0, 1), at(1, 3), at(2, 100))
    await write(history, at(2, 5))
    await write(history, at(0, 4), at(0, 7))
    assert await mean(history) == [5.0]
    await write(history, at(2, 50, status=Status.FAULT))
    assert await mean(history) == [5.0]
    assert (await history.raw(POWER, HOUR)).value.tolist() == [7.0, 3.0, 50.0]
    await write(history, at(0, math.nan), at(2, math.nan))
    assert await mean(history) == [3.0]
    assert math.isnan((await history.latest())[POWER].value)


async def test_the_newest_sample_of_each_point_is_known_at_once(history: History) -> None:
    assert await history.latest() == {}
    await write(history, at(3, 30), at(1, 10), at(2, 5, FLOW, Status.ESTIMATED))
    await write(history, at(2, 20))
    assert await history.latest() == {POWER: at(3, 30), FLOW: at(2, 5, FLOW, Status.ESTIMATED)}
    await write(history, at(3, 33))
    assert await history.latest([POWER, SILENT]) == {POWER: at(3, 33)}


async def test_raw_samples_come_in_time_order_and_bounded(history: History) -> None:
    await write(history, *(at(m, m) for m in (5, 1, 3, 2, 4)))
    assert (await history.raw(POWER, HOUR)).value.tolist() == [1, 2, 3, 4, 5]
    some = await history.raw(POWER, HOUR, limit=2)
    assert some.value.tolist() == [1, 2]
    assert some.points == (POWER,)
    assert some.ts.tolist() == [int(T0.timestamp()) + 60, int(T0.timestamp()) + 120]


async def test_no_samples_is_nothing_to_write(history: History) -> None:
    await history.write(Samples.of([]))
    assert await history.latest() == {}
    assert await history.read([], HOUR, MINUTE) == {}


@pytest.mark.parametrize("ts", [-1, 4_102_444_800, 1_700_000_000_000])
async def test_a_clock_that_cannot_be_right_is_refused(history: History, ts: int) -> None:
    """Milliseconds taken for seconds would hide every later sample."""
    wrong = Samples.of([at(0, 1)])
    wrong.ts[0] = ts
    with pytest.raises(BadRequest):
        await history.write(wrong)
    with pytest.raises(BadRequest):
        await history.read(
            [POWER] * 1, Span(T0 - dt.timedelta(days=9_000), T0), dt.timedelta(seconds=1)
        )
    assert await history.latest() == {}


async def sums(history: History, points: Sequence[Ref]) -> object:
    """Everything a history says about these points, bit by bit."""
    means = await history.read(points, HOUR, 7 * MINUTE)
    raw = [await history.raw(point, HOUR) for point in points]
    return (
        {p.id: m.tobytes() for p, m in means.items()},
        [(r.ts.tobytes(), r.value.tobytes(), r.status.tobytes()) for r in raw],
        sorted(map(repr, (await history.latest()).values())),
    )


KEYS = st.tuples(st.sampled_from([POWER, FLOW]), st.integers(0, 70))
FACTS = st.dictionaries(
    KEYS,
    st.tuples(st.floats(-1e6, 1e6) | st.just(math.nan), st.sampled_from(Status)),
    min_size=1,
    max_size=25,
)


@settings(max_examples=15, deadline=None)
@given(facts=FACTS, data=st.data())
async def test_double_reordered_and_late_delivery_gives_identical_sums(
    facts: dict[tuple[Ref, int], tuple[float, Status]], data: st.DataObject
) -> None:
    """What a clean delivery gives, any messy one gives too, to the last bit, in every history."""
    rows = [at(minute, value, point, status) for (point, minute), (value, status) in facts.items()]
    wrong = [
        at((s.at - T0) / MINUTE, -1.0, s.point) for s in data.draw(st.lists(st.sampled_from(rows)))
    ]
    messy = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows)))))
    cut = data.draw(st.integers(0, len(messy)))
    clean = MemoryHistory()
    await write(clean, *sorted(rows, key=lambda s: (s.at, s.point)))
    wanted = await sums(clean, [POWER, FLOW])
    with tempfile.TemporaryDirectory() as folder:
        for opened in (MemoryHistory(), DuckHistory.open(Path(folder) / "h.duckdb", hot_rows=12)):
            try:
                await write(opened, *wrong)
                for part in (messy[:cut], messy[cut:], messy[: cut // 2]):
                    await write(opened, *part)
                assert await sums(opened, [POWER, FLOW]) == wanted
                await opened.bulk([Samples.of(messy), Samples.of(rows)])
                assert await sums(opened, [POWER, FLOW]) == wanted
            finally:
                await opened.close()


def grid(points: int, steps: int, *, start: int = 0, value: float = 0.0) -> Samples:
    """`points` points every 5 minutes; the value is `value` + the step's number."""
    number = np.arange(start, start + steps, dtype=np.int64)
    return Samples(
        tuple(Ref(f"P-{i}.power") for i in range(points)),
        np.tile(np.arange(points, dtype=np.int32), steps),
        np.repeat(int(T0.timestamp()) + 300 * number, points),
        np.repeat(number.astype(np.float64) + value, points),
        np.zeros(points * steps, np.uint8),
    )


async def test_thirty_days_of_a_wing_are_loaded_sorted_and_read_back(tmp_path: Path) -> None:
    """100 points x 30 days: the same answers as from memory, and few bytes a row."""
    days = [grid(100, 288, start=288 * day) for day in range(30)]
    heard: list[int] = []
    file = tmp_path / "history.duckdb"
    history, memory = DuckHistory.open(file), MemoryHistory()
    assert await history.bulk(iter(days), heard.append) == 30 * 28_800
    assert heard[-1] == 30 * 28_800
    await memory.bulk(days)
    month, point = (
        Span.last(dt.timedelta(days=30), now=T0 + dt.timedelta(days=30)),
        Ref("P-7.power"),
    )
    for step in (MINUTE * 5, dt.timedelta(hours=1), dt.timedelta(days=1)):
        one, two = [(await h.read([point], month, step))[point] for h in (history, memory)]
        assert one.tobytes() == two.tobytes()
    assert await history.latest() == await memory.latest()
    kept = await history.kept()
    assert (kept.points, kept.rows) == (100, 30 * 28_800)
    assert kept.bytes < 8 * kept.rows
    await history.close()


async def test_a_history_sorted_again_says_the_same(tmp_path: Path) -> None:
    """Late and corrected samples over six periods, in small tails: few segments, each sample once."""
    history, memory = DuckHistory.open(tmp_path / "history.duckdb", hot_rows=300), MemoryHistory()
    for batch in range(30):
        samples = grid(20, 20, start=(batch * 13) % 90 + 3_000 * (batch % 6), value=batch)
        await history.write(samples)
        await memory.write(samples)
    points = [Ref(f"P-{i}.power") for i in range(20)]
    assert await everything(history) == await everything(memory)
    await history.compact()
    assert await everything(history) == await everything(memory)
    snapshot = await history.snapshot()
    assert snapshot is not None
    assert 0 < len(snapshot.segments) <= 6 * 3
    kept = await history.kept()
    assert kept.rows == len(await everything(memory))
    assert pa.ipc.open_stream(snapshot.fresh).read_all().num_rows == 0
    assert await sums(history, points) == await sums(memory, points)
    await history.close()


async def everything(history: HistoryStore) -> list[tuple[str, int, float, int]]:
    """Every sample, by time and point."""
    found, last = [], -1
    async for batch in history.scan():
        assert len(batch) <= 500_000
        assert int(batch.ts.min()) >= last
        last = int(batch.ts.max())
        ids = [batch.points[n].id for n in batch.index]
        found += list(zip(ids, batch.ts.tolist(), batch.value.tolist(), batch.status.tolist(), strict=True))  # fmt: skip
    return sorted(found, key=lambda row: (row[1], row[0]))


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb")
    await write(history, at(0, 1), at(5, 9, FLOW))
    await history.close()
    with pytest.raises(Unavailable):
        await write(history, at(1, 1))
    again = DuckHistory.open(tmp_path / "history.duckdb")
    await write(again, at(0, 2))
    assert await mean(again) == [2.0]
    assert (await again.latest())[FLOW] == at(5, 9, FLOW)
    await again.close()


async def test_readers_and_one_writer_do_not_disturb_each_other(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb", hot_rows=1000)
    points = tuple(Ref(f"P-{i}.power") for i in range(50))

    async def reads() -> None:
        for _ in range(15):
            means = await history.read(points, Span(T0, T0 + 500 * MINUTE), 5 * MINUTE)
            first = means[points[0]]
            known = first[~np.isnan(first)]
            assert (known == np.arange(len(known))).all()

    writes = (history.write(grid(50, 1, start=step)) for step in range(60))
    await asyncio.gather(*writes, reads(), reads())
    assert len(await history.raw(points[3], Span(T0, T0 + 500 * MINUTE))) == 60
    await history.close()


def child(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


WRITER = """
    import asyncio, sys
    from pathlib import Path
    from ontology.store.duck import DuckHistory
    from tests.contracts.test_history import grid

    async def main() -> None:
        history = DuckHistory.open(Path(sys.argv[1]), hot_rows=1_500)
        for step in range(int(sys.argv[2]), 100_000):
            await history.write(grid(200, 1, start=step))
            print(step, flush=True)

    asyncio.run(main())
"""


async def test_a_process_killed_while_writing_loses_nothing_acknowledged(tmp_path: Path) -> None:
    file, done = tmp_path / "history.duckdb", -1
    for acknowledged in (3, 17):
        with child(WRITER, str(file), str(done + 1)) as writer:
            assert writer.stdout is not None
            for _ in range(acknowledged):
                done = int(writer.stdout.readline())
            os.kill(writer.pid, signal.SIGKILL)
            for line in writer.stdout:
                done = int(line) if line.endswith("\n") else done
        history = DuckHistory.open(file)
        stored = await history.raw(Ref("P-199.power"), Span(T0, T0 + dt.timedelta(days=100)))
        assert stored.value.tolist()[: done + 1] == list(range(done + 1))
        assert len(stored) <= done + 2
        newest = await history.latest([Ref("P-0.power")])
        assert newest[Ref("P-0.power")].value == stored.value[-1]
        await history.close()


async def test_a_second_process_is_refused_with_the_owner_named(tmp_path: Path) -> None:
    file = tmp_path / "history.duckdb"
    history = DuckHistory.open(file)
    code = """
        import sys
        from pathlib import Path
        from ontology.errors import Conflict
        from ontology.store.duck import DuckHistory
        try:
            DuckHistory.open(Path(sys.argv[1]))
        except Conflict as refused:
            print(refused, "|", refused.hint)
    """
    with child(code, str(file)) as second:
        said, wrong = second.communicate(timeout=60)
    assert f"process {os.getpid()}" in said, wrong
    assert "own data directory" in said
    with pytest.raises(Conflict):
        DuckHistory.open(file)
    await history.close()
    await DuckHistory.open(file).close()


async def test_a_full_disk_is_said_and_writing_goes_on_once_there_is_room(tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: the same error from the kernel."""
    code = """
        import asyncio, resource, sys
        from pathlib import Path
        from ontology.errors import OutOfSpace
        from ontology.kinds import Ref
        from ontology.store.duck import DuckHistory
        from ontology.time import Span
        from tests.contracts.test_history import T0, grid
        import datetime as dt

        async def main() -> None:
            history = DuckHistory.open(Path(sys.argv[1]), hot_rows=20_000)
            resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, resource.RLIM_INFINITY))
            stored = 0
            try:
                for step in range(1_000):
                    await history.write(grid(2_000, 1, start=step, value=step / 7))
                    stored = step + 1
            except OutOfSpace as full:
                assert full.hint
            for _ in range(3):
                try:
                    await history.write(grid(2_000, 1, start=stored))
                except OutOfSpace:
                    pass
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            await history.write(grid(2_000, 1, start=stored, value=0.5))
            found = await history.raw(Ref("P-9.power"), Span(T0, T0 + dt.timedelta(days=9)))
            whole = found.ts.tolist() == [int(T0.timestamp()) + 300 * n for n in range(stored + 1)]
            newest = (await history.latest())[Ref("P-9.power")].value
            await history.close()
            print("kept" if whole and newest == stored + 0.5 else f"lost {stored} {newest}", stored)

        asyncio.run(main())
    """
    with child(code, str(tmp_path / "history.duckdb")) as process:
        said, wrong = process.communicate(timeout=100)
    assert said.startswith("kept"), (said, wrong)
    assert 0 < int(said.split()[1]) < 1_000


@pytest.mark.parametrize("damage", ["not a database at all", "cut", "scribbled"])
async def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "history.duckdb"
    history = DuckHistory.open(file)
    await history.bulk([grid(100, 2_000)])
    await history.close()
    whole = file.read_bytes()
    scribbled = whole[:4096] + os.urandom(8192) + whole[12288:]
    file.write_bytes({"cut": whole[:20_000], "scribbled": scribbled}.get(damage, damage.encode()))
    with pytest.raises(Corrupt) as broken:
        await DuckHistory.open(file).close()
    assert "backup" in broken.value.hint


async def test_a_file_of_another_format_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "history.duckdb"
    history = DuckHistory.open(file)
    await history.close()
    with duckdb.connect(str(file)) as db:
        db.execute("UPDATE store.meta SET value = '3' WHERE name = 'format'")
    with pytest.raises(Corrupt) as newer:
        DuckHistory.open(file)
    assert "version of Plantroom" in newer.value.hint


async def test_a_folder_that_may_not_be_written_is_said_plainly() -> None:
    with pytest.raises(Unavailable) as refused:
        DuckHistory.open(Path("/proc/nowhere/history.duckdb"))
    assert "data directory" in refused.value.hint


async def test_a_snapshot_is_all_that_was_written_until_then(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb", hot_rows=50)
    await write(history, at(0, 1), at(1, math.nan), at(1, 5, FLOW))
    first = await history.snapshot()
    assert first is not None
    assert await history.snapshot(first.version) is None
    await write(history, at(0, 9), at(2, 3))
    second = await history.snapshot(first.version)
    assert second is not None
    assert second.version > first.version
    for snapshot, values in ((first, [1.0, None, 5.0]), (second, [9.0, None, 3.0, 5.0])):
        assert snapshot.points == (POWER.id, FLOW.id)
        assert snapshot.segments == ()
        fresh = pa.ipc.open_stream(snapshot.fresh).read_all().sort_by([("point", "ascending"), ("ts", "ascending")])  # fmt: skip
        assert fresh.column_names == ["point", "ts", "value", "status"]
        assert fresh["value"].to_pylist() == values
    newest = pa.ipc.open_stream(second.latest).read_all()
    assert dict(zip(newest["point"].to_pylist(), newest["value"].to_pylist(), strict=True)) == {0: 3.0, 1: 5.0}  # fmt: skip
    await history.close()
