"""A cursor over lines that knows its line and column, for codecs written by hand."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Final, TypeVar

from ontology.codec.lines import lines_in
from ontology.errors import Corrupt

T = TypeVar("T")

MAX_VALUES: Final = 500_000
"""Values on one line: a line of lists must not grow to gigabytes in memory."""
_ESCAPES: Final[Mapping[str, str]] = {
    "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$",
}  # fmt: skip
_URI_ESCAPES: Final[Mapping[str, str]] = {
    # The standard's text: parsers preserve the backslash before a reserved character.
    "`": "`",
    **{char: f"\\{char}" for char in ":/?#[]@\\&=;"},
}
_CHUNK: Final = {'"': re.compile(r'[^"\\]*'), "`": re.compile(r"[^`\\]*")}
_SPACES: Final = re.compile(r"[ \t]*")
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Scanner:
    """Reads lines from left to right; every error names line, column and what was found.

    Between tokens the caller steps to the next line; no token crosses lines. `first` and `indent`
    place the lines inside a larger text.
    """

    def __init__(self, lines: Iterable[str] | str, *, first: int = 1, indent: int = 0) -> None:
        self._lines = iter(lines_in(lines) if isinstance(lines, str) else lines)
        self._held: deque[str] = deque()
        self._indent = indent
        self._number = first - 1
        self._left = MAX_VALUES
        self.line = ""
        self.at = 0
        self.at_end = False
        self.next_line()

    @property
    def number(self) -> int:
        """Of this line, the first of the text being 1."""
        return self._number

    @property
    def at_line_end(self) -> bool:
        return self.at >= len(self.line)

    @property
    def blank(self) -> bool:
        """Whether nothing but spaces is left on this line."""
        return not self.line[self.at :].strip(" \t")

    @property
    def next(self) -> str:
        """The next character; "" at the end of the line."""
        return self.line[self.at : self.at + 1]

    def next_line(self) -> None:
        line = self._held.popleft() if self._held else next(self._lines, None)
        self.at_end = line is None
        self.line = line or ""
        self.at = 0
        self._number += 1
        self._left = MAX_VALUES

    def each(self, read: Callable[[str], T | None]) -> Iterator[T]:
        """What `read` makes of this line and those after it, up to the first it makes nothing of."""
        while not self.at_end and (found := read(self.line)) is not None:
            yield found
            line = self._held.popleft() if self._held else next(self._lines, None)
            self.at_end = line is None
            self.line = line or ""
            self._number += 1

    def ahead(self, size: int) -> list[str]:
        """This line and those after it, of about `size` characters; they are still to come."""
        lines, left = [self.line], size - len(self.line)
        try:
            for line in chain(self._held, self._lines):
                lines.append(line)
                left -= len(line) + 1
                if left <= 0:
                    break
        except Corrupt as cause:
            self._lines = _refusal(cause)  # in its turn: a line before it may be wrong as well
        self._held = deque([*lines[1:], *islice(self._held, len(lines) - 1, None)])
        return lines

    def skip(self, count: int) -> None:
        """Step over whole lines, all but the last of which were looked at ahead."""
        for _ in range(count - 1):
            self._held.popleft()
        self._number += max(0, count - 1)
        if count:
            self.next_line()

    def skip_blank_lines(self) -> None:
        while not self.at_end and self.blank:
            self.next_line()

    def count_value(self) -> None:
        """Raises Corrupt where a line holds more values than anybody writes."""
        self._left -= 1
        if self._left < 0:
            raise self.error(f"at most {MAX_VALUES} values on a line")

    def peek(self, word: str) -> bool:
        return self.line.startswith(word, self.at)

    def take(self, word: str) -> bool:
        """Step over this very text if it comes next."""
        if self.line.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise self.error(word)

    def end_of_line(self) -> None:
        """Step to the next line; refuses what is left on this one."""
        self.spaces()
        if not self.at_line_end:
            raise self.error("the end of the line")
        self.next_line()

    def spaces(self) -> None:
        self.try_match(_SPACES)

    def try_match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over the pattern if it comes next."""
        match = pattern.match(self.line, self.at)
        if match is not None:
            self.at = match.end()
        return match

    def match(self, pattern: re.Pattern[str], wanted: str) -> re.Match[str]:
        match = self.try_match(pattern)
        if match is None:
            raise self.error(wanted)
        return match

    def text(self) -> str:
        """A quoted text with its escapes resolved."""
        return self._quoted('"', self._text_escape)

    def uri(self) -> str:
        """A uri in back ticks; escaped reserved characters keep their backslash."""
        return self._quoted("`", self._uri_escape)

    def _quoted(self, quote: str, escape: Callable[[], str]) -> str:
        self.expect(quote)
        start = self.at
        parts: list[str] = []
        while True:
            parts.append(self.match(_CHUNK[quote], "text").group())
            if self.take(quote):
                return joined("".join(parts))
            if not self.take("\\"):
                raise self.error(
                    f"a closing {quote}",
                    hint=f"the text that begins in column {start + self._indent} never ends",
                )
            parts.append(escape())

    def _text_escape(self) -> str:
        return self._escape(_ESCAPES, 'an escape: \\n \\t \\" \\\\ \\$ or \\u and four digits')

    def _uri_escape(self) -> str:
        return self._escape(_URI_ESCAPES, "an escape: \\` \\\\ \\: \\/ \\? \\# \\u and four digits")

    def _escape(self, escapes: Mapping[str, str], wanted: str) -> str:
        if self.take("u"):
            return chr(int(self.match(_HEX, "four hexadecimal digits").group(), 16))
        meant = escapes.get(self.next)
        if meant is None:
            raise self.error(wanted)
        self.at += 1
        return meant

    def error(self, wanted: str, *, at: int | None = None, hint: str = "") -> Corrupt:
        """Corrupt at the cursor, or at a place on this line already passed."""
        at = self.at if at is None else at
        found = repr(self.line[at : at + 20]) if at < len(self.line) else "the end of the line"
        return Corrupt(
            f"line {self._number}, column {at + self._indent + 1}: wanted {wanted}, "
            f"found {'the end' if self.at_end else found}",
            hint=hint or "open the text there; the rest was not read",
        )


def _refusal(cause: Corrupt) -> Iterator[str]:
    yield from ()
    raise cause


def joined(text: str) -> str:
    """A text in which two halves of a character outside of the first plane are one character.

    A half alone stays: it is written as an escape and comes back the same.
    """
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
