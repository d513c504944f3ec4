"""What the engineer can do: one read-only verb per file. Adding a tool is adding a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.evidence import ToolResult
from agent.tools import (
    comfort,
    explain,
    faults,
    find_equip,
    find_points,
    history,
    manuals,
    overrides,
    overview,
    quality,
    read_filter,
    related,
    sql,
    validate,
    vocab,
    worklog,
)
from agent.tools.spec import Tool
from agent.tools.toolbox import Toolbox
from ontology.errors import BadRequest, PlantroomError

TOOLS: Mapping[str, Tool] = {
    module.TOOL.name: module.TOOL
    for module in (
        overview,
        find_equip,
        find_points,
        related,
        explain,
        vocab,
        read_filter,
        validate,
        history,
        sql,
        manuals,
        faults,
        worklog,
        comfort,
        overrides,
        quality,
    )
}


async def call(box: Toolbox, name: str, args: Mapping[str, Any]) -> ToolResult:
    """Run a tool by name. What it refuses comes back as a result with `error`, message and hint."""
    try:
        tool = TOOLS.get(name)
        if tool is None:
            raise BadRequest(f"no tool is called {name!r:.60}", hint=f"tools: {', '.join(TOOLS)}")
        return await tool.run(box, **tool.check(args))
    except PlantroomError as refusal:
        hint = f" ({refusal.hint})" if refusal.hint else ""
        return ToolResult(tool=name, summary=f"{refusal}{hint}", error=refusal.code)


def schemas(*, lean: bool = False) -> list[dict[str, Any]]:
    """Every tool as a strict function schema for a language model; `lean` for one that knows the tools."""
    return [tool.lean_schema() if lean else tool.json_schema() for tool in TOOLS.values()]
