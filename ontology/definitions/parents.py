"""What is above a definition: parents nobody defines, and names that are above themselves."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Final

from ontology.definitions.model import Definitions

_DEFS: Final = """
    def marker val scalar bool curVal duration number str ref symbol uri date time dateTime coord xstr bin
    na remove span list dict grid collection choice feature lib op func filetype entity association
    relationship ontology reflect tagOn phenomenon quantity
"""
"""Defs of the language itself: https://project-haystack.org/doc/docHaystack/Defs."""
_TYPES: Final = """
    Obj None Self Scalar Str Number Int Float Bool Uri Ref MultiRef Symbol Date Time DateTime Duration Span
    SpanMode Version TimeZone Unit UnitQuantity NA Remove Marker Coord XStr Bin Buf Choice Enum List Dict Grid
    Collection Seq Func Interface Entity Lib Spec Query And Or Maybe Filter Template Feature LibDepend LibOrg
    LibDependVersions
"""
"""Types of Xeto's own library `sys`."""
_BUILT_IN: Final = frozenset((_DEFS + _TYPES).split())


def loop_in(defs: Definitions) -> list[str]:
    """Names each of which is a kind of the next, the last one being the first; [] where there is no loop."""
    above = {name: list(found.supers) for name, found in defs.defs.items()}
    above |= {name: _bases(defs, name) for name in defs.specs}
    try:
        TopologicalSorter(above).prepare()
    except CycleError as cause:
        # the sorter names each before the one that is a kind of it
        return list(reversed(cause.args[1]))
    return []


def unknown_parents(given: Definitions, known: Definitions) -> Iterator[tuple[str, str]]:
    """Each name in `given` with a parent of it that neither `given` nor `known` defines."""
    everything = known.merged(given)
    for found in given.defs.values():
        for parent in found.supers:
            if parent not in _BUILT_IN and not everything.alternatives(parent):
                yield found.name, parent
    plain = {name.rsplit("::", 1)[-1] for name in everything.specs}
    for spec in given.specs.values():
        for base in spec.bases:
            name = base.rsplit("::", 1)[-1]
            if name not in plain and name not in _BUILT_IN and not everything.alternatives(base):
                yield spec.name, base


def _bases(defs: Definitions, name: str) -> list[str]:
    """Of a spec, as qualified names: a plain base is one of the same library, else no part of a loop."""
    library = name.rsplit("::", 1)[0]
    given = defs.specs[name].bases
    full = [base if "::" in base else f"{library}::{base}" for base in given]
    return [base for base in full if base in defs.specs]
