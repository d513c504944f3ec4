"""Every kind of Haystack value, generated, and the strictest meaning of "the same value"."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from string import ascii_letters, ascii_lowercase, digits
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from ontology.codec.scan import joined
from ontology.errors import BadRequest, Corrupt
from ontology.kinds import MARKER, NA, REMOVE, Coord, Grid, Number, Ref, Symbol, Uri, XStr

ODD_TEXTS = (
    "", " ", '"', "\\", "$", "${x}", "a,b", "\n", "\r\n", "\t", "\x00", "\x1f", "\x7f", "\x85", "\u2028",
    "\ufeff", "°C", "อุณหภูมิ", "🌡️", "\ud800", "\udfff", "`", ">>", "<<", "M", "N", "true", "//", "---",
    "Zinc:", "a\nb", "a\n\nb", " a\nb", "a\n b", "a\n", "\na", "a\n \nb", "a\n\u2003\nb", "x:y", "m:", "✓",
)  # fmt: skip
texts = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.text(st.sampled_from('ab \n\t\\"$`,:'), max_size=12),
    st.text(st.one_of(st.characters(categories=["Cs"]), st.characters()), max_size=6),
).map(joined)
names = st.builds(
    str.__add__, st.sampled_from(ascii_lowercase), st.text(ascii_letters + digits + "_", max_size=8)
)
floats = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [0.0, -0.0, 1e308, -1e308, 5e-324, 1e15, 1e16, 2.0**53, 0.1, 1e22, 123456789012]
    ),
    st.integers(-(10**17), 10**17).map(float),
)
units = st.sampled_from(
    ["", "kW", "°C", "%", "L/s", "_custom", "ft²", "$", "e", "E", "INF", "𝛥K", "__"]
)
numbers = st.one_of(
    st.builds(Number, floats, units),
    st.sampled_from([Number(math.nan), Number(math.inf), Number(-math.inf)]),
)
zones = st.sampled_from(
    ["UTC", "Asia/Bangkok", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Etc/GMT+7",
     "Etc/GMT-14", "Asia/Kolkata", "Pacific/Apia", "US/Eastern", "America/Indiana/Knox", "GMT"]
)  # fmt: skip
instants = st.one_of(
    st.builds(
        lambda naive, zone: naive.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)),
        st.datetimes(dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29)),
        zones,
    ),
    # the two hours that clocks repeat in autumn, and those around the one they skip in spring
    st.builds(
        lambda minutes, start, zone: (start + dt.timedelta(minutes=minutes)).astimezone(
            ZoneInfo(zone)
        ),
        st.integers(-240, 240),
        st.sampled_from([
            dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC), dt.datetime(2026, 3, 8, 7, tzinfo=dt.UTC),
            dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC), dt.datetime(2026, 4, 4, 15, tzinfo=dt.UTC),
        ]),
        zones,
    ),
)  # fmt: skip
ids = st.text(ascii_letters + digits + "_:-.~", min_size=1, max_size=12)
refs = st.builds(Ref, ids, texts)
degrees = st.floats(-90, 90)
scalars = st.one_of(
    st.sampled_from([MARKER, NA, REMOVE, True, False]),
    numbers,
    texts,
    refs,
    st.builds(Symbol, ids),
    st.builds(Uri, st.one_of(texts, st.text(st.sampled_from("a/\\:?#[]@`&=;"), max_size=8))),
    st.builds(Coord, degrees, st.floats(-180, 180)),
    st.builds(XStr, st.from_regex(r"[A-Z][a-zA-Z0-9_]{0,6}", fullmatch=True), texts),
    st.dates(),
    st.times(),
    instants,
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    dicts = st.dictionaries(names, inner, max_size=3)
    return st.one_of(
        st.lists(st.one_of(inner, st.none()), max_size=3),
        dicts,
        st.builds(Grid.of, st.lists(dicts, max_size=2)),
    )


values = st.recursive(scalars, _nested, max_leaves=5)
rows = st.dictionaries(names, values, max_size=4)
metas = st.dictionaries(names.filter(lambda name: name != "ver"), values, max_size=2)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Rows with gaps, empty rows, no rows at all, meta on the grid and on columns."""
    plain = Grid.of(draw(st.lists(rows, max_size=4)))
    column_meta = {name: draw(metas) for name in plain.columns if draw(st.booleans())}
    column_meta = {name: meta for name, meta in column_meta.items() if meta}
    return Grid(plain.columns, plain.rows, draw(metas), column_meta)


def exactly(value: Any) -> Any:
    """What two values share when nothing at all tells them apart, display names and -0.0 included."""
    if isinstance(value, Number):
        return ("number", repr(value.value), value.unit)
    if isinstance(value, Ref):
        return ("ref", value.id, value.dis)
    if isinstance(value, dt.datetime):
        zone = getattr(value.tzinfo, "key", None)
        return ("instant", value.isoformat(), value.fold, zone)
    if isinstance(value, Coord):
        return ("coord", repr(float(value.lat)), repr(float(value.lng)))
    if isinstance(value, Grid):
        return ("grid", value.columns, *map(exactly, (value.rows, value.meta, value.column_meta)))
    if isinstance(value, Mapping):
        return {name: exactly(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [exactly(item) for item in value]
    return (type(value).__name__, value)


def refusal(read: Callable[..., Any], *given: Any) -> Corrupt | BadRequest | None:
    """What a reader says against a text; None where it read it. Any other error is a crash."""
    try:
        read(*given)
    except (Corrupt, BadRequest) as refused:
        return refused
    return None
