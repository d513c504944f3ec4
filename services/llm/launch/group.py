"""One engine and everything it started: begun in a session of its own, ended as a whole, found again after a crash."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from ontology.errors import Conflict, Unavailable
from services.llm.launch.log import BoundedLog

KEEPER: Final = Path(__file__).with_name("keeper.py")
GONE_S: Final = 30.0
"""After SIGKILL: freeing 80 GB on each of eight GPUs takes some seconds; longer means a hung driver."""
LOOK_S: Final = 0.1
PIECE: Final = 65_536
MOST_PROGRAMS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Program:
    """One process. `born` in clock ticks since boot: a pid is used again, a pid and its birth are not."""

    pid: int
    born: int
    state: str = "S"


class Group:
    """Use `begin`, then `end` in any case. `exited` is set when the engine's first program is gone."""

    def __init__(self, child: asyncio.subprocess.Process, log: BoundedLog, note: Path) -> None:
        self._child = child
        self._log = log
        self._note = note
        self._known: dict[int, int] = {}
        self.exited = asyncio.Event()
        self._tasks = (asyncio.create_task(self._print()), asyncio.create_task(self._wait()))

    @classmethod
    async def begin(
        cls, argv: Sequence[str], env: Mapping[str, str], log: BoundedLog, note: Path
    ) -> Self:
        """`note`: the file that a later run finds leftovers by. Raises Unavailable where nothing can be started."""
        try:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(KEEPER), *argv, env={**os.environ, **env}, start_new_session=True,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
        except OSError as cause:
            raise Unavailable(f"cannot start a program: {cause.strerror}", hint="memory or processes are exhausted") from cause  # fmt: skip
        group = cls(child, log, note)
        group.look()
        return group

    @property
    def code(self) -> int | None:
        """Its exit code; above 128 a signal's number is added to 128."""
        return self._child.returncode

    def look(self) -> list[Program]:
        """Everything of the group that runs now, zombies not counted; also noted on disk when it changed."""
        alive = [one for one in members(self._child.pid) if one.state != "Z"]
        known = {one.pid: one.born for one in alive}
        if known != self._known:
            self._known = known
            _write_note(self._note, alive)
        return alive

    async def end(self, *, grace_s: float) -> None:
        """SIGTERM, `grace_s` seconds, SIGKILL; returns when all are gone. Raises Unavailable where one does not die.

        A stopped worker ignores SIGTERM: a frozen group is ended with little grace.
        """
        before = {one.pid: one for one in self.look()}
        self._signal(signal.SIGTERM)
        if not await self._gone(grace_s):
            self._signal(signal.SIGKILL)
            if not await self._gone(GONE_S):
                left = ", ".join(f"{one.pid} ({one.state})" for one in self.look())
                raise Unavailable(
                    f"these programs of {self._log.path.stem} do not die: {left or 'unknown'}",
                    hint="D: the GPU's driver hangs; `dmesg | grep -i nvrm`, then reset the GPU or reboot",
                )
        await kill_all(before.values())  # what had left the session
        await asyncio.gather(*self._tasks)
        self._note.unlink(missing_ok=True)

    async def _gone(self, within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while self.look() or self._child.returncode is None:
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)
        for one in self.look():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one.pid, number)

    async def _print(self) -> None:
        """Everything printed goes to the log, a full disk does not stop the engine."""
        assert self._child.stdout is not None
        while piece := await self._child.stdout.read(PIECE):
            with contextlib.suppress(OSError):
                self._log.write(piece)

    async def _wait(self) -> None:
        """Asked again and again: asyncio's own `wait` may wait for whoever holds the pipe, and orphans would."""
        while self._child.returncode is None:  # noqa: ASYNC110  (a child, no coroutine: nothing sets an event)
            await asyncio.sleep(LOOK_S)
        self.exited.set()


def members(leader: int) -> list[Program]:
    """Programs of the session of `leader`, and all that descend from it; the leader alone where there is no /proc."""
    everyone: dict[int, tuple[int, int, Program]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            # the command's name may hold blanks and brackets; state, parent, group and session follow it
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            program = Program(int(folder.name), int(fields[19]), fields[0])
            everyone[program.pid] = (int(fields[1]), int(fields[3]), program)
    if not everyone:
        return [Program(leader, 0)] if _exists(leader) else []
    found = {pid for pid, (_, session, _) in everyone.items() if leader in (session, pid)}
    for _ in range(64):  # depth of a tree of programs
        more = {pid for pid, (parent, _, _) in everyone.items() if parent in found} - found
        if not more:
            break
        found |= more
    return [everyone[pid][2] for pid in sorted(found)]


def lives(program: Program) -> bool:
    """Whether exactly this one still runs; a zombie does not. True where the system does not tell."""
    return program.born == 0 or _born(program.pid) == program.born


def titled(programs: Collection[Program], beginning: str) -> dict[Program, str]:
    """Those whose title (the command line, which programs may write over) begins so, with it."""
    found = {}
    for one in programs:
        with contextlib.suppress(OSError):
            title = Path(f"/proc/{one.pid}/cmdline").read_text(errors="replace").split("\0")[0]
            if title.startswith(beginning):
                found[one] = title[:80]
    return found


def leftovers(note: Path) -> list[Program]:
    """What an earlier run noted and still runs; [] after a reboot, for a note that is broken or not there."""
    try:
        told = json.loads(note.read_bytes()[:1_000_000])
        if told["boot"] != _boot():
            return []
        noted = [Program(int(pid), int(born)) for pid, born in told["programs"][:MOST_PROGRAMS]]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    return [one for one in noted if _born(one.pid) == one.born != 0]


async def kill_all(programs: Collection[Program]) -> None:
    """SIGKILL to exactly these, and wait until they are gone. Raises Unavailable."""
    deadline = time.monotonic() + GONE_S
    while left := [one for one in programs if _born(one.pid) == one.born]:
        if time.monotonic() > deadline:
            raise Unavailable(f"{len(left)} programs of an earlier run do not die", hint="reboot, or reset the GPUs")  # fmt: skip
        for one in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(one.pid, signal.SIGKILL)
        await asyncio.sleep(LOOK_S)


async def port_is_free(host: str, port: int, within_s: float = 10.0) -> bool:
    """Whether a server could listen there, asked until it is so."""
    deadline = time.monotonic() + within_s
    while True:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                if time.monotonic() >= deadline:
                    return False
            else:
                return True
        await asyncio.sleep(LOOK_S)


async def free_the_ground(note: Path, host: str, port: int, log: BoundedLog) -> None:
    """End what an earlier run left behind, then make sure of the port. Raises Conflict, Unavailable."""
    if left := leftovers(note):
        log.say(f"{len(left)} programs of an earlier run still live and are ended")
        await kill_all(left)
    if not await port_is_free(host, port, 5.0):
        raise Conflict(f"port {port} of {host} is taken", hint="`ss -ltnp` names who; end it, or give the replica another `port`")  # fmt: skip


def _write_note(note: Path, alive: Sequence[Program]) -> None:
    told = {"boot": _boot(), "programs": [[one.pid, one.born] for one in alive[:MOST_PROGRAMS]]}
    fresh = note.with_suffix(".new")
    with contextlib.suppress(
        OSError
    ):  # without a note a crash of ours is less tidy, and nothing else
        fresh.write_text(json.dumps(told))
        fresh.replace(note)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _born(pid: int) -> int | None:
    """None: not there, or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
