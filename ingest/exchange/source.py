"""A model somebody brings: its entities, and what in it was not understood."""

from __future__ import annotations

import codecs
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ontology.entity import refs_of
from ontology.errors import Corrupt, Unavailable
from ontology.kinds import Ref, Tags

MAX_BYTES: Final = 512_000_000
"""A file of a million points is about 300 MB; larger ones are split by building."""

VOLATILE: Final = frozenset(
    f"{value}{what}" for value in ("cur", "his", "write") for what in ("Status", "Err")
) | {"curVal", "writeVal", "writeLevel"}
"""Tags that are true for a moment: a model is what stays, so that none of them comes in with one."""

_SPELT: Final = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae",
    "ø": "oe", "Ø": "Oe", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
})  # fmt: skip
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_HEAD: Final = 4096
_NULS: Final = 0.3
"""The share of zero bytes in UTF-16 of Latin letters is about 0.5; in other texts it is 0."""


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
    """Rows as a source, without volatile tags, which are counted in a note.

    Raises Corrupt naming the first row without an id, and every id met twice.
    """
    moments: Counter[str] = Counter()
    entities = tuple(_lasting(tags, moments) for tags in rows)
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
    told = (
        Note(place, f"{tag} of {count} left out", "present values come from the devices themselves")
        for tag, count in sorted(moments.items())
    )
    return Source(entities, (*notes, *told))


def _lasting(tags: Tags, moments: Counter[str]) -> Tags:
    """The tags without volatile ones, which are counted."""
    passing = VOLATILE & tags.keys()
    moments.update(passing)
    return {tag: value for tag, value in tags.items() if tag not in passing} if passing else tags


def id_of(name: str, kind: str) -> str:
    """A name as the text of a ref: letters of Latin alphabets spelt in ASCII, other signs as "-".

    Where nothing remains, as of a Thai name, it is the kind and a hash that is the same each time.

    >>> id_of("Lüftung 1", "equip"), id_of("ห้องเครื่อง", "room")
    ('Lueftung-1', 'room-1099a221')
    """
    spelt = unicodedata.normalize("NFC", name).translate(_SPELT)
    plain = "".join(c for c in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(c))
    id = re.sub(r"[^a-zA-Z0-9_:\-.~]+", "-", plain).strip("-")
    return id or f"{kind}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def encoding_of(body: bytes) -> str:
    """The encoding that a text's first bytes show: its mark, or UTF-16 by its zero bytes; else UTF-8."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return encoding
    head = body[:_HEAD]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) == 0 and max(even, odd) > _NULS * len(head) / 2:
        return "utf-16-le" if odd else "utf-16-be"
    return "utf-8"


def dangling(entities: Iterable[Tags], known: Sequence[str] | frozenset[str] = ()) -> list[Note]:
    """One note for each ref that leads to no entity, in `entities` or among the `known` ids."""
    rows = list(entities)
    ids = {row["id"].id for row in rows} | set(known)
    wanted: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], str] = {}
    for row in rows:
        for tag, ref in refs_of(row):
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
