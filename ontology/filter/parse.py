"""Filter text -> a tree of nodes. Grammar: https://project-haystack.org/doc/docHaystack/Filters."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ontology.codec.zinc import decode_value
from ontology.errors import BadRequest, Corrupt
from ontology.filter.nodes import And, Compare, Has, IsA, Missing, Node, Or, Path
from ontology.kinds import Number, Ref, Symbol

MAX_LENGTH: Final = 4_000
MAX_DEPTH: Final = 64
HINT: Final = "a filter looks like: point and temp and equipRef->ahu and curVal > 26°C"

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<str>"(?:[^"\\\n]|\\.)*") | (?P<uri>`(?:[^`\\\n]|\\.)*`) |
    (?P<ref>@[a-zA-Z0-9_:\-.~]+) | (?P<symbol>\^[a-zA-Z][a-zA-Z0-9_:\-.~]*) |
    (?P<date>\d{4}-\d{2}-\d{2}(?!\d)(?!T)) | (?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) |
    (?P<number>-?\d(?:[\d_]*\d)?(?:\.\d+)?(?:[eE][+-]?\d+)?(?P<unit>[%$/_a-zA-Z\u0080-\U0010ffff]*)) |
    (?P<op>==|!=|<=|>=|<|>|->|\(|\)) |
    (?P<spec>[a-z][a-zA-Z0-9_]*(?:\.[a-z][a-zA-Z0-9_]*)*::[A-Z][a-zA-Z0-9_]*|[A-Z][a-zA-Z0-9_]*) |
    (?P<name>[a-z][a-zA-Z0-9_]*)
    )""",
    re.VERBOSE,
)
_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    value: Any
    column: int


@lru_cache(maxsize=1024)
def parse(text: str) -> Node:
    """The tree of a filter. Raises BadRequest with the column of what was not understood.

    >>> parse("ahu and not doas")
    And(terms=(Has(path=('ahu',)), Missing(path=('doas',))))
    """
    if len(text) > MAX_LENGTH:
        raise BadRequest(
            f"a filter of {len(text)} characters", hint=f"{MAX_LENGTH} are enough for any question"
        )
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Node:
        found = self._any()
        if self._token.kind != "end":
            raise self._error("the end, `and` or `or`")
        return found

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _any(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"at most {MAX_DEPTH} nested parentheses")
        terms = [self._all()]
        while self._take("name", "or"):
            terms.append(self._all())
        self._depth -= 1
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _all(self) -> Node:
        terms = [self._term()]
        while self._take("name", "and"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _term(self) -> Node:
        token = self._token
        if self._take("op", "("):
            found = self._any()
            if not self._take("op", ")"):
                raise self._error(")")
            return found
        if token.kind in {"symbol", "spec"}:
            self._at += 1
            return IsA(token.text.removeprefix("^"))
        if self._take("name", "not"):
            return Missing(self._path())
        path = self._path()
        op = self._token
        if op.kind == "op" and op.text in _COMPARISONS:
            self._at += 1
            return Compare(path, op.text, self._value())
        return Has(path)

    def _path(self) -> Path:
        names = [self._name()]
        while self._take("op", "->"):
            names.append(self._name())
        return tuple(names)

    def _name(self) -> str:
        token = self._token
        if token.kind != "name" or token.text in {"and", "or", "not", "true", "false"}:
            raise self._error("a tag name (they start in lower case)")
        self._at += 1
        return token.text

    def _value(self) -> Any:
        token = self._token
        if token.kind == "name" and token.text in {"true", "false"}:
            self._at += 1
            return token.text == "true"
        if token.kind in {"name", "spec", "op", "end"}:
            raise self._error("a value: true, a number, a quoted text, a @ref, a date or a time")
        self._at += 1
        return token.value

    def _take(self, kind: str, text: str) -> bool:
        if self._token.kind == kind and self._token.text == text:
            self._at += 1
            return True
        return False

    def _error(self, wanted: str) -> BadRequest:
        token = self._token
        found = repr(token.text) if token.kind != "end" else "the end"
        return BadRequest(
            f"filter column {token.column}: wanted {wanted}, found {found} in {self._text!r:.200}",
            hint=HINT,
        )


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            column = at + len(text[at:]) - len(text[at:].lstrip()) + 1
            raise BadRequest(
                f"filter column {column}: {text[column - 1]!r} means nothing here, in {text!r:.200}",
                hint=HINT,
            )
        kind = next(k for k in _KINDS if match.group(k) is not None)
        word, column = match.group(kind), match.start(kind) + 1
        yield _Token(kind, word, _literal(kind, word, match.group("unit"), column), column)
        at = match.end()
    yield _Token("end", "", None, end + 1)


def _literal(kind: str, word: str, unit: str | None, column: int) -> Any:
    if kind == "number":
        digits = word[: len(word) - len(unit)] if unit else word
        value = float(digits.replace("_", ""))
        if math.isinf(value):
            raise BadRequest(f"filter column {column}: {word:.40} is beyond 1.8e308", hint=HINT)
        return Number(value, unit or "")
    read = _LITERALS.get(kind)
    try:
        return read(word) if read else word
    except (ValueError, Corrupt) as cause:
        raise BadRequest(
            f"filter column {column}: {word!r:.60} is no {kind} that exists ({cause})",
            hint='literals are written as in Zinc: 2026-11-20, 14:30, "text", `http://uri`',
        ) from cause


_LITERALS: dict[str, Callable[[str], Any]] = {
    "str": decode_value,
    "uri": decode_value,
    "ref": lambda word: Ref(word[1:]),
    "symbol": lambda word: Symbol(word[1:]),
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
}
_KINDS: Final = tuple(kind for kind in _TOKEN.groupindex if kind != "unit")
