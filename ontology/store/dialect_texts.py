"""The functions of text of our SQL: none that repeats, pads or replaces, so that no short query makes a long text."""

from __future__ import annotations

from collections.abc import Mapping

from ontology.store.dialect_calls import Call, Given
from ontology.store.dialect_kinds import Kind, Piece, as_kind, made, written


def lower(call: Given, piece: Piece, word: str = "lower") -> str:
    """Capitals of every script, not only of ASCII."""
    sql = written(call.backend, piece).sql
    if not call.postgres:
        return f"{word}({sql})"
    return f'({word}({sql} COLLATE "und-x-icu") COLLATE "C")'


def _cased(word: str) -> Call:
    return Call((1, 1), lambda call: made(lower(call, call.args[0], word), Kind.TEXT, call.args[0]))


def _position(x: Piece) -> str:
    return f"CAST({as_kind(x, Kind.WHOLE).sql} AS INTEGER)"


def _substring(call: Given) -> Piece:
    """From the first character on, counted from 1."""
    start = f"greatest({_position(call.args[1])}, 1)"
    more = f", greatest({_position(call.args[2])}, 0)" if len(call.args) > 2 else ""
    return made(f"substring({call.text(0).sql}, {start}{more})", Kind.TEXT, *call.args)


def _side(word: str) -> Call:
    def gives(call: Given) -> Piece:
        count = f"greatest({_position(call.args[1])}, 0)"
        return made(f'"{word}"({call.text(0).sql}, {count})', Kind.TEXT, *call.args)

    return Call((2, 2), gives)


def _concat(call: Given) -> Piece:
    return made(
        f"concat({', '.join(written(call.backend, p).sql for p in call.args)})",
        Kind.TEXT,
        *call.args,
    )


def _split_part(call: Given) -> Piece:
    x, by = call.text(0), call.text(1)
    at = call.whole(2, 1, 100)
    return made(f"split_part({x.sql}, {by.sql}, {at})", Kind.TEXT, x, by)


def _of_text(template: str, kind: Kind) -> Call:
    def gives(call: Given) -> Piece:
        return made(template.format(call.text(0).sql), kind, call.args[0])

    return Call((1, 1), gives)


def _found(template: str, postgres: str) -> Call:
    def gives(call: Given) -> Piece:
        a, b = call.text(0), call.text(1)
        said = postgres if call.postgres else template
        return made(said.format(a.sql, b.sql), Kind.TRUTH, a, b)

    return Call((2, 2), gives)


TEXTS: Mapping[str, Call] = {
    "lower": _cased("lower"),
    "upper": _cased("upper"),
    "length": _of_text("CAST(length({0}) AS BIGINT)", Kind.WHOLE),
    "trim": _of_text("trim({0}, ' ')", Kind.TEXT),
    "substring": Call((2, 3), _substring),
    "substr": Call((2, 3), _substring),
    "left": _side("left"),
    "right": _side("right"),
    "concat": Call((1, 8), _concat),
    "split_part": Call((3, 3), _split_part),
    "starts_with": _found("starts_with({0}, {1})", "starts_with({0}, {1})"),
    "contains": _found("contains({0}, {1})", "(strpos({0}, {1}) > 0)"),
}
