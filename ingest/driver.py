"""The Driver port: one connection to field devices, read on demand.

A driver never retries and never sleeps: `ingest.poller` owns time. It raises DeviceSilent when the
device as a whole does not answer; a single register that fails comes back with status FAULT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from ontology.history import Status
from ontology.kinds import Ref


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
