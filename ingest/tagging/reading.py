"""Which words of a name say the equipment, which the place, and which the point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.tagging.kinds import ENDINGS, NUMBERED, PAIRS, PLAIN, REFINED
from ingest.tagging.words import Word, meaning_of, words_of

_PLACE_WORDS: Final = frozenset(
    [
        "b",
        "l",
        "f",
        "lv",
        "lvl",
        "fl",
        "flr",
        "floor",
        "level",
        "lev",
        "bldg",
        "building",
        "og",
        "ug",
        "eg",
        "wing",
        "z",
        "basement",
        "ชั้น",
        "carpark",
    ]
)
_ROOM_WORDS: Final = frozenset(["r", "rm", "room", "zi", "zimmer", "raum", "ห้อง"])
_CARDINAL: Final = frozenset(["main", "north", "south", "east", "west", "roof", "lobby"])
_WHOLE: Final = frozenset(["meter", "tank"])
"""Kinds named by all words of their level: "Tenant Meter 14"."""
_PARTS: Final = frozenset({"fan", "pump", "tank"})
"""Kinds that are a part of an equipment named before them: the fan of AHU-1.SF-1."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A name read once. `point` are the words of the point, `context` those that name its kind's medium."""

    equip: str
    kind: str
    place: str
    point: tuple[str, ...]
    context: tuple[str, ...] = ()
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    """Words `[first, last)` name an equipment of this kind ("" for a room's)."""

    first: int
    last: int
    kind: str
    context: tuple[str, ...] = ()
    room: bool = False


def read_name(name: str) -> Reading:
    """Split a name into equipment, place and point; blank equipment where none is named.

    >>> read = read_name("B1_L03_VAV_312_ZnTmp")
    >>> read.equip, read.kind, read.place, read.point
    ('VAV_312', 'vav', 'B1_L03', ('zn', 'tmp'))
    """
    words = words_of(name)
    span = _span_of(words)
    if span is None:
        return Reading("", "", _place(name, words), tuple(w.text for w in words if not w.number))
    before, after = words[: span.first], words[span.last :]
    point = _point_words(after) or _point_words(before)
    place = _place(name, before)
    if span.room:
        place = " ".join(
            filter(None, (place, name[words[span.first].start : words[span.last - 1].end]))
        )
    inside = words[span.first : span.last]
    return Reading(
        equip=name[inside[0].start : inside[-1].end],
        kind=span.kind,
        place=place,
        point=point,
        context=span.context,
        numbered=any(word.number for word in inside),
    )


def _point_words(words: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in words if not word.number)


def _span_of(words: Sequence[Word]) -> _Span | None:
    """The equipment named; one without a number gives way to the room that stands in the name."""
    span = _named(words)
    if span and any(word.number for word in words[span.first : span.last]):
        return span
    room = _room(words)
    if span and room:
        return _Span(room.first, room.last, span.kind, room=True)
    return room or span


def _named(words: Sequence[Word]) -> _Span | None:
    """The last equipment the name speaks of; a part (a fan) never hides the whole before it."""
    spans = [span for i in range(len(words)) if (span := _span_at(words, i))]
    whole = [span for span in spans if span.kind not in _PARTS and span.kind != "controller"]
    if whole:
        return whole[-1]
    return spans[-1] if spans else None


def _span_at(words: Sequence[Word], i: int) -> _Span | None:
    pair = PAIRS.get((words[i].text, words[i + 1].text)) if i + 1 < len(words) else None
    kind = pair or NUMBERED.get(words[i].text, "") or _broken(words, i) or _longer(words, i)
    if not kind:
        return None
    head = i + 2 if pair or (words[i].text not in NUMBERED and _broken(words, i)) else i + 1
    last = _identity_end(words, head)
    alone = last == len(words) or words[last].opens
    plain = bool(pair) or words[i].text in PLAIN
    first = _whole_start(words, i) if words[i].text in _WHOLE | {"mtr", "pump", "pmp"} else i
    if (
        last == head
        and not (plain and words[i].opens)
        and not (alone and words[first].opens and last < len(words))
    ):
        return None
    said = tuple(word.text for word in words[first:i])
    return _Span(first, last, _refined(kind, said), said if kind == "tank" else ())


def _broken(words: Sequence[Word], i: int) -> str:
    """A kind whose word broke at a capital: HGrp1."""
    if (
        i + 1 < len(words)
        and not words[i + 1].gap
        and len(words[i].text) + len(words[i + 1].text) > 2
    ):
        return NUMBERED.get(words[i].text + words[i + 1].text, "")
    return ""


def _longer(words: Sequence[Word], i: int) -> str:
    """A kind at the end of a word of the site's own, with a number behind it: CPEF-1."""
    text = words[i].text
    if len(text) > 6 or i + 1 == len(words) or not words[i + 1].number or meaning_of(text).how:
        return ""
    return next((NUMBERED[end] for end in ENDINGS if text.endswith(end)), "")


def _whole_start(words: Sequence[Word], i: int) -> int:
    """Where the level begins that a general word (meter, pump, tank) closes."""
    first = i
    while first > 0 and not words[first].opens and not words[first - 1].number:
        first -= 1
    return first


def _refined(kind: str, said: tuple[str, ...]) -> str:
    meant = {meaning for word in said for meaning in meaning_of(word).of}
    return next((fine for medium, fine in REFINED.get(kind, ()) if medium in meant), kind)


def _identity_end(words: Sequence[Word], head: int) -> int:
    """One past the words that number or name the equipment whose kind ends at `head`."""
    at = head
    while at < len(words) and not (words[at].opens and not _goes_on(words, at)):
        if _numbers(words, at, first=at == head):
            at += 1 if words[at].number else 2
        elif at == head and _names(words[at]):
            at += 1
        else:
            break
    return at


def _goes_on(words: Sequence[Word], at: int) -> bool:
    """A number behind a number and a slash is still the id: VAV 2/01."""
    return at > 0 and words[at].gap == "/" and words[at].number and words[at - 1].number


def _numbers(words: Sequence[Word], at: int, *, first: bool) -> bool:
    """A number, or a letter or two stuck to one (L3, A2)."""
    word = words[at]
    if word.number:
        return first or word.gap != " "
    stuck = at + 1 < len(words) and words[at + 1].number and words[at + 1].gap == ""
    return stuck and len(word.text) <= 2 and (first or word.gap == "-")


def _names(word: Word) -> bool:
    """A proper name behind a hyphen or underscore: AHU-LOBBY, vav_gym. Words of the trade are points."""
    if word.gap not in ("-", "_") or len(word.text) <= 2:
        return False
    return word.text in _CARDINAL or not meaning_of(word.text).how


def _room(words: Sequence[Word]) -> _Span | None:
    """R807, RM101, Room 12: equipment known by its room alone."""
    for i, word in enumerate(words[:-1]):
        after = words[i + 1]
        if (
            word.text in _ROOM_WORDS
            and after.number
            and len(after.text) >= 2
            and after.gap in ("", " ", "-", "_")
        ):
            last = i + 3 if i + 2 < len(words) and _suffix_letter(words[i + 2]) else i + 2
            return _Span(i, last, "", room=True)
    return None


def _suffix_letter(word: Word) -> bool:
    return len(word.text) == 1 and word.gap == ""


def _place(name: str, words: Sequence[Word]) -> str:
    """Building, wing and floor: words such as B1, L03, Floor 3 in the order they stand; "" if none."""
    parts: list[str] = []
    start = -1
    for i, word in enumerate(words[:-1]):
        if word.text in _PLACE_WORDS and words[i + 1].number:
            start = word.start if start < 0 else start
            parts.append(name[word.start : words[i + 1].end])
    return "_".join(parts)


def stem_of(equip: str) -> str:
    """The letters of an equipment's id, which siblings share: "TU" of TU-3-12."""
    return "-".join(word.text for word in words_of(equip) if not word.number)


def point_without(point: tuple[str, ...], equip: str) -> tuple[str, ...]:
    """The point's words without those of its equipment, unless none would be left."""
    named = {word.text for word in words_of(equip)}
    return tuple(word for word in point if word not in named) or point
