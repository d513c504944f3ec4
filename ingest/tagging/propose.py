"""Raw point names -> proposals: words, then equipment, then what siblings and people say."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ingest.tagging.compose import NOTHING, Sense, canonical_unit, sense_of
from ingest.tagging.confidence import DEFAULT, Calibration, Evidence
from ingest.tagging.kinds import KIND, kind_by_points
from ingest.tagging.learning import NONE, Lessons, is_enough
from ingest.tagging.raw import MAX_NAME, NOWHERE, Equipment, Proposal, RawName, type_of
from ingest.tagging.reading import Reading, read_name, stem_of
from ingest.tagging.siblings import Verdict, Vote, verdicts
from ingest.tagging.words import without_notes
from ontology.graph import Building

MAX_NAMES: Final = 1_000_000
"""Names in one list; the largest campuses have about half of it."""
_ADOPTS: Final = 0.5
"""Share of the siblings' weight from which a point takes over their tags."""
_SHARED: Final = 3
"""Names that must share a level of their path before it counts as equipment."""
_LEVEL: Final = re.compile(r"[./:'\\|>]+")
_NOT_IN_REF: Final = re.compile(r"[^a-zA-Z0-9_:\-.~]+")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+|(?<![0-9])0+(?=[0-9])")


@dataclass(frozen=True, slots=True)
class _Row:
    """A name on its way to a proposal."""

    raw: RawName
    name: str
    unit: str
    object_type: str
    reading: Reading
    equip: Equipment
    kind_inferred: bool = False


def propose(
    names: Sequence[RawName],
    *,
    known: Building | None = None,
    lessons: Lessons = NONE,
    calibration: Calibration = DEFAULT,
) -> list[Proposal]:
    """One proposal per name, in order. Names that cannot be read get empty tags and confidence 0.

    `known` lends ids and kinds of equipment already in the model; `lessons` what people accepted at
    this site. Raises ValueError for more than MAX_NAMES.
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
        raise ValueError(f"{len(names)} names at once, {MAX_NAMES} possible")
    rows = _with_kinds(_with_shared_levels([_read(raw) for raw in names]), known, lessons)
    rows = _apart(rows)
    senses = [_sense(row) for row in rows]
    said = verdicts([_vote(row, sense) for row, sense in zip(rows, senses, strict=True)])
    ids = _ids(rows)
    return [
        _weighed(row, sense, verdict, id, lessons, calibration)
        for row, sense, verdict, id in zip(rows, senses, said, ids, strict=True)
    ]


def _read(raw: RawName) -> _Row:
    if not raw.readable or not raw.name.strip():
        return _Row(raw, "", "", "", Reading("", "", "", (), (), False), NOWHERE)
    name, kind, unit = without_notes(raw.name)
    reading = read_name(name)
    if not reading.equip and raw.device and len(raw.device) <= MAX_NAME:
        told = read_name(f"{raw.device}/")
        reading = replace(
            reading,
            equip=told.equip,
            kind=told.kind,
            place=told.place or reading.place,
            numbered=told.numbered,
        )
    return _Row(
        raw, name, canonical_unit(raw.unit or unit), type_of(raw.object_type or kind), reading,
        Equipment(reading.equip, reading.kind, reading.place),
    )  # fmt: skip


def _with_shared_levels(rows: list[_Row]) -> list[_Row]:
    """Where no word names equipment, a level with a number that several names share is one."""
    levels = Counter(level for row in rows if not row.equip.id and (level := _level(row.name)))
    return [
        replace(row, equip=replace(row.equip, id=level))
        if not row.equip.id and (level := _level(row.name)) and levels[level] >= _SHARED
        else row
        for row in rows
    ]


def _level(name: str) -> str:
    levels = [level.strip() for level in _LEVEL.split(name) if level.strip()]
    return levels[-2] if len(levels) > 1 and any(char.isdigit() for char in levels[-2]) else ""


def _with_kinds(rows: list[_Row], known: Building | None, lessons: Lessons) -> list[_Row]:
    """Kinds by word, by the model, by people, else by the points of all equipment with the same letters."""
    modelled = {_plain(e.id): (e.id, e.kind or "") for e in known if e.is_equip} if known else {}
    shown: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    for row in rows:
        if row.equip.id and not row.equip.kind:
            shown[stem_of(row.equip.id)].add(_sense(row).tags)
    inferred = {stem: kind_by_points(tags) for stem, tags in shown.items()}
    return [_with_kind(row, modelled, inferred, lessons) for row in rows]


def _with_kind(
    row: _Row, modelled: dict[str, tuple[str, str]], inferred: dict[str, str], lessons: Lessons
) -> _Row:
    equip = row.equip
    if not equip.id:
        return row
    if found := modelled.get(_plain(equip.id)):
        return replace(row, equip=replace(equip, id=found[0], kind=found[1] or equip.kind))
    if taught := lessons.kind_of(equip.id):
        return replace(row, equip=replace(equip, kind=taught))
    if equip.kind:
        return row
    kind = inferred.get(stem_of(equip.id), "")
    return replace(row, equip=replace(equip, kind=kind), kind_inferred=bool(kind))


def _plain(id: str) -> str:
    return _SEPARATORS.sub("", id.lower())


def _apart(rows: list[_Row]) -> list[_Row]:
    """The same id in two places is two pieces of equipment: the place goes before the id."""
    places: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        places[row.equip.id].add(row.equip.place)
    return [
        replace(row, equip=replace(row.equip, id=f"{row.equip.place}_{row.equip.id}"))
        if row.equip.id and row.equip.place and len(places[row.equip.id]) > 1
        else row
        for row in rows
    ]


def _sense(row: _Row) -> Sense:
    if not row.name:
        return NOTHING
    return sense_of(
        row.reading.point,
        row.raw.description[:MAX_NAME],
        row.unit,
        row.object_type,
        row.equip.kind,
        row.reading.context,
    )


def _vote(row: _Row, sense: Sense) -> Vote:
    known = sum(map(bool, (row.raw.description, row.unit, row.object_type)))
    key = (row.equip.kind or stem_of(row.equip.id), row.reading.point, row.reading.context)
    return Vote(key, row.unit, row.object_type, row.equip.id, sense.tags, 1 + 2 * known)


def _weighed(
    row: _Row, sense: Sense, verdict: Verdict, id: str, lessons: Lessons, calibration: Calibration
) -> tuple[Proposal, Evidence]:
    tags, reasons = sense.tags, list(sense.reasons)
    if verdict.tags != tags and verdict.tags and verdict.share > _ADOPTS:
        tags = verdict.tags
        reasons.append(f"the same words mean this on {verdict.equips} sibling(s) that say more")
    evidence = _evidence(row, replace(sense, tags=tags), verdict)
    confidence = calibration.confidence(evidence)
    sure = confidence >= calibration.threshold
    taught, times = lessons.tags_of(row.equip.kind, row.reading.point)
    if taught is not None:
        tags, confidence = taught - {"point"}, max(confidence, 1 - 1 / (2 + times))
        sure = sure or is_enough(times)
        reasons.insert(0, f"accepted {times} time(s) at this site")
    if not row.name:
        reasons = [_why_unread(row.raw)]
    proposal = Proposal(
        raw=row.raw, id=id, tags=frozenset(tags | {"point"}) if tags else frozenset(), equip=row.equip, unit=row.unit,
        confidence=confidence, sure=sure and bool(tags), reasons=(*reasons, *_about(row)),
    )  # fmt: skip
    return proposal, evidence


def _evidence(row: _Row, sense: Sense, verdict: Verdict) -> Evidence:
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


def _about(row: _Row) -> tuple[str, ...]:
    if not row.equip.id:
        return ("no equipment is named",) if row.name else ()
    if not row.equip.kind:
        return (f"{row.equip.id}: kind of equipment unknown",)
    how = "by its points" if row.kind_inferred else "by its name"
    return (f"{row.equip.id} is a {row.equip.kind} {how}",)


def _ids(rows: Iterable[_Row]) -> list[str]:
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


def is_known_kind(kind: str) -> bool:
    """Whether a review may name this kind of equipment."""
    return kind in KIND
