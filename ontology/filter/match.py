"""Does an entity match a filter? The plain reading of the standard; `ontology.index` gives the same, faster."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

from ontology.definitions import STANDARD, Definitions
from ontology.filter.nodes import Compare, Has, IsA, Missing, Node, Or, Path
from ontology.filter.parse import parse
from ontology.kinds import Number, Ref, Symbol, Uri
from ontology.zones import city_of

Resolve: TypeAlias = Callable[[Ref], Mapping[str, Any] | None]
Matches: TypeAlias = Callable[[Mapping[str, Any], Resolve], bool]

_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@lru_cache(maxsize=1024)
def parse_filter(text: str, defs: Definitions = STANDARD) -> Matches:
    """The predicate a filter names. Raises BadRequest with the column of what was not understood.

    >>> matches = parse_filter("ahu and not doas")
    >>> matches({"ahu": True}, lambda ref: None)
    True
    """
    return _predicate(parse(text), defs)


def walk(tags: Mapping[str, Any], path: Path, resolve: Resolve) -> Iterator[Any]:
    """The values at the end of a path; several where a list of refs forks it.

    A path leads through refs, nested dicts and into a DateTime (`ts->date`, `->time`, `->tz`).
    """
    value = tags.get(path[0])
    if value is None:
        return
    if len(path) == 1:
        yield value
        return
    for item in _ways(value):
        if isinstance(item, dt.datetime):
            part = _part_of(item, path[1]) if len(path) == 2 else None
            if part is not None:
                yield part
            continue
        onward = resolve(item) if isinstance(item, Ref) else item
        if isinstance(onward, Mapping):
            yield from walk(onward, path[1:], resolve)


def holds(found: Any, op: str, wanted: Any) -> bool:
    """Whether a stored value stands in relation `op` to a literal. Never raises.

    Of a list of refs any may match ("Ref Lists" of the standard). Numbers are equal or ordered only
    within one unit. What exists and is not equal is `!=`, whatever its kind.
    """
    if isinstance(found, (list, tuple)):
        refs = [item for item in cast("Sequence[object]", found) if isinstance(item, Ref)]
        if refs:
            return any(holds(ref, op, wanted) for ref in refs)
    alike = _alike(found, wanted)
    if op == "==":
        return alike and bool(found == wanted)
    if op == "!=":
        return not (alike and found == wanted)
    return alike and _ORDERS[op](ordered(found), ordered(wanted))


def ordered(value: Any) -> Any:
    """What a scalar is sorted by within its kind and unit."""
    if isinstance(value, Number):
        return value.value
    if isinstance(value, Ref):
        return value.id
    if isinstance(value, Symbol):
        return value.name
    return value.uri if isinstance(value, Uri) else value


def is_a(tags: Mapping[str, Any], name: str, defs: Definitions) -> bool:
    """Whether an entity is a `name`: by its `spec` tag or by the markers that make one.

    A Xeto name means a nominal type: where an entity says its `spec`, that decides alone.
    """
    spec = tags.get("spec")
    if isinstance(spec, Ref) and (is_spec(spec, name, defs) or IsA(name).is_spec):
        return is_spec(spec, name, defs)
    return any(needed <= tags.keys() for needed in markers_of(name, defs))


@lru_cache(maxsize=4096)
def is_spec(spec: Ref, name: str, defs: Definitions) -> bool:
    """Whether an entity's spec is called `name`, with or without its library, or inherits from it."""
    return name in (spec.id, spec.id.rsplit("::", 1)[-1]) or defs.is_a(spec.id, name)


@lru_cache(maxsize=4096)
def markers_of(name: str, defs: Definitions) -> tuple[frozenset[str], ...]:
    """Sets of markers that suffice to be a `name`; a def nobody knows is the conjunct of its parts."""
    known = defs.alternatives(name)
    if known or IsA(name).is_spec:
        return known
    return (frozenset(name.split("-")),)


def _predicate(node: Node, defs: Definitions) -> Matches:
    if isinstance(node, Has):
        path = node.path
        return lambda tags, get: any(True for _ in walk(tags, path, get))
    if isinstance(node, Missing):
        path = node.path
        return lambda tags, get: not any(True for _ in walk(tags, path, get))
    if isinstance(node, Compare):
        one = node
        return lambda tags, get: any(
            holds(found, one.op, one.value) for found in walk(tags, one.path, get)
        )
    if isinstance(node, IsA):
        name = node.name
        return lambda tags, _get: is_a(tags, name, defs)
    terms = [_predicate(term, defs) for term in node.terms]
    if isinstance(node, Or):
        return lambda tags, get: any(term(tags, get) for term in terms)
    return lambda tags, get: all(term(tags, get) for term in terms)


def _ways(value: Any) -> Iterator[Any]:
    """Where a path can go on from a value."""
    if isinstance(value, (list, tuple)):
        yield from (item for item in value if isinstance(item, Ref))
    else:
        yield value


def _part_of(instant: dt.datetime, name: str) -> Any:
    if name == "tz":
        return city_of(instant)
    return {"date": instant.date(), "time": instant.time()}.get(name)


def _alike(found: Any, wanted: Any) -> bool:
    """Same kind, and for numbers the same unit."""
    if isinstance(found, Number) and isinstance(wanted, Number):
        return found.unit == wanted.unit
    return type(found) is type(wanted)
