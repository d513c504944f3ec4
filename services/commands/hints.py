"""Why a filter finds nothing, beyond counts: a name nobody knows, a unit or a kind the model has otherwise."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ontology.codec import zinc
from ontology.definitions import Definitions
from ontology.definitions.camel import lower_first, plain_name
from ontology.filter import And, Compare, Has, IsA, Missing, Node, Or
from ontology.index import EntityIndex
from ontology.kinds import Coord, Grid, Number, Ref, Symbol, Uri, XStr

_VALUES: Final = 1_000
"""Values of a tag looked at, the most common first."""
_SHOWN: Final = 3
_CLOSE: Final = 0.65

_KINDS: Final[tuple[tuple[type, str], ...]] = (
    # a bool is an int and a datetime is a date: the narrower come first
    (bool, "Bool"), (Number, "Number"), (Ref, "Ref"), (Symbol, "Symbol"), (Uri, "Uri"), (Coord, "Coord"),
    (XStr, "XStr"), (dt.datetime, "DateTime"), (dt.date, "Date"), (dt.time, "Time"), (str, "Str"),
    (Grid, "Grid"), (dict, "Dict"),
)  # fmt: skip


def hints(node: Node, index: EntityIndex, defs: Definitions) -> list[dict[str, str]]:
    """For each part of a filter that nothing passes: the part, and what is odd about it."""
    found = []
    for part in _leaves(node):
        says = ""
        if isinstance(part, IsA):
            says = _unknown_name(part.name, index, defs)
        elif isinstance(part, Compare) and not index.count(str(part)):
            says = _odd_value(part, index)
        if says:
            found.append({"part": str(part), "says": says})
    return found


def unknown_tags(node: Node, index: EntityIndex) -> dict[str, list[str]]:
    """Tags of the filter that nothing here has -> the nearest that something has."""
    names = [name for part in _leaves(node) if not isinstance(part, IsA) for name in _asked(part)]
    return nearest_tags(names, index)


def nearest_tags(names: Sequence[str], index: EntityIndex) -> dict[str, list[str]]:
    """Those of the names that are no tag here -> the nearest that is one."""
    counts = index.tag_counts()
    missing = dict.fromkeys(name for name in names if name not in counts)
    return {name: difflib.get_close_matches(name, counts, n=3, cutoff=_CLOSE) for name in missing}


def _leaves(node: Node) -> Iterator[Has | Missing | Compare | IsA]:
    if isinstance(node, (And, Or)):
        for term in node.terms:
            yield from _leaves(term)
    else:
        yield node


def _asked(part: Has | Missing | Compare | IsA) -> tuple[str, ...]:
    """Tags that must be there for a part to say what its writer meant."""
    if isinstance(part, IsA):
        return ()
    return part.path[:1] if isinstance(part, Missing) else part.path


def _unknown_name(name: str, index: EntityIndex, defs: Definitions) -> str:
    """A def or spec that no definition knows and nothing here is."""
    part = IsA(name)
    if defs.alternatives(name) or index.count(str(part)):
        return ""
    if not part.is_spec:
        near = defs.nearest(name) or _close(name, defs.defs)
        return f"no definition is called {part}" + (f"; nearest: ^{near}" if near else "")
    near = _close(name, defs.specs) or defs.nearest(lower_first(plain_name(name)))
    return f"no spec is called {name}" + (f"; nearest: {_as_spec(near)}" if near else "")


def _as_spec(name: str) -> str:
    return name if "::" in name else f"{name[:1].upper()}{name[1:]}"


def _close(name: str, known: Any) -> str | None:
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=_CLOSE)
    return found[0] if found else None


def _odd_value(part: Compare, index: EntityIndex) -> str:
    """How the tag's values differ from the literal: in kind, in unit, or only in what they are."""
    tag, literal = part.path[-1], part.value
    values = [value for value, _ in index.values(tag, _VALUES)]
    kind = _kind(literal)
    alike = [value for value in values if _kind(value) == kind]
    if not values:
        return ""
    if not alike:
        return _other_kind(part, kind, values)
    if isinstance(literal, Number):
        return _other_unit(tag, literal, [value for value in alike if isinstance(value, Number)])
    if part.op == "==" and isinstance(literal, (str, Ref, Uri)):
        return _other_text(tag, literal, alike)
    return ""


def _other_kind(part: Compare, kind: str, values: Sequence[Any]) -> str:
    tag = part.path[-1]
    kinds = " or ".join(dict.fromkeys(_kind(value) for value in values))
    says = f"{tag} is a {kinds} here, such as {shown(values[0])}; the filter compares with a {kind}"
    if kind == "Date" and "DateTime" in kinds:
        says += f": write {Compare((*part.path, 'date'), part.op, part.value)}"
    return says


def _other_unit(tag: str, literal: Number, values: Sequence[Number]) -> str:
    units = list(dict.fromkeys(value.unit or "" for value in values))
    if (literal.unit or "") in units:
        return ""
    names = ", ".join(unit or "no unit" for unit in units[:_SHOWN])
    asked = f"the filter is in {literal.unit}" if literal.unit else "the filter names no unit"
    return f"{tag} is in {names} here, and {asked}: units are not converted in filters"


def _other_text(tag: str, literal: Any, values: Sequence[Any]) -> str:
    """The texts or refs most like the one that nothing has."""
    names = {_plain(value): value for value in values}
    near = difflib.get_close_matches(_plain(literal), names, n=_SHOWN, cutoff=_CLOSE)
    if not near:
        return ""
    return f"no {tag} is {shown(literal)}; nearest: {', '.join(shown(names[n]) for n in near)}"


def _plain(value: Any) -> str:
    if isinstance(value, Ref):
        return value.id
    return value.uri if isinstance(value, Uri) else str(value)


def _kind(value: Any) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "Marker")


def shown(value: Any) -> str:
    """A value as a filter or a Zinc file writes it; a ref without its name."""
    return f"@{value.id}" if isinstance(value, Ref) else zinc.encode_value(value)
