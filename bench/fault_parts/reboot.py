"""A BACnet controller restarts while subscribed: its changes come again long before the lifetime ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path

from ingest.demo.devices.bacnet_site import BacnetSite
from ingest.driver import Line, Register
from ingest.line_state import Backoff
from ingest.outbox import Outbox
from ingest.poller import Poller
from ontology.kinds import Ref
from ontology.store.memory_history import MemoryHistory

LIFETIME_S = 600
_SITE = {"devices": [{"instance": 7, "objects": [{"object": "analog-input,1", "value": 20.0}]}]}


async def of_a_controller(folder: Path, reboots: int) -> dict[str, float]:
    """Worst seconds from the end of a restart until the next change arrives by itself; polls are a second apart."""
    outbox, worst_s = await Outbox.open(folder / "outbox.db"), 0.0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        local = int(probe.getsockname()[1])
    try:
        async with BacnetSite(_SITE) as site:
            line = Line(
                "AHU-2", "bacnet", site.host, site.port, 7, every_s=1.0, timeout_s=0.5,
                registers=(Register(Ref("AHU-2.supply-temp"), "analog-input,1"),),
                options={"cov": str(LIFETIME_S), "local": f"127.0.0.1:{local}"},
            )  # fmt: skip
            backoff = Backoff(first_s=0.1, most_s=0.5)
            async with Poller([line], outbox, MemoryHistory(), backoff=backoff) as poller:
                await _until(lambda: poller.states["AHU-2"].polls > 0)
                for n in range(reboots):
                    await _subscribed(site)
                    await site.do("reboot", device=7, off_s=1.5, announce=False)
                    await asyncio.sleep(1.5)
                    began = time.monotonic()
                    await _subscribed(site)
                    before = poller.states["AHU-2"].changes
                    await site.do("set", device=7, object="analog-input,1", value=25.0 + n)
                    await _until(lambda before=before: poller.states["AHU-2"].changes > before)  # type: ignore[misc]
                    worst_s = max(worst_s, time.monotonic() - began)
    finally:
        await outbox.close()
    return {"reboots": float(reboots), "reboot_changes_back_s": worst_s}


async def _subscribed(site: BacnetSite) -> None:
    async with asyncio.timeout(60):
        while not (await site.do("tell", device=7))["subscriptions"]:  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.05)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  (another task makes it true)
            await asyncio.sleep(0.02)
