"""From a point's name to words, and from a word to what it may mean."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process

from ingest.tagging.lexicon import LETTERS, LEXICON

_WORD: Final = re.compile(
    r"CO2|[A-Z]+?(?=CO2)|(?<![A-Za-z])[Mm]3(?![0-9])|kWh|MWh|kW|kVAr|kVA|[\u0e00-\u0e7f]+|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[^\W\d_]+"
)
"""Camel case breaks before a capital that opens a word; letters break from digits."""
_OBJECT: Final = re.compile(
    r"[\[(]\s*([ABM][IOV]|MS[IOV]|D[IO])[\s:_,-]*\d*\s*[\])]", re.IGNORECASE
)
_UNIT: Final = re.compile(r"[\[(]\s*(°?[A-Za-z%/³²°]{1,8})\s*[\])]\s*$")
STRONG: Final = frozenset("./:'\\|>;#[](){}\"&?=$!")
"""Separators between levels of a path; the others (- _ blank ,) stand inside a level too."""

MAX_COMPOUND: Final = 28
"""Letters of a word that is searched for pieces; German compounds reach about 25."""
_WHOLE_ONLY: Final = frozenset(
    ["te", "al", "en", "ar", "on", "of", "no", "the", "and", "for", "to", "com", "act", "err"]
)
"""Words that ordinary words are full of ("rate", "main"): never pieces of a compound."""
_CLOSE: Final = 88.0
"""rapidfuzz ratio from which a word of five letters or more is a misspelling of a known one."""
_MISREADABLE: Final = tuple(word for word in LEXICON if len(word) >= 5)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a name: `text` lower case without accents, `[start, end)` in the name, the gap before it."""

    text: str
    start: int
    end: int
    gap: str

    @property
    def opens(self) -> bool:
        """The first word, or the first behind a separator between levels."""
        return self.start == 0 or any(char in STRONG for char in self.gap)

    @property
    def number(self) -> bool:
        return self.text.isdigit()


def fold(text: str) -> str:
    """The same number of characters without accents: "Kühler" is "Kuhler"."""
    if text.isascii():
        return text
    return "".join(
        char if "\u0e00" <= char <= "\u0e7f" else unicodedata.normalize("NFKD", char)[0]
        for char in text
    )


def words_of(name: str) -> tuple[Word, ...]:
    """The words of a name in order.

    >>> [w.text for w in words_of("B1_L03_VAV_312_ZnTmp")]
    ['b', '1', 'l', '03', 'vav', '312', 'zn', 'tmp']
    """
    found: list[Word] = []
    end = 0
    for match in _WORD.finditer(fold(name)):
        found.append(Word(match[0].lower(), match.start(), match.end(), name[end : match.start()]))
        end = match.end()
    return tuple(found)


def without_notes(name: str) -> tuple[str, str, str]:
    """The name without its notes in brackets, the object type and the unit they name ("" if none).

    >>> without_notes("RmTmp_R807 [AI 3]"), without_notes("Leaving Temp (°C)")
    (('RmTmp_R807', 'AI', ''), ('Leaving Temp', '', '°C'))
    """
    kind = unit = ""
    if match := _OBJECT.search(name):
        kind, name = match[1], (name[: match.start()] + name[match.end() :]).strip()
    if match := _UNIT.search(name):
        unit, name = match[1], name[: match.start()].strip()
    return name, kind, unit


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word may mean, and how it was read: "word", "pieces", "near" or "" (unknown)."""

    of: tuple[str, ...]
    how: str


UNKNOWN: Final = Meaning((), "")


@lru_cache(maxsize=50_000)
def meaning_of(word: str) -> Meaning:
    """Look a word up: as it stands, without its plural, in pieces, or as a misspelling."""
    if word in LEXICON:
        return Meaning(LEXICON[word], "word")
    if len(word) == 1:
        return Meaning((LETTERS[word],), "word") if word in LETTERS else UNKNOWN
    if len(word) > MAX_COMPOUND:
        return UNKNOWN
    if pieces := _in_pieces(word):
        meanings = tuple(
            m for piece in pieces for m in LEXICON.get(piece) or (LETTERS[piece],) if m
        )
        return Meaning(meanings, "pieces")
    if len(word) >= 5 and (
        near := process.extractOne(word, _MISREADABLE, scorer=fuzz.ratio, score_cutoff=_CLOSE)
    ):
        return Meaning(LEXICON[near[0]], "near")
    return UNKNOWN


def _in_pieces(word: str) -> tuple[str, ...]:
    """The cover of a word by known pieces with the longest pieces; () if there is none.

    A single letter may only close the word (CHWST, CHWV) or open one of two or three letters (TR).
    """
    best: list[tuple[int, tuple[str, ...]] | None] = [(0, ()), *([None] * len(word))]
    for end in range(1, len(word) + 1):
        for start in range(end):
            piece, before = word[start:end], best[start]
            if before is None or not _fits(piece, start, end, len(word)):
                continue
            score = before[0] + len(piece) ** 2
            now = best[end]
            if now is None or score > now[0]:
                best[end] = (score, (*before[1], piece))
    whole = best[-1]
    return whole[1] if whole else ()


def _fits(piece: str, start: int, end: int, length: int) -> bool:
    if len(piece) > 1:
        return bool(LEXICON.get(piece)) and piece not in _WHOLE_ONLY
    closes = end == length and piece in "tphqsvcfo"
    opens = start == 0 and length <= 3 and piece in "tph"
    return closes or opens or (piece == "r" and end == length == 2)
