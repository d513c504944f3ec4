"""The verb `sql`: one guarded SELECT over the building's views; a long result is summed up and kept."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any, Final

from agent.evidence import ToolResult
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Answered, Draft, Toolbox
from ontology.errors import PlantroomError, Unavailable

MAX_ROWS: Final = 100
"""Rows whose every number is a figure."""
KEPT_ROWS: Final = 20_000
"""Rows of a kept result."""
FEW: Final = 12
"""Rows told as they are; a longer result is told by its columns, and these first rows."""


async def sql(box: Toolbox, *, query: str) -> ToolResult:
    """Rows of the SELECT; every number in them becomes a figure "row.column".

    More than a few rows are summed up by column, and all of them lie under an artefact's id.
    """
    if box.sql is None:
        raise Unavailable("no SQL reader here", hint="ask for a history instead")
    table = await box.sql.run(query, limit=KEPT_ROWS if box.artefacts else MAX_ROWS)
    draft = Draft("sql")
    cite = draft.cite("sql", table.sql, elapsed_s=table.elapsed_s)
    draft.facts |= {"sql": table.sql, "columns": list(table.columns), "truncated": table.truncated}
    draft.facts["total"] = draft.figure("rows", len(table.rows), "rows", cite)
    draft.lines.append(f"{len(table.rows)} rows{' (cut)' if table.truncated else ''} [{cite}]")
    if len(table.rows) > FEW:
        draft.lines += [_summed(draft, table, n, cite) for n in range(len(table.columns))]
        _keep(box, draft, table)
    draft.lines.append(" | ".join(table.columns))
    for n, values in enumerate(table.rows[:MAX_ROWS]):
        cells = dict(zip(table.columns, values, strict=True))
        shown = {name: _cell(draft, f"{n}.{name}", value, cite) for name, value in cells.items()}
        draft.rows.append(shown)
        if n < FEW:
            draft.lines.append(" | ".join(_text(value) for value in cells.values()))
    return draft.done()


def _keep(box: Toolbox, draft: Draft, table: Answered) -> None:
    """All rows under an id; without it the answer stands all the same."""
    if box.artefacts is None:
        return
    try:
        id = box.artefacts.keep(table)
    except PlantroomError as error:
        draft.lines.append(f"not kept as a file: {error}")
        return
    draft.facts["artefact"] = id
    draft.lines.append(f"all rows are kept as {id}")


def _summed(draft: Draft, table: Answered, at: int, cite: str) -> str:
    """One column in a line: least, greatest and mean of numbers; kinds of texts; what is unknown."""
    name = table.columns[at]
    values = [row[at] for row in table.rows if row[at] is not None]
    unknown = len(table.rows) - len(values)
    gaps = f", {unknown} unknown" if unknown else ""
    if not values:
        return f"{name}: all unknown"
    if all(_is_number(value) for value in values):
        told = {"min": min(values), "max": max(values), "mean": math.fsum(values) / len(values)}
        figures = [f"{word} {_text(draft.figure(f'{name}.{word}', float(v), '', cite).value)}" for word, v in told.items()]  # fmt: skip
        return f"{name}: {', '.join(figures)}{gaps}"
    texts = [_text(value) for value in values]
    return f"{name}: {len(set(texts))} kinds, from {min(texts)[:60]} to {max(texts)[:60]}{gaps}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(draft: Draft, name: str, value: Any, cite: str) -> Any:
    if _is_number(value):
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
    "site-local time and a column per role (zone_air_temp); tables points, samples, latest. Macros: bucket(ts, minutes), "
    "last_of(value, ts), pct(x, 95), duration_where(condition, ts) in hours, integral(kw, ts) in kWh, delta(counter, ts). "
    "Prefer `history`.",
    (Arg("query", "text", "a single SELECT", required=True),),
    sql,
)
