"""The tree of a filter -> the set of entities it names; `ontology.filter.match` says what each node means."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pyroaring import BitMap

from ontology.definitions import Definitions
from ontology.filter import (
    And,
    Compare,
    Has,
    IsA,
    Missing,
    Node,
    Or,
    Path,
    holds,
    is_spec,
    markers_of,
    walk,
)
from ontology.index.columns import Columns
from ontology.index.sets import Ints, Slots, flags_of, meet, slots_of
from ontology.index.values import one_by_one
from ontology.kinds import Ref, Tags

Leaf: TypeAlias = Callable[[str, Slots], Slots]
"""Of entities that have the tag at the end of a path: which of them the node means."""


class Selection:
    """Answers nodes over one set of columns. Each method gives a new set, a part of `within`."""

    def __init__(self, columns: Columns, defs: Definitions) -> None:
        self._columns = columns
        self._defs = defs

    def select(self, node: Node, within: Slots) -> Slots:
        """Those of `within` that match."""
        if isinstance(node, And):
            return self._all(node.terms, within)
        if isinstance(node, Or):
            return self._any(node.terms, within)
        if isinstance(node, IsA):
            return self._is_a(node.name, within)
        if isinstance(node, Missing):
            return within - self._path(node.path, _whatever, None, within)
        if isinstance(node, Has):
            return self._path(node.path, _whatever, None, within)
        return self._path(node.path, self._leaf(node), node, within)

    def _all(self, terms: tuple[Node, ...], within: Slots) -> Slots:
        """Tags by intersection, the smallest first; the rest on what is left, the cheapest first."""
        tags = [t.path[0] for t in terms if isinstance(t, Has) and len(t.path) == 1]
        found = meet([within, *map(self._columns.present, tags)])
        rest = [t for t in terms if not isinstance(t, Has) or len(t.path) > 1]
        for term in sorted(rest, key=_cost):
            if not found:
                break
            found = self.select(term, found)
        return found

    def _any(self, terms: tuple[Node, ...], within: Slots) -> Slots:
        found = BitMap()
        for term in terms:
            found |= self.select(term, within - found)
        return found

    def _is_a(self, name: str, within: Slots) -> Slots:
        typed, named = self._specs(name, within & self._columns.present("spec"))
        untyped = within - typed if IsA(name).is_spec else within
        for markers in markers_of(name, self._defs):
            named |= meet([untyped, *map(self._columns.present, markers)])
        return named

    def _specs(self, name: str, base: Slots) -> tuple[Slots, Slots]:
        """Those of `base` that say their `spec` by a ref; those of them whose spec is a `name`."""
        row = self._columns.table.row
        specs = [(slot, (row(slot) or {})["spec"]) for slot in base]
        typed = [(slot, spec) for slot, spec in specs if isinstance(spec, Ref)]
        named = [slot for slot, spec in typed if is_spec(spec, name, self._defs)]
        return BitMap([slot for slot, _ in typed]), BitMap(named)

    def _leaf(self, node: Compare) -> Leaf:
        op, wanted = node.op, node.value

        def compare(tag: str, base: Slots) -> Slots:
            if isinstance(wanted, Ref) and op == "==":
                return self._columns.links(tag).leading_to(wanted.id, base)
            if isinstance(wanted, Ref) and op == "!=":
                return base - self._columns.links(tag).leading_only_to(wanted.id, base)
            values = self._columns.values(tag, len(base))
            if values is None:
                return one_by_one(tag, op, wanted, base, self._columns.table)
            return values.where(op, wanted, base)

        return compare

    def _path(self, path: Path, leaf: Leaf, node: Compare | None, within: Slots) -> Slots:
        """Those of `within` from which the path leads to a value that the leaf means."""
        base = within & self._columns.present(path[0])
        if len(path) == 1 or not base:
            return leaf(path[0], base) if base else base
        links = self._columns.links(path[0])
        origins, targets = links.from_to(base)
        ends = self._path(path[1:], leaf, node, self._worth_asking(targets, path[1]))
        hit = flags_of(ends, len(self._columns.table))[targets]
        found = slots_of(origins[hit])
        odd = base & links.odd
        return found | self._on_foot(path, node, odd) if odd else found

    def _worth_asking(self, targets: Ints, tag: str) -> Slots:
        """The targets; or all that have the tag, where collecting the targets would cost more."""
        present = self._columns.present(tag)
        return present if len(targets) > len(present) else slots_of(targets)

    def _on_foot(self, path: Path, node: Compare | None, slots: Slots) -> Slots:
        """Paths into dicts and DateTimes, as the plain reading goes."""
        row = self._columns.table.row

        def matches(tags: Tags) -> bool:
            ends = walk(tags, path, lambda ref: self._columns.table.get(ref.id))
            return any(node is None or holds(end, node.op, node.value) for end in ends)

        return BitMap([slot for slot in slots if matches(row(slot) or {})])


def _whatever(_tag: str, base: Slots) -> Slots:
    return base


def _cost(term: Node) -> int:
    """Which kind of term to try first: those that only combine bitmaps, then columns, then hops."""
    if isinstance(term, (Missing, Has)):
        return 0 if len(term.path) == 1 else 3
    if isinstance(term, Compare):
        return 2 if len(term.path) == 1 else 4
    return 1 if isinstance(term, IsA) else 5
