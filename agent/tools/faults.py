"""The verb `faults`: findings of the rules, with proof, ranked causes, next check and cost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from agent.diagnosis import Family, Finding, State
from agent.evidence import Figure, ToolResult
from agent.faultbook import below
from agent.figures import show, show_time
from agent.tools.deepen import deepen, per_day, rooms_of
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.time import Span

FAMILIES: Final = tuple(family.value for family in Family)
LOOK_BACK: Final = dt.timedelta(days=30)
UPSTREAM: Final = 2
MAX_DEEP: Final = 2
"""Findings told with all that belongs to them; more would not be read on a phone."""
MOST_SURE_PCT: Final = 90.0
"""Nothing is surer than this from afar: somebody has to go and look."""


async def faults(
    box: Toolbox,
    *,
    of: list[str] | None = None,
    state: str = "open",
    kind: str | None = None,
    start: dt.datetime | None = None,
    end: dt.datetime | None = None,
    began: bool = False,
    cause: bool = False,
    count: int = 12,
    rank: str | None = None,
) -> ToolResult:
    """Findings on the entities, what is inside or fed by them, and (with `cause`) upstream of them."""
    known = await _read(box, state, start, end)
    known, joined = _begun(box, known, start, end) if began else (known, 0)
    near = _near(box, of or [], upstream=cause)
    found = [f for f in known if not of or f.equip in near or f.point in of]
    found = [f for f in found if not kind or f.family.value == kind]
    if of:
        found = [f for f in found if near.get(f.equip, 0) < UPSTREAM] or found
    case_of = roots_of(known, known)
    roots = _roots(known, found, case_of, near, rank or "severity")
    draft = Draft("faults")
    cite = draft.cite("fault", f"{state} findings" + (f" of {', '.join(of)}" if of else ""))
    costs = [f.impact.cost for f, _ in roots if f.impact.cost is not None]
    draft.facts |= {
        "of": of or [], "state": state, "kind": kind, "rank": rank or "severity", "now": box.now,
        "began": began, "start": start, "end": end, "joined": draft.figure("joined", joined, "findings", cite),
        "total": draft.figure("found", len(found), "findings", cite),
        "cases": draft.figure("cases", len(roots), "cases", cite),
        "cost": draft.figure("cost", sum(costs) if costs else None, _currency(box), cite),
    }  # fmt: skip
    draft.lines.append(f"{len(found)} {state} findings in {len(roots)} cases [{cite}]")
    if joined:
        draft.lines.append(f"{joined} more began then in cases that were there before")
    deep = cause or len(roots) == 1 or count == 1
    for finding, distance in roots[:count]:
        row = finding_row(box, draft, finding) | {"near": distance}
        family = [f for f in known if case_of[f.id] == finding and f != finding]
        inside = near.get(finding.equip, UPSTREAM) < UPSTREAM
        row |= _family(box, draft, row, family, () if inside else near)
        if deep and len(draft.rows) < MAX_DEEP:
            row |= await deepen(box, draft, finding, known)
        draft.rows.append(row)
        draft.lines += finding_lines(box, row, deep=cause or len(roots) <= 3)
    if not found:
        draft.lines.append(
            "no finding; that the rules see nothing does not prove that nothing is wrong"
        )
    return draft.done()


def _roots(
    known: Sequence[Finding], found: Sequence[Finding], case_of: Mapping[str, Finding],
    near: Mapping[str, int], rank: str,
) -> list[tuple[Finding, int]]:  # fmt: skip
    """The cases behind what was found, each with how near it comes to what was asked about, nearest first."""
    nearest: dict[str, int] = {}
    for f in found:
        root = case_of[f.id].id
        nearest[root] = min(nearest.get(root, UPSTREAM), near.get(f.equip, 0))
    roots = sorted((f for f in known if f.id in nearest), key=_RANKS[rank])
    return sorted(((f, nearest[f.id]) for f in roots), key=lambda pair: pair[1])


def roots_of(found: Sequence[Finding], known: Sequence[Finding]) -> dict[str, Finding]:
    """For each finding's id the finding that is raised for its whole case."""
    by_id = {f.id: f for f in known}
    roots: dict[str, Finding] = {}
    for finding in found:
        root, seen = finding, {finding.id}
        while root.parent in by_id and root.parent not in seen:
            root = by_id[root.parent]
            seen.add(root.id)
        roots[finding.id] = root
    return roots


def _family(
    box: Toolbox, draft: Draft, root: Mapping[str, Any], family: Sequence[Finding], of: Collection[str]
) -> dict[str, Any]:  # fmt: skip
    """How many rooms a case touches, and what it does to those asked about."""
    own = [f for f in family if f.equip in of and f.equip != root["equip"]]
    rooms = rooms_of(box, family, root["equip"])
    return {
        "touches": draft.figure(f"{root['id']}.touches", rooms, "rooms", root["evidence"]),
        "own_rooms": draft.figure(
            f"{root['id']}.own_rooms", len({f.equip for f in own}), "rooms", root["evidence"]
        ),
        "own": [{"says": f.says, "rule": f.rule, "equip": f.equip, "point": f.point} for f in own[:3]],
    }  # fmt: skip


def _currency(box: Toolbox) -> str:
    return box.tariff.currency if box.tariff else ""


def _near(box: Toolbox, of: list[str], *, upstream: bool) -> dict[str, int]:
    """How near equipment is to what was asked about: 0 itself, 1 inside or fed by it, 2 upstream."""
    near: dict[str, int] = {}
    for id in of:
        near |= {
            e.id: UPSTREAM for e, _, _ in box.building.upstream(id) if upstream and e.id not in near
        }
        near |= {other: min(1, near.get(other, 1)) for other in below(box.building, id)}
    return near | {box.building.get(id).id: 0 for id in of}


def cases_of(found: list[Finding]) -> list[Finding]:
    """Findings that no other finding of the list explains."""
    ids = {finding.id for finding in found}
    return [finding for finding in found if finding.parent not in ids]


async def _read(
    box: Toolbox, state: str, start: dt.datetime | None, end: dt.datetime | None
) -> list[Finding]:
    if state == "open" and start is None:
        return await box.faultbook.open_faults(limit=500)
    span = Span(start or box.now - LOOK_BACK, max(end or box.now, start or box.now))
    found = await box.faultbook.all(span)
    return [f for f in found if state == "all" or f.status is State.OPEN]


def _begun(
    box: Toolbox, known: Sequence[Finding], start: dt.datetime | None, end: dt.datetime | None
) -> tuple[list[Finding], int]:
    """Cases that began in the range, with what they explain; and how many findings only joined older cases."""
    first, last = start or box.now - LOOK_BACK, end or box.now
    case_of = roots_of(known, known)
    begun = [f for f in known if first <= f.start < last]
    new = [f for f in begun if first <= case_of[f.id].start < last]
    return new, len(begun) - len(new)


_RANKS: dict[str, Any] = {
    # Of equal weight, people's discomfort comes before money, and money before what has no price.
    "severity": lambda f: (
        -int(f.severity),
        -(f.impact.comfort_hours or 0.0),
        -(f.impact.cost or 0.0),
    ),
    "cost": lambda f: (-(f.impact.cost or 0.0), -int(f.severity), -(f.impact.comfort_hours or 0.0)),
}


def finding_row(box: Toolbox, draft: Draft, finding: Finding) -> dict[str, Any]:
    """A finding with its numbers as figures, cited."""
    cite = draft.cite(
        "fault", finding.id, finding.says, equip=finding.equip, start=finding.start,
        proofs=[p.text for p in finding.proofs],
    )  # fmt: skip
    currency = _currency(box)
    proofs = [
        {"point": p.point, "text": p.text, "statistic": p.statistic, "start": p.span.start, "end": p.span.end,
         "value": draft.figure(f"{finding.id}.{p.point}.{p.statistic}", p.value, p.unit, cite)}
        for p in finding.proofs
    ]  # fmt: skip
    causes = [
        {"id": c.id, "says": c.says, "check": c.check, "equip": c.equip or finding.equip,
         "likelihood": draft.figure(f"{finding.id}.{c.id}", sure(c.likelihood), "%", cite),
         "proofs": [p.text for p in c.proofs]}
        for c in finding.causes
    ]  # fmt: skip
    hours = (finding.span(box.now).duration / dt.timedelta(hours=1)) if finding.start else 0.0
    return {
        "id": finding.id, "equip": finding.equip, "point": finding.point, "rule": finding.rule,
        "family": finding.family.value, "says": finding.says, "severity": finding.severity.name.lower(),
        "start": finding.start, "end": finding.end, "status": finding.status.value, "proofs": proofs,
        "causes": causes, "next_check": finding.next_check, "parent": finding.parent, "evidence": cite,
        "lasted": _lasted(draft, finding, hours, cite),
        "per_day": draft.figure(f"{finding.id}.per_day", per_day(finding, box.now), currency, cite),
        "kwh": draft.figure(f"{finding.id}.kwh", finding.impact.kwh, "kWh", cite),
        "cost": draft.figure(f"{finding.id}.cost", finding.impact.cost, currency, cite),
        "comfort_hours": draft.figure(f"{finding.id}.comfort", finding.impact.comfort_hours, "room-hours", cite),
        "method": finding.impact.method,
    }  # fmt: skip


def sure(likelihood: float) -> float:
    """A likelihood in whole %, never surer than people can be from afar."""
    return min(round(likelihood * 100), MOST_SURE_PCT)


def _lasted(draft: Draft, finding: Finding, hours: float, cite: str) -> Figure:
    if hours < 48:
        return draft.figure(f"{finding.id}.lasted", hours, "h", cite)
    return draft.figure(f"{finding.id}.lasted", round(hours / 24), "days", cite)


def finding_lines(box: Toolbox, row: dict[str, Any], *, deep: bool) -> list[str]:
    """A finding as a language model reads it."""
    since = show_time(row["start"], box.zone, box.now)
    line = f"[{row['evidence']}] {row['equip']}: {row['says']} ({row['severity']}, since {since})"
    if row["kwh"].value is not None:
        line += f"; {show(row['kwh'])} wasted"
    if row["cost"].value is not None:
        line += f", {show(row['cost'])}"
    lines = [line]
    if deep:
        lines += [f"  proof: {p['text']}" for p in row["proofs"][:3]]
        lines += [
            f"  cause {show(c['likelihood'])}: {c['says']}; check: {c['check']}"
            for c in row["causes"][:3]
        ]
    if row["next_check"]:
        lines.append(f"  next check: {row['next_check']}")
    return lines


TOOL = Tool(
    "faults",
    "Findings of the diagnosis rules: symptom, proof, ranked causes, next check, cost.",
    (
        Arg("of", "ids", "only on these, inside them or fed by them; none: the whole building"),
        Arg("state", "choice", "open: still there now; all: also closed ones of the last 30 days", ("open", "all")),
        Arg("kind", "choice", "family of rules", FAMILIES),
        Arg("start", "time", "only findings that touch the range from here"),
        Arg("end", "time", "to here"),
        Arg("began", "flag", "true: only cases that began within the range, not all that touch it"),
        Arg("cause", "flag", "true: with causes, and findings upstream too"),
        Arg("count", "integer", "how many to list", high=50),
        Arg("rank", "choice", "order", ("severity", "cost")),
    ),
    faults,
)  # fmt: skip
