"""What a scan saw: devices and their objects, as values of our own, whatever protocol found them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SeenRegister:
    """One object of a device. All but the address is the device's own text, and may be anything."""

    address: str
    """In the words of lines.toml, such as "analog-input,3"."""
    name: str = ""
    about: str = ""
    unit: str = ""
    log: str = ""
    point: str = ""
    """The id we would give it; `ingest.discovery.names` proposes one."""


@dataclass(frozen=True, slots=True)
class SeenDevice:
    """A device that answered."""

    name: str
    protocol: str
    host: str
    port: int
    device: int
    options: Mapping[str, str] = field(default_factory=dict)
    registers: tuple[SeenRegister, ...] = ()
    says: str = ""
    """Maker and model, for people."""
    listed: bool = True
    """Whether all its objects were listed: else what was not seen may well be there."""
    looked: int | None = None
    """Modbus: registers below this number were looked through; None: all there can be."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a scan looked; what lies elsewhere cannot be missed by it."""

    protocol: str
    places: frozenset[tuple[str, int]] = frozenset()
    """Hosts with their ports: what is set up at another port of a host was not asked."""
    subnet: str = ""
    """Of a broadcast, with its mask: "192.168.10.9/24"; "" where nothing was broadcast."""
    devices: tuple[int, int] | None = None
    """First and last of the instances or units that were asked for; None: all."""

    def covers(self, protocol: str, host: str, port: int, device: int) -> bool:
        """Whether a device set up so would have been seen."""
        return (
            protocol == self.protocol
            and ((host, port) in self.places or self._heard(host))
            and (self.devices is None or self.devices[0] <= device <= self.devices[1])
        )

    def _heard(self, host: str) -> bool:
        if "/" not in self.subnet:
            return False
        try:
            return ipaddress.ip_address(host) in ipaddress.ip_network(self.subnet, strict=False)
        except ValueError:
            return False  # a name: nobody knows where it is today


@dataclass(frozen=True, slots=True)
class Scan:
    """All that answered, and where was looked."""

    reach: Reach
    devices: tuple[SeenDevice, ...] = ()
