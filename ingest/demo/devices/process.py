"""The demo devices in a process of their own, which ends when the process that started it does.

The parent writes one line of JSON, the child answers with one line of JSON when its devices
serve (or why they do not), and lives as long as its standard input stays open.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ingest.demo.devices.layout import Layout
from ingest.demo.devices.missed import read_missed
from ingest.driver import Line
from ingest.drivers.lorawan import Broker
from ontology.errors import Conflict, Unavailable
from ontology.history import Samples

START_S: Final = 90.0
"""The child simulates the building's month first: about 7 s on two busy cores."""
STOP_S: Final = 5.0
_ANSWER_BYTES: Final = 1_000_000


class DemoProcess:
    """The running devices: `lines` is how to poll them; enter it, so that it is stopped."""

    def __init__(
        self,
        child: asyncio.subprocess.Process,
        folder: tempfile.TemporaryDirectory[str],
        layout: Layout,
    ) -> None:
        self._child = child
        self._folder = folder
        self.lines: tuple[Line, ...] = layout.lines

    @classmethod
    async def start(
        cls,
        *,
        anchor: dt.datetime,
        seed: int,
        days: float,
        webhook: str | None = None,
        secret: str | None = None,
        broker: Broker | None = None,
        host: str = "127.0.0.1",
        bacnet_port: int = 0,
        modbus_port: int = 0,
        rtu_port: int = 0,
        hands: bool = False,
    ) -> Self:
        """Start and wait until all devices answer. `anchor`, `seed` and `days` are those of the history.

        Uplinks go to the webhook, and to the broker where one is given. With `hands` BACnet outputs take commands.
        Raises Conflict where a port is taken, Unavailable where the child does not come up.
        """
        folder = tempfile.TemporaryDirectory(prefix="plantroom-demo-")
        ask = {
            "anchor": anchor.isoformat(), "seed": seed, "days": days, "host": host,
            "webhook": webhook, "secret": secret, "folder": folder.name,
            "broker": asdict(broker) if broker else None,
            "bacnet_port": bacnet_port, "modbus_port": modbus_port, "rtu_port": rtu_port, "hands": hands,
        }  # fmt: skip
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ingest.demo.devices",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_ANSWER_BYTES,
        )  # fmt: skip
        try:
            answer = await _answer(child, ask)
            layout = Layout.of_riverside_tower().at(
                host, answer["bacnet_port"], answer["modbus_port"], answer["rtu_port"]
            )
            return cls(child, folder, layout)
        except BaseException:
            await _stop(child)
            folder.cleanup()
            raise

    @property
    def missed(self) -> Callable[[], Iterator[Samples]] | None:
        """Gives the history between the anchor and the start; None where nothing was missed."""
        path = Path(self._folder.name) / "missed.npz"
        return (lambda: read_missed(path)) if path.exists() else None

    async def ended(self) -> int:
        """Wait for the devices to end; their exit code (-9: killed)."""
        return await self._child.wait()

    @property
    def alive(self) -> bool:
        """Whether the devices still run."""
        return self._child.returncode is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await _stop(self._child)
        self._folder.cleanup()


async def _answer(child: asyncio.subprocess.Process, ask: dict[str, Any]) -> dict[str, Any]:
    """The child's first line, which says where the devices serve."""
    if child.stdin is None or child.stdout is None:
        raise Unavailable("the demo devices have no pipe", hint="start the demo again")
    try:
        child.stdin.write(json.dumps(ask).encode() + b"\n")
        await child.stdin.drain()
        async with asyncio.timeout(START_S):
            line = await child.stdout.readline()
        answer: dict[str, Any] = json.loads(line)
    except TimeoutError as cause:
        raise Unavailable(
            f"the demo devices did not start within {START_S:g} s", hint="is the machine busy?"
        ) from cause
    except (ValueError, OSError) as cause:
        raise Unavailable(
            "the demo devices ended while starting", hint="see the messages above"
        ) from cause
    if "error" in answer:
        kind = Conflict if answer.get("code") == Conflict.code else Unavailable
        raise kind(answer["error"], hint=answer.get("hint", ""))
    return answer


async def _stop(child: asyncio.subprocess.Process) -> None:
    """Close its input, which it takes as the word to stop; kill it where it does not listen."""
    if child.stdin is not None:
        child.stdin.close()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await child.stdin.wait_closed()
    try:
        async with asyncio.timeout(STOP_S):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
