"""`plantroom sql`: one SELECT over the building, as a table or a file."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ontology.errors import BadRequest
from services.commands.options import Home, out, print_json, settings_of
from services.folder import disk_error


class Shown(StrEnum):
    """How rows are shown or written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    ARROW = "arrow"
    PARQUET = "parquet"


_BINARY = {Shown.ARROW, Shown.PARQUET}


def sql(
    query: Annotated[str, typer.Argument(help="one SELECT, see docs/reference-sql.md")],
    *,
    home: Home = None,
    format: Annotated[
        Shown | None, typer.Option("--format", help="of the rows; a file's name says it as well")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="write all rows into this file")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", help="rows; 200, or 1,000,000 in a file", min=1, max=1_000_000),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", help="seconds; 2.5, or 30 for a file", min=0.1, max=60),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="only say what the query would read")
    ] = False,
) -> None:
    """Ask the building's history in SQL, read-only; through the server where one runs."""
    from services import asking_sql  # noqa: PLC0415  (slow to import)

    settings = settings_of(home)
    if explain:
        print_json(asyncio.run(asking_sql.explain(settings, query)))
        return
    wanted = format or _format_of(output)
    if wanted in _BINARY and output is None:
        raise BadRequest(f"{wanted} on a terminal", hint=f"add -o result.{wanted}")
    if wanted is Shown.TABLE:
        rows = asyncio.run(asking_sql.rows(settings, query, limit or 200, timeout or 2.5))
        asking_sql.show(out, rows)
        return
    many, long = (1_000_000, 30.0) if output else (200, 2.5)
    found = asyncio.run(
        asking_sql.file(settings, query, wanted.value, limit or many, timeout or long)
    )
    if output is None:
        typer.echo(found.decode(), nl=False)
        return
    part = output.with_name(f".{output.name}.part")
    try:
        part.write_bytes(found)
        part.replace(output)
    except OSError as cause:
        raise disk_error(cause, output) from cause
    finally:
        part.unlink(missing_ok=True)
    out.print(f"{output}: {len(found):,} bytes", markup=False)


def _format_of(output: Path | None) -> Shown:
    if output is None:
        return Shown.TABLE
    try:
        found = Shown(output.suffix.lower().removeprefix("."))
    except ValueError:
        found = Shown.TABLE
    if found is Shown.TABLE:
        raise BadRequest(
            f"{output.name}: which format?",
            hint="name it .csv, .json, .arrow or .parquet, or add --format",
        )
    return found
