"""Snapshots for other processes: which segments count, and the fresh rows as Arrow, made once per version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ontology.store import duck_layout
from ontology.store.columns import PointNumbers, empty
from ontology.store.duck_shelf import Shelf
from ontology.store.duck_tails import Moment, Run
from ontology.store.newest import Newest
from ontology.store.snapshot import Snapshot

_END: Final = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""How a stream of Arrow's ends: no metadata follow."""


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
                fresh=_stream(moment.tails.runs()),
                points=tuple(point.id for point in numbers.refs),
                latest=_stream([Run.of(latest)]),
                corrects=bool(len(moment.tails.late)),
                hourly=tuple(shelf.path(s) for s in moment.segments if s.kind == "hourly"),
            )
            return self._taken


def _stream(runs: Sequence[Run]) -> bytes:
    """Arrow's stream format: the schema, each batch, the end."""
    schema = duck_layout.batch(empty()).schema
    return b"".join([schema.serialize(), *(run.message for run in runs), _END])
