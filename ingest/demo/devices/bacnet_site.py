"""A BACnet site made to order, in a process of its own: devices with good and bad manners, to try drivers on.

`python -m ingest.demo.devices.bacnet_site` reads what to serve as one line of JSON, answers with
its port, and then takes one command a line until its input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import math
import signal
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

from ingest.addresses import BACNET_TYPES, bacnet_address, trend_address
from ingest.demo.devices.bacnet_device import Controller, Manners
from ingest.demo.devices.bacnet_logs import StoredLog
from ingest.demo.devices.bacnet_network import BacnetNetwork
from ingest.demo.devices.bacnet_things import HandSource, Thing
from ingest.drivers.bacnet.services import TREND_LOG, ObjectId
from ingest.drivers.bacnet.tags import CONTEXT, closing, enumerated, header, opening, real
from ontology.errors import PlantroomError, Unavailable

NETWORK: Final = 2001
_ANSWER_S: Final = 30.0
_STOP_S: Final = 5.0
_LINE_BYTES: Final = 8_000_000


class BacnetSite:
    """The running site; enter it, so that it is stopped. `port` is its UDP port."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec = spec
        self._child: asyncio.subprocess.Process | None = None
        self.host = str(spec.get("host", "127.0.0.1"))
        self.port = 0

    async def __aenter__(self) -> Self:
        self._child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ingest.demo.devices.bacnet_site",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_BYTES,
        )  # fmt: skip
        try:
            self.port = (await self._exchange(self._spec))["port"]
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        child = self._child
        if child is None or child.stdin is None:
            return
        child.stdin.close()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await child.stdin.wait_closed()
        try:
            async with asyncio.timeout(_STOP_S):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()

    async def do(self, command: str, **options: Any) -> dict[str, Any]:
        """Have the site do something: set, release, storm, reboot, behave, log, count, tell."""
        return await self._exchange({"do": command, **options})

    async def _exchange(self, said: Mapping[str, Any]) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise Unavailable("the BACnet site does not run", hint="enter it first")
        child.stdin.write(json.dumps(dict(said)).encode() + b"\n")
        await child.stdin.drain()
        async with asyncio.timeout(_ANSWER_S):
            line = await child.stdout.readline()
        answer: dict[str, Any] = json.loads(line or b'{"error": "it ended"}')
        if "error" in answer:
            raise Unavailable(f"the BACnet site: {answer['error']}", hint="see its messages")
        return answer


class _Site:
    """The child's side."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._devices = {device["instance"]: _controller(device) for device in spec["devices"]}
        self._macs = {device["instance"]: device.get("mac") for device in spec["devices"]}
        front = [self._devices[n] for n, mac in self._macs.items() if mac is None]
        self.network = BacnetNetwork(
            spec.get("host", "127.0.0.1"),
            spec.get("port", 0),
            NETWORK,
            behind={mac: self._devices[n] for n, mac in self._macs.items() if mac is not None},
            front=front[0] if front else None,
            bbmd=spec.get("bbmd", False),
            cov_every_s=spec.get("cov_every_s", 0.02),
        )

    def do(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """One command; KeyError for what there is not."""
        device = self._devices[said["device"]]
        match said["do"]:
            case "set":
                source = _source(device, said["object"])
                source.default = _number(said["value"])
                source.said_flags = said.get("flags", source.said_flags)
            case "command":
                _source(device, said["object"]).put(said["value"], said["priority"])
            case "storm":
                self._storm(device, said["rounds"])
            case "reboot":
                self._reboot(device, said)
            case "behave":
                device.behave(_manners(said["manners"]))
            case "log":
                _fill(device, said["log"], said["rows"])
            case "renounce":
                self.network.foreign.clear()
        return self._state(device)

    def _state(self, device: Controller) -> dict[str, Any]:
        return {
            "requests": device.requests,
            "subscriptions": len(device.subscriptions),
            "notified": self.network.notified,
            "foreign": len(self.network.foreign),
        }

    def _storm(self, device: Controller, rounds: int) -> None:
        """Change every subscribed object so often, and tell of it at once."""
        for n in range(rounds):
            for each in device.subscriptions:
                _source_of(device, each[2]).default += 1.0 if n % 2 else -1.0
            self.network.tell_changes()

    def _reboot(self, device: Controller, said: Mapping[str, Any]) -> None:
        device.restart(said.get("off_s", 0.0))
        if said.get("announce"):
            loop = asyncio.get_running_loop()
            later_s = said.get("off_s", 0.0) + 0.01
            loop.call_later(later_s, self.network.announce, self._macs[device.instance])


def _controller(spec: Mapping[str, Any]) -> Controller:
    things = [_thing(each) for each in spec.get("objects", ())]
    for kind, count in spec.get("fill", {}).items():
        things += [
            _thing({"object": f"{kind},{n}", "name": f"{kind} {n}", "value": 20.0})
            for n in range(1, count + 1)
        ]
    logs = {
        _log_id(each["log"]): StoredLog(
            _object_id(each["of"]), each.get("size", 1_000), first=each.get("first", 1)
        )
        for each in spec.get("logs", ())
    }
    device = Controller(
        spec["instance"],
        spec.get("name", f"device {spec['instance']}"),
        things,
        logs=logs,
        manners=Manners(**_manners(spec.get("manners", {}))),
    )
    for each in spec.get("logs", ()):
        _fill(device, each["log"], each.get("rows", ()))
    return device


def _manners(said: Mapping[str, Any]) -> dict[str, Any]:
    lists = {key: tuple(map(_object_id, said[key])) for key in ("ghosts", "hidden") if key in said}
    return {**said, **lists}


def _thing(spec: Mapping[str, Any]) -> Thing:
    source = HandSource(
        _number(spec["value"]),
        commandable=spec.get("commandable", "output" in spec["object"]),
        flags=spec.get("flags", 0),
        states=spec.get("states"),
    )
    return Thing(
        _object_id(spec["object"]),
        spec.get("name", spec["object"]),
        source,
        description=spec.get("description", ""),
        units=spec.get("units"),
        increment=spec.get("increment", 0.1),
    )


def _object_id(text: str) -> ObjectId:
    address = bacnet_address(text)
    return ObjectId(BACNET_TYPES[address.type], address.instance)


def _log_id(text: str) -> ObjectId:
    return ObjectId(TREND_LOG, trend_address(text).instance)


def _number(said: float | None) -> float:
    return math.nan if said is None else float(said)


def _source(device: Controller, text: str) -> HandSource:
    return _source_of(device, _object_id(text))


def _source_of(device: Controller, id: ObjectId) -> HandSource:
    source = device.things[id].source
    if not isinstance(source, HandSource):
        raise KeyError(id)
    return source


def _fill(device: Controller, log: str, rows: Any) -> None:
    """Rows of [local time, number, "status", "failure", "null" or {"change": seconds}, flags]."""
    stored = device.logs[_log_id(log)]
    if not isinstance(stored, StoredLog):
        raise KeyError(log)
    for local, said, *flags in rows:
        stored.put(dt.datetime.fromisoformat(local), _datum(said), flags[0] if flags else 0)


def _datum(said: Any) -> bytes:
    """A BACnetLogRecord's datum (clause 21)."""
    match said:
        case "status":
            return header(0, CONTEXT, 2) + b"\x05\x80"  # log-disabled
        case "failure":
            return opening(8) + enumerated(2) + enumerated(32) + closing(8)
        case "null":
            return header(7, CONTEXT, 0)
        case {"change": seconds}:
            return header(9, CONTEXT, 4) + real(float(seconds))[1:]
        case {"any": value}:
            return opening(10) + real(float(value)) + closing(10)
        case bool():
            return header(1, CONTEXT, 1) + bytes([said])
        case _:
            return header(2, CONTEXT, 4) + real(float(said))[1:]


async def serve() -> None:
    """Serve what the first line of standard input says, and do what the others say, until it ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LINE_BYTES)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        site = _Site(json.loads(await reader.readline()))
        async with site.network as network:
            _say({"port": network.port})
            while line := await reader.readline():
                _say(site.do(json.loads(line)))
    finally:
        transport.close()


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(dict(answer)) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Process entry; 1 where the site could not serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who then stops us
    try:
        asyncio.run(serve())
    except (PlantroomError, KeyError, ValueError) as error:
        _say({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
