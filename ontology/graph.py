"""The Building: find by id, by function, by place; follow air, water and power."""

from __future__ import annotations

import difflib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from ontology.definitions import STANDARD, Definitions
from ontology.defs import FEEDS
from ontology.entity import PLACES, Entity, refs_in
from ontology.errors import NotFound
from ontology.index import EntityIndex
from ontology.kinds import Ref
from ontology.zones import zone_named

MAX_HOPS: Final = 8
"""Hops followed upstream and downstream."""
_WHOLES: Final = ("equipRef", *PLACES, "siteRef")
_NEAR_TO_FAR: Final = (*PLACES[:-1], "equipRef", PLACES[-1], "siteRef")
_MAX_PLACES: Final = 10
_COST: Final = {**dict.fromkeys(_WHOLES, 1), "siteRef": 20}
"""What a step counts on a path: everything in a building is joined by its site, which explains nothing."""
_METERED: Final = {
    # the specific come first: a chilled-water meter is a water meter too
    "elec": "electricity", "chilled": "chilled-water", "condenser": "condenser-water", "hot": "hot-water",
    "domestic": "domestic-water", "steam": "steam", "naturalGas": "gas", "gas": "gas", "fuelOil": "fuel-oil",
    "air": "air", "water": "water",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path: from the entity before, which `direction` this one, by this `medium`.

    `direction` is "feeds", "fed by", "contains" or "in"; the medium of the last two is "".
    """

    entity: Entity
    medium: str
    direction: str


_Steps: TypeAlias = Callable[[Entity, Entity], Iterator[tuple[int, Hop]]]


class Building:
    """A read-only snapshot of the ontology; relations are indexed when first asked for."""

    def __init__(
        self, entities: Iterable[Mapping[str, Any]], *, defs: Definitions = STANDARD
    ) -> None:
        self._defs = defs
        self._by_id: dict[str, Entity] = {}
        repeated: Counter[str] = Counter()
        for tags in entities:
            entity = Entity(tags)
            if entity.id in self._by_id:
                repeated[entity.id] += 1
            self._by_id[entity.id] = entity
        self.repeated_ids: tuple[str, ...] = tuple(repeated)
        self._users_by_tag: dict[str, dict[str, list[Entity]]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._by_id.values())

    def __contains__(self, id: object) -> bool:
        return (id.id if isinstance(id, Ref) else id) in self._by_id

    @property
    def defs(self) -> Definitions:
        """The definitions its filters go by."""
        return self._defs

    def get(self, id: Ref | str) -> Entity:
        """By id, any letter case; NotFound names the nearest candidates."""
        name = id.id if isinstance(id, Ref) else id.removeprefix("@")
        found = self._by_id.get(name) or self._by_id.get(self._ids_by_lower.get(name.lower(), ""))
        if found is None:
            near = [e.id for e in self.nearest(name)]
            raise NotFound(
                f"nothing here is called {name!r}",
                hint=f"nearest: {', '.join(near)}" if near else "ask for a list of equipment",
            )
        return found

    def nearest(self, name: str, *, count: int = 5) -> list[Entity]:
        """Sites, spaces and equipment with the most similar ids."""
        names = {e.id.lower(): e for e in self if not e.is_point}
        close = difflib.get_close_matches(name.lower(), names, n=count, cutoff=0.5)
        return [names[n] for n in close]

    def find(self, filter: str) -> list[Entity]:
        """Entities that match a Haystack filter, in the order they were loaded."""
        return [self._by_id[tags["id"].id] for tags in self.index.find(filter)]

    @cached_property
    def index(self) -> EntityIndex:
        """The same entities by tags, values and refs: counts, common values, explanations of filters."""
        return EntityIndex((entity.tags for entity in self), defs=self._defs)

    def of_kind(self, *kinds: str) -> list[Entity]:
        """Equipment or spaces of these kinds (names of `ontology.defs.EQUIP_KINDS`)."""
        return [e for e in self if e.kind in kinds]

    @property
    def site(self) -> Entity:
        """The site; NotFound when the building has none."""
        for entity in self:
            if "site" in entity:
                return entity
        raise NotFound("this building has no site", hint="load an ontology first")

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone, from its `tz` tag."""
        return zone_named(str(self.site.tags.get("tz", "UTC")))

    def points(self, of: Ref | str) -> list[Entity]:
        """Points of an equipment; for a space, those of every equipment in it."""
        entity = self.get(of)
        own = self._points_of(entity)
        if entity.is_space:
            for equip in self.equips_in(entity.id):
                own.extend(self._points_of(equip))
            own.extend(e for e in self._directly_in(entity) if e.is_point)
        return list({point.id: point for point in own}.values())

    def point(self, of: Ref | str, role: str) -> Entity | None:
        """The point that plays this role on an equipment or in a space; None if there is none."""
        return next((p for p in self.points(of) if p.role and p.role.name == role), None)

    def equip_of(self, point: Ref | str) -> Entity | None:
        ref = self.get(point).get_ref("equipRef")
        return self.get(ref) if ref and ref in self else None

    def equips_in(self, space: Ref | str) -> list[Entity]:
        """Equipment that stands in this very space, not in one inside it."""
        return [e for e in self._directly_in(self.get(space)) if e.is_equip]

    def contains(self, whole: Ref | str) -> list[Entity]:
        """What is directly inside: sub-spaces and equipment of a space, parts of an equipment."""
        entity = self.get(whole)
        inside = [e for tag in ("siteRef", "equipRef") for e in self.users(tag, entity.id)]
        if "site" in entity:
            inside = [e for e in inside if not any(e.get_ref(tag) for tag in _WHOLES[:-1])]
        else:
            inside = [*self._directly_in(entity), *inside]
        return [e for e in dict.fromkeys(inside) if not e.is_point and e.id != entity.id]

    def place(self, of: Ref | str) -> list[Entity]:
        """Where it is, from near to far: room, floor, site."""
        passed = [self.get(of)]
        while len(passed) <= _MAX_PLACES:
            wholes = (whole for tag in _NEAR_TO_FAR for whole in self._named(passed[-1], tag))
            further = next((whole for whole in wholes if whole not in passed), None)
            if further is None:
                break
            passed.append(further)
        return passed[1:]

    def feeds(self, supplier: Ref | str) -> list[tuple[Entity, str]]:
        """Who takes air, water, steam, gas or power directly from it, with the medium."""
        id = self.get(supplier).id
        found = {
            (user.id, medium): (user, medium)
            for tag, medium in FEEDS.items()
            for user in self.users(tag, id)
            if user.id != id
        }
        return list(found.values())

    def fed_by(self, consumer: Ref | str) -> list[tuple[Entity, str]]:
        """Who supplies it directly, with the medium."""
        entity = self.get(consumer)
        found = {
            (supplier.id, medium): (supplier, medium)
            for tag, medium in FEEDS.items()
            for supplier in self._named(entity, tag)
            if supplier.id != entity.id
        }
        return list(found.values())

    def upstream(self, consumer: Ref | str) -> list[tuple[Entity, str, int]]:
        """Everything that supplies it, nearest first, with medium and number of hops (at most 8)."""
        return self._follow(self.get(consumer), self._suppliers)

    def downstream(self, supplier: Ref | str) -> list[tuple[Entity, str, int]]:
        """Everything it supplies, nearest first, with medium and number of hops (at most 8)."""
        return self._follow(self.get(supplier), lambda entity: self.feeds(entity.ref))

    def path(self, start: Ref | str, end: Ref | str) -> list[Hop]:
        """The shortest way from one to the other, first hop first; [] if nothing joins them.

        Along air, water and power alone if they join the two, else also through what contains them.
        """
        first, last = self.get(start), self.get(end)
        return self._way(first, last, self._flows) or self._way(first, last, self._steps)

    def siblings(self, of: Ref | str) -> list[Entity]:
        """Others of the same kind under the same supplier, floor or whole."""
        entity = self.get(of)
        for tag in ("airRef", "ahuRef", *_WHOLES):
            for ref in refs_in(entity.tags.get(tag)):
                others = [
                    e
                    for e in self.users(tag, ref.id)
                    if e.kind == entity.kind and e.id != entity.id and e.is_point == entity.is_point
                ]
                if others:
                    return others
        return []

    def users(self, tag: str, id: str) -> list[Entity]:
        """Entities whose `tag` refers to this id, alone or in a list of refs."""
        users = self._users_by_tag.get(tag)
        if users is None:
            users = {}
            for entity in self if tag in self._tags_in_use else ():
                value = entity.tags.get(tag)
                for ref in refs_in(value) if value is not None else ():
                    users.setdefault(ref.id, []).append(entity)
            # kept when whole: several threads may ask at once
            self._users_by_tag[tag] = users
        return users.get(id, [])

    @cached_property
    def _tags_in_use(self) -> frozenset[str]:
        return frozenset().union(*(entity.tags for entity in self))

    @cached_property
    def _ids_by_lower(self) -> dict[str, str]:
        return {id.lower(): id for id in self._by_id}

    def _points_of(self, equip: Entity) -> list[Entity]:
        return [e for e in self.users("equipRef", equip.id) if e.is_point]

    def _directly_in(self, space: Entity) -> list[Entity]:
        """What names this space as the nearest place it is in."""
        users = [
            user
            for n, tag in enumerate(PLACES)
            for user in self.users(tag, space.id)
            if not any(user.get_ref(nearer) for nearer in PLACES[:n])
        ]
        return [user for user in dict.fromkeys(users) if user.id != space.id]

    def _follow(
        self, start: Entity, step: Callable[[Entity], list[tuple[Entity, str]]]
    ) -> list[tuple[Entity, str, int]]:
        seen: dict[str, tuple[Entity, str, int]] = {}
        front = [start]
        for hop in range(1, MAX_HOPS + 1):
            found = [pair for entity in front for pair in step(entity)]
            front = []
            for entity, medium in found:
                if entity.id not in seen and entity.id != start.id:
                    seen[entity.id] = (entity, medium, hop)
                    front.append(entity)
        return list(seen.values())

    def _way(self, first: Entity, last: Entity, steps: _Steps) -> list[Hop]:
        came: dict[str, tuple[str, Hop]] = {}
        cost = {first.id: 0}
        front = [(0, 0, first.id)]
        order = 0  # among equals the first found goes first, whatever its id
        while front:
            spent, _, here = heapq.heappop(front)
            if here == last.id:
                break
            for price, hop in steps(self._by_id[here], last) if spent == cost[here] else ():
                total, id = spent + price, hop.entity.id
                if total < cost.get(id, total + 1):
                    order += 1
                    cost[id], came[id] = total, (here, hop)
                    heapq.heappush(front, (total, order, id))
        return _traced(came, first.id, last.id)

    def _flows(self, here: Entity, target: Entity) -> Iterator[tuple[int, Hop]]:
        """Steps along media; from a point to its equipment, and to the one point that is wanted."""
        for entity, medium in (*self.feeds(here.ref), *self._meters_below(here)):
            yield 1, Hop(entity, medium, "feeds")
        for entity, medium in (*self.fed_by(here.ref), *self._meters_above(here)):
            yield 1, Hop(entity, medium, "fed by")
        for equip in self._named(here, "equipRef") if here.is_point else ():
            yield 1, Hop(equip, "", "in")
        if target.is_point and target.get_ref("equipRef") == here.ref:
            yield 1, Hop(target, "", "contains")

    def _steps(self, here: Entity, target: Entity) -> Iterator[tuple[int, Hop]]:
        """Steps along media, and into and out of wholes; a point is stepped on as a target only."""
        yield from self._flows(here, target)
        for tag, price in _COST.items():
            for whole in self._named(here, tag):
                yield price, Hop(whole, "", "in")
            for part in self.users(tag, here.id):
                if not part.is_point or part.id == target.id:
                    yield price, Hop(part, "", "contains")

    def _meters_below(self, meter: Entity) -> list[tuple[Entity, str]]:
        return [(part, metered(part)) for part in self.users("submeterOf", meter.id)]

    def _meters_above(self, meter: Entity) -> list[tuple[Entity, str]]:
        return [(whole, metered(meter)) for whole in self._named(meter, "submeterOf")]

    def _named(self, entity: Entity, tag: str) -> list[Entity]:
        """The entities of this building that a tag refers to."""
        return [self.get(ref) for ref in refs_in(entity.tags.get(tag)) if ref in self]

    def _suppliers(self, entity: Entity) -> list[tuple[Entity, str]]:
        """Direct suppliers, and those of the equipment inside a space."""
        direct = self.fed_by(entity.ref)
        if entity.is_space:
            for equip in self.equips_in(entity.ref):
                direct.extend(self.fed_by(equip.ref))
        return direct


def metered(meter: Entity) -> str:
    """The medium a meter counts, by its tags; "" if they do not tell."""
    return next((medium for tag, medium in _METERED.items() if tag in meter), "")


def _traced(came: Mapping[str, tuple[str, Hop]], start: str, end: str) -> list[Hop]:
    hops: list[Hop] = []
    while end != start and end in came:
        end, hop = came[end]
        hops.append(hop)
    return hops[::-1]
