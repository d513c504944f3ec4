"""The outbox: nothing acknowledged is lost, nothing is counted twice, and a full disk is survived."""

import asyncio
import contextlib
import datetime as dt
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ingest.outbox import Outbox
from ingest.outbox_file import Aside
from ingest.packed import merged, pack, unpack
from ontology.errors import BadRequest, Conflict, Corrupt, NotFound, OutOfSpace, Unavailable
from ontology.history import Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.duck import DuckHistory
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC, Span

T0 = dt.datetime(2026, 11, 20, tzinfo=UTC)
DAY = Span(T0, T0 + dt.timedelta(days=1))


def minute(n: int, *values: float) -> Samples:
    """Samples of minute n: point p0, p1 ... with these values."""
    at = T0 + dt.timedelta(minutes=n)
    return Samples.of(Sample(Ref(f"p{i}"), at, value) for i, value in enumerate(values))


async def stored(history, point: str) -> list[float]:
    return (await history.raw(Ref(point), DAY)).value.tolist()


async def test_samples_reach_the_history_in_order_and_leave_the_outbox(tmp_path: Path) -> None:
    outbox, history = await Outbox.open(tmp_path / "outbox.db"), MemoryHistory()
    for n in range(5):
        await outbox.put(minute(n, n, 10 * n))
    assert outbox.rows == 10
    assert await outbox.drain(history) == 10
    assert outbox.rows == 0
    assert await stored(history, "p1") == [0, 10, 20, 30, 40]
    await outbox.close()


async def test_what_waited_when_the_process_ended_is_there_when_it_starts(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db")
    await outbox.put(minute(0, 1.5), {"f_cnt:a": 7})
    await outbox.close()
    again, history = await Outbox.open(tmp_path / "outbox.db"), MemoryHistory()
    assert again.rows == 1
    assert again.counters == {"f_cnt:a": 7}
    await again.drain(history)
    assert await stored(history, "p0") == [1.5]
    await again.close()


class Forgetful(MemoryHistory):
    """A history that stores and then dies before it can say so."""

    async def write(self, samples: Samples) -> None:
        await super().write(samples)
        raise Unavailable("the history died after the write", hint="")


async def test_a_replay_after_a_crash_in_between_changes_nothing(tmp_path: Path) -> None:
    outbox, history = await Outbox.open(tmp_path / "outbox.db"), Forgetful()
    await outbox.put(minute(0, 3.0, 4.0))
    for _ in range(3):
        with pytest.raises(Unavailable):
            await outbox.drain(history)
    assert outbox.rows == 2
    Forgetful.write, kept = MemoryHistory.write, Forgetful.write
    try:
        assert await outbox.drain(history) == 2
    finally:
        Forgetful.write = kept
    assert await stored(history, "p0") == [3.0]
    assert len(await history.latest()) == 2
    await outbox.close()


async def test_only_the_oldest_are_dropped_beyond_the_bound_and_they_are_counted(
    tmp_path: Path,
) -> None:
    outbox, history = await Outbox.open(tmp_path / "o.db", most_rows=6), MemoryHistory()
    for n in range(5):
        await outbox.put(minute(n, n, n))
    assert (outbox.rows, outbox.dropped) == (6, 4)
    await outbox.drain(history)
    assert await stored(history, "p0") == [2, 3, 4]
    await outbox.close()
    again = await Outbox.open(tmp_path / "o.db")
    assert again.dropped == 4
    await again.close()


async def test_a_full_disk_is_said_and_what_was_stored_survives(tmp_path: Path) -> None:
    outbox, history = await Outbox.open(tmp_path / "o.db", most_pages=40), MemoryHistory()
    rng = np.random.default_rng(1)
    acknowledged = 0
    with pytest.raises(OutOfSpace, match="no space") as error:  # noqa: PT012  (which put fails depends on the page size)
        for n in range(1000):
            await outbox.put(minute(n, *rng.random(50)))
            acknowledged += 50
    assert error.value.hint
    assert 0 < acknowledged == outbox.rows
    assert await outbox.drain(history) == acknowledged
    await outbox.put(minute(999, 1.0))  # and it is back
    assert await outbox.drain(history) == 1
    await outbox.close()


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "o.db")
    with pytest.raises(Conflict, match="another process owns"):
        await Outbox.open(tmp_path / "o.db")
    await outbox.put(minute(0, 1.0))
    await outbox.close()


async def test_a_file_that_is_no_outbox_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    path.write_bytes(b"chilled water log\n" * 100)
    with pytest.raises(Corrupt, match="not a readable outbox"):
        await Outbox.open(path)
    assert path.read_bytes().startswith(b"chilled water")


class Choosy(MemoryHistory):
    """A history that refuses one point for good."""

    async def write(self, samples: Samples) -> None:
        if Ref("p9") in samples.points:
            raise BadRequest("no such point: p9", hint="")
        await super().write(samples)


async def test_a_batch_the_history_refuses_is_set_aside_and_blocks_nobody(tmp_path: Path) -> None:
    outbox, history = await Outbox.open(tmp_path / "o.db"), Choosy()
    await outbox.put(minute(0, 1.0))
    await outbox.put(Samples.of([Sample(Ref("p9"), T0, 9.0)]))
    await outbox.put(minute(1, 2.0))
    assert await outbox.drain(history) == 2
    assert (outbox.rows, outbox.refused) == (0, 1)
    assert await stored(history, "p0") == [1.0, 2.0]
    await outbox.close()
    again = await Outbox.open(tmp_path / "o.db")
    (kept,) = await again.quarantine()
    assert (kept.rows, kept.source, kept.why, kept.points) == (
        1,
        "history",
        "no such point: p9",
        ("p9",),
    )
    await again.close()


async def test_one_refused_sample_in_a_crowd_costs_only_itself_and_can_be_sent_again(
    tmp_path: Path,
) -> None:
    outbox, history = await Outbox.open(tmp_path / "o.db"), Choosy()
    crowd = [Sample(Ref(f"p{i}"), T0, float(i)) for i in range(40)]
    await outbox.put(Samples.of(crowd))
    assert await outbox.drain(history) == 39
    assert (outbox.aside, outbox.refused, outbox.rows) == (1, 1, 0)
    assert await outbox.retry() == 1
    assert (outbox.aside, outbox.rows) == (0, 1)
    tolerant = MemoryHistory()
    assert await outbox.drain(tolerant) == 1
    assert await stored(tolerant, "p9") == [9.0]
    await outbox.close()


async def test_puts_that_come_together_share_a_sync_and_keep_their_order(tmp_path: Path) -> None:
    outbox, history = await Outbox.open(tmp_path / "o.db"), MemoryHistory()
    await asyncio.gather(*(outbox.put(minute(0, float(n))) for n in range(5_000)))
    assert outbox.rows == 5_000
    assert await outbox.drain(history) == 5_000
    assert await stored(history, "p0") == [4_999.0]  # the last of the same second wins
    await outbox.close()


async def test_the_bound_of_bytes_drops_the_oldest_too(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "o.db", most_bytes=20_000)
    rng = np.random.default_rng(1)
    for n in range(50):
        await outbox.put(minute(n, *rng.random(100)))
    assert outbox.bytes <= 20_000
    assert outbox.dropped > 0
    assert outbox.rows + outbox.dropped == 5_000
    await outbox.close()


async def test_what_is_kept_aside_is_bounded_counted_and_survives(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "o.db", most_aside=3)
    for n in range(5):
        await outbox.put(None, asides=[Aside(minute(n, 1.0), "of 1970", "line-1")])
    await outbox.close()
    again = await Outbox.open(tmp_path / "o.db", most_aside=3)
    assert (again.aside, again.counters["aside_dropped"], again.rows) == (3, 2, 0)
    newest = (await again.quarantine())[0]
    assert (newest.source, newest.why) == ("line-1", "of 1970")
    assert (await again.kept_aside(newest.id)).value.tolist() == [1.0]
    assert await again.discard([newest.id]) == 1
    assert (again.aside, again.counters["discarded"]) == (2, 1)
    with pytest.raises(NotFound, match="nothing is kept aside"):
        await again.retry([newest.id])
    await again.close()


async def test_a_batch_that_was_put_before_changes_nothing_also_after_a_restart(
    tmp_path: Path,
) -> None:
    outbox, history = await Outbox.open(tmp_path / "o.db"), MemoryHistory()
    assert await outbox.put(minute(0, 1.0), batch="box-1")
    assert await outbox.put(minute(0, 2.0), batch="box-2")
    await outbox.drain(history)
    await outbox.close()
    outbox = await Outbox.open(tmp_path / "o.db")
    assert not await outbox.put(minute(0, 1.0), batch="box-1"), "a late duplicate"
    assert outbox.rows == 0
    assert await stored(history, "p0") == [2.0]
    await outbox.close()


async def test_a_damaged_batch_is_kept_aside_and_blocks_nobody(tmp_path: Path) -> None:
    outbox, history = await Outbox.open(tmp_path / "o.db"), MemoryHistory()
    await outbox.put(minute(0, 1.0))
    await outbox.put(minute(1, 2.0))
    await outbox.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "o.db")) as db, db:
        db.execute("UPDATE waiting SET body = x'00ff' WHERE id = 1")
    outbox = await Outbox.open(tmp_path / "o.db")
    assert await outbox.drain(history) == 1
    assert (outbox.rows, outbox.aside) == (0, 1)
    assert "cannot be read" in (await outbox.quarantine())[0].why
    assert await stored(history, "p0") == [2.0]
    await outbox.close()


async def test_what_an_older_outbox_kept_aside_is_still_there(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "o.db")) as db, db:
        db.execute(
            "CREATE TABLE refused (id INTEGER PRIMARY KEY, rows INTEGER, why TEXT, body BLOB)"
        )
        db.execute("INSERT INTO refused VALUES (1, 1, 'no', ?)", (pack(minute(0, 4.0)),))
    outbox = await Outbox.open(tmp_path / "o.db")
    assert outbox.aside == 1
    assert await outbox.retry() == 1
    await outbox.close()


@given(st.lists(st.integers(0, 4), max_size=5), st.data())
def test_any_batches_survive_packing_and_merging(sizes: list[int], data: st.DataObject) -> None:
    batches = []
    for size in sizes:
        draw = data.draw
        batches.append(
            Samples(
                points=(Ref("a"), Ref("b")),
                index=draw(hnp.arrays(np.int32, size, elements=st.integers(0, 1))),
                ts=draw(hnp.arrays(np.int64, size)),
                value=draw(hnp.arrays(np.float64, size)),
                status=draw(hnp.arrays(np.uint8, size, elements=st.integers(0, 5))),
            )
        )
    for batch in batches:
        again = unpack(pack(batch))
        assert again.points == batch.points
        for name in ("index", "ts", "value", "status"):
            np.testing.assert_array_equal(getattr(again, name), getattr(batch, name))
    if batches:
        assert len(merged(batches)) == sum(sizes)


def test_unknown_stays_unknown_in_the_outbox() -> None:
    stale = Samples.of([Sample(Ref("a"), T0, float("nan"), Status.STALE)])
    again = unpack(pack(stale))
    assert np.isnan(again.value[0])
    assert again.status[0] == Status.STALE


WRITER = """
import asyncio, datetime as dt, sys
from pathlib import Path
from ingest.outbox import Outbox
from ontology.history import Sample, Samples
from ontology.kinds import Ref
from ontology.store.duck import DuckHistory
from ontology.time import UTC

async def main(folder, first):
    t0 = dt.datetime(2026, 11, 20, tzinfo=UTC)
    outbox = await Outbox.open(folder / "outbox.db")
    history = DuckHistory.open(folder / "history.duckdb", None)

    async def forward():
        while True:
            await outbox.filled()
            await outbox.drain(history)
            print("moved", flush=True)

    task = asyncio.create_task(forward())
    for n in range(first, 80_000):
        sample = Sample(Ref(f"p{n % 7}"), t0 + dt.timedelta(seconds=n), float(n))
        await outbox.put(Samples.of([sample]))
        print(n, flush=True)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


def write_until_killed(folder: Path, first: int, lines: int) -> tuple[int, bool]:
    """Run the writer from sample `first`, kill -9 it after so many lines; the last acknowledged sample."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.stdout.read().splitlines(keepends=True)
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    whole = [line.strip() for line in said + rest if line.endswith("\n")]
    return max(int(line) for line in whole if re.fullmatch(r"\d+", line)), "moved" in whole


async def test_kill_minus_nine_in_the_middle_of_ingest_loses_no_acknowledged_sample(
    tmp_path: Path,
) -> None:
    first, moved = 0, False
    for kill in range(5):
        last, forwarded = await asyncio.to_thread(
            write_until_killed, tmp_path, first, 40 + 23 * kill
        )
        assert last >= first
        first, moved = last + 1, moved or forwarded
    assert moved, "the kills should also hit the way into the history"
    outbox = await Outbox.open(tmp_path / "outbox.db")
    history = DuckHistory.open(tmp_path / "history.duckdb", None)
    await outbox.drain(history)
    found = [value for p in range(7) for value in await stored(history, f"p{p}")]
    await outbox.close()
    await history.close()
    assert sorted(found)[:first] == list(range(first))
    assert len(found) == len(set(found)), "a replay must not duplicate"
