"""`plantroom demo`: build Riverside Tower, start its devices, serve it."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from edge.indexes.embedded import EmbeddedIndex
from ingest.demo.devices.process import DemoProcess
from ingest.demo.documents import write_documents
from ingest.demo.model import riverside_tower
from ingest.demo.simulate import Recording, simulate
from ingest.demo.worklog import write_worklog
from ingest.documents.ingest import ingest_documents
from ingest.documents.worklog import read_worklog
from ingest.lines import write_lines
from ontology.errors import OutOfSpace, Refused, Unavailable
from ontology.graph import Building
from ontology.kinds import MARKER, Number, Ref
from ontology.records import replace_all
from ontology.store.histories import is_url, open_history
from ontology.store.sql_records import SqlRecords
from services import asking, doctor, screen
from services.api.system import Part
from services.broker import broker_of
from services.folder import disk_errors, empty_for_demo, mark_as_demo, owned
from services.home import has_building, wall_clock
from services.serving import background, claimed_port, served, url_of
from services.settings import Settings
from services.wire import System, load_embedder, open_system
from services.worker import look

DAYS: Final = 30
SEED: Final = 7
STAMP: Final = Ref("demo.stamp")
REBUILD_AFTER: Final = dt.timedelta(days=3)
"""A demo that stood still for longer is built anew: its story would have grown old."""
EXAMPLE: Final = "why is 807 hot?"

T = TypeVar("T")


async def run(settings: Settings, console: Console, *, fresh: bool, ask: str | None) -> None:
    """Build what is missing, then serve until told to stop, or until one question is answered."""
    with claimed_port(settings) as claimed, owned(settings.home):
        stamp = None if fresh else await _stamp(settings)
        if stamp is None:
            stamp = wall_clock().replace(microsecond=0)
            with disk_errors(settings.home):
                await build(settings, now=stamp, console=console)
        elif not (settings.home / "index" / "words").exists():
            with console.status("reading the manuals again"):
                await asyncio.to_thread(_index, settings, riverside_tower(), lambda _share: None)
        url = url_of(claimed)
        secret = settings.webhook_secret.get_secret_value() or secrets.token_urlsafe(24)
        with console.status("starting the devices of Riverside Tower"):
            devices = await DemoProcess.start(
                anchor=stamp,
                seed=SEED,
                days=DAYS,
                webhook=f"{url}/api/ingest/lorawan",
                secret=secret,
                broker=broker_of(settings),
            )
        write_lines(settings.home / "demo-lines.toml", devices.lines)
        async with devices, open_system(settings) as system:
            if devices.missed is not None:
                await system.history.bulk(devices.missed())
            async with (
                served(system, claimed, devices.lines, secret) as stopped,
                background(_mourn(devices, system, console), "devices watch"),
            ):
                await _greet(settings, console, url, ask or EXAMPLE)
                if ask is None:
                    await stopped.wait()


async def build(
    settings: Settings, *, now: dt.datetime, console: Console, days: int = DAYS
) -> Recording:
    """Write ontology, 30 days of history, documents, work orders and findings into an empty `home`."""
    home = settings.home
    free = doctor.free_mb(settings)
    if free < doctor.NEEDED_MB:
        raise OutOfSpace(
            f"{free:,.0f} MB free at {home}", hint=f"{doctor.NEEDED_MB} MB are needed; use --home"
        )
    await _need_empty(settings)
    empty_for_demo(home)
    tower = riverside_tower()
    columns = (TextColumn("{task.description:34}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        recording, orders = await asyncio.gather(
            _history(settings, tower, now, days, progress),
            asyncio.to_thread(_documents, settings, tower, now, progress),
        )
    records = SqlRecords(settings.records_db)
    try:
        stamp = {
            "id": STAMP,
            "builtAt": now,
            "seed": Number(SEED),
            "days": Number(days),
            "demo": MARKER,
        }
        await replace_all(records, [*tower, *orders, stamp])
    finally:
        await records.close()
    with console.status("looking for faults"):
        async with open_system(settings, clock=lambda: now) as system:
            await look(system)
    return recording


async def _need_empty(settings: Settings) -> None:
    """Refused where the demo's story would mix with samples in a database."""
    if not is_url(settings.history_place):
        return  # a file in the home, which is emptied
    history = await asyncio.to_thread(open_history, settings.history_place)
    try:
        if await history.latest():
            raise Refused(
                "the database of PLANTROOM_HISTORY_URL holds samples already",
                hint="give the demo an empty database, or none: its history then lies in its home",
            )
    finally:
        await history.close()


async def _history(
    settings: Settings,
    tower: Sequence[dict[str, object]],
    now: dt.datetime,
    days: int,
    progress: Progress,
) -> Recording:
    recording = await _shown(
        progress,
        f"simulating {days} days",
        1.0,
        lambda step: simulate(now, days=days, seed=SEED, progress=step),
    )
    history = await asyncio.to_thread(open_history, settings.history_place, Building(tower))
    try:
        task = progress.add_task("writing the history", total=recording.values.size)
        await history.bulk(recording.samples(), lambda done: progress.update(task, completed=done))
        progress.update(task, completed=recording.values.size)
    finally:
        await history.close()
    return recording


def _documents(
    settings: Settings, tower: Sequence[dict[str, object]], now: dt.datetime, progress: Progress
) -> list[dict[str, object]]:
    """Write the manuals and the work log, read them back as any site's, and index them."""
    folder = settings.home / "documents"
    task = progress.add_task("writing and reading the manuals", total=1.0)
    write_documents(folder)
    worklog = write_worklog(folder / "maintenance-log.xlsx", now=now)
    ids = _index(settings, tower, _advance(progress, task))
    log = read_worklog(worklog, zone=Building(tower).zone, equip_ids=ids)
    progress.update(task, completed=1.0)
    return list(log.orders)


def _index(
    settings: Settings, tower: Sequence[dict[str, object]], progress: Callable[[float], None]
) -> list[str]:
    """Index the manuals; returns the ids of everything they may be about."""
    files = sorted((settings.home / "documents").iterdir())
    manuals = [file for file in files if file.suffix in (".pdf", ".docx")]
    ids = [entity.id for entity in Building(tower) if not entity.is_point]
    embedder, _ = load_embedder(settings)
    index = EmbeddedIndex(settings.home / "index", embedder=embedder.name if embedder else None)
    try:
        ingest_documents(manuals, index, embedder, ids, progress)
    finally:
        index.close()
    return ids


async def _shown(
    progress: Progress, what: str, total: float, work: Callable[[Callable[[float], None]], T]
) -> T:
    task = progress.add_task(what, total=total)
    return await asyncio.to_thread(work, _advance(progress, task))


def _advance(progress: Progress, task: TaskID) -> Callable[[float], None]:
    def advance(share: float) -> None:
        if not progress.live.is_started:  # Ctrl-C: a thread cannot be cancelled, but it can give up
            raise Unavailable("the building was not finished", hint="start it again")
        progress.update(task, completed=share)

    return advance


async def _stamp(settings: Settings) -> dt.datetime | None:
    """When this home was built; None where there is no demo yet, or one too old to go on with."""
    if not has_building(settings):
        return None
    records = SqlRecords(settings.records_db)
    try:
        found = await records.read("demo and builtAt", limit=1)
    finally:
        await records.close()
    built: dt.datetime | None = found[0]["builtAt"] if found else None
    if built:
        mark_as_demo(settings.home)
    return built if built and wall_clock() - built < REBUILD_AFTER else None


async def _mourn(devices: DemoProcess, system: System, console: Console) -> None:
    """Say that the devices have ended, on the screen and in the status: nothing is polled any more."""
    code = await devices.ended()
    hint = "stop `plantroom demo` and start it again: history and conversations are kept"
    says = f"their process ended (code {code}): values grow old"
    system.notes.append(Part("demo devices", "degraded", says, hint))
    console.print(f"The demo devices: {says}. To go on, {hint}.", style="yellow", markup=False)


async def _greet(settings: Settings, console: Console, url: str, question: str) -> None:
    """Say where it is, and show that it answers."""
    console.print(f"\n[bold]Riverside Tower[/bold] is running: {url}   (Ctrl-C stops it)\n")
    console.print(f"> {question}", style="bold", markup=False)
    screen.answer(console, await asking.answer(settings, question, now=None, on_event=None))
