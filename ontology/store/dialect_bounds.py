"""What WHERE says of the time of a relation, so that it need not be read from its beginning."""

from __future__ import annotations

from sqlglot import exp

from ontology.store.dialect_expr import Expressions
from ontology.store.dialect_kinds import Kind, alike, name
from ontology.store.dialect_names import Names, Source

_LOW: tuple[type[exp.Expr], ...] = (exp.GT, exp.GTE, exp.EQ)
_HIGH: tuple[type[exp.Expr], ...] = (exp.LT, exp.LTE, exp.EQ)


def bind(select: exp.Expr, names: Names, write: Expressions) -> None:
    """Tell each source the bounds of its time. WHERE stays as it is: this only leaves out sooner."""
    where = select.args.get("where")
    if where is None:
        return
    for part in _parts(where.this):
        if isinstance(part, exp.Between):
            _bound(part.this, part.args["low"], names, write, low=True)
            _bound(part.this, part.args["high"], names, write, high=True)
        elif isinstance(part, (*_LOW, *_HIGH)):
            low, high = isinstance(part, _LOW), isinstance(part, _HIGH)
            _bound(part.this, part.expression, names, write, low=low, high=high)
            _bound(part.expression, part.this, names, write, low=high, high=low)


def _parts(condition: exp.Expr) -> list[exp.Expr]:
    """The conditions that must all hold."""
    front, found = [condition], list[exp.Expr]()
    while front:
        node = front.pop().unnest()
        if isinstance(node, exp.And):
            front += [node.this, node.expression]
        else:
            found.append(node)
    return found


def _bound(
    column: exp.Expr, value: exp.Expr, names: Names, write: Expressions, *,
    low: bool = False, high: bool = False,
) -> None:  # fmt: skip
    column = column.unnest()
    if not isinstance(column, exp.Column) or not _constant(value):
        return
    source = _owner(names, column)
    if source is None:
        return
    _, when = alike([write.write(column), write.write(value)])
    if when.kind is Kind.TIME and low:
        source.since.append(when.sql)
    if when.kind is Kind.TIME and high:
        source.until.append(when.sql)


def _owner(names: Names, column: exp.Column) -> Source | None:
    """The relation of FROM whose own time this is; not what USING made of two."""
    word, table = column.name.lower(), column.table.lower()
    if not table and word in names.shared:
        mine = names.shared[word]
        return mine.source if mine.sql == f"{name(mine.source.alias)}.{name(word)}" else None
    source = names.owner(word, table)
    return source if source is not None and source.columns[word] is Kind.TIME else None


def _constant(value: exp.Expr) -> bool:
    return not any(value.find_all(exp.Column, exp.Query, exp.Window, exp.Star))
