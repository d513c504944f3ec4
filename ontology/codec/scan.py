"""A cursor over text that knows its line and column, for codecs written by hand."""

from __future__ import annotations

import re

from ontology.errors import Corrupt

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_SPACES = re.compile(r"[ \t]*")
_CHUNK = {'"': re.compile(r'[^"\\\n]*'), "`": re.compile(r"[^`\\\n]*")}
_HEX = re.compile(r"[0-9a-fA-F]{4}")


class Scanner:
    """Reads text from left to right; every error names line, column and what was found."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._text)

    @property
    def next(self) -> str:
        """The next character; "" at the end."""
        return self._text[self._at : self._at + 1]

    def peek(self, word: str) -> bool:
        return self._text.startswith(word, self._at)

    def take(self, word: str) -> bool:
        """Step over this very text if it comes next."""
        if self.peek(word):
            self._at += len(word)
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise self.error("the end of the line" if word == "\n" else word)

    def end_of_line(self) -> None:
        self.spaces()
        if not self.at_end and not self.peek(">>"):
            self.expect("\n")

    def spaces(self) -> None:
        self.try_match(_SPACES)

    def try_match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over the pattern if it comes next."""
        match = pattern.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def match(self, pattern: re.Pattern[str], wanted: str) -> re.Match[str]:
        match = self.try_match(pattern)
        if match is None:
            raise self.error(wanted)
        return match

    def text(self, quote: str) -> str:
        """A quoted text with its escapes resolved."""
        self.expect(quote)
        parts: list[str] = []
        while True:
            parts.append(self.match(_CHUNK[quote], "text").group())
            if self.take(quote):
                return "".join(parts)
            if not self.take("\\"):
                raise self.error(f"a closing {quote}")
            parts.append(self._escape())

    def _escape(self) -> str:
        if self.take("u"):
            return chr(int(self.match(_HEX, "four hexadecimal digits").group(), 16))
        char = self.next
        if not char:
            raise self.error("a character after \\")
        self._at += 1
        return _ESCAPES.get(char, char)

    def error(self, wanted: str) -> Corrupt:
        """Corrupt at the cursor."""
        line = self._text.count("\n", 0, self._at) + 1
        column = self._at - (self._text.rfind("\n", 0, self._at) + 1) + 1
        found = repr(self._text[self._at : self._at + 20]) if not self.at_end else "the end"
        return Corrupt(
            f"line {line}, column {column}: wanted {wanted}, found {found}",
            hint="open the text there; the rest was not read",
        )
