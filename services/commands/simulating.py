"""The demo building's devices alone, on loopback: something real to try the other commands against."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from ingest.demo.devices.layout import NETWORK, is_serial
from ingest.demo.devices.process import DemoProcess
from ingest.driver import Line
from ingest.lines import write_lines
from ontology.errors import Refused, Unavailable
from services.commands.options import print_json
from services.commands.target import writing
from services.terminal import readable

HOST: Final = "127.0.0.1"
DAYS: Final = 0.1
SEED: Final = 7
SECRET: Final = "PLANTROOM_WEBHOOK_SECRET"  # noqa: S105  (the name of a variable)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the devices listen; 0: any free port."""

    bacnet: int
    modbus: int
    rtu: int


async def run(
    ports: Ports, *, webhook: str, output: Path | None, console: Console, as_json: bool
) -> None:
    """Serve until told to stop. Raises Conflict where a port is taken."""
    _need_room(output)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    with console.status("starting the devices of Riverside Tower"):
        devices = await DemoProcess.start(
            anchor=dt.datetime.now(dt.UTC), seed=SEED, days=DAYS, host=HOST,
            bacnet_port=ports.bacnet, modbus_port=ports.modbus, rtu_port=ports.rtu,
            webhook=f"{webhook.rstrip('/')}/api/ingest/lorawan" if webhook else None,
            secret=os.environ.get(SECRET) if webhook else None, hands=True,
        )  # fmt: skip
    async with devices:
        if output is not None:
            with writing(output):
                write_lines(output, devices.lines)
        where = whereabouts(devices.lines, webhook)
        print_json(where) if as_json else show(console, where)
        waits = [asyncio.create_task(work) for work in (stopped.wait(), devices.ended())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    if not stopped.is_set():
        raise Unavailable("the devices have ended by themselves", hint="start them again")


def _need_room(output: Path | None) -> None:
    if output is not None and output.exists():
        raise Refused(f"{output} is there", hint="nothing was touched; give another name with -o")


def whereabouts(lines: tuple[Line, ...], webhook: str = "") -> dict[str, Any]:
    """How the demo's devices are reached, protocol by protocol."""
    by = {
        kind: [line for line in lines if line.protocol == kind]
        for kind in ("bacnet", "modbus", "lorawan")
    }
    bacnet = by["bacnet"]
    modbus = [line for line in by["modbus"] if not is_serial(line)]
    serial = [line for line in by["modbus"] if is_serial(line)]
    return {
        "bacnet": {
            "address": f"{bacnet[0].host}:{bacnet[0].port}", "network": NETWORK, "devices": len(bacnet),
            "instances": [min(line.device for line in bacnet), max(line.device for line in bacnet)],
        },
        "modbus": {
            "address": f"{modbus[0].host}:{modbus[0].port}",
            "units": [min(line.device for line in modbus), max(line.device for line in modbus)],
        },
        "rtu": {
            "address": f"{serial[0].host}:{serial[0].port}",
            "units": [min(line.device for line in serial), max(line.device for line in serial)],
        },
        "lorawan": {"sensors": len(by["lorawan"]), "webhook": webhook or None},
    }  # fmt: skip


def show(console: Console, where: dict[str, Any]) -> None:
    """Where they are, and the commands that find them."""
    bacnet, modbus, rtu = where["bacnet"], where["modbus"], where["rtu"]
    first, last = bacnet["instances"]
    (low, high), (least, most) = modbus["units"], rtu["units"]
    sensors, webhook = where["lorawan"]["sensors"], where["lorawan"]["webhook"]
    report = f"report to {webhook}" if webhook else "are quiet: --webhook says where they report"
    for says in (
        f"BACnet/IP  {bacnet['devices']} controllers {first} to {last} on network {bacnet['network']}",
        f"           behind the router at {bacnet['address']} (UDP)",
        f"Modbus TCP units {low} to {high} at {modbus['address']}",
        f"Modbus RTU units {least} to {most} behind a serial gateway at {rtu['address']}",
        f"LoRaWAN    {sensors} sensors, which {report}",
        "",
        f"plantroom ingest discover bacnet {bacnet['address']}",
        f"plantroom ingest discover modbus {modbus['address']} --units {low}-{high}",
        f"plantroom ingest discover modbus {rtu['address']} --units {least}-{most} --framer rtu",
        "(Ctrl-C stops them)",
    ):
        console.print(Text(readable(says)))
