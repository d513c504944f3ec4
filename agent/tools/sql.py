"""The verb `sql`: one guarded SELECT over the building's views."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, Final

from agent.evidence import ToolResult
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.errors import Unavailable

MAX_ROWS: Final = 100


async def sql(box: Toolbox, *, query: str) -> ToolResult:
    """Rows of the SELECT; every number in them becomes a figure "row.column"."""
    if box.sql is None:
        raise Unavailable("no SQL reader here", hint="ask for a history instead")
    table = await box.sql.run(query, limit=MAX_ROWS)
    draft = Draft("sql")
    cite = draft.cite("sql", table.sql, elapsed_s=table.elapsed_s)
    draft.facts |= {"sql": table.sql, "columns": list(table.columns), "truncated": table.truncated}
    draft.facts["total"] = draft.figure("rows", len(table.rows), "rows", cite)
    draft.lines.append(f"{len(table.rows)} rows{' (cut)' if table.truncated else ''} [{cite}]")
    draft.lines.append(" | ".join(table.columns))
    for n, values in enumerate(table.rows):
        cells = dict(zip(table.columns, values, strict=True))
        shown = {name: _cell(draft, f"{n}.{name}", value, cite) for name, value in cells.items()}
        draft.rows.append(shown)
        draft.lines.append(" | ".join(_text(value) for value in cells.values()))
    return draft.done()


def _cell(draft: Draft, name: str, value: Any, cite: str) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return draft.figure(name, float(value), "", cite)
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    return value.isoformat() if isinstance(value, (dt.datetime, dt.date)) else str(value)[:200]


TOOL = Tool(
    "sql",
    "One read-only SELECT. One view per equipment (ahu_1, room_807, vav_2_07, ch_2, chw_plant, meter_main) with ts in "
    "site-local time and a column per role (zone_air_temp); tables points, samples, latest. Prefer `history`.",
    (Arg("query", "text", "a single SELECT", required=True),),
    sql,
)
