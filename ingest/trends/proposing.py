"""A first map of an export: which point of the model each column may be, by its name and by what tagging makes of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from ingest.tagging import RawName, propose
from ingest.trends.rows import Opened
from ingest.trends.shape import Layout, heading_unit
from ingest.trends.survey import Seen
from ingest.trends.trendmap import Column, Proposed
from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.units import kinds_of_unit

_IGNORED: Final = frozenset(
    ("trendflags", "trendflag", "flags", "row", "no", "index", "recordnumber", "sequence")
)
"""Columns that exports have beside the points, letters only."""
_ENOUGH: Final = 0.5
"""Probability below which a proposal would cost a person more than it gives."""


def proposals(
    opened: Opened, layout: Layout, seen: Seen, building: Building | None
) -> list[Proposed]:
    """One for each series of the file, in its order; point "" where we cannot tell. Each point at most once."""
    names = list(seen.names) if layout.long else [layout.headings[at] for at in layout.values]
    units = {} if layout.long else dict(zip(layout.headings, layout.units, strict=True))
    read = [(name, *_read(name, units.get(name, ""), opened, layout)) for name in names]
    points = building.find("point") if building is not None else []
    exact = _by_name(building, points)
    tagged = (
        _by_tags(building, [RawName(called, unit=unit) for _, called, unit in read])
        if building
        else []
    )
    taken: set[str] = set()
    told = []
    for at, (name, called, unit) in enumerate(read):
        point, says = _best(name, called, exact, tagged[at] if tagged else None)
        id = point.id if point is not None else ""
        if id in taken:
            id, says = "", f"another column is @{id} already"
        elif point is not None:
            taken.add(id)
            says = f"{says}{_about_unit(point, unit)}"
        told.append(Proposed(Column(name, id, unit), says))
    return told


def head_of(
    opened: Opened, layout: Layout, seen: Seen, zone: str
) -> tuple[dict[str, str], list[str]]:
    """What the map says of the file as a whole, and what a person must still say."""
    notes = [
        f"proposed from {opened.path.name}: check each column, then plantroom ingest import FILE --map THIS"
    ]
    notes.append('point = "" leaves a column out')
    dates, decimal = "", ""
    try:
        dates = seen.times.order() if seen.times.most_first else ""
    except BadRequest as cause:
        notes.append(f"TO DECIDE: {cause}: {cause.hint}")
    if any(one.either for one in seen.dialects.values()):
        decimal = seen.whole.decimal(seen.whole)
        if not decimal:
            notes.append(
                'TO DECIDE: numbers such as 1,234 may be thousands or fractions: decimal = "," or "."'
            )
    if not zone:
        notes.append('TO DECIDE: where the clock stood, such as zone = "Europe/Berlin"')
    names = {
        role: layout.headings[at]
        for role in ("time", "clock", "status", "point", "value", "unit")
        if (at := getattr(layout, role)) is not None
    }
    head = {
        "file": opened.path.name,
        "sheet": opened.sheet,
        "zone": zone,
        "dates": dates,
        "decimal": decimal,
    }
    return head | names, notes


def _read(name: str, unit: str, opened: Opened, layout: Layout) -> tuple[str, str]:
    """What a column is called without its unit, and the unit. A lone "Value" is called as the file is."""
    called, named = heading_unit(name)
    if not layout.long and re.sub(r"[\W\d_]+", "", called.lower()) in (
        "value",
        "val",
        "wert",
        "presentvalue",
    ):
        called = layout.title or opened.path.stem
    return called, unit or named


def _best(
    name: str,
    called: str,
    exact: Mapping[str, Entity | None],
    tagged: tuple[Entity | None, str] | None,
) -> tuple[Entity | None, str]:
    if _letters(called) in _IGNORED:
        return None, "no point"
    for text in (name, called, called.rsplit("/", 1)[-1], called.rsplit(":", 1)[-1]):
        found = exact.get(_plain(text))
        if found is not None:
            return found, "by its name"
    return tagged if tagged is not None else (None, "no such name in the model")


def _by_name(building: Building | None, points: Sequence[Entity]) -> dict[str, Entity | None]:
    """Points by id, name and the name in their device, with and without their equipment's; None for what two are called."""
    found: dict[str, Entity | None] = {}
    for point in points:
        own = [
            str(text)
            for text in (point.id, point.tags.get("dis"), point.tags.get("pointName"))
            if text
        ]
        equip = building.equip_of(point.ref) if building is not None else None
        whole = (
            [f"{text}{name}" for text in (equip.id, equip.tags.get("dis", "")) for name in own]
            if equip
            else []
        )
        for name in {_plain(text) for text in (*own, *whole)} - {""}:
            found[name] = None if name in found else point
    return found


def _by_tags(building: Building, raws: Sequence[RawName]) -> list[tuple[Entity | None, str]]:
    """The one point of the same equipment with the tags that the name stands for."""
    points: dict[str, list[Entity]] = defaultdict(list)
    for equip in building.find("equip"):
        for text in {_plain(equip.id), _plain(str(equip.tags.get("dis", "")))} - {""}:
            points[text] += building.points(equip.ref)
    told: list[tuple[Entity | None, str]] = []
    senses = _senses(building)
    for proposal in propose(raws, known=building):
        fits = [
            point for point in points.get(_plain(proposal.equip.id), ())
            if proposal.tags and proposal.tags <= senses.get(point.id, point.tags.keys()) and _unit_fits(point, proposal.unit)
        ]  # fmt: skip
        fewest = min((len(point.tags) for point in fits), default=0)
        closest = list({point.id: point for point in fits if len(point.tags) == fewest}.values())
        if len(closest) == 1 and proposal.confidence >= _ENOUGH:
            told.append((closest[0], f"by its words, {proposal.confidence:.0%} sure"))
        else:
            tags = " ".join(sorted(proposal.tags - {"point"}))
            told.append(
                (
                    None,
                    f"perhaps {tags}" + (f" of {proposal.equip.id}" if proposal.equip.id else "")
                    if tags
                    else "unknown",
                )
            )
    return told


def _senses(building: Building) -> dict[str, frozenset[str]]:
    """What the names of points mean that the model itself has no role for yet."""
    bare = [point for point in building.find("point") if point.role is None]
    raws = []
    for point in bare:
        equip = building.equip_of(point.ref)
        name = str(point.tags.get("pointName") or point.id)
        description = str(point.tags.get("dis", ""))
        raws.append(
            RawName(
                f"{equip.id}.{name}" if equip else name, description=description, unit=point.unit
            )
        )
    found = propose(raws, known=building) if raws else []
    return {point.id: one.tags | point.tags.keys() for point, one in zip(bare, found, strict=True)}


def _unit_fits(point: Entity, unit: str) -> bool:
    return not unit or not point.unit or bool({*kinds_of_unit(unit)} & {*kinds_of_unit(point.unit)})


def _about_unit(point: Entity, unit: str) -> str:
    if not unit or not point.unit or unit == point.unit:
        return ""
    return (
        f", {unit} becomes {point.unit}"
        if _unit_fits(point, unit)
        else f"; CHECK: {unit} cannot become {point.unit}"
    )


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", text.lower())
