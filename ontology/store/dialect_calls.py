"""The functions of our SQL, one row each: what they take, and how each engine says them.

Both engines give the same: NULL where there is no number (1 / 0, the root of a negative, a mean of
nothing), halves rounded away from zero, quantiles interpolated linearly, ties told apart by value, and
texts compared by code point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ontology.errors import BadRequest
from ontology.store.dialect_kinds import (
    TYPES,
    Backend,
    Kind,
    Piece,
    alike,
    cast,
    figure,
    made,
    number,
    truth,
    written,
)


@dataclass(frozen=True)
class Tail:
    """What follows an aggregate: FILTER and OVER."""

    where: str = ""
    over: str = ""

    def sql(self, also: str = "") -> str:
        """With one more condition on the rows."""
        both = " AND ".join(f"({part})" for part in (self.where, also) if part)
        return (f" FILTER (WHERE {both})" if both else "") + (f" {self.over}" if self.over else "")


@dataclass(frozen=True)
class Given:
    """A call as it stands in a query. `plain` are the arguments as numbers or texts where literal."""

    backend: Backend
    args: Sequence[Piece]
    plain: Sequence[float | int | str | None]
    tail: Tail
    distinct: bool = False

    @property
    def postgres(self) -> bool:
        return self.backend is Backend.POSTGRES

    def text(self, at: int) -> Piece:
        """An argument as text."""
        return written(self.backend, self.args[at])

    def whole(self, at: int, low: int, high: int) -> int:
        """A literal whole number; BadRequest for anything else."""
        value = self.plain[at] if at < len(self.plain) else None
        if not isinstance(value, int) or not low <= value <= high:
            raise BadRequest(
                f"argument {at + 1} must be a whole number from {low} to {high}",
                hint="write the number itself",
            )
        return value

    def share(self, at: int, high: float) -> float:
        """A literal number from 0 to `high`."""
        value = self.plain[at] if at < len(self.plain) else None
        if not isinstance(value, (int, float)) or not 0 <= value <= high:
            raise BadRequest(
                f"argument {at + 1} must be a number from 0 to {high:g}",
                hint="write the number itself",
            )
        return float(value)


@dataclass(frozen=True)
class Call:
    """A row of the table. `takes`: least and most arguments; `gives` writes them."""

    takes: tuple[int, int]
    gives: Callable[[Given], Piece]
    aggregate: bool = False
    windows: bool = False
    """Stands only with OVER (...)."""
    over: bool = True
    """An aggregate that may stand with OVER on both engines."""
    distinct: bool = False


def _each(template: str, into: Callable[[Piece], Piece], kind: Kind | None = None) -> Call:
    """One argument, one text for both engines; the kind of the argument unless said."""

    def gives(call: Given) -> Piece:
        piece = into(call.args[0])
        return made(template.format(piece.sql), kind or piece.kind, piece)

    return Call((1, 1), gives)


def by_code(call: Given, piece: Piece) -> str:
    """The text of a piece as it is ordered: by code point on either engine."""
    return f'({piece.sql} COLLATE "C")' if call.postgres and piece.kind is Kind.TEXT else piece.sql


def _round(call: Given) -> Piece:
    """Halves away from zero: one text for both engines, whose own ways differ."""
    piece = figure(call.args[0])
    digits = call.whole(1, -9, 9) if len(call.args) > 1 else 0
    if piece.kind is Kind.WHOLE and digits >= 0:
        return piece
    x, power = number(piece).sql, f"CAST({10 ** abs(digits)} AS DOUBLE PRECISION)"
    scaled, back = (
        (f"({x} * {power})", f"/ {power}") if digits >= 0 else (f"({x} / {power})", f"* {power}")
    )
    half = f"CASE WHEN abs({scaled} - trunc({scaled})) >= 0.5 THEN sign({scaled}) ELSE 0 END"
    kind = f"(trunc({scaled}) + {half}) {back}" if digits else f"(trunc({scaled}) + {half})"
    return cast(made(kind, Kind.NUMBER, piece), Kind.NUMBER)


def _to_whole(call: Given, word: str) -> Piece:
    piece = figure(call.args[0])
    return piece if piece.kind is Kind.WHOLE else made(f"{word}({piece.sql})", Kind.NUMBER, piece)


def _trunc(call: Given) -> Piece:
    piece = figure(call.args[0])
    digits = call.whole(1, 0, 9) if len(call.args) > 1 else 0
    if piece.kind is Kind.WHOLE:
        return piece
    power = f"CAST({10**digits} AS DOUBLE PRECISION)"
    return made(f"(trunc({piece.sql} * {power}) / {power})", Kind.NUMBER, piece)


def _where(condition: str, template: str) -> Call:
    """A function of a number that is unknown outside its range."""

    def gives(call: Given) -> Piece:
        x = number(call.args[0])
        told = f"CASE WHEN {condition} THEN {template} END".replace("{0}", x.sql)
        return made(f"({told})", Kind.NUMBER, x)

    return Call((1, 1), gives)


def _ln(x: str) -> str:
    return f"(CASE WHEN {x} > 0 THEN ln({x}) END)"


def _log(call: Given) -> Piece:
    x = number(call.args[-1])
    base = _ln(number(call.args[0]).sql) if len(call.args) > 1 else "ln(CAST(10 AS DOUBLE PRECISION))"  # fmt: skip
    return made(f"({_ln(x.sql)} / nullif({base}, 0))", Kind.NUMBER, *call.args)


def power(a: Piece, b: Piece) -> Piece:
    """a to the power b; unknown where it has no real value or none a float holds."""
    x, y = number(a), number(b)
    size = f"abs({y.sql} * ln(abs({x.sql}))) < 700"
    raised = f"power({x.sql}, {y.sql})"
    whole = f"({x.sql} > 0 OR {y.sql} = trunc({y.sql}))"
    told = (
        f"CASE WHEN {x.sql} = 0 THEN CASE WHEN {y.sql} > 0 THEN 0 WHEN {y.sql} = 0 THEN 1 END"
        f" WHEN {whole} THEN CASE WHEN {size} THEN {raised} END END"
    )
    return made(f"CAST({told} AS DOUBLE PRECISION)", Kind.NUMBER, x, y)


def _extreme(word: str) -> Call:
    """greatest and least; what is NULL does not take part."""

    def gives(call: Given) -> Piece:
        pieces = alike(list(call.args))
        return made(
            f"{word}({', '.join(by_code(call, p) for p in pieces)})", pieces[0].kind, *pieces
        )

    return Call((2, 16), gives)


def _first_known(call: Given) -> Piece:
    pieces = alike(list(call.args))
    return made(f"coalesce({', '.join(p.sql for p in pieces)})", pieces[0].kind, *pieces)


def _nullif(call: Given) -> Piece:
    a, b = alike(list(call.args))
    return made(f"nullif({a.sql}, {b.sql})", a.kind, a, b)


_NAN, _INFINITE = ("CAST('NaN' AS DOUBLE PRECISION)", "CAST('Infinity' AS DOUBLE PRECISION)")
NUMBERS: Mapping[str, Call] = {
    "abs": _each("abs({0})", figure),
    "round": Call((1, 2), _round),
    "floor": Call((1, 1), lambda call: _to_whole(call, "floor")),
    "ceil": Call((1, 1), lambda call: _to_whole(call, "ceil")),
    "ceiling": Call((1, 1), lambda call: _to_whole(call, "ceil")),
    "trunc": Call((1, 2), _trunc),
    "sign": _each("CAST(sign({0}) AS BIGINT)", figure, Kind.WHOLE),
    "sqrt": _where("{0} >= 0", "sqrt({0})"),
    "cbrt": _each("cbrt({0})", number),
    "exp": _where("{0} BETWEEN -700 AND 709", "exp({0})"),
    "ln": _where("{0} > 0", "ln({0})"),
    "log": Call((1, 2), _log),
    "log10": Call((1, 1), _log),
    "pow": Call((2, 2), lambda call: power(*call.args)),
    "power": Call((2, 2), lambda call: power(*call.args)),
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "coalesce": Call((1, 16), _first_known),
    "ifnull": Call((2, 2), _first_known),
    "nullif": Call((2, 2), _nullif),
    "isnan": _each(f"({{0}} = {_NAN})", number, Kind.TRUTH),
    "isinf": _each(f"(abs({{0}}) = {_INFINITE})", number, Kind.TRUTH),
    "isfinite": _each(f"(abs({{0}}) < {_INFINITE})", number, Kind.TRUTH),
}


def _agg(piece: Piece) -> Piece:
    """It holds an aggregate now; one inside another is an error that both engines would tell."""
    if piece.agg:
        raise BadRequest("an aggregate inside an aggregate", hint="compute the inner one in WITH")
    return Piece(piece.sql, piece.kind, agg=True, window=piece.window)


def _of(call: Given, template: str, piece: Piece, kind: Kind, also: str = "") -> Piece:
    """An aggregate of one piece: `{0}` is the piece, `{t}` FILTER and OVER."""
    told = ("DISTINCT " if call.distinct else "") + piece.sql
    sql = template.replace("{t}", call.tail.sql(also)).replace("{0}", told)
    return _agg(made(sql, kind, piece))


def _count(call: Given) -> Piece:
    if not call.args:
        return Piece(f"count(*){call.tail.sql()}", Kind.WHOLE, agg=True)
    return _of(call, "count({0}){t}", call.args[0], Kind.WHOLE)


def _sum(call: Given) -> Piece:
    x = figure(call.args[0])
    return _of(call, f"CAST(sum({{0}}){{t}} AS {TYPES[x.kind]})", x, x.kind)


def _lowest(word: str) -> Callable[[Given], Piece]:
    def gives(call: Given) -> Piece:
        x = call.args[0]
        if x.kind is Kind.TRUTH:
            raise BadRequest(f"{word} of true or false", hint="use bool_or or bool_and")
        piece = Piece(by_code(call, x), x.kind, x.agg, x.window)
        return _of(call, f"{word}({{0}}){{t}}", piece, x.kind)

    return gives


def _stat(template: str, *, both: bool = False) -> Call:
    """A statistic of numbers; where a deviation is zero, what divides by it is unknown."""

    def gives(call: Given) -> Piece:
        pieces = [number(figure(p)) for p in call.args]
        inner = ", ".join(p.sql for p in pieces)
        sql = template.format(f"({inner}){call.tail.sql()}")
        return _agg(made(f"nullif({sql}, {_NAN})", Kind.NUMBER, *pieces))

    return Call((2, 2) if both else (1, 1), gives, aggregate=True)


def quantile(call: Given, x: Piece, at: float, *, exact: bool) -> Piece:
    """`exact`: a value that occurs; else between its neighbours, linearly."""
    piece = number(figure(x))
    word = "disc" if exact else "cont"
    if call.postgres:
        sql = f"percentile_{word}({at!r}) WITHIN GROUP (ORDER BY {piece.sql}){call.tail.sql()}"
    else:
        sql = f"quantile_{word}({piece.sql}, {at!r}){call.tail.sql()}"
    return _agg(made(f"CAST({sql} AS DOUBLE PRECISION)", Kind.NUMBER, piece))


def _quantile(*, exact: bool, high: float = 1.0) -> Call:
    def gives(call: Given) -> Piece:
        return quantile(call, call.args[0], call.share(1, high) / high, exact=exact)

    return Call((2, 2), gives, aggregate=True, over=False)


def _median(call: Given) -> Piece:
    return quantile(call, call.args[0], 0.5, exact=False)


def _of_rows(x: Piece) -> bool:
    """Whether it may differ from row to row: every column is written with its relation."""
    return '"."' in x.sql


def _mad(call: Given) -> Piece:
    """The median distance from the median."""
    x = number(figure(call.args[0]))
    if not _of_rows(x):
        return _agg(made(f"(min({x.sql}){call.tail.sql()} * 0)", Kind.NUMBER, x))
    if not call.postgres:
        return _agg(made(f"mad({x.sql}){call.tail.sql()}", Kind.NUMBER, x))
    all_of = f"unnest(array_agg({x.sql}){call.tail.sql()})"
    middle = "percentile_cont(0.5) WITHIN GROUP (ORDER BY {})"
    sql = (
        f"(SELECT {middle.format('abs(v - m)')} FROM {all_of} AS v,"  # noqa: S608  (written by us)
        f" (SELECT {middle.format('w')} AS m FROM {all_of} AS w) AS o)"
    )
    return _agg(made(sql, Kind.NUMBER, x))


def _mode(call: Given) -> Piece:
    """The most frequent; of equally frequent ones the smallest."""
    x = call.args[0]
    order = by_code(call, x)
    if call.postgres:
        sql = f"mode() WITHIN GROUP (ORDER BY {order}){call.tail.sql()}"
    else:
        # a constant key would be taken for the share of a quantile
        word = f"mode({x.sql} ORDER BY {x.sql})" if _of_rows(x) else f"min({x.sql})"
        sql = f"{word}{call.tail.sql()}"
    return _agg(made(sql, x.kind, x))


def _at_end(*, last: bool) -> Call:
    """The value where the other is greatest; of several such, the greatest value (first: smallest)."""

    def gives(call: Given) -> Piece:
        value, by = call.args
        if Kind.TRUTH in {value.kind, by.kind}:
            raise BadRequest("the last true or false", hint="use CASE WHEN x THEN 1 ELSE 0 END")
        known = f"{value.sql} IS NOT NULL AND {by.sql} IS NOT NULL"
        v, b = by_code(call, value), by_code(call, by)
        down = " DESC" if last else ""
        if call.postgres:
            sql = f"(array_agg({v} ORDER BY {b}{down}, {v}{down}){call.tail.sql(known)})[1]"
        else:
            sql = f"arg_{'max' if last else 'min'}({v}, row({b}, {v})){call.tail.sql(known)}"
        return _agg(made(sql, value.kind, value, by))

    return Call((2, 2), gives, aggregate=True, over=False)


def _truths(word: str) -> Call:
    return Call(
        (1, 1),
        lambda call: _of(call, f"{word}({{0}}){{t}}", truth(call.args[0]), Kind.TRUTH),
        aggregate=True,
    )


def _count_if(call: Given) -> Piece:
    told = truth(call.args[0])
    piece = made(f"CASE WHEN {told.sql} THEN 1 END", Kind.WHOLE, told)
    return _of(call, "count({0}){t}", piece, Kind.WHOLE)


def _count_kinds(call: Given) -> Piece:
    x = call.args[0]
    return _of(call, "count(DISTINCT {0}){t}", x, Kind.WHOLE)


def _avg(call: Given) -> Piece:
    return _of(call, "avg({0}){t}", number(figure(call.args[0])), Kind.NUMBER)


_MEAN = Call((1, 1), _avg, aggregate=True, distinct=True)
AGGREGATES: Mapping[str, Call] = {
    "count": Call((0, 1), _count, aggregate=True, distinct=True),
    "count_if": Call((1, 1), _count_if, aggregate=True),
    "approx_count_distinct": Call((1, 1), _count_kinds, aggregate=True, over=False),
    "sum": Call((1, 1), _sum, aggregate=True, distinct=True),
    "avg": _MEAN,
    "mean": _MEAN,
    "min": Call((1, 1), _lowest("min"), aggregate=True),
    "max": Call((1, 1), _lowest("max"), aggregate=True),
    "any_value": Call((1, 1), _lowest("min"), aggregate=True),
    "median": Call((1, 1), _median, aggregate=True, over=False),
    "mad": Call((1, 1), _mad, aggregate=True, over=False),
    "mode": Call((1, 1), _mode, aggregate=True, over=False),
    "pct": _quantile(exact=False, high=100.0),
    "quantile_cont": _quantile(exact=False),
    "approx_quantile": _quantile(exact=False),
    "quantile_disc": _quantile(exact=True),
    "quantile": _quantile(exact=True),
    "arg_max": _at_end(last=True),
    "max_by": _at_end(last=True),
    "last_of": _at_end(last=True),
    "arg_min": _at_end(last=False),
    "min_by": _at_end(last=False),
    "first_of": _at_end(last=False),
    "bool_and": _truths("bool_and"),
    "bool_or": _truths("bool_or"),
    "stddev": _stat("stddev_samp{0}"),
    "stddev_samp": _stat("stddev_samp{0}"),
    "stddev_pop": _stat("stddev_pop{0}"),
    "variance": _stat("var_samp{0}"),
    "var_samp": _stat("var_samp{0}"),
    "var_pop": _stat("var_pop{0}"),
    "corr": _stat("corr{0}", both=True),
    "covar_pop": _stat("covar_pop{0}", both=True),
    "covar_samp": _stat("covar_samp{0}", both=True),
    "regr_slope": _stat("regr_slope{0}", both=True),
    "regr_intercept": _stat("regr_intercept{0}", both=True),
    "regr_r2": _stat("regr_r2{0}", both=True),
}


def _numbered(word: str, kind: Kind) -> Call:
    def gives(call: Given) -> Piece:
        return Piece(f"CAST({word}(){call.tail.sql()} AS {TYPES[kind]})", kind, window=True)

    return Call((0, 0), gives, windows=True)


def _ntile(call: Given) -> Piece:
    sql = f"CAST(ntile({call.whole(0, 1, 10_000)}){call.tail.sql()} AS BIGINT)"
    return Piece(sql, Kind.WHOLE, window=True)


def _beside(word: str) -> Call:
    """lag and lead."""

    def gives(call: Given) -> Piece:
        value = call.args[0]
        steps = call.whole(1, 0, 1_000_000) if len(call.args) > 1 else 1
        other = ""
        if len(call.args) > 2:
            value, instead = alike([value, call.args[2]])
            other = f", {instead.sql}"
        sql = f"{word}({value.sql}, {steps}{other}){call.tail.sql()}"
        return Piece(sql, value.kind, agg=value.agg, window=True)

    return Call((1, 3), gives, windows=True)


def _edge(word: str) -> Call:
    """first_value, last_value and nth_value."""

    def gives(call: Given) -> Piece:
        value = call.args[0]
        nth = f", {call.whole(1, 1, 1_000_000)}" if word == "nth_value" else ""
        return Piece(
            f"{word}({value.sql}{nth}){call.tail.sql()}", value.kind, agg=value.agg, window=True
        )

    return Call((2, 2) if word == "nth_value" else (1, 1), gives, windows=True)


WINDOWS: Mapping[str, Call] = {
    **{word: _numbered(word, Kind.WHOLE) for word in ("row_number", "rank", "dense_rank")},
    **{word: _numbered(word, Kind.NUMBER) for word in ("percent_rank", "cume_dist")},
    "ntile": Call((1, 1), _ntile, windows=True),
    "lag": _beside("lag"),
    "lead": _beside("lead"),
    **{word: _edge(word) for word in ("first_value", "last_value", "nth_value")},
}
NOT_HERE: Mapping[str, str] = {
    "first": "use first_of(value, ts): without an order, any row could be the first",
    "last": "use last_of(value, ts): without an order, any row could be the last",
    "skewness": "not the same on every database: use pct(x, 5), median(x) and pct(x, 95)",
    "random": "the same question must give the same answer",
    "repeat": "a short query must not make a long text",
    "replace": "a short query must not make a long text",
    "lpad": "a short query must not make a long text",
    "rpad": "a short query must not make a long text",
    "string_agg": "select the rows instead, or count(DISTINCT x)",
    "list": "select the rows instead",
    "array_agg": "select the rows instead",
    "to_char": "use strftime(ts, '%H:%M')",
    "date_format": "use strftime(ts, '%H:%M')",
    "format": "use round(x, 2), or strftime(ts, '%H:%M')",
    "dateadd": "write ts + INTERVAL 1 DAY",
    "getdate": "use now()",
    "convert": "use CAST(x AS DOUBLE)",
    "isnull": "use coalesce(x, 0), or x IS NULL",
    "nvl": "use coalesce(x, 0)",
    "len": "use length(x)",
    "kurtosis": "not the same on every database: use pct(x, 5) and pct(x, 95)",
}
"""Words that analysts try: what to use instead."""
