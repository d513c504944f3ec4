"""Snapshots for other processes: which segments count, and the fresh rows as Arrow, made once per version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa

from ontology.store import duck_layout
from ontology.store.columns import PointNumbers
from ontology.store.duck_shelf import Shelf
from ontology.store.duck_tails import Moment
from ontology.store.newest import Newest
from ontology.store.snapshot import Snapshot


class Snapshots:
    """The version rises by one while something is written and once more when it is done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ticks = 0
        self._taken: Snapshot | None = None

    @property
    def version(self) -> int:
        """What was done until now: the half of an even number of ticks."""
        return self._ticks // 2

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Around every change, by the one thread that makes them."""
        self._ticks += 1
        try:
            yield
        finally:
            self._ticks += 1

    def take(
        self, now: Callable[[], Moment], newest: Newest, numbers: PointNumbers, shelf: Shelf
    ) -> Snapshot:
        """The snapshot of this moment; the one taken before when nothing changed since."""
        with self._lock:
            before, taken = self._ticks, self._taken
            if taken is not None and taken.version == before // 2:
                return taken
            moment, latest = now(), newest.rows()
            if self._ticks != before or before % 2:  # a write may be in one of the two
                latest = moment.latest()
            self._taken = Snapshot(
                version=before // 2,
                segments=tuple(shelf.path(s) for s in moment.segments if s.kind == "cold"),
                fresh=_stream(duck_layout.arrow(moment.tails.rows())),
                points=tuple(point.id for point in numbers.refs),
                latest=_stream(duck_layout.arrow(latest)),
                corrects=bool(len(moment.tails.late)),
                hourly=tuple(shelf.path(s) for s in moment.segments if s.kind == "hourly"),
            )
            return self._taken


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
