"""Expressions of our SQL, written anew for one engine from the syntax tree: nothing unknown is passed on."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import NoReturn, Protocol

from sqlglot import exp

from ontology.errors import BadRequest, Refused
from ontology.store.dialect_calls import (
    AGGREGATES,
    NOT_HERE,
    NUMBERS,
    WINDOWS,
    Call,
    Given,
    Tail,
    power,
    quantile,
)
from ontology.store.dialect_casts import converted
from ontology.store.dialect_kinds import (
    NUMERIC,
    Backend,
    Kind,
    Piece,
    alike,
    as_kind,
    figure,
    made,
    number,
    text_literal,
    truth,
    written,
)
from ontology.store.dialect_names import Columns, Names
from ontology.store.dialect_spans import SPANS
from ontology.store.dialect_texts import TEXTS, lower
from ontology.store.dialect_times import TIMES, part, span, spans, unit

CALLS: dict[str, Call] = {**NUMBERS, **TEXTS, **TIMES, **AGGREGATES, **WINDOWS}
_WHOLE_MAX = 2**63


def functions() -> list[str]:
    """Every function that may be called, in lower case; the clocks are words of their own."""
    return sorted({*CALLS, *SPANS, "percentile_cont", "percentile_disc", "now", "today"})


def no_function(word: str) -> Refused:
    """What to say of a function that is not in the tables."""
    instead = NOT_HERE.get(word.lower())
    near = difflib.get_close_matches(word.lower(), functions(), n=4, cutoff=0.5)
    known = f"nearest: {', '.join(near)}; " if near else ""
    return Refused(
        f"the function {word.lower()!r:.80} is not allowed",
        hint=instead or f"{known}docs/reference-sql.md lists what is",
    )


class Subqueries(Protocol):
    """Writes a query inside an expression."""

    def __call__(self, query: exp.Query, names: Names) -> tuple[str, Columns]: ...


class Expressions:
    """Writes the expressions of one SELECT. Raises Refused and BadRequest."""

    def __init__(self, backend: Backend, names: Names, query: Subqueries) -> None:
        self.backend = backend
        self.names = names
        self._query = query
        self.alias_first = False
        """Whether an output name comes before a column, as in ORDER BY."""

    def write(self, node: exp.Expr) -> Piece:
        writer = _WRITERS.get(type(node))
        if writer is None:
            _not_allowed(node)
        return writer(self, node)

    def _pair(self, node: exp.Expr) -> tuple[Piece, Piece]:
        return self.write(node.this), self.write(node.expression)

    def column(self, node: exp.Expr) -> Piece:
        text = bool(node.this.args.get("quoted")) or isinstance(node.parent, exp.Sub)
        return self.names.column(
            node.name.lower(),
            node.text("table").lower(),
            alias_first=self.alias_first,
            meant=node.name if text else "",
        )

    def literal(self, node: exp.Expr) -> Piece:
        said = str(node.this)
        if node.args["is_string"]:
            return text_literal(said)
        if said.isdigit() and int(said) < _WHOLE_MAX:
            return Piece(f"CAST({said} AS BIGINT)", Kind.WHOLE)
        return Piece(f"CAST('{float(said)!r}' AS DOUBLE PRECISION)", Kind.NUMBER)

    def boolean(self, node: exp.Expr) -> Piece:
        return Piece("TRUE" if node.this else "FALSE", Kind.TRUTH)

    def null(self, _node: exp.Expr) -> Piece:
        return Piece("NULL", Kind.NOTHING)

    def paren(self, node: exp.Expr) -> Piece:
        return self.write(node.this)

    def add(self, node: exp.Expr) -> Piece:
        a, b = self._pair(node)
        sign = "+" if isinstance(node, exp.Add) else "-"
        kinds = {a.kind, b.kind}
        if kinds & {Kind.TIME, Kind.DATE, Kind.SPAN}:
            return _moved(a, b, sign)
        a, b = alike([figure(a), figure(b)])
        return made(f"({a.sql} {sign} {b.sql})", a.kind, a, b)

    def mul(self, node: exp.Expr) -> Piece:
        a, b = self._pair(node)
        if Kind.SPAN in {a.kind, b.kind}:
            length, count = (a, b) if a.kind is Kind.SPAN else (b, a)
            times = as_kind(count, Kind.WHOLE)
            return made(f"({times.sql} * {length.sql})", Kind.SPAN, a, b)
        a, b = alike([figure(a), figure(b)])
        return made(f"({a.sql} * {b.sql})", a.kind, a, b)

    def div(self, node: exp.Expr) -> Piece:
        """Always a float; by zero it is unknown."""
        a, b = self._pair(node)
        if Kind.SPAN in {a.kind, b.kind}:
            raise BadRequest("an interval divided", hint="use epoch(x) / 3600 for hours")
        a, b = number(figure(a)), number(figure(b))
        return made(f"({a.sql} / nullif({b.sql}, 0))", Kind.NUMBER, a, b)

    def intdiv(self, node: exp.Expr) -> Piece:
        a, b = alike([figure(p) for p in self._pair(node)])
        sign = "/" if a.kind is Kind.NUMBER or self.backend is Backend.POSTGRES else "//"
        sql = f"({a.sql} {sign} nullif({b.sql}, 0))"
        return made(f"trunc{sql}" if a.kind is Kind.NUMBER else sql, a.kind, a, b)

    def mod(self, node: exp.Expr) -> Piece:
        a, b = alike([figure(p) for p in self._pair(node)])
        by = f"nullif({b.sql}, 0)"
        if a.kind is Kind.WHOLE:
            return made(f"({a.sql} % {by})", Kind.WHOLE, a, b)
        return made(f"({a.sql} - {by} * trunc({a.sql} / {by}))", Kind.NUMBER, a, b)

    def pow(self, node: exp.Expr) -> Piece:
        return power(*(figure(p) for p in self._pair(node)))

    def neg(self, node: exp.Expr) -> Piece:
        piece = self.write(node.this)
        x = piece if piece.kind is Kind.SPAN else figure(piece)
        return made(f"(- {x.sql})", x.kind, x)

    def joined_texts(self, node: exp.Expr) -> Piece:
        a, b = (written(self.backend, p) for p in self._pair(node))
        return made(f"({a.sql} || {b.sql})", Kind.TEXT, a, b)

    def both(self, node: exp.Expr) -> Piece:
        a, b = (truth(p) for p in self._pair(node))
        word = "AND" if isinstance(node, exp.And) else "OR"
        return made(f"({a.sql} {word} {b.sql})", Kind.TRUTH, a, b)

    def negated(self, node: exp.Expr) -> Piece:
        x = truth(self.write(node.this))
        return made(f"(NOT {x.sql})", Kind.TRUTH, x)

    def compared(self, node: exp.Expr) -> Piece:
        if type(node) in _PLAIN_SIGNS and exp.Null in {type(node.this), type(node.expression)}:
            raise BadRequest("nothing equals NULL", hint="write x IS NULL, or x IS NOT NULL")
        a, b = alike(list(self._pair(node)))
        sign = _SIGNS[type(node)]
        return made(f"({self.ordered(a)} {sign} {self.ordered(b)})", Kind.TRUTH, a, b)

    def ordered(self, piece: Piece) -> str:
        """As it is put in order: texts by code point."""
        if self.backend is Backend.POSTGRES and piece.kind is Kind.TEXT:
            return f'({piece.sql} COLLATE "C")'
        return piece.sql

    def is_(self, node: exp.Expr) -> Piece:
        x = self.write(node.this)
        if isinstance(node.expression, exp.Null):
            return made(f"({x.sql} IS NULL)", Kind.TRUTH, x)
        if not isinstance(node.expression, exp.Boolean):
            _not_allowed(node)
        x = truth(x)
        said = "TRUE" if node.expression.this else "FALSE"
        return made(f"({x.sql} IS {said})", Kind.TRUTH, x)

    def between(self, node: exp.Expr) -> Piece:
        x, low, high = alike([self.write(node.args[key]) for key in ("this", "low", "high")])
        first, last = self.ordered(low), self.ordered(high)
        return made(f"({self.ordered(x)} BETWEEN {first} AND {last})", Kind.TRUTH, x, low, high)

    def in_(self, node: exp.Expr) -> Piece:
        x = self.write(node.this)
        query = node.args.get("query")
        if query is not None:
            sql, columns = self._query(_bare(query), self.names)
            kind = _only(columns)
            x = as_kind(x, kind) if kind is not x.kind else x
            return made(f"({x.sql} IN ({sql}))", Kind.TRUTH, x)
        pieces = alike([x, *(self.write(each) for each in node.expressions)])
        some = ", ".join(p.sql for p in pieces[1:])
        return made(f"({pieces[0].sql} IN ({some}))", Kind.TRUTH, *pieces)

    def exists(self, node: exp.Expr) -> Piece:
        sql, _columns = self._query(_bare(node.this), self.names)
        return Piece(f"(EXISTS ({sql}))", Kind.TRUTH)

    def scalar(self, node: exp.Expr) -> Piece:
        sql, columns = self._query(_bare(node), self.names)
        return Piece(f"({sql})", _only(columns))

    def like(self, node: exp.Expr) -> Piece:
        a, b = (written(self.backend, p) for p in self._pair(node))
        x, pattern = a.sql, b.sql
        if isinstance(node, exp.ILike):
            call = Given(self.backend, (), (), Tail())
            x, pattern = lower(call, a), lower(call, b)
        plain = " ESCAPE ''" if self.backend is Backend.POSTGRES else ""  # a backslash is a letter
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        return made(f"({x} {word} {pattern}{plain})", Kind.TRUTH, a, b)

    def case(self, node: exp.Expr) -> Piece:
        of = node.args.get("this")
        ifs: list[exp.Expr] = node.args["ifs"]
        default = node.args.get("default")
        if of is None:
            tests = [truth(self.write(each.this)) for each in ifs]
        else:
            tests = [self.compared(exp.EQ(this=of, expression=each.this)) for each in ifs]
        return self._chosen(tests, [each.args["true"] for each in ifs], default)

    def if_(self, node: exp.Expr) -> Piece:
        return self._chosen(
            [truth(self.write(node.this))], [node.args["true"]], node.args.get("false")
        )

    def _chosen(self, tests: list[Piece], then: list[exp.Expr], default: exp.Expr | None) -> Piece:
        other = Piece("NULL", Kind.NOTHING) if default is None else self.write(default)
        values = alike([*(self.write(each) for each in then), other])
        steps = " ".join(
            f"WHEN {t.sql} THEN {v.sql}" for t, v in zip(tests, values[:-1], strict=True)
        )
        sql = f"CASE {steps} ELSE {values[-1].sql} END"
        return made(f"({sql})", values[-1].kind, *tests, *values)

    def cast(self, node: exp.Expr) -> Piece:
        wanted: exp.Expr = node.args["to"]
        sized = [int(param.name) for param in wanted.expressions]
        trying = isinstance(node, exp.TryCast)
        return converted(self.backend, self.write(node.this), wanted.this, sized, trying=trying)

    def interval(self, node: exp.Expr) -> Piece:
        count, of = node.args.get("this"), node.args.get("unit")
        if isinstance(count, exp.Literal):
            said = count.name if of is None else f"{count.name} {unit(of.name)}"
            return Piece(span(said), Kind.SPAN)
        if count is None or of is None:
            _not_allowed(node)
        return spans(self.write(count), unit(of.name))

    def extract(self, node: exp.Expr) -> Piece:
        return part(node.this.name, self.write(node.expression))

    def call(self, node: exp.Expr, tail: Tail | None = None) -> Piece:
        """A function by its name, with what follows it."""
        word = node.name.lower()
        nodes: list[exp.Expr] = list(node.expressions)
        distinct = len(nodes) == 1 and isinstance(nodes[0], exp.Distinct)
        if distinct:
            nodes = list(nodes[0].expressions)
        if word == "last_value" and len(nodes) == 2:
            word = "last_of"
        if word == "count" and len(nodes) == 1 and isinstance(nodes[0], exp.Star) and not distinct:
            nodes = []
        if word in SPANS:
            return self._spanned(word, nodes, tail)
        row = CALLS.get(word)
        if row is None:
            raise no_function(word)
        _check_call(word, row, len(nodes), tail, distinct=distinct)
        return row.gives(self._given(nodes, tail, distinct=distinct))

    def _given(self, nodes: list[exp.Expr], tail: Tail | None, *, distinct: bool = False) -> Given:
        plain = [_plain(each) for each in nodes]
        args = [self.write(each) for each in nodes]
        return Given(self.backend, args, plain, tail or Tail(), distinct)

    def _spanned(self, word: str, nodes: list[exp.Expr], tail: Tail | None) -> Piece:
        takes, written = SPANS[word]
        _check_count(word, takes, len(nodes))
        if tail is not None and tail.over:
            raise Refused(f"{word} with OVER", hint="group by bucket(ts, 60) or a day instead")
        piece = written(self._given(nodes, tail), self.names, nodes)
        return Piece(piece.sql, piece.kind, agg=True)

    def filtered(self, node: exp.Expr, over: str = "") -> Piece:
        where = truth(self.write(node.expression.this))
        return self._tailed(node.this, Tail(where.sql, over))

    def window(self, node: exp.Expr) -> Piece:
        over = f"OVER {self.over(node)}"
        if isinstance(node.this, exp.Filter):
            piece = self.filtered(node.this, over)
        else:
            piece = self._tailed(node.this, Tail(over=over))
        return Piece(piece.sql, piece.kind, window=True)

    def _tailed(self, node: exp.Expr, tail: Tail) -> Piece:
        if isinstance(node, exp.WithinGroup):
            return self.within(node, tail)
        if not isinstance(node, exp.Anonymous):
            _not_allowed(node)
        return self.call(node, tail)

    def within(self, node: exp.Expr, tail: Tail | None = None) -> Piece:
        """percentile_cont(0.5) WITHIN GROUP (ORDER BY x)."""
        of, order = node.this, node.expression.expressions
        word = of.name.lower() if isinstance(of, exp.Anonymous) else ""
        falls = len(order) != 1 or order[0].args.get("desc")
        if word not in {"percentile_cont", "percentile_disc"} or falls or (tail and tail.over):
            raise Refused("WITHIN GROUP in this form", hint="use pct(x, 95)")
        given = self._given(list(of.expressions), tail)
        return quantile(
            given, self.write(order[0].this), given.share(0, 1.0), exact=word == "percentile_disc"
        )

    def over(self, node: exp.Expr) -> str:
        """The window, spelt out: NULLs last unless asked otherwise."""
        named = node.args.get("alias")
        if named is not None:
            known = self.names.windows.get(named.name.lower())
            if known is None:
                raise BadRequest(f"no WINDOW is called {named.name!r:.60}", hint="define it, or write OVER (...)")  # fmt: skip
            return known
        parts = [self.write(each).sql for each in node.args.get("partition_by") or ()]
        told = [f"PARTITION BY {', '.join(parts)}"] if parts else []
        order = node.args.get("order")
        if order is not None:
            told.append(f"ORDER BY {', '.join(self.sort(each) for each in order.expressions)}")
        spec = node.args.get("spec")
        if spec is not None:
            told.append(self._frame(spec))
        return f"({' '.join(told)})"

    def _frame(self, spec: exp.Expr) -> str:
        kind = str(spec.args.get("kind") or "").upper()
        if kind not in {"ROWS", "RANGE", "GROUPS"} or spec.args.get("exclude"):
            raise Refused("this window frame", hint="use ROWS BETWEEN 11 PRECEDING AND CURRENT ROW")
        ends = [self._bound(spec, "start"), self._bound(spec, "end")]
        if not spec.args.get("end"):
            ends[1] = "CURRENT ROW"
        return f"{kind} BETWEEN {ends[0]} AND {ends[1]}"

    def _bound(self, spec: exp.Expr, end: str) -> str:
        value, side = spec.args.get(end), str(spec.args.get(f"{end}_side") or "").upper()
        if isinstance(value, exp.Expr):
            if isinstance(value, exp.Literal) and value.is_int:
                return f"{value.name} {side}"
            return f"{as_kind(self.write(value), Kind.SPAN).sql} {side}"
        return f"{value or 'CURRENT ROW'} {side}".strip().upper()

    def sort(self, node: exp.Expr, piece: Piece | None = None) -> str:
        """One key of ORDER BY: NULLs last, whichever way it goes, unless NULLS FIRST is written."""
        key = piece or self.write(node.this)
        down = " DESC" if node.args.get("desc") else ""
        nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
        return f"{self.ordered(key)}{down} NULLS {nulls}"


def _moved(a: Piece, b: Piece, sign: str) -> Piece:
    """Times and intervals, added or taken away."""
    if a.kind is Kind.SPAN and b.kind is not Kind.SPAN and sign == "+":
        a, b = b, a
    if b.kind is Kind.SPAN:
        left = a if a.kind is Kind.SPAN else as_kind(a, Kind.TIME)
        return made(f"({left.sql} {sign} {b.sql})", left.kind, a, b)
    if a.kind is Kind.DATE and b.kind in NUMERIC:
        days = f"CAST({as_kind(b, Kind.WHOLE).sql} AS INTEGER)"
        return made(f"({a.sql} {sign} {days})", Kind.DATE, a, b)
    a, b = alike([a, b])
    if sign == "-" and a.kind in {Kind.TIME, Kind.DATE}:
        apart = f"({a.sql} - {b.sql})"
        if a.kind is Kind.DATE:
            return made(f"CAST({apart} AS BIGINT)", Kind.WHOLE, a, b)
        return made(apart, Kind.SPAN, a, b)
    raise BadRequest(f"{a.kind} {sign} {b.kind}", hint="add an interval: ts + INTERVAL 1 HOUR")


def _check_call(word: str, row: Call, count: int, tail: Tail | None, *, distinct: bool) -> None:
    _check_count(word, row.takes, count)
    over = tail is not None and bool(tail.over)
    if row.windows and (not over or (tail is not None and tail.where)):
        raise BadRequest(f"{word} without OVER", hint=f"write {word}(...) OVER (ORDER BY ts)")
    if tail is not None and not (row.aggregate or row.windows):
        raise BadRequest(f"{word} is not an aggregate", hint="FILTER and OVER follow aggregates")
    if over and row.aggregate and not row.over:
        raise Refused(f"{word} with OVER", hint="compute it with GROUP BY in WITH, then join")
    if distinct and (not row.distinct or over):
        raise Refused(f"DISTINCT in {word} here", hint="use SELECT DISTINCT in a subquery")


def _check_count(word: str, takes: tuple[int, int], count: int) -> None:
    least, most = takes
    if not least <= count <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise BadRequest(f"{word} with {count} arguments", hint=f"it takes {wanted}")


def _plain(node: exp.Expr) -> float | int | str | None:
    """The value of a literal argument."""
    if isinstance(node, exp.Neg):
        value = _plain(node.this)
        return -value if isinstance(value, (int, float)) else None
    if not isinstance(node, exp.Literal):
        return None
    said = str(node.this)
    if node.is_string:
        return said
    return int(said) if said.isdigit() else float(said)


def _bare(query: exp.Expr) -> exp.Query:
    while isinstance(query, exp.Subquery) and not query.args.get("limit"):
        query = query.this
    if not isinstance(query, (exp.Select, exp.SetOperation)):
        _not_allowed(query)
    return query


def _only(columns: Columns) -> Kind:
    if len(columns) != 1:
        raise BadRequest(f"a subquery of {len(columns)} columns", hint="select one column in it")
    return next(iter(columns.values()))


def _not_allowed(node: exp.Expr) -> NoReturn:
    raise Refused(f"{node.key.upper()} is not allowed here", hint="docs/reference-sql.md lists what is")  # fmt: skip


_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_PLAIN_SIGNS = frozenset(_SIGNS) - {exp.NullSafeEQ, exp.NullSafeNEQ}
_WRITERS: dict[type[exp.Expr], Callable[[Expressions, exp.Expr], Piece]] = {
    exp.Column: Expressions.column, exp.Literal: Expressions.literal, exp.Boolean: Expressions.boolean,
    exp.Null: Expressions.null, exp.Paren: Expressions.paren, exp.Add: Expressions.add, exp.Sub: Expressions.add,
    exp.Mul: Expressions.mul, exp.Div: Expressions.div, exp.IntDiv: Expressions.intdiv, exp.Mod: Expressions.mod,
    exp.Pow: Expressions.pow, exp.Neg: Expressions.neg, exp.DPipe: Expressions.joined_texts,
    exp.And: Expressions.both, exp.Or: Expressions.both, exp.Not: Expressions.negated, exp.Is: Expressions.is_,
    **dict.fromkeys(_SIGNS, Expressions.compared), exp.Between: Expressions.between, exp.In: Expressions.in_,
    exp.Exists: Expressions.exists, exp.Subquery: Expressions.scalar, exp.Like: Expressions.like,
    exp.ILike: Expressions.like, exp.Case: Expressions.case, exp.If: Expressions.if_, exp.Cast: Expressions.cast,
    exp.TryCast: Expressions.cast, exp.Interval: Expressions.interval, exp.Extract: Expressions.extract,
    exp.Anonymous: Expressions.call, exp.Filter: Expressions.filtered, exp.Window: Expressions.window,
    exp.WithinGroup: Expressions.within,
}  # fmt: skip
