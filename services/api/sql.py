"""The guarded SELECT over HTTP, to re-run what an answer cites."""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from agent.events import plain
from services.api.deps import system as system_of
from services.api.system import System

router = APIRouter(prefix="/api/sql", tags=["sql"])


class Select(BaseModel):
    """One SELECT; anything that writes, or reads outside the building's data, is refused."""

    query: str = Field(min_length=1, max_length=8_000)
    limit: int = Field(default=200, ge=1, le=1_000)


class Rows(BaseModel):
    """What it gave. `truncated`: there are more rows than were asked for."""

    columns: list[str]
    rows: list[list[Any]]
    sql: str
    elapsed_s: float
    truncated: bool


@router.post("")
async def select(asked: Select, system: Annotated[System, Depends(system_of)]) -> Rows:
    """Run a SELECT over the building's views."""
    table = await system.sql.run(asked.query, limit=asked.limit)
    return Rows(
        columns=list(table.columns),
        rows=[[_cell(value) for value in row] for row in table.rows],
        sql=table.sql,
        elapsed_s=table.elapsed_s,
        truncated=table.truncated,
    )


def _cell(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return (
        value if isinstance(value, (str, int, float, bool)) or value is None else str(plain(value))
    )
