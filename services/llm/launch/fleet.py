"""All replicas that one program keeps: run together, told about together, restarted and stopped by name."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ontology.errors import NotFound, PlantroomError
from services.llm.box import Box, Replica
from services.llm.launch.standing import Standing, State
from services.llm.launch.supervisor import Supervisor
from services.llm.traffic import Traffic, Turn

Heard = Callable[[str, Standing], None]


class Fleet:
    """`run` until `stop`. `replicas`: which of the box's this program keeps."""

    def __init__(
        self,
        box: Box,
        replicas: Sequence[Replica],
        folder: Path,
        traffic: Traffic | None = None,
        *,
        key: str = "",
        heard: Heard | None = None,
    ) -> None:
        self.box = box
        self._traffic = traffic
        self._stopping = asyncio.Event()
        self._kept = {
            replica.name: Supervisor(box, replica, folder, traffic, key=key, heard=heard)
            for replica in replicas
        }  # fmt: skip

    @property
    def names(self) -> tuple[str, ...]:
        """Of the replicas it keeps, in the box's order."""
        return tuple(self._kept)

    async def run(self) -> None:
        """Until `stop`: then no new requests, answers end within `drain_s`, then every group is ended."""
        async with asyncio.TaskGroup() as tasks:
            for one in self._kept.values():
                tasks.create_task(one.run())
            await self._stopping.wait()
            await asyncio.gather(*(one.drain("it is stopped") for one in self._kept.values()))
            for one in self._kept.values():
                one.stop()

    def stop(self) -> None:
        """Ask `run` to end."""
        self._stopping.set()

    async def restart(self, name: str = "") -> dict[str, Standing]:
        """One, or all at once; how they stand then. Raises NotFound."""
        names = (name,) if name else self.names
        standings = await asyncio.gather(*(self._named(each).restart() for each in names))
        return dict(zip(names, standings, strict=True))

    async def settled(self) -> dict[str, Standing]:
        """How all stand once each is ready or has fallen."""
        standings = await asyncio.gather(*(one.settled() for one in self._kept.values()))
        return dict(zip(self._kept, standings, strict=True))

    async def report(self) -> list[dict[str, Any]]:
        """For `status`: each replica as JSON; what is unknown is null."""
        return list(await asyncio.gather(*(self._told(one) for one in self._kept.values())))

    def _named(self, name: str) -> Supervisor:
        if name not in self._kept:
            raise NotFound(f"no replica {name!r} here", hint=f"there are: {', '.join(self.names)}")
        return self._kept[name]

    async def _told(self, one: Supervisor) -> dict[str, Any]:
        look, standing = one.latest, one.standing
        counters = look.counters if look else None
        try:
            seen = await self._traffic.seen(one.replica.name) if self._traffic else None
        except PlantroomError:
            seen = None  # the gateway is away
        return {
            **told(one.replica.name, standing), "url": one.replica.base, "log": str(one.log_path),
            "turn": seen.turn if seen else None, "in_flight": seen.in_flight if seen else None,
            "running": counters.running if counters else None, "waiting": counters.waiting if counters else None,
            "kv_used": counters.kv_used if counters else None, "pids": await asyncio.to_thread(one.pids),
        }  # fmt: skip


def told(name: str, standing: Standing) -> dict[str, Any]:
    """A standing as JSON."""
    return {
        "name": name, "state": standing.state, "since": standing.since.isoformat(timespec="seconds"),
        "doing": standing.doing or None, "reason": standing.reason or None, "hint": standing.hint or None,
        "restarts": standing.restarts, "lines": list(standing.lines),
    }  # fmt: skip


def all_ready(replicas: Sequence[dict[str, Any]]) -> bool:
    """Whether every one takes requests; False for none at all."""
    return bool(replicas) and all(one["state"] == State.READY and one.get("turn") in (None, Turn.READY) for one in replicas)  # fmt: skip
