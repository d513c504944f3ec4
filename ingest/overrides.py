"""Hands on points: who took what, since when; told once each, and again where telling failed."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from ingest.driver import Reading
from ingest.line_state import OverrideChange, OverrideSeen
from ontology.errors import PlantroomError
from ontology.history import Status

log = logging.getLogger(__name__)

OnOverride = Callable[[Sequence[OverrideChange]], Awaitable[None]]


class Overrides:
    """Points in hand, as the priority arrays of polled objects say."""

    def __init__(self, known: Iterable[OverrideSeen], tell: OnOverride | None) -> None:
        """`known` are those from before, so that "since" survives a restart."""
        self._seen = {seen.point.id: seen for seen in known}
        self._tell = tell
        self._untold: dict[str, OverrideChange] = {}

    @property
    def seen(self) -> Mapping[str, OverrideSeen]:
        """Points in hand now, by point id."""
        return dict(self._seen)

    def note(self, found: Iterable[Reading], at: dt.datetime) -> None:
        """Compare the hands on the points with what was known; faulty readings say nothing."""
        for reading in found:
            if reading.status is Status.FAULT:
                continue
            id = reading.point.id
            before = self._seen.get(id)
            after: OverrideSeen | None = None
            if reading.override_level is not None:
                same = before is not None and before.level == reading.override_level
                since = before.since if before is not None and same else at
                after = OverrideSeen(reading.point, reading.override_level, reading.value, since)
                self._seen[id] = after
            else:
                self._seen.pop(id, None)
            if (before and before.level) != (after and after.level):
                first = self._untold[id].before if id in self._untold else before
                self._untold[id] = OverrideChange(reading.point, first, after)

    async def tell(self) -> None:
        """Tell of changes; what could not be told is kept for the next time."""
        if self._tell is None:
            self._untold.clear()
        if not self._untold or self._tell is None:
            return
        changes, self._untold = self._untold, {}
        try:
            await self._tell(tuple(changes.values()))
        except PlantroomError as error:
            log.warning("overrides not stored, will try again: %s", error)
            self._untold = changes | self._untold
