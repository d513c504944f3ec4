"""Which lines of the found passages answer the question: the row of a table, the whole of a procedure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edge.chunk import Chunk, Passage

MAX_QUOTE: Final = 1_200
"""Characters: what is read on a phone; a page is opened."""
MIN_ROWS: Final = 3
_SPAN: Final = r"\b\d+ ?(?:h|hours?|minutes?|min|days?|weeks?|months?|years?)\b|\b(?:daily|weekly|monthly|yearly)\b"
_ASKED: Final = (
    # what a question asks for -> what a line that answers it has in it
    (re.compile(r"\bhow often\b|\binterval|\bevery\b|บ่อย|ทุกกี่"), re.compile(_SPAN)),
    (re.compile(r"\bhow long\b|นานแค่ไหน|นานเท่าไ"), re.compile(_SPAN)),
    (
        re.compile(r"\bwhen (?:do|should|to|must)\b|เมื่อไ"),
        re.compile(_SPAN + r"|\d ?%|\d [kM]?Pa\b"),
    ),
)
_SCHEDULE: Final = re.compile(r"\binterval|\bmaintenance plan\b|\bwhen to\b|\bschedule")
_WORD: Final = re.compile(r"[a-z]{3,}|[\u0e00-\u0e7f]{3,}")
_CODE: Final = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{2,8}\b")
_ALARM: Final = re.compile(r"\b[A-Za-z]{1,2}-?\d{2,3}\b")
"""A code of an alarm list, such as E04 or DA-02: its row answers, whatever else was said."""
_FIELD: Final = re.compile(
    r"\s*(?:applies to|document|doc(?:ument)? no\.?|revision|rev\.?|version|issue|date|author|prepared by|checked by|"
    r"approved by|copyright|client|project|page|เอกสาร|ฉบับ)\s*:",
    re.IGNORECASE,
)
"""A line of a cover: about the document, not about the building."""
_HOW: Final = re.compile(
    r"\bhow (?:do|to|can|should|does|must)\b|\bprocedure\b|\bsteps\b|ยังไง|อย่างไร|วิธี"
)
_ACTS: Final = (
    # what a how-to asks to be done: stems that mean the same act
    ("reset",), ("clean", "brush", "wash", "rinse", "descal"), ("replac", "chang", "swap", "renew"),
    ("isolat", "lock"), ("calibr", "compar"), ("drain", "empty"), ("flush", "purge", "bleed"), ("greas", "lubric"),
)  # fmt: skip
_PLAIN: Final = frozenset(
    ("the", "and", "for", "how", "what", "when", "does", "mean", "often", "should", "with", "from")
)


def arranged(question: str, found: Sequence[Passage], count: int) -> list[list[Chunk]]:
    """At most `count` passages by section, the best section first, each in the order of its document.

    A question about an interval or a duration is answered by a passage that names one, about what was asked;
    one with an alarm's code by the list that has it; a how-to by the line with most of its words. Covers never do.
    """
    chunks = [passage.chunk for passage in found if not is_cover(passage.chunk)]
    if _HOW.search(question.lower()):
        chunks.sort(key=lambda chunk: -_told(question, chunk))
    wanted = next((answer for asks, answer in _ASKED if asks.search(question.lower())), None)
    if wanted is not None:
        chunks.sort(key=lambda chunk: -_answers(question, chunk, wanted))
    alarms = {code.lower() for code in _ALARM.findall(question)}
    chunks.sort(key=lambda chunk: not alarms & _cells(chunk.text))
    sections: dict[tuple[str, tuple[str, ...]], list[Chunk]] = {}
    for chunk in chunks[:count]:
        sections.setdefault((chunk.document, chunk.headings), []).append(chunk)
    return [sorted(section, key=lambda chunk: chunk.id) for section in sections.values()]


def is_cover(chunk: Chunk) -> bool:
    """Whether a passage says only what document it is: number, revision, what it applies to."""
    lines = [line for line in chunk.text.splitlines() if line.strip()]
    return not chunk.headings and all(_FIELD.match(line) for line in lines)


def codes_in(question: str) -> list[str]:
    """Codes of alarm lists in a question, as typed; some may be names of equipment."""
    return list(dict.fromkeys(_ALARM.findall(question)))


def mentions(chunk: Chunk, code: str) -> bool:
    """Whether a passage has the code as a word of its own."""
    return (
        re.search(rf"(?<![\w-]){re.escape(code)}(?![\w-])", chunk.text, re.IGNORECASE) is not None
    )


def lists_codes(chunk: Chunk) -> bool:
    """Whether it is a table of codes."""
    return any(_ALARM.fullmatch(cell) for cell in _cells(chunk.text))


def unsaid(question: str, section: Sequence[Chunk]) -> str:
    """The act a how-to asks for that its best section does not speak of; "" when it does."""
    asked = question.lower() if _HOW.search(question.lower()) else ""
    for act in _ACTS:
        word = re.search(rf"\b(?:{'|'.join(act)})\w*", asked)
        if word and not any(_speaks_of(chunk, act) for chunk in section):
            return word[0]
    return ""


def _speaks_of(chunk: Chunk, act: Sequence[str]) -> bool:
    text = f"{chunk.text} {' '.join(chunk.headings)}".lower()
    return any(re.search(rf"\b{stem}", text) for stem in act)


def _told(question: str, chunk: Chunk) -> int:
    """Words of the question in the best line and its heading; a row about just that, a section named after the act come first."""
    asked, heading = _meant(question), _meant(" ".join(chunk.headings))
    best, titled = 0, 2 * len(asked & heading & {act[0] for act in _ACTS})
    for line in chunk.text.splitlines():
        first = _meant(line.partition("|")[0]) if "|" in line else set()
        said = len(asked & (_meant(line) | heading))
        best = max(best, 2 * said + (bool(first) and first <= asked))
    return best + titled


def _meant(text: str) -> set[str]:
    """Words without endings, one for each act: who changes a battery replaces it."""
    return {next((a[0] for a in _ACTS if word.startswith(a)), word) for word in _words(text)}


def _cells(text: str) -> set[str]:
    """The cells of a passage's tables."""
    rows = (line for line in text.splitlines() if "|" in line)
    return {cell.strip().lower() for row in rows for cell in row.split("|")}


def _answers(question: str, chunk: Chunk, wanted: re.Pattern[str]) -> int:
    """The words of the question in the best line that has the kind of answer wanted, and in its heading."""
    asked = _words(question)
    heading = _words(" ".join(chunk.headings))
    lines = [line for line in chunk.text.splitlines() if wanted.search(line.lower())]
    best = max((len(asked & (_words(line) | heading)) for line in lines), default=0)
    schedule = bool(_SCHEDULE.search(" ".join(chunk.headings).lower()))
    return best + schedule if best else 0


def quote(question: str, section: Sequence[Chunk]) -> list[str]:
    """The lines to show, without Markdown of their own, at most `MAX_QUOTE` characters."""
    lines = [_plain(line) for chunk in section for line in chunk.text.splitlines()]
    lines = list(dict.fromkeys(line for line in lines if line))
    rows = [line for line in lines if "|" in line]
    if len(rows) >= MIN_ROWS:
        lines = _rows(question, rows) or lines
    return _fitting(lines)


def _rows(question: str, rows: list[str]) -> list[str]:
    """The head of a table and the rows the question is about: those with its code, else with most of its words."""
    codes = {code.lower() for code in _CODE.findall(question)}
    hits = [row for row in rows[1:] if codes & {cell.strip().lower() for cell in row.split("|")}]
    if not hits:
        asked = _words(question)
        score = {row: len(asked & _words(row)) for row in rows[1:]}
        best = max(score.values(), default=0)
        hits = [row for row in rows[1:] if best and score[row] == best]
    return [rows[0], *hits] if hits else []


def _words(text: str) -> set[str]:
    """Words without endings, so that "brushing" and "brush" meet."""
    found = {word for word in _WORD.findall(text.lower()) if word not in _PLAIN}
    return {re.sub(r"(?:ing|es|ed|s)$", "", word)[:6] for word in found}


def _plain(line: str) -> str:
    return re.sub(r"[<>\[\]!`]", "", line).strip()


def _fitting(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    room = MAX_QUOTE
    for line in lines:
        if len(line) > room:
            ends = [m.end() for m in re.finditer(r"[a-z)][.;!?](?=\s)", line[:room])]
            part = line[: ends[-1]] + " ..." if ends else ""
            return [*kept, part or "..."] if kept or part else [line[:room]]
        kept.append(line)
        room -= len(line)
    return kept
