"""STANDARD: the taxonomy that ships with Plantroom, built from indented tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ontology.definitions.equip_table import EQUIP, SPACES
from ontology.definitions.model import Def, Definitions
from ontology.definitions.science_table import PHENOMENA, QUANTITIES
from ontology.definitions.tag_table import MARKERS, POINTS, REFS, VALUES

_INDENT: Final = 2


def read_table(table: str) -> Iterator[Def]:
    """Defs of an indented table: deeper is a subtype; after `=` stand further marker sets that suffice.

    >>> [(d.name, d.supers) for d in read_table("equip" + chr(10) + "  fan-motor = fan equip")]
    [('equip', ()), ('fan-motor', ('equip',))]
    """
    above: list[str] = []
    for line in table.splitlines():
        text = line.strip()
        if text:
            depth = (len(line) - len(line.lstrip())) // _INDENT
            name, _, sets = (part.strip() for part in text.partition("="))
            also = tuple(frozenset(one.split()) for one in sets.split("|") if one.strip())
            yield Def(name, tuple(above[depth - 1 : depth]) if depth else (), also)
            above[depth:] = [name]


def _standard() -> Definitions:
    found: dict[str, Def] = {}
    tables = (EQUIP, SPACES, POINTS, PHENOMENA, QUANTITIES, REFS, VALUES, MARKERS)
    for row in (row for table in tables for row in read_table(table)):
        # a name that stands in two places has both supertypes
        known = found.get(row.name, row)
        supers = tuple(dict.fromkeys(known.supers + row.supers))
        found[row.name] = Def(row.name, supers, tuple(dict.fromkeys(known.also + row.also)))
    return Definitions(found.values())


STANDARD: Final = _standard()
"""Written as facts from https://project-haystack.org/doc; extended by `ontology.import_defs`."""
