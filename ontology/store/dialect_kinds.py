"""What an expression of our SQL is: its text for one engine, and its kind. No engine guesses for us."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from ontology.errors import BadRequest


class Backend(StrEnum):
    """Who runs the query."""

    DUCKDB = "duckdb"
    POSTGRES = "postgres"


class Kind(StrEnum):
    """The kinds of values in our SQL; every column and expression has exactly one."""

    WHOLE = "whole number"
    NUMBER = "number"
    TEXT = "text"
    TIME = "time"
    DATE = "date"
    SPAN = "interval"
    TRUTH = "true or false"
    NOTHING = "NULL"


TYPES = {
    Kind.WHOLE: "BIGINT", Kind.NUMBER: "DOUBLE PRECISION", Kind.TEXT: "TEXT", Kind.TIME: "TIMESTAMP",
    Kind.DATE: "DATE", Kind.SPAN: "INTERVAL", Kind.TRUTH: "BOOLEAN", Kind.NOTHING: "TEXT",
}  # fmt: skip
"""Words for casts that DuckDB and PostgreSQL both know."""
NUMERIC = frozenset({Kind.WHOLE, Kind.NUMBER})
_PLAIN_BELOW = "1e15"
"""Below it, both engines write whole floats without an exponent."""
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_INSTANT = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?)?", re.IGNORECASE
)
_FIGURE = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*")


@dataclass(frozen=True)
class Piece:
    """An expression as written for one engine. `agg`: holds an aggregate; `said`: a text literal's text."""

    sql: str
    kind: Kind
    agg: bool = False
    window: bool = False
    said: str | None = None

    def mixed(self, *others: Piece) -> Piece:
        """The same, with the aggregates and windows of the others inside it."""
        agg = self.agg or any(o.agg for o in others)
        return replace(self, agg=agg, window=self.window or any(o.window for o in others))


def made(sql: str, kind: Kind, *of: Piece) -> Piece:
    """An expression made of others."""
    return Piece(sql, kind).mixed(*of)


def cast(piece: Piece, kind: Kind) -> Piece:
    """Plain CAST, where both engines do the same."""
    return made(f"CAST({piece.sql} AS {TYPES[kind]})", kind, piece)


def as_kind(piece: Piece, kind: Kind) -> Piece:
    """The expression where `kind` is wanted. Raises BadRequest when it would be a guess."""
    if piece.kind is kind:
        return piece
    if piece.kind is Kind.NOTHING:
        return cast(piece, kind)
    if piece.said is not None:
        return _literal(piece.said, kind)
    pair = (piece.kind, kind)
    if pair in {(Kind.WHOLE, Kind.NUMBER), (Kind.DATE, Kind.TIME)}:
        return cast(piece, kind)
    if piece.kind in NUMERIC and kind is Kind.TRUTH:
        return made(f"({piece.sql} <> 0)", kind, piece)
    if piece.kind is Kind.TRUTH and kind in NUMERIC:
        counted = f"CASE WHEN {piece.sql} THEN 1 WHEN NOT {piece.sql} THEN 0 END"
        return made(f"CAST({counted} AS {TYPES[kind]})", kind, piece)
    raise BadRequest(
        f"a {piece.kind} stands where a {kind} is wanted: {piece.sql:.80}",
        hint="compare like with like; CAST(x AS VARCHAR), or CAST(x AS DOUBLE), changes the kind",
    )


def number(piece: Piece) -> Piece:
    """As a float."""
    return as_kind(piece, Kind.NUMBER)


def truth(piece: Piece) -> Piece:
    """As a condition; a number counts as true when it is not 0."""
    return as_kind(piece, Kind.TRUTH)


def figure(piece: Piece) -> Piece:
    """As a number of either kind; true and false as 1 and 0."""
    if piece.kind in NUMERIC:
        return piece
    return as_kind(piece, Kind.WHOLE if piece.kind is Kind.TRUTH else Kind.NUMBER)


def alike(pieces: list[Piece]) -> list[Piece]:
    """All in the one kind that holds them."""
    kinds: set[Kind] = {p.kind for p in pieces if p.said is None and p.kind is not Kind.NOTHING}
    if not kinds:
        kinds = {Kind.TEXT if any(p.said is not None for p in pieces) else Kind.NOTHING}
    for wide, narrow in (
        (Kind.NUMBER, {Kind.WHOLE, Kind.TRUTH}), (Kind.WHOLE, {Kind.TRUTH}), (Kind.TIME, {Kind.DATE})
    ):  # fmt: skip
        if wide in kinds:
            kinds -= narrow
    if len(kinds) > 1:
        said = " and ".join(sorted(kinds))
        timed = bool(kinds & {Kind.TIME, Kind.DATE})
        hint = "write times as '2026-11-20 14:30', and spans as INTERVAL 1 DAY"
        raise BadRequest(
            f"{said} do not go together",
            hint=hint if timed else "compare like with like, or CAST one",
        )
    kind = kinds.pop()
    if kind is Kind.DATE and any(p.said is not None and not _DAY.fullmatch(p.said) for p in pieces):
        kind = Kind.TIME
    return [as_kind(p, kind) for p in pieces]


def written(backend: Backend, piece: Piece) -> Piece:
    """As text, floats as DuckDB writes them: 22.0."""
    if piece.kind is Kind.TEXT:
        return piece
    if piece.kind is Kind.SPAN:
        raise BadRequest("an interval as text", hint="use epoch(x) / 3600 for hours")
    if backend is Backend.POSTGRES and piece.kind is Kind.NUMBER:
        x = piece.sql
        plain = f"{x} = trunc({x}) AND abs({x}) < {_PLAIN_BELOW}"
        told = f"CASE WHEN {plain} THEN CAST({x} AS TEXT) || '.0' ELSE CAST({x} AS TEXT) END"
        return made(f"({told})", Kind.TEXT, piece)
    return cast(piece, Kind.TEXT)


def quoted(text: str) -> str:
    """A text literal."""
    if "\x00" in text:
        raise BadRequest("a text with a NUL in it", hint="write the text without it")
    return "'" + text.replace("'", "''") + "'"


def name(word: str) -> str:
    """A quoted identifier."""
    return '"' + word.replace('"', '""') + '"'


def text_literal(said: str) -> Piece:
    """A text as a query wrote it: it may yet be wanted as a time or a number."""
    return Piece(f"CAST({quoted(said)} AS TEXT)", Kind.TEXT, said=said)


def _literal(said: str, kind: Kind) -> Piece:
    """A text literal where another kind is wanted: only forms that every engine reads alike."""
    if kind in NUMERIC and _FIGURE.fullmatch(said):
        whole = kind is Kind.WHOLE and said.strip().lstrip("+-").isdigit()
        made_as = Kind.WHOLE if whole else Kind.NUMBER
        return Piece(f"CAST({quoted(said.strip())} AS {TYPES[made_as]})", made_as)
    if kind is Kind.TRUTH and said.lower() in {"true", "false"}:
        return Piece(said.upper(), kind)
    if kind in {Kind.TIME, Kind.DATE}:
        return _moment(said, kind)
    raise BadRequest(f"{said!r:.60} is not a {kind}", hint="write numbers without quotes")


def _moment(said: str, kind: Kind) -> Piece:
    found = _INSTANT.fullmatch(said.strip())
    if found is None:
        raise BadRequest(
            f"not a time: {said!r:.60}",
            hint="write it as '2026-11-20 14:30'; a span is INTERVAL 1 DAY",
        )
    day, hour, minute, second, fraction = found.groups()
    year, month, date = (int(part) for part in day.split("-"))
    if not (1 <= month <= 12 and 1 <= date <= 31 and int(hour or 0) < 24 and year > 0):
        raise BadRequest(f"not a time: {said!r:.60}", hint="write it as '2026-11-20 14:30'")
    text = f"{year:04}-{month:02}-{date:02}"
    if kind is Kind.TIME:
        text += f" {int(hour or 0):02}:{minute or '00'}:{second or '00'}{fraction or ''}"
    return Piece(f"CAST({quoted(text)} AS {TYPES[kind]})", kind)
