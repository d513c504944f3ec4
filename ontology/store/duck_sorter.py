"""From the tails into segments, and from many segments into few. Nothing here changes what a read gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ontology.store import duck_layout, duck_plan
from ontology.store.columns import Columns, Ints, joined
from ontology.store.duck_file import Db
from ontology.store.duck_mill import Mill
from ontology.store.duck_plan import Segment
from ontology.store.duck_shelf import Shelf


@dataclass
class Swap:
    """What is to change in the manifest: files made, files gone, and samples that stay in the tail."""

    made: list[Segment] = field(default_factory=list)
    gone: list[Segment] = field(default_factory=list)
    left: Columns = field(default_factory=lambda: joined([]))


class Sorter:
    """Works in one thread, which alone decides about segments; the writer commits what it proposes."""

    def __init__(self, shelf: Shelf, mill: Mill, unit: int) -> None:
        """`unit`: rows of a full tail, the smallest size of a segment."""
        self._shelf = shelf
        self._mill = mill
        self._unit = unit

    def place(self, rows: Columns, suspect: Columns, *, all_of_it: bool = False) -> Swap:
        """New segments for sorted rows. `suspect`: those of them that a segment may have already.

        Corrections of segments stay in the tail until they are many: then the segments they correct are
        written again. So do a few rows of a period that is over, unless `all_of_it`.
        """
        with self._shelf.moment() as (db, segments):
            cold = [s for s in segments if s.kind == "cold"]
            corrects, known = _hits(db, cold, suspect)
        rest = rows[~np.isin(keys(rows), known)]
        shares = _by_period(rest)
        newest = max([*shares, *(s.period for s in cold)], default=0)
        few = [] if all_of_it else [
            p for p, share in shares.items() if p < newest and len(share) < self._unit // 20
        ]  # fmt: skip
        left = joined([*(shares[p] for p in few), *(rows for _, rows in corrects)])
        if all_of_it or len(left) > self._unit // 2:
            return self._write(Swap(), list(shares.values()), corrects)
        return self._write(Swap(left=left), [s for p, s in shares.items() if p not in few], [])

    def merge(self) -> Swap | None:
        """The merge that is due, if any."""
        with self._shelf.moment() as (_, segments):
            found = duck_plan.due(segments, self._unit)
        if not found:
            return None
        made = self._mill.merge(found)
        return Swap([made] if made else [], found)

    def _write(
        self, swap: Swap, shares: list[Columns], corrects: Sequence[tuple[Segment, Columns]]
    ) -> Swap:
        try:
            swap.made.extend(self._mill.write(share) for share in shares)
            for segment, rows in corrects:
                made = self._mill.merge([segment], patch=rows)
                swap.made += [made] if made else []
                swap.gone.append(segment)
        except BaseException:
            self._mill.drop(swap.made)
            raise
        return swap


def keys(rows: Columns) -> Ints:
    """One number for each (point, ts)."""
    return (rows.point.astype(np.int64) << 32) | rows.ts


def _by_period(rows: Columns) -> dict[int, Columns]:
    period = rows.ts // duck_plan.PERIOD_S
    return {int(p): rows[period == p] for p in np.unique(period)}


def _hits(db: Db, cold: Sequence[Segment], suspect: Columns) -> tuple[list[tuple[Segment, Columns]], Ints]:  # fmt: skip
    """The suspects that correct a segment, by segment; and the keys of all that a segment has already.

    One that says what the segment says (delivered twice) needs nothing.
    """
    corrects, known = [], [np.empty(0, np.int64)]
    if len(suspect):
        first, last = int(suspect.ts.min()), int(suspect.ts.max())
        row = np.arange(len(suspect), dtype=np.int64)
        db.register("suspect", {**duck_layout.arrays(suspect), "row": row})
        for segment in cold:
            if segment.meets(first, last + 1):
                got = db.execute(
                    "SELECT r.row AS row, (c.value IS NOT DISTINCT FROM r.value AND c.status = r.status) AS same"  # noqa: S608  (names and numbers of ours)
                    f" FROM suspect r JOIN {segment.alias}.main.cold c ON c.point = r.point AND c.ts = r.ts"
                    f" WHERE c.ts BETWEEN {first} AND {last}"
                ).fetchnumpy()
                hit, same = np.asarray(got["row"]), np.asarray(got["same"], np.bool_)
                known.append(keys(suspect[hit]))
                if not same.all():
                    corrects.append((segment, suspect[np.sort(hit[~same])]))
        db.unregister("suspect")
    return corrects, np.concatenate(known)
