"""Which equipment each name of a list belongs to: by its words, by the model, by people, by its points."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ingest.tagging.compose import NOTHING, Sense, Told, canonical_unit, sense_of
from ingest.tagging.kinds import KIND, kind_by_points
from ingest.tagging.learning import Lessons
from ingest.tagging.raw import MAX_NAME, NOWHERE, Equipment, RawName, type_of
from ingest.tagging.reading import Reading, point_without, read_name, stem_of
from ingest.tagging.words import without_notes
from ontology.graph import Building

_SHARED: Final = 3
"""Names that must share a level of their path before it counts as equipment."""
_LEVEL: Final = re.compile(r"[./:'\\|>]+")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+|(?<![0-9])0+(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Row:
    """A name on its way to a proposal."""

    raw: RawName
    name: str
    unit: str
    object_type: str
    reading: Reading
    equip: Equipment
    kind_inferred: bool = False

    def sense(self) -> Sense:
        """What its words add up to, given the equipment as far as it is known."""
        if not self.name:
            return NOTHING
        return sense_of(
            Told(
                self.reading.point,
                self.raw.description[:MAX_NAME],
                self.unit,
                self.object_type,
                self.equip.kind,
                self.reading.context,
            )
        )


def rows_of(names: Iterable[RawName], known: Building | None, lessons: Lessons) -> list[Row]:
    """One row per name, in order, each with its equipment as well as the whole list tells it."""
    rows = _with_shared_levels([read_row(raw) for raw in names])
    return _apart(_with_kinds(rows, known, lessons))


def read_row(raw: RawName) -> Row:
    """One name by itself; what cannot be read has no words. The device speaks where the name is silent."""
    if not raw.readable or not raw.name.strip():
        return Row(raw, "", "", "", Reading("", "", "", ()), NOWHERE)
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
    return Row(
        raw, name, canonical_unit(raw.unit or unit), type_of(raw.object_type or kind), reading,
        Equipment(reading.equip, reading.kind, reading.place),
    )  # fmt: skip


def _with_shared_levels(rows: list[Row]) -> list[Row]:
    """Where no word names equipment, a level with a number that several names share is one."""
    levels = Counter(level for row in rows if not row.equip.id and (level := _level(row.name)))
    shared = {level for level, names in levels.items() if names >= _SHARED}
    return [
        _on(row, level) if not row.equip.id and (level := _level(row.name)) in shared else row
        for row in rows
    ]


def _on(row: Row, level: str) -> Row:
    point = point_without(row.reading.point, level)
    return replace(
        row, equip=replace(row.equip, id=level), reading=replace(row.reading, point=point)
    )


def _level(name: str) -> str:
    levels = [level.strip() for level in _LEVEL.split(name) if level.strip()]
    return levels[-2] if len(levels) > 1 and any(char.isdigit() for char in levels[-2]) else ""


def _with_kinds(rows: list[Row], known: Building | None, lessons: Lessons) -> list[Row]:
    """Kinds by word, by the model, by people, else by the points of all equipment with the same letters."""
    modelled = {_plain(e.id): (e.id, e.kind or "") for e in known if e.is_equip} if known else {}
    shown: defaultdict[str, set[frozenset[str]]] = defaultdict(set)
    for row in rows:
        if row.equip.id and not row.equip.kind:
            shown[stem_of(row.equip.id)].add(row.sense().tags)
    inferred = {stem: kind_by_points(tags) for stem, tags in shown.items()}
    return [_with_kind(row, modelled, inferred, lessons) for row in rows]


def _with_kind(
    row: Row, modelled: dict[str, tuple[str, str]], inferred: dict[str, str], lessons: Lessons
) -> Row:
    equip = row.equip
    if not equip.id:
        return row
    if found := modelled.get(_plain(equip.id)):
        kind = found[1] if found[1] in KIND else equip.kind
        return replace(row, equip=replace(equip, id=found[0], kind=kind))
    if taught := lessons.kind_of(equip.id):
        return replace(row, equip=replace(equip, kind=taught))
    if equip.kind:
        return row
    kind = inferred.get(stem_of(equip.id), "")
    return replace(row, equip=replace(equip, kind=kind), kind_inferred=bool(kind))


def _plain(id: str) -> str:
    return _SEPARATORS.sub("", id.lower())


def _apart(rows: list[Row]) -> list[Row]:
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
