"""Which lines of the found passages answer the question: the row of a table, the whole of a procedure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edge.chunk import Chunk, Passage

MAX_QUOTE: Final = 900
"""Characters: what is read on a phone; a page is opened."""
MIN_ROWS: Final = 3
_OFTEN: Final = re.compile(
    r"\bhow often\b|\bwhen (?:do|should|to)\b|\binterval|\bevery\b|บ่อย|ทุกกี่|เมื่อไ"
)
_INTERVAL: Final = re.compile(
    r"\binterval|\bevery \d+ (?:day|week|month|year)|\b\d+ (?:days|weeks|months|years)\b"
)
_WORD: Final = re.compile(r"[a-z]{3,}|[\u0e00-\u0e7f]{3,}")
_CODE: Final = re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{2,8}\b")
_PLAIN: Final = frozenset(
    ("the", "and", "for", "how", "what", "when", "does", "mean", "often", "should", "with", "from")
)


def arranged(question: str, found: Sequence[Passage]) -> list[list[Chunk]]:
    """Passages by section, the best section first, each in the order of its document.

    A question about an interval is answered by the passage that names one.
    """
    chunks = [passage.chunk for passage in found]
    if _OFTEN.search(question.lower()):
        chunks.sort(key=lambda chunk: not _names_interval(question, chunk))
    sections: dict[tuple[str, tuple[str, ...]], list[Chunk]] = {}
    for chunk in chunks:
        sections.setdefault((chunk.document, chunk.headings), []).append(chunk)
    return [sorted(section, key=lambda chunk: chunk.id) for section in sections.values()]


def _names_interval(question: str, chunk: Chunk) -> bool:
    """It names an interval, and in the same line what the question is about."""
    asked = _words(question)
    return any(
        _INTERVAL.search(line.lower()) and asked & _words(line) for line in chunk.text.splitlines()
    )


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
            whole = [m.end() for m in re.finditer(r"[.;!?](?=\s)", line[:room])]
            return (
                [*kept, line[: whole[-1]] + " ..."]
                if whole
                else [*kept, "..."]
                if kept
                else [line[:room]]
            )
        kept.append(line)
        room -= len(line)
    return kept
