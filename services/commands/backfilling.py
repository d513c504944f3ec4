"""`plantroom ingest backfill`: what a device or server logged by itself, fetched for a range that a person names."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.status import Status as Spinner

from ingest.driver import Line, Register, TrendReader
from ingest.intake import sift
from ingest.lines import open_driver, read_lines
from ingest.packed import merged
from ingest.quality import Plausibility
from ingest.server_sink import ServerSink
from ingest.sink import Sink
from ingest.trends.ledger import Ledger
from ontology.errors import BadRequest, NotFound, PlantroomError, Refused
from ontology.history import Samples
from ontology.time import FIRST_YEAR, LAST_YEAR, Span, day_of, parse_instant
from services.commands.importing import history_of, say, server_of
from services.home import load_building, require_building, running_server, wall_clock
from services.screen import counted
from services.settings import Settings

_ROWS: Final = 20_000
"""Samples written at once."""
_DATE_LENGTH: Final = len("2026-11-20")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says: a line of a file, from when until when, and which of its points (all where none)."""

    lines: Path
    line: str
    start: str
    end: str = ""
    points: tuple[str, ...] = ()


async def backfill(settings: Settings, asked: Asked, console: Console) -> dict[str, Any]:
    """Fetch a line's own log into the history; again is harmless. Dates are days of the site, the last included.

    Raises NotFound for a line or point that is not there, BadRequest for a device without a log,
    DeviceSilent where it does not answer; what came before that is stored.
    """
    require_building(settings)
    building = await load_building(settings)
    name = asked.line
    span = span_of(asked.start, asked.end, zone=building.zone, now=wall_clock())
    line = _line(asked.lines, name)
    registers = _logged(line, asked.points)
    ledger = Ledger()
    aside, unread = 0, ""
    async with AsyncExitStack() as stack:
        url = await running_server(settings)
        sink: Sink = (
            await stack.enter_async_context(ServerSink(server_of(settings, url))) if url
            else await stack.enter_async_context(history_of(settings, building))
        )  # fmt: skip
        plausible = Plausibility(building.find("point"))
        shown = (
            stack.enter_context(Spinner("asking", console=console)) if console.is_terminal else None
        )
        try:
            async for batch in _batches(line, registers, span):
                good, doubtful = sift(plausible.judge_all(batch), wall_clock(), source=name)
                aside += sum(len(one.samples) for one in doubtful)
                await sink.write(good)
                ledger.take(good)
                if shown is not None:
                    shown.update(f"{sum(one.rows for one in ledger.series.values()):,} samples")
        except Refused as refused:
            unread = str(refused)
    empty = [register.point.id for register in registers if register.point.id not in ledger.series]
    return {
        "ok": not (aside or unread), "line": name, "from": span.start.isoformat(), "to": span.end.isoformat(),
        **ledger.to_json(), "set_aside": aside, "without": empty, "unread": unread,
    }  # fmt: skip


async def _batches(line: Line, registers: Sequence[Register], span: Span) -> AsyncIterator[Samples]:
    """The line's log in batches worth a write each."""
    waiting: list[Samples] = []
    async with open_driver(line) as driver:
        if not isinstance(driver, TrendReader):
            raise BadRequest(f"{line.protocol} devices keep no log", hint="BACnet and Haystack do")
        try:
            async for samples in driver.trend(registers, span):
                waiting.append(samples)
                if sum(map(len, waiting)) >= _ROWS:
                    yield merged(waiting)
                    waiting = []
        except PlantroomError:
            if waiting:  # what came is stored, whatever became of the rest
                yield merged(waiting)
            raise
    if waiting:
        yield merged(waiting)


def span_of(start: str, end: str, *, zone: ZoneInfo, now: dt.datetime) -> Span:
    """From dates (days of the site) or instants with an offset; without an end, until now. Raises BadRequest."""
    first = _edge(start, zone).start
    last = min(_edge(end, zone).end, now) if end else now
    return Span(first, last)


def _edge(text: str, zone: ZoneInfo) -> Span:
    if len(text) == _DATE_LENGTH:
        try:
            day = dt.date.fromisoformat(text)
        except ValueError as cause:
            raise BadRequest(f"not a date: {text!r}", hint="such as 2026-11-20") from cause
        if FIRST_YEAR < day.year < LAST_YEAR:
            return day_of(day, zone)
    at = parse_instant(text)
    return Span(at, at)


def _line(path: Path, name: str) -> Line:
    lines = read_lines(path)
    for line in lines:
        if line.name == name:
            return line
    raise NotFound(
        f"no line {name!r:.60} in {path}",
        hint=f"lines: {', '.join(line.name for line in lines[:8])}",
    )


def _logged(line: Line, points: Sequence[str]) -> list[Register]:
    """The registers to ask for. Every point of a Haystack server may have a history there."""
    registers = line.registers
    if points:
        unknown = sorted({*points} - {register.point.id for register in registers})
        if unknown:
            raise NotFound(
                f"line {line.name!r} has no point {unknown[0]!r:.60}", hint="see lines.toml"
            )
        registers = tuple(register for register in registers if register.point.id in points)
    if line.protocol == "haystack":
        return [replace(register, log="his") for register in registers]
    logged = [register for register in registers if register.log]
    if not logged:
        raise BadRequest(
            f"line {line.name!r}: no register names a log",
            hint='such as log = "trend-log,3" in lines.toml',
        )
    return logged


def show(console: Console, found: dict[str, Any]) -> None:
    """What came, and of which points nothing did."""
    span = f", {found['first']} to {found['last']}" if found["first"] else ""
    say(
        console,
        f"{found['line']}: {counted(found['samples'], 'sample')} of {counted(found['points'], 'point')}{span}",
    )
    if found["gaps"]:
        say(console, f"{found['gaps']:>10,} gaps in what it logged")
    if found["set_aside"]:
        say(console, f"! {found['set_aside']:,} set aside: their times cannot be true", "yellow")
    if found["unread"]:
        say(console, f"! {found['unread']}", "yellow")
    if found["without"]:
        say(console, f"! nothing of {', '.join(found['without'][:8])}", "yellow")
