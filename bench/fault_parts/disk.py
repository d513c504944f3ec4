"""The disk fills up under outbox and history, and is emptied again: nothing acknowledged is lost, nobody restarts."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.fault_parts.counted import numbered, verdict
from ingest.outbox import Outbox
from ontology.errors import OutOfSpace, PlantroomError
from ontology.store.duck import DuckHistory

_SIZE_MB = 48
_ROUNDS = 3


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A disk of 48 MB; None where this user may not mount one."""
    place = folder / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "plantroom-small", str(place)]
    done = subprocess.run(mount, capture_output=True, check=False) if os.geteuid() == 0 else None
    if done is None or done.returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


def remount(disk: Path, how: str) -> None:
    """Make the small disk "ro" or "rw"."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


async def full_and_back(folder: Path) -> dict[str, float]:
    """On a real small disk where one can be mounted, else with a bound on the outbox's file."""
    with small_disk(folder) as disk:
        if disk is None:
            return await _bounded(folder)
        outbox = await Outbox.open(disk / "outbox.db")
        history = DuckHistory.open(disk / "history.duckdb", None, memory="256MB")
        put = refused = 0
        try:
            for n in range(_ROUNDS):
                ballast = disk / "ballast"
                put, said = await _fill(outbox, history, ballast, put)
                refused += said
                ballast.unlink()
                put = await _go_on(outbox, history, put, rounds=n)
            await _drained(outbox, history)
            found = await verdict(history, put, "full_disk")
        finally:
            await outbox.close()
            await history.close()
    return found | {"full_disk_refusals": float(refused), "full_disk_real": 1.0}


async def _fill(outbox: Outbox, history: DuckHistory, ballast: Path, put: int) -> tuple[int, int]:
    """Take all space but little, then put and forward until the disk refuses; the samples put, the refusals."""
    refused = 0
    free = os.statvfs(ballast.parent)
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        left = free.f_bavail * free.f_frsize - 2**20
        while left > 0:
            left -= file.write(bytes(min(left, 2**20)))
            file.flush()
    for _ in range(20_000):
        try:
            await outbox.put(numbered(put, 500))
            put += 500
        except OutOfSpace:
            refused += 1
            if refused >= 3:
                break
        if put % 5_000 == 0:
            with contextlib.suppress(PlantroomError):
                await outbox.drain(history)
    if not refused:
        raise SystemExit("the small disk never filled")
    return put, refused


async def _go_on(outbox: Outbox, history: DuckHistory, put: int, rounds: int) -> int:
    """There is space again: puts work at once."""
    for _ in range(20 + rounds):
        await outbox.put(numbered(put, 100))
        put += 100
    await _drained(outbox, history)
    return put


async def _drained(outbox: Outbox, history: DuckHistory) -> None:
    for _ in range(5):  # a history that broke on the full disk opens itself again
        with contextlib.suppress(PlantroomError):
            await outbox.drain(history)
            return
    await outbox.drain(history)


async def _bounded(folder: Path) -> dict[str, float]:
    outbox = await Outbox.open(folder / "outbox.db", most_pages=200)
    history = DuckHistory.open(folder / "history.duckdb", None)
    put = refused = 0
    try:
        for _ in range(_ROUNDS):
            for _ in range(10_000):
                try:
                    await outbox.put(numbered(put, 500))
                    put += 500
                except OutOfSpace:
                    refused += 1
                    break
            await outbox.drain(history)
        found = await verdict(history, put, "full_disk")
    finally:
        await outbox.close()
        await history.close()
    return found | {"full_disk_refusals": float(refused), "full_disk_real": 0.0}
