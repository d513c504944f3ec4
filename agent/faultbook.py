"""The fault book: findings kept as records, with what people said about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from agent.diagnosis import Finding, State
from ontology.errors import NotFound
from ontology.graph import Building
from ontology.kinds import REMOVE, Ref, Tags
from ontology.records import Records
from ontology.time import UTC, Span

_COMES_AND_GOES = ("end", "parentRef", "faultPointRef")
"""Tags of a finding that a later detection may no longer have."""
_SAME_FAULT_GAP = dt.timedelta(days=3)
"""The longest quiet spell after which a symptom that returns is still the same fault."""


class FaultBook:
    """Findings over the Records port. Acknowledgements and snoozes outlive every new detection."""

    def __init__(self, records: Records, building: Building | None = None) -> None:
        self._records = records
        self._building = building

    async def replace(self, findings: Sequence[Finding], *, now: dt.datetime | None = None) -> int:
        """Take over a whole detection; returns how many findings are open after it.

        A finding that continues a known one keeps its id and its start. A known open finding that
        was not found again is closed at `now` (default: the wall clock).
        """
        at = now or dt.datetime.now(UTC)
        known = {e.id: e.tags for e in await self._records.read("fault")}
        same: dict[str, str] = {}
        for finding in findings:
            free = {key: tags for key, tags in known.items() if key not in same.values()}
            same[finding.id] = _known_id(finding, free, at)
        diffs: dict[Ref, Mapping[str, Any] | None] = {}
        for finding in findings:
            kept = _continued(finding, known.get(same[finding.id]), same)
            tags = kept.to_tags()
            gone = [t for t in _COMES_AND_GOES if t in known.get(kept.id, {}) and t not in tags]
            diffs[Ref(kept.id)] = tags | dict.fromkeys(gone, REMOVE)
        for key, tags_before in known.items():
            if tags_before.get("status") == State.OPEN and Ref(key) not in diffs:
                diffs[Ref(key)] = {"status": State.CLOSED.value, "end": at}
        if diffs:
            await self._records.commit(diffs)
        return sum(finding.status is State.OPEN for finding in findings)

    async def open_faults(
        self, under: str | None = None, limit: int = 50, *, now: dt.datetime | None = None
    ) -> list[Finding]:
        """Open findings, the gravest and costliest first; `under` keeps those below a space or equipment.

        Given `now`, findings that are snoozed at that instant are left out.
        """
        found = [
            Finding.from_tags(e.tags) for e in await self._records.read('fault and status=="open"')
        ]
        if under is not None:
            below = await self._below(under)
            found = [f for f in found if f.equip in below]
        if now is not None:
            found = [f for f in found if f.snoozed_until is None or f.snoozed_until <= now]
        return sorted(found, key=_rank)[:limit]

    async def all(self, span: Span | None = None) -> list[Finding]:
        """Findings, open and closed, that touch the span; the newest first."""
        found = [Finding.from_tags(e.tags) for e in await self._records.read("fault")]
        touching = [
            f
            for f in found
            if span is None or (f.start < span.end and (f.end is None or f.end > span.start))
        ]
        return sorted(touching, key=lambda f: f.start, reverse=True)

    async def get(self, id: str) -> Finding:
        """One finding by id. Raises NotFound."""
        entity = await self._records.get(Ref(id))
        if "fault" not in entity:
            raise NotFound(f"{id} is not a finding", hint="ask for the list of findings")
        return Finding.from_tags(entity.tags)

    async def children(self, id: str) -> list[Finding]:
        """The findings that this one explains."""
        found = await self._records.read(f"fault and parentRef==@{Ref(id).id}")
        return sorted((Finding.from_tags(e.tags) for e in found), key=_rank)

    async def acknowledge(self, id: str, by: str, *, note: str = "") -> Finding:
        """Write down who took note of a finding."""
        await self.get(id)
        await self._records.commit({Ref(id): {"ackBy": by, **({"ackNote": note} if note else {})}})
        return await self.get(id)

    async def snooze(self, id: str, until: dt.datetime, by: str) -> Finding:
        """Keep a finding quiet until an instant."""
        await self.get(id)
        await self._records.commit({Ref(id): {"snoozedUntil": until, "snoozedBy": by}})
        return await self.get(id)

    async def _below(self, under: str) -> set[str]:
        if self._building is None:
            self._building = Building(
                [e.tags for e in await self._records.read("site or space or equip")]
            )
        return below(self._building, under)


def below(building: Building, top: str) -> set[str]:
    """Ids of a space or equipment and all it contains; an air handler's terminals count as its parts."""
    found: set[str] = set()
    front = [building.get(top)]
    while front:
        entity = front.pop()
        if entity.id in found:
            continue
        found.add(entity.id)
        front.extend(building.contains(entity.ref))
        front.extend(
            e for e, medium in building.feeds(entity.ref) if medium == "air" and e.is_equip
        )
    return found


def _known_id(finding: Finding, known: Mapping[str, Tags], now: dt.datetime) -> str:
    """The id of the known finding this one continues, or its own."""
    before = finding.start - _SAME_FAULT_GAP
    for key, tags in known.items():
        point = tags.get("faultPointRef") or tags["equipRef"]
        if tags["rule"] != finding.rule or point.id != finding.subject:
            continue
        if tags["start"] <= (finding.end or now) and (tags.get("end") or now) >= before:
            return key
    return finding.id


def _continued(finding: Finding, known: Tags | None, same: Mapping[str, str]) -> Finding:
    parent = same.get(finding.parent, finding.parent) if finding.parent else None
    start = min(finding.start, known["start"]) if known else finding.start
    return replace(finding, id=same[finding.id], start=start, parent=parent)


def _rank(finding: Finding) -> tuple[bool, int, float, float]:
    cost = finding.impact.cost or 0.0
    return (
        finding.parent is not None,
        -int(finding.severity),
        -cost,
        -finding.start.timestamp(),
    )
