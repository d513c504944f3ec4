"""Servers of others that are restarted: PostgreSQL under the history, mosquitto in front of LoRaWAN."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.fault_parts.counted import numbered, verdict
from ingest.demo.devices.layout import Layout
from ingest.demo.devices.lorawan import LorawanSensors
from ingest.driver import Line
from ingest.drivers.lorawan import Broker, MqttUplinks
from ingest.forwarder import Forwarder
from ingest.line_state import Backoff
from ingest.outbox import Outbox
from ingest.poller import Poller
from ingest.wall_clock import WallClock
from ontology.errors import PlantroomError
from ontology.store.memory_history import MemoryHistory
from ontology.store.pg_history import PgHistory
from tests.postgres import programs

QUICK = Backoff(first_s=0.05, most_s=0.3)
_READY_S = 30.0


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Restartable:
    """A server program: stopped in some way and started again on the same port and files."""

    def __init__(self, command: Sequence[str | Path], port: int, **run: Any) -> None:
        self._command = list(map(str, command))
        self._run = run
        self.port = port
        self._start()

    def restart(self, how: signal.Signals) -> None:
        """Stop it so, and start it at once."""
        self.stop(how)
        self._start()

    def stop(self, how: signal.Signals) -> None:
        """End it so."""
        self._server.send_signal(how)
        self._server.wait(timeout=_READY_S)

    def _start(self) -> None:
        quiet = subprocess.DEVNULL
        self._server = subprocess.Popen(self._command, stdout=quiet, stderr=quiet, **self._run)
        until = time.monotonic() + _READY_S
        while time.monotonic() < until and self._server.poll() is None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), 0.2),
            ):
                return
            time.sleep(0.02)
        raise SystemExit(f"{self._command[0]} did not start")


@contextlib.contextmanager
def running_postgres() -> Iterator[Restartable]:
    """A PostgreSQL that syncs its commits; as root it is lent to the user postgres, which it insists on."""
    bin = programs()
    if bin is None:
        raise FileNotFoundError("PostgreSQL is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="plantroom-postgres-"))
    user = "postgres" if os.geteuid() == 0 else None
    run: dict[str, Any] = {"cwd": folder}
    if user:
        shutil.chown(folder, user, user)
        run |= {"user": user, "group": user, "extra_groups": []}
    cluster, port = folder / "cluster", free_port()
    try:
        subprocess.run(
            [bin / "initdb", "-D", cluster, "-U", "plantroom", "-A", "trust", "--locale=C", "-E", "UTF8"],
            check=True, capture_output=True, timeout=120, **run,
        )  # fmt: skip
        server = Restartable(
            [bin / "postgres", "-D", cluster, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories="], port, **run,
        )  # fmt: skip
        try:
            yield server
        finally:
            server.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def of_postgres(folder: Path, restarts: int) -> dict[str, float]:
    """PostgreSQL ends in turn in order and as after a power cut, while samples come."""
    ways = (
        signal.SIGINT,
        signal.SIGQUIT,
    )  # "fast" and "immediate"; "smart" would wait for our connection
    with running_postgres() as server:
        history = await _opened(f"postgresql://plantroom@127.0.0.1:{server.port}/postgres")
        outbox = await Outbox.open(folder / "outbox.db")
        forwarder = Forwarder(outbox, history, backoff=QUICK, clock=WallClock())
        forwarding = asyncio.create_task(forwarder.run())
        put = failed = 0
        try:
            for n in range(restarts):
                work = asyncio.create_task(asyncio.to_thread(server.restart, ways[n % 2]))
                felt = False
                while not work.done():
                    put = await _put(outbox, put)
                    felt |= forwarder.state.failures > 0
                await work
                for _ in range(60):
                    put = await _put(outbox, put)
                    felt |= forwarder.state.failures > 0
                failed += felt
            await _emptied(lambda: outbox.rows == 0)
            found = await verdict(history, put, "postgres_restart")
        finally:
            forwarding.cancel()
            await asyncio.wait({forwarding})
            await outbox.close()
            await history.close()
    return found | {"postgres_restarts": float(restarts), "postgres_restarts_felt": float(failed)}


async def _opened(url: str) -> PgHistory:
    """PostgreSQL listens a little before it takes connections."""
    until = time.monotonic() + _READY_S
    while True:
        try:
            return await asyncio.to_thread(PgHistory.open, url)
        except PlantroomError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.1)


async def _put(outbox: Outbox, put: int) -> int:
    await outbox.put(numbered(put, 100))
    await asyncio.sleep(0.01)
    return put + 100


async def _emptied(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_READY_S):
        while not holds():  # noqa: ASYNC110  (another task makes it true)
            await asyncio.sleep(0.05)


class _Steady:
    """A plant where nothing moves."""

    def value(self, point_id: str) -> float:
        return 21.5 if point_id.endswith("temp") else 50.0

    def override_level(self, _point_id: str) -> int | None:
        return None

    def is_silent(self, _point_id: str) -> bool:
        return False


async def of_broker(folder: Path, restarts: int) -> dict[str, float]:
    """mosquitto is ended and killed in turn; frames that never came are counted, those that came are stored."""
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if mosquitto is None:
        raise FileNotFoundError("mosquitto is not installed (apt-get install mosquitto)")
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    broker, server = Broker("127.0.0.1", port), Restartable([mosquitto, "-c", config], port)
    lines = [replace(line, every_s=0.1) for line in Layout.of_riverside_tower().lorawan[:4]]
    outbox, history = await Outbox.open(folder / "outbox.db"), MemoryHistory()
    recovered = 0
    try:
        async with Poller(
            lines, outbox, history, uplinks=lambda: MqttUplinks(broker), backoff=QUICK
        ) as poller:
            async with LorawanSensors(lines, _Steady(), broker=broker):
                await _came_again(poller, lines)
            before = await _quiet_frames(poller, outbox, lines)
            async with LorawanSensors(lines, _Steady(), broker=broker):
                for n in range(restarts):
                    way = signal.SIGKILL if n % 2 else signal.SIGTERM
                    await asyncio.to_thread(server.restart, way)
                    recovered += await _came_again(poller, lines)
            after = await _quiet_frames(poller, outbox, lines)
        await outbox.drain(history)
    finally:
        server.stop(signal.SIGTERM)
        await outbox.close()
    counted, taken, lost = (late - early for early, late in zip(before, after, strict=True))
    latest = await history.latest([r.point for line in lines for r in line.registers])
    return {
        "broker_restarts": float(restarts),
        "broker_recovered": float(recovered),
        "broker_frames_taken": float(taken),
        "broker_frames_never_came": float(lost),
        "broker_frames_unexplained": float(abs(counted - taken - lost)),
        "broker_points_missing": float(sum(len(line.registers) for line in lines) - len(latest)),
    }


async def _quiet_frames(
    poller: Poller, outbox: Outbox, lines: Sequence[Line]
) -> tuple[int, int, int]:
    """The frames once none has come for a second: what is on its way to the disk is counted by halves."""
    async with asyncio.timeout(_READY_S):
        while True:
            before = _frames(poller, outbox, lines)
            await asyncio.sleep(1.0)
            if _frames(poller, outbox, lines) == before:
                return before


def _frames(poller: Poller, outbox: Outbox, lines: Sequence[Line]) -> tuple[int, int, int]:
    """By the sensors' counters, as taken, and as known to be lost. Every frame carries all registers of its line."""
    states = [poller.states[line.name] for line in lines]
    taken = sum(
        poller.states[line.name].samples // len(line.registers) for line in lines
    )  # polls would leave out frames that a broker kept for a while: they say nothing of now
    counted = sum(outbox.counters.get(f"f_cnt:{line.options['dev_eui']}", 0) for line in lines)
    return counted, taken, sum(state.lost for state in states)


async def _came_again(poller: Poller, lines: Sequence[Line]) -> bool:
    """Whether every sensor is heard again within half a minute."""
    before = {line.name: poller.states[line.name].polls for line in lines}
    try:
        await _emptied(lambda: all(poller.states[n].polls > count for n, count in before.items()))
    except TimeoutError:
        return False
    return True
