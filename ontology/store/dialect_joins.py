"""Joins of our SQL: USING made explicit, SEMI and ANTI as EXISTS, ASOF as the engine says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlglot import exp

from ontology.errors import BadRequest, Refused
from ontology.store.dialect_expr import Expressions
from ontology.store.dialect_kinds import Backend, Kind, alike, name, truth
from ontology.store.dialect_names import Names, Shared, Source


class Selecting(Protocol):
    """The SELECT that a join belongs to. `conditions` are added to its WHERE."""

    names: Names
    expressions: Expressions
    conditions: list[str]

    def source(self, node: exp.Expr) -> Source: ...


def joined(select: Selecting, join: exp.Join) -> Callable[[], str]:
    """The join's text, told once everything that may add to its relation has been written."""
    method, kind = join.text("method").upper(), join.text("kind").upper()
    side = join.text("side").upper()
    source = select.source(join.this)
    using = [each.name.lower() for each in join.args.get("using") or ()]
    if method == "ASOF":
        return _asof(select, join, source, using, left=side == "LEFT")
    if method or kind not in {"", "INNER", "OUTER", "CROSS", "SEMI", "ANTI"}:
        raise Refused(f"{method or kind} JOIN", hint="use JOIN ... ON a.ts = b.ts, or ASOF JOIN")
    if kind in {"SEMI", "ANTI"}:
        return _exists(select, join, source, using, negated=kind == "ANTI")
    word = f"{side} JOIN" if side in {"LEFT", "RIGHT", "FULL"} else "JOIN"
    if using:
        condition = " AND ".join(_using(select.names, source, using, side))
        return lambda: f" {word} {source.sql} ON {condition}"
    select.names.add(source)
    on = join.args.get("on")
    condition = truth(select.expressions.write(on)).sql if on is not None else "TRUE"
    return lambda: f" {word} {source.sql} ON {condition}"


def _using(names: Names, right: Source, using: list[str], side: str = "") -> list[str]:
    """The equalities that USING means; from here on each of its columns is one."""
    equal, merged = [], {}
    for column in using:
        left = _left(names, right, column)
        mine = f"{name(right.alias)}.{name(column)}"
        equal.append(f"({left.sql} = {mine})")
        known = {"RIGHT": mine, "FULL": f"coalesce({left.sql}, {mine})"}.get(side, left.sql)
        merged[column] = Shared(left.source, known)
    names.add(right)
    names.shared |= merged
    return equal


def _left(names: Names, right: Source, column: str) -> Shared:
    """The column of USING on the left."""
    found = names.shared.get(column)
    if found is None and (owner := names.owner(column, "")) is not None:
        found = Shared(owner, f"{name(owner.alias)}.{name(column)}")
    if found is None or column not in right.columns:
        raise BadRequest(f"USING ({column}): one side has no such column", hint="write JOIN ... ON")
    if found.source.columns[column] is not right.columns[column]:
        raise BadRequest(f"USING ({column}): two kinds", hint="write JOIN ... ON with CAST")
    return found


def _exists(
    select: Selecting, join: exp.Join, source: Source, using: list[str], *, negated: bool
) -> Callable[[], str]:
    if using:
        equal = ((_left(select.names, source, c), f"{name(source.alias)}.{name(c)}") for c in using)
        condition = " AND ".join(f"({left.sql} = {right})" for left, right in equal)
    else:
        condition = _seen_by(select, source, join.args.get("on"))
    word = "NOT EXISTS" if negated else "EXISTS"
    select.conditions.append(f"{word} (SELECT 1 FROM {source.sql} WHERE {condition})")  # noqa: S608  (written by us)
    return lambda: ""


def _seen_by(select: Selecting, source: Source, on: exp.Expr | None) -> str:
    """A condition that sees the joined relation, which the rest of the query does not."""
    if on is None:
        raise BadRequest("a join without ON", hint="write ON a.ts = b.ts")
    select.names.add(source)
    condition = truth(select.expressions.write(on)).sql
    select.names.sources.remove(source)
    return condition


def _asof(
    select: Selecting, join: exp.Join, source: Source, using: list[str], *, left: bool
) -> Callable[[], str]:
    """Each row with the nearest one before it (or after: `<=`), among those that are equal otherwise."""
    if using:
        *equal, _ = _using(select.names, source, using)
        last = using[-1]
        pair = (select.names.shared[last].sql, f"{name(source.alias)}.{name(last)}")
        sign = ">="
    else:
        select.names.add(source)
        equal, pair, sign = _parts(select, join, source)
    conditions = " AND ".join([*equal, f"({pair[0]} {sign} {pair[1]})"])
    source.boundable = False  # another row could become the nearest
    word = "LEFT JOIN" if left else "JOIN"
    if select.expressions.backend is Backend.DUCKDB:
        return lambda: f" ASOF {word} {source.sql} ON {conditions}"
    way = "DESC" if sign in {">=", ">"} else "ASC"
    return lambda: (
        f" {word} LATERAL (SELECT * FROM {source.sql} WHERE {conditions}"  # noqa: S608  (written by us)
        f" ORDER BY {pair[1]} {way} LIMIT 1) AS {name(source.alias)} ON TRUE"
    )


def _parts(
    select: Selecting, join: exp.Join, source: Source
) -> tuple[list[str], tuple[str, str], str]:
    """The equalities, and the one comparison: (column of the left, of the right), sign."""
    on = join.args.get("on")
    if on is None:
        raise BadRequest("ASOF JOIN without ON", hint="write ON a.ts >= b.ts")
    parts = list(on.flatten()) if isinstance(on, exp.And) else [on]
    near = [part for part in parts if type(part) in _SIGNS]
    if len(near) != 1 or any(not isinstance(p, exp.EQ) for p in parts if p is not near[0]):
        raise Refused(
            "ASOF JOIN needs one comparison and else equalities",
            hint="write ON a.point = b.point AND a.ts >= b.ts",
        )
    equal = [truth(select.expressions.write(part)).sql for part in parts if part is not near[0]]
    return equal, *_oriented(select, near[0], source)


def _oriented(select: Selecting, near: exp.Expr, source: Source) -> tuple[tuple[str, str], str]:
    """Left side first, whichever way it was written."""
    a, b = alike([select.expressions.write(near.this), select.expressions.write(near.expression)])
    sign = _SIGNS[type(near)]
    mine = f"{name(source.alias)}."
    if Kind.NOTHING in {a.kind, b.kind} or (mine in a.sql) == (mine in b.sql):
        raise Refused("ASOF JOIN compares nothing of both sides", hint="write ON a.ts >= b.ts")
    if mine in b.sql:
        return (a.sql, b.sql), sign
    return (b.sql, a.sql), _TURNED[sign]


_SIGNS: dict[type[exp.Expr], str] = {exp.GTE: ">=", exp.GT: ">", exp.LTE: "<=", exp.LT: "<"}
_TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}
