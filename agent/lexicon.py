"""Which words this building's model knows: its tags, kinds, roles and units, with how often each occurs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz.fuzz import ratio

from ontology.defs import ROLE
from ontology.entity import Entity
from ontology.kinds import MARKER

NEAR_PCT: Final = 87.0
"""Likeness of two spellings from which one is offered for the other: one letter in seven may differ."""
MIN_PART: Final = 4
"""Letters of a word that may stand for a longer one that begins with it."""
_SAME: Final = {
    # a word of the trade -> the tag Haystack has for it
    "temperature": "temp", "electricity": "elec", "electric": "elec", "electrical": "elec", "setpoint": "sp",
    "occupancy": "occ", "occupied": "occ", "outdoor": "outside", "ambient": "outside", "command": "cmd", "supply": "discharge",
    "cooling": "cool", "heating": "heat", "amps": "current", "voltage": "volt", "refrigerant": "refrig", "delivery": "discharge",
    "carbon": "co2", "fan-coil": "fcu", "differential": "delta",
}  # fmt: skip
_BETWEEN: Final = frozenset(("and", "the", "of", "a", "an", "in", "for", "or"))
_PIECE: Final = re.compile(r"[A-Z]?[a-z]+\d*|[A-Z]+(?![a-z])|\d+|[^\x00-\x7f]+")


@dataclass(frozen=True)
class Words:
    """What some entities are called, each with how many of them are."""

    tags: Mapping[str, int] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    roles: Mapping[str, int] = field(default_factory=dict)
    units: Mapping[str, int] = field(default_factory=dict)
    having: int = 0
    """Entities that have every word asked for."""
    named: tuple[str, ...] = ()
    """Ids of equipment and places with every word asked for in their name."""

    @property
    def known(self) -> bool:
        return self.having > 0


class Lexicon:
    """The vocabulary of some entities. Built once, then only reads; it holds counts, never entities."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._tags: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._roles: Counter[str] = Counter()
        self._units: Counter[str] = Counter()
        self._shapes: Counter[frozenset[str]] = Counter()
        names: defaultdict[str, list[str]] = defaultdict(list)
        for entity in entities:
            marks = [tag for tag, value in entity.tags.items() if value is MARKER]
            self._tags.update(marks)
            self._shapes[frozenset(marks)] += 1
            if entity.is_point:
                self._roles.update([entity.role.name] if entity.role else ())
                self._units.update([entity.unit] if entity.unit else ())
            else:
                self._kinds.update([entity.kind] if entity.kind else ())
                names[f"{entity.id} {entity.dis}"].append(entity.id)
        self._names = {words_of(name, once=False): tuple(ids) for name, ids in names.items()}
        self._pieces = {shape: _pieces_of(shape) for shape in self._shapes}

    def look_up(self, text: str, count: int) -> Words:
        """The `count` words of each sort nearest to a text; those that share a word with it come first."""
        wanted = words_of(text)
        having = sum(n for shape, n in self._shapes.items() if _covers(self._pieces[shape], wanted))
        named = [id for words, ids in self._names.items() if _says(words, wanted) for id in ids]
        return Words(
            _nearest(self._tags, wanted, count),
            _nearest(self._kinds, wanted, count),
            _nearest(self._roles, wanted, count),
            _nearest(self._units, wanted, count),
            having + len(named),
            tuple(named[:count]),
        )

    def most(self, count: int) -> Words:
        """The most frequent words of each sort."""
        sorts = (self._tags, self._kinds, self._roles, self._units)
        tags, kinds, roles, units = (dict(sort.most_common(count)) for sort in sorts)
        return Words(tags, kinds, roles, units)


def words_of(text: str, *, once: bool = True) -> tuple[str, ...]:
    """Words in the spelling of tags, without those that say nothing: "Gas meters" is gas, meter.

    >>> words_of("supply airTemp")
    ('discharge', 'air', 'temp')
    """
    found = (piece.lower() for piece in _PIECE.findall(text))
    plain = (_SAME.get(word, word) for word in found if word not in _BETWEEN)
    words = [_SAME.get(_singular(word), _singular(word)) for word in plain]
    return tuple(dict.fromkeys(words)) if once else tuple(words)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _pieces_of(shape: frozenset[str]) -> frozenset[str]:
    """Every tag and every word within one: `naturalGas` is also "natural" and "gas"."""
    return frozenset(word for tag in shape for word in (tag.lower(), *words_of(tag)))


def _covers(have: Iterable[str], wanted: Sequence[str]) -> bool:
    return bool(wanted) and set(wanted) <= set(have)


def _says(name: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a name has the words one after the other: a "chilled-water plant meter" is no water meter."""
    ends = range(len(name) - len(wanted) + 1)
    return bool(wanted) and any(tuple(name[at : at + len(wanted)]) == tuple(wanted) for at in ends)


def _nearest(terms: Mapping[str, int], wanted: Sequence[str], count: int) -> dict[str, int]:
    """Terms like most of the words, the more frequent first among equals."""
    scored = []
    for term, n in terms.items():
        alike = [score for word in wanted if (score := _likeness(term, word)) >= NEAR_PCT]
        if alike:
            scored.append((-sum(alike), -n, term))
    return {term: terms[term] for _, _, term in sorted(scored)[:count]}


def _likeness(term: str, word: str) -> float:
    """0 to 100: the same word, a part of it, or a similar spelling."""
    return max(_alike(piece, word) for piece in (term.lower(), *_all_of(term)))


def _all_of(term: str) -> Iterator[str]:
    yield from words_of(term)
    if term in ROLE:  # a role is also known by its tags: "chilled-water-leaving-temp" by "supply"
        yield from words_of(ROLE[term].dis)


def _alike(piece: str, word: str) -> float:
    if piece == word:
        return 100.0
    if min(len(piece), len(word)) >= MIN_PART and (
        piece.startswith(word) or word.startswith(piece)
    ):
        return 90.0
    return ratio(piece, word) if len(word) >= MIN_PART else 0.0
