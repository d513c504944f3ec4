"""What a gateway knows of its replicas and can be told about them: the port between who routes and who restarts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Turn(StrEnum):
    """Whether a replica gets requests: all, no new ones, or none at all."""

    READY = "ready"
    DRAINING = "draining"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Seen:
    """A replica as the gateway sees it. `quiet_s`: seconds without a byte from it while requests are in flight.

    `quiet_s` is None where nothing is in flight: an idle replica tells nothing about its health.
    """

    turn: Turn
    in_flight: int
    quiet_s: float | None


class Traffic(Protocol):
    """Implemented by the gateway itself and, over HTTP, by a client of a gateway in another process."""

    async def seen(self, replica: str) -> Seen:
        """Raises NotFound for a name that the box does not have, Unavailable where the gateway is away."""

    async def turn(self, replica: str, to: Turn, reason: str = "") -> None:
        """Tell the gateway; `reason` is shown to people. DOWN ends what is in flight there. Raises as `seen`."""
