"""Thai as technicians type it, phrase by phrase into the plain English the grammar reads.

Thai has no spaces: the longest phrase wins. Tone marks are often left out or mistyped, so a
phrase that is not found as written is looked up once more without them.
"""

from __future__ import annotations

import re

from agent.playbooks.words import thai_families
from agent.playbooks.words.thai_phrases import TABLE

_TONES = re.compile("[\u0e47-\u0e4c\u0e4d]")
_SILENT = re.compile("[ก-ฮ]์")
_DOUBLE = re.compile(r"(.)\1+")
_VOWELS = str.maketrans("ีึืใูฏฎศษณฬฆฑธฒฐ", "ิิิไุตตสสนลคทททถ")
_MARKS = dict.fromkeys(range(0x0E47, 0x0E4E))
_LOOSE_LEAST = 5
"""Letters of a phrase below which a loose spelling could be another word."""
_RUN = re.compile("[\u0e00-\u0e7f][\u0e00-\u0e7f.]*")


def _bare(text: str) -> str:
    """Without tone marks and the like; the two `ai` vowels as one."""
    return _TONES.sub("", text).replace("ใ", "ไ")


def _loose(text: str) -> str:
    """Long and short vowels as one, silent and doubled letters gone: how a word sounds in a hurry."""
    return _DOUBLE.sub(r"\1", _SILENT.sub("", text).translate(_VOWELS)).translate(_MARKS)


def _table() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (TABLE + thai_families.TABLE).strip().splitlines():
        phrases, _, plain = line.partition(" = ")
        if not plain:
            continue
        for phrase in phrases.split():
            found.setdefault(phrase, plain)
    return found


PHRASES = _table()
_BARE: dict[str, str] = {}
_LOOSE: dict[str, str] = {}
for _phrase, _plain in PHRASES.items():
    _BARE.setdefault(_bare(_phrase), _plain)
    if len(_loose(_phrase)) >= _LOOSE_LEAST:
        _LOOSE.setdefault(_loose(_phrase), _plain)
_LONGEST = max(map(len, PHRASES))

_HOUR = r"(\d{1,2}|หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบเอ็ด|สิบ)"
_WORD_HOURS = {
    "หนึ่ง": 1, "สอง": 2, "สาม": 3, "สี่": 4, "ห้า": 5, "หก": 6, "เจ็ด": 7, "แปด": 8, "เก้า": 9,
    "สิบ": 10, "สิบเอ็ด": 11,
}  # fmt: skip
_CLOCKS: tuple[tuple[re.Pattern[str], int], ...] = (
    # Thai day parts: "3 ทุ่ม" is 21:00, "บ่าย 3 (โมง)" 15:00, "5 โมงเย็น" 17:00, "ตี 2" 02:00
    (re.compile(rf"{_HOUR}\s*ทุ่ม"), 18),
    (re.compile(rf"บ่าย\s*{_HOUR}(?:\s*โมง)?(?!\s*(?:ชั่วโมง|ชม|วัน|นาที|องศา))"), 12),
    (re.compile(rf"{_HOUR}\s*โมง\s*เย็น"), 12),
    (re.compile(rf"ตี\s*{_HOUR}"), 0),
    (re.compile(rf"{_HOUR}\s*โมง(?:\s*เช้า)?"), 0),
)
_FIXED_CLOCKS = (
    ("เที่ยงคืน", " 00:00 "),
    ("เที่ยงวัน", " 12:00 "),
    ("บ่ายโมง", " 13:00 "),
    ("เที่ยง", " 12:00 "),
)
_DIGIT_CLOCK = re.compile(
    r"(\d{1,2})[.:](\d{2})\s*(?:น\.|น(?![\u0e00-\u0e7f]))|(\d{1,2})\s*(?:นาฬิกา|น\.)"
)


def has_thai(text: str) -> bool:
    """Whether any Thai letter is in it."""
    return any("\u0e00" <= letter <= "\u0e7f" for letter in text)


def to_plain(text: str) -> str:
    """Thai phrases as plain English words; what is not known stays as it is."""
    if not has_thai(text):
        return text
    for phrase, clock in _FIXED_CLOCKS:
        text = text.replace(phrase, clock)
    for pattern, offset in _CLOCKS:
        text = pattern.sub(lambda m, add=offset: _clock(m.group(1), add), text)  # type: ignore[misc]
    text = _DIGIT_CLOCK.sub(lambda m: f" {m.group(1) or m.group(3)}:{m.group(2) or '00'} ", text)
    return _RUN.sub(lambda m: _translate(m.group()), text.replace("ๆ", " "))


def _clock(hour: str, add: int) -> str:
    value = (int(hour) if hour.isdigit() else _WORD_HOURS[hour]) + add
    return f" {value % 24:02d}:00 "


def _translate(run: str) -> str:
    words: list[str] = []
    unknown: list[str] = []
    at = 0
    while at < len(run):
        length, plain = _longest(run, at)
        if length:
            if unknown:
                words.append("".join(unknown))
                unknown = []
            words.append(plain)
        else:
            unknown.append(run[at])
        at += length or 1
    words.append("".join(unknown))
    return f" {' '.join(words)} "


def _longest(run: str, at: int) -> tuple[int, str]:
    """The longest phrase that starts here, as written, else without tone marks."""
    reach = min(_LONGEST + 2, len(run) - at)
    for length in range(reach, 1, -1):
        plain = PHRASES.get(run[at : at + length])
        if plain is not None:
            return length, plain
    for length in range(reach, 2, -1):
        bare = _bare(run[at : at + length])
        plain = _BARE.get(bare) if len(bare) > 1 else None
        if plain is not None:
            return length, plain
    for length in range(reach, _LOOSE_LEAST - 1, -1):
        plain = _LOOSE.get(_loose(run[at : at + length]))
        if plain is not None:
            return length, plain
    return 0, ""
