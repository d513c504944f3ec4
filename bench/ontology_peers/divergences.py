"""Where haystack-core 3.0.13 and rusty-haystack 0.7.2 read a filter otherwise than we do, and what the standard's text says.

Each row is a rule that predicts the peer's answer, not an excuse: a difference is explained only if the peer answered what
our reading plus the peer's rows gives, entity by entity. Source of the citations: project-haystack.org, docHaystack, Filters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.ontology_peers.filters import Drawn
from ontology.definitions import STANDARD
from ontology.filter import Compare, Has, IsA, Missing, Node, holds, is_a, parse
from ontology.kinds import Number, Ref, Symbol, Uri

CORE: Final = "haystack-core"
RUSTY: Final = "rusty-haystack"
Resolve = Callable[[Ref], Mapping[str, Any] | None]
Answer = frozenset[str] | None
"""Ids of the entities that match; None: the peer refused the filter or threw."""

INDEXED: Final = frozenset({"area", "curVal", "dis", "equipRef", "kind", "siteRef", "unit"})
"""Tags that rusty-haystack 0.7.2 keeps sorted values of by itself, as found by asking it."""


class Thrown(Exception):
    """The peer stops with an error here."""


@dataclass(frozen=True)
class Divergence:
    """One habit of one peer. At most one of the functions is set."""

    id: str
    peer: str
    says: str
    spec: str
    """Section of the standard and what it has to say."""
    verdict: str
    refuses: Callable[[Node], bool] = lambda _: False
    """Whether the peer does not take a filter with this term."""
    never: Callable[[Node], bool] = lambda _: False
    """Whether this term matches nothing there."""
    blocks: Callable[[Any], bool] = lambda _: False
    """Whether a path does not go on from this value there."""
    compares: Callable[[Any, Compare], bool | None] = lambda _found, _term: None
    """What the peer finds of a stored value; None: as we do. Raises Thrown."""
    looks_at: Callable[[Any, Compare], bool] | None = None
    """Whether an entity with this value is among the candidates that the peer tries the whole filter on."""


def _is_number_pair(found: Any, term: Compare) -> bool:
    return isinstance(found, Number) and isinstance(term.value, Number)


def _of_other_kind(found: Any, term: Compare) -> bool | None:
    return False if term.op == "!=" and type(found) is not type(term.value) else None


def _unit_mismatch(found: Any, term: Compare) -> bool | None:
    if not _is_number_pair(found, term) or term.op in {"==", "!="}:
        return None
    if found.unit and term.value.unit and found.unit != term.value.unit:
        raise Thrown
    return None


def _unit_left_out(found: Any, term: Compare) -> bool | None:
    if not _is_number_pair(found, term) or term.op in {"==", "!="} or found.unit == term.value.unit:
        return None
    return holds(Number(found.value), term.op, Number(term.value.value))


def _of_list(found: Any, _: Compare) -> bool | None:
    return False if isinstance(found, (list, tuple)) else None


def _unordered(found: Any, term: Compare) -> bool | None:
    ordering = term.op not in {"==", "!="}
    return False if ordering and isinstance(found, (Ref, Symbol, Uri, list, tuple)) else None


def _list_of_refs(found: Any, term: Compare) -> bool | None:
    return term.op == "!=" if isinstance(found, (list, tuple)) else None


def _among_sorted(found: Any, term: Compare) -> bool:
    if term.path[0] not in INDEXED or len(term.path) > 1:
        return True
    if not isinstance(term.value, (Number, str)):
        return term.op != "!="
    if isinstance(found, Number) and isinstance(term.value, Number):
        return holds(Number(found.value), term.op, Number(term.value.value))
    return isinstance(found, (Number, str)) and holds(found, term.op, term.value)


def _no_own_id(_: Any, term: Compare) -> bool:
    return term.path != ("id",) or term.op != "=="


def _is_def(node: Node) -> bool:
    return isinstance(node, IsA) and not node.is_spec


def _is_spec(node: Node) -> bool:
    return isinstance(node, IsA) and node.is_spec


DIVERGENCES: Final = (
    Divergence(
        "core-list-compared", CORE, "a list is never == and never != a ref", verdict="peer wrong",
        spec='Ref Lists: "a filter will match if any one of the refs match"', compares=_of_list,
    ),
    Divergence(
        "core-units-differ", CORE, "< <= > >= between two different units throws", verdict="peer wrong",
        spec='Number Comparisons: they "require an exact unit match, otherwise the operator evaluates to false"', compares=_unit_mismatch,
    ),
    Divergence(
        "core-unit-left-out", CORE, "< <= > >= compares bare digits where one side has no unit", verdict="peer wrong",
        spec='Number Comparisons: "5 > 4°F // false"',
        compares=_unit_left_out,
    ),
    Divergence(
        "core-other-kind", CORE, "a value of another kind is not != the literal", verdict="open",
        spec='Usage: "!=" is "not equal to"; Number Comparisons: "123 != 123°F // true", so what differs in unit alone is unequal', compares=_of_other_kind,
    ),
    Divergence(
        "core-def-without-namespace", CORE, "^symbol matches nothing unless official defs are loaded", verdict="by design",
        spec='Overview: some constructs "must be evaluated in the context of a namespace"', never=_is_def,
    ),
    Divergence(
        "core-spec-name", CORE, "a Xeto spec name does not parse", verdict="peer wrong",
        spec='Usage: "You can also use a Xeto spec name to match by nominal typing"', refuses=_is_spec,
    ),
    Divergence(
        "core-parts-of-instant", CORE, "a path does not lead into a DateTime (ts->date)", verdict="ours is an extension",
        spec="Arrow Operator: refs and nested dicts; the date of a timestamp is SkySpark's usage",
        blocks=lambda value: isinstance(value, dt.datetime),
    ),
    Divergence(
        "rusty-def", RUSTY, "^symbol does not parse", verdict="peer wrong",
        spec="Grammar: a term may be a symbol", refuses=_is_def,
    ),
    Divergence(
        "rusty-bool", RUSTY, "true and false do not parse as values", verdict="peer wrong",
        spec='Grammar: <bool> is "true" or "false"',
        refuses=lambda node: isinstance(node, Compare) and isinstance(node.value, bool),
    ),
    Divergence(
        "rusty-spec-without-namespace", RUSTY, "a Xeto spec name matches nothing unless a library is loaded",
        verdict="by design", spec='Usage: "You can also use a Xeto spec name to match by nominal typing"; Overview: in the context of a namespace', never=_is_spec,
    ),
    Divergence(
        "rusty-ref-list-path", RUSTY, "a path does not go on from a list of refs", verdict="peer wrong",
        spec='Ref Lists: "a filter will match if any one of the refs match"', blocks=lambda value: isinstance(value, (list, tuple)),
    ),
    Divergence(
        "rusty-dict-path", RUSTY, "a path does not lead into a nested dict", verdict="peer wrong",
        spec="Arrow Operator: it may also be used if the tag value is a nested Dict", blocks=lambda value: isinstance(value, dict),
    ),
    Divergence(
        "rusty-parts-of-instant", RUSTY, "a path does not lead into a DateTime (ts->date)", verdict="ours is an extension",
        spec="Arrow Operator: refs and nested dicts; the date of a timestamp is SkySpark's usage",
        blocks=lambda value: isinstance(value, dt.datetime),
    ),
    Divergence(
        "rusty-own-id", RUSTY, "id == @x finds nothing: it is looked up among the edges between entities",
        spec="Usage: a tag is compared with the value, `id` like any other", verdict="peer wrong", looks_at=_no_own_id,
    ),
    Divergence(
        "rusty-sorted-values", RUSTY, "!= on a tag it keeps sorted looks at numbers and texts alone, and not at their units",
        spec='Usage: "!=" is "not equal to"; Number Comparisons: "123°C != 123°F // true"', verdict="peer wrong", looks_at=_among_sorted,
    ),
    Divergence(
        "rusty-ref-list-compared", RUSTY, "a list is never == a ref and always != one", verdict="peer wrong",
        spec='Ref Lists: "a filter will match if any one of the refs match"', compares=_list_of_refs,
    ),
    Divergence(
        "rusty-no-order", RUSTY, "refs, symbols and URIs have no order, not even <= of equal ones", verdict="open",
        spec="Grammar: every comparison may take every value; their order is not mentioned", compares=_unordered,
    ),
)  # fmt: skip


def predicted(
    drawn: Drawn, rows: Sequence[Mapping[str, Any]], habits: Sequence[Divergence]
) -> tuple[Answer, frozenset[str]]:
    """What a peer with these habits answers, and the ids of the habits that mattered."""
    by_id = {row["id"]: row for row in rows}
    reading = _Reading(by_id.get, habits)
    try:
        reading.parse(drawn)
        found = frozenset(row["id"].id for row in rows if reading.finds(drawn, row))
    except Thrown:
        return None, frozenset(reading.used)
    return found, frozenset(reading.used)


class _Reading:
    """Our reading of a filter, bent by a peer's habits; left to right and no further than needed, as peers do."""

    def __init__(self, resolve: Resolve, habits: Sequence[Divergence]) -> None:
        self._resolve, self._habits = resolve, habits
        self._indexes = [(habit.id, habit.looks_at) for habit in habits if habit.looks_at]
        self.used: set[str] = set()

    def parse(self, drawn: Drawn) -> None:
        for text in drawn.leaves():
            for habit in self._habits:
                if habit.refuses(parse(text)):
                    self.used.add(habit.id)
                    raise Thrown

    def finds(self, drawn: Drawn, row: Mapping[str, Any]) -> bool:
        return self._looks_at(drawn, row) and self._matches(drawn, row)

    def _looks_at(self, drawn: Drawn, row: Mapping[str, Any]) -> bool:
        """Whether a peer with an index comes by this entity at all."""
        if not self._indexes:
            return True
        if drawn.parts:
            parts = (self._looks_at(part, row) for part in drawn.parts)
            return all(parts) if drawn.joined == "and" else any(parts)
        term = parse(drawn.text)
        if not isinstance(term, (Has, Missing, Compare)):
            return True
        there = term.path[0] in row
        if isinstance(term, Missing):
            return not there or len(term.path) > 1
        return there and (isinstance(term, Has) or self._indexed(row[term.path[0]], term))

    def _indexed(self, found: Any, term: Compare) -> bool:
        for habit, looks_at in self._indexes:
            if not looks_at(found, term):
                self.used.add(habit)
                return False
        return True

    def _matches(self, drawn: Drawn, row: Mapping[str, Any]) -> bool:
        if not drawn.parts:
            return self._term(parse(drawn.text), row)
        parts = (self._matches(part, row) for part in drawn.parts)
        return all(parts) if drawn.joined == "and" else any(parts)

    def _term(self, node: Node, row: Mapping[str, Any]) -> bool:
        for habit in self._habits:
            if habit.never(node):
                self.used.add(habit.id)
                return False
        if isinstance(node, IsA):
            return is_a(row, node.name, STANDARD)
        if isinstance(node, Compare):
            return any(self._compare(found, node) for found in self._walk(row, node.path))
        assert isinstance(node, (Has, Missing))
        there = next(self._walk(row, node.path), None) is not None
        return there if isinstance(node, Has) else not there

    def _walk(self, tags: Mapping[str, Any], path: Sequence[str]) -> Iterator[Any]:
        value = tags.get(path[0])
        if value is None or len(path) == 1:
            yield from () if value is None else (value,)
            return
        for habit in self._habits:
            if habit.blocks(value):
                self.used.add(habit.id)
                return
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dt.datetime) and len(path) == 2:
                yield from [part for name, part in _parts(item) if name == path[1]]
            onward = self._resolve(item) if isinstance(item, Ref) else item
            if isinstance(onward, dict):
                yield from self._walk(onward, path[1:])

    def _compare(self, found: Any, term: Compare) -> bool:
        ours = holds(found, term.op, term.value)
        for habit in self._habits:
            try:
                theirs = habit.compares(found, term)
            except Thrown:
                self.used.add(habit.id)
                raise
            if theirs is not None:
                if theirs != ours:
                    self.used.add(habit.id)
                return theirs
        return ours


def _parts(instant: dt.datetime) -> tuple[tuple[str, Any], ...]:
    return (("date", instant.date()), ("time", instant.time()), ("tz", "UTC"))
