"""What SQL may be made of: the allow-lists of the guard, one row a word."""

from __future__ import annotations

from sqlglot import exp

from ontology.store.dialect_calls import AGGREGATES as CALLS_THAT_AGGREGATE
from ontology.store.dialect_expr import functions
from ontology.store.dialect_spans import SPANS

_STRUCTURE = (
    exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join,
    exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
    exp.Distinct, exp.Table, exp.TableAlias, exp.Column, exp.Identifier, exp.Alias, exp.Star, exp.Var,
    exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Interval, exp.DataType,
    exp.DataTypeParam, exp.Window, exp.WindowSpec, exp.Filter, exp.WithinGroup,
    exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Anonymous,
)  # fmt: skip
_OPERATORS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Neg, exp.DPipe,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between, exp.In, exp.Exists, exp.Like, exp.ILike,
)  # fmt: skip
_CLOCKS = (exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.Extract)

ALLOWED: frozenset[type[exp.Expr]] = frozenset((*_STRUCTURE, *_OPERATORS, *_CLOCKS))
FUNCTIONS: frozenset[str] = frozenset(functions())
AGGREGATES: frozenset[str] = frozenset({*CALLS_THAT_AGGREGATE, *SPANS})
SELECT_ARGS = frozenset({
    "with_", "this", "expression", "expressions", "distinct", "by_name", "alias", "from_", "joins",
    "where", "group", "having", "qualify", "windows", "order", "limit", "offset",
})  # fmt: skip
JOIN_KINDS = frozenset({"", "INNER", "OUTER", "LEFT", "RIGHT", "FULL", "CROSS", "SEMI", "ANTI"})

_T = exp.DataType.Type
SIZED = frozenset({_T.DECIMAL})
ZONED = frozenset({_T.TIMESTAMPTZ, _T.TIMESTAMPLTZ})
TYPES = frozenset({
    _T.BOOLEAN, _T.TINYINT, _T.SMALLINT, _T.INT, _T.BIGINT, _T.FLOAT, _T.DOUBLE, _T.TEXT, _T.VARCHAR,
    _T.DATE, _T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.INTERVAL, *SIZED, *ZONED,
})  # fmt: skip

SAID: dict[type[exp.Expr], str] = {
    exp.Placeholder: "a parameter",
    exp.Parameter: "a parameter",
    exp.AtTimeZone: "AT TIME ZONE",
    exp.Dot: "a name with more than one dot",
    exp.TableSample: "TABLESAMPLE",
    exp.Lock: "FOR UPDATE",
    exp.Values: "VALUES",
    exp.Lateral: "LATERAL",
    exp.IgnoreNulls: "IGNORE NULLS",
}
HINTS: dict[type[exp.Expr], str] = {
    exp.AtTimeZone: "every `ts` is in site-local time already",
    exp.Placeholder: "write the value itself",
    exp.Parameter: "write the value itself",
    exp.IgnoreNulls: "filter with WHERE x IS NOT NULL first, or use ASOF JOIN",
}
