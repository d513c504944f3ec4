"""Our SQL as one engine's: SELECT, joins, WITH and UNION rebuilt from the syntax tree.

Aliases are spelt out, stars listed, NULLs put last, GROUP BY ALL, QUALIFY and ASOF JOIN said in the
engine's way, and every relation is read in the scope it may be seen in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from ontology.errors import BadRequest, Refused
from ontology.store.dialect_bounds import bind
from ontology.store.dialect_expr import Expressions
from ontology.store.dialect_joins import joined
from ontology.store.dialect_kinds import Backend, Kind, Piece, alike, as_kind, name, truth
from ontology.store.dialect_names import Columns, Names, Source
from ontology.store.dialect_parse import shown
from ontology.store.dialect_times import part

MAX_SQL = 200_000
"""Characters of what is sent to an engine: aliases that are spelt out may grow."""
MAX_NAME = 63
"""PostgreSQL's longest identifier."""

Relation = Callable[[str], "tuple[str, Columns, str] | None"]
"""What a published relation reads as, its columns, and which rows may be seen; None where there is none."""


@dataclass(frozen=True)
class Rendered:
    """A query for one engine, and what its columns are called and hold."""

    sql: str
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    bounds: Mapping[str, tuple[str, ...]]
    """Relation -> conditions on its `ts`, outside of which the query needs no row of it."""


@dataclass
class _Item:
    """One expression of a SELECT list and the name it goes by."""

    label: str
    piece: Piece
    constant: bool = False


@dataclass
class Renderer:
    """Writes whole queries for one engine."""

    backend: Backend
    relation: Relation
    size: int = field(default=0)
    final: exp.Expr | None = None
    """The SELECT whose rows people get: there, an interval is its seconds."""
    sources: list[Source] = field(default_factory=list)
    """Every reading of a published relation."""

    def top(self, tree: exp.Expr) -> Rendered:
        """The query with its columns as people named them."""
        self.final = tree
        sql, columns, labels = self.query(tree, {}, None)
        return Rendered(sql, tuple(labels), tuple(columns.values()), self._bounds())

    def _bounds(self) -> Mapping[str, tuple[str, ...]]:
        """Of relations that are read once."""
        read = Counter(source.relation for source in self.sources)
        return {s.relation: s.bounds for s in self.sources if read[s.relation] == 1 and s.bounds}

    def query(
        self, tree: exp.Expr, ctes: Mapping[str, Columns], outer: Names | None
    ) -> tuple[str, Columns, list[str]]:
        """SQL, columns by their unique names, and the names as written."""
        defined, ctes = self._with(tree, ctes)
        if isinstance(tree, exp.Select):
            sql, columns, labels = _Select(self, tree, ctes, outer).written()
        elif isinstance(tree, exp.SetOperation):
            sql, columns, labels = self._set(tree, ctes, outer)
        elif isinstance(tree, exp.Subquery) and not _beyond(tree, {"this", "with_"}):
            sql, columns, labels = self.query(tree.this, ctes, outer)
            sql = f"({sql})"
        else:
            raise Refused(f"{tree.key.upper()} is not allowed here", hint="write SELECT ... FROM")
        self.size += len(sql)
        if self.size > 8 * MAX_SQL or len(sql) > MAX_SQL:
            raise Refused("the query grows too large", hint="name repeated expressions in WITH")
        return f"{defined}{sql}", columns, labels

    def _with(
        self, tree: exp.Expr, ctes: Mapping[str, Columns]
    ) -> tuple[str, Mapping[str, Columns]]:
        with_ = tree.args.get("with_")
        if with_ is None:
            return "", ctes
        known, told = dict(ctes), []
        for cte in with_.expressions:
            sql, columns, _labels = self.query(cte.this, known, None)
            names = [c.name.lower() for c in cte.args["alias"].args.get("columns") or ()]
            if names and len(names) != len(columns):
                raise BadRequest(
                    f"{cte.alias} names {len(names)} of {len(columns)} columns", hint="name each"
                )
            known[cte.alias.lower()] = dict(
                zip(names or list(columns), columns.values(), strict=True)
            )
            if len(known[cte.alias.lower()]) != len(columns):
                raise BadRequest(f"{cte.alias} names a column twice", hint="give each its own name")
            listed = ", ".join(name(c) for c in known[cte.alias.lower()])
            told.append(f"{name(cte.alias.lower())} ({listed}) AS ({sql})")
        return f"WITH {', '.join(told)} ", known

    def _set(
        self, tree: exp.SetOperation, ctes: Mapping[str, Columns], outer: Names | None
    ) -> tuple[str, Columns, list[str]]:
        """UNION, INTERSECT and EXCEPT, ordered by the names or places of the first SELECT."""
        if tree.args.get("by_name"):
            raise Refused("UNION BY NAME", hint="select the same columns on both sides")
        left, columns, labels = self.query(tree.this, ctes, outer)
        right, other, _ = self.query(tree.expression, ctes, outer)
        if len(columns) != len(other):
            raise BadRequest(
                f"{len(columns)} and {len(other)} columns in one {tree.key.upper()}",
                hint="select the same columns on both sides",
            )
        pairs = [
            alike([Piece(name(c), kind), Piece(name(d), of)])
            for (c, kind), (d, of) in zip(columns.items(), other.items(), strict=True)
        ]
        told = [
            f"SELECT {', '.join(f'{p[side].sql} AS {name(c)}' for p, c in zip(pairs, columns, strict=True))} FROM ({sql}) AS s"  # noqa: S608  (written by us)
            for side, sql in enumerate((left, right))
        ]
        word = tree.key.upper() + ("" if tree.args.get("distinct") else " ALL")
        kinds = {c: p[0].kind for c, p in zip(columns, pairs, strict=True)}
        if tree is self.final and Kind.SPAN in kinds.values():
            raise BadRequest("intervals in a UNION", hint="use epoch(x) / 3600 for hours")
        order = self._set_order(tree, kinds)
        return f"{told[0]} {word} {told[1]}{order}{bounds(tree)}", kinds, labels

    def _set_order(self, tree: exp.Expr, columns: Columns) -> str:
        order = tree.args.get("order")
        if order is None:
            return ""
        listed = list(columns)
        keys = []
        for each in order.expressions:
            place = place_of(each.this, len(listed))
            word = each.this.name.lower() if isinstance(each.this, exp.Column) else ""
            if place is None and word not in columns:
                raise BadRequest("ORDER BY an expression after UNION", hint="order by a column's name or place")  # fmt: skip
            at = place if place is not None else listed.index(word) + 1
            down = " DESC" if each.args.get("desc") else ""
            nulls = "FIRST" if each.args.get("nulls_first") else "LAST"
            keys.append(f"{at}{down} NULLS {nulls}")
        return f" ORDER BY {', '.join(keys)}"


class _Select:
    """One SELECT being written."""

    def __init__(
        self, render: Renderer, tree: exp.Select, ctes: Mapping[str, Columns], outer: Names | None
    ) -> None:
        self.render = render
        self.tree = tree
        self.ctes = ctes
        self.names = Names(outer)
        self.expressions = Expressions(render.backend, self.names, self._inner)
        self.conditions: list[str] = []

    def written(self) -> tuple[str, Columns, list[str]]:
        froms = self._from()
        bind(self.tree, self.names, self.expressions)
        for window in self.tree.args.get("windows") or ():
            self.names.windows[window.name.lower()] = self.expressions.over(window)
        items = self._items()
        where = self._where()
        group = self._group(items)
        having = self._condition("having")
        unique = _unique([item.label for item in items])
        order = self._order(items)
        columns = {c: item.piece.kind for c, item in zip(unique, items, strict=True)}
        distinct = self.tree.args.get("distinct") is not None  # then the list must say its order
        told = [self.expressions.ordered(i.piece) if distinct else i.piece.sql for i in items]
        listed = [f"{sql} AS {name(c)}" for c, sql in zip(unique, told, strict=True)]
        qualify = self._condition("qualify")
        source = "".join(part() for part in froms)
        body = f"{f' FROM {source}' if source else ''}{where}{group}{f' HAVING {having}' if having else ''}"
        labels = [item.label for item in items]
        if qualify:
            return self._qualified(listed, unique, body, qualify, order), columns, labels
        keys = f" ORDER BY {', '.join(sql for sql, _ in order)}" if order else ""
        sql = f"SELECT {self._distinct()}{', '.join(listed)}{body}{keys}{bounds(self.tree)}"
        return sql, columns, labels

    def _qualified(
        self, listed: list[str], unique: list[str], body: str, qualify: str,
        order: list[tuple[str, str]],
    ) -> str:  # fmt: skip
        """The windows inside, the condition on them around it: no other engine has QUALIFY."""
        if self.tree.args.get("distinct") and self.tree.args["distinct"].args.get("on"):
            raise Refused("DISTINCT ON with QUALIFY", hint="use one of them")
        keys = [f"_by_{n}" for n in range(len(order))]
        if self.tree.args.get("distinct") and keys:
            raise Refused("DISTINCT and ORDER BY with QUALIFY", hint="use GROUP BY for DISTINCT")
        hidden = [f"{qualify} AS _kept"]
        hidden += [f"{key} AS {k}" for (_, key), k in zip(order, keys, strict=True)]
        ways = [sql.removeprefix(key) for sql, key in order]
        by = ", ".join(f"{k}{way}" for k, way in zip(keys, ways, strict=True))
        outer = ", ".join(name(c) for c in unique)
        return (
            f"SELECT {self._distinct()}{outer} FROM (SELECT {', '.join([*listed, *hidden])}{body}) AS q"  # noqa: S608  (written by us)
            f" WHERE _kept{f' ORDER BY {by}' if by else ''}{bounds(self.tree)}"
        )

    def _inner(self, query: exp.Query, names: Names) -> tuple[str, Columns]:
        sql, columns, _ = self.render.query(query, self.ctes, names)
        return sql, columns

    def _from(self) -> list[Callable[[], str]]:
        """What is read, as parts that are told only once all expressions have been written."""
        from_ = self.tree.args.get("from_")
        joins = self.tree.args.get("joins") or []
        if from_ is None:
            return []
        first = self.source(from_.this)
        self.names.add(first)
        return [lambda: first.sql, *(joined(self, join) for join in joins)]

    def source(self, node: exp.Expr) -> Source:
        """A relation, what WITH defined, or a subquery."""
        alias = node.args.get("alias")
        if alias is not None and alias.args.get("columns"):
            raise Refused("names of columns after an alias", hint="name them with AS inside")
        if isinstance(node, exp.Table) and not node.args.get("joins"):
            word = node.name.lower()
            if word in self.ctes:
                return Source(node.alias_or_name.lower(), name(word), self.ctes[word])
            known = self.render.relation(word)
            if known is not None:
                sql, columns, only = known
                found = Source(node.alias_or_name.lower(), sql, columns, relation=word, only=only)
                self.render.sources.append(found)
                return found
            raise Refused(f"there is no table or view {node.name!r:.80}", hint="see `points`")
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query):
            sql, columns, _ = self.render.query(node.this, self.ctes, None)
            return Source(node.alias.lower() or f"_sub_{len(self.names.sources)}", f"({sql})", columns)  # fmt: skip
        raise Refused(f"{node.key.upper()} in FROM", hint="name views, or write (SELECT ...) AS x")

    def _items(self) -> list[_Item]:
        items: list[_Item] = []
        for node in self.tree.expressions:
            if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):  # fmt: skip
                items += self._starred(node)
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            piece = self.expressions.write(inner)
            if piece.kind is Kind.NOTHING:
                piece = as_kind(piece, Kind.TEXT)
            if piece.kind is Kind.SPAN and self.tree is self.render.final:
                piece = part("epoch", piece)
            label = node.alias if isinstance(node, exp.Alias) else _label(node)
            items.append(_Item(label, piece, isinstance(inner, exp.Literal)))
            if isinstance(node, exp.Alias):
                self.names.aliases.setdefault(label.lower(), piece)
        if not items:
            raise BadRequest("a SELECT of nothing", hint="name the columns, or write *")
        return items

    def _starred(self, node: exp.Expr) -> list[_Item]:
        """Every column of the relations, those of USING once."""
        star = node.this if isinstance(node, exp.Column) else node
        if star.args.get("replace") or star.args.get("rename"):
            raise Refused("REPLACE and RENAME after *", hint="name the columns")
        without = {c.name.lower() for c in star.args.get("except_") or ()}
        table = node.text("table").lower()
        sources = [s for s in self.names.sources if not table or s.alias == table]
        if not sources:
            raise BadRequest(f"* of {table or 'nothing'!r}", hint="there is no relation of that name in FROM")  # fmt: skip
        found: list[_Item] = []
        for source in sources:
            for column in source.columns:
                shared = not table and self.names.shared.get(column)
                if column in without or (shared and shared.source is not source):
                    continue
                of = table or ("" if shared else source.alias)
                found.append(_Item(column, self.names.column(column, of)))
        return found

    def _where(self) -> str:
        told = self._condition("where")
        parts = [*([told] if told else []), *self.conditions]
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def _condition(self, clause: str) -> str:
        node = self.tree.args.get(clause)
        if node is None:
            return ""
        piece = truth(self.expressions.write(node.this))
        if clause == "where" and (piece.agg or piece.window):
            raise BadRequest("an aggregate or window in WHERE", hint="put it in HAVING or QUALIFY")
        return piece.sql

    def _group(self, items: list[_Item]) -> str:
        group = self.tree.args.get("group")
        if group is None:
            return ""
        if _beyond(group, {"expressions", "all"}):
            raise Refused("this form of GROUP BY", hint="GROUP BY columns, or ALL")
        if group.args.get("all"):
            keys = [i.piece for i in items if not (i.piece.agg or i.piece.window or i.constant)]
        else:
            keys = [self._key(node, items) for node in group.expressions]
        if any(key.agg or key.window for key in keys):
            raise BadRequest("GROUP BY an aggregate", hint="group by columns, or ALL")
        return f" GROUP BY {', '.join(dict.fromkeys(k.sql for k in keys))}" if keys else ""

    def _key(self, node: exp.Expr, items: list[_Item]) -> Piece:
        place = place_of(node, len(items))
        return items[place - 1].piece if place is not None else self.expressions.write(node)

    def _order(self, items: list[_Item]) -> list[tuple[str, str]]:
        """Each key as written after ORDER BY, and the bare expression it begins with."""
        order = self.tree.args.get("order")
        if order is None:
            return []
        self.expressions.alias_first = True
        keys: list[tuple[exp.Expr, Piece]] = []
        for each in order.expressions:
            if isinstance(each.this, exp.Var) and each.this.name.upper() == "ALL":
                keys += [(each, item.piece) for item in items]
            else:
                keys.append((each, self._key(each.this, items)))
        self.expressions.alias_first = False
        write = self.expressions
        return [(write.sort(each, piece), write.ordered(piece)) for each, piece in keys]

    def _distinct(self) -> str:
        distinct = self.tree.args.get("distinct")
        if distinct is None:
            return ""
        on = distinct.args.get("on")
        if on is None:
            return "DISTINCT "
        keys = on.expressions if isinstance(on, exp.Tuple) else [on]
        return f"DISTINCT ON ({', '.join(self.expressions.write(k).sql for k in keys)}) "


def bounds(tree: exp.Expr) -> str:
    """LIMIT and OFFSET, plain numbers."""
    told = ""
    for key, word in (("limit", "LIMIT"), ("offset", "OFFSET")):
        node = tree.args.get(key)
        if node is not None:
            if _beyond(node, {"expression"}) or not (isinstance(node.expression, exp.Literal) and node.expression.is_int):  # fmt: skip
                raise Refused(f"{word} in this form", hint="write a plain number")
            told += f" {word} {int(node.expression.name)}"
    return told


def place_of(node: exp.Expr, count: int) -> int | None:
    """ORDER BY 2 means the second column."""
    if not (isinstance(node, exp.Literal) and node.is_int):
        return None
    place = int(node.name)
    if not 1 <= place <= count:
        raise BadRequest(f"column {place} of {count}", hint=f"places go from 1 to {count}")
    return place


def _label(node: exp.Expr) -> str:
    return node.name if isinstance(node, exp.Column) else shown(node)[:200]


def _unique(labels: list[str]) -> list[str]:
    """Names for the engine: lower case, each once, short enough."""
    used: set[str] = set()
    found = []
    for label in labels:
        base = label.lower().encode()[: MAX_NAME - 4].decode(errors="ignore").replace("\x00", "")
        word, n = base, 0
        while word in used:
            n += 1
            word = f"{base}_{n}"
        used.add(word)
        found.append(word)
    return found


def _beyond(node: exp.Expr, known: set[str]) -> bool:
    return any(value and key not in known for key, value in node.args.items())
