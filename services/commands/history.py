"""`plantroom history`: how much there is, moving it, keeping it safe, forgetting what is old."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ontology.errors import BadRequest, NotFound, Refused
from ontology.history import HistoryStore, Kept, Retention
from ontology.store import duck_backup
from ontology.store.copying import copy as copy_history
from ontology.store.duck import DuckHistory
from ontology.store.histories import is_url, open_history, shown
from ontology.time import parse_instant
from services import at_server
from services.commands.options import AsJson, Home, err, out, print_json, settings_of
from services.home import running_server, wall_clock
from services.settings import Settings

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="The history of samples: how much there is, moving, keeping and forgetting it.",
)  # fmt: skip

_UNITS: Final = {"h": 1 / 24, "d": 1.0, "w": 7.0, "y": 365.25}
_DURATION: Final = re.compile(r"(\d{1,5})\s*([hdwy])")
_LEAST: Final = dt.timedelta(days=1)
"""Rules and charts live on the last days: a shorter retention is a slip of the keyboard."""
_BACKUP_S: Final = 6 * 3_600.0
"""To another disk a backup is copied: 1 TB at 50 MB/s."""
_PLACE: Final = "a DuckDB file, a postgresql:// URL, `home` (the file in the home) or `url` (PLANTROOM_HISTORY_URL)"


@app.command()
def status(home: Home = None, as_json: AsJson = False) -> None:
    """How many points and samples there are, since when, and what they take on disk."""
    settings = settings_of(home)
    _need_there(settings.history_place)
    kept = asyncio.run(_kept_now(settings))
    place = shown(settings.history_place)
    if as_json:
        print_json({"place": place, **_told(kept)})
    else:
        out.print(f"{place}\n  {_said(kept)}", markup=False)


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help=_PLACE)],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="the same; made where it is not there yet")
    ],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Copy every sample from one history to another, and compare them; run it again and it goes on.

    Stop Plantroom first: a file belongs to the one process that has it open.
    """
    settings = settings_of(home)
    places = _place(settings, source), _place(settings, target)
    _need_two(*places)
    _need_there(places[0])
    done = asyncio.run(_copied(*places))
    if as_json:
        print_json(done)
    else:
        out.print(
            f"{done['written']:,} samples of {done['points']:,} points written,"
            f" {done['found']:,} were there already; {done['months']} months compared: equal",
            markup=False,
        )


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="a new or empty folder for the backup")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write a backup of the home's history into a folder, also while Plantroom serves it.

    PostgreSQL has its own tools: the command is told.
    """
    settings = settings_of(home)
    _need_file(settings, f"pg_dump --format=custom --no-owner --no-acl --schema=plantroom_store --schema=plantroom --file={folder}.dump --dbname=")  # fmt: skip
    _need_there(settings.history_place)
    kept = asyncio.run(_backed_up(settings, folder.absolute()))  # the server stands elsewhere
    if as_json:
        print_json({"folder": str(folder), **_told(kept)})
    else:
        out.print(f"backed up to {folder}: {_said(kept)}", markup=False)


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="a folder that `plantroom history backup` wrote")],
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Bring a backup into a home whose history is empty; every byte is checked."""
    settings = settings_of(home)
    _need_file(
        settings,
        f"into an empty database: pg_restore --exit-on-error --no-owner {folder}.dump --dbname=",
    )
    with _bar("restoring") as progress:
        duck_backup.restore(folder, Path(settings.history_place), progress)
    kept = asyncio.run(_kept(settings.history_place))
    if as_json:
        print_json({"folder": str(folder), **_told(kept)})
    else:
        out.print(f"restored from {folder}: {_said(kept)}", markup=False)


@app.command()
def retain(
    raw: Annotated[
        str | None,
        typer.Option(
            "--raw",
            help="keep samples for so long, such as 90d, 26w or 2y; older ones become hourly means",
        ),
    ] = None,
    hourly: Annotated[
        str | None, typer.Option("--hourly", help="keep hourly means for so long, such as 10y")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Forget what is old: samples become hourly mean, min, max and count, and these end some day."""
    settings = settings_of(home)
    retention = Retention(raw=_duration(raw), hourly=_duration(hourly))
    if retention.raw is None and retention.hourly is None:
        raise BadRequest(
            "nothing to forget", hint="give --raw, --hourly or both, such as --raw 400d"
        )
    if retention.raw and retention.hourly and retention.hourly < retention.raw:
        raise BadRequest(
            "hourly means would end before the samples they are made of",
            hint="keep --hourly at least as long as --raw",
        )
    _need_there(settings.history_place)
    forgotten = asyncio.run(_retained(settings.history_place, retention))
    if as_json:
        print_json({"forgotten": forgotten})
    else:
        out.print(f"{forgotten:,} samples forgotten", markup=False)


def _place(settings: Settings, word: str) -> Path | str:
    """What a FROM or TO names; a URL from the settings keeps its secret out of the list of processes."""
    if word == "home":
        return settings.home / "history.duckdb"
    if word == "url":
        url = settings.history_url.get_secret_value()
        if not url:
            raise BadRequest(
                "no PLANTROOM_HISTORY_URL is set", hint="set it, or give a URL in its place"
            )
        return url
    return word if is_url(word) else Path(word)


@asynccontextmanager
async def _opened(place: Path | str) -> AsyncIterator[HistoryStore]:
    """A history for the time of a command."""
    history = await asyncio.to_thread(open_history, place)
    try:
        yield history
    finally:
        await history.close()


def _need_there(place: Path | str) -> None:
    """NotFound for a file that is not there: opening it would make it."""
    if isinstance(place, Path) and not place.exists():
        raise NotFound(f"no history at {place}", hint="name its file, or its home with --home")


async def _kept(place: Path | str) -> Kept:
    async with _opened(place) as history:
        return await history.kept()


async def _retained(place: Path | str, retention: Retention) -> int:
    async with _opened(place) as history:
        return await history.retain(retention, now=wall_clock())


async def _kept_now(settings: Settings) -> Kept:
    """Told by the server where one runs: the file is its own."""
    url = await running_server(settings)
    if url is None or is_url(settings.history_place):
        return await _kept(settings.history_place)
    return _kept_of(await at_server.get(settings, url, "/api/history/status"))


async def _backed_up(settings: Settings, folder: Path) -> Kept:
    """By the server where one runs, while it goes on; else by ourselves."""
    place = settings.history_place
    url = await running_server(settings)
    if url is not None:
        asked = {"folder": str(folder)}
        with err.status("the server writes the backup"):
            answer = await at_server.post(settings, url, "/api/history/backup", asked, _BACKUP_S)
        return _kept_of(answer.json())
    async with _opened(place) as history:
        if not isinstance(history, DuckHistory):
            raise Refused(f"{shown(place)} is no DuckDB file", hint="use the tools of its database")
        with _bar("backing up") as progress:
            await history.backup(folder, progress)
        return await history.kept()


async def _copied(source: Path | str, target: Path | str) -> dict[str, Any]:
    async with _opened(source) as old, _opened(target) as new:
        kept = await old.kept()
        with _bar("copying and comparing") as progress:
            done = await copy_history(old, new, lambda rows: progress(rows / max(kept.rows, 1)))
    return {
        "from": shown(source), "to": shown(target), "points": done.points,
        "written": done.written, "found": done.found, "months": done.months,
    }  # fmt: skip


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], None]]:
    """A bar on the screen that hears the share that is done."""
    columns = (TextColumn("{task.description:24}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _need_two(source: Path | str, target: Path | str) -> None:
    same = source == target
    if isinstance(source, Path) and isinstance(target, Path):
        same = source.resolve() == target.resolve()
    if same:
        raise BadRequest("a history cannot be copied to itself", hint="name two places")


def _need_file(settings: Settings, command: str) -> None:
    """Refused, with the command to use, where the history lies in PostgreSQL."""
    place = settings.history_place
    if is_url(place):
        raise Refused(
            "the history lies in PostgreSQL, which backs up and restores itself",
            hint=f"{command}{shown(place)} --username=NAME (it asks for the password)",
        )


def _duration(text: str | None) -> dt.timedelta | None:
    """A time from words such as 90d; None for none."""
    if text is None:
        return None
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise BadRequest(f"{text!r} is no time", hint="such as 36h, 90d, 26w or 2y")
    duration = dt.timedelta(days=int(found[1]) * _UNITS[found[2]])
    if duration < _LEAST:
        raise BadRequest(f"{text} is too short to keep anything", hint="at least 1d")
    return duration


def _kept_of(told: Mapping[str, Any]) -> Kept:
    first, last = (parse_instant(told[key]) if told[key] else None for key in ("first", "last"))
    return Kept(told["points"], told["rows"], told["bytes"], first, last)


def _told(kept: Kept) -> dict[str, Any]:
    first, last = (t.isoformat() if t else None for t in (kept.first, kept.last))
    return {"points": kept.points, "rows": kept.rows, "bytes": kept.bytes, "first": first, "last": last}  # fmt: skip


def _said(kept: Kept) -> str:
    if not kept.rows or kept.first is None or kept.last is None:
        return "no samples yet"
    each = kept.bytes / kept.rows
    return (
        f"{kept.rows:,} samples of {kept.points:,} points, {kept.first:%Y-%m-%d %H:%M} to"
        f" {kept.last:%Y-%m-%d %H:%M} UTC, {kept.bytes / 1e6:,.1f} MB ({each:.1f} bytes a sample)"
    )
