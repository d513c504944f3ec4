"""Watches: which of a client's entities have changed, or have a new value, since it last asked."""

from __future__ import annotations

import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ontology.errors import BadRequest, Conflict, NotFound
from ontology.kinds import MARKER, Grid, Number, Ref, Tags
from ontology.records import Changes, Records
from services.api.haystack.media import argument, refs
from services.api.haystack.served import MAX_LIVE, Call, Served
from services.api.haystack.writes import seconds_of

MAX_WATCHES: Final = 64
MAX_IDS: Final = MAX_LIVE
"""Entities of one watch: all of them are told with their values."""
LEASE_S: Final = 60.0
"""How long a watch lives without a poll when its client names no lease."""
MAX_LEASE_S: Final = 3_600.0


@dataclass
class Watch:
    """One client's list of entities. `sent` is the newest value told of each point."""

    id: str
    user: str
    lease_s: float
    ends: float
    version: int
    ids: dict[Ref, None] = field(default_factory=dict)
    sent: dict[Ref, Any] = field(default_factory=dict)


class Watches:
    """All open watches, bounded in number, size and time."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._open: OrderedDict[str, Watch] = OrderedDict()

    async def subscribe(self, call: Call) -> Grid:
        """`watchSub`: a new watch, or more entities in one. Rows in the order asked, empty for a miss."""
        if argument(call.grid, "close") is MARKER:  # pyhaystack closes a watch through this op
            return await self.unsubscribe(call)
        served, ids = call.served, refs(call.grid)
        given = call.grid.meta.get("watchId")
        watch = (
            self._of(call) if given is not None else self._new(call, await served.records.version())
        )
        if len(watch.ids.keys() | set(ids)) > MAX_IDS:
            raise BadRequest("too many entities in one watch", hint=f"at most {MAX_IDS}")
        watch.ids.update(dict.fromkeys(ids))
        rows = await served.rows([await served.entity(id) for id in ids])
        _remember(watch, rows)
        return _grid(watch, rows)

    async def unsubscribe(self, call: Call) -> Grid:
        """`watchUnsub`: fewer entities, or with `close` the end of the watch."""
        watch = self._of(call)
        if "close" in call.grid.meta:
            del self._open[watch.id]
        for id in refs(call.grid):
            watch.ids.pop(id, None)
            watch.sent.pop(id, None)
        return Grid(("empty",))

    async def poll(self, call: Call) -> Grid:
        """`watchPoll`: entities changed since the last poll; all of them with `refresh`."""
        watch, served = self._of(call), call.served
        changes = await _changes(watch, served.records)
        refresh = "refresh" in call.grid.meta
        told = [id for id in watch.ids if refresh or id in changes.refs]
        rows = await served.rows([await served.entity(id) for id in told])
        rows = [row or {"id": id} for id, row in zip(told, rows, strict=True)]
        rows += await _newer(watch, served, set(watch.ids) - set(told))
        watch.version = changes.version
        _remember(watch, rows)
        return _grid(watch, rows)

    def _new(self, call: Call, version: int) -> Watch:
        for id in [id for id, each in self._open.items() if each.ends < self._now()]:
            del self._open[id]
        if len(self._open) >= MAX_WATCHES:
            raise Conflict(
                f"{MAX_WATCHES} watches are open", hint="close one, or wait for its lease"
            )
        asked = seconds_of(_seconds(call.grid.meta.get("lease")))
        lease_s = min(max(asked or LEASE_S, 1.0), MAX_LEASE_S)
        id = f"w-{secrets.token_hex(8)}"
        watch = Watch(id, call.session.user, lease_s, self._now() + lease_s, version)
        self._open[id] = watch
        return watch

    def _of(self, call: Call) -> Watch:
        """The watch of this call, its lease begun anew. Raises NotFound."""
        name = str(call.grid.meta.get("watchId", ""))
        watch = self._open.get(name)
        if watch is None or watch.user != call.session.user or watch.ends < self._now():
            self._open.pop(name, None)
            raise NotFound(
                f"no watch {name[:40]!r}",
                hint="its lease is over: subscribe again, without watchId",
            )
        watch.ends = self._now() + watch.lease_s
        return watch


def _seconds(lease: Any) -> Any:
    """A lease without a unit counts seconds: pyhaystack sends `lease:60`."""
    return Number(lease.value, "s") if isinstance(lease, Number) and not lease.unit else lease


async def _changes(watch: Watch, records: Records) -> Changes:
    """What was committed since the watch last looked; everything, where that is forgotten by now."""
    now = await records.version()
    try:
        return await records.changed(watch.version)
    except Conflict:
        return Changes(now, frozenset(watch.ids))


async def _newer(watch: Watch, served: Served, quiet: set[Ref]) -> list[Tags]:
    """Rows of points whose tags are as they were and whose value is not."""
    if not quiet:
        return []
    now = await served.history.latest(list(quiet))
    moved = [
        ref for ref in watch.ids if ref in now and watch.sent.get(ref) != _mark(now[ref].value)
    ]
    rows = await served.rows([await served.entity(ref) for ref in moved if ref in quiet])
    return [row for row in rows if row]


def _remember(watch: Watch, rows: Iterable[Tags]) -> None:
    for row in rows:
        if isinstance(id := row.get("id"), Ref) and id in watch.ids:
            value = row.get("curVal")
            watch.sent[id] = _mark(value.value if isinstance(value, Number) else value)


def _mark(value: Any) -> str:
    """Equal for equal values, NaN and none included."""
    return "" if value is None or math.isnan(value) else repr(float(value))


def _grid(watch: Watch, rows: list[Tags]) -> Grid:
    return Grid.of(rows, watchId=watch.id, lease=Number(watch.lease_s, "s"))
