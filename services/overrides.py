"""Who has which point in hand: kept in the records, so that "since" survives a restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ingest.line_state import OverrideChange, OverrideSeen
from ontology.kinds import MARKER, Number, Ref
from services.wire import System


async def known_overrides(system: System) -> list[OverrideSeen]:
    """Overrides seen before a restart, so that "since" survives it."""
    found = [
        OverrideSeen(e["pointRef"], int(e["level"].value), e["value"].value, e["since"])
        for e in await system.records.read("override and pointRef")
    ]
    system.override_levels.update({seen.point.id: seen.level for seen in found})
    return found


async def keep_overrides(system: System, changes: Sequence[OverrideChange]) -> None:
    """Persist what the poller saw taken in hand or released."""
    diffs: dict[Ref, Mapping[str, Any] | None] = {}
    for change in changes:
        id = Ref(f"override.{change.point.id}")
        if change.after is None:
            diffs[id] = None
            system.override_levels.pop(change.point.id, None)
            continue
        seen = change.after
        system.override_levels[seen.point.id] = seen.level
        diffs[id] = {
            "id": id, "override": MARKER, "pointRef": seen.point, "level": Number(seen.level),
            "value": Number(seen.value), "since": seen.since,
        }  # fmt: skip
    await system.records.commit(diffs)
