"""What happens to samples when things break: kills, restarts, outages, full disks, clocks. Nothing acknowledged is lost."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from rich.console import Console

from bench.fault_parts import clocks, delivery, disk, kills, outage, reboot, restarts
from bench.report import finish

Part = Callable[[Path], Awaitable[dict[str, float]]]
_PART_S = 1_800.0


def parts(*, quick: bool) -> Mapping[str, Part]:
    """Each fault with its rounds: those that were promised, or a few."""
    many, some = (5, 3) if quick else (100, 20)
    return {
        "kill -9 of ingest": lambda folder: kills.of_ingest(folder, many),
        "kill -9 of the history's owner": lambda folder: kills.of_owner(folder, many),
        "PostgreSQL restarts": lambda folder: restarts.of_postgres(folder, some),
        "broker restarts": lambda folder: restarts.of_broker(folder, some),
        "a day without the server": lambda folder: outage.day_without_server(folder, 500),
        "disk full and back": disk.full_and_back,
        "doubled, shuffled, late": lambda folder: delivery.doubled_and_shuffled(folder, 600),
        "two writers": delivery.two_writers,
        "device reboots": lambda folder: reboot.of_a_controller(folder, 3 if quick else 10),
        "clocks": lambda folder: clocks.set_and_reset(folder, 0.2 if quick else 2.0),
    }


async def measure(out: Console, *, quick: bool) -> dict[str, float]:
    """All figures of all faults; a part whose server is not installed gives none, and so misses its target."""
    values: dict[str, float] = {}
    for name, part in parts(quick=quick).items():
        folder = Path(tempfile.mkdtemp(prefix="plantroom-fault-"))
        began = time.perf_counter()
        try:
            async with asyncio.timeout(_PART_S):
                found = await part(folder)
        except FileNotFoundError as missing:
            out.print(f"{name}: not measured, {missing}")
            continue
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        out.print(f"{name}  ({time.perf_counter() - began:.1f} s)")
        for key, value in found.items():
            out.print(f"{key:>32}  {value:12,.2f}")
        values |= found
    return _summed(values)


def _summed(values: dict[str, float]) -> dict[str, float]:
    """With what matters added up over all faults."""
    ends = {"lost_samples": "_lost", "samples_twice": "_twice", "sums_off": "_sum_off"}
    sums = {
        name: sum(value for key, value in values.items() if key.endswith(end))
        for name, end in ends.items()
    }
    acknowledged = sum(value for key, value in values.items() if key.endswith("_acknowledged"))
    return values | sums | {"acknowledged_samples": acknowledged}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument("--quick", action="store_true", help="a few rounds of each fault")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)  # what breaks on purpose is told by figures
    out = Console(stderr=True, quiet=asked.json)
    values = asyncio.run(measure(out, quick=asked.quick))
    finish("faults_quick" if asked.quick else "faults", values)


if __name__ == "__main__":
    main()
