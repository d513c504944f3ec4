"""What people accepted at this site: the same words on the same kind of equipment mean the same again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from ingest.tagging.raw import Equipment
from ingest.tagging.reading import point_without, read_name, stem_of
from ingest.tagging.words import without_notes

_ENOUGH: Final = 2
"""Points accepted alike before the next is taken without a look."""


class _Accepted(Protocol):
    """A row a person said yes to (`ingest.tagging.review.Accepted`)."""

    @property
    def name(self) -> str: ...
    @property
    def tags(self) -> frozenset[str]: ...
    @property
    def equip(self) -> Equipment: ...


@dataclass(frozen=True, slots=True)
class Lessons:
    """Words of a point on a kind of equipment -> tags accepted for them; stems of ids -> kinds."""

    tags: Mapping[tuple[str, tuple[str, ...]], Counter[frozenset[str]]] = field(
        default_factory=dict
    )
    kinds: Mapping[str, str] = field(default_factory=dict)

    def kind_of(self, equip: str) -> str:
        """The kind people gave equipment whose id has the same letters; "" if none."""
        return self.kinds.get(stem_of(equip), "") if equip else ""

    def tags_of(self, kind: str, point: tuple[str, ...]) -> tuple[frozenset[str] | None, int]:
        """The tags always accepted for these words, and how often; None where people disagreed."""
        seen = self.tags.get((kind, point))
        if not seen or len(seen) > 1:
            return None, 0
        ((tags, count),) = seen.items()
        return tags, count


NONE: Final = Lessons()


def is_enough(count: int) -> bool:
    """Whether so many equal answers make the next one sure."""
    return count >= _ENOUGH


def lessons_of(accepted: Iterable[_Accepted]) -> Lessons:
    """Learn from accepted rows. Kinds are learnt where all rows of the same letters agree."""
    tags: defaultdict[tuple[str, tuple[str, ...]], Counter[frozenset[str]]] = defaultdict(Counter)
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for row in accepted:
        point = point_without(read_name(without_notes(row.name)[0]).point, row.equip.id)
        tags[row.equip.kind, point][row.tags] += 1
        if stem := stem_of(row.equip.id):
            kinds[stem].add(row.equip.kind)
    return Lessons(
        dict(tags), {stem: next(iter(kind)) for stem, kind in kinds.items() if len(kind) == 1}
    )
