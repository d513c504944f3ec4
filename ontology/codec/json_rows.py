"""A JSON grid read row by row through a window, so that its text never lies in memory as a whole.

Python's own C parser reads each row; this file finds the rows and names the place of what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from ontology.codec.rows import Rows
from ontology.errors import Corrupt

MAX_ROW: Final = 16 * 2**20
"""Characters of one row of a file. In memory it may take twenty times as much."""
NEAR_END: Final = 32
"""Characters before the end of the window in which an error may only mean that the text goes on."""
_SPACE: Final = re.compile(r"[ \t\r\n]*")
MAX_KEYS: Final = 100
"""Keys of a grid object; the standard has four."""


class Window:
    """A part of a JSON text, moved forward chunk by chunk."""

    def __init__(self, chunks: Iterable[str], decoder: json.JSONDecoder) -> None:
        self._chunks = iter(chunks)
        self._scan = decoder.raw_decode
        self._text = ""
        self._at = 0
        self._line, self._column = 1, 1
        self._fill()
        if self._text.startswith("\ufeff"):
            self._at = 1

    def next(self) -> str:
        """The next character that is no space; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def take(self, char: str) -> bool:
        """Step over the character if it comes next."""
        if self.next() != char:
            return False
        self._at += 1
        return True

    def expect(self, char: str) -> None:
        if not self.take(char):
            raise self.wanted(char)

    def end(self) -> None:
        if self.next():
            raise self.wanted("the end")

    def value(self, finish: Callable[[Any], Any] | None = None) -> Any:
        """The next value, finished. Raises Corrupt by the line and column where it starts."""
        if not self.next():
            raise self.wanted("a value")
        value, end = self._parsed()
        while end == len(self._text) and self._fill():
            value, end = self._parsed()  # a number may go on in the next chunk
        try:
            return finish(value) if finish else value
        except Corrupt as cause:
            raise self._inside(cause) from cause
        finally:
            self._at = end

    def _parsed(self) -> tuple[Any, int]:
        while True:
            try:
                return self._scan(self._text, self._at)
            except json.JSONDecodeError as cause:
                if not (self._may_go_on(cause) and self._fill()):
                    raise self.error(cause.msg, at=cause.pos) from cause
            except RecursionError as cause:
                raise self.error("nested too deep", hint="nobody nests deeper than 100") from cause
            except Corrupt as cause:
                raise self._inside(cause) from cause

    def _inside(self, cause: Corrupt) -> Corrupt:
        return self.error(f"in the value that starts here, {cause}", hint=cause.hint)

    def wanted(self, what: str) -> Corrupt:
        """Corrupt that says what comes next instead."""
        if not self.next():
            return self.error(f"wanted {what}, found the end", hint="the text is cut off")
        return self.error(f"wanted {what}, found {self._text[self._at : self._at + 20]!r}")

    def error(self, says: str, *, at: int | None = None, hint: str = "") -> Corrupt:
        """Corrupt at the cursor or at a place in the window."""
        line, column = self._place(self._at if at is None else min(at, len(self._text)))
        return Corrupt(f"line {line}, column {column}: {says}", hint=hint or "the text is not JSON")

    def _may_go_on(self, cause: json.JSONDecodeError) -> bool:
        return cause.pos >= len(self._text) - NEAR_END or cause.msg.startswith("Unterminated")

    def _fill(self) -> bool:
        """Drop what was read and take as much again as is left, at least a chunk; False at the end."""
        kept = len(self._text) - self._at
        if kept > MAX_ROW:
            raise self.error(
                f"a value longer than {MAX_ROW // 2**20} MB", hint="is one row one entity?"
            )
        more, size = [], 0
        for chunk in self._chunks:
            more.append(chunk)
            size += len(chunk)
            if size >= kept:
                break
        if size:
            self._line, self._column = self._place(self._at)
            self._text, self._at = "".join((self._text[self._at :], *more)), 0
        return size > 0

    def _place(self, at: int) -> tuple[int, int]:
        newlines = self._text.count("\n", 0, at)
        if not newlines:
            return self._line, self._column + at
        return self._line + newlines, at - self._text.rfind("\n", 0, at)


def read_rows(
    window: Window, finish: Callable[[Any], Any], head_of: Callable[[dict[str, Any]], Rows]
) -> Rows:
    """The rows of a grid object or of a plain list of dicts.

    `finish` makes a row of what the parser gives; `head_of` makes Rows without rows of all other keys.
    Rows that stand before the columns are read at once.
    """
    if window.next() == "[":
        return Rows((), _rows(window, finish, None))
    if window.next() != "{":
        raise window.wanted("a grid")
    head: dict[str, Any] = {}
    start = window.error("in the object that starts here")
    rows = _members(window, finish, head)
    if "cols" not in head:
        rows = iter(list(rows))
    try:
        found = head_of(head)
    except Corrupt as cause:
        raise Corrupt(f"{start}, {cause}", hint=cause.hint) from cause
    return Rows(found.columns, rows, found.meta, found.column_meta)


def refuse_constant(name: str) -> Any:
    """For the parser, which would read NaN and Infinity. Raises Corrupt: they are no JSON."""
    raise Corrupt(
        f"{name} is no JSON", hint='say {"_kind":"number","val":"NaN"}, in version 3 "n:NaN"'
    )


def _members(
    window: Window, finish: Callable[[Any], Any], head: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Fill `head` with the members up to the rows; the rest while the rows are taken."""
    window.expect("{")
    while not window.take("}"):
        key = _key(window, head)
        if key == "rows":
            head[key] = None
            return _rows(window, finish, head)
        head[key] = window.value()
        if not window.take(",") and window.next() != "}":
            raise window.wanted(", or }")
    window.end()
    return iter(())


def _rows(
    window: Window, finish: Callable[[Any], Any], head: dict[str, Any] | None
) -> Iterator[dict[str, Any]]:
    window.expect("[")
    if not window.take("]"):
        yield window.value(finish)
        while window.take(","):
            yield window.value(finish)
        window.expect("]")
    if head is not None:
        while window.take(","):
            key = _key(window, head)
            head[key] = window.value()
        window.expect("}")
    window.end()


def _key(window: Window, head: dict[str, Any]) -> str:
    if window.next() != '"':
        raise window.wanted("a key")
    key = window.value()
    if key in head:
        raise window.error(f"{key!r:.60} was already given", hint="one grid, each key once")
    if len(head) >= MAX_KEYS:
        raise window.error(f"more than {MAX_KEYS} keys", hint="a grid has meta, cols and rows")
    window.expect(":")
    return str(key)
