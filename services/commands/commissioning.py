"""At the device: read a line once and see everything; write one value, after a person approved it."""

from __future__ import annotations

import datetime as dt
import getpass
import json
import math
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.text import Text

from ingest.driver import Commander, Line, Reading, Register
from ingest.lines import open_driver, read_lines
from ingest.quality import Plausibility
from ontology.errors import BadRequest, NotFound, PlantroomError, Refused
from ontology.graph import Building
from ontology.history import Status
from services import screen
from services.folder import disk_errors
from services.home import has_building, load_building
from services.settings import Settings
from services.terminal import readable

LOG: Final = "writes.log"
"""In the home: one line of JSON for each write that was approved, before it is made and after."""
PRIORITIES: Final = range(1, 17)
_NOT_OURS: Final = frozenset({1, 2, 5, 6})
"""Life safety, critical equipment, minimum on and off times (ASHRAE 135, 19.2.1): no command of ours belongs there."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written; None gives the slot back. `approved` is the point's id where a script says it."""

    line: str
    point: str
    value: float | None
    priority: int
    approved: str = ""


def wanted(value: str, *, relinquish: bool) -> float | None:
    """The value to write, None to give the slot back. Raises BadRequest.

    >>> wanted("21.5", relinquish=False)
    21.5
    """
    if relinquish == bool(value):
        raise BadRequest("give a value, or --relinquish, and only one of them", hint="see --help")
    if relinquish:
        return None
    try:
        number = float({"on": "1", "true": "1", "off": "0", "false": "0"}.get(value.lower(), value))
    except ValueError as cause:
        raise BadRequest(f"{value!r:.40} is no number", hint="on and off are 1 and 0") from cause
    if not math.isfinite(number):
        raise BadRequest(f"{value!r:.40} is no value to write", hint="write a finite number")
    return number


async def read(settings: Settings, path: Path, name: str, points: Sequence[str]) -> dict[str, Any]:
    """One reading of each point, as the poller would store it. Raises NotFound, DeviceSilent."""
    line = _line(read_lines(path), name)
    registers = _chosen(line, points)
    building = await load_building(settings) if has_building(settings) else None
    began = dt.datetime.now(dt.UTC)
    async with open_driver(line) as driver:
        found = await driver.read(registers)
    took_s = (dt.datetime.now(dt.UTC) - began).total_seconds()
    judged = Plausibility(building or ())
    rows = [
        _row(register, reading, judged.judge(reading), building)
        for register, reading in zip(registers, found, strict=True)
    ]
    return {
        "line": line.name, "protocol": line.protocol, "took_s": round(took_s, 3), "points": rows,
        "ok": all(row["status"] != "fault" for row in rows),
    }  # fmt: skip


async def write(
    settings: Settings, path: Path, order: Order, *, console: Console
) -> dict[str, Any]:
    """Write after approval, and read back; both ends of it stand in the home's writes.log.

    Raises Refused where the line is not writable, nobody approved, or the device does not take it.
    """
    line = _line(read_lines(path), order.line)
    (register,) = _chosen(line, [order.point])
    _may(line, order)
    async with open_driver(line) as driver:
        if not isinstance(driver, Commander):
            raise Refused(
                f"{line.protocol} devices cannot be written to", hint="set it at the device"
            )
        (before,) = await driver.read([register])
        _approve(order, line, before, console)
        _audit(settings.home, order, "ordered", before)
        try:
            after = await driver.command(register, order.value, priority=order.priority)
        except PlantroomError as error:
            _audit(settings.home, order, f"failed: {error}", None)
            raise
    _audit(settings.home, order, "done", after)
    return {
        "ok": after.status is not Status.FAULT, "line": line.name, "point": order.point,
        "wrote": order.value, "priority": order.priority,
        "before": _told(before), "after": _told(after),
    }  # fmt: skip


def _line(lines: Sequence[Line], name: str) -> Line:
    found = next((line for line in lines if line.name == name), None)
    if found is None:
        names = ", ".join(line.name for line in lines[:8]) or "none"
        raise NotFound(f"no line is called {name!r:.80}", hint=f"lines here: {names}")
    return found


def _chosen(line: Line, points: Sequence[str]) -> list[Register]:
    """The registers of these points, or all. Raises NotFound."""
    by_point = {register.point.id: register for register in line.registers}
    for point in points:
        if point not in by_point:
            near = [id for id in by_point if point.lower() in id.lower()][:5] or list(by_point)[:5]
            raise NotFound(
                f"line {line.name!r} has no point {point!r:.80}", hint=f"such as: {', '.join(near)}"
            )
    return [by_point[point] for point in points] or list(line.registers)


def _row(
    register: Register, reading: Reading, judged: Reading, building: Building | None
) -> dict[str, Any]:
    """What a person compares with the display of the device."""
    id = register.point.id
    role = building.get(id).role if building is not None and id in building else None
    raw = (reading.value - register.offset) / register.scale
    why = ""
    if judged.status is not reading.status:
        why = "not believable for what it is: check address, word order and scale"
    return {
        "point": id, "address": register.address, "value": _number(reading.value), "raw": _number(raw),
        "unit": role.unit if role else "", "status": judged.status.name.lower(),
        "override_level": reading.override_level, "why": why,
    }  # fmt: skip


def _number(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None


def _told(reading: Reading) -> dict[str, Any]:
    return {
        "value": _number(reading.value), "status": reading.status.name.lower(),
        "override_level": reading.override_level,
    }  # fmt: skip


def _may(line: Line, order: Order) -> None:
    if line.options.get("writable") != "yes":
        raise Refused(
            f"line {line.name!r} is not writable",
            hint='a person who may decide it adds writable = "yes" to its options in lines.toml',
        )
    if order.priority in _NOT_OURS:
        raise Refused(
            f"priority {order.priority} belongs to life safety, critical control or minimum run times",
            hint="8 is a person's slot, 9 to 16 are programs'",
        )


def _approve(order: Order, line: Line, before: Reading, console: Console) -> None:
    """Somebody types the point's id, here or on the command line. Raises Refused."""
    if order.approved:
        if order.approved != order.point:
            raise Refused("--i-approve names another point; nothing was written", hint=order.point)
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(
            "a person has to approve this at a terminal; nothing was written",
            hint=f"or, knowing what it does: --i-approve {order.point}",
        )
    held = f", in hand at priority {before.override_level}" if before.override_level else ""
    does = "gives back" if order.value is None else f"writes {order.value:g} to"
    says = f"This {does} {order.point} on {line.name} ({line.host}) at priority {order.priority}."
    console.print(Text(readable(says)))
    console.print(
        Text(readable(f"It is {_shown(before.value)} now, {before.status.name.lower()}{held}."))
    )
    typed = typer.prompt("Type the point's id to approve", default="", show_default=False, err=True)
    if str(typed).strip() != order.point:
        raise Refused("that is not the point's id; nothing was written", hint="")


def _audit(home: Path, order: Order, what: str, seen: Reading | None) -> None:
    """One line in the log, on disk before it goes on. A log that cannot be written stops the write."""
    entry = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"), "who": _person(), "line": order.line,
        "point": order.point, "wrote": order.value, "priority": order.priority,
        "approved": "typed" if not order.approved else "on the command line", "what": what,
        "seen": _told(seen) if seen else None,
    }  # fmt: skip
    with disk_errors(home):
        home.mkdir(parents=True, exist_ok=True)
        with (home / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")
            log.flush()
            os.fsync(log.fileno())


def _person() -> str:
    """The account, and the one behind sudo where there is one."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid {os.getuid()}"
    behind = re.sub(r"[^\w.@-]", "", os.environ.get("SUDO_USER", ""))
    return f"{name} ({behind})" if behind else name


# --- for people -----------------------------------------------------------------------------------


def show(console: Console, found: dict[str, Any]) -> None:
    """A line as read."""
    screen.table(
        console,
        ("point", "value", "unit", "raw", "status", "address", "held", "note"),
        [
            [
                row["point"], _shown(row["value"]), row["unit"], _shown(row["raw"]), row["status"], row["address"],
                f"priority {row['override_level']}" if row["override_level"] else "", row["why"],
            ]
            for row in found["points"]
        ],
    )  # fmt: skip
    count = screen.counted(len(found["points"]), "point")
    console.print(Text(readable(f"{count} of {found['line']} in {found['took_s']:.2f} s")))


def show_written(console: Console, found: dict[str, Any]) -> None:
    """Before and after."""
    before, after = found["before"], found["after"]
    says = f"{found['point']}: {_shown(before['value'])} before, {_shown(after['value'])} now"
    held = f", held at priority {after['override_level']}" if after["override_level"] else ""
    console.print(Text(readable(f"{says} ({after['status']}{held})")))


def _shown(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:g}"
