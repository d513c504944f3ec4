"""Raw point names -> proposals: words, then equipment, then what siblings and people say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from ingest.tagging.compose import Sense
from ingest.tagging.confidence import DEFAULT, Calibration, Evidence
from ingest.tagging.equips import Row, rows_of
from ingest.tagging.learning import NONE, Lessons, is_enough
from ingest.tagging.raw import MAX_NAME, Proposal, RawName
from ingest.tagging.reading import stem_of
from ingest.tagging.siblings import Verdict, Vote, verdicts
from ontology.errors import BadRequest
from ontology.graph import Building

MAX_NAMES: Final = 1_000_000
"""Names in one list; the largest campuses have about half of it."""
_ADOPTS: Final = 0.5
"""Share of the siblings' weight from which a point takes over their tags."""
_NOT_IN_REF: Final = re.compile(r"[^a-zA-Z0-9_:\-.~]+")


def propose(
    names: Sequence[RawName],
    *,
    known: Building | None = None,
    lessons: Lessons = NONE,
    calibration: Calibration = DEFAULT,
) -> list[Proposal]:
    """One proposal per name, in order. Names that cannot be read get empty tags and confidence 0.

    `known` lends ids and kinds of equipment already in the model; `lessons` what people accepted at
    this site. Raises BadRequest for more than MAX_NAMES.
    """
    return [
        proposal
        for proposal, _ in weigh(names, known=known, lessons=lessons, calibration=calibration)
    ]


def weigh(
    names: Sequence[RawName],
    *,
    known: Building | None = None,
    lessons: Lessons = NONE,
    calibration: Calibration = DEFAULT,
) -> list[tuple[Proposal, Evidence]]:
    """The proposals with the evidence behind each, as calibration needs it."""
    if len(names) > MAX_NAMES:
        raise BadRequest(
            f"{len(names)} names at once, {MAX_NAMES} possible", hint="tag one building at a time"
        )
    rows = rows_of(names, known, lessons)
    senses = [row.sense() for row in rows]
    said = verdicts([_vote(row, sense) for row, sense in zip(rows, senses, strict=True)])
    found = []
    for row, id, sense, verdict in zip(rows, _ids(rows), senses, said, strict=True):
        proposal, evidence = _weighed(row, id, sense, verdict, calibration=calibration)
        found.append((_taught(proposal, row, lessons), evidence))
    return found


def _vote(row: Row, sense: Sense) -> Vote:
    known = 4 * bool(row.raw.description) + bool(row.unit) + bool(row.object_type)
    key = (row.equip.kind or stem_of(row.equip.id), row.reading.point, row.reading.context)
    return Vote(key, row.unit, row.object_type, row.equip.id, sense.tags, 1 + 2 * known)


def _weighed(
    row: Row, id: str, sense: Sense, verdict: Verdict, *, calibration: Calibration
) -> tuple[Proposal, Evidence]:
    reasons = [*sense.reasons] if row.name else [_why_unread(row.raw)]
    if verdict.tags != sense.tags and verdict.tags and verdict.share > _ADOPTS:
        sense = replace(sense, tags=verdict.tags)
        reasons.append(f"the same words mean this on {verdict.equips} sibling(s) that say more")
    evidence = _evidence(row, sense, verdict)
    confidence = calibration.confidence(evidence)
    proposal = Proposal(
        raw=row.raw,
        id=id,
        tags=_pointed(sense.tags),
        equip=row.equip,
        unit=row.unit,
        confidence=confidence,
        sure=bool(sense.tags) and confidence >= calibration.threshold,
        reasons=(*reasons, *_about(row)),
    )
    return proposal, evidence


def _pointed(tags: frozenset[str]) -> frozenset[str]:
    return tags | {"point"} if tags else tags


def _taught(proposal: Proposal, row: Row, lessons: Lessons) -> Proposal:
    """The proposal as people at this site answered it before; once is a hint, twice is enough."""
    tags, times = lessons.tags_of(row.equip.kind, row.reading.point)
    if tags is None:
        return proposal
    return replace(
        proposal,
        tags=_pointed(tags),
        confidence=max(proposal.confidence, 1 - 1 / (2 + times)),
        sure=is_enough(times) or (proposal.sure and _pointed(tags) == proposal.tags),
        reasons=(f"accepted {times} time(s) at this site", *proposal.reasons),
    )


def _evidence(row: Row, sense: Sense, verdict: Verdict) -> Evidence:
    return Evidence(
        known=sense.known,
        pieces=min(sense.pieces, 3) / 3,
        told=sense.told,
        typed=sense.typed,
        fits=sense.fits,
        agree=sense.agree,
        siblings=min(verdict.equips - 1, 4) / 4 if verdict.tags == sense.tags else 0.0,
        contested=1 - verdict.share,
        kind_named=float(bool(row.equip.kind) and not row.kind_inferred),
        kind_inferred=float(row.kind_inferred),
        numbered=float(row.reading.numbered),
        guesses=min(sense.guesses, 3) / 3,
        tagged=float(bool(sense.tags)),
    )


def _why_unread(raw: RawName) -> str:
    if not raw.name.strip():
        return "the name is empty"
    if len(raw.name) > MAX_NAME:
        return f"the name has {len(raw.name)} characters, {MAX_NAME} are read: left to a person"
    return "the name holds characters that cannot be printed: left to a person"


def _about(row: Row) -> tuple[str, ...]:
    if not row.equip.id:
        return ("no equipment is named",) if row.name else ()
    if not row.equip.kind:
        return (f"{row.equip.id}: kind of equipment unknown",)
    how = "by its points" if row.kind_inferred else "by its name"
    return (f"{row.equip.id}: {row.equip.kind}, {how}",)


def _ids(rows: Iterable[Row]) -> list[str]:
    """Ids from the names, made unique in the order of the list."""
    taken: Counter[str] = Counter()
    ids: list[str] = []
    for row in rows:
        source = row.name or row.raw.shown
        if row.raw.device and row.equip.id and row.equip.id not in source:
            source = f"{row.equip.id}.{source}"
        id = _NOT_IN_REF.sub("_", source).strip("_.-") or "point"
        taken[id] += 1
        while taken[id] > 1 and (numbered := f"{id}~{taken[id]}") in taken:
            taken[id] += 1
        if taken[id] > 1:
            id = numbered
            taken[id] += 1
        ids.append(id)
    return ids
