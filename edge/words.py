"""Text -> the terms it is found by: names kept whole and in parts, Thai as character trigrams."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[a-z0-9]+(?:[-/._][a-z0-9]+)*|[\u0e00-\u0e7f]+")
_JOINT = re.compile(r"[-/._]")
_LETTER_DIGIT = re.compile(r"^([a-z]{1,5})(\d{1,4})$")
THAI = re.compile(r"[\u0e00-\u0e7f]")

_ASKING = (
    "what which who whom when where why how do does did can could should would may might shall "
    "i me my we our us you your please tell show give much many often long it its"
)
ASKING = frozenset(_ASKING.split())
"""Words that ask rather than say: they find nothing in a manual."""


def terms(text: str) -> list[str]:
    """Lower-case terms in reading order, ready for counting.

    A name such as CH-2 is found whole, in parts, and written CH2; Thai, which is written
    without spaces, is cut into overlapping trigrams.

    >>> terms("Reset CH-2")
    ['reset', 'ch-2', 'ch', '2']
    >>> terms("chws ch2")
    ['chws', 'ch2', 'ch-2', 'ch', '2']
    """
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).lower()):
        if THAI.match(word):
            found += _trigrams(word)
            continue
        found.append(word)
        short = _LETTER_DIGIT.match(word)
        if short:
            found += ["-".join(short.groups()), *short.groups()]
        elif not word.isalnum():
            found += _JOINT.split(word)
    return found


def _trigrams(word: str) -> list[str]:
    return [word[at : at + 3] for at in range(max(1, len(word) - 2))]
