"""Definitions: a taxonomy that answers "is an ahu an equip?" and "which tags make a chiller?"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ontology.definitions import saved
from ontology.definitions.camel import lower_first, plain_name, tags_of_spec

MAX_DEPTH: Final = 64
"""Generations of supertypes; the standard has seven."""
MAX_ALTERNATIVES: Final = 1_000
"""Marker sets for one name; the most general standard def has about a hundred."""

ROOTS: Final = frozenset({"site", "space", "equip", "point", "device", "network", "system"})
"""Markers that the standard makes mandatory on every subtype, so that alone they decide."""
_FUNCTIONS: Final = frozenset({"sensor", "cmd", "sp"})


@dataclass(frozen=True, slots=True)
class Def:
    """A Haystack def. `also`: marker sets that suffice beside the def's own name; `on`: entities that carry it."""

    name: str
    supers: tuple[str, ...] = ()
    also: tuple[frozenset[str], ...] = ()
    on: tuple[str, ...] = ()
    doc: str = ""
    lib: str = ""

    @property
    def markers(self) -> frozenset[str]:
        """The tags that implement it: a conjunct is each of its parts."""
        return frozenset(self.name.split("-"))


@dataclass(frozen=True, slots=True)
class Spec:
    """An Xeto spec: `name` is qualified ("ph::Vav"), `markers` are its own mandatory marker slots.

    Without markers of its own, what suffices to be one of its heirs suffices to be one.
    """

    name: str
    bases: tuple[str, ...] = ()
    markers: frozenset[str] = frozenset()
    slots: tuple[str, ...] = ()
    doc: str = ""


class Definitions:
    """An immutable taxonomy of defs and Xeto specs."""

    def __init__(self, defs: Iterable[Def] = (), specs: Iterable[Spec] = ()) -> None:
        self._defs = {found.name: found for found in defs}
        self._specs = {found.name: found for found in specs}
        self._subs: dict[str, list[str]] = {}
        for found in self._defs.values():
            for base in found.supers:
                self._subs.setdefault(base, []).append(found.name)
        self._spec_names: dict[str, list[str]] = {}
        self._sub_specs: dict[str, list[str]] = {}
        for spec in self._specs.values():
            self._spec_names.setdefault(plain_name(spec.name), []).append(spec.name)
            for base in spec.bases:
                self._sub_specs.setdefault(plain_name(base), []).append(spec.name)
        self._words = frozenset(tag for name in self._defs for tag in name.split("-"))
        more = {tag for one in self._defs.values() for sets in one.also for tag in sets}
        more |= {tag for spec in self._specs.values() for tag in (*spec.markers, *spec.slots)}
        self._tags = self._words | more
        self._found: dict[str, tuple[frozenset[str], ...]] = {}

    @property
    def defs(self) -> Mapping[str, Def]:
        return MappingProxyType(self._defs)

    @property
    def specs(self) -> Mapping[str, Spec]:
        """By qualified name."""
        return MappingProxyType(self._specs)

    @property
    def tags(self) -> frozenset[str]:
        """Every single tag name that a def or spec knows."""
        return self._tags

    def __len__(self) -> int:
        return len(self._defs) + len(self._specs)

    def __contains__(self, name: object) -> bool:
        return name in self._defs or name in self._specs

    def nearest(self, tag: str) -> str | None:
        """The known tag most like an unknown one ("dischage" -> "discharge"); None if nothing is near."""
        # lists in sorted order: among equals the answer must not depend on hashing
        close = difflib.get_close_matches(tag, sorted(self._tags), n=1, cutoff=0.8)
        return close[0] if close else None

    def is_a(self, name: str, base: str) -> bool:
        """Whether a def or spec is another, or a subtype of it.

        >>> from ontology.definitions import STANDARD
        >>> STANDARD.is_a("ahu", "equip"), STANDARD.is_a("ph::Vav", "airTerminalUnit")
        (True, True)
        """
        if name == base or base in self.supertypes(name):
            return True
        mine, theirs = self.alternatives(name), self.alternatives(base)
        return bool(mine) and all(any(wide <= narrow for wide in theirs) for narrow in mine)

    def supertypes(self, name: str) -> frozenset[str]:
        """Every def above this def, and every spec and def above this spec; itself is not among them."""
        found: set[str] = set()
        front = self._above(name)
        for _ in range(MAX_DEPTH):
            front = [above for above in front if above not in found]
            if not front:
                break
            found.update(front)
            front = [further for above in front for further in self._above(above)]
        return frozenset(found - {name})

    def alternatives(self, name: str) -> tuple[frozenset[str], ...]:
        """Sets of marker tags, each of which suffices to be a `name`; () for a name nobody knows.

        A subtype suffices to be its supertype; sets that contain another one are left out.
        """
        known = self._found.get(name)
        if known is None:
            known = self._found[name] = _smallest(self._sets(name))
            if len(self._found) > 10_000:  # names come from filters: strangers must not fill memory
                self._found.clear()
        return known

    def merged(self, other: Definitions) -> Definitions:
        """Both; where both define a name the other's row counts, with the extra marker sets of both.

        A row without supertypes only extends: `defx` and mixins say what a def carries, not what it is.
        """
        defs = dict(self._defs)
        for name, theirs in other._defs.items():
            mine = defs.get(name, theirs)
            also = tuple(dict.fromkeys(mine.also + theirs.also))
            on = tuple(dict.fromkeys(mine.on + theirs.on))
            supers, doc, lib = (
                theirs.supers or mine.supers,
                theirs.doc or mine.doc,
                theirs.lib or mine.lib,
            )
            defs[name] = Def(name, supers, also, on, doc, lib)
        return Definitions(defs.values(), (self._specs | other._specs).values())

    def write(self, path: Path) -> None:
        """As a JSON file, replaced at once or not at all."""
        saved.write(
            path,
            [[d.name, d.supers, [sorted(s) for s in d.also], d.on, d.doc, d.lib] for d in self._defs.values()],
            [[s.name, s.bases, sorted(s.markers), s.slots, s.doc] for s in self._specs.values()],
        )  # fmt: skip

    @classmethod
    def read(cls, path: Path) -> Definitions:
        """What `write` wrote. Raises NotFound or Corrupt."""
        defs, specs = saved.read(path)
        return cls(
            (Def(name, tuple(supers), tuple(frozenset(s) for s in also), tuple(on), doc, lib)
             for name, supers, also, on, doc, lib in defs),
            (Spec(name, tuple(bases), frozenset(markers), tuple(slots), doc)
             for name, bases, markers, slots, doc in specs),
        )  # fmt: skip

    def _above(self, name: str) -> list[str]:
        if name in self._defs:
            return list(self._defs[name].supers)
        specs = self._named(name)
        if not specs:
            known = self._def_of(name)
            return [known] if known else []
        found = [base for spec in specs for base in self._specs[spec].bases]
        return found + [known for base in (name, *found) if (known := self._def_of(base))]

    def _named(self, name: str) -> list[str]:
        """Qualified names of the imported specs a name means; a plain name means those of all libs."""
        return [name] if name in self._specs else self._spec_names.get(name, [])

    def _def_of(self, spec: str) -> str | None:
        """The def with the same name as a spec: "ph::Vav" is `vav`, "ElecMeter" is `elec-meter`."""
        plain = plain_name(spec)
        if not plain[:1].isupper():
            return None
        if lower_first(plain) in self._defs:
            return lower_first(plain)
        conjunct = "-".join(tags_of_spec(plain, self._words))
        return conjunct if conjunct in self._defs else None

    def _sets(self, name: str) -> Iterator[frozenset[str]]:
        if name in self._defs:
            yield from self._sets_of_def(name)
        elif plain_name(name)[:1].isupper():
            yield from self._sets_of_spec(name)
        elif "-" in name and self._tags.issuperset(name.split("-")):
            yield frozenset(name.split("-"))

    def _sets_of_def(self, name: str) -> Iterator[frozenset[str]]:
        seen, front = {name}, [name]
        while front and len(seen) <= MAX_ALTERNATIVES:
            here = front.pop()
            yield self._defs[here].markers
            yield from self._defs[here].also
            if here not in ROOTS:
                below = [sub for sub in self._subs.get(here, ()) if sub not in seen]
                seen.update(below)
                front.extend(below)

    def _sets_of_spec(self, name: str) -> Iterator[frozenset[str]]:
        known = self._def_of(name)
        if known:
            yield from self._sets_of_def(known)
        own = self._named(name)
        if not known and not own:
            tags = frozenset(tags_of_spec(plain_name(name), self._words))
            if tags:
                yield tags | {"point"} if tags & _FUNCTIONS else tags
        seen, front = set(own), list(own)
        while front and len(seen) <= MAX_ALTERNATIVES:
            spec = front.pop()
            if self._specs[spec].markers:
                yield self._markers_of(spec)
            else:
                heirs = [h for h in self._sub_specs.get(plain_name(spec), ()) if h not in seen]
                seen.update(heirs)
                front.extend(heirs)

    def _markers_of(self, spec: str) -> frozenset[str]:
        """Mandatory markers of an imported spec with those of all its bases."""
        found: set[str] = set()
        for above in (spec, *self.supertypes(spec)):
            for name in self._named(above):
                found |= self._specs[name].markers
        return frozenset(found)


def _smallest(sets: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """The sets that contain no other, smallest first, then by name."""
    kept: list[frozenset[str]] = []
    for one in sorted(set(sets), key=lambda s: (len(s), sorted(s))):
        if one and not any(smaller <= one for smaller in kept):
            kept.append(one)
    return tuple(kept)
