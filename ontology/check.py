"""What is wrong with a building's model, said so that a facility engineer can mend it."""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal, TypeAlias

from ontology.definitions import KINDS_OF_QUANTITY, STANDARD, Definitions
from ontology.defs import FEEDS, ROLE
from ontology.entity import PLACES, Entity, refs_in, refs_of
from ontology.graph import Building
from ontology.kinds import Number, Ref
from ontology.units import kinds_of_unit, nearest_units

Severity: TypeAlias = Literal["error", "warning", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")

MAX_PER_CODE: Final = 20
"""Problems of one code that are told one by one; the rest is a count."""
_MAX_UNKNOWN_TAGS: Final = 200
"""Unknown tags for which a known neighbour is sought."""
_NAMED: Final = 5
"""Examples in a summary."""
_WHOLES: Final = ("equipRef", *PLACES)
_LEADS_TO: Final[Mapping[str, tuple[str, Callable[[Entity], bool]]]] = {
    "siteRef": ("a site", lambda e: "site" in e),
    "equipRef": ("equipment", lambda e: e.is_equip),
    **{tag: ("a space", lambda e: "space" in e or not _sorts(e)) for tag in PLACES},
    **{tag: ("what supplies it", lambda e: not e.is_point and "site" not in e) for tag in FEEDS},
}
"""What a ref must lead to. Rooms and zones of Haystack 3 have no `space`: an entity of no sort passes."""
_SORTS: Final = {"site": "a site", "space": "a space", "equip": "equipment", "point": "a point"}
"""What an entity is one of, says https://project-haystack.org/doc/docHaystack/Ontology#entities."""
_KINDS: Final = (
    "Bool", "Number", "Str", "Marker", "NA", "Remove", "Ref", "Symbol", "Uri", "Date", "Time", "DateTime",
    "Coord", "XStr", "Bin", "List", "Dict", "Grid",
)  # fmt: skip
"""https://project-haystack.org/doc/docHaystack/Kinds, and the `Bin` of Haystack 2."""
_LIMITS: Final = ("minVal", "maxVal")
_KIND_OF_QUANTITY: Final = {"air-flow": "flow", "water-flow": "flow"}
_FUNCTIONS: Final = frozenset({"sensor", "cmd", "sp", "synthetic"})


@dataclass(frozen=True, slots=True)
class Need:
    """What a rule cannot do without: these roles on every equipment that matches the filter."""

    rule: str
    equip: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `entity` is an id, "" for the building as a whole; `code` is stable."""

    code: str
    entity: str
    says: str
    hint: str
    severity: Severity


def check(
    building: Building, needs: Sequence[Need] = (), *, defs: Definitions = STANDARD
) -> list[Problem]:
    """Everything found, errors first; of each code and severity at most `MAX_PER_CODE` and a count of the rest.

    Raises BadRequest where a need's filter cannot be read.
    """
    found = chain(
        *(run(building) for run in _CHECKS),
        _unknown_tags(building, defs),
        _missing(building, needs),
    )
    return sorted(_bounded(found), key=lambda p: SEVERITIES.index(p.severity))


def _bounded(problems: Iterable[Problem]) -> Iterator[Problem]:
    seen: Counter[tuple[str, Severity]] = Counter()
    for problem in problems:
        seen[problem.code, problem.severity] += 1
        if seen[problem.code, problem.severity] <= MAX_PER_CODE:
            yield problem
    for (code, severity), count in seen.items():
        if count > MAX_PER_CODE:
            says = f"{count - MAX_PER_CODE} more of this kind ({count} in all)"
            yield Problem(code, "", says, "mend those above and check again", severity)


def _site(building: Building) -> Iterator[Problem]:
    if not any("site" in entity for entity in building):
        says = "no entity is the site"
        yield Problem("no-site", "", says, "add one with the markers `site` and its `tz`", "error")
        return
    for entity in building:
        if (entity.is_equip or entity.is_space) and "siteRef" not in entity:
            says = f"{entity.dis} belongs to no site"
            yield Problem("no-site", entity.id, says, "add `siteRef`", "warning")


def _ids(building: Building) -> Iterator[Problem]:
    for id in building.repeated_ids:
        says = f"@{id} comes more than once; the last one counts"
        yield Problem("repeated-id", id, says, "give each entity an id of its own", "error")
    by_lower: dict[str, list[str]] = defaultdict(list)
    for entity in building:
        by_lower[entity.id.lower()].append(entity.id)
    for ids in by_lower.values():
        if len(ids) > 1:
            says = f"ids that differ by letter case alone: {_some([f'@{id}' for id in ids])}"
            hint = "people and devices mix them up: rename all but one"
            yield Problem("id-case", ids[0], says, hint, "warning")


def _dangling(building: Building) -> Iterator[Problem]:
    structural = {*FEEDS, *_WHOLES, "siteRef"}
    for entity in building:
        for tag, ref in refs_of(entity.tags):
            if ref not in building:
                severity: Severity = "error" if tag in structural else "warning"
                says = f"{tag} of {entity.dis} names @{ref.id}, which is not here"
                hint = f"add @{ref.id}, or correct {tag}"
                yield Problem("dangling-ref", entity.id, says, hint, severity)


def _sorts(entity: Entity) -> list[str]:
    """Which of site, space, equip and point it is, in words."""
    return [what for tag, what in _SORTS.items() if tag in entity]


def _mistaken(building: Building) -> Iterator[Problem]:
    """Entities of two sorts, and refs that lead to an entity of the wrong sort."""
    for entity in building:
        if len(_sorts(entity)) > 1:
            says = f"{entity.dis} is {' and '.join(_sorts(entity))} at once"
            hint = "keep the one marker that says what it is; make the others entities of their own"
            yield Problem("many-sorts", entity.id, says, hint, "error")
        for tag, (wanted, fits) in _LEADS_TO.items():
            for ref in refs_in(entity.tags.get(tag)):
                if ref in building and not fits(other := building.get(ref)):
                    what = " and ".join(_sorts(other)) or "none"
                    says = f"{tag} of {entity.dis} names @{ref.id}, which is {what}, not {wanted}"
                    hint = f"let {tag} name {wanted}"
                    yield Problem("wrong-ref", entity.id, says, hint, "error")


def _loops(building: Building) -> Iterator[Problem]:
    """Each thing that is inside itself, over equipRef and spaceRef alike; each loop is told once."""
    done: set[str] = set()
    for start in building:
        if start.is_point or start.id in done:
            continue
        trail: dict[str, Iterator[Ref]] = {start.id: _wholes(start)}
        while trail:
            here = next(reversed(trail))
            above = next((r for r in trail[here] if r in building and r.id not in done), None)
            if above is None:
                done.add(here)
                del trail[here]
            elif above.id in trail:
                ids = list(trail)
                yield _loop([*ids[ids.index(above.id) :], above.id])
            else:
                trail[above.id] = _wholes(building.get(above))


def _wholes(entity: Entity) -> Iterator[Ref]:
    return (ref for tag in _WHOLES for ref in refs_in(entity.tags.get(tag)))


def _loop(ids: list[str]) -> Problem:
    shown = ids if len(ids) <= 8 else [*ids[:6], "...", ids[-1]]
    says = "contains itself: " + " in ".join(f"@{id}" if id != "..." else id for id in shown)
    return Problem("loop", ids[0], says, "take away the wrong equipRef or spaceRef", "error")


def _places(building: Building) -> Iterator[Problem]:
    for entity in building:
        if entity.is_point and "equipRef" not in entity:
            says = f"point {entity.dis} belongs to no equipment"
            yield Problem("no-equip", entity.id, says, "add `equipRef`", "warning")
        elif entity.is_equip and not any(tag in entity for tag in _WHOLES):
            says = f"nobody knows where {entity.dis} stands"
            yield Problem(
                "no-place", entity.id, says, "add `spaceRef`, or `equipRef` of its whole", "info"
            )


def _names(building: Building) -> Iterator[Problem]:
    """Display names that several points of one equipment, or things in one place, share."""
    sharing: dict[tuple[str, bool, str], list[str]] = defaultdict(list)
    for entity in building:
        dis = entity.tags.get("dis")
        tags = ("equipRef",) if entity.is_point else (*_WHOLES, "siteRef")
        whole = next((ref.id for tag in tags if (ref := entity.get_ref(tag))), None)
        if isinstance(dis, str) and dis and whole is not None:
            sharing[whole, entity.is_point, dis.casefold()].append(entity.id)
    for (whole, _, _), ids in sharing.items():
        if len(ids) > 1:
            dis = building.get(ids[0]).dis
            says = f"{len(ids)} things in @{whole} are called {dis!r}: {_some([f'@{id}' for id in ids])}"
            yield Problem(
                "same-name", ids[0], says, "give each a name of its own in `dis`", "warning"
            )


def _units(building: Building) -> Iterator[Problem]:
    for point in building:
        if point.is_point:
            problem = _unit(point)
            if problem is not None:
                yield problem


def _unit(point: Entity) -> Problem | None:
    unit, role = point.unit, point.role
    if not unit:
        if role is None or not role.unit or point.tags.get("kind", "Number") != "Number":
            return None
        says, hint = f"{point.dis} has no unit", f"add `unit`, such as {role.unit}"
        return Problem("no-unit", point.id, says, hint, "warning")
    kinds = kinds_of_unit(unit)
    if not kinds:
        near = ", ".join(nearest_units(unit))
        says = f"{point.dis} is in {unit!r:.40}, which is no unit of Haystack's database"
        hint = f"perhaps {near}" if near else "name the unit as Haystack does, such as °C or kW"
        return Problem("unknown-unit", point.id, says, hint, "warning")
    fitting, what = _fitting_kinds(point)
    if not fitting or not fitting.isdisjoint(kinds):
        return None
    says = f"{point.dis} is a {what} in {unit}, which measures {kinds[0]}"
    hint = (
        f"correct the unit ({role.unit})" if role and role.unit else "correct the unit or the tags"
    )
    return Problem("wrong-unit", point.id, says, hint, "error")


def _values(building: Building) -> Iterator[Problem]:
    """Kinds nobody knows, and limits that contradict each other or the unit."""
    for point in building:
        if point.is_point:
            kind = point.tags.get("kind")
            if kind is not None and kind not in _KINDS:
                yield _unknown_kind(point, str(kind))
            yield from _limits(point)


def _unknown_kind(point: Entity, kind: str) -> Problem:
    by_lower = {name.lower(): name for name in _KINDS} | {"boolean": "Bool", "string": "Str"}
    near = difflib.get_close_matches(kind.lower(), by_lower, n=1)
    says = f"{point.dis} is of the kind {kind!r:.40}, which Haystack does not know"
    hint = f"perhaps {by_lower[near[0]]}" if near else "a point is Bool, Number or Str"
    return Problem("unknown-kind", point.id, says, hint, "error")


def _limits(point: Entity) -> Iterator[Problem]:
    found = {tag: v for tag in _LIMITS if isinstance(v := point.tags.get(tag), Number)}
    for tag, limit in found.items():
        if limit.unit and limit.unit != point.unit:
            says = (
                f"{tag} of {point.dis} is in {limit.unit}, its values in {point.unit or 'no unit'}"
            )
            hint = (
                f"give {tag} in the unit of the point" if point.unit else "give the point a `unit`"
            )
            yield Problem("wrong-limit", point.id, says, hint, "error")
    if len(found) == len(_LIMITS):
        low, high = found.values()
        if low.value > high.value and (low.unit == high.unit or not (low.unit and high.unit)):
            says = f"minVal of {point.dis} is {low}, above its maxVal {high}"
            yield Problem("wrong-limit", point.id, says, "exchange or correct them", "error")


def _fitting_kinds(point: Entity) -> tuple[frozenset[str], str]:
    """Kinds of units that can measure what the point's role or quantity tags say; empty if they say nothing."""
    if point.role is not None:
        quantity = point.role.quantity
        kind = _KIND_OF_QUANTITY.get(quantity, quantity)
        return frozenset((kind,) if point.role.unit else ()), point.role.name
    named = [tag for tag in KINDS_OF_QUANTITY if tag in point]
    return frozenset(kind for tag in named for kind in KINDS_OF_QUANTITY[tag]), " ".join(named)


def _functions(building: Building) -> Iterator[Problem]:
    points = [e for e in building if e.is_point]
    odd = [p.id for p in points if len(_FUNCTIONS & p.tags.keys()) != 1]
    if odd:
        says = f"{_of(odd, points)} {_one(odd, 'is', 'are')} not exactly one of sensor, cmd, sp: {_some(odd)}"
        hint = "tag an input `sensor`, an output `cmd`, a setpoint `sp`"
        yield Problem("point-function", odd[0], says, hint, "warning")
    idle = [p.id for p in points if p.role is None]
    if idle:
        says = f"{_of(idle, points)} {_one(idle, 'plays', 'play')} no role that rules know: {_some(idle)}"
        hint = "nothing is wrong if no rule should use them; else complete their tags"
        yield Problem("no-role", idle[0], says, hint, "info")


def _unknown_tags(building: Building, defs: Definitions) -> Iterator[Problem]:
    counts: Counter[str] = Counter()
    for entity in building:
        counts.update(entity.tags.keys())
    unknown = {tag: count for tag, count in counts.most_common() if tag not in defs.tags}
    first: dict[str, str] = {}
    for entity in building:
        for tag in unknown.keys() & entity.tags.keys():
            first.setdefault(tag, entity.id)
    foreign = []
    for n, (tag, count) in enumerate(unknown.items()):
        near = defs.nearest(tag) if n < _MAX_UNKNOWN_TAGS else None
        if near is None:
            foreign.append(tag)
        else:
            says = (
                f"no tag is called {tag!r:.60} ({count} {'entity' if count == 1 else 'entities'})"
            )
            yield Problem("unknown-tag", first[tag], says, f"perhaps {near!r}", "warning")
    if foreign:
        says = f"{len(foreign)} {_one(foreign, 'tag is', 'tags are')} in no definition: {_some(foreign)}"
        hint = "nothing is wrong if they are your own; `import-defs` makes them known"
        yield Problem("unknown-tag", first[foreign[0]], says, hint, "info")


def _missing(building: Building, needs: Sequence[Need]) -> Iterator[Problem]:
    """For each equipment and absent role the rules that cannot run."""
    rules: dict[tuple[str, str], list[str]] = defaultdict(list)
    played: dict[str, frozenset[str]] = {}
    for need in needs:
        for equip in building.find(need.equip):
            if equip.id not in played:
                roles = (p.role.name for p in building.points(equip.id) if p.role)
                played[equip.id] = frozenset(roles)
            for role in need.roles:
                if role not in played[equip.id]:
                    rules[equip.id, role].append(need.rule)
    for (id, role), stopped in sorted(rules.items(), key=lambda item: -len(item[1])):
        what = ROLE[role].dis.lower() if role in ROLE else role
        cannot = f"these {len(stopped)} rules" if len(stopped) > 1 else "this rule"
        says = f"{building.get(id).dis} has no {what}: {cannot} cannot run: {_some(stopped)}"
        tags = " ".join(sorted(ROLE[role].tags)) if role in ROLE else role
        hint = f"add the point with the tags `point {tags}` and equipRef @{id}"
        yield Problem("missing-point", id, says, hint, "info")


def _one(items: Collection[object], one: str, more: str) -> str:
    return one if len(items) == 1 else more


def _of(some: Collection[object], points: Collection[object]) -> str:
    return f"{len(some)} of {len(points)} {_one(points, 'point', 'points')}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


_CHECKS: Final[tuple[Callable[[Building], Iterator[Problem]], ...]] = (
    _site, _ids, _dangling, _mistaken, _loops, _places, _names, _units, _values, _functions,
)  # fmt: skip
