"""`llm status|stop|restart` speak with `llm serve` over a unix socket in the state folder: JSON lines, its owner's alone.

Each serving program has a socket named after its first replica, so that a box may be kept by one program or by one per
replica. A request is one line; lines of JSON come back until the last, which has "done" or "error".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from ontology.errors import BadRequest, Conflict, NotFound, PlantroomError, Unavailable
from services.llm.box import Box
from services.llm.launch.fleet import Fleet, told

MOST_LINE: Final = 1_000_000
"""Bytes; a status with last log lines of 64 failed replicas is about 400 kB."""
LONGEST_PATH: Final = 103
"""Bytes of a socket's path: Linux takes 107, macOS 103."""
REQUEST_S: Final = 5.0
MOST_CALLERS: Final = 16


@asynccontextmanager
async def held(folder: Path, names: Sequence[str]) -> AsyncIterator[None]:
    """These replicas are this program's while the block runs. Raises Conflict where another keeps one."""
    import fcntl  # noqa: PLC0415  (not on Windows, where nothing is served)

    with contextlib.ExitStack() as stack:
        for name in names:
            file = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            stack.callback(os.close, file)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as cause:
                raise Conflict(f"replica {name} is already served", hint="`plantroom llm status` shows it, `plantroom llm stop` ends it") from cause  # fmt: skip
        yield


class Control:
    """Answers callers while the block of `listening` runs."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self._fleet = fleet
        self._path = folder / f"{fleet.names[0]}.sock"
        self._callers: set[asyncio.StreamWriter] = set()
        if len(os.fsencode(self._path)) > LONGEST_PATH:
            raise BadRequest(f"{self._path} is too long for a socket", hint="give a shorter folder with --state")  # fmt: skip

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """At its end every caller's line is closed: that is how `stop` knows that all is gone."""
        self._path.unlink(
            missing_ok=True
        )  # of a program that was killed; the lock says that it is gone
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._hear, self._path, limit=MOST_LINE)
        finally:
            os.umask(before)
        try:
            yield
        finally:
            server.close()
            for writer in self._callers:
                writer.close()
            self._path.unlink(missing_ok=True)

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._callers) >= MOST_CALLERS:
            writer.close()
            return
        self._callers.add(writer)
        stays = False
        try:
            async with asyncio.timeout(REQUEST_S):
                line = await reader.readline()
            stays = await self._answer(line, writer)
        except PlantroomError as error:
            _write(writer, {"error": {"code": error.code, "message": str(error), "hint": error.hint}})  # fmt: skip
        except (TimeoutError, ValueError, ConnectionError):
            pass
        finally:
            if not stays:
                self._callers.discard(writer)
                writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the line stays open until the end of all."""
        asked = _object(line)
        match asked.get("do"):
            case "status":
                _write(writer, {"pid": os.getpid(), "replicas": await self._fleet.report(), "done": True})  # fmt: skip
            case "restart":
                stood = await self._fleet.restart(str(asked.get("replica") or ""))
                _write(writer, {"replicas": [told(name, one) for name, one in stood.items()], "done": True})  # fmt: skip
            case "stop":
                self._fleet.stop()
                _write(writer, {"stopping": list(self._fleet.names)})
                return True
            case other:
                raise BadRequest(f"cannot {other!r}", hint="status, restart or stop")
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        return False


def _write(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")


def _object(line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as cause:
        raise BadRequest("not a line of JSON") from cause
    if not isinstance(asked, dict):
        raise BadRequest("not a JSON object")
    return asked


# The callers' side: plain sockets, for commands that ask and end.


def status(folder: Path) -> list[dict[str, Any]]:
    """What every serving program of this folder tells, one answer each. [] where none runs."""
    return [answer for path in _sockets(folder) for answer in _call(path, {"do": "status"}, 10.0)]


def stop(folder: Path, within_s: float) -> list[str]:
    """End every serving program; names of the replicas that ran. Returns when they are gone. Raises Unavailable."""
    lines = [line for path in _sockets(folder) for line in _call(path, {"do": "stop"}, within_s)]
    return [str(name) for line in lines for name in line.get("stopping", [])]


def restart(folder: Path, names: Sequence[str], within_s: float) -> Iterator[dict[str, Any]]:
    """One after the other, each as it stands then. Raises NotFound where no program keeps one, Unavailable."""
    keeps = {
        replica["name"]: path
        for path in _sockets(folder)
        for answer in _call(path, {"do": "status"}, 10.0)
        for replica in answer["replicas"]
    }
    for name in names:
        if name not in keeps:
            raise NotFound(f"nothing serves replica {name}", hint="`plantroom llm serve` starts it")
        for answer in _call(keeps[name], {"do": "restart", "replica": name}, within_s):
            yield from answer["replicas"]


def rolling(folder: Path, box: Box) -> Iterator[dict[str, Any]]:
    """Restart the box's replicas one by one, each when the one before is ready again; stops where one is not."""
    for replica in box.replicas:
        for standing in restart(folder, [replica.name], longest_s(box)):
            yield standing
            if standing["state"] != "ready":
                return


def longest_s(box: Box) -> float:
    """Seconds that a restart of one replica may take: drained, ended, started, gated."""
    return box.watch.drain_s + box.watch.start_s + 180.0


def _sockets(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sock"))


def _call(path: Path, asked: dict[str, Any], within_s: float) -> list[dict[str, Any]]:
    """The lines of the answer; [] where nobody listens any more. Raises what the other side raised, Unavailable."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(within_s)
        try:
            line.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return []
        try:
            line.sendall(json.dumps(asked).encode() + b"\n")
            with line.makefile("rb") as file:
                answers = [
                    _object(answer) for answer in iter(lambda: file.readline(MOST_LINE), b"")
                ]
        except TimeoutError as cause:
            raise Unavailable(f"no answer from {path} in {within_s:g} s", hint="look into the replica's log beside it") from cause  # fmt: skip
        except ConnectionError:
            return []
    for answer in answers:
        if error := answer.get("error"):
            kinds = {kind.code: kind for kind in (BadRequest, NotFound, Conflict, Unavailable)}
            raise kinds.get(error["code"], PlantroomError)(error["message"], hint=error["hint"])
    return answers
