"""The guard: SQL text in, one harmless SELECT out, rebuilt from its syntax tree."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlglot import exp
from sqlglot.errors import SqlglotError

from ontology.errors import BadRequest, Refused
from ontology.store import guard_words as words
from ontology.store.dialect import Renderer
from ontology.store.dialect_expr import no_function
from ontology.store.dialect_kinds import Backend, Kind, name, quoted
from ontology.store.dialect_names import Columns as Kinds
from ontology.store.dialect_parse import HINT as _HINT
from ontology.store.dialect_parse import parsed, shown
from ontology.store.views import kind_of, view_name

MAX_NODES = 1_500
MAX_TABLES = 8
MAX_JOINS = 4
MAX_LITERAL = 200
MAX_CONCATS = 8
"""Text may double with each concatenation: 2^8 is harmless."""
MAX_LIMIT = 1_000_000
"""Rows of an export; what people and models are shown is far less."""

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)? ?(Z|[+-]\d\d(:?\d\d)?)", re.IGNORECASE
)

Columns = Mapping[str, str]
"""Column -> unit."""


@dataclass(frozen=True)
class Guarded:
    """A SELECT that may run. `sql` is our dialect, for people; `bounded` is the engine's own, and reads
    one row more, to see what was cut."""

    sql: str
    bounded: str
    limit: int
    relations: tuple[str, ...]
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    bounds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Relation -> conditions on its local `ts`, outside of which no row of it is needed."""


@dataclass(frozen=True)
class Guard:
    """Lets through what reads the published `relations` (name -> columns), and nothing else.

    `scope`: the points one may see, None for all of them. Then `relations` are those of the scope
    (`ontology.store.views.relations`), and the tables of points are filtered where they are read.
    """

    relations: Mapping[str, Columns]
    zone: ZoneInfo
    scope: Collection[str] | None = None
    backend: Backend = Backend.DUCKDB
    schema: str = "main"

    def check(self, text: str, *, limit: int, now: dt.datetime) -> Guarded:
        """Refused for what is not allowed, BadRequest for what does not parse; both say what to do.

        `now()` and the like become `now` in site-local time, and so does any text with an offset.
        """
        if not 0 < limit <= MAX_LIMIT:
            raise BadRequest(f"a limit of {limit} rows", hint=f"1 to {MAX_LIMIT} are possible")
        try:
            tree = parsed(text)
            tables = self._checked(tree)
            local = tree.transform(_Localised(self.zone, now), copy=False)
            return self._limited(local, limit, tables)
        except RecursionError as cause:
            raise BadRequest("the query is nested too deeply", hint="write it flatter") from cause
        except SqlglotError as cause:
            raise BadRequest(
                f"not understood: {str(cause).splitlines()[0]:.200}", hint=_HINT
            ) from cause

    def _limited(self, tree: exp.Expr, limit: int, relations: tuple[str, ...]) -> Guarded:
        own = tree.args.get("limit")
        asked = int(own.expression.name) if own is not None else limit + 1
        tree.set("limit", exp.Limit(expression=exp.Literal.number(min(asked, limit))))
        text = shown(tree)
        tree.set("limit", exp.Limit(expression=exp.Literal.number(min(asked, limit + 1))))
        rendered = Renderer(self.backend, self._read).top(tree)
        return Guarded(
            text, rendered.sql, min(asked, limit), relations, rendered.columns, rendered.kinds,
            rendered.bounds,
        )  # fmt: skip

    def _read(self, word: str) -> tuple[str, Kinds, str] | None:
        """What a published relation reads as: by its schema, and which of its rows are in scope."""
        columns = self.relations.get(word)
        if columns is None:
            return None
        kinds = {column: kind_of(word, column) for column in columns}
        where = f"{name(self.schema)}.{name(word)}"
        if self.scope is None:
            return where, kinds, ""
        if "point" in columns:
            some = ", ".join(quoted(point) for point in sorted(self.scope)) or "NULL"
            only = f'"point" IN ({some})'
        else:
            spoke = [f"{name(c)} IS NOT NULL" for c, kind in kinds.items() if kind is not Kind.TIME]
            only = " OR ".join(spoke) or "FALSE"
        return where, kinds, only

    def _checked(self, tree: exp.Query) -> tuple[str, ...]:
        """The published relations the tree names, when it may run."""
        nodes = list(tree.walk())
        if len(nodes) > MAX_NODES:
            raise Refused(f"a query of {len(nodes)} parts", hint=f"{MAX_NODES} are possible")
        for node in nodes:
            _check_node(node)
        _check_counts(nodes)
        found: dict[str, None] = {}
        for node in nodes:
            if isinstance(node, exp.Table) and _named_by_with(node) is None:
                found[self._relation(node)] = None
        for cte in tree.find_all(exp.CTE):
            self._check_cte_name(cte.alias)
        return tuple(found)

    def _relation(self, table: exp.Table) -> str:
        word = table.name.lower()
        if word in self.relations:
            return word
        near = nearest(view_name(word), self.relations)
        raise Refused(
            f"there is no table or view {table.name!r:.80}",
            hint=f"nearest: {', '.join(near)}" if near else _HINT,
        )

    def _check_cte_name(self, word: str) -> None:
        if word.lower() in self.relations or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", word):
            raise Refused(f"WITH may not define {word!r:.80}", hint="choose a plain new name")


def nearest(name: str, known: Mapping[str, object], *, count: int = 4) -> list[str]:
    """The most similar names, best first; those that only differ by a separator come before."""
    same = [k for k in known if k.replace("_", "") == name.lower().replace("_", "")]
    close = difflib.get_close_matches(name.lower(), known, n=count, cutoff=0.5)
    return list(dict.fromkeys([*same, *close]))[:count]


def _check_node(node: exp.Expr) -> None:
    kind = type(node)
    if kind is exp.Anonymous:
        if node.name.lower() not in words.FUNCTIONS:
            raise no_function(node.name)
    elif kind not in words.ALLOWED:
        said = words.SAID.get(kind, kind.__name__)
        raise Refused(f"{said} is not allowed", hint=words.HINTS.get(kind, _HINT))
    check = _CHECKS.get(kind)
    if check is not None:
        check(node)


def _check_select(node: exp.Expr) -> None:
    odd = [key for key, value in node.args.items() if value and key not in words.SELECT_ARGS]
    if odd:
        raise Refused(f"{odd[0].strip('_').upper()} is not allowed here", hint=_HINT)


def _check_table(node: exp.Expr) -> None:
    odd = [
        key for key, value in node.args.items() if value and key not in {"this", "alias", "joins"}
    ]
    if odd or not isinstance(node.this, exp.Identifier):
        raise Refused(
            f"{shown(node)[:80]!r} is not a table or view by its plain name",
            hint="name views without schema, file or function, such as ahu_1",
        )


def _check_column(node: exp.Expr) -> None:
    if node.args.get("db") or node.args.get("catalog"):
        raise Refused(f"{shown(node)[:80]} has too many dots", hint="write view.column")


def _check_with(node: exp.Expr) -> None:
    if node.args.get("recursive"):
        raise Refused("WITH RECURSIVE is not allowed", hint="a plain WITH is")


def _check_literal(node: exp.Expr) -> None:
    if len(str(node.this)) > MAX_LITERAL:
        raise Refused(
            f"a literal of {len(str(node.this))} characters", hint=f"at most {MAX_LITERAL}"
        )


def _check_cast(node: exp.Expr) -> None:
    wanted: exp.Expr = node.args["to"]
    sized = bool(wanted.expressions)
    if wanted.this not in (words.SIZED if sized else words.TYPES):
        raise Refused(
            f"the type {shown(wanted)[:80]} is not allowed",
            hint="use INT, BIGINT, DOUBLE, DECIMAL, VARCHAR, BOOLEAN, DATE, TIMESTAMP or INTERVAL",
        )


def _check_bound(node: exp.Expr) -> None:
    """LIMIT and OFFSET by plain numbers."""
    if not (isinstance(node.expression, exp.Literal) and node.expression.is_int):
        raise Refused(f"{node.key.upper()} by an expression", hint="write a plain number")


def _check_join(node: exp.Expr) -> None:
    """A join must match rows: an equality between both sides, or a single row on one of them."""
    method, kind = node.text("method").upper(), node.text("kind").upper()
    if method not in {"", "ASOF"} or kind not in words.JOIN_KINDS:
        said = f"{method} {kind}".strip() + " JOIN"
        raise Refused(f"{said} is not allowed", hint="use JOIN ... ON a.ts = b.ts, or ASOF JOIN")
    on = node.args.get("on")
    once = method == "ASOF" and on is not None  # the nearest row, never several
    if once or node.args.get("using") or _matches(on) or _is_one_row(node.this):
        return
    raise Refused(
        f"joining {node.alias_or_name!r:.80} without matching rows would multiply them",
        hint="write JOIN ... ON a.ts = b.ts (an equality between columns of both), or USING (ts)",
    )


def _matches(on: exp.Expr | None) -> bool:
    if on is None:
        return False
    parts = on.flatten() if isinstance(on, exp.And) else [on]
    return any(isinstance(part, exp.EQ) and _two_sides(part) for part in parts)


def _two_sides(equal: exp.EQ) -> bool:
    left, right = (
        {c.table for c in side.find_all(exp.Column)} for side in (equal.left, equal.right)
    )
    return bool(left and right) and (left != right or left == {""})


def _is_one_row(joined: exp.Expr) -> bool:
    """A subquery, in place or by its name from WITH, that only aggregates, without GROUP BY."""
    select = _named_by_with(joined) if isinstance(joined, exp.Table) else joined.this
    if not isinstance(select, exp.Select) or select.args.get("group") or select.find(exp.Window):
        return False
    return all(
        _aggregates(item) or not item.find(exp.Column) for item in select.expressions
    ) and any(_aggregates(item) for item in select.expressions)


def _aggregates(item: exp.Expr) -> bool:
    return any(call.name.lower() in words.AGGREGATES for call in item.find_all(exp.Anonymous))


def _check_counts(nodes: list[exp.Expr]) -> None:
    texts = sum(isinstance(n, exp.Anonymous) and n.name.lower() == "concat" for n in nodes)
    if texts > MAX_CONCATS:
        raise Refused(f"{texts} concatenations in one query", hint=f"at most {MAX_CONCATS}")
    for kinds, most, said in (
        ((exp.Table,), MAX_TABLES, "tables"),
        ((exp.Join,), MAX_JOINS, "joins"),
        ((exp.DPipe,), MAX_CONCATS, "concatenations"),
    ):
        count = sum(isinstance(node, kinds) for node in nodes)
        if count > most:
            raise Refused(f"{count} {said} in one query", hint=f"at most {most} are possible")


def _named_by_with(table: exp.Table) -> exp.Expr | None:
    """The query that WITH gives this name where the table stands; None for a published relation."""
    name = table.name.lower()
    return next((cte.this for cte in _visible_ctes(table) if cte.alias.lower() == name), None)


def _visible_ctes(table: exp.Expr) -> Iterator[exp.CTE]:
    """Nearest first; a CTE sees only those before it."""
    child, parent = table, table.parent
    while parent is not None:
        if isinstance(parent, exp.With):
            yield from parent.expressions[: parent.expressions.index(child)]
        elif not isinstance(child, exp.With):
            with_ = parent.args.get("with_")
            yield from with_.expressions if isinstance(with_, exp.With) else ()
        child, parent = parent, parent.parent


@dataclass(frozen=True)
class _Localised:
    """Replaces clocks and instants with offsets by site-local times, which is what `ts` is in."""

    zone: ZoneInfo
    now: dt.datetime

    def __call__(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.CurrentDate) or _is_call(node, "today"):
            return exp.cast(exp.Literal.string(self._local(self.now)[:10]), "DATE")
        if isinstance(node, (exp.CurrentTimestamp, exp.Localtimestamp)) or _is_call(node, "now"):
            return exp.cast(exp.Literal.string(self._local(self.now)), "TIMESTAMP")
        if isinstance(node, exp.DataType) and node.this in words.ZONED:
            return exp.DataType.build("TIMESTAMP", dialect="duckdb")
        if isinstance(node, exp.Literal) and node.is_string and _INSTANT.fullmatch(node.this):
            return exp.Literal.string(self._local(_instant(node.this)))
        return node

    def _local(self, instant: dt.datetime) -> str:
        return instant.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")


def _is_call(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == name


def _instant(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text.upper().replace("Z", "+00:00").replace(" +", "+"))
    except ValueError as cause:
        raise BadRequest(f"not a time: {text!r}", hint="write it as 2026-11-20 14:30") from cause


_CHECKS: dict[type[exp.Expr], Callable[[exp.Expr], None]] = {
    exp.Select: _check_select,
    exp.Union: _check_select,
    exp.Intersect: _check_select,
    exp.Except: _check_select,
    exp.Subquery: _check_select,
    exp.Table: _check_table,
    exp.Column: _check_column,
    exp.With: _check_with,
    exp.Literal: _check_literal,
    exp.Cast: _check_cast,
    exp.TryCast: _check_cast,
    exp.Limit: _check_bound,
    exp.Offset: _check_bound,
    exp.Join: _check_join,
}
