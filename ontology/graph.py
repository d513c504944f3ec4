"""The Building: find by id, by function, by place; follow air, water and power."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from ontology.defs import FEEDS
from ontology.entity import Entity, refs_in
from ontology.errors import NotFound
from ontology.filter import parse_filter
from ontology.kinds import Ref
from ontology.zones import zone_named


class Building:
    """A read-only snapshot of the ontology with its relations indexed."""

    def __init__(self, entities: Iterable[Mapping[str, Any]]) -> None:
        self._by_id: dict[str, Entity] = {}
        for tags in entities:
            entity = Entity(tags)
            self._by_id[entity.id] = entity
        self._users: dict[str, dict[str, list[Entity]]] = defaultdict(lambda: defaultdict(list))
        self._lower = {id.lower(): id for id in self._by_id}
        for entity in self._by_id.values():
            for tag, value in entity.tags.items():
                for ref in refs_in(value) if tag != "id" else ():
                    self._users[tag][ref.id].append(entity)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Entity]:
        return iter(self._by_id.values())

    def __contains__(self, id: object) -> bool:
        return (id.id if isinstance(id, Ref) else id) in self._by_id

    def get(self, id: Ref | str) -> Entity:
        """By id, any letter case; NotFound names the nearest candidates."""
        name = id.id if isinstance(id, Ref) else id.removeprefix("@")
        found = self._by_id.get(name) or self._by_id.get(self._lower.get(name.lower(), ""))
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
        matches = parse_filter(filter)
        return [e for e in self if matches(e.tags, self._resolve)]

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
        own = [e for e in self._users["equipRef"][entity.id] if e.is_point]
        if entity.is_space:
            for equip in self.equips_in(entity.id):
                own.extend(self.points(equip.ref))
            own.extend(e for e in self._users["spaceRef"][entity.id] if e.is_point and e not in own)
        return own

    def point(self, of: Ref | str, role: str) -> Entity | None:
        """The point that plays this role on an equipment or in a space; None if there is none."""
        return next((p for p in self.points(of) if p.role and p.role.name == role), None)

    def equip_of(self, point: Ref | str) -> Entity | None:
        ref = self.get(point).get_ref("equipRef")
        return self.get(ref) if ref and ref in self else None

    def equips_in(self, space: Ref | str) -> list[Entity]:
        """Equipment whose `spaceRef` is this very space."""
        return [e for e in self._users["spaceRef"][self.get(space).id] if e.is_equip]

    def contains(self, whole: Ref | str) -> list[Entity]:
        """What is directly inside: sub-spaces and equipment of a space, parts of an equipment."""
        entity = self.get(whole)
        tags = ("spaceRef", "siteRef") if "site" not in entity else ("siteRef",)
        inside = [e for tag in (*tags, "equipRef") for e in self._users[tag][entity.id]]
        if "site" in entity:
            inside = [e for e in inside if not (e.get_ref("spaceRef") or e.get_ref("equipRef"))]
        return [e for e in dict.fromkeys(inside) if not e.is_point]

    def place(self, of: Ref | str) -> list[Entity]:
        """Where it is, from near to far: room, floor, site."""
        found: list[Entity] = []
        at: Entity | None = self.get(of)
        while at is not None and len(found) < 10:
            ref = next(
                (r for tag in ("spaceRef", "equipRef", "siteRef") if (r := at.get_ref(tag))), None
            )
            at = self.get(ref) if ref and ref in self and self.get(ref) not in found else None
            if at is not None:
                found.append(at)
        return found

    def feeds(self, supplier: Ref | str) -> list[tuple[Entity, str]]:
        """Who takes air, water or power directly from it, with the medium."""
        id = self.get(supplier).id
        return [(user, medium) for tag, medium in FEEDS.items() for user in self._users[tag][id]]

    def fed_by(self, consumer: Ref | str) -> list[tuple[Entity, str]]:
        """Who supplies it directly, with the medium."""
        entity = self.get(consumer)
        return [
            (self.get(ref), medium)
            for tag, medium in FEEDS.items()
            for ref in refs_in(entity.tags.get(tag))
            if ref in self
        ]

    def upstream(self, consumer: Ref | str) -> list[tuple[Entity, str, int]]:
        """Everything that supplies it, nearest first, with medium and number of hops (at most 8)."""
        seen: dict[str, tuple[Entity, str, int]] = {}
        front = [self.get(consumer)]
        for hop in range(1, 9):
            found = [pair for entity in front for pair in self._suppliers(entity)]
            front = []
            for supplier, medium in found:
                if supplier.id not in seen:
                    seen[supplier.id] = (supplier, medium, hop)
                    front.append(supplier)
        return list(seen.values())

    def siblings(self, of: Ref | str) -> list[Entity]:
        """Others of the same kind under the same supplier, floor or whole."""
        entity = self.get(of)
        for tag in ("airRef", "equipRef", "spaceRef", "siteRef"):
            for ref in refs_in(entity.tags.get(tag)):
                others = [
                    e for e in self._users[tag][ref.id] if e.kind == entity.kind and e != entity
                ]
                if others:
                    return others
        return []

    def _suppliers(self, entity: Entity) -> list[tuple[Entity, str]]:
        """Direct suppliers, and those of the equipment inside a space."""
        direct = self.fed_by(entity.ref)
        if entity.is_space:
            for equip in self.equips_in(entity.ref):
                direct.extend(self.fed_by(equip.ref))
        return direct

    def _resolve(self, ref: Ref) -> Mapping[str, Any] | None:
        found = self._by_id.get(ref.id)
        return found.tags if found else None
