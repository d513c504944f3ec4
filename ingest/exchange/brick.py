"""A Brick model in Turtle as Haystack entities: classes by table, relations as refs, the rest as notes.

The file is read as it is: no ontology is fetched, no `owl:imports` followed. What it does not say (the
superclasses of Brick's own classes) stands in `ingest.exchange.brick_terms`.
"""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

from rdflib import RDF, RDFS, BNode, Graph, Literal, URIRef
from rdflib.plugins.parsers.notation3 import BadSyntax, RDFSink, SinkParser

from ingest.exchange.brick_terms import UNITS, Meaning, meaning_of, value_kind, water_sides
from ingest.exchange.brick_words import (
    INVERSE,
    READ,
    REFERENCE,
    RELATIONS,
    UNIT,
    VALUE,
    class_of,
    relation_of,
    word_of,
)
from ingest.exchange.source import Note, Source, encoding_of, id_of, source_of
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, Ref, Tags, Uri
from ontology.units import symbol

MAX_TURTLE: Final = 64_000_000
"""Bytes; rdflib takes about 1 kB of memory for each 100 of them."""
MAX_SUPERCLASSES: Final = 20
"""Steps up a file's own subclasses before a circle is assumed."""

BASE: Final = "file:///"
"""What relative IRIs are relative to: never where the file happens to lie."""

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
_WHY: Final = (
    # how rdflib's complaints begin -> what is wrong, in our words
    ("expected directive or statement", "wanted a statement"),
    ("expected '.'", "wanted '.' at the end of the statement"),
    ("expected qname", "wanted a prefix such as brick:"),
    ("expected <uri", "wanted an IRI in < >"),
    ("unterminated URI", "an IRI begins with < and has no >"),
    ("unterminated string", "a text has no closing quote"),
    ("Quote expected", "a text has no closing quote"),
    ("expected propertylist", "wanted a predicate"),
    ("property_list expected", "wanted a predicate"),
    ("objectList expected", "wanted what the predicate leads to"),
    ("']' expected", "wanted ']'"),
    ("EOF", "the text ends within a statement"),
    ("string index out of range", "the text ends within a statement"),
)


def read_brick(path: Path) -> Source:
    """The entities of a Turtle file. Raises BadRequest (too large), Corrupt naming line and column."""
    size = path.stat().st_size
    if size > MAX_TURTLE:
        raise BadRequest(
            f"{path.name} has {size / 1e6:.0f} MB, at most {MAX_TURTLE / 1e6:.0f} are read",
            hint="export one building at a time, without the ontology itself",
        )
    graph, prefixes = _parse(path.read_bytes(), path.name)
    return _Reader(graph, prefixes, path.name).source()


def _parse(body: bytes, name: str) -> tuple[Graph, dict[str, str]]:
    """The graph of a text, and the namespaces by the prefixes it declares."""
    logging.getLogger("rdflib.term").setLevel(logging.ERROR)  # one line for each odd literal else
    encoding = encoding_of(body)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as cause:
        raise Corrupt(
            f"{name} is no {encoding.upper()} text at byte {cause.start}", hint="save it as UTF-8"
        ) from cause
    graph = Graph()
    parser = SinkParser(RDFSink(graph), baseURI=BASE, turtle=True)
    try:
        parser.loadBuf(text)
    except RecursionError as cause:
        raise Corrupt(f"{name} is nested too deep", hint="a model has few levels") from cause
    except BadSyntax as cause:
        raise _corrupt(name, cause.lines + 1, _column(cause), cause._why) from cause  # noqa: SLF001  (its only way to say why)
    except (ValueError, IndexError, AssertionError, KeyError) as cause:  # it meets these unprepared
        raise _corrupt(name, parser.lines + 1, None, str(cause)) from cause
    return graph, {str(k): str(v) for k, v in parser._bindings.items()}  # noqa: SLF001  (as rdflib's own TurtleParser)


def _corrupt(name: str, line: int, column: int | None, why: str) -> Corrupt:
    where = f"{name} line {line}" + (f", column {column}" if column else "")
    says = next((ours for theirs, ours in _WHY if why.startswith(theirs)), f"{why:.200}")
    return Corrupt(f"{where}: {says}", hint="open the text there; nothing was read")


def _column(cause: BadSyntax) -> int | None:
    """The column, from 1; None where the parser does not know, or speaks of another line than its own."""
    text, at = cause._str, cause._i  # noqa: SLF001  (BadSyntax has no public ones)
    before = (
        text[: max(at, 0)]
        if isinstance(text, str)
        else text[: max(at, 0)].decode("utf-8", "replace")
    )
    known = at > 0 and before.count("\n") == cause.lines
    return len(before) - before.rfind("\n") if known else None


class _Reader:
    """One graph being read."""

    def __init__(self, graph: Graph, prefixes: dict[str, str], name: str) -> None:
        self._graph = graph
        self._prefixes = prefixes
        self._name = name
        self._notes: list[Note] = []
        self._ids: dict[Any, str] = {}
        self._meanings: dict[Any, tuple[str, Meaning]] = {}
        self._relations: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
        self._zones: set[str] = set()
        self._known: dict[Any, tuple[str, Meaning] | None] = {}

    def source(self) -> Source:
        self._sort_out()
        self._classes()
        tags = {node: self._entity(node) for node in self._meanings}
        for relation in RELATIONS:
            for subject, target in sorted(set(self._relations[relation]), key=_text):
                self._relate(relation, subject, target, tags)
        self._points(tags)
        self._sites(tags)
        self._unread()
        self._notes.sort(key=lambda note: (note.place, note.says))
        return source_of(tags.values(), self._name, self._notes)

    def _note(self, place: str, says: str, hint: str = "") -> None:
        self._notes.append(Note(f"{self._name}: {place}", says, hint))

    def _sort_out(self) -> None:
        """Relations in one direction."""
        for subject, predicate, target in self._graph:
            name = relation_of(str(predicate))
            if name is None:
                continue
            if name in INVERSE:
                self._relations[INVERSE[name]].append((target, subject))
            else:
                self._relations[name].append((subject, target))

    def _unread(self) -> None:
        """A note for each predicate that said nothing, or said it of what is no point."""
        of_points = frozenset((*UNIT, *VALUE, *REFERENCE))
        unread: Counter[str] = Counter()
        for subject, predicate, _ in self._graph:
            word = self._word(predicate)
            if word in of_points:
                held = self._meanings.get(subject)
                read = isinstance(subject, BNode) or (held is not None and held[1].kind == "point")
            else:
                read = _is_schema(predicate) or word in READ or relation_of(predicate) is not None
            unread[word] += not read
        for word, count in unread.items():
            if count:
                self._note(word, f"was not understood: {count} left out")

    def _classes(self) -> None:
        """What each node is; a note for each class that means nothing to us."""
        strange: Counter[str] = Counter()
        nameless: Counter[str] = Counter()
        pointed = {target for _, target in self._relations["hasPoint"]}
        for node in sorted(set(self._graph.subjects(RDF.type)), key=str):
            kinds = sorted(set(self._graph.objects(node, RDF.type)), key=str)
            found = [meaning for kind in kinds if (meaning := self._meaning(kind))]
            strange.update(self._word(kind) for kind in kinds if not self._says_something(kind))
            if not found and node in pointed:
                found = [("Point", Meaning("point", ("point",)))]
            if isinstance(node, URIRef) and found:
                self._meanings[node] = max(found, key=lambda pair: (len(pair[1].tags), pair[0]))
            else:
                nameless.update(f"brick:{name}" for name, _ in found)
        self._site_above()
        for word, count in strange.items():
            self._note(
                word, f"means nothing here: {count} left out", "name the class by a Brick class"
            )
        for word, count in nameless.items():
            self._note(word, f"has things without a name: {count} left out", "give each an IRI")
        for name, unknown in {n: what.unknown for n, what in self._meanings.values()}.items():
            if unknown:
                says = f"read without {', '.join(unknown)}"
                self._note(f"brick:{name}", says, "add what is missing to the tags")
        self._name_ids()

    def _meaning(self, kind: Any) -> tuple[str, Meaning] | None:
        if kind not in self._known:
            self._known[kind] = self._climbed(kind)
        return self._known[kind]

    def _climbed(self, kind: Any) -> tuple[str, Meaning] | None:
        """What a class means, the file's own subclasses climbed; the class that says most of those found."""
        front, seen = [kind], {kind}
        for _ in range(MAX_SUPERCLASSES):
            names = [name for up in front if (name := class_of(str(up)))]
            found = [(name, meaning) for name in names if (meaning := meaning_of(name))]
            if found:
                return max(found, key=lambda pair: (len(pair[1].tags), pair[0]))
            above = {up for one in front for up in self._graph.objects(one, RDFS.subClassOf)}
            front = sorted(above - seen, key=str)
            seen |= above
        return None

    def _says_something(self, kind: Any) -> bool:
        return _is_schema(kind) or self._word(kind) in READ or self._meaning(kind) is not None

    def _word(self, term: Any) -> str:
        """An IRI with its prefix, such as `brick:feeds`; whole where nobody named its namespace."""
        if found := word_of(str(term)):
            return ":".join(found)
        spaces = [
            (len(n), f"{p}:{term[len(n) :]}")
            for p, n in self._prefixes.items()
            if term.startswith(n)
        ]
        return max(spaces)[1] if spaces else str(term)

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
            id = base = id_of(_local(node), self._meanings[node][1].kind)
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
        labels = [(getattr(o, "language", None) not in (None, "en"), str(o))
                  for o in self._graph.objects(node, RDFS.label)]  # fmt: skip
        label = min(labels)[1] if labels else ""
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
            if values := self._about(node, VALUE):
                held["curVal"] = str(values[0])
            self._references(node, held)

    def _unit(self, node: Any, held: dict[str, Any]) -> None:
        for unit in self._about(node, UNIT):
            name = _local(unit) if isinstance(unit, URIRef) else str(unit)
            shown = UNITS.get(name) if isinstance(unit, URIRef) else symbol(name)
            if shown is None:
                self._note(
                    _local(node), f"the unit {name} is not known", "add its `unit` tag by hand"
                )
            elif shown:
                held["unit"] = shown

    def _references(self, node: Any, held: dict[str, Any]) -> None:
        """Where its history and its field device are: `timeseriesId`, `bacnetObject`."""
        for reference in self._about(node, REFERENCE):
            for predicate, value in sorted(self._graph.predicate_objects(reference), key=_text):
                match word_of(str(predicate)):
                    case "brick" | "ref", "hasTimeseriesId":
                        held |= {"timeseriesId": str(value), "his": MARKER}
                    case "bacnet", "object-identifier":
                        held["bacnetObject"] = str(value)
                    case "bacnet", "objectOf":
                        literal = isinstance(value, Literal)
                        held["bacnetDeviceId"] = str(value) if literal else _local(value)

    def _about(self, node: Any, words: tuple[str, ...]) -> list[Any]:
        """What a node says under these words; `[ brick:value 5 ]` around a value or unit opened."""
        said = [o for p, o in self._graph.predicate_objects(node) if self._word(p) in words]
        found = [
            inner
            for one in said
            for inner in (
                self._about(one, VALUE) if isinstance(one, BNode) and words != REFERENCE else [one]
            )
        ]
        return sorted(found, key=str)

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


def _text(terms: tuple[Any, Any]) -> tuple[str, str]:
    """What two terms are sorted by: literals of different types have no order of their own."""
    return str(terms[0]), str(terms[1])


def _is_schema(term: Any) -> bool:
    """Whether an IRI speaks of vocabularies rather than of a building."""
    found = word_of(str(term))
    return found is not None and found[0] == "schema"


def _local(term: Any) -> str:
    """The last part of an IRI."""
    text = str(term)
    return re.split(r"[#/]", text.rstrip("#/"))[-1] or text
