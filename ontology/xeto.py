"""Xeto source text -> type definitions. Grammar: the chapter Grammar of Xeto's own documentation.

Read are types, mixins (`+Name`), slots, meta, docs and values; instances (`@id: {...}`) are checked
and left out. A spec's values are kept as text: what a building is queried by are names and markers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ontology.errors import Corrupt

MAX_DEPTH: Final = 64

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r]+) | (?P<line>\n) | (?P<doc>//[^\n]*) | (?P<block>/\*)
    | (?P<text>\"\"\"(?s:.*?)\"\"\" | "(?:[^"\\\n]|\\.)*")
    | (?P<heredoc>-{3,}(?![-\w]))
    | (?P<ref>@[a-zA-Z0-9_~:.\-]*[a-zA-Z0-9_~])
    | (?P<number>-?[0-9][0-9A-Za-z.\-:/$%_\u0080-\uffff]*)
    | (?P<name>[a-zA-Z][a-zA-Z0-9_]*(?:\.[a-zA-Z0-9_]+)*(?:::[a-zA-Z][a-zA-Z0-9_]*(?:\.[a-zA-Z0-9_]+)*)?)
    | (?P<sign>[:<>{},?&|+*\[\]])""",
    re.VERBOSE,
)
_HINT: Final = "open the file there; nothing was imported"


@dataclass(frozen=True, slots=True)
class TypeDef:
    """A type or slot: `Name: Base & Other <meta> { slots }`. `mixin`: adds to a type of another lib."""

    name: str
    bases: tuple[str, ...] = ()
    maybe: bool = False
    either: bool = False
    meta: frozenset[str] = frozenset()
    slots: tuple[TypeDef, ...] = ()
    value: str = ""
    doc: str = ""
    mixin: bool = False

    @property
    def is_marker(self) -> bool:
        """A slot that must be there and says no more than "is a"."""
        return self.bases == ("Marker",) and not self.maybe


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


@dataclass
class _Source:
    text: str
    tokens: list[_Token] = field(default_factory=list)

    def error(self, at: int, wanted: str) -> Corrupt:
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        found = (
            repr(self.text[at : at + 20].split("\n")[0] or "\n")
            if at < len(self.text)
            else "the end"
        )
        return Corrupt(f"line {line}, column {column}: wanted {wanted}, found {found}", hint=_HINT)


def parse(text: str) -> tuple[TypeDef, ...]:
    """The types of a file, in order. Raises Corrupt with line, column and what was found.

    >>> ahu, = parse("Ahu: Equip { ahu, heats: Marker? }")
    >>> ahu.bases, [(s.name, s.is_marker) for s in ahu.slots]
    (('Equip',), [('ahu', True), ('heats', False)])
    """
    source = _Source(text)
    source.tokens = list(_tokens(source))
    return tuple(_Parser(source).types())


def _tokens(source: _Source) -> Iterator[_Token]:
    text, at = source.text, 1 if source.text.startswith("\ufeff") else 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise source.error(at, "a name, a value or a sign")
        kind, word, start = match.lastgroup or "", match.group(), at
        at = match.end()
        if kind == "block":
            at = _end_of_block(source, start)
        elif kind == "heredoc":
            at = text.find(word, at) + len(word)
            if at < start + len(word):
                raise source.error(start, f"a closing {word} somewhere after")
            yield _Token("text", text[start:at].strip("-"), start)
        elif kind == "text":
            quotes = 3 if word.startswith('"""') else 1
            yield _Token("text", word[quotes:-quotes], start)
        elif kind != "space":
            yield _Token(kind, word, start)
    yield _Token("end", "", len(text))


def _end_of_block(source: _Source, start: int) -> int:
    """Block comments may be nested."""
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(source.text, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    raise source.error(start, "a closing */ somewhere after")


class _Parser:
    def __init__(self, source: _Source) -> None:
        self._source = source
        self._tokens = source.tokens
        self._at = 0

    def types(self) -> Iterator[TypeDef]:
        doc = self._leading()
        while self._next.kind != "end":
            if self._next.kind == "ref":
                self._slot("", 0)
            else:
                mixin = self._take("+")
                if self._next.kind != "name":
                    raise self._error("the name of a type")
                after = self._tokens[self._at + 1].text
                if not mixin and after not in {":", "<", "{"}:
                    self._at += 1
                    raise self._error("`:` and what the type is")
                found = self._slot(doc, 0)
                if not mixin and after != ":":
                    found = replace(found, bases=())  # `Name { ... }`: a type that names no other
                yield replace(found, mixin=mixin)
            if self._next.kind not in {"line", "end", "doc"}:
                raise self._error("the end of the line")
            doc = self._leading()

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _error(self, wanted: str) -> Corrupt:
        return self._source.error(self._next.at, wanted)

    def _take(self, sign: str) -> bool:
        if self._next.kind == "sign" and self._next.text == sign:
            self._at += 1
            return True
        return False

    def _leading(self) -> str:
        """Steps over blank lines and comments; the comment that touches what follows is its doc."""
        doc: list[str] = []
        blank = 0
        while self._next.kind in {"line", "doc"}:
            if self._next.kind == "doc":
                doc.append(self._next.text.removeprefix("//").strip())
                blank = 0
            else:
                blank += 1
                if blank > 1:
                    doc.clear()
            self._at += 1
        return " ".join(doc)

    def _slot(self, doc: str, depth: int) -> TypeDef:
        """A marker, `name: spec`, an unnamed spec, or `@id: {...}`."""
        if depth > MAX_DEPTH:
            raise self._error(f"at most {MAX_DEPTH} levels")
        self._take("*")
        first, start = self._next, self._at
        if first.kind in {"name", "ref"}:
            self._at += 1
            if first.kind == "name" and self._next.kind == "ref":
                self._at += 1  # `name @id: {...}`
            elif first.kind == "ref" and self._next.kind == "text":
                self._at += 1  # `@id "Display name": {...}`
            if self._take(":"):
                return replace(self._spec(depth), name=first.text, doc=doc)
            self._at = start
        if first.kind == "name" and first.text[0].islower() and "::" not in first.text:
            self._at += 1
            return TypeDef(first.text, ("Marker",), meta=self._meta(depth), doc=doc)
        # a spec without a name; a mixin's meta and slots stand right behind the type's name
        return replace(self._spec(depth), name=first.text if first.kind == "name" else "", doc=doc)

    def _spec(self, depth: int) -> TypeDef:
        start = self._at
        bases, maybe, either = self._type()
        meta = self._meta(depth)
        slots: tuple[TypeDef, ...] = ()
        value = ""
        if self._take("{"):
            slots = self._members("}", depth)
        elif self._next.kind in {"text", "number", "ref"}:
            value = self._next.text
            self._at += 1
            if self._tokens[self._at - 1].kind == "ref" and self._next.kind == "text":
                self._at += 1
        if self._at == start:
            raise self._error("a type, <meta>, { slots } or a value")
        return TypeDef("", bases, maybe, either, meta, slots, value)

    def _type(self) -> tuple[tuple[str, ...], bool, bool]:
        if self._next.kind != "name":
            return (), False, False
        bases = [self._name()]
        signs: set[str] = set()
        while self._next.kind == "sign" and self._next.text in "&|":
            signs.add(self._next.text)
            self._at += 1
            self._leading()
            bases.append(self._name())
        if len(signs) > 1:
            raise self._error("either & or |, not both")
        return tuple(bases), self._take("?"), "|" in signs

    def _name(self) -> str:
        if self._next.kind != "name":
            raise self._error("the name of a type")
        self._at += 1
        return self._tokens[self._at - 1].text

    def _meta(self, depth: int) -> frozenset[str]:
        found: set[str] = set()
        if self._take("<"):
            found.update(tag.name for tag in self._members(">", depth))
        return frozenset(found)

    def _members(self, close: str, depth: int) -> tuple[TypeDef, ...]:
        """Members up to the closing sign, apart by commas or ends of lines."""
        found: list[TypeDef] = []
        doc = self._leading()
        while not self._take(close):
            if self._next.kind == "end":
                raise self._error(f"a closing {close}")
            if self._next.kind == "sign" and self._next.text == "<" and close == "}":
                self._meta(depth + 1)
            else:
                found.append(self._slot(doc, depth + 1))
            ended = self._take(",") or self._next.kind in {"line", "doc"}
            if not ended and not (self._next.kind == "sign" and self._next.text == close):
                raise self._error(f"a comma, the end of the line or {close}")
            doc = self._leading()
        return tuple(found)
