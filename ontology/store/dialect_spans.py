"""Macros over the time between rows: how long a condition held, the integral of a value, a counter's rise.

Each row of a view, or of one point in `samples`, stands for the time until the next one, at most an hour
unless the query says more: so the poll period does not matter, and an outage does not count. The time
between rows is looked at before WHERE: rows that are left out are still the next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlglot import exp

from ontology.errors import BadRequest
from ontology.store.dialect_calls import Given
from ontology.store.dialect_kinds import Kind, Piece, made, name, number, truth
from ontology.store.dialect_names import AT, Names, Source

GAP_MINUTES = 60
"""Longest time one row stands for unless asked otherwise: no plant is polled more rarely."""


def duration_where(call: Given, names: Names, nodes: list[exp.Expr]) -> Piece:
    """Hours for which the condition held."""
    condition = truth(call.args[0])
    held = _held(call, names, nodes)
    counted = f"CASE WHEN {condition.sql} THEN {held} WHEN NOT {condition.sql} THEN 0 END"
    return made(f"(sum({counted}){call.tail.sql()} / 3600)", Kind.NUMBER, condition)


def integral(call: Given, names: Names, nodes: list[exp.Expr]) -> Piece:
    """The value times hours: kWh from kW, degree hours from degrees."""
    value = number(call.args[0])
    held = _held(call, names, nodes)
    return made(f"(sum({value.sql} * {held}){call.tail.sql()} / 3600)", Kind.NUMBER, value)


def delta(call: Given, names: Names, nodes: list[exp.Expr]) -> Piece:
    """How far a counter rose; where it fell, it began again at 0."""
    source, _ = _own(names, nodes[1])
    value = nodes[0]
    if not isinstance(value, exp.Column) or names.owner(value.name.lower(), value.table.lower()) is not source:  # fmt: skip
        raise BadRequest(
            "delta of an expression", hint="give it two columns of one relation: delta(energy, ts)"
        )
    column = f"r.{name(value.name.lower())}"
    last = f"lag({column}) OVER ({_by(source, f'{column} IS NULL')}ORDER BY {source.order})"
    rise = source.beside(
        f"CASE WHEN {column} >= {last} THEN {column} - {last}"
        f" WHEN {column} < {last} THEN {column} END",
        back=True,
    )
    return Piece(f"sum({rise}){call.tail.sql()}", Kind.NUMBER)


def _held(call: Given, names: Names, nodes: list[exp.Expr]) -> str:
    """The seconds each row stands for, as a column of the relation that `ts` is of."""
    source, ts = _own(names, nodes[1])
    minutes = call.whole(2, 1, 10_080) if len(call.args) > 2 else GAP_MINUTES
    here = f"r.{name(AT if source.relation else ts)}"
    apart = f"lead({here}) OVER ({_by(source)}ORDER BY {source.order}) - {here}"
    seconds = f"CAST({apart if source.relation else f'extract(epoch FROM ({apart}))'} AS DOUBLE PRECISION)"
    return source.beside(f"least({seconds}, {60 * minutes})")


def _own(names: Names, node: exp.Expr) -> tuple[Source, str]:
    """The relation, and its column of time."""
    if isinstance(node, exp.Column):
        column = node.name.lower()
        source = names.owner(column, node.table.lower())
        if source is not None and source.columns[column] is Kind.TIME:
            return source, column
    raise BadRequest(
        "the time must be a column of a relation in FROM",
        hint="such as duration_where(fan_run = 1, ts), without an expression around ts",
    )


def _by(source: Source, also: str = "") -> str:
    """Rows of different points have nothing to do with each other."""
    parts = [f"r.{name('point')}"] if "point" in source.columns else []
    parts += [also] if also else []
    return f"PARTITION BY {', '.join(parts)} " if parts else ""


Written = Callable[[Given, Names, list[exp.Expr]], Piece]
SPANS: Mapping[str, tuple[tuple[int, int], Written]] = {
    "duration_where": ((2, 3), duration_where),
    "integral": ((2, 3), integral),
    "delta": ((2, 2), delta),
}
