"""BACnet/IP: reading, change-of-value reports, trend logs and commands of field devices."""

from __future__ import annotations

from ingest.drivers.bacnet.driver import Bacnet
from ingest.drivers.bacnet.port import BacnetPort

__all__ = ["Bacnet", "BacnetPort"]
