"""Devices that report changes, devices that keep logs, and clocks that jump."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from ingest.backfill import MOST_GAP
from ingest.driver import Driver, Line, Reading, Register
from ingest.intake import Intake, sift
from ingest.line_state import Backoff
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.quality import Plausibility
from ingest.status import read_status
from ingest.wall_clock import WallClock
from ontology.entity import Entity
from ontology.errors import Corrupt, DeviceSilent, NotFound, Refused
from ontology.history import Sample, Samples, Status
from ontology.kinds import Ref
from ontology.store.memory_history import MemoryHistory
from ontology.time import UTC, Span

QUICK = Backoff(first_s=0.05, most_s=0.2)
TEMP, DOOR = Ref("AHU-2.supply-temp"), Ref("AHU-2.door")
EVER = Span(dt.datetime(1960, 1, 1, tzinfo=UTC), dt.datetime(2150, 1, 1, tzinfo=UTC))


@dataclass
class Controller:
    """A controller in memory: it can be unplugged, restarted, reports changes, and logs every 60 s."""

    there: bool = True
    values: dict[Ref, float] = field(default_factory=dict)
    opened: int = 0
    subscribed: int = 0
    asked: list[Span] = field(default_factory=list)
    news: asyncio.Queue[list[Reading] | Exception] = field(default_factory=asyncio.Queue)
    trouble: list[Exception] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def open(self, line: Line) -> Driver:
        return OneConnection(self)


class OneConnection:
    def __init__(self, device: Controller) -> None:
        self.device = device

    async def __aenter__(self):
        self.device.opened += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self, registers):
        if not self.device.there:
            raise DeviceSilent("no answer", hint="check power")
        return [Reading(r.point, self.device.values.get(r.point, 18.0)) for r in registers]

    async def changes(self, registers) -> AsyncIterator[list[Reading]]:
        self.device.subscribed += 1
        while True:
            told = await self.device.news.get()
            if isinstance(told, Exception):
                raise told
            yield told

    async def trend(self, registers, span: Span) -> AsyncIterator[Samples]:
        self.device.asked.append(span)
        await self.device.gate.wait()
        if self.device.trouble:
            raise self.device.trouble.pop()
        start, end = span.seconds
        ts = np.arange(start - start % 60 + 60, end, 60, dtype=np.int64)
        for part in np.array_split(ts, 3):
            yield Samples(
                (registers[0].point,), np.zeros(len(part), np.int32), part,
                np.full(len(part), 17.0), np.zeros(len(part), np.uint8),
            )  # fmt: skip


class OnlyPolled:
    """A controller that can neither report nor log."""

    def __init__(self, line: Line) -> None:
        pass

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def read(self, registers):
        return [Reading(register.point, 18.0) for register in registers]


def line(every_s: float = 0.1, log: str = "", **options: str) -> Line:
    registers = (Register(TEMP, "analog-input,1", log=log), Register(DOOR, "binary-input,1"))
    return Line("AHU-2", "bacnet", "h", 1, every_s=every_s, registers=registers, options=options)


async def until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  (the world sets no events)
            await asyncio.sleep(0.01)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    box = await Outbox.open(tmp_path / "outbox.db")
    yield box
    await box.close()


async def test_changes_arrive_between_polls_and_polls_go_on(outbox: Outbox) -> None:
    device, history = Controller(), MemoryHistory()
    async with Poller(
        [line(0.3, cov="300")], outbox, history, open_line=device.open, backoff=QUICK
    ) as poller:
        await until(lambda: device.subscribed == 1)
        device.values = {DOOR: 1.0}
        await device.news.put([Reading(DOOR, 1.0)])
        await until(lambda: poller.states["AHU-2"].changes == 1)
        assert poller.states["AHU-2"].listening
        polls = poller.states["AHU-2"].polls
        await device.news.put(DeviceSilent("the subscription was refused", hint=""))
        await until(lambda: device.subscribed == 2)
        await until(lambda: poller.states["AHU-2"].polls > polls + 1)
        assert poller.states["AHU-2"].health == "good"
    assert 1.0 in (await history.raw(DOOR, EVER)).value


async def test_a_device_that_was_away_is_subscribed_anew_at_once_and_not_after_the_lifetime(
    outbox: Outbox,
) -> None:
    device = Controller()
    async with Poller(
        [line(0.1, cov="3600")], outbox, open_line=device.open, backoff=QUICK
    ) as poller:
        await until(lambda: device.subscribed == 1 and poller.states["AHU-2"].polls > 0)
        device.there = False
        await until(lambda: poller.states["AHU-2"].health == "silent")
        device.there = True
        await until(lambda: device.subscribed == 2)
        await device.news.put([Reading(DOOR, 1.0)])
        await until(lambda: poller.states["AHU-2"].changes == 1)


async def test_a_driver_that_cannot_listen_or_log_is_polled_all_the_same(outbox: Outbox) -> None:
    async with Poller(
        [line(0.05, cov="300", log="trend-log,1")], outbox, open_line=OnlyPolled, backoff=QUICK
    ) as poller:
        await until(lambda: poller.states["AHU-2"].polls > 4)
        await until(lambda: poller.states["AHU-2"].gap is None)
        assert not poller.states["AHU-2"].listening


def away_for(outbox: Outbox, seconds: int, device: Line) -> dict[str, int]:
    """Counters as a poll left them so long ago."""
    from ingest.backfill import _mark

    now = int(time.time())
    return {f"heard:{device.name}": now - seconds, f"logs:{device.name}": _mark(device)}


async def test_what_the_device_logged_while_we_were_away_is_fetched_and_good(
    outbox: Outbox,
) -> None:
    device, history, logged = Controller(), MemoryHistory(), line(log="trend-log,3")
    await outbox.put(None, away_for(outbox, 20 * 3600, logged))
    async with Poller([logged], outbox, history, open_line=device.open, backoff=QUICK) as poller:
        await until(lambda: poller.states["AHU-2"].backfilled >= 1199)
        await until(lambda: poller.states["AHU-2"].gap is None)
        polls = poller.states["AHU-2"].polls
        await until(lambda: poller.states["AHU-2"].polls > polls + 3)
    assert len(device.asked) == 4, "six hours at a time"
    stored = await history.raw(TEMP, EVER)
    log_rows = stored.value == 17.0
    assert log_rows.sum() == pytest.approx(1200, abs=1)
    assert set(stored.status[log_rows].tolist()) == {Status.GOOD}
    assert outbox.counters["gap_from:AHU-2"] == outbox.counters["gap_to:AHU-2"]


async def test_a_backfill_never_holds_up_polls_and_resumes_after_trouble(outbox: Outbox) -> None:
    device, logged = Controller(), line(0.05, log="trend-log,3")
    await outbox.put(None, away_for(outbox, 7 * 3600, logged))
    device.gate.clear()  # the device takes its time over its log
    device.trouble = [DeviceSilent("busy", hint="")]
    async with Poller([logged], outbox, open_line=device.open, backoff=QUICK) as poller:
        await until(lambda: len(device.asked) == 1 and poller.states["AHU-2"].polls > 8)
    begun = outbox.counters["gap_from:AHU-2"]
    assert begun < outbox.counters["gap_to:AHU-2"], "the gap outlives the process"
    device.gate.set()
    async with Poller([logged], outbox, open_line=device.open, backoff=QUICK) as poller:
        assert poller.states["AHU-2"].gap is not None
        await until(lambda: poller.states["AHU-2"].gap is None)
    assert device.asked[1].seconds[0] == device.asked[2].seconds[0] == begun


async def test_a_device_that_refuses_its_log_for_a_while_loses_none_of_it(outbox: Outbox) -> None:
    device, logged = Controller(), line(log="trend-log,3")
    await outbox.put(None, away_for(outbox, 5 * 3600, logged))
    device.trouble = [Refused("log 20,3 cannot be read: it restarts", hint="")]
    async with Poller([logged], outbox, open_line=device.open, backoff=QUICK) as poller:
        await until(lambda: poller.states["AHU-2"].backfilled >= 299)
        await until(lambda: poller.states["AHU-2"].gap is None)
        assert poller.states["AHU-2"].remark == ""


async def test_a_log_that_a_device_never_gives_is_named_and_does_not_hold_up_the_others(
    outbox: Outbox,
) -> None:
    device, logged = Controller(), line(log="trend-log,3")
    await outbox.put(None, away_for(outbox, 20 * 3600, logged))
    device.trouble = [
        Refused("log 20,3 cannot be read: no such object", hint="") for _ in range(11)
    ]
    async with Poller([logged], outbox, open_line=device.open, backoff=QUICK) as poller:
        await until(lambda: poller.states["AHU-2"].remark != "")
        assert "log 20,3 cannot be read" in poller.states["AHU-2"].advice
        await until(lambda: poller.states["AHU-2"].gap is None)
    assert len(device.asked) == 8 + 3, "eight tries, then once for each window"


async def test_a_log_set_up_for_the_first_time_is_read_as_far_back_as_it_may_reach(
    outbox: Outbox,
) -> None:
    device, logged = Controller(), line(log="trend-log,3")
    device.gate.clear()
    async with Poller([logged], outbox, open_line=device.open, backoff=QUICK) as poller:
        await until(lambda: poller.states["AHU-2"].gap is not None)
        gap = poller.states["AHU-2"].gap
        assert gap is not None
        assert gap.duration == MOST_GAP


async def test_a_link_that_breaks_for_a_while_is_backfilled_when_it_is_back(outbox: Outbox) -> None:
    device, logged = Controller(), line(0.4, log="trend-log,3")
    await outbox.put(None, away_for(outbox, 0, logged))
    async with Poller([logged], outbox, open_line=device.open, backoff=QUICK) as poller:
        await until(lambda: poller.states["AHU-2"].polls > 0)
        assert device.asked == []
        device.there = False
        await asyncio.sleep(3.2)
        device.there = True
        await until(lambda: len(device.asked) >= 1)
        assert device.asked[0].duration >= dt.timedelta(seconds=1)
        await until(lambda: poller.states["AHU-2"].gap is None)


@dataclass
class Hands:
    """A wall clock with hands: it can be set."""

    ahead: dt.timedelta = dt.timedelta(0)

    def now(self) -> dt.datetime:
        return dt.datetime.now(UTC) + self.ahead


async def test_polls_keep_their_beat_while_the_clock_is_set_and_the_jump_is_told(
    outbox: Outbox, tmp_path: Path
) -> None:
    hands, device, history = Hands(), Controller(), MemoryHistory()
    async with Poller(
        [line(0.1)], outbox, history, open_line=device.open, clock=WallClock(hands.now),
        status=tmp_path / "status.json",
    ) as poller:  # fmt: skip
        for jump in (dt.timedelta(hours=3), dt.timedelta(hours=-5), dt.timedelta(days=-20_000)):
            hands.ahead += jump
            polls, began = poller.states["AHU-2"].polls, time.monotonic()
            await until(lambda polls=polls: poller.states["AHU-2"].polls >= polls + 3)
            assert time.monotonic() - began < 3
            assert not poller.states["AHU-2"].stale
        hands.ahead = dt.timedelta(0)
        polls = poller.states["AHU-2"].polls
        await until(lambda: poller.states["AHU-2"].polls >= polls + 2)
        clock = (await poller.status()).clock
        assert clock["jumps"] == 4
        assert clock["jumped_s"] == pytest.approx(20_000 * 86_400 + 2 * 3600, abs=1)
        assert poller.states["AHU-2"].aside > 0, "stamped before 2000"
        assert "clock" in poller.states["AHU-2"].advice
    assert len(await history.raw(TEMP, Span(dt.datetime(1960, 1, 1, tzinfo=UTC), dt.datetime(2000, 1, 1, tzinfo=UTC)))) == 0  # fmt: skip


@pytest.mark.parametrize("month", [3, 10], ids=["hour skipped", "hour repeated"])
def test_summer_time_neither_skips_nor_repeats_a_sample(month: int) -> None:
    """Clocks of Berlin change on the last Sunday of March and October at 01:00 UTC."""
    zone = ZoneInfo("Europe/Berlin")
    start = dt.datetime(2026, month, 25 if month == 10 else 29, 0, 30, tzinfo=UTC)
    local = [(start + dt.timedelta(minutes=n)).astimezone(zone) for n in range(120)]
    samples = Samples.of(Sample(TEMP, at, float(n)) for n, at in enumerate(local))
    assert np.diff(samples.ts).tolist() == [60] * 119
    clock = WallClock(
        iter([*local, local[-1]]).__next__, iter([60.0 * n for n in range(120)]).__next__
    )
    for _ in range(119):
        clock.now()
    assert clock.state.jumps == 0


def test_late_samples_pass_and_impossible_ones_do_not() -> None:
    now = dt.datetime(2026, 11, 21, tzinfo=UTC)
    ats = [now - dt.timedelta(days=800), now + dt.timedelta(hours=23), now + dt.timedelta(hours=25)]
    ats += [dt.datetime(1970, 1, 1, tzinfo=UTC), dt.datetime(2106, 2, 7, tzinfo=UTC)]
    samples = Samples.of(Sample(TEMP, at, float(n)) for n, at in enumerate(ats))
    good, asides = sift(samples, now, source="AHU-2")
    assert good.value.tolist() == [0.0, 1.0]
    assert {why.why[:13] for why in asides} == {"the clock of ", "in the future"}
    assert sum(len(aside.samples) for aside in asides) == 3
    wrong_here = dt.datetime(2106, 2, 7, tzinfo=UTC)
    late, _ = sift(samples, wrong_here, source="AHU-2")
    assert late.value.tolist() == [0.0, 1.0, 2.0], "2106 is not believed from ourselves either"


def test_infinite_and_missing_values_are_faults_without_a_value() -> None:
    now = dt.datetime(2026, 11, 21, tzinfo=UTC)
    values = [float("inf"), float("-inf"), float("nan"), -1e308, 7.0]
    samples = Samples.of(Sample(Ref(f"p{n}"), now, value) for n, value in enumerate(values))
    good, asides = sift(samples, now, source="x")
    assert asides == []
    assert good.status.tolist() == [2, 2, 2, 2, 0]
    assert np.isnan(good.value[:4]).all()


def test_a_logged_value_no_sensor_means_is_a_fault() -> None:
    point = Entity({"id": TEMP, "point": 1, "elec": 1, "active": 1, "power": 1, "sensor": 1})
    now = dt.datetime(2026, 11, 21, tzinfo=UTC)
    samples = Samples.of([Sample(TEMP, now, 9e9), Sample(DOOR, now, 9e9), Sample(DOOR, now, float("nan"), Status.STALE)])  # fmt: skip
    assert Plausibility([point]).judge_all(samples).status.tolist() == [2, 0, 1]


async def test_the_status_file_says_how_every_line_does(outbox: Outbox, tmp_path: Path) -> None:
    device, file = Controller(there=False), tmp_path / "status.json"
    with pytest.raises(NotFound, match="nothing has polled"):
        read_status(file)
    async with Poller(
        [line(0.1)], outbox, MemoryHistory(), open_line=device.open, backoff=QUICK, status=file
    ) as poller:
        await until(file.exists)
        await until(lambda: poller.states["AHU-2"].failures > 1)
        told = (await poller.status()).to_json()
    assert set(read_status(file)) == set(told)
    (seen,) = told["lines"]
    assert (seen["health"], seen["advice"]) == ("silent", "check power")
    json.dumps(told)
    file.write_text("{")
    with pytest.raises(Corrupt):
        read_status(file)


async def test_a_flood_waits_for_the_disk_and_memory_stays_bounded(outbox: Outbox) -> None:
    intake = Intake(outbox)
    now = dt.datetime.now(UTC)
    batch = Samples.of(Sample(Ref(f"p{n}"), now, 1.0) for n in range(2_000))
    puts = [asyncio.create_task(intake.take(batch, source="flood")) for _ in range(400)]
    most = 0
    while not all(put.done() for put in puts):
        most = max(most, outbox._coming_rows)
        await asyncio.sleep(0)
    assert 0 < most <= 202_000
    assert outbox.rows == 800_000
