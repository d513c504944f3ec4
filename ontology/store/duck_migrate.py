"""A history of format 1, all in one file, becomes one of segments. It stays as it was until that is done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from ontology.store import duck_layout
from ontology.store.duck_backup import make_file
from ontology.store.duck_file import Db, DuckFile, one
from ontology.store.duck_mill import SORT_ROWS, Mill
from ontology.store.duck_plan import PERIOD_S, Segment

_log = logging.getLogger(__name__)
_TABLES = {
    "points": "SELECT point, id FROM store.points",
    "late": "SELECT point, ts, value, status, seq FROM store.hot",  # they may correct what is in segments
    "settled": "SELECT point, ts, value, status FROM store.latest",
}


def migrate(file: DuckFile, folder: Path) -> None:
    """Bring a file of format 1 to ours; any other is left alone.

    The disk needs room for both for a while. Killed at any moment, the next start begins anew.
    """
    with file.cursor() as db:
        if duck_layout.found_format(db) != "1":
            return
        _log.warning("%s is brought to segments: this happens once", file.path.name)
        mill = Mill(folder)
        mill.keep_only([])
        segments = _segments(db, mill)
        tables = {name: db.sql(text).to_arrow_table() for name, text in _TABLES.items()}
    growing = file.path.with_name(f"{file.path.name}.new")
    growing.unlink(missing_ok=True)
    make_file(growing, tables, segments)
    file.replace(growing)


def _segments(db: Db, mill: Mill) -> list[Segment]:
    periods = db.execute(
        "SELECT ts // $s, count(*) FROM store.cold GROUP BY 1 ORDER BY 1", {"s": PERIOD_S}
    ).fetchall()
    made = [mill.fill("cold", _slices(db, int(period), int(rows))) for period, rows in periods]
    return [segment for segment in made if segment]


def _slices(db: Db, period: int, rows: int) -> Iterator[object]:
    found = one(db, "SELECT max(point) + 1 FROM store.cold")
    points = int(found[0]) if found else 0
    width = max(1, points * SORT_ROWS // max(rows, 1))
    first = period * PERIOD_S
    for low in range(0, points, width):
        got = db.execute(
            "SELECT point, ts, value, status FROM store.cold WHERE ts >= ? AND ts < ?"
            " AND point >= ? AND point < ? ORDER BY point, ts",
            [first, first + PERIOD_S, low, low + width],
        ).fetchnumpy()
        yield duck_layout.arrays(duck_layout.columns(got))
