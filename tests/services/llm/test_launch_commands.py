"""A box is served, told about, restarted and stopped from another terminal: the real commands on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.llm.box import read_box
from services.llm.launch.control import Control, status
from services.llm.launch.fleet import Fleet
from services.llm.launch.standing import State
from tests.services.llm.stubs import STUB, free_port
from tests.services.llm.test_launch_supervisor import runs

BOX = """
[served]
path = "weights"
tool_parser = "hermes"
[engine]
command = ["{python}", "{stub}"]
arguments = [{arguments}]
[[replicas]]
name = "a"
port = {a}
[[replicas]]
name = "b"
port = {b}
[gateway]
port = {gateway}
[watch]
look_every_s = 0.1
quiet_s = 0.8
canary_every_s = 0.4
canary_s = 0.6
drain_s = 5
"""


@pytest.fixture
def folder() -> Any:
    """Short: a socket's path takes about 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="box") as made:
        yield Path(made)


def written(folder: Path, *arguments: str) -> tuple[Path, int]:
    """A box of two stubs; its gateway's port."""
    port = free_port()
    path = folder / "box.toml"
    shown = ", ".join(json.dumps(one) for one in arguments)
    path.write_text(BOX.format(python=sys.executable, stub=STUB, arguments=shown, a=free_port(), b=free_port(), gateway=port))  # fmt: skip
    return path, port


async def llm(*arguments: str | Path) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.cli", "llm", *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )  # fmt: skip
    text, _ = await asyncio.wait_for(child.communicate(), 60)
    return child.returncode or 0, text.decode()


async def told(box: Path) -> dict[str, Any]:
    return {one["name"]: one for answer in await asyncio.to_thread(status, box.with_suffix(".state")) for one in answer["replicas"]}  # fmt: skip


async def ready(box: Path, within_s: float = 30.0) -> dict[str, Any]:
    deadline = time.monotonic() + within_s
    while True:
        standings = await told(box)
        if len(standings) == 2 and all(one["state"] == "ready" for one in standings.values()):
            return standings
        assert time.monotonic() < deadline, standings
        await asyncio.sleep(0.1)


@asynccontextmanager
async def served(box: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.cli", "llm", "serve", str(box))  # fmt: skip
    try:
        await ready(box)
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


@pytest.mark.long
async def test_a_box_is_served_told_about_restarted_one_by_one_and_stopped_from_another_terminal(folder: Path) -> None:  # fmt: skip
    box, port = written(folder)
    assert (await llm("status", box))[0] == 3
    async with served(box) as child:
        code, text = await llm("status", box, "--json")
        before = json.loads(text)["replicas"]
        assert (code, [one["turn"] for one in before]) == (0, ["ready", "ready"])
        assert all(len(one["pids"]) >= 2 and one["kv_used"] is not None for one in before)
        mode = (box.with_suffix(".state") / "a.sock").stat().st_mode
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        (code, text), lost = await asyncio.gather(llm("restart", box, "--rolling", "--json"), asked_all_the_while(port))  # fmt: skip
        assert code == 0
        assert [one["state"] for one in json.loads(text)["replicas"]] == ["ready", "ready"]
        assert lost == []
        after = await ready(box)
        assert not {pid for one in before for pid in one["pids"]} & {pid for one in after.values() for pid in one["pids"]}  # fmt: skip
        code, text = await llm("stop", box)
        assert (code, text.strip()) == (0, "stopped: a, b")
        assert await asyncio.wait_for(child.wait(), 5) == 0
        assert not any(runs(pid) for one in after.values() for pid in one["pids"])


async def asked_all_the_while(port: int, seconds: float = 6.0) -> list[str]:
    """What failed of completions asked one after the other at the gateway."""
    failed, deadline = [], time.monotonic() + seconds
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        while time.monotonic() < deadline:
            body = {
                "model": "chief",
                "messages": [{"role": "user", "content": "?"}],
                "max_tokens": 4,
            }
            answer = await client.post(f"http://127.0.0.1:{port}/v1/chat/completions", json=body)
            if answer.status_code != 200:
                failed.append(answer.text)
    return failed


@pytest.mark.long
async def test_new_requests_survive_a_frozen_and_a_killed_worker(folder: Path) -> None:
    box, port = written(folder, "--workers", "1")
    async with served(box):
        for name, number in (("a", signal.SIGSTOP), ("b", signal.SIGKILL)):
            url = (await told(box))[name]["url"]
            async with httpx2.AsyncClient(trust_env=False) as client:
                worker = (await client.get(f"{url}/stub")).json()["workers"][0]
            os.kill(worker, number)
            if (
                number == signal.SIGSTOP
            ):  # until it is known, a request sent there waits: it had begun
                while (await told(box))[name]["state"] == "ready":  # noqa: ASYNC110  (another program)
                    await asyncio.sleep(0.1)
            assert await asked_all_the_while(port, 2.0) == []
            assert (await ready(box))[name]["restarts"] == 1


@pytest.mark.long
async def test_a_box_is_served_once(folder: Path) -> None:
    box, _ = written(folder)
    async with served(box):
        code, _ = await llm("serve", box, "--replica", "b", "--no-gateway")
        assert code == 1


async def test_nonsense_on_the_socket_is_answered_with_an_error(folder: Path) -> None:
    box, _ = written(folder)
    read = read_box(box)
    fleet = Fleet(read, read.replicas[:1], folder)
    running = asyncio.create_task(fleet.run())
    async with Control(fleet, folder).listening():
        for line in (
            b"{\n",
            b"[]\n",
            b'{"do": "dance"}\n',
            b'{"do": "restart", "replica": "zz"}\n',
            b"\xff" * 2_000_000,
        ):
            reader, writer = await asyncio.open_unix_connection(folder / "a.sock")
            heard = b""
            with contextlib.suppress(ConnectionError):
                writer.write(line)
                await writer.drain()
                heard = await asyncio.wait_for(reader.readline(), 10)
            writer.close()
            assert heard == b"" or b"error" in heard
        assert (await fleet.settled())["a"].state is State.READY
        (answer,) = await asyncio.to_thread(status, folder)
        assert [one["name"] for one in answer["replicas"]] == ["a"]
        fleet.stop()
        await running
