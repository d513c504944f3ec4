"""`plantroom ingest import`: a trend export into this building's history, and a first map of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from ingest.quality import Plausibility
from ingest.server_sink import Server, ServerSink
from ingest.trends.aside import written_aside
from ingest.trends.plan import Plan, plan
from ingest.trends.proposing import head_of, proposals
from ingest.trends.reading import Reading
from ingest.trends.rows import open_export
from ingest.trends.series import Target
from ingest.trends.shape import layout_of
from ingest.trends.survey import survey
from ingest.trends.trendmap import parse_map, read_map, write_map
from ontology.errors import BadRequest, Refused
from ontology.graph import Building
from ontology.history import HistoryStore, Samples
from ontology.store.histories import open_history
from ontology.zones import zone_named
from services.commands.target import writing
from services.folder import owned
from services.home import has_building, load_building, require_building, running_server, wall_clock
from services.screen import counted
from services.settings import Settings
from services.terminal import readable

_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of an import."""

    file: Path
    map: Path
    refused: Path | None = None
    dry_run: bool = False

    @property
    def aside(self) -> Path:
        """Where rows that cannot be read are listed: beside the export."""
        return self.refused or self.file.with_name(f"{self.file.name}.refused.csv")


async def bring_in(settings: Settings, asked: Asked, console: Console) -> dict[str, Any]:
    """Read one export into the history: of the server where one runs, else of the home.

    Writing the same file again changes nothing. Raises BadRequest where a person must say more, Corrupt
    for a file that breaks off (what came before is written, and doing it again is safe).
    """
    require_building(settings)
    building = await load_building(settings)
    chosen = read_map(asked.map)
    opened = open_export(asked.file, sheet=chosen.sheet)
    with writing(asked.aside), written_aside(asked.aside) as aside, _bar(console) as show:
        made = await asyncio.to_thread(
            plan, opened, chosen, targets(building), aside, show("looking at")
        )
        reading = Reading(
            made, aside, wall_clock(), Plausibility(building.find("point")).judge_all, show("reading", made.seen.rows)
        )  # fmt: skip
        if asked.dry_run:
            await asyncio.to_thread(lambda: [None for _ in reading.batches()])
        else:
            await _stored(settings, building, reading.batches())
    return _told(asked, made, reading)


def targets(building: Building) -> dict[str, Target]:
    """The points of a model as an import sees them."""
    return {
        point.id: Target(point.ref, point.unit, str(point.tags.get("kind", "")), point.role.quantity if point.role else None)
        for point in building.find("point")
    }  # fmt: skip


async def _stored(settings: Settings, building: Building, batches: Iterator[Samples]) -> None:
    """Write the batches; one that is not taken ends it."""
    url = await running_server(settings)
    if url is not None:
        async with ServerSink(server_of(settings, url)) as sink:
            while (batch := await asyncio.to_thread(next, batches, None)) is not None:
                await sink.write(batch)
        return
    async with history_of(settings, building) as history:
        await history.bulk(batches)


@asynccontextmanager
async def history_of(settings: Settings, building: Building) -> AsyncIterator[HistoryStore]:
    """The home's history, owned while entered. Raises Conflict where another process has it."""
    with owned(settings.home):
        history = await asyncio.to_thread(open_history, settings.history_place, building)
        try:
            yield history
        finally:
            await history.close()


def server_of(settings: Settings, url: str) -> Server:
    """The running server as a receiver of samples. Raises BadRequest where its secret is not known here."""
    secret = settings.webhook_secret.get_secret_value()
    if not secret:
        raise BadRequest(
            f"{url} owns this history, and its secret is not set here",
            hint="stop it first, or start it with PLANTROOM_WEBHOOK_SECRET and set the same here",
        )
    return Server(url, secret, "import")


def _told(asked: Asked, made: Plan, reading: Reading) -> dict[str, Any]:
    aside = reading.aside
    ok = not (aside.anything or made.missing)
    return {
        "ok": ok, "file": str(asked.file), "dry_run": asked.dry_run, "rows": reading.rows, **reading.ledger.to_json(),
        "read_as": {
            "kind": made.opened.kind, "encoding": made.opened.encoding, "delimiter": made.opened.delimiter,
            "sheet": made.opened.sheet, "other_sheets": list(made.opened.other_sheets),
            "shape": "long" if made.layout.long else "wide", "dates": made.times.order,
            "zone": made.map.zone.key if made.map.zone else "",
        },
        "set_aside": {
            "rows": aside.rows, "values": aside.cells, "reasons": dict(aside.reasons.most_common()),
            "columns": aside.columns, "file": str(asked.aside) if aside.anything else None,
        },
        "missing": list(made.missing), "left_out": list(made.left_out), "remarks": reading.remarks,
    }  # fmt: skip


async def proposed(settings: Settings, file: Path, target: Path, *, force: bool) -> dict[str, Any]:
    """Write a map for an export. Raises Refused for a map that is there, which a person may have edited."""
    if _there(target) and not force:
        raise Refused(
            f"{target} is there", hint="give another name with -o, or write over it with --force"
        )
    building = await load_building(settings) if has_building(settings) else None
    opened = open_export(file)
    layout = await asyncio.to_thread(lambda: layout_of(opened.rows(), file.name))
    seen = await asyncio.to_thread(lambda: survey(opened.rows(), layout))
    found = await asyncio.to_thread(lambda: proposals(opened, layout, seen, building))
    head, notes = head_of(opened, layout, seen, _zone(building))
    text = write_map(found, head, notes)
    if any(one.column.point for one in found):
        parse_map(text, target.name)  # what we write we can read
    _write(target, text)
    to_decide = [note for note in notes if note.startswith("TO DECIDE")]
    return {
        "file": str(file), "map": str(target), "shape": "long" if layout.long else "wide", "columns": len(found),
        "proposed": sum(bool(one.column.point) for one in found), "to_decide": to_decide,
        "unknown": [one.column.name for one in found if not one.column.point],
    }  # fmt: skip


def _zone(building: Building | None) -> str:
    """The IANA name of the site's zone, "" where the model does not say it."""
    said = str(building.site.tags.get("tz", "")) if building and building.find("site") else ""
    return zone_named(said).key if said else ""


def _there(path: Path) -> bool:
    return path.exists()


def _write(path: Path, text: str) -> None:
    with writing(path):
        path.write_text(text, encoding="utf-8")


# --- for people -----------------------------------------------------------------------------------

Show = Callable[[int], None]


@contextmanager
def _bar(console: Console) -> Iterator[Callable[..., Show]]:
    """Bars on a terminal, nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} rows"),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:

        def show(says: str, total: int | None = None) -> Show:
            task = progress.add_task(says, total=total)
            return lambda rows: progress.update(task, completed=rows)

        yield show


def show_proposed(console: Console, found: dict[str, Any]) -> None:
    """What was recognised, and what to do next."""
    say(
        console,
        f"{found['map']}: {found['proposed']} of {found['columns']} columns proposed ({found['shape']} table)",
    )
    for note in found["to_decide"]:
        say(console, f"! {note}", "yellow")
    if found["unknown"]:
        say(console, f"! no point for {_some(found['unknown'])}", "yellow")
    say(
        console,
        f"check it, then: plantroom ingest import {found['file']} --map {found['map']}",
        "dim",
    )


def show_brought(console: Console, found: dict[str, Any]) -> None:
    """What came in, and what did not and why."""
    done = "would be read" if found["dry_run"] else "read"
    span = f", {found['first']} to {found['last']}" if found["first"] else ""
    say(
        console,
        f"{counted(found['samples'], 'sample')} of {counted(found['points'], 'point')} {done} from {counted(found['rows'], 'row')}{span}",
    )
    for key, says in (
        ("silent", "without a value to trust"),
        ("repeated", "in a second that had one already; the last counts"),
        ("gaps", "with a gap before them"),
    ):
        if found[key]:
            say(console, f"{found[key]:>10,} {says}")
    for gap in found["longest_gaps"][:3]:
        say(
            console,
            f"           @{gap['point']}: {counted(gap['gaps'], 'gap')}, the longest {gap['from']} to {gap['to']}",
            "dim",
        )
    if found["left_out"]:
        say(
            console,
            f"not in the map: {_some(found['left_out'])}",
            "dim",
        )
    if found["read_as"]["other_sheets"]:
        say(
            console,
            f"! other sheets were not read: {_some(found['read_as']['other_sheets'])}",
            "yellow",
        )
    _show_aside(console, found)


def _show_aside(console: Console, found: dict[str, Any]) -> None:
    aside = found["set_aside"]
    if found["missing"]:
        say(console, f"! not in the file: {_some(found['missing'])}", "yellow")
    for column, why in list(aside["columns"].items())[:_SHOWN]:
        say(console, f"! column {column!r} left out: {why}", "yellow")
    if aside["rows"] or aside["values"]:
        say(
            console,
            f"! set aside: {counted(aside['rows'], 'row')} and {counted(aside['values'], 'value')}",
            "yellow",
        )
        for why, count in islice(aside["reasons"].items(), _SHOWN):
            say(console, f"{count:>10,} {why}", "yellow")
    if aside["file"]:
        say(console, f"they are listed in {aside['file']}")


def say(console: Console, text: str, style: str = "") -> None:
    """One line for people, whatever devices and files put into it."""
    console.print(Text(readable(text), style=style))


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (
        f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    )
