"""`python -m ingest.demo.devices`: the child of `DemoProcess`; reads what to serve from standard input."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from ingest.demo.devices import DemoDevices
from ingest.demo.devices.missed import STEP_S, write_missed
from ingest.demo.live import LivePlant, wall_clock
from ingest.demo.simulate import simulate
from ingest.drivers.lorawan import Broker
from ontology.errors import PlantroomError


async def serve(ask: dict[str, Any]) -> None:
    """Serve the building as it is now until standard input ends."""
    recording = simulate(
        dt.datetime.fromisoformat(ask["anchor"]), days=ask["days"], seed=ask["seed"]
    )
    plant, last = LivePlant(recording), int(recording.ts[-1])
    del recording
    write_missed(
        Path(ask["folder"]) / "missed.npz", plant, last + STEP_S, int(wall_clock().timestamp())
    )
    async with DemoDevices(
        plant,
        ask["host"],
        ask["bacnet_port"],
        ask["modbus_port"],
        ask["rtu_port"],
        webhook=ask["webhook"],
        secret=ask["secret"],
        broker=Broker(**ask["broker"]) if ask["broker"] else None,
        hands=ask["hands"],
    ) as devices:
        _say(
            {
                "bacnet_port": devices.bacnet_port,
                "modbus_port": devices.modbus_port,
                "rtu_port": devices.rtu_port,
            }
        )
        await _end_of_input()


async def _end_of_input() -> None:
    """Return when the parent closes the pipe or is gone: its end of the pipe dies with it."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        while await reader.read(4096):
            pass
    finally:
        transport.close()


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Process entry; 1 where the devices could not serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then stops us
    logging.basicConfig(level=logging.ERROR, format="devices: %(message)s")
    # it prints the last frames (">>>>> send: ...") whenever a client goes away
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    try:
        asyncio.run(serve(json.loads(sys.stdin.readline())))
    except PlantroomError as error:
        _say({"error": str(error), "code": error.code, "hint": error.hint})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
