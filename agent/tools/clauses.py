"""Haystack filters as the tools write them, of a kind, a role or a place: what is run is what is echoed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final

from ontology.defs import EQUIP_KINDS, FEEDS, ROLE, ROLES, Role
from ontology.entity import PLACES, Entity
from ontology.errors import BadRequest
from ontology.graph import Building

MAX_HOPS: Final = 3
"""A unit stands in a room, on a floor, of a site: nothing is deeper inside than this."""
KIND_WORDS: Final = {
    "pump": "equip and pump",
    "primary-pump": "equip and pump and primary",
    "secondary-pump": "equip and pump and secondary",
    "meter": "equip and meter",
    "tower": EQUIP_KINDS["cooling-tower"],
    "plant": EQUIP_KINDS["chilled-water-plant"],
    "fan-coil": EQUIP_KINDS["fcu"],
    "sensor": "equip and (iaqSensor or weatherStation)",
}
"""Words of the trade for several kinds, for a part of one, or for a shorter name."""


def of_kind(building: Building, word: str) -> str:
    """The filter of a kind, given by name or word of the trade. Raises BadRequest with the kinds."""
    said = word.lower().strip().replace(" ", "-")
    name = said if said in EQUIP_KINDS else said.removesuffix("s")
    if name in KIND_WORDS:
        return KIND_WORDS[name]
    if name not in EQUIP_KINDS:
        raise BadRequest(
            f"no kind is called {word!r:.60}",
            hint=f"kinds: {', '.join((*EQUIP_KINDS, *KIND_WORDS))}",
        )
    markers = EQUIP_KINDS[name].split(" and ")
    # The first kind that fits is an entity's kind: what fits an earlier one too is left out.
    earlier = itertools.takewhile(lambda kind: kind != name, EQUIP_KINDS)
    both = {e.kind for e in building if not e.is_point and all(m in e for m in markers)}
    others = [EQUIP_KINDS[kind].split(" and ") for kind in earlier if kind in both]
    return " and ".join([*markers, *_without([set(m) - set(markers) for m in others])])


def of_role(name: str) -> str:
    """The filter of the points that play a role and no more special one. Raises BadRequest."""
    role = ROLE.get(name.lower().strip().replace(" ", "-"))
    if role is None:
        raise BadRequest(f"no role is called {name!r:.60}", hint="use `vocab` for the roles here")
    special = [other.tags - role.tags for other in ROLES if other.tags > role.tags]
    return " and ".join(["point", *_in_order(role), *_without(special)])


def of_owner(kind: str) -> str:
    """The filter of points whose equipment meets the filter of a kind; of their room, for a kind of space."""
    if "(" in kind:
        alternatives = kind.partition("(")[2].rstrip(")").split(" or ")
        return f"({' or '.join(f'equipRef->{tag}' for tag in alternatives)})"
    terms = kind.split(" and ")
    way = "spaceRef" if "space" in terms else "equipRef"
    kept = [term for term in terms if term not in {"equip", "space"}]
    return " and ".join(
        f"not {way}->{t.removeprefix('not ')}" if t.startswith("not ") else f"{way}->{t}"
        for t in kept
    )


def in_place(building: Building, place: str, wanted: str, *, points: bool) -> str:
    """The clause that keeps of `wanted` what is inside a place; else fed by it; else what feeds it.

    It names no way that nothing takes, so it is as short as this model allows. Raises NotFound.
    """
    whole = building.get(place)
    inside = _joined(building, whole, wanted, _ways(building, whole, points=points))
    if inside:
        return inside
    owner = "equipRef->" if points else ""
    fed = _joined(building, whole, wanted, [owner + tag for tag in FEEDS])
    return fed or _before(building, whole, wanted, points=points)


def _ways(building: Building, whole: Entity, *, points: bool) -> list[str]:
    """Paths of refs by which something is inside, the shortest first."""
    known = building.index.tag_counts()
    steps = [tag for tag in ("equipRef", *PLACES) if tag in known]
    if "site" in whole:
        return ["siteRef", *(f"{tag}->siteRef" for tag in steps)]
    hops = range(1, MAX_HOPS + (2 if points else 1))
    return ["->".join(path) for n in hops for path in itertools.product(steps, repeat=n)]


def _joined(building: Building, whole: Entity, wanted: str, ways: Iterable[str]) -> str:
    """The ways that bring something that no shorter way has brought, joined by `or`."""
    clauses, found = list[str](), set[str]()
    for way in ways:
        clause = f"{way}==@{whole.id}"
        new = {e.id for e in building.find(f"{wanted} and {clause}")} - {whole.id} - found
        if new:
            clauses.append(clause)
            found |= new
    return _either(clauses)


def _before(building: Building, whole: Entity, wanted: str, *, points: bool) -> str:
    """ "The condenser pump of CH-3" stands before it, not inside."""
    tag = "equipRef" if points else "id"
    near = [e.id for e, _, hops in building.upstream(whole.id) if hops == 1]
    clauses = [f"{tag}==@{id}" for id in near]
    return _either([c for c in clauses if building.find(f"{wanted} and {c}")])


def _either(clauses: Sequence[str]) -> str:
    return f"({' or '.join(clauses)})" if len(clauses) > 1 else "".join(clauses)


def _without(special: Iterable[Iterable[str]]) -> list[str]:
    """Terms that leave out what has all of one of these sets of tags."""
    terms = [[f"not {tag}" for tag in sorted(tags)] for tags in special]
    return list(dict.fromkeys(_either(term) for term in sorted(terms, key=len) if term))


def _in_order(role: Role) -> list[str]:
    """Tags of a role as its name has them, then the others: "discharge air temp sensor"."""
    said = [tag for tag in role.name.split("-") if tag in role.tags]
    return [*said, *sorted(role.tags - set(said))]
