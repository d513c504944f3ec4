"""`plantroom ingest import` and `plantroom ingest backfill` on the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import AsJson, Home, err, out, print_json, settings_of

PARTLY = 1
"""Exit code where something was set aside."""


def import_(
    file: Annotated[Path, typer.Argument(help="a trend export: CSV, XLSX or Parquet")],
    *,
    map_: Annotated[
        Path | None, typer.Option("--map", help="which column is which point, unit and time zone")
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="write a map to check, in place of importing")
    ] = False,
    output: Annotated[Path, typer.Option("-o", "--output", help="the map to write")] = Path("MAP.toml"),
    refused: Annotated[
        Path | None,
        typer.Option("--refused", help="where to list rows set aside; otherwise FILE.refused.csv"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="read all of it, write no history")] = False,
    force: Annotated[bool, typer.Option("--force", help="write over a map that is there")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring a trend export into the history; doing it again changes nothing. Exit 1 where rows were set aside."""
    from ontology.errors import BadRequest  # noqa: PLC0415
    from services.commands import importing  # noqa: PLC0415  (slow to import)

    settings = settings_of(home)
    if propose:
        found = asyncio.run(importing.proposed(settings, file, output, force=force))
        print_json(found) if as_json else importing.show_proposed(out, found)
        return
    if map_ is None:
        raise BadRequest(
            "no map says which column is which point",
            hint=f"propose one: plantroom ingest import {file} --propose -o MAP.toml",
        )
    asked = importing.Asked(file, map_, refused, dry_run)
    found = asyncio.run(importing.bring_in(settings, asked, err))
    print_json(found) if as_json else importing.show_brought(out, found)
    raise typer.Exit(0 if found["ok"] else PARTLY)


def backfill(
    line: Annotated[str, typer.Argument(help="the line's name in lines.toml")],
    points: Annotated[list[str] | None, typer.Argument(help="only these points")] = None,
    *,
    start: Annotated[
        str, typer.Option("--from", help="a day of the site, or an instant such as 2026-11-20T14:30+07:00")
    ],
    end: Annotated[
        str, typer.Option("--to", help="the same, the day included; otherwise until now")
    ] = "",
    lines: Annotated[
        Path | None, typer.Option("--lines", help="a lines.toml, in place of the home's")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Fetch what a device or Haystack server logged by itself into the history; doing it again changes nothing."""
    from services.commands import backfilling, line_files  # noqa: PLC0415  (slow to import)

    settings = settings_of(home)
    path = line_files.path_of(settings, lines)
    asked = backfilling.Asked(path, line, start, end, tuple(points or ()))
    found = asyncio.run(backfilling.backfill(settings, asked, err))
    print_json(found) if as_json else backfilling.show(out, found)
    raise typer.Exit(0 if found["ok"] else PARTLY)


def add_to(app: typer.Typer) -> None:
    """Add these commands to `plantroom ingest`."""
    app.command(name="import")(import_)
    app.command()(backfill)
