"""Running the steps of a plan: in parallel, with evidence numbered through the whole run."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from agent.events import ChartFound, Event, EvidenceFound, StepDone, StepStarted
from agent.evidence import ToolResult
from agent.plan import Step
from agent.tools import call
from agent.tools.quantities import quantity_dis
from agent.tools.toolbox import Toolbox

MAX_PARALLEL: Final = 6
"""Steps of one round; a question that needs more is several questions."""
STEP_TIMEOUT_S: Final = 20.0

_SAYS: Final = {
    "overview": "Looking at {of}",
    "find_equip": "Finding equipment{kind}{name}{place}",
    "find_points": "Finding points {role}{tags}{unit}{place}",
    "related": "Following what {relation} {of}",
    "explain": "Following {of} back to the plant",
    "vocab": "Looking whether there is{word} at {of}",
    "read_filter": "Reading what matches{filter}",
    "validate": "Checking the filter{filter}",
    "history": "Reading {quantity} of {of}",
    "sql": "Running a SELECT",
    "manuals": "Searching the manuals",
    "faults": "Checking findings of {of}",
    "worklog": "Reading the maintenance log of {of}",
    "comfort": "Tracing the complaint about {of}",
    "overrides": "Checking what is in hand at {of}",
    "quality": "Checking the sensors of {of}",
}
_SPACED: Final = frozenset(("place", "filter", "kind", "name", "tags", "unit", "word"))


async def look(
    box: Toolbox, steps: Sequence[Step], before: Sequence[ToolResult], tell: Callable[[Event], None]
) -> list[ToolResult]:
    """Results of the steps in their order; what was found before sets where numbering goes on."""
    first = len(before) + 1
    for n, step in enumerate(steps, first):
        tell(StepStarted(f"S{n}", step.tool, step.args, says(step)))
    tasks = [asyncio.create_task(_run(box, step)) for step in steps]
    found: list[ToolResult] = []
    cited = sum(len(result.evidence) for result in before)
    try:
        for n, (step, task) in enumerate(zip(steps, tasks, strict=True), first):
            result, elapsed_s = await task
            result = renumbered(result, cited)
            cited += len(result.evidence)
            found.append(result)
            _report(f"S{n}", step, result, elapsed_s, tell)
    finally:
        for task in tasks:
            task.cancel()
    return found


async def _run(box: Toolbox, step: Step) -> tuple[ToolResult, float]:
    start = time.monotonic()
    try:
        async with asyncio.timeout(STEP_TIMEOUT_S):
            result = await call(box, step.tool, step.args)
    except TimeoutError:
        text = f"{step.tool} took longer than {STEP_TIMEOUT_S:.0f} s (ask for a shorter range or fewer entities)"
        result = ToolResult(step.tool, text, error="unavailable")
    return result, time.monotonic() - start


def _report(
    id: str, step: Step, result: ToolResult, elapsed_s: float, tell: Callable[[Event], None]
) -> None:
    for evidence in result.evidence:
        tell(EvidenceFound(evidence))
    for chart in result.charts:
        tell(ChartFound(chart))
    cites = tuple(evidence.id for evidence in result.evidence)
    sql = str(result.facts.get("sql", ""))
    tell(StepDone(id, step.tool, result.summary, round(elapsed_s, 3), result.error, cites, sql))


def says(step: Step) -> str:
    """What a step does, for people: "Reading power of CH-2"."""
    of = step.args.get("of")
    shown = {k: f" {v}" if k in _SPACED else str(v) for k, v in step.args.items() if v}
    names = [of] if isinstance(of, str) else [str(id) for id in of or ()]
    shown["of"] = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "") or "the building"
    if "quantity" in shown:
        shown["quantity"] = quantity_dis(shown["quantity"])
    text = re.sub(
        r"\{(\w+)\}", lambda m: shown.get(m.group(1), ""), _SAYS.get(step.tool, step.tool)
    )
    return " ".join(text.split())


def renumbered(result: ToolResult, by: int) -> ToolResult:
    """The result with E1, E2 ... moved up, wherever it names its evidence."""
    if not by or not result.evidence:
        return result
    names = {e.id: f"E{int(e.id[1:]) + by}" for e in result.evidence}
    moved = _moved({field.name: getattr(result, field.name) for field in fields(result)}, names)
    return replace(result, **moved)


def _moved(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        if value in names:
            return names[value]
        return re.sub(r"\[(E\d+)\]", lambda m: f"[{names.get(m.group(1), m.group(1))}]", value)
    if isinstance(value, Mapping):
        return {key: _moved(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(item, names) for item in value)
    if is_dataclass(value) and not isinstance(value, type) and _names_evidence(value):
        changed = {f.name: _moved(getattr(value, f.name), names) for f in fields(value)}
        return replace(value, **changed)
    return value


def _names_evidence(value: Any) -> bool:
    return type(value).__name__ in ("Evidence", "Figure", "Chart")
