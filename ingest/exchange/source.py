"""A model somebody brings: its entities, and what in it was not understood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ontology.entity import refs_in
from ontology.errors import Corrupt, Unavailable
from ontology.kinds import Ref, Tags

MAX_BYTES: Final = 512_000_000
"""A file of a million points is about 300 MB; larger ones are split by building."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was left out or guessed: where it stands, what it says, what to do."""

    place: str
    says: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        return {"place": self.place, "says": self.says, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Source:
    """Entities in the order they came, each with an `id` of its own, and notes about the rest."""

    entities: tuple[Tags, ...]
    notes: tuple[Note, ...] = field(default=())


def source_of(rows: Iterable[Tags], place: str, notes: Iterable[Note] = ()) -> Source:
    """Rows as a source. Raises Corrupt naming the first row without an id, and every id met twice."""
    entities = tuple(rows)
    first: dict[str, int] = {}
    twice: list[str] = []
    for number, tags in enumerate(entities, 1):
        ref = tags.get("id")
        if not isinstance(ref, Ref):
            raise Corrupt(
                f"{place}, entity {number}: wanted an id, found {_shown(tags)}",
                hint="every entity needs an `id` tag that is a ref, such as @ahu-1",
            )
        if ref.id in first:
            twice.append(f"@{ref.id} is entity {first[ref.id]} and {number}")
        first.setdefault(ref.id, number)
    if twice:
        more = f" and {len(twice) - 5} more" if len(twice) > 5 else ""
        raise Corrupt(
            f"{place}: the same id twice: {'; '.join(twice[:5])}{more}",
            hint="give each entity an id of its own; nothing was changed",
        )
    return Source(entities, tuple(notes))


def dangling(entities: Iterable[Tags], known: Sequence[str] | frozenset[str] = ()) -> list[Note]:
    """One note for each ref that leads to no entity, in `entities` or among the `known` ids."""
    rows = list(entities)
    ids = {row["id"].id for row in rows} | set(known)
    wanted: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], str] = {}
    for row in rows:
        for tag, value in row.items():
            for ref in refs_in(value) if tag != "id" else ():
                if ref.id not in ids:
                    wanted[tag, ref.id] += 1
                    example.setdefault((tag, ref.id), row["id"].id)
    return [
        Note(
            f"@{example[key]}" + (f" and {count - 1} more" if count > 1 else ""),
            f"{key[0]} names @{key[1]}, which is not there",
            "import what it names too, or correct the ref",
        )
        for key, count in wanted.items()
    ]


def needs_extra(extra: str, what: str, cause: ImportError) -> Unavailable:
    """What to raise where an optional library is not installed."""
    return Unavailable(
        f"reading {what} needs {cause.name or extra}, which is not installed here",
        hint=f'run: pip install "plantroom[{extra}]"',
    )


def _shown(tags: Tags) -> str:
    value: Any = tags.get("id")
    if value is None:
        return f"the tags {', '.join(list(tags)[:5]) or 'none'}"
    return f"{value!r:.60}"
