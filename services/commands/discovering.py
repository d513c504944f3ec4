"""`plantroom ingest discover`: look, name, merge into the file, and say what was found."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ingest.discovery.keeping import read_text, replace_text
from ingest.discovery.looking import Asked, look_for_bacnet
from ingest.discovery.looking_modbus import AskedUnits, look_for_modbus
from ingest.discovery.merge import Report, merge
from ingest.discovery.names import named
from ingest.discovery.seen import Scan
from ingest.lines import parse_lines
from ontology.errors import BadRequest
from services import screen
from services.commands.target import writing
from services.folder import disk_errors
from services.home import has_building, load_building
from services.settings import Settings
from services.terminal import readable

SHOWN: Final = 40
"""Objects that a terminal shows; all are in the file and in --json."""
_CHECK: Final = {
    "bacnet": "check address, network and firewall (UDP), or ask longer with --wait",
    "modbus": "check --units, and --framer rtu behind a serial gateway, or wait longer with --timeout",
}
UNANSWERED: Final = 5
"""Exit code where nobody answered, as of everything that is not to be reached."""
UNITS_MAX: Final = 247
"""Unit numbers of Modbus: 1 to 247 (MODBUS over serial line V1.02, 2.2); 0 and 255 are a TCP device itself."""


@dataclass(frozen=True, slots=True)
class BacnetAsked:
    """What a person wants to find."""

    addresses: tuple[str, ...]
    local: str = ""
    bbmd: str = ""
    devices: str = ""
    wait_s: float = 2.0
    tries: int = 2


@dataclass(frozen=True, slots=True)
class ModbusAsked:
    """What a person wants to find."""

    address: str
    units: str = "1-10"
    framer: str = "tcp"
    timeout_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was seen and what became of it."""

    scan: Scan
    report: Report
    path: Path
    kept: Path | None
    dry_run: bool
    notes: list[str] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether anybody did."""
        return bool(self.scan.devices)

    def to_json(self) -> dict[str, Any]:
        devices = [
            {
                "name": d.name, "protocol": d.protocol, "host": d.host, "port": d.port, "device": d.device,
                "options": dict(d.options), "says": d.says, "listed": d.listed,
                "registers": [
                    {"address": r.address, "name": r.name, "about": r.about, "unit": r.unit, "log": r.log, "point": r.point}
                    for r in d.registers
                ],
            }
            for d in self.scan.devices
        ]  # fmt: skip
        return {
            **self.report.to_json(), "file": None if self.dry_run else str(self.path),
            "before": str(self.kept) if self.kept else None, "notes": self.notes, "devices": devices,
        }  # fmt: skip


async def bacnet(
    settings: Settings, asked: BacnetAsked, path: Path, *, console: Console, dry_run: bool
) -> Discovered:
    """Look for BACnet devices and bring the file up to date. Raises what the file or the network gives."""
    low, high = range_of(asked.devices) if asked.devices else (0, 4_194_303)
    wanted = Asked(
        tuple(map(host_and_port_or_all, asked.addresses)), asked.local, asked.bbmd, low, high,
        asked.wait_s, asked.tries,
    )  # fmt: skip
    before = _before(path)
    with _progress(console) as step:
        scan, notes = await look_for_bacnet(wanted, step)
    return await _kept(settings, scan, notes, path, before, dry_run=dry_run)


async def modbus(
    settings: Settings, asked: ModbusAsked, path: Path, *, console: Console, dry_run: bool
) -> Discovered:
    """Look for Modbus units and bring the file up to date."""
    host, port = host_and_port(asked.address, 502)
    before = _before(path)
    wanted = AskedUnits(host, port, units_of(asked.units), asked.framer, asked.timeout_s)
    with _progress(console) as step:
        scan, notes = await look_for_modbus(wanted, step)
    return await _kept(settings, scan, notes, path, before, dry_run=dry_run)


def home_file(settings: Settings) -> Path:
    """The home's lines.toml; the home is made where there is none."""
    with disk_errors(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
    return settings.home / "lines.toml"


def _before(path: Path) -> str:
    """The file as it is; one that cannot be read is refused before the network is asked anything."""
    text = read_text(path)
    try:
        parse_lines(text, path.name)
    except BadRequest as fault:
        raise BadRequest(
            f"{fault}; nothing was changed", hint=f"mend it first: plantroom ingest check {path}"
        ) from fault
    return text


async def _kept(
    settings: Settings, scan: Scan, notes: list[str], path: Path, before: str, *, dry_run: bool
) -> Discovered:
    scan = named(scan, await load_building(settings) if has_building(settings) else None)
    after, report = merge(before, scan, dt.datetime.now(dt.UTC).astimezone().date())
    parse_lines(after, path.name)  # what we write can be polled
    kept = None
    if not dry_run and after != before:
        with writing(path):
            kept = replace_text(path, before, after)
    return Discovered(scan, report, path, kept, dry_run, notes)


def host_and_port_or_all(text: str) -> tuple[str, int]:
    """ "*" or a host with or without a port."""
    return ("*", 47808) if text == "*" else host_and_port(text, 47808)


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """Raises BadRequest.

    >>> host_and_port("10.0.0.5", 502), host_and_port("gateway:5020", 502)
    (('10.0.0.5', 502), ('gateway', 5020))
    """
    host, colon, said = text.partition(":")
    if not re.fullmatch(r"[\w.-]+", host) or (colon and not said.isdecimal()):
        raise BadRequest(f"not an address: {text!r}", hint="write HOST or HOST:PORT")
    number = int(said) if colon else port
    if not 1 <= number <= 65_535:
        raise BadRequest(f"no port {number}", hint="ports are 1 to 65535")
    return host, number


def range_of(text: str) -> tuple[int, int]:
    """Raises BadRequest.

    >>> range_of("1000-1999"), range_of("7")
    ((1000, 1999), (7, 7))
    """
    found = re.fullmatch(r"(\d{1,7})(?:-(\d{1,7}))?", text.strip())
    if not found or int(found[2] or found[1]) < int(found[1]):
        raise BadRequest(f"not a range: {text!r}", hint="write one number, or two such as 1-10")
    return int(found[1]), int(found[2] or found[1])


def units_of(text: str) -> tuple[int, ...]:
    """Raises BadRequest.

    >>> units_of("1-3,17")
    (1, 2, 3, 17)
    """
    found: set[int] = set()
    for part in text.split(","):
        low, high = range_of(part)
        if high > UNITS_MAX and (low, high) != (255, 255):
            raise BadRequest(f"no unit {high}", hint=f"units are 0 to {UNITS_MAX}, and 255")
        found.update(range(low, high + 1))
    return tuple(sorted(found))


# --- for people -----------------------------------------------------------------------------------


class _progress:  # noqa: N801  (used as a function)
    """A bar on the terminal; the step is called with what is asked now, how many are done, and of how many."""

    def __init__(self, console: Console) -> None:
        columns = (
            TextColumn("{task.description:34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._shown = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )

    def __enter__(self) -> Callable[[str, int, int], None]:
        self._shown.start()
        task = self._shown.add_task("asking who is there", total=None)

        def step(what: str, done: int, of: int) -> None:
            self._shown.update(
                task, description=readable(what)[:34], completed=done, total=of or None
            )

        return step

    def __exit__(self, *_: object) -> None:
        self._shown.stop()


def show(console: Console, found: Discovered) -> None:
    """Devices, objects, and what was done with them."""
    devices = found.scan.devices
    screen.table(
        console,
        ("device", "name", "where", "objects", "says"),
        [[str(d.device), d.name, _where(d.host, d.port, d.options), f"{len(d.registers):,}", d.says] for d in devices],
    )  # fmt: skip
    rows = [
        [str(new.device), new.register.address, new.register.name, new.register.unit, new.point]
        for new in found.report.added
    ]
    if rows:
        console.print()
        screen.table(console, ("device", "address", "name", "unit", "new point"), rows[:SHOWN])
    if len(rows) > SHOWN:
        console.print(Text(f"{len(rows) - SHOWN:,} more: see --json", style="dim"))
    for note in found.notes:
        console.print(Text(readable(f"! {note}"), style="yellow"))
    for told in found.report.told:
        what = told.point or told.line
        console.print(
            Text(readable(f"! {what} {told.says}: change its row, or leave it"), style="yellow")
        )
    for name in found.report.without_objects:
        console.print(Text(readable(f"! {name} answers and has nothing to poll"), style="yellow"))
    _done(console, found)


def _done(console: Console, found: Discovered) -> None:
    console.print(Text(readable(found.report.says)))
    if not found.answered:
        console.print(Text(f"nobody answered: {_CHECK[found.scan.reach.protocol]}", style="yellow"))
    if found.dry_run:
        console.print(Text("nothing was written: this was a dry run"))
        return
    before = f"; as it was before: {found.kept}" if found.kept else ""
    if found.answered or found.kept:
        console.print(Text(readable(f"in {found.path}{before}")))
    if found.answered:
        console.print(Text(readable(f"next: {_next(found)}"), style="dim"))


def _next(found: Discovered) -> str:
    """What a person does now: registers without names get theirs from the manual, not from `map`."""
    if any(register.name for device in found.scan.devices for register in device.registers):
        return f"plantroom ingest map {found.path}"
    return (
        "give each register its point, type and scale from the device's manual, then:"
        f" plantroom ingest check {found.path}"
    )


def _where(host: str, port: int, options: Any) -> str:
    behind = f" net {options['network']} mac {options['mac']}" if "network" in options else ""
    return f"{host}:{port}{behind}"
