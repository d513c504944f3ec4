"""The findings inbox: what is wrong, since when, what it costs, and who has seen it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from agent.diagnosis import Finding
from services.api.deps import options as options_of
from services.api.deps import system as system_of
from services.api.shapes import FindingLine, FindingView, finding_line, finding_view
from services.api.system import Options, System

router = APIRouter(prefix="/api/faults", tags=["findings"])
Wired = Annotated[System, Depends(system_of)]
Set = Annotated[Options, Depends(options_of)]


class Acknowledge(BaseModel):
    """A word from the person who has seen it."""

    note: str = Field(default="", max_length=1_000)
    by: str = Field(default="operator", min_length=1, max_length=80)


@router.get("")
async def open_faults(
    system: Wired,
    options: Set,
    under: Annotated[str | None, Query(description="only below this space or equipment")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 500,
) -> list[FindingLine]:
    """Open findings: those that stand alone first, the gravest before the costliest."""
    if under is not None:
        system.building.get(under)  # raises NotFound with the nearest names
    return await lines(await system.faultbook.open_faults(under, limit), system, options)


@router.get("/{id}")
async def one_fault(id: str, system: Wired, options: Set) -> FindingView:
    """One finding with its proofs and ranked causes."""
    return await _view(await system.faultbook.get(id), system, options)


@router.post("/{id}/ack")
async def acknowledge(id: str, word: Acknowledge, system: Wired, options: Set) -> FindingView:
    """Note that a person has seen a finding. It stays open until the building is well again."""
    await system.faultbook.acknowledge(id, word.by, note=word.note.strip())
    return await _view(await system.faultbook.get(id), system, options)


async def lines(findings: Sequence[Finding], system: System, options: Options) -> list[FindingLine]:
    """Findings for a list, with what people wrote when they acknowledged them."""
    noted = await system.records.read("fault and ackNote")
    notes = {entity.id: str(entity["ackNote"]) for entity in noted}
    now, currency = options.clock(), options.currency
    return [
        finding_line(f, system.building, now=now, currency=currency, note=notes.get(f.id, ""))
        for f in findings
    ]


async def _view(finding: Finding, system: System, options: Options) -> FindingView:
    (line,) = await lines([finding], system, options)
    return finding_view(finding, line)
