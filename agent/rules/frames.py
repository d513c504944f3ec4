"""The arrays a rule sees: roles of its equipment, and of what is related to it over the ontology graph."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from agent.rules.arrays import STEP_MIN
from ontology.defs import ROLE
from ontology.entity import Entity
from ontology.graph import Building
from ontology.history import Floats, History
from ontology.kinds import Ref
from ontology.time import Span

STEP = dt.timedelta(minutes=STEP_MIN)
BATCH = 1_000
"""Points of one History.read: bounds its memory at about 25 MB a month."""
CLOCK = ("clock.hour", "clock.weekday")
"""Local time of each step, known to every rule: hour of day as a float, Monday = 0."""

Related = Callable[[Building, Entity], Iterable[Entity]]

RELATIONS: dict[str, Related] = {
    # the word before the dot in a need -> the equipment it means
    "": lambda _, equip: (equip,),
    "air": lambda b, equip: (e for e, medium in b.fed_by(equip.ref) if medium == "air"),
    "room": lambda b, equip: (
        e for place in b.place(equip.ref)[:1] for e in b.equips_in(place.ref) if e != equip
    ),
    "zone": lambda b, equip: (
        e
        for space, medium in b.feeds(equip.ref)
        if medium == "air" and space.is_space
        for e in b.equips_in(space.ref)
        if e.kind == "iaq-sensor"
    ),
    "terminals": lambda b, equip: (
        e for e, medium in b.feeds(equip.ref) if medium == "air" and e.is_equip
    ),
    "user": lambda b, equip: (e for e, _ in b.feeds(equip.ref) if e.kind == "chiller"),
    "pump": lambda b, equip: (e for e, _ in b.fed_by(equip.ref) if "pump" in e),
    "tower": lambda b, equip: (e for e, _, _ in b.upstream(equip.ref) if e.kind == "cooling-tower"),
    "sisters": lambda b, equip: b.siblings(equip.ref),
    "plant": lambda b, _: b.of_kind("chilled-water-plant"),
    "chillers": lambda b, _: b.of_kind("chiller"),
    "secondary": lambda b, _: (e for e in b.of_kind("chilled-water-pump") if "secondary" in e),
    "weather": lambda b, _: b.of_kind("weather-station"),
    "parts": lambda b, equip: (e for e in b.contains(equip.ref) if e.is_equip),
    "measured": lambda b, equip: (b.get(r) for r in [equip.get_ref("meterOf")] if r),
}

_COMBINE: dict[str, Callable[[Floats], Floats]] = {
    # over shape (points, steps); a maximum ignores silence, a sum with a silent part is unknown
    "mean": lambda values: _ignoring_silence(values, np.nansum, np.isfinite(values).sum(axis=0)),
    "max": lambda values: np.fmax.reduce(values, axis=0),
    "min": lambda values: np.fmin.reduce(values, axis=0),
    "sum": lambda values: np.asarray(values.sum(axis=0), dtype=np.float64),
}


def _ignoring_silence(values: Floats, total: Callable[..., Floats], count: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, total(values, axis=0) / count, np.nan)


@dataclass(frozen=True)
class Need:
    """A need taken apart: "chillers.max:load" is the highest `load` of the `chillers`."""

    relation: str
    combine: str
    role: str

    @classmethod
    def of(cls, text: str) -> Need:
        relation, dot, rest = text.rpartition(".")
        combine, colon, role = rest.rpartition(":")
        return cls(relation if dot else "", combine if colon else "mean", role)


@dataclass
class Layout:
    """Where each role of each equipment is: which points answer a need."""

    building: Building
    _points: dict[tuple[str, str], Ref] = field(default_factory=dict)
    _found: dict[tuple[str, str], tuple[Ref, ...]] = field(default_factory=dict)
    _equips: dict[str, list[Entity]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entity in self.building:
            equip = entity.get_ref("equipRef")
            if entity.is_point and entity.role and equip:
                self._points.setdefault((equip.id, entity.role.name), entity.ref)

    def equips(self, filter: str) -> list[Entity]:
        """Equipment that matches a filter."""
        if filter not in self._equips:
            self._equips[filter] = [e for e in self.building.find(filter) if e.is_equip]
        return self._equips[filter]

    def points(self, equip: Entity, need: str) -> tuple[Ref, ...]:
        """The points that answer a need of an equipment; empty when there are none."""
        key = (equip.id, need)
        if key not in self._found:
            wanted = Need.of(need)
            related = RELATIONS[wanted.relation](self.building, equip)
            found = (self._points.get((e.id, wanted.role)) for e in dict.fromkeys(related))
            self._found[key] = tuple(ref for ref in found if ref is not None)
        return self._found[key]

    def point(self, equip: str, role: str) -> Ref | None:
        """The point that plays a role on an equipment."""
        return self._points.get((equip, role))


class Frames:
    """Step means of many points over one span, handed out as (equips, steps) arrays."""

    def __init__(self, layout: Layout, span: Span, rows: dict[Ref, Floats]) -> None:
        self.layout = layout
        self.span = span
        self.steps = span.steps(STEP)
        self._rows = rows
        self._silence = np.full(self.steps, np.nan)

    @classmethod
    async def load(
        cls, layout: Layout, history: History, points: Sequence[Ref], span: Span
    ) -> Frames:
        """Read the points in few large batches."""
        rows: dict[Ref, Floats] = {}
        for at in range(0, len(points), BATCH):
            rows |= await history.read(points[at : at + BATCH], span, STEP)
        return cls(layout, span, rows)

    def instant(self, step: int) -> dt.datetime:
        """When a step begins."""
        return self.span.start + step * STEP

    def row(self, point: Ref) -> Floats:
        """One point's values; all NaN when nothing was read."""
        return self._rows.get(point, self._silence)

    def values(self, equips: Sequence[Entity], need: str) -> Floats:
        """Shape (len(equips), steps): what answers the need for each equipment."""
        if need in CLOCK:
            return self._clock[need]
        found = [self._value(equip, need) for equip in equips]
        return np.array(found) if found else np.empty((0, self.steps))

    def hide(self, point: Ref, start: int, end: int) -> None:
        """Make a point unknown over steps [start, end): its sensor is not to be trusted there."""
        hidden = self.row(point).copy()
        hidden[start:end] = np.nan
        self._rows[point] = hidden

    def _value(self, equip: Entity, need: str) -> Floats:
        points = self.layout.points(equip, need)
        if len(points) == 1:
            return self.row(points[0])
        if not points:
            return self._silence
        combine = _COMBINE[Need.of(need).combine]
        return combine(np.array([self.row(point) for point in points]))

    @cached_property
    def _clock(self) -> dict[str, Floats]:
        zone = self.layout.building.zone
        first = self.span.start.astimezone(zone)
        seconds = np.arange(self.steps) * STEP.total_seconds()
        # a change of clocks inside the span moves these by one hour: rules judge whole hours
        hour = (first.hour + first.minute / 60 + seconds / 3600) % 24
        days = np.floor((first.hour * 3600 + first.minute * 60 + seconds) / 86_400)
        return {
            "clock.hour": hour[None, :],
            "clock.weekday": ((first.weekday() + days) % 7)[None, :],
        }


def unit_of(need: str) -> str:
    """The canonical unit of what answers a need."""
    role = ROLE.get(Need.of(need).role)
    return role.unit if role else ""
