"""Samples that others push here: edge boxes, gateways, scripts. Each sender is seen by the name it gives."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ingest.intake import Intake, Taken
from ingest.quality import Plausibility
from ontology.history import Samples

_SENDERS: Final = 1_000
"""Names remembered; a sender that invents a new one each time pushes the oldest out."""


@dataclass(frozen=True, slots=True)
class SenderState:
    """One sender as last seen."""

    name: str
    last_seen: dt.datetime
    batches: int = 0
    samples: int = 0
    aside: int = 0
    again: int = 0
    """Batches that came more than once, and changed nothing."""


class Pushed:
    """The door for pushed samples."""

    def __init__(self, intake: Intake, plausibility: Plausibility) -> None:
        self._intake = intake
        self._plausibility = plausibility
        self._senders: dict[str, SenderState] = {}

    @property
    def senders(self) -> Sequence[SenderState]:
        """Everybody who pushed since the start."""
        return tuple(self._senders.values())

    async def take(self, samples: Samples, *, sender: str, batch: str) -> Taken:
        """Durable when it returns; the same samples under the same id again change nothing. Raises OutOfSpace, Unavailable."""
        judged = self._plausibility.judge_all(samples)
        known_as = _known_as(batch, samples) if batch else ""
        taken = await self._intake.take(judged, source=sender, batch=known_as)
        before = self._senders.pop(sender, None) or SenderState(sender, self._intake.clock.now())
        self._senders[sender] = SenderState(
            sender, self._intake.clock.now(), before.batches + 1, before.samples + taken.stored,
            before.aside + taken.aside, before.again + taken.again,
        )  # fmt: skip
        while len(self._senders) > _SENDERS:
            self._senders.pop(next(iter(self._senders)))
        return taken


def _known_as(batch: str, samples: Samples) -> str:
    """The id with what it stands for: senders that count 1, 2, 3 meet each other's ids, and their own again
    after a restart; other samples under an id of before are new ones, never a repetition.
    """
    said = hashlib.sha256("\n".join(point.id for point in samples.points).encode())
    for column in (samples.index, samples.ts, samples.value, samples.status):
        said.update(column.tobytes())
    return f"{batch}~{said.hexdigest()[:32]}"
