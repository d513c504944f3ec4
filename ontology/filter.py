"""Haystack filter text -> a predicate over tags.

Grammar: https://project-haystack.org/doc/docHaystack/Filters. Xeto spec names are not accepted yet.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from ontology.entity import refs_in
from ontology.errors import BadRequest
from ontology.kinds import Number, Ref, Symbol, Uri

Resolve: TypeAlias = Callable[[Ref], Mapping[str, Any] | None]
Matches: TypeAlias = Callable[[Mapping[str, Any], Resolve], bool]

MAX_LENGTH = 4_000
MAX_DEPTH = 64

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<str>"(?:[^"\\\n]|\\.)*") | (?P<uri>`(?:[^`\\\n]|\\.)*`) |
    (?P<ref>@[a-zA-Z0-9_:\-.~]+) | (?P<symbol>\^[a-zA-Z][a-zA-Z0-9_:\-.~]*) |
    (?P<date>\d{4}-\d{2}-\d{2}(?!\d)(?!T)) | (?P<time>\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) |
    (?P<number>-?\d(?:[\d_]*\d)?(?:\.\d+)?(?:[eE][+-]?\d+)?(?P<unit>[%$/_a-zA-Z\u0080-\uffff]*)) |
    (?P<op>==|!=|<=|>=|<|>|->|\(|\)) | (?P<name>[a-zA-Z][a-zA-Z0-9_]*)
    )""",
    re.VERBOSE,
)
_OPS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    value: Any
    column: int


@lru_cache(maxsize=512)
def parse_filter(text: str) -> Matches:
    """The predicate a filter names. Raises BadRequest with the column of what was not understood.

    >>> matches = parse_filter("ahu and not doas")
    >>> matches({"ahu": True}, lambda ref: None)
    True
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

    def parse(self) -> Matches:
        found = self._any()
        self._expect("end")
        return found

    def _any(self) -> Matches:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"at most {MAX_DEPTH} nested parentheses")
        terms = [self._all()]
        while self._take_name("or"):
            terms.append(self._all())
        self._depth -= 1
        return terms[0] if len(terms) == 1 else lambda tags, get: any(t(tags, get) for t in terms)

    def _all(self) -> Matches:
        terms = [self._term()]
        while self._take_name("and"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else lambda tags, get: all(t(tags, get) for t in terms)

    def _term(self) -> Matches:
        token = self._tokens[self._at]
        if self._take("op", "("):
            found = self._any()
            self._expect("op", ")")
            return found
        if token.kind == "symbol":
            self._at += 1
            parts = token.value.name.split("-")
            return lambda tags, _get: all(part in tags for part in parts)
        if self._take_name("not"):
            path = self._path()
            return lambda tags, get: not any(True for _ in _walk(tags, path, get))
        path = self._path()
        op = self._tokens[self._at]
        if op.kind == "op" and op.text in _OPS:
            self._at += 1
            return _comparison(path, op.text, self._value())
        return lambda tags, get: any(True for _ in _walk(tags, path, get))

    def _path(self) -> tuple[str, ...]:
        names = [self._name()]
        while self._take("op", "->"):
            names.append(self._name())
        return tuple(names)

    def _name(self) -> str:
        token = self._tokens[self._at]
        if token.kind != "name" or token.text in {"and", "or", "not"}:
            raise self._error("a tag name")
        if not token.text[0].islower():
            raise self._error("a tag name (they start in lower case)")
        self._at += 1
        return token.text

    def _value(self) -> Any:
        token = self._tokens[self._at]
        if token.kind == "name" and token.text in {"true", "false"}:
            self._at += 1
            return token.text == "true"
        if token.kind in {"name", "op", "end"}:
            raise self._error("a value: true, a number, a quoted text, a @ref, a date or a time")
        self._at += 1
        return token.value

    def _take(self, kind: str, text: str) -> bool:
        token = self._tokens[self._at]
        if token.kind == kind and token.text == text:
            self._at += 1
            return True
        return False

    def _take_name(self, word: str) -> bool:
        return self._take("name", word)

    def _expect(self, kind: str, text: str = "") -> None:
        token = self._tokens[self._at]
        if token.kind != kind or (text and token.text != text):
            raise self._error(text or "the end, `and` or `or`")
        self._at += 1

    def _error(self, wanted: str) -> BadRequest:
        token = self._tokens[self._at]
        found = repr(token.text) if token.kind != "end" else "the end"
        return BadRequest(
            f"filter column {token.column}: wanted {wanted}, found {found} in {self._text!r:.200}",
            hint="a filter looks like: point and temp and equipRef->ahu and curVal > 26°C",
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
                hint="a filter looks like: point and temp and equipRef->ahu and curVal > 26°C",
            )
        kind = match.lastgroup if match.lastgroup != "unit" else "number"
        kind = next(k for k in match.groupdict() if k != "unit" and match.group(k) is not None)
        word = match.group(kind)
        yield _Token(kind, word, _literal(kind, word, match.group("unit")), match.start(kind) + 1)
        at = match.end()
    yield _Token("end", "", None, end + 1)


def _literal(kind: str, word: str, unit: str | None) -> Any:
    if kind == "number":
        digits = word[: len(word) - len(unit)] if unit else word
        return Number(float(digits.replace("_", "")), unit or "")
    read = _LITERALS.get(kind)
    try:
        return read(word) if read else word
    except ValueError as cause:
        raise BadRequest(f"not a {kind}: {word!r}", hint="write it as Haystack does") from cause


def _unescape(text: str) -> str:
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m.group(1), 16)), text)
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m.group(1), m.group(1)), text)


_LITERALS: dict[str, Callable[[str], Any]] = {
    "str": lambda word: _unescape(word[1:-1]),
    "uri": lambda word: Uri(_unescape(word[1:-1])),
    "ref": lambda word: Ref(word[1:]),
    "symbol": lambda word: Symbol(word[1:]),
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
}


def _walk(tags: Mapping[str, Any], path: tuple[str, ...], resolve: Resolve) -> Iterator[Any]:
    """The values at the end of a path; several where a ref list forks it."""
    value = tags.get(path[0])
    if value is None:
        return
    if len(path) == 1:
        yield value
        return
    for ref in refs_in(value):
        target = resolve(ref)
        if target is not None:
            yield from _walk(target, path[1:], resolve)


def _comparison(path: tuple[str, ...], op: str, wanted: Any) -> Matches:
    compare = _OPS[op]

    def holds(found: Any) -> bool:
        if isinstance(found, (list, tuple)) and isinstance(wanted, Ref):
            return any(holds(item) for item in found) if op == "==" else wanted not in found
        if isinstance(found, bool) != isinstance(wanted, bool) or not _same_kind(found, wanted):
            return False
        if isinstance(wanted, Number):
            if found.unit != wanted.unit:
                return False
            return bool(compare(found.value, wanted.value))
        if op not in {"==", "!="} and isinstance(wanted, (Ref, Symbol, Uri, bool)):
            return False
        return bool(compare(found, wanted))

    return lambda tags, get: any(holds(found) for found in _walk(tags, path, get))


def _same_kind(found: Any, wanted: Any) -> bool:
    if isinstance(found, dt.datetime) != isinstance(wanted, dt.datetime):
        return False
    return isinstance(found, type(wanted))
