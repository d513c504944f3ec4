"""A Haystack server as a line: present values by id, and its histories a day at a time, in UTC and in our units.

The address is the point's id there. The password stands in an environment variable that the line names.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Protocol, Self

import numpy as np

from ingest.addresses import RemoteAddress, remote_address
from ingest.driver import Line, Reading, Register
from ingest.haystack.client import HaystackClient
from ingest.haystack.grids import ServerSays
from ingest.haystack.legacy import Station, read_entities, read_samples
from ingest.haystack.transport import Limits
from ontology.errors import BadRequest, Corrupt, DeviceSilent, NotFound, PlantroomError, Unavailable
from ontology.history import Samples, Status
from ontology.kinds import Number, Ref, Tags
from ontology.time import Span
from ontology.units import convert

log = logging.getLogger(__name__)

STATUS: Final[Mapping[str, Status]] = {
    # curStatus: https://project-haystack.org/doc/lib-phIoT/curStatus
    "ok": Status.GOOD, "stale": Status.STALE, "fault": Status.FAULT, "down": Status.FAULT,
    "disabled": Status.OUT_OF_SERVICE, "unknown": Status.STALE,
    "remoteFault": Status.FAULT, "remoteDown": Status.FAULT, "remoteDisabled": Status.OUT_OF_SERVICE,
    "remoteUnknown": Status.STALE,
}  # fmt: skip
_IDS: Final = 500
"""Points asked for in one read."""
_CHUNK_H: Final = 24
"""Hours of one hisRead: a day of one-minute values is 1,440 rows; servers refuse long ranges."""
_HISTORY_S: Final = 60.0
"""A server may need longer for a day of history than for present values."""


class _Server(Protocol):
    """What both kinds of server give."""

    async def entities(self, ids: Sequence[Ref]) -> list[Tags | None]: ...

    async def samples(self, id: Ref, range: str) -> list[tuple[Any, Any]]: ...

    async def close(self) -> None: ...


class Haystack:
    """A connection to one server. Raises DeviceSilent where it does not answer, and where it refuses the login."""

    def __init__(self, line: Line) -> None:
        """Raises BadRequest where the line lacks something, such as the variable with its password."""
        self._line = line
        if not line.host.startswith(("http://", "https://")):
            raise BadRequest(
                f"line {line.name!r}: host is {line.host!r:.60}",
                hint='the address that the server\'s `about` is below: host = "https://bms.example/api/tower"',
            )
        self._places = {
            register.address: remote_address(register.address) for register in line.registers
        }
        self._secrets = {key: _secret(line, key) for key in ("password_env", "client_secret_env")}
        self._server: _Server | None = None

    async def __aenter__(self) -> Self:
        options = self._line.options
        kind, user = options.get("server", "haystack"), options.get("user", "")
        if kind == "haystack":
            client = HaystackClient(
                self._line.host, user=user, password=self._secrets["password_env"],
                limits=Limits(silence_s=self._line.timeout_s, total_s=_HISTORY_S),
            )  # fmt: skip
            try:
                await client.__aenter__()
            except PlantroomError as cause:
                raise self._silent(cause) from cause
            self._server = _Fresh(client)
        else:
            more = {
                "project": options.get("project", ""), "client_id": options.get("client_id", ""),
                "client_secret": self._secrets["client_secret_env"],
            }  # fmt: skip
            self._server = _Old(
                Station(kind, self._line.host, user, self._secrets["password_env"], more)
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            server, self._server = self._server, None
            await server.close()

    async def read(self, registers: Sequence[Register]) -> list[Reading]:
        """The present value of each, with the status the server gives it; FAULT for an id it does not know."""
        found: list[Reading] = []
        for start in range(0, len(registers), _IDS):
            part = registers[start : start + _IDS]
            try:
                rows = await self._open.entities(
                    [Ref(self._place(register).id) for register in part]
                )
            except (Unavailable, NotFound, Corrupt) as cause:
                raise self._silent(cause) from cause
            found += [
                self._reading(register, row) for register, row in zip(part, rows, strict=True)
            ]
        return found

    async def trend(self, registers: Sequence[Register], span: Span) -> AsyncGenerator[Samples]:
        """What the server's histories hold within the range: point by point, a day at a time, oldest first.

        Registers without `log = "his"` are passed over; so is, with a line in our log, a point that the server
        refuses, unless it refuses all. NA and values of another kind of unit come as FAULT, null as STALE.
        Raises DeviceSilent.
        """
        logged = [register for register in registers if register.log]
        refused: list[PlantroomError] = []
        for register in logged:
            place = self._place(register)
            try:
                for part in _parts(span, int(self._line.options.get("chunk_hours", _CHUNK_H))):
                    samples = _samples(register, place, await self._history(place, part), part)
                    if len(samples):
                        yield samples
            except (ServerSays, NotFound) as cause:
                log.warning("%s: no history of @%s: %s", self._line.name, place.id, cause)
                refused.append(cause)
        if logged and len(refused) == len(logged):
            raise self._silent(refused[0]) from refused[0]

    @property
    def _open(self) -> _Server:
        if self._server is None:
            raise Unavailable(f"line {self._line.name!r} is not open", hint="enter it first")
        return self._server

    async def _history(self, place: RemoteAddress, part: Span) -> list[tuple[Any, Any]]:
        try:
            return await self._open.samples(Ref(place.id), _range(part))
        except ServerSays:
            raise
        except (Unavailable, Corrupt) as cause:
            raise self._silent(cause) from cause

    def _reading(self, register: Register, row: Tags | None) -> Reading:
        if row is None:
            return Reading(register.point, math.nan, Status.FAULT)
        status = STATUS.get(str(row.get("curStatus", "ok")), Status.FAULT)
        value, own = _value(row.get("curVal"), register, self._place(register))
        if own is Status.STALE and status is Status.GOOD:
            own = Status.FAULT  # "ok" without a value
        return Reading(register.point, value, own if status is Status.GOOD else status)

    def _place(self, register: Register) -> RemoteAddress:
        if register.address not in self._places:
            self._places[register.address] = remote_address(register.address)
        return self._places[register.address]

    def _silent(self, cause: PlantroomError) -> DeviceSilent:
        return DeviceSilent(f"haystack {self._line.host}: {cause}", hint=cause.hint)


class _Fresh:
    """A server of Haystack 4, through our own client."""

    def __init__(self, client: HaystackClient) -> None:
        self._client = client

    async def entities(self, ids: Sequence[Ref]) -> list[Tags | None]:
        return await self._client.read_ids(ids)

    async def samples(self, id: Ref, range: str) -> list[tuple[Any, Any]]:
        return (await self._client.his_read([id], range))[id]

    async def close(self) -> None:
        await self._client.__aexit__(None, None, None)


class _Old:
    """A server whose login only pyhaystack knows; it logs in for each request."""

    def __init__(self, station: Station) -> None:
        self._station = station

    async def entities(self, ids: Sequence[Ref]) -> list[Tags | None]:
        filter = " or ".join(f"id==@{id.id}" for id in ids)
        rows = await read_entities(self._station, filter, timeout_s=_HISTORY_S)
        found = {row["id"]: row for row in rows if isinstance(row.get("id"), Ref)}
        return [found.get(id) for id in ids]

    async def samples(self, id: Ref, range: str) -> list[tuple[Any, Any]]:
        return await read_samples(self._station, id, range, timeout_s=_HISTORY_S)

    async def close(self) -> None:
        return


def _secret(line: Line, option: str) -> str:
    """The value of the environment variable that an option names."""
    name = line.options.get(option, "")
    if name and not os.environ.get(name):
        raise BadRequest(
            f"line {line.name!r}: the environment variable {name} is not set",
            hint="set it where Plantroom runs; the secret itself never stands in lines.toml",
        )
    return os.environ[name] if name else ""


def _parts(span: Span, hours: int) -> list[Span]:
    """The range in pieces that end at multiples of `hours` since midnight UTC of its first day."""
    step = dt.timedelta(hours=hours)
    begin = span.start.replace(hour=0, minute=0, second=0, microsecond=0)
    edge = begin + step * ((span.start - begin) // step + 1)
    parts, start = [], span.start
    while start < span.end:
        end = min(edge, span.end)
        parts.append(Span(start, end))
        start, edge = end, edge + step
    return parts


def _range(part: Span) -> str:
    return ",".join(f"{at:%Y-%m-%dT%H:%M:%SZ} UTC" for at in (part.start, part.end))


def _samples(
    register: Register, place: RemoteAddress, rows: Sequence[tuple[Any, Any]], part: Span
) -> Samples:
    """Rows of the range as samples: servers may send one row before it and one after."""
    kept = [
        (at, value)
        for at, value in rows
        if isinstance(at, dt.datetime) and at.tzinfo and at in part
    ]
    read = [_value(value, register, place) for _, value in kept]
    return Samples(
        points=(register.point,),
        index=np.zeros(len(kept), dtype=np.int32),
        ts=np.array([int(at.timestamp() // 1) for at, _ in kept], dtype=np.int64),
        value=np.array([value for value, _ in read], dtype=np.float64),
        status=np.array([status for _, status in read], dtype=np.uint8),
    )


def _value(value: Any, register: Register, place: RemoteAddress) -> tuple[float, Status]:
    """A value in the unit wanted, scaled as the register says: NaN where there is none."""
    if value is None:
        return math.nan, Status.STALE
    if isinstance(value, bool):
        return float(value) * register.scale + register.offset, Status.GOOD
    if not isinstance(value, Number) or not math.isfinite(value.value):
        return math.nan, Status.FAULT
    number = float(value.value)
    if place.unit and value.unit:
        try:
            number = convert(number, value.unit, place.unit)
        except BadRequest:
            return math.nan, Status.FAULT
    return number * register.scale + register.offset, Status.GOOD
