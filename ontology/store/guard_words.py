"""What SQL may be made of: the allow-lists of the guard, one row a word."""

from __future__ import annotations

from sqlglot import exp

_STRUCTURE = (
    exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join,
    exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
    exp.Distinct, exp.Table, exp.TableAlias, exp.Column, exp.Identifier, exp.Alias, exp.Star, exp.Var,
    exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Interval, exp.DataType,
    exp.DataTypeParam, exp.Window, exp.WindowSpec, exp.Filter, exp.WithinGroup, exp.IgnoreNulls,
    exp.RespectNulls, exp.Case, exp.If, exp.Cast, exp.TryCast, exp.Anonymous,
)  # fmt: skip
_OPERATORS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Neg, exp.DPipe,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between, exp.In, exp.Exists, exp.Like, exp.ILike,
)  # fmt: skip
_AGGREGATES = (
    exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Mode, exp.Quantile,
    exp.PercentileCont, exp.PercentileDisc, exp.ApproxQuantile, exp.ApproxDistinct, exp.Stddev,
    exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop, exp.Skewness, exp.Corr,
    exp.CovarPop, exp.CovarSamp, exp.RegrSlope, exp.RegrIntercept, exp.RegrR2, exp.ArgMin, exp.ArgMax,
    exp.First, exp.Last, exp.AnyValue, exp.LogicalAnd, exp.LogicalOr,
)  # fmt: skip
_WINDOWS = (
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag,
    exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue,
)  # fmt: skip
_NUMBERS = (
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Trunc, exp.Sign, exp.Sqrt, exp.Cbrt, exp.Exp, exp.Ln,
    exp.Log, exp.Greatest, exp.Least, exp.Coalesce, exp.Nullif, exp.IsNan, exp.IsInf,
)  # fmt: skip
_TEXTS = (
    # none that repeats, pads or replaces: a short query must not make a long text
    exp.Lower, exp.Upper, exp.Length, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.Concat,
    exp.SplitPart, exp.StartsWith, exp.Contains,
)  # fmt: skip
_TIMES = (
    exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.TimestampTrunc, exp.DateTrunc,
    exp.DateBin, exp.DateDiff, exp.DateAdd, exp.DateSub, exp.TimeToStr, exp.TimeToUnix, exp.Extract,
    exp.Year, exp.Quarter, exp.Month, exp.Week, exp.Day, exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfYear,
    exp.DayOfMonth, exp.Hour, exp.Minute, exp.Second, exp.Dayname, exp.Monthname, exp.LastDay,
)  # fmt: skip

ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    (*_STRUCTURE, *_OPERATORS, *_AGGREGATES, *_WINDOWS, *_NUMBERS, *_TEXTS, *_TIMES)
)
BY_NAME: frozenset[str] = frozenset({
    # ours
    "bucket", "last_of", "first_of", "pct",
    # DuckDB's, which the parser knows by name only
    "now", "today", "isfinite", "mean", "date_part", "datepart", "weekday", "isodow", "weekofyear", "mad",
    "round_even", "to_minutes", "to_hours", "to_days", "even",
})  # fmt: skip
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
    _T.DATE, _T.TIME, _T.TIMESTAMP, _T.TIMESTAMPNTZ, _T.INTERVAL, *SIZED, *ZONED,
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
}
HINTS: dict[type[exp.Expr], str] = {
    exp.AtTimeZone: "every `ts` is in site-local time already",
    exp.Placeholder: "write the value itself",
    exp.Parameter: "write the value itself",
}


def names() -> list[str]:
    """The functions that may be called, in lower case."""
    typed = (kind for kind in ALLOWED if issubclass(kind, exp.Func))
    return sorted({name.lower() for kind in typed for name in kind.sql_names()} | BY_NAME)
