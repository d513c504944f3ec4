"""Kills, restarts, outages, full disks and clocks: short rounds here, all that were promised in `plantroom bench faults`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.fault_parts import clocks, delivery, disk, kills, outage, reboot, restarts
from bench.fault_parts.counted import numbered
from ingest.outbox import Outbox
from ontology.errors import Unavailable
from tests.postgres import programs

needs_postgres = pytest.mark.skipif(programs() is None, reason="PostgreSQL is not installed")
needs_broker = pytest.mark.skipif(
    not (shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")),
    reason="mosquitto is not installed",
)


def whole(found: dict[str, float], prefix: str) -> bool:
    """Something was acknowledged; of that nothing is lost, doubled or changed."""
    assert found[f"{prefix}_acknowledged"] > 0
    wrong = {key: found[f"{prefix}_{key}"] for key in ("lost", "twice", "sum_off")}
    assert wrong == {"lost": 0, "twice": 0, "sum_off": 0}
    return True


async def test_a_box_goes_on_while_the_owner_of_the_history_is_killed(tmp_path: Path) -> None:
    assert whole(await kills.of_owner(tmp_path, 1), "owner_kill")


async def test_a_day_without_the_server_is_forwarded_whole(tmp_path: Path) -> None:
    found = await outage.day_without_server(tmp_path, 4)
    assert whole(found, "outage")
    assert (found["outage_hours"], found["outage_waited"]) == (24, 24 * 60 * 4)
    assert found["outage_failed_tries"] == 24


async def test_a_full_disk_refuses_comes_back_and_keeps_what_it_acknowledged(
    tmp_path: Path,
) -> None:
    found = await disk.full_and_back(tmp_path)
    assert whole(found, "full_disk")
    assert found["full_disk_refusals"] >= 3


async def test_a_disk_that_turns_read_only_is_named_and_works_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    with disk.small_disk(tmp_path) as place:
        if place is None:
            pytest.skip("this user may not mount a disk")
        outbox = await Outbox.open(place / "outbox.db")
        await outbox.put(numbered(0, 10))
        await outbox.close()
        disk.remount(place, "ro")
        with pytest.raises(Unavailable, match="read-only") as told:
            await Outbox.open(place / "outbox.db")
        assert "mount" in told.value.hint
        disk.remount(place, "rw")
        again = await Outbox.open(place / "outbox.db")
        await again.put(numbered(10, 10))
        assert again.rows == 20
        await again.close()


async def test_doubled_shuffled_and_late_batches_give_the_same_history(tmp_path: Path) -> None:
    found = await delivery.doubled_and_shuffled(tmp_path, 30)
    assert whole(found, "delivery")
    assert found["delivery_batches"] > 30
    assert found["delivery_latest_off"] == 0


async def test_a_second_writer_is_refused_in_words_and_the_first_goes_on(tmp_path: Path) -> None:
    found = await delivery.two_writers(tmp_path)
    assert whole(found, "writers")
    assert found["writers_refused"] == 10


async def test_a_clock_that_jumps_makes_no_poll_late_and_loses_no_sample(tmp_path: Path) -> None:
    found = await clocks.set_and_reset(tmp_path, 0.05)
    assert found["clock_jumps_told"] == found["clock_jumps"] == 8
    assert (found["clock_polls_lost"], found["dst_samples_lost"]) == (0, 0)
    assert found["clock_next_polls_s"] < 2


async def test_changes_come_back_after_a_controller_restarted(tmp_path: Path) -> None:
    found = await reboot.of_a_controller(tmp_path, 1)
    assert found["reboot_changes_back_s"] < reboot.LIFETIME_S / 10


@needs_postgres
async def test_postgresql_may_restart_while_samples_come(tmp_path: Path) -> None:
    assert whole(await restarts.of_postgres(tmp_path, 1), "postgres_restart")


@pytest.mark.long
@needs_broker
async def test_a_broker_may_restart_and_every_frame_is_taken_or_known_to_be_lost(
    tmp_path: Path,
) -> None:
    found = await restarts.of_broker(tmp_path, 3)
    assert found["broker_recovered"] == 3
    assert (found["broker_frames_unexplained"], found["broker_points_missing"]) == (0, 0)
    assert found["broker_frames_taken"] > 0
