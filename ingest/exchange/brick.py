"""A Brick model in Turtle as Haystack entities: classes by table, relations as refs, the rest as notes.

The file is read as it is: no ontology is fetched, no `owl:imports` followed. What it does not say (the
superclasses of Brick's own classes) stands in `ingest.exchange.brick_terms`.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from rdflib import RDF, RDFS, BNode, Graph, Literal, URIRef
from rdflib.plugins.parsers.notation3 import BadSyntax

from ingest.exchange.brick_terms import UNITS, Meaning, meaning_of, value_kind, water_sides
from ingest.exchange.source import Note, Source, source_of
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, Number, Ref, Tags, Uri
from ontology.units import symbol

MAX_TURTLE: Final = 64_000_000
"""Bytes; rdflib takes about 1 kB of memory for each 100 of them."""
MAX_SUPERCLASSES: Final = 20
"""Steps up a file's own subclasses before a circle is assumed."""

INVERSE: Final = {
    # Brick relation -> the same said the other way round
    "isPointOf": "hasPoint", "isFedBy": "feeds", "isPartOf": "hasPart", "isLocationOf": "hasLocation",
    "isMeteredBy": "meters", "hasSubMeter": "isSubMeterOf",
}  # fmt: skip
RELATIONS: Final = ("hasPoint", "feeds", "hasPart", "hasLocation", "meters", "isSubMeterOf")
_ATTRIBUTES: Final = frozenset(
    [
        "hasUnit",
        "value",
        "timeseries",
        "hasTimeseriesId",
        "hasExternalReference",
        "hasAssociatedTag",
        "hasTag",
        "lastKnownValue",
        "hasQuantity",
        "hasSubstance",
        "measures",
        "aggregate",
    ]
)
_SUPPLIES: Final = (
    # markers of a supplier, the first that fits -> the tag on who takes from it
    (("chiller",), "chilledWaterRef"), (("coolingTower",), "condenserWaterRef"),
    (("boiler",), "hotWaterRef"), (("chilled", "water"), "chilledWaterRef"),
    (("condenser", "water"), "condenserWaterRef"), (("hot", "water"), "hotWaterRef"),
    (("elec",), "elecRef"), (("ahu",), "airRef"), (("vav",), "airRef"), (("fcu",), "airRef"),
    (("cav",), "airRef"), (("fan",), "airRef"), (("damper",), "airRef"), (("airTerminalUnit",), "airRef"),
    (("crac",), "airRef"), (("crah",), "airRef"), (("zone",), "airRef"), (("coolingCoil",), "airRef"),
    (("heatingCoil",), "airRef"), (("unitVent",), "airRef"), (("heatPump",), "airRef"),
)  # fmt: skip
_BRICK: Final = re.compile(r"https?://brickschema\.org/schema/(?:[\d.]+/)?Brick#(.+)")


def read_brick(path: Path) -> Source:
    """The entities of a Turtle file. Raises BadRequest (too large), Corrupt naming line and column."""
    size = path.stat().st_size
    if size > MAX_TURTLE:
        raise BadRequest(
            f"{path.name} has {size / 1e6:.0f} MB, at most {MAX_TURTLE / 1e6:.0f} are read",
            hint="export one building at a time, without the ontology itself",
        )
    return _Reader(_parse(path.read_bytes(), path.name), path.name).source()


def _parse(body: bytes, name: str) -> Graph:
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)  # one line for each odd literal else
    graph = Graph()
    try:
        graph.parse(data=body.decode("utf-8-sig"), format="turtle")
    except BadSyntax as cause:
        line, column = _position(cause)
        raise Corrupt(
            f"{name} line {line}, column {column}: {cause._why}",  # noqa: SLF001  (its only way to say why)
            hint="this is no Turtle; open the text there, nothing was read",
        ) from cause
    except UnicodeDecodeError as cause:
        raise Corrupt(
            f"{name} is no UTF-8 text at byte {cause.start}", hint="save it as UTF-8"
        ) from cause
    except RecursionError as cause:
        raise Corrupt(f"{name} is nested too deep", hint="a model has few levels") from cause
    except (
        ValueError,
        IndexError,
        AssertionError,
        KeyError,
    ) as cause:  # what its parser meets unprepared
        raise Corrupt(
            f"{name} is no Turtle: {cause}", hint="check the file with a validator"
        ) from cause
    return graph


def _position(cause: BadSyntax) -> tuple[int, int]:
    """Line and column, from 1."""
    text, at = cause._str, cause._i  # noqa: SLF001  (BadSyntax has no public ones)
    before = text[:at] if isinstance(text, str) else text[:at].decode("utf-8", "replace")
    return cause.lines + 1, at - (before.rfind("\n") + 1) + 1


class _Reader:
    """One graph being read."""

    def __init__(self, graph: Graph, name: str) -> None:
        self._graph = graph
        self._name = name
        self._notes: list[Note] = []
        self._ids: dict[Any, str] = {}
        self._meanings: dict[Any, tuple[str, Meaning]] = {}
        self._relations: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
        self._zones: set[str] = set()
        self._unread: Counter[str] = Counter()

    def source(self) -> Source:
        self._sort_out()
        self._classes()
        tags = {node: self._entity(node) for node in self._meanings}
        for relation in RELATIONS:
            for subject, target in dict.fromkeys(self._relations[relation]):
                self._relate(relation, subject, target, tags)
        self._points(tags)
        self._sites(tags)
        for name, count in self._unread.items():
            self._note(name, f"was not understood: {count} left out")
        return source_of(tags.values(), self._name, self._notes)

    def _note(self, place: str, says: str, hint: str = "") -> None:
        self._notes.append(Note(f"{self._name}: {place}", says, hint))

    def _sort_out(self) -> None:
        """Relations in one direction; predicates of Brick that are neither relation nor attribute."""
        for subject, predicate, target in self._graph:
            name = _brick_name(predicate)
            if name is None:
                continue
            if name in INVERSE:
                self._relations[INVERSE[name]].append((target, subject))
            elif name in RELATIONS:
                self._relations[name].append((subject, target))
            elif name not in _ATTRIBUTES:
                self._unread[f"brick:{name}"] += 1

    def _classes(self) -> None:
        """What each node is; a note for each class that means nothing to us."""
        strange: Counter[str] = Counter()
        words: dict[str, tuple[str, ...]] = {}
        pointed = {target for _, target in self._relations["hasPoint"]}
        for node in sorted({s for s in self._graph.subjects(RDF.type) if isinstance(s, URIRef)}):
            found = self._meaning(node)
            if found is None and node in pointed:
                found = ("Point", Meaning("point", ("point",)))
            if found is None:
                strange.update(self._brick_types(node))
                continue
            self._meanings[node] = found
            if found[1].unknown:
                words[found[0]] = found[1].unknown
        self._site_above()
        for name, count in strange.items():
            self._note(
                f"brick:{name}",
                f"means nothing here: {count} left out",
                "name the class by a Brick class",
            )
        for name, unknown in words.items():
            self._note(
                f"brick:{name}",
                f"read without {', '.join(unknown)}",
                "add what is missing to the tags",
            )
        self._name_ids()

    def _meaning(self, node: Any) -> tuple[str, Meaning] | None:
        """The class that says most, the file's own subclasses climbed."""
        front, seen = list(self._graph.objects(node, RDF.type)), set()
        found: list[tuple[str, Meaning]] = []
        for _ in range(MAX_SUPERCLASSES):
            for kind in front:
                name = _brick_name(kind)
                meaning = meaning_of(name) if name else None
                if name and meaning:
                    found.append((name, meaning))
            if found or not front:
                break
            seen.update(front)
            front = [
                up
                for kind in front
                for up in self._graph.objects(kind, RDFS.subClassOf)
                if up not in seen
            ]
        return max(found, key=lambda pair: (len(pair[1].tags), pair[0])) if found else None

    def _brick_types(self, node: Any) -> Iterator[str]:
        """The names of a node's classes, where one of Brick's is among them."""
        for kind in self._graph.objects(node, RDF.type):
            if (name := _brick_name(kind)) is not None:
                yield name

    def _site_above(self) -> None:
        """Haystack's site is one building: a Brick site around buildings has no entity of its own."""
        sites = {node: name for node, (name, what) in self._meanings.items() if what.kind == "site"}
        if "Building" in sites.values():
            for node in [node for node, name in sites.items() if name == "Site"]:
                del self._meanings[node]
                self._note(
                    _local(node),
                    "a site of several buildings is left out: each building is a site here",
                )

    def _name_ids(self) -> None:
        """A ref for each node: its local name, with its namespace's where two share one."""
        taken: set[str] = set()
        for node in self._meanings:
            id = base = re.sub(r"[^a-zA-Z0-9_:\-.~]", "-", _local(node)) or "entity"
            number = 2
            while id in taken:
                id, number = f"{base}-{number}", number + 1
            taken.add(id)
            self._ids[node] = id
            if "zone" in self._meanings[node][1].tags:
                self._zones.add(id)
            if id != base:
                self._note(str(node), f"another is called {base} too: this one becomes @{id}")

    def _entity(self, node: Any) -> dict[str, Any]:
        name, meaning = self._meanings[node]
        label = next((str(o) for o in self._graph.objects(node, RDFS.label)), "")
        dis = label or _local(node).replace("_", " ")
        return {
            "id": Ref(self._ids[node], dis), "dis": dis, **dict.fromkeys(meaning.tags, MARKER),
            "brickClass": name, "uri": Uri(str(node)),
        }  # fmt: skip

    def _relate(
        self, relation: str, subject: Any, target: Any, tags: dict[Any, dict[str, Any]]
    ) -> None:
        """Write one relation, `subject relation target`, as a ref on the entity that holds it."""
        if subject not in tags or target not in tags:
            missing = target if subject in tags else subject
            self._note(
                _local(subject),
                f"{relation} {_local(target)}: {_local(missing)} is not in the model",
            )
            return
        kinds = self._meanings[subject][1].kind, self._meanings[target][1].kind
        if relation == "feeds":
            self._feed(subject, target, tags)
        elif relation == "meters":
            self._put(tags[subject], "meterOf", Ref(self._ids[target]))
        elif relation == "isSubMeterOf":
            self._put(tags[subject], "submeterOf", Ref(self._ids[target]))
        elif relation == "hasLocation":
            self._put(tags[subject], _container(kinds[1]), Ref(self._ids[target]))
        else:
            self._put(tags[target], _container(kinds[0]), Ref(self._ids[subject]))

    def _feed(self, supplier: Any, user: Any, tags: dict[Any, dict[str, Any]]) -> None:
        held = tags[supplier]
        tag = next((tag for needs, tag in _SUPPLIES if all(need in held for need in needs)), None)
        if tag is None:
            self._note(
                _local(supplier), f"feeds {_local(user)}: what flows is not known",
                "add airRef, chilledWaterRef, hotWaterRef, condenserWaterRef or elecRef by hand",
            )  # fmt: skip
            return
        before = tags[user].get(tag)
        ref = Ref(self._ids[supplier])
        tags[user][tag] = (
            ref if before is None else [*(before if isinstance(before, list) else [before]), ref]
        )

    def _put(self, held: dict[str, Any], tag: str, ref: Ref) -> None:
        """One ref to what contains it; a floor before a zone, the first before the others."""
        before = held.get(tag)
        if before is None or before == ref:
            held[tag] = ref
            return
        kept, other = (
            (ref, before)
            if before.id in self._zones and ref.id not in self._zones
            else (before, ref)
        )
        held[tag] = kept
        self._note(
            f"@{held['id'].id}",
            f"{tag} is @{kept.id}; @{other.id} is left out",
            "an entity has one",
        )

    def _points(self, tags: dict[Any, dict[str, Any]]) -> None:
        """Water sides, kind, unit, value and references of points."""
        by_id = {held["id"].id: held for held in tags.values()}
        for node, held in tags.items():
            meaning = self._meanings[node][1]
            if meaning.kind != "point":
                continue
            owner = by_id.get(held["equipRef"].id, {}) if "equipRef" in held else {}
            markers = water_sides(meaning.tags, owner)
            for tag in meaning.tags:
                held.pop(tag, None)
            held.update(dict.fromkeys(markers, MARKER))
            if kind := value_kind(markers):
                held["kind"] = kind
            self._unit(node, held)
            self._value(node, held)
            self._references(node, held)

    def _unit(self, node: Any, held: dict[str, Any]) -> None:
        for unit in self._about(node, "hasUnit"):
            name = _local(unit) if isinstance(unit, URIRef) else str(unit)
            shown = UNITS.get(name) if isinstance(unit, URIRef) else symbol(name)
            if shown is None:
                self._note(
                    _local(node), f"the unit {name} is not known", "add its `unit` tag by hand"
                )
            elif shown:
                held["unit"] = shown

    def _value(self, node: Any, held: dict[str, Any]) -> None:
        for value in self._about(node, "value"):
            found = value.toPython() if isinstance(value, Literal) else None
            if isinstance(found, bool):
                held["curVal"] = found
            elif isinstance(found, (int, float, Decimal)):
                held["curVal"] = Number(float(found), str(held.get("unit", "")))
            else:
                self._note(_local(node), f"its value {value} is no number and no state")

    def _references(self, node: Any, held: dict[str, Any]) -> None:
        """Where its history and its field device are: `timeseriesId`, `bacnetObject`."""
        series = [*self._about(node, "timeseries"), *self._about(node, "hasExternalReference")]
        for reference in series:
            for predicate, value in self._graph.predicate_objects(reference):
                name = _local(predicate)
                if name == "hasTimeseriesId":
                    held |= {"timeseriesId": str(value), "his": MARKER}
                elif name == "object-identifier":
                    held["bacnetObject"] = str(value)
                elif name == "objectOf":
                    held["bacnetDevice"] = (
                        str(value) if isinstance(value, Literal) else _local(value)
                    )

    def _about(self, node: Any, name: str) -> list[Any]:
        """What a node says under this local name, in Brick's or its reference namespace; blank nodes opened."""
        found = [o for p, o in self._graph.predicate_objects(node) if _local(p) == name]
        inner = [v for o in found if isinstance(o, BNode) for v in self._about_blank(o)]
        return [
            o
            for o in found
            if not isinstance(o, BNode) or name in ("timeseries", "hasExternalReference")
        ] + (inner if name in ("value", "hasUnit") else [])

    def _about_blank(self, node: BNode) -> list[Any]:
        """`[ brick:value 5 ]` around a value."""
        return [o for p, o in self._graph.predicate_objects(node) if _local(p) == "value"]

    def _sites(self, tags: dict[Any, dict[str, Any]]) -> None:
        """`siteRef` for all: the site above, or the only one there is."""
        by_id = {held["id"].id: held for held in tags.values()}
        sites = [held["id"] for held in tags.values() if "site" in held]
        for held in tags.values():
            if "site" in held or "siteRef" in held:
                continue
            above = _climb(held, by_id) or (sites[0] if len(sites) == 1 else None)
            if above is not None:
                held["siteRef"] = Ref(above.id)


def _climb(held: Tags, by_id: dict[str, dict[str, Any]]) -> Ref | None:
    """The siteRef of the nearest container that has one."""
    for _ in range(MAX_SUPERCLASSES):
        if "siteRef" in held:
            return Ref(held["siteRef"].id)
        tag = next((t for t in ("equipRef", "spaceRef", "systemRef") if t in held), None)
        if tag is None or held[tag].id not in by_id:
            return None
        held = by_id[held[tag].id]
    return None


def _container(kind: str) -> str:
    return {"site": "siteRef", "space": "spaceRef", "system": "systemRef"}.get(kind, "equipRef")


def _brick_name(term: Any) -> str | None:
    found = _BRICK.fullmatch(str(term))
    return found.group(1) if found else None


def _local(term: Any) -> str:
    """The last part of an IRI."""
    text = str(term)
    return re.split(r"[#/]", text.rstrip("#/"))[-1] or text
