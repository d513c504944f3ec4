"""The Sink port: where samples go from the outbox. A local history and a far server look the same."""

from __future__ import annotations

from typing import Protocol

from ontology.history import Samples


class Sink(Protocol):
    """Takes samples for good; every History is one."""

    async def write(self, samples: Samples) -> None:
        """Durable when it returns; the same samples again change nothing.

        Raises BadRequest or Corrupt where they will never be taken, Unavailable where they may be later.
        """
