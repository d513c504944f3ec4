"""What an engineer says beside a number: that its sensor is in doubt, who holds the point, what a fault wastes, its share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from agent.diagnosis import Family, Finding
from agent.evidence import Figure
from agent.figures import show
from agent.tools.faults import cases_of, finding_lines, finding_row
from agent.tools.measure import Ask, Found, over
from agent.tools.quantities import Reading, meter_of, readings
from agent.tools.toolbox import Draft, Toolbox
from ontology.entity import Entity
from ontology.history import Status

MAX_TOLD: Final = 5
_IN_SERIES: Final = ("air-flow", "water-flow")
"""The same air goes through an AHU and its boxes: flows add up over machines of one kind only."""
_OF_OTHERS: Final = ("elec-meter", "chilled-water-plant")
"""Their power holds that of others."""


async def beside(
    box: Toolbox, draft: Draft, ask: Ask, values: Sequence[Found], evidence: str
) -> dict[str, Any]:
    """Facts `doubts`, `held`, `wasting` and `share`; each is empty where there is nothing to say."""
    points = {point.id for found in values for point in found.reading.points}
    known = await box.faultbook.open_faults(limit=500)
    wrong = [f for f in known if f.family is Family.SENSOR and f.point in points]
    now = ask.span is None or ask.span.end >= box.now
    return {
        "doubts": [_doubt(draft, finding) for finding in wrong[:MAX_TOLD]],
        "held": _held(box, draft, values, known) if ask.span is None else {},
        "wasting": _wasting(box, draft, ask, values, known) if now else [],
        "share": await _share(box, draft, ask, values, evidence),
    }


def _doubt(draft: Draft, finding: Finding) -> dict[str, str]:
    """A wrong sensor must not pass as truth."""
    cite = draft.cite("fault", finding.id, finding.says)
    return {"point": finding.point, "says": finding.says, "evidence": cite}


def _held(
    box: Toolbox, draft: Draft, values: Sequence[Found], known: Sequence[Finding]
) -> dict[str, Any]:
    """By entity, the finding that knows since when its point has been in hand."""
    by_point = {f.point: f for f in known if f.family is Family.OVERRIDE}
    found = {
        value.reading.entity.id: by_point[point.id]
        for value in values
        if value.status is Status.OVERRIDDEN
        for point in value.reading.points
        if point.id in by_point
    }
    return {id: finding_row(box, draft, f) for id, f in list(found.items())[:MAX_TOLD]}


def _wasting(
    box: Toolbox, draft: Draft, ask: Ask, values: Sequence[Found], known: Sequence[Finding]
) -> list[dict[str, Any]]:
    """Open cases on the very machines whose energy is asked for, with what they wasted since they began."""
    ids = {found.reading.entity.id for found in values}
    if ask.quantity != "energy-use" or len(ids) > MAX_TOLD:
        return []
    cases = [f for f in cases_of(list(known)) if f.equip in ids and f.impact.kwh]
    return [finding_row(box, draft, f) for f in cases[:MAX_TOLD]]


async def _share(
    box: Toolbox, draft: Draft, ask: Ask, values: Sequence[Found], evidence: str
) -> Figure | None:
    """What part of the whole building's energy one metered thing used."""
    site = next((e for e in box.building if "site" in e), None)
    if ask.quantity != "energy-use" or ask.span is None or len(values) != 1 or site is None:
        return None
    one, main = values[0], meter_of(box.building, site)
    if main is None or one.reading.entity in (site, main) or one.reading.fold != "counter":
        return None
    all_of_it: list[Reading] = readings(box.building, main.id, ask.quantity)
    kwh = Ask(ask.quantity, "sum", "kWh", None, "", 0, ask.span, None, None)
    part, whole = (f.value for f in await over(box, kwh, [one.reading, *all_of_it], ask.span))
    share = part / whole * 100 if whole else np.nan
    return draft.figure(f"{one.reading.entity.id}.share", share, "%", evidence)


def beside_lines(box: Toolbox, facts: Mapping[str, Any]) -> list[str]:
    """The same, as a language model reads it."""
    lines = [f"doubtful: {d['point']} {d['says']} [{d['evidence']}]" for d in facts["doubts"]]
    for row in (*facts["held"].values(), *facts["wasting"]):
        lines += finding_lines(box, row, deep=False)
    share: Figure | None = facts["share"]
    if share is not None:
        lines.append(f"that is {show(share)} of the whole building [{share.evidence}]")
    return lines


def adds_up(machines: Sequence[Entity], kind: str) -> bool:
    """Whether a quantity of these machines may be added: power of none inside another, flows side by side."""
    kinds = {entity.kind for entity in machines}
    apart = all(e.is_equip for e in machines) and not kinds & set(_OF_OTHERS)
    return apart and (kind == "power" or (kind in _IN_SERIES and len(kinds) == 1))
