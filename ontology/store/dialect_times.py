"""The functions of time of our SQL. Every time is on the wall of the building; weeks begin on Monday."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ontology.errors import BadRequest
from ontology.store.dialect_calls import Call, Given
from ontology.store.dialect_kinds import Kind, Piece, as_kind, cast, made, quoted

ORIGIN = "CAST('2000-01-03 00:00:00' AS TIMESTAMP)"
"""A Monday: steps of minutes, hours, days and weeks all begin where a person expects them."""
UNITS = {
    "microsecond": 0.000001, "millisecond": 0.001, "second": 1, "minute": 60, "hour": 3600, "day": 86_400,
    "week": 604_800,
}  # fmt: skip
MONTHS = {"month": 1, "quarter": 3, "year": 12}
_COUNTED = re.compile(r"\s*([+-]?\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)\s*", re.IGNORECASE)
_PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "weekofyear": "week", "day": "day",
    "dayofmonth": "day", "dow": "dow", "dayofweek": "dow", "weekday": "dow", "isodow": "isodow", "doy": "doy",
    "dayofyear": "doy", "hour": "hour", "minute": "minute", "second": "second", "epoch": "epoch",
}  # fmt: skip
_FORMATS = {
    # strftime -> to_char
    "Y": "YYYY", "y": "YY", "m": "MM", "d": "DD", "H": "HH24", "I": "HH12", "M": "MI", "S": "SS", "p": "AM",
    "j": "DDD", "b": "Mon", "B": "FMMonth", "a": "Dy", "A": "FMDay", "F": "YYYY-MM-DD", "T": "HH24:MI:SS",
}  # fmt: skip


def unit(word: str) -> str:
    """The unit in the singular."""
    known = word.lower().strip()
    known = {"min": "minute", "mins": "minute", "sec": "second", "h": "hour", "hr": "hour"}.get(
        known, known.removesuffix("s")
    )
    if known in UNITS or known in MONTHS:
        return known
    raise BadRequest(
        f"{word!r:.40} is no unit of time",
        hint="use second, minute, hour, day, week, month or year",
    )


def span(text: str) -> str:
    """An interval said in words, `1 day 2 hours`, as both engines read it."""
    parts, at = [], 0
    for found in _COUNTED.finditer(text):
        if found.start() != at:
            break
        at = found.end()
        parts.append(_counted(float(found[1]), unit(found[2])))
    if not parts or at != len(text):
        raise BadRequest(f"not an interval: {text!r:.40}", hint="write INTERVAL 2 HOUR")
    return f"CAST({quoted(' '.join(parts))} AS INTERVAL)"


def _counted(count: float, of: str) -> str:
    if of in MONTHS:
        if count != int(count):
            raise BadRequest(f"{count:g} {of}", hint="count months in whole numbers")
        return f"{int(count) * MONTHS[of]} months"
    seconds = count * UNITS[of]
    if of in {"day", "week"} and seconds % 86_400 == 0:
        return f"{int(seconds // 86_400)} days"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + " seconds"


def spans(count: Piece, of: str) -> Piece:
    """So many units, counted by an expression."""
    whole = cast(count, Kind.WHOLE) if count.kind is Kind.NUMBER else as_kind(count, Kind.WHOLE)
    return made(f"({whole.sql} * {span(f'1 {of}')})", Kind.SPAN, count)


def time(piece: Piece) -> Piece:
    """As a time."""
    return as_kind(piece, Kind.TIME)


def truncated(of: str, when: str) -> str:
    """The beginning of the unit that holds the time."""
    return f"CAST(date_trunc('{of}', {when}) AS TIMESTAMP)"


def _date_trunc(call: Given) -> Piece:
    of, when = unit(str(call.plain[0])), time(call.args[1])
    if of in {"microsecond", "millisecond"}:
        raise BadRequest(f"date_trunc to a {of}", hint="samples are in whole seconds")
    return made(truncated(of, when.sql), Kind.TIME, when)


def part(of: str, piece: Piece) -> Piece:
    """A field of a time; of an interval, `epoch` only."""
    field = _PARTS.get(of.lower().removesuffix("s") if of.lower() not in _PARTS else of.lower())
    if field is None:
        raise BadRequest(f"{of!r:.40} is no part of a time", hint=f"one of: {', '.join(_PARTS)}")
    if piece.kind is Kind.SPAN and field != "epoch":
        raise BadRequest(f"the {field} of an interval", hint="use epoch(x) / 3600 for hours")
    from_ = piece if piece.kind is Kind.SPAN else time(piece)
    taken = f"extract({field} FROM {from_.sql})"
    if field == "epoch":
        return made(f"CAST({taken} AS DOUBLE PRECISION)", Kind.NUMBER, from_)
    return made(f"CAST(floor({taken}) AS BIGINT)", Kind.WHOLE, from_)


def _part_named(call: Given) -> Piece:
    return part(str(call.plain[0]), call.args[1])


def _epoch(when: str) -> str:
    return f"extract(epoch FROM {when})"


def _date_diff(call: Given) -> Piece:
    """How many beginnings of the unit lie between: 09:59 to 10:01 is one hour."""
    of, a, b = unit(str(call.plain[0])), time(call.args[1]), time(call.args[2])
    if of in MONTHS:
        first, last = (
            f"(extract(year FROM {p.sql}) * 12 + extract(month FROM {p.sql}) - 1)" for p in (a, b)
        )
        sql = f"floor({last} / {MONTHS[of]}.0) - floor({first} / {MONTHS[of]}.0)"
    elif of in {"microsecond", "millisecond"}:
        raise BadRequest(f"a difference in {of}s", hint="samples are in whole seconds")
    else:
        first, last = (_epoch(truncated(of, p.sql)) for p in (a, b))
        sql = f"round(({last} - {first}) / {int(UNITS[of])})"
    return made(f"CAST({sql} AS BIGINT)", Kind.WHOLE, a, b)


def _date_add(call: Given) -> Piece:
    when, by = time(call.args[0]), as_kind(call.args[1], Kind.SPAN)
    return made(f"({when.sql} + {by.sql})", Kind.TIME, when, by)


def stepped(call: Given, seconds: int, when: Piece) -> Piece:
    """The start of the step that holds the time; steps are counted from a Monday's midnight."""
    width = f"CAST('{seconds} seconds' AS INTERVAL)"
    word = "date_bin" if call.postgres else "time_bucket"
    sql = f"{word}({width}, {time(when).sql}, {ORIGIN})"
    return made(f"CAST({sql} AS TIMESTAMP)", Kind.TIME, when)


def _bucket(call: Given) -> Piece:
    return stepped(call, 60 * call.whole(1, 1, 525_600), call.args[0])


def _time_bucket(call: Given) -> Piece:
    found = re.fullmatch(r"CAST\('(\d+) (seconds|days)' AS INTERVAL\)", call.args[0].sql)
    if found is None:
        raise BadRequest("time_bucket by months, or by an expression", hint="use date_trunc('month', ts)")  # fmt: skip
    seconds = int(found[1]) * (86_400 if found[2] == "days" else 1)
    if not 0 < seconds <= 525_600 * 60:
        raise BadRequest(f"a step of {seconds} s", hint="from a second to a year")
    return stepped(call, seconds, call.args[1])


def _named(sql: str, postgres: str) -> Call:
    def gives(call: Given) -> Piece:
        when = time(call.args[0])
        return made((postgres if call.postgres else sql).format(when.sql), Kind.TEXT, when)

    return Call((1, 1), gives)


def _last_day(call: Given) -> Piece:
    month = truncated("month", time(call.args[0]).sql)
    month_on = f"({month} + CAST('1 months' AS INTERVAL) - CAST('1 days' AS INTERVAL))"
    return made(f"CAST({month_on} AS DATE)", Kind.DATE, call.args[0])


def _strftime(call: Given) -> Piece:
    """A time as text; the format is a literal of the letters that both engines know."""
    when, wanted = time(call.args[0]), call.plain[1]
    if not isinstance(wanted, str):
        raise BadRequest("a format by an expression", hint="write strftime(ts, '%H:%M')")
    pieces: list[str] = []
    for found in re.finditer(r"%(.?)|([^%]+)", wanted):
        letter, plain = found[1], found[2]
        if plain is not None:
            pieces.append(quoted(plain))
        elif letter == "%":
            pieces.append("'%'")
        elif letter in _FORMATS:
            form = _FORMATS[letter] if call.postgres else f"%{letter}"
            word = "to_char" if call.postgres else "strftime"
            pieces.append(f"{word}({when.sql}, '{form}')")
        else:
            raise BadRequest(f"the format %{letter}", hint=f"letters: {' '.join(_FORMATS)}")
    return made(f"({' || '.join(pieces)})" if pieces else "CAST('' AS TEXT)", Kind.TEXT, when)


def _field(of: str) -> Call:
    return Call((1, 1), lambda call: part(of, call.args[0]))


def _counted_by(of: str) -> Call:
    return Call((1, 1), lambda call: spans(call.args[0], of))


def _date(call: Given) -> Piece:
    return cast(time(call.args[0]), Kind.DATE)


TIMES: Mapping[str, Call] = {
    "bucket": Call((2, 2), _bucket),
    "time_bucket": Call((2, 2), _time_bucket),
    "date_trunc": Call((2, 2), _date_trunc),
    "datetrunc": Call((2, 2), _date_trunc),
    "date_part": Call((2, 2), _part_named),
    "datepart": Call((2, 2), _part_named),
    "date_diff": Call((3, 3), _date_diff),
    "datediff": Call((3, 3), _date_diff),
    "date_add": Call((2, 2), _date_add),
    "date": Call((1, 1), _date),
    "last_day": Call((1, 1), _last_day),
    "dayname": _named("strftime({0}, '%A')", "to_char({0}, 'FMDay')"),
    "monthname": _named("strftime({0}, '%B')", "to_char({0}, 'FMMonth')"),
    "strftime": Call((2, 2), _strftime),
    **{word: _field(word) for word in _PARTS if word not in {"dow", "doy"}},
    **{f"to_{of}s": _counted_by(of) for of in ("second", "minute", "hour", "day")},
}
