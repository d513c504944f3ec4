"""What grows old in the embedded history: rolled up by the hour, then forgotten with its segments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ontology.store import duck_reads
from ontology.store.duck_file import Db
from ontology.store.duck_mill import Mill
from ontology.store.duck_plan import PERIOD_S, Segment
from ontology.store.duck_sorter import Swap
from ontology.store.rollups import Hours, hours_of, with_hours


@dataclass
class Trim:
    """One round: what it reads, and the segments that remain when what is old goes.

    Samples before `raw` and hours before `hourly` (unix seconds) are old; None: none are. Those in the
    tails are the caller's to delete.
    """

    db: Db
    segments: Sequence[Segment]
    mill: Mill
    points: int
    raw: int | None
    hourly: int | None
    swap: Swap = field(default_factory=Swap)
    forgotten: int = 0

    def work(self) -> None:
        """Make what is to replace them; on failure nothing is left behind."""
        try:
            if self.raw is not None:
                self._roll_up(self.raw)
                self._samples(self.raw)
            if self.hourly is not None:
                self._hours_before(self.hourly)
        except BaseException:
            self.mill.drop(self.swap.made)
            raise

    def _roll_up(self, raw: int) -> None:
        """One hourly segment for each period with samples before `raw`, with the hours it had before."""
        oldest = duck_reads.bounds(self.db, self.segments)
        if oldest is None:
            return
        for period in range(oldest[0] // PERIOD_S, -(-raw // PERIOD_S)):
            before = self.forgotten
            hours = self._hours(period * PERIOD_S, min((period + 1) * PERIOD_S, raw))
            made = self.mill.fill("hourly", (_arrays(some) for some in hours if len(some)))
            if self.forgotten == before:  # nothing goes: the hours are what they were
                self.mill.drop([made] if made else [])
                continue
            self.swap.made += [made] if made else []
            self.swap.gone += [
                s for s in self.segments if s.kind == "hourly" and s.period == period
            ]

    def _hours(self, first: int, end: int) -> Iterator[Hours]:
        for low, high, rows in duck_reads.slices(self.db, self.segments, first, end, self.points):
            self.forgotten += len(rows)
            had = duck_reads.hours_of(
                self.db, self.segments, range(low, high), first, first + PERIOD_S
            )
            hours = with_hours(had, hours_of(rows))
            yield hours if self.hourly is None else hours[hours.hour >= self.hourly]

    def _samples(self, raw: int) -> None:
        """Segments that are older go whole; one that goes on is written again from `raw` on."""
        for segment in self.segments:
            if segment.kind == "cold" and segment.first < raw:
                self.swap.gone.append(segment)
                made = self.mill.merge([segment], since=raw) if segment.last >= raw else None
                self.swap.made += [made] if made else []

    def _hours_before(self, hourly: int) -> None:
        for segment in [s for s in self.segments if s not in self.swap.gone]:
            if segment.kind == "hourly" and segment.first < hourly:
                self.swap.gone.append(segment)
                made = self.mill.merge([segment], since=hourly) if segment.last >= hourly else None
                self.swap.made += [made] if made else []


def _arrays(hours: Hours) -> dict[str, object]:
    return {name: getattr(hours, name) for name in Hours.__annotations__}
