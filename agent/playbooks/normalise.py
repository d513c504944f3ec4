"""A question as typed -> one plain spelling: Unicode, Thai, short forms, typing errors, glued ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from agent.playbooks.words.cues import CUES
from agent.playbooks.words.english import (
    CORRECT_TOWARDS,
    NUMBERS,
    ORDINALS,
    OWN,
    PLAIN,
    REWRITES,
    SHORT,
)
from agent.playbooks.words.thai import has_thai, to_plain
from ontology.errors import BadRequest

MAX_CHARS = 2_000
"""Longer than any question; what is pasted in belongs into an attachment."""

_THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_ODD = str.maketrans(
    {
        "℃": "°c", "℉": "°f", "–": "-", "—": "-", "−": "-", "‑": "-", "’": "'", "‘": "'", "“": '"', "”": '"',
        "％": "%", "？": "?", "：": ":", "，": ",", "\u00a0": " ", "\u200b": "", "\u200c": "", "\u200d": "",
        "\ufeff": "", "\u00ad": "",
    }
)  # fmt: skip
_TOKEN = re.compile(r"[a-z\u0e00-\u0e7f']+|[^a-z\u0e00-\u0e7f']+")
_GLUED = re.compile(r"(?<![a-z0-9/])([a-z]{2,})(\d+)")
_KEEP_GLUED = re.compile(r"co2|pm2|pm10|iso\d|e\d|a\d|l\d|r\d{2,3}a?")
_DOUBLED = re.compile(r"([a-z])\1")
_STRETCHED = re.compile(r"([a-z\u0e00-\u0e7f])\1{2,}")


@dataclass(frozen=True)
class Text:
    """`raw` is what was typed, tidied and in lower case; `plain` is what the grammar reads."""

    raw: str
    plain: str
    thai: bool
    corrected: tuple[tuple[str, str], ...] = ()
    strangers: int = 0
    """Words of four letters or more that are in no table."""


def read_text(text: str) -> Text:
    """One plain spelling of a question. Refuses more than MAX_CHARS characters.

    >>> read_text("wats chiler2 SAT").plain
    'what is chiller 2 supply air temp'
    """
    if len(text) > MAX_CHARS:
        raise BadRequest(
            f"a question of {len(text):,} characters",
            hint=f"{MAX_CHARS:,} are enough for any question; attach long texts as a file",
        )
    raw = tidy(text)
    plain = to_plain(raw)
    for pattern, to in REWRITES:
        plain = pattern.sub(to, plain)
    plain = _GLUED.sub(_unglue, plain)
    words: list[str] = []
    corrected: list[tuple[str, str]] = []
    strangers = 0
    for token in _TOKEN.findall(plain):
        word = _word(token)
        if word != token and token.isascii() and SHORT.get(token) is None and token.isalpha():
            corrected.append((token, word))
        strangers += _is_strange(word)
        words.append(word)
    plain = "".join(words)
    for pattern, to in REWRITES:
        plain = pattern.sub(to, plain)
    return Text(raw, re.sub(r"\s+", " ", plain).strip(), has_thai(raw), tuple(corrected), strangers)


def tidy(text: str) -> str:
    """NFC, lower case, ASCII digits and dashes, no control characters, single spaces."""
    text = unicodedata.normalize("NFC", text).translate(_ODD).translate(_THAI_DIGITS)
    text = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    return re.sub(r"\s+", " ", text.lower()).strip()


def _unglue(match: re.Match[str]) -> str:
    return match.group() if _KEEP_GLUED.fullmatch(match.group()) else f"{match[1]} {match[2]}"


def _word(token: str) -> str:
    if not token[0].isalpha():
        return token
    bare = token.replace("'", "")
    if token.endswith("'s") and bare not in SHORT:
        bare = bare[:-1]
    if bare in SHORT:
        return SHORT[bare]
    if bare in NUMBERS:
        return NUMBERS[bare]
    if bare in ORDINALS and bare != "second":
        return ORDINALS[bare]
    return corrected(bare) if bare.isascii() else token


def is_plain(word: str) -> bool:
    """Whether it is an everyday or a building word."""
    return _is_known(word)


def _is_strange(word: str) -> bool:
    return word.isascii() and word.isalpha() and len(word) > 3 and not _is_known(word)


def _is_known(word: str) -> bool:
    if word in _KNOWN or " " in word:
        return True
    stems = [word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending)]
    return any(
        stem in _KNOWN or f"{stem}e" in _KNOWN or (_twice(stem) and stem[:-1] in _KNOWN)
        for stem in stems
    )


def _twice(stem: str) -> bool:
    """Whether it ends in a doubled letter, as "dripp" of "dripping"."""
    return len(stem) > 3 and stem[-1] == stem[-2]


@lru_cache(maxsize=8_192)
def corrected(word: str) -> str:
    """The nearest word of ours to a misspelt one; the word itself if it is known or nothing is near."""
    if len(word) < 4 or len(word) > 24 or _is_known(word):
        return word
    squeezed = _STRETCHED.sub(r"\1", word)
    if _is_known(squeezed):
        return squeezed
    single = _DOUBLED.sub(r"\1", word)
    if single != word and len(single) > 3 and _is_known(single):
        return _canonical(single)
    short = next((SHORT[s] for s in (squeezed,) if s in SHORT), None)
    if short:
        return short
    far = 1 if len(word) <= 5 else 2
    best = [
        (distance, -JaroWinkler.similarity(word, known), known)
        for known in _towards(word)
        if abs(len(known) - len(word)) <= far
        and (distance := OSA.distance(word, known, score_cutoff=far)) <= far
    ]
    if not best:
        return word
    distance, closeness, known = min(best)
    good_enough = distance == 1 or -closeness >= 0.88
    return _canonical(known) if good_enough else word


def _towards(word: str) -> Iterable[str]:
    """Words of the trade; and for longer ones the words of the signs that begin alike, one error away."""
    yield from CORRECT_TOWARDS
    if len(word) >= _CUE_LEAST:
        for known in _CUES_BY_LETTER.get(word[0], ()):
            if OSA.distance(word, known, score_cutoff=1) == 1 and _is_slip(word, known):
                yield known


def _is_slip(word: str, known: str) -> bool:
    """A letter too many, too few, or two swapped; or a wrong vowel late in the word.

    Another consonant is more often another word: "remote" is no misspelt "remove".
    """
    if len(word) != len(known):
        return word.removesuffix("s") != known.removesuffix("s")
    at = next(i for i, pair in enumerate(zip(word, known, strict=True)) if len({*pair}) > 1)
    return sorted(word) == sorted(known) or (at > 3 and {word[at], known[at]} <= set("aeiou"))


def _canonical(word: str) -> str:
    return SHORT.get(word, word)


_ESCAPES = re.compile(r"\\[a-zA-Z]")
_CUED = frozenset(
    word
    for cue in CUES.values()
    for word in re.findall(r"[a-z]{4,}", _ESCAPES.sub(" ", cue.pattern))
)
_CUE_LEAST = 6
"""Letters of a word below which one error could make it another real word."""
_CUES_BY_LETTER: dict[str, list[str]] = {}
for _cue in sorted(_CUED - CORRECT_TOWARDS):
    if len(_cue) >= _CUE_LEAST:
        _CUES_BY_LETTER.setdefault(_cue[0], []).append(_cue)
_KNOWN = CORRECT_TOWARDS | PLAIN | OWN | _CUED
_ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "er", "est")
