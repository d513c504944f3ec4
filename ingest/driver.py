"""The Driver port: one connection to field devices, read on demand.

A driver never retries and never sleeps: `ingest.poller` owns time. It raises DeviceSilent when the
device as a whole does not answer; a single register that fails comes back with status FAULT.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from ontology.history import Samples, Status
from ontology.kinds import Ref
from ontology.time import Span


@dataclass(frozen=True)
class Register:
    """Where one point lives in a device. `address` is the protocol's own words, as in lines.toml:

    BACnet "analog-input,3", Modbus "input:100:float32:ABCD", LoRaWAN "co2".
    The point's canonical value is `raw * scale + offset`.
    """

    point: Ref
    address: str
    scale: float = 1.0
    offset: float = 0.0
    log: str = ""
    """Where the device logs this point, in the protocol's words (BACnet "trend-log,3"); "": nowhere."""


@dataclass(frozen=True)
class Reading:
    """What a register gave: canonical value (NaN when it gave none) and how far to trust it."""

    point: Ref
    value: float
    status: Status = Status.GOOD
    override_level: int | None = None
    """BACnet: the highest active priority-array slot of a commandable object, where it was read."""


@dataclass(frozen=True)
class Line:
    """One device as set up by a person: how to reach it, what to read, how often."""

    name: str
    protocol: str
    host: str
    port: int
    device: int = 0
    """BACnet device instance or Modbus unit id."""
    every_s: float = 60.0
    timeout_s: float = 3.0
    registers: tuple[Register, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


class Driver(Protocol):
    """An open connection; use as an async context manager."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    async def read(self, registers: Sequence[Register]) -> list[Reading]:
        """One reading per register, in order. Raises DeviceSilent when nothing answers."""


@runtime_checkable
class Listener(Protocol):
    """A driver whose device reports changes by itself (BACnet COV)."""

    def changes(self, registers: Sequence[Register]) -> AsyncIterator[list[Reading]]:
        """Readings as they change, without end; subscriptions are kept alive meanwhile.

        Raises DeviceSilent when the device is gone.
        """


@runtime_checkable
class TrendReader(Protocol):
    """A driver whose device keeps logs of its own (BACnet trend logs, a Haystack server's histories)."""

    def trend(self, registers: Sequence[Register], span: Span) -> AsyncIterator[Samples]:
        """What the device logged of these points within the range, oldest first, then ends.

        Registers without a log are passed over. Raises DeviceSilent; Refused, when all else is read, for
        logs that the device does not give.
        """


@runtime_checkable
class Adviser(Protocol):
    """A driver that can tell from what it reads that its line is set up wrongly."""

    advice: str
    """What a person should check; "" while it looks right."""


@runtime_checkable
class Commander(Protocol):
    """A driver that can write. Only what a person approved comes here."""

    async def command(self, register: Register, value: float | None, *, priority: int) -> Reading:
        """Write the canonical value at a priority (1 to 16), or with None give that slot back.

        Returns what the device says afterwards. Raises Refused where the device does not take it.
        """
