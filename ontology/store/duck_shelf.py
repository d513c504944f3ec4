"""The segments that are attached, and who still reads them: a file goes when its last reader has."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ontology.store import duck_layout
from ontology.store.duck_file import Db, DuckFile
from ontology.store.duck_plan import Segment

GRACE_S = 10.0
"""A file that was merged away stays this long, for a process that was just told of it."""


class Shelf:
    """Attaches segments to the file. Called from the writer, read through from any thread."""

    def __init__(self, file: DuckFile, folder: Path) -> None:
        self._file = file
        self._folder = folder
        self._known: dict[int, Segment] = {}
        self._lock = threading.Lock()
        self._epoch = 0
        self._readers: Counter[int] = Counter()
        self._retired: list[tuple[int, Segment]] = []
        self._dead: list[tuple[float, Path]] = []

    def path(self, segment: Segment) -> Path:
        """Its file."""
        return self._folder / segment.file_name

    def segments(self) -> list[Segment]:
        """All that are attached."""
        return list(self._known.values())

    def attach(self, segments: Sequence[Segment]) -> None:
        """Make them readable. Those that are attached already stay so."""
        for segment in segments:
            if segment.number not in self._known:
                self._file.attach(segment.alias, self.path(segment))
                self._known[segment.number] = segment

    def retire(self, segments: Sequence[Segment]) -> None:
        """They are in the manifest no more: detached when nobody reads them, removed a while later."""
        with self._lock:
            self._epoch += 1
            self._retired += [(self._epoch, s) for s in segments]
        self._sweep()

    def sync(self, segments: Sequence[Segment]) -> None:
        """What is attached becomes what the manifest says."""
        self.attach(segments)
        wanted = {s.number for s in segments} | {s.number for _, s in self._retired}
        self.retire([s for n, s in self._known.items() if n not in wanted])

    @contextmanager
    def cursor(self) -> Iterator[Db]:
        """A connection; segments of this moment stay while it is open."""
        with self._lock:
            epoch = self._epoch
            self._readers[epoch] += 1
        try:
            with self._file.cursor() as db:
                yield db
        finally:
            with self._lock:
                self._readers[epoch] -= 1
                idle = bool(self._retired) and not self._readers[epoch]
            if idle:
                self._sweep()

    @contextmanager
    def moment(self) -> Iterator[tuple[Db, list[Segment]]]:
        """A read transaction, and the segments that belong to it."""
        with self.cursor() as db:
            db.execute("BEGIN TRANSACTION READ ONLY")
            yield db, [self._known[n] for n in duck_layout.numbers(db)]
            db.commit()

    def clear(self) -> None:
        """Remove what was merged away; nobody reads any more."""
        for path in [*(self.path(s) for _, s in self._retired), *(path for _, path in self._dead)]:
            path.unlink(missing_ok=True)
        self._retired, self._dead = [], []

    def _sweep(self) -> None:
        with self._lock:
            oldest = min((e for e, n in self._readers.items() if n), default=self._epoch)
            self._readers = +self._readers
            free = [s for epoch, s in self._retired if epoch <= oldest]
            self._retired = [(epoch, s) for epoch, s in self._retired if epoch > oldest]
            now = time.monotonic()
            self._dead += [(now + GRACE_S, self.path(s)) for s in free]
            gone = [path for until, path in self._dead if until <= now]
            self._dead = [(until, path) for until, path in self._dead if until > now]
        for segment in free:
            self._known.pop(segment.number, None)
            self._file.detach(segment.alias)
        for path in gone:
            path.unlink(missing_ok=True)
