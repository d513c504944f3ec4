"""SQL from the command line: through the server where one runs, else on the building's files."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from ontology.store import sql_files
from ontology.store.histories import open_history
from ontology.store.sql import SqlReader
from ontology.store.sql_files import Format
from services import screen
from services.at_server import post
from services.home import load_building, require_building, running_server, wall_clock
from services.settings import Settings
from services.terminal import readable

_SLACK_S = 30.0
"""For starting a worker and sending a large file, beyond the query's own time."""


async def rows(settings: Settings, query: str, limit: int, timeout_s: float) -> dict[str, Any]:
    """Columns, rows, the query as understood, its time, and whether rows were cut."""
    url = await running_server(settings)
    if url:
        asked = {"query": query, "limit": min(limit, 1_000), "timeout_s": timeout_s}
        answer = await post(settings, url, "/api/sql", asked, timeout_s + _SLACK_S)
        found: dict[str, Any] = answer.json()
        return found
    async with _reader(settings) as reader:
        table = await reader.run(query, limit=limit, timeout_s=timeout_s)
    return {
        "columns": list(table.columns), "rows": [list(row) for row in table.rows], "sql": table.sql,
        "elapsed_s": table.elapsed_s, "truncated": table.truncated,
    }  # fmt: skip


async def file(settings: Settings, query: str, format: str, limit: int, timeout_s: float) -> bytes:
    """All rows as a file of this format."""
    url = await running_server(settings)
    if url:
        asked = {"query": query, "limit": limit, "timeout_s": timeout_s}
        return bytes(
            (
                await post(
                    settings, url, f"/api/sql/export?format={format}", asked, timeout_s + _SLACK_S
                )
            ).content
        )
    async with _reader(settings) as reader:
        found = await reader.fetch(query, limit=limit, timeout_s=timeout_s)
    sink = io.BytesIO()
    sql_files.write(found.arrow, found.columns, sink, Format(format))
    return sink.getvalue()


async def explain(settings: Settings, query: str) -> dict[str, Any]:
    """What the query would read."""
    url = await running_server(settings)
    if url:
        told: dict[str, Any] = (
            await post(settings, url, "/api/sql/explain", {"query": query}, 5.0 + _SLACK_S)
        ).json()
        return told
    async with _reader(settings) as reader:
        found = await reader.explain(query)
    reads = [{"relation": r.relation, "points": r.points, "rows": r.rows} for r in found.reads]
    return {
        "sql": found.sql, "engine": found.engine, "engine_sql": found.engine_sql, "reads": reads
    }  # fmt: skip


def show(out: Console, found: Mapping[str, Any]) -> None:
    """Rows as a table; what comes from the building is text, never markup."""
    grid = Grid(box=None, header_style="bold", pad_edge=False)
    numeric = [
        all(isinstance(row[n], (int, float)) or row[n] is None for row in found["rows"])
        for n in range(len(found["columns"]))
    ]
    for name, right in zip(found["columns"], numeric, strict=True):
        grid.add_column(Text(readable(name)), justify="right" if right else "left", no_wrap=True)
    for row in found["rows"]:
        grid.add_row(*(Text(_said(value)) for value in row))
    out.print(grid)
    cut = ", more were cut: add --limit, or -o FILE for all" if found["truncated"] else ""
    count = screen.counted(len(found["rows"]), "row")
    out.print(f"{count} in {found['elapsed_s']:.2f} s{cut}", markup=False)


def _said(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else readable(str(value))


@asynccontextmanager
async def _reader(settings: Settings) -> AsyncIterator[SqlReader]:
    require_building(settings)
    building = await load_building(settings)
    history = open_history(settings.history_place, building)
    reader = SqlReader(history, building, clock=wall_clock)
    try:
        yield reader
    finally:
        await reader.close()
        await history.close()
