"""CAST and TRY_CAST, said so that both engines convert alike."""

from __future__ import annotations

from sqlglot import exp

from ontology.errors import BadRequest, Refused
from ontology.store.dialect_kinds import (
    TYPES,
    Backend,
    Kind,
    Piece,
    as_kind,
    cast,
    figure,
    made,
    truth,
    written,
)

_T = exp.DataType.Type
KINDS = {
    _T.BOOLEAN: Kind.TRUTH, _T.TINYINT: Kind.WHOLE, _T.SMALLINT: Kind.WHOLE, _T.INT: Kind.WHOLE,
    _T.BIGINT: Kind.WHOLE, _T.FLOAT: Kind.NUMBER, _T.DOUBLE: Kind.NUMBER, _T.DECIMAL: Kind.NUMBER,
    _T.TEXT: Kind.TEXT, _T.VARCHAR: Kind.TEXT, _T.DATE: Kind.DATE, _T.TIMESTAMP: Kind.TIME,
    _T.TIMESTAMPNTZ: Kind.TIME, _T.INTERVAL: Kind.SPAN,
}  # fmt: skip
_FIGURES = {
    Kind.WHOLE: r"^\s*[+-]?[0-9]{1,18}\s*$",
    Kind.NUMBER: r"^\s*[+-]?([0-9]{1,18}[.]?[0-9]{0,18}|[.][0-9]{1,18})\s*$",
}


def converted(
    backend: Backend, piece: Piece, to: exp.DType, sized: list[int], *, trying: bool
) -> Piece:
    """The piece as another kind; with `trying`, what cannot be converted is NULL."""
    kind = KINDS.get(to)
    if kind is None:
        raise Refused(
            f"the type {to.name} is not allowed",
            hint="use INT, BIGINT, DOUBLE, DECIMAL, VARCHAR, BOOLEAN, DATE, TIMESTAMP or INTERVAL",
        )
    if to is _T.DECIMAL and sized:
        return _decimal(piece, sized)
    if piece.kind is kind:
        return piece
    if piece.kind is Kind.TEXT and kind in _FIGURES and piece.said is None:
        return _read(backend, piece, kind, trying=trying)
    if kind is Kind.TEXT:
        return written(backend, piece)
    if kind is Kind.WHOLE:
        return _whole(piece)
    if (piece.kind, kind) in {(Kind.TIME, Kind.DATE), (Kind.NUMBER, Kind.WHOLE)}:
        return cast(piece, kind)
    return truth(piece) if kind is Kind.TRUTH else as_kind(piece, kind)


def _whole(piece: Piece) -> Piece:
    """To the nearest whole number, halves to the even one."""
    x = figure(piece) if piece.kind is not Kind.NOTHING else as_kind(piece, Kind.WHOLE)
    return cast(x, Kind.WHOLE) if x.kind is Kind.NUMBER else x


def _decimal(piece: Piece, sized: list[int]) -> Piece:
    """A number rounded to so many decimals; it stays a float."""
    x = figure(piece)
    width, digits = sized[0], sized[1] if len(sized) > 1 else 0
    if not (0 < width <= 38 and 0 <= digits <= min(width, 15)):
        raise BadRequest(f"DECIMAL({width}, {digits})", hint="such as DECIMAL(10, 2)")
    power = f"CAST({10**digits} AS DOUBLE PRECISION)"
    scaled = f"({as_kind(x, Kind.NUMBER).sql} * {power})"
    half = f"CASE WHEN abs({scaled} - trunc({scaled})) >= 0.5 THEN sign({scaled}) ELSE 0 END"
    return made(f"((trunc({scaled}) + {half}) / {power})", Kind.NUMBER, x)


def _read(backend: Backend, piece: Piece, kind: Kind, *, trying: bool) -> Piece:
    """A text as a number: plain figures only."""
    if not trying:
        return cast(piece, kind)
    form = _FIGURES[kind]
    if backend is Backend.POSTGRES:
        fits = f"{piece.sql} ~ '{form}'"
    else:
        fits = f"regexp_matches({piece.sql}, '{form}')"
    told = f"CASE WHEN {fits} THEN CAST(trim({piece.sql}) AS {TYPES[kind]}) END"
    return made(f"({told})", kind, piece)
