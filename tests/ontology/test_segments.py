"""Segments of the embedded history: moved, merged, migrated, backed up, forgotten; killed in between."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.errors import Conflict, Corrupt, NotFound
from ontology.history import Floats, HistoryStore, Retention, Samples, Status
from ontology.kinds import Ref
from ontology.store import duck_plan
from ontology.store.duck import DuckHistory
from ontology.store.duck_backup import NOTE, restore
from ontology.store.duck_plan import PERIOD_S, Segment, due
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC, Span

T0 = dt.datetime(2026, 9, 1, tzinfo=UTC)
DAY = dt.timedelta(days=1)
POINTS = tuple(Ref(f"VAV-{n}.zone-air-temp") for n in range(40))


def days(first: int, last: int, *, value: float = 20.0, points: int = 40) -> Samples:
    """Every point each half hour; a wave of the hour and the point, plus `value`."""
    steps = np.arange(48 * first, 48 * last, dtype=np.int64)
    index = np.tile(np.arange(points, dtype=np.int32), len(steps))
    ts = np.repeat(int(T0.timestamp()) + 1800 * steps, points)
    wave = np.round(value + np.sin(ts / 9_000 + index), 1)
    return Samples(POINTS[:points], index, ts, wave, np.zeros(len(ts), np.uint8))


async def everything(history: HistoryStore) -> list[tuple[str, int, float, int]]:
    found = []
    async for some in history.scan():
        ids = [some.points[n].id for n in some.index]
        found += list(zip(ids, some.ts.tolist(), some.value.tolist(), some.status.tolist(), strict=True))  # fmt: skip
    return sorted(found, key=lambda row: (row[1], row[0]))


async def hourly(history: HistoryStore, span: Span, hours: int = 1) -> Floats:
    found = await history.read(POINTS, span, hours * dt.timedelta(hours=1))
    return np.array([found[point] for point in POINTS])


def files(folder: Path) -> set[str]:
    return {f.name for f in (folder / "history.segments").iterdir()}


async def test_another_process_reads_a_snapshot_while_the_owner_writes(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb", hot_rows=5_000)
    await history.bulk([days(0, 20)])
    await history.write(days(20, 21))
    await history.write(days(5, 6, value=90))
    snapshot = await history.snapshot()
    assert snapshot is not None
    assert snapshot.corrects
    (tmp_path / "fresh.arrow").write_bytes(snapshot.fresh)
    code = """
        import duckdb, pyarrow as pa, sys
        fresh = pa.ipc.open_stream(open(sys.argv[1], "rb").read()).read_all()
        with duckdb.connect() as db:
            for n, path in enumerate(sys.argv[2:]):
                db.execute(f"ATTACH '{path}' AS s{n} (READ_ONLY)")
            cold = " UNION ALL ".join(f"SELECT * FROM s{n}.cold" for n in range(len(sys.argv) - 2))
            print(*db.execute(f"SELECT count(*), sum(value) FROM (SELECT * FROM ({cold}) c ANTI JOIN fresh"
                f" USING (point, ts) UNION ALL SELECT * FROM fresh)").fetchall()[0])
    """
    run = [sys.executable, "-c", "\n".join(line[8:] for line in code.splitlines())]
    reader = await asyncio.create_subprocess_exec(
        *run, str(tmp_path / "fresh.arrow"), *map(str, snapshot.segments), stdout=subprocess.PIPE
    )
    await history.write(days(21, 30))
    await history.compact()
    said, _ = await asyncio.wait_for(reader.communicate(), 60)
    rows = await everything(history)
    before = [value for _, ts, value, _ in rows if ts < (T0 + 21 * DAY).timestamp()]
    count, total = said.decode().split()
    assert int(count) == len(before) == 21 * 48 * 40
    assert float(total) == pytest.approx(sum(before))
    await history.close()


async def test_many_small_tails_leave_few_segments_and_no_other_file(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb", hot_rows=200)
    for hour in range(120):
        await history.write(_hour(hour))
    await history.compact()
    snapshot = await history.snapshot()
    assert snapshot is not None
    assert len(snapshot.segments) <= 6
    await history.close()
    assert files(tmp_path) == {path.name for path in snapshot.segments}


def _hour(hour: int) -> Samples:
    ts = np.full(40, int(T0.timestamp()) + 3600 * hour, np.int64)
    return Samples(POINTS, np.arange(40, dtype=np.int32), ts, np.full(40, float(hour)), np.zeros(40, np.uint8))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3_000_000)), max_size=60))
def test_merging_ends_with_few_segments_and_every_row_written_few_times(
    rows: list[tuple[int, int]],
) -> None:
    unit, written, segments = 50_000, 0, []
    for number, (period, some) in enumerate(rows):
        segments.append(_segment(number, period, some))
        while found := due(segments, unit):
            assert len({s.period for s in found}) == 1
            merged = _segment(10_000 + written, found[0].period, sum(s.rows for s in found))
            segments = [s for s in segments if s not in found] + [merged]
            written += merged.rows
    for period in {s.period for s in segments}:
        assert len([s for s in segments if s.period == period]) <= 3 * 8
    assert sum(s.rows for s in segments) == sum(some for _, some in rows)


def _segment(number: int, period: int, rows: int) -> Segment:
    first = period * PERIOD_S
    return Segment(number, "cold", rows, first, first + 60, 0, 9, rows * 3, "")


@settings(max_examples=6, deadline=None)
@given(data=st.data())
async def test_any_order_of_writes_loads_and_compactions_gives_what_memory_gives(data: st.DataObject) -> None:  # fmt: skip
    memory = MemoryHistory()
    with tempfile.TemporaryDirectory() as folder:
        history = DuckHistory.open(Path(folder) / "history.duckdb", hot_rows=data.draw(st.sampled_from([100, 9_000])))  # fmt: skip
        for _ in range(data.draw(st.integers(1, 5))):
            first = data.draw(st.integers(0, 24))
            samples = days(first, first + data.draw(st.integers(1, 3)), value=data.draw(st.integers(0, 3)), points=3)  # fmt: skip
            deed = data.draw(st.sampled_from(["write", "bulk", "compact", "again", "retain"]))
            if deed == "compact":
                await history.compact()
            elif deed == "again":
                await history.close()
                history = DuckHistory.open(Path(folder) / "history.duckdb", hot_rows=50)
            elif deed == "retain":
                kept = Retention(raw=8 * DAY, hourly=data.draw(st.sampled_from([None, 12 * DAY])))
                await history.compact()  # a replay of what was forgotten is no part of this
                counts = [await h.retain(kept, now=T0 + first * DAY) for h in (history, memory)]
                assert counts[0] == counts[1]
            else:
                await (history.bulk([samples]) if deed == "bulk" else history.write(samples))
                await memory.write(samples)
        assert await everything(history) == await everything(memory)
        assert await history.latest() == await memory.latest()
        month = Span(T0, T0 + 30 * DAY)
        assert np.array_equal(await hourly(history, month), await hourly(memory, month), equal_nan=True)  # fmt: skip
        one, two = await history.kept(), await memory.kept()
        assert (one.points, one.rows, one.first, one.last) == (two.points, two.rows, two.first, two.last)  # fmt: skip
        await history.close()


async def stores(folder: Path) -> Sequence[HistoryStore]:
    return [MemoryHistory(), DuckHistory.open(folder / "history.duckdb", hot_rows=4_000)]


async def test_forgotten_samples_leave_their_hours(tmp_path: Path) -> None:
    for history in await stores(tmp_path):
        await history.bulk([days(0, 30)])
        broken = days(3, 4)
        broken.status[:] = Status.FAULT
        await history.write(broken)
        month, now = Span(T0, T0 + 30 * DAY), T0 + 30 * DAY
        before = await hourly(history, month)
        by_day = await hourly(history, month, hours=24)
        assert await history.retain(Retention(raw=18 * DAY), now=now) == 12 * 48 * 40
        assert await history.retain(Retention(raw=18 * DAY), now=now) == 0
        assert (await history.kept()).rows == 18 * 48 * 40
        assert np.allclose(await hourly(history, month), before, equal_nan=True)
        assert np.allclose(await hourly(history, month, hours=24), by_day, equal_nan=True)
        fine = (await history.read(POINTS[:1], month, dt.timedelta(minutes=30)))[POINTS[0]]
        assert np.isnan(fine[: 12 * 48]).all()
        assert not np.isnan(fine[12 * 48 :]).any()
        await history.write(days(2, 3))  # delivered again after it was forgotten
        assert await history.retain(Retention(raw=18 * DAY), now=now) == 48 * 40
        assert np.allclose(await hourly(history, month), before, equal_nan=True)
        await history.retain(Retention(raw=18 * DAY, hourly=25 * DAY), now=now)
        rest = await hourly(history, month)
        assert np.isnan(rest[:, : 5 * 24]).all()
        assert np.allclose(rest[:, 5 * 24 :], before[:, 5 * 24 :], equal_nan=True)
        assert len(await history.latest()) == 40
        await history.close()


async def test_hours_are_told_to_other_processes_too(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb")
    await history.bulk([days(0, 12)])
    await history.retain(Retention(raw=2 * DAY), now=T0 + 12 * DAY)
    snapshot = await history.snapshot()
    assert snapshot is not None
    with duckdb.connect() as db:
        hours = []
        for n, path in enumerate(snapshot.hourly):
            db.execute(f"ATTACH '{path}' AS h{n} (READ_ONLY)")
            hours += db.execute(f"SELECT count(*), sum(count), min(min), max(max) FROM h{n}.hourly").fetchall()  # fmt: skip
    assert sum(row[0] for row in hours) == 10 * 24 * 40
    assert sum(row[1] for row in hours) == 10 * 48 * 40
    assert min(row[2] for row in hours) == pytest.approx(19.0)
    await history.close()


async def test_a_backup_taken_while_writing_goes_on_is_one_moment(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb", hot_rows=3_000)
    await history.bulk([days(0, 20)])
    await history.write(days(3, 4, value=50))

    async def writes() -> None:
        for hour in range(20 * 24, 20 * 24 + 60):
            await history.write(_hour(hour))

    heard: list[float] = []
    await asyncio.gather(writes(), history.backup(tmp_path / "backup", heard.append))
    assert heard[-1] == 1.0
    restore(tmp_path / "backup", tmp_path / "new" / "history.duckdb")
    again = DuckHistory.open(tmp_path / "new" / "history.duckdb")
    rows, all_rows = await everything(again), await everything(history)
    assert rows == all_rows[: len(rows)]
    assert len(rows) % 40 == 0
    assert len(rows) >= 20 * 48 * 40
    with pytest.raises(Conflict, match="open"):
        restore(tmp_path / "backup", tmp_path / "new" / "history.duckdb")
    await again.close()
    with pytest.raises(Conflict, match="samples"):
        restore(tmp_path / "backup", tmp_path / "new" / "history.duckdb")
    with pytest.raises(Conflict, match="not empty"):
        await history.backup(tmp_path / "backup")
    await history.close()


async def test_a_backup_that_changed_is_not_restored(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb")
    await history.bulk([days(0, 3)])
    await history.backup(tmp_path / "backup")
    await history.close()
    with pytest.raises(NotFound):
        restore(tmp_path, tmp_path / "new" / "history.duckdb")
    (segment,) = (tmp_path / "backup" / "history.segments").iterdir()
    whole = segment.read_bytes()
    segment.unlink()
    segment.write_bytes(whole[:-9_000] + os.urandom(9_000))
    with pytest.raises(Corrupt, match="not what was written"):
        restore(tmp_path / "backup", tmp_path / "new" / "history.duckdb")
    segment.write_bytes(whole)
    assert restore(tmp_path / "backup", tmp_path / "new" / "history.duckdb") == 3 * 48 * 40
    note = json.loads((tmp_path / "backup" / NOTE).read_text())
    note["files"]["../../elsewhere"] = next(iter(note["files"].values()))
    (tmp_path / "backup" / NOTE).write_text(json.dumps(note))
    with pytest.raises(Corrupt):
        restore(tmp_path / "backup", tmp_path / "third" / "history.duckdb")


async def _kept_in_segments(path: Path) -> list[tuple[str, int, float, int]]:
    """A history of three days, all of it in segments, and a backup of it beside."""
    history = DuckHistory.open(path, hot_rows=1_000)
    await history.write(days(0, 3))
    await history.compact()
    await history.backup(path.parent / "backup")
    rows = await everything(history)
    await history.close()
    return rows


async def test_segments_whose_file_was_moved_away_are_never_taken_for_litter(tmp_path: Path) -> None:  # fmt: skip
    path = tmp_path / "history.duckdb"
    rows = await _kept_in_segments(path)
    path.rename(tmp_path / "away")
    before = files(tmp_path)
    for _ in range(2):
        with pytest.raises(Corrupt, match=r"history\.segments holds segments") as told:
            DuckHistory.open(path)
        assert "put that file back" in told.value.hint
    assert files(tmp_path) == before
    (tmp_path / "away").rename(path)
    back = DuckHistory.open(path)
    assert await everything(back) == rows
    await back.close()


async def test_restoring_over_what_is_left_of_a_history_never_writes_into_the_backup(tmp_path: Path) -> None:  # fmt: skip
    path = tmp_path / "history.duckdb"
    rows = await _kept_in_segments(path)
    path.unlink()
    with pytest.raises(Corrupt, match="segments"):  # they are the very files of the backup, linked
        restore(tmp_path / "backup", path)
    (tmp_path / "history.segments").rename(tmp_path / "old.segments")
    assert restore(tmp_path / "backup", path) == len(rows)
    back = DuckHistory.open(path)
    assert await everything(back) == rows
    await back.close()


async def test_a_restore_that_fails_halfway_leaves_nothing_in_the_way_of_the_next(tmp_path: Path) -> None:  # fmt: skip
    path = tmp_path / "history.duckdb"
    rows = await _kept_in_segments(path)
    new = tmp_path / "new" / "history.duckdb"
    hurt = tmp_path / "backup" / "history.segments" / min(files(tmp_path))
    whole = hurt.read_bytes()
    hurt.unlink()
    hurt.write_bytes(whole[:-1])
    with pytest.raises(Corrupt, match="is not what was written"):
        restore(tmp_path / "backup", new)
    hurt.write_bytes(whole)
    assert restore(tmp_path / "backup", new) == len(rows)


async def test_a_history_of_the_older_format_is_brought_along(tmp_path: Path) -> None:
    samples, fresh = days(0, 14), days(13, 15, value=70)
    _older(tmp_path / "history.duckdb", samples, fresh)
    history, memory = DuckHistory.open(tmp_path / "history.duckdb"), MemoryHistory()
    for some in (samples, fresh):
        await memory.write(some)
    assert await everything(history) == await everything(memory)
    assert await history.latest() == await memory.latest()
    await history.write(days(14, 16, value=5))
    await memory.write(days(14, 16, value=5))
    await history.close()
    again = DuckHistory.open(tmp_path / "history.duckdb")
    assert await everything(again) == await everything(memory)
    await again.close()


def _older(path: Path, cold: Samples, hot: Samples) -> None:
    """What Plantroom wrote before segments."""
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE SCHEMA store")
        db.execute("CREATE TABLE store.meta (name VARCHAR, value VARCHAR)")
        db.execute("INSERT INTO store.meta VALUES ('format', '1')")
        db.execute(
            "CREATE TABLE store.points AS SELECT * FROM (VALUES (0, '')) t(point, id) WHERE false"
        )
        db.executemany("INSERT INTO store.points VALUES (?, ?)", [[n, p.id] for n, p in enumerate(POINTS)])  # fmt: skip
        for name, some in (("cold", cold), ("hot", hot)):
            rows = pa.table({"point": some.index, "ts": some.ts, "value": some.value, "status": some.status})  # fmt: skip
            db.register("rows", rows)
            more = ", 7::BIGINT AS seq" if name == "hot" else ""
            db.execute(f"CREATE TABLE store.{name} AS SELECT *{more} FROM rows ORDER BY point, ts")
            db.unregister("rows")
        db.execute(
            "CREATE TABLE store.latest AS SELECT point, max(ts) AS ts, arg_max(value, ts) AS value,"
            " 0::UTINYINT AS status FROM store.hot GROUP BY point"
        )


async def test_a_segment_that_is_gone_is_named(tmp_path: Path) -> None:
    history = DuckHistory.open(tmp_path / "history.duckdb")
    await history.bulk([days(0, 3)])
    await history.close()
    (segment,) = (tmp_path / "history.segments").iterdir()
    segment.rename(tmp_path / "elsewhere")
    with pytest.raises(Corrupt, match=segment.name) as told:
        DuckHistory.open(tmp_path / "history.duckdb")
    assert "backup" in told.value.hint
    (tmp_path / "elsewhere").rename(segment)
    await DuckHistory.open(tmp_path / "history.duckdb").close()


MOMENTS = [
    "committed",
    *(pytest.param(m, marks=pytest.mark.long) for m in ("made", "retired", "unlinked")),
]
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from ontology.store import duck_layout, duck_mill, duck_shelf
from ontology.store.duck import DuckHistory
from tests.ontology.test_segments import _hour, days

def dies(owner, name, at, after):
    work, left = getattr(owner, name), [at]
    def until(*args, **given):
        left[0] -= 1
        if left[0] == 0 and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = work(*args, **given)
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    setattr(owner, name, until)

async def main(path, moment, at, first):
    duck_shelf.GRACE_S = 0.0
    history = DuckHistory.open(path, hot_rows=130)
    await history.bulk([days(0, 1)])
    target = {"made": (duck_mill._Making, "place", True), "committed": (duck_layout, "settle", True),
              "retired": (duck_shelf.Shelf, "retire", False), "unlinked": (duck_shelf.Shelf, "_sweep", True)}[moment]
    dies(target[0], target[1], at, target[2])
    for hour in range(first, 5_000):
        await history.write(_hour(hour))
        print(hour, flush=True)
        if hour % 9 == 0:
            await history.write(_hour(hour - 5))

asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


@pytest.mark.parametrize("moment", MOMENTS)
async def test_killed_between_segment_manifest_and_removal_nothing_acknowledged_is_lost(
    tmp_path: Path, moment: str
) -> None:
    file, done = tmp_path / "history.duckdb", 47
    for at in (1, 3):
        run = [sys.executable, "-c", KILLED, str(file), moment, str(at), str(done + 1)]
        child = await asyncio.to_thread(subprocess.run, run, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[2], check=False)  # fmt: skip
        assert child.returncode == -signal.SIGKILL, child.stderr
        done = max([done, *map(int, child.stdout.split())])
        history = DuckHistory.open(file)
        rows = await everything(history)
        assert len({(id, ts) for id, ts, _, _ in rows}) == len(rows)
        stored = await history.raw(POINTS[3], Span(T0 + 2 * DAY, T0 + 300 * DAY))
        assert stored.value.tolist()[: done - 47] == [float(hour) for hour in range(48, done + 1)]
        snapshot = await history.snapshot()
        assert snapshot is not None
        assert files(tmp_path) == {path.name for path in snapshot.segments}
        await history.close()


def test_segments_lie_beside_their_history() -> None:
    assert duck_plan.folder_of(Path("/var/tower/history.duckdb")) == Path(
        "/var/tower/history.segments"
    )
